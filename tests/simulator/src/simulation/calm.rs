//! Single runs in a world in which nothing goes wrong, to compare other worlds with.

use super::in_virtual_time;
use crate::{
    reference::Place,
    store::{RunItem, StepItem},
    world::{BEGIN, Keeps, World, WorldOdds},
};
use jiff::SignedDuration;
use serde_json::Map;
use std::collections::BTreeMap;
use workflow::{definition::Definition, ids::RunId};

/// A run that has ended, with the runs that it called.
#[derive(Debug, Clone)]
pub struct CalmRun {
    pub id: RunId,
    /// The time that it took.
    pub took: SignedDuration,
    /// The records of the run and of those that it called.
    pub runs: BTreeMap<RunId, RunItem>,
    /// Their steps.
    pub steps: BTreeMap<Place, StepItem>,
}

/// Starts a run of the first of these workflows by hand, without inputs, and plays it to its end. Nothing, if it does not
/// end.
#[must_use]
pub fn by_hand(definitions: &[Definition]) -> Option<CalmRun> {
    let first = definitions.first()?;
    in_virtual_time(async {
        let world = World::new(1, &WorldOdds::calm(), Keeps::Nothing);
        for definition in definitions {
            world.store.apply(definition);
        }
        let id = world.ingress.start_by_hand(&first.name, "by-hand", Map::new()).await?;
        if !world.rest(BEGIN + SignedDuration::from_hours(380 * 24)).await {
            return None;
        }
        world.store.with(|tables| {
            let run = tables.runs.get(&id)?;
            Some(CalmRun {
                took: run.ended_at?.duration_since(run.started_at),
                id: id.clone(),
                runs: tables.runs.clone(),
                steps: tables.steps.clone(),
            })
        })
    })
}
