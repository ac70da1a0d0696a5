//! Scenarios by row of the fault catalogue, for what chance would come to too seldom. Each is also looked at with all
//! invariants.

mod engine;
mod events;
mod functions;
mod large;
mod loops;
mod only_while;
mod pagerduty;
mod watching;

use crate::{
    invariants::{self, Evidence},
    pagerduty::{EffectKind, Faults},
    reference::Place,
    simulation::{Climate, Scenario, in_virtual_time},
    store::{RunItem, StepItem},
    workflows::{Mood, Style},
    world::{Arrival, BEGIN, Fault, Keeps, World, WorldOdds},
};
use jiff::SignedDuration;
use platform::catalog;
use serde_json::{Map, Value};
use std::sync::Arc;
use workflow::{
    definition::Definition,
    ids::{LanePath, RunId},
    planner::{Outcome, StepResult},
};

/// A world for one scenario.
#[derive(Clone)]
struct Stage {
    world: World,
}

/// The steps that most scenarios need.
const CREATE: &str = "uses: pagerduty.create_incident, with: { integration: prod, title: Disk full, service: PWIXJZS, \
                      escalation_policy: PT20YPA, from: oncall@example.com }";

/// Plays a scenario in a world with these odds.
fn play<T>(odds: &WorldOdds, scenario: impl AsyncFnOnce(Stage) -> T) -> T {
    in_virtual_time(async {
        scenario(Stage {
            world: World::new(1, odds, Keeps::All),
        })
        .await
    })
}

/// Plays a scenario in a world in which only requests to PagerDuty have faults, and these.
fn play_on_the_way<T>(way: impl Faults + 'static, scenario: impl AsyncFnOnce(Stage) -> T) -> T {
    in_virtual_time(async {
        scenario(Stage {
            world: World::with_way(1, &WorldOdds::calm(), Keeps::All, Arc::new(way), None),
        })
        .await
    })
}

/// Plays a scenario in a world in which nothing goes wrong by itself.
fn play_calmly<T>(scenario: impl AsyncFnOnce(Stage) -> T) -> T {
    play(&WorldOdds::calm(), scenario)
}

impl Stage {
    /// Applies a workflow of these fields. `CREATE` stands for a step that creates an incident.
    fn apply(&self, source: &str) -> Definition {
        let source = source.replace("CREATE", CREATE);
        let definition = Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{problems}"));
        self.world.store.apply(&definition);
        definition
    }

    /// Applies a workflow `w` of these steps that an event starts.
    fn apply_steps(&self, steps: &str) -> Definition {
        self.apply(&format!(
            "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n{steps}"
        ))
    }

    /// Delivers an event of this id to the workflow `w`.
    async fn event(&self, id: &str) -> RunId {
        let workflow = "w".parse().unwrap();
        self.world
            .ingress
            .deliver(&workflow, &arrival(id))
            .await
            .expect("a run")
    }

    /// Starts a run of the workflow `w` by hand.
    async fn by_hand(&self, inputs: Value) -> RunId {
        let workflow = "w".parse().unwrap();
        let inputs: Map<String, Value> = serde_json::from_value(inputs).unwrap();
        let run = self.world.ingress.start_by_hand(&workflow, "by-hand", inputs).await;
        run.expect("a run")
    }

    /// Stops the running execution of such a name, as a person does in Step Functions.
    fn stop_execution(&self, is_meant: impl Fn(&str) -> bool) {
        let running = self.world.running();
        let execution = running.iter().find(|execution| is_meant(execution.name())).unwrap();
        let site = self.world.site_of(execution.arn()).unwrap();
        self.world.mishaps.note(Fault::Aborted, site);
        self.world.machine.abort(execution.arn(), None, None).unwrap();
    }

    /// Waits until all is over, and looks whether everything is as it must be.
    async fn finish(&self) {
        let has_ended = self.world.rest(BEGIN + SignedDuration::from_hours(380 * 24)).await;
        let scenario = Scenario {
            seed: 1,
            climate: Climate::Storm,
            style: Style {
                mood: Mood::Wild,
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
        };
        let violations = self.world.store.with(|tables| {
            let evidence = Evidence::gather(&scenario, &self.world, tables, has_ended, false);
            invariants::check(&evidence).0
        });
        assert!(violations.is_empty(), "{}\n{violations:#?}", self.trace());
    }

    fn trace(&self) -> String {
        self.world.trace.lines().join("\n")
    }

    fn run(&self, run: &RunId) -> RunItem {
        self.world.store.with(|tables| tables.runs[run].clone())
    }

    /// The name of the error that a run ended with; nothing, if it succeeded.
    fn error(&self, run: &RunId) -> Option<String> {
        self.run(run).error.map(|error| error.name)
    }

    /// The step of this id in the main lane of a run.
    fn step(&self, run: &RunId, id: &str) -> StepItem {
        let identity = self.run(run).input.run;
        self.world.store.with(|tables| {
            let definition = &tables.versions[&(identity.workflow.clone(), identity.version)];
            let step = definition.path_of(&id.parse().unwrap()).expect("a step of that id");
            let place = Place {
                run: run.clone(),
                lane: LanePath::main(),
                step,
            };
            tables.steps.get(&place).cloned().unwrap_or_default()
        })
    }

    fn result(&self, run: &RunId, id: &str) -> StepResult {
        let result = self.step(run, id).result;
        result.unwrap_or_else(|| panic!("step {id} has not ended\n{}", self.trace()))
    }

    fn outcome(&self, run: &RunId, id: &str) -> Outcome {
        self.result(run, id).outcome
    }

    /// The number of incidents runs that have created.
    fn created(&self) -> usize {
        let effects = self.world.account.effects().into_iter();
        let ours = effects.filter(|effect| {
            let is_created = matches!(effect.kind, EffectKind::Created { .. });
            is_created && effect.by.as_ref().is_some_and(|user| user.as_str() == "PUS1A7C")
        });
        ours.count()
    }
}

fn arrival(id: &str) -> Arrival {
    Arrival {
        event_id: id.to_owned(),
        title: "Disk full on web-1".to_owned(),
        urgency: "high",
        has_number: true,
        key: None,
        is_late: false,
        padding: 0,
        deliveries: 1,
    }
}
