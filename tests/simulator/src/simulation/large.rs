//! Large runs: that they end well, and what they cost.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{Climate, Scenario, in_virtual_time};
use crate::{
    invariants::{self, Evidence, Violation},
    step_functions::limits::HISTORY_EVENTS,
    workflows::{Mood, Style},
    world::{BEGIN, Keeps, World, WorldOdds},
};
use jiff::SignedDuration;
use pagerduty_simulator::EffectKind;
use platform::catalog;
use serde_json::{Map, Value, json};
use std::fmt;
use workflow::{definition::Definition, ids::RunId};

/// What a run cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    pub executions: u64,
    /// State transitions, which AWS bills.
    pub transitions: u64,
    /// The most events that the history of one of them had.
    pub most_events: u64,
    pub plans: u64,
    /// Calls to the table.
    pub store_calls: u64,
    /// Incidents that were created.
    pub created: u64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} executions with at most {} events, {} state transitions, {} Plans, {} calls to the table, {} incidents",
            self.executions, self.most_events, self.transitions, self.plans, self.store_calls, self.created
        )
    }
}

/// The reason a large run is no good.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Something must not be and was.
    #[error("{0}")]
    Violation(Violation),
    /// It did not end as it ought to.
    #[error("the run ended with {0}")]
    End(String),
    /// A history came too near to its limit.
    #[error("a history has {0} of at most {HISTORY_EVENTS} events")]
    History(u64),
}

/// A run over a list of so many items, each of which opens an incident.
///
/// # Errors
/// It did not end well.
///
/// # Panics
/// If the shipped code does.
pub fn items(count: u32) -> Result<Cost, Trouble> {
    let fan = json!({"id": "fan", "for_each": format!("{{{{ range({count}) }}}}"), "steps": [create(0)], "output": "{{ index }}"});
    run(&json!([fan]))
}

/// A run of so many steps, each of which opens an incident.
///
/// # Errors
/// It did not end well.
///
/// # Panics
/// If the shipped code does.
pub fn steps(count: u32) -> Result<Cost, Trouble> {
    let steps: Value = (0..count).map(create).collect();
    run(&steps)
}

/// A run of so many steps that only wait, each of which looks at the one before.
///
/// # Errors
/// It did not end well.
///
/// # Panics
/// If the shipped code does.
pub fn waits(count: u32) -> Result<Cost, Trouble> {
    let step = |number: u32| {
        let mut step = json!({"id": format!("s{number}"), "wait": "1s"});
        if let Some(before) = number.checked_sub(1) {
            step["if"] = format!("steps.s{before}.outcome == 'success'").into();
        }
        step
    };
    let steps: Value = (0..count).map(step).collect();
    run(&steps)
}

fn create(number: u32) -> Value {
    json!({
        "uses": "pagerduty.create_incident",
        "with": {
            "integration": "prod",
            "title": format!("number {number}"),
            "service": "PWIXJZS",
            "escalation_policy": "PT20YPA",
            "from": "oncall@example.com",
        },
    })
}

fn run(steps: &Value) -> Result<Cost, Trouble> {
    in_virtual_time(async {
        let world = World::new(1, &WorldOdds::calm(), Keeps::Nothing);
        let definition = json!({"name": "large", "timeout": "300d", "steps": steps});
        let definition =
            Definition::from_json(&definition, catalog()).map_err(|problems| Trouble::End(problems.to_string()))?;
        world.store.apply(&definition);
        let run = world
            .ingress
            .start_by_hand(&definition.name, "by-hand", Map::new())
            .await;
        let has_ended = world.rest(BEGIN + SignedDuration::from_hours(380 * 24)).await;
        look(&world, run.as_ref(), has_ended)
    })
}

fn look(world: &World, run: Option<&RunId>, has_ended: bool) -> Result<Cost, Trouble> {
    let scenario = calm_scenario();
    world.store.with(|tables| {
        let evidence = Evidence::gather(&scenario, world, tables, has_ended, false);
        if let Some(violation) = invariants::check(&evidence).0.into_iter().next() {
            return Err(Trouble::Violation(violation));
        }
        let end = run.and_then(|run| tables.runs.get(run));
        if end.is_none_or(|end| end.status != "succeeded") {
            return Err(Trouble::End(format!("{:?}", end.and_then(|end| end.error.as_ref()))));
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let executions = &evidence.executions;
        let created = evidence.effects.iter();
        let created = created.filter(|effect| matches!(effect.kind, EffectKind::Created { .. }));
        let cost = Cost {
            executions: count(executions.len()),
            transitions: executions
                .iter()
                .map(|execution| u64::from(execution.transitions))
                .sum(),
            most_events: executions
                .iter()
                .map(|execution| u64::from(execution.events))
                .max()
                .unwrap_or(0),
            plans: world.functions.plans().0,
            store_calls: world.store.call_count(),
            created: count(created.count()),
        };
        match cost.most_events < u64::from(HISTORY_EVENTS) {
            true => Ok(cost),
            false => Err(Trouble::History(cost.most_events)),
        }
    })
}

/// What the invariants have to know of a world in which nothing goes wrong by chance.
pub(super) fn calm_scenario() -> Scenario {
    Scenario {
        seed: 1,
        climate: Climate::Calm,
        style: Style {
            mood: Mood::Patient,
            steps: 1,
            lanes: 1,
            depth: 1,
            events: &[],
            queues: false,
            systems: false,
        },
        workflows: Vec::new(),
        echoes: 0,
        happenings: Vec::new(),
        odds: WorldOdds::calm(),
    }
}
