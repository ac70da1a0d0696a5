//! An alert storm: within a minute, many more webhooks than PagerDuty takes requests in one.

use super::{
    in_virtual_time,
    large::{Trouble, calm_scenario},
};
use crate::{
    invariants::{self, Evidence},
    world::{Arrival, BEGIN, Keeps, World, WorldOdds},
};
use jiff::{SignedDuration, Timestamp};
use pagerduty_simulator::EffectKind;
use platform::catalog;
use serde_json::json;
use std::{collections::BTreeMap, fmt, time::Duration};
use tokio::task::JoinSet;
use workflow::{
    definition::Definition,
    ids::{RunId, WorkflowId},
};

/// One event of so many is of another workflow than the rest.
const QUIET: u32 = 25;

/// What a storm was like for PagerDuty and for the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storm {
    /// The webhooks.
    pub events: u32,
    /// How many requests PagerDuty takes in a minute.
    pub requests_per_minute: u32,
    /// The incidents that runs created.
    pub created: u64,
    /// The most requests that PagerDuty carried out in a minute of its own.
    pub most_in_a_minute: u64,
    /// The requests that it carried out.
    pub carried_out: u64,
    /// The requests that it turned away.
    pub turned_away: u64,
    /// The time that it took from the first webhook to the end of the last run.
    pub took: SignedDuration,
    /// The longest that a run of the workflow with the many events took.
    pub longest: SignedDuration,
    /// The longest that a run of the workflow with few events took.
    pub longest_of_quiet: SignedDuration,
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} webhooks in a minute, {} incidents; at {} requests a minute PagerDuty carried out {} (at most {} in one) and \
             turned {} away; over after {} s, the longest run took {} s, that of a workflow with few events {} s",
            self.events,
            self.created,
            self.requests_per_minute,
            self.carried_out,
            self.most_in_a_minute,
            self.turned_away,
            self.took.as_secs(),
            self.longest.as_secs(),
            self.longest_of_quiet.as_secs(),
        )
    }
}

/// So many webhooks within a minute, of different incidents, each of which makes a run open an incident, while PagerDuty
/// takes so many requests in a minute.
///
/// # Errors
/// A run was lost, doubled or failed.
///
/// # Panics
/// If the shipped code does.
pub fn storm(events: u32, requests_per_minute: u32) -> Result<Storm, Trouble> {
    in_virtual_time(async {
        let odds = WorldOdds {
            requests_per_minute: Some(requests_per_minute),
            ..WorldOdds::calm()
        };
        let world = World::new(1, &odds, Keeps::Nothing);
        let [busy, quiet] = [apply(&world, "busy")?, apply(&world, "quiet")?];
        let mut deliveries = JoinSet::new();
        for number in 0..events {
            let (ingress, workflow) = (
                world.ingress.clone(),
                if number % QUIET == 0 {
                    quiet.clone()
                } else {
                    busy.clone()
                },
            );
            deliveries.spawn_local(async move {
                tokio::time::sleep(Duration::from_secs(60) * number / events).await;
                ingress.deliver(&workflow, &arrival(number)).await
            });
        }
        let runs: Vec<RunId> = deliveries.join_all().await.into_iter().flatten().collect();
        if u32::try_from(runs.len()) != Ok(events) {
            return Err(Trouble::End(format!("{} runs of {events} events", runs.len())));
        }
        let has_ended = world.rest(BEGIN + SignedDuration::from_hours(24)).await;
        look(&world, &quiet, events, requests_per_minute, has_ended)
    })
}

fn apply(world: &World, name: &str) -> Result<WorkflowId, Trouble> {
    let definition = json!({
        "name": name,
        "on": {"pagerduty": {"integration": "prod", "events": ["incident.triggered"]}},
        "steps": [{
            "uses": "pagerduty.create_incident",
            "with": {
                "integration": "prod",
                "title": "{{ event.incident.title }}",
                "service": "PWIXJZS",
                "escalation_policy": "PT20YPA",
                "from": "oncall@example.com",
            },
        }],
    });
    let definition =
        Definition::from_json(&definition, catalog()).map_err(|problems| Trouble::End(problems.to_string()))?;
    world.store.apply(&definition);
    Ok(definition.name)
}

fn arrival(number: u32) -> Arrival {
    Arrival {
        event_id: format!("storm-{number}"),
        title: format!("Alert {number}"),
        urgency: "high",
        has_number: true,
        key: None,
        is_late: false,
        padding: 0,
        deliveries: 1,
    }
}

fn look(
    world: &World,
    quiet: &WorkflowId,
    events: u32,
    requests_per_minute: u32,
    has_ended: bool,
) -> Result<Storm, Trouble> {
    let scenario = calm_scenario();
    let requests = world.account.with(|rules, _| rules.received());
    let requests: Vec<(Timestamp, bool)> = requests
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|request| {
            let at = request["at"].as_str()?.parse().ok()?;
            Some((at, request["status"] != 429))
        })
        .collect();
    let started = world.ingress.started();
    world.store.with(|tables| {
        let evidence = Evidence::gather(&scenario, world, tables, has_ended, false);
        if let Some(violation) = invariants::check(&evidence).0.into_iter().next() {
            return Err(Trouble::Violation(violation));
        }
        let mut longest = BTreeMap::new();
        let mut last = BEGIN;
        for (id, run) in &tables.runs {
            let (Some(start), Some(end), "succeeded") = (started.get(id), run.ended_at, run.status) else {
                return Err(Trouble::End(format!("{id}: {:?}", run.error)));
            };
            last = last.max(end);
            let took = longest.entry(run.input.run.workflow == *quiet).or_default();
            *took = end.duration_since(start.at).max(*took);
        }
        let created = evidence.effects.iter();
        // The webhooks' own incidents are not opened by the user in whose name the runs do it.
        let created = created.filter(|effect| match &effect.kind {
            EffectKind::Created { service, .. } => service.as_str() == "PWIXJZS",
            _ => false,
        });
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let carried_out = requests.iter().filter(|(_, carried_out)| *carried_out);
        Ok(Storm {
            events,
            requests_per_minute,
            created: count(created.count()),
            most_in_a_minute: most_in_a_minute(carried_out.clone().map(|(at, _)| *at)),
            carried_out: count(carried_out.count()),
            turned_away: count(requests.iter().filter(|(_, carried_out)| !carried_out).count()),
            took: last.duration_since(BEGIN),
            longest: longest.get(&false).copied().unwrap_or_default(),
            longest_of_quiet: longest.get(&true).copied().unwrap_or_default(),
        })
    })
}

/// The most of these times that are in one minute, where a minute begins with the first that is not in the one before.
fn most_in_a_minute(times: impl Iterator<Item = Timestamp>) -> u64 {
    let mut minute: Option<(Timestamp, u64)> = None;
    let mut most = 0;
    for at in times {
        minute = match minute {
            Some((begin, count)) if at.duration_since(begin) < SignedDuration::from_secs(60) => {
                Some((begin, count + 1))
            }
            _ => Some((at, 1)),
        };
        most = most.max(minute.map_or(0, |(_, count)| count));
    }
    most
}
