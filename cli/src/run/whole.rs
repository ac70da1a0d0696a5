//! A run with all its lanes, as far as people read them.

use crate::{error::Error, stack::Stack};
use platform::cost::{Cost, Work, of, of_calls};
use platform::table::{
    AttemptView, RunView, StepView,
    journal::{Journal, LaneRecord},
};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use workflow::{
    definition::limits,
    ids::{LanePath, RunId},
    planner::LaneKey,
};

/// The most lanes that are read. Each is a query, and people do not look at more.
const LANES: usize = 200;

/// A run with all its lanes.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// The steps of each lane that was read, the main lane first.
    pub(super) lanes: Vec<(LanePath, Vec<StepView>)>,
    /// Plans of these lanes.
    pub(super) plans: u64,
    /// The number of lanes besides.
    pub(super) unread: u64,
}

/// The number of times that an action was called on an integration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Calls {
    action: String,
    integration: String,
    /// Calls of the action.
    calls: u64,
    /// The number of failed ones.
    failed: u64,
    /// Their share in what the run costs at AWS, in US dollars; an estimate.
    estimated_usd: f64,
}

/// Reads the lanes of a run whose main lane has been read.
pub(super) async fn read(view: &RunView, stack: &Stack) -> Result<Whole, Error> {
    let mut whole = Whole::default();
    let mut coming = VecDeque::from([(LanePath::main(), Some(view.steps.clone()))]);
    while let Some((lane, steps)) = coming.pop_front() {
        if whole.lanes.len() > LANES {
            whole.unread += 1;
            continue;
        }
        let steps = match steps {
            Some(steps) => steps,
            None => stack.table.lane_steps(&view.run, &lane).await?,
        };
        for fork in steps.iter().filter(|step| !step.kept) {
            let lanes = 0..fork.lanes.unwrap_or(0);
            coming.extend(lanes.map(|number| (lane.child(fork.path.clone(), number), None)));
        }
        whole.lanes.push((lane, steps));
    }
    let keys = whole.lanes.iter().map(|(lane, _)| key(&view.run, lane)).collect();
    whole.plans = plans(&keys, stack).await?;
    Ok(whole)
}

fn key(run: &RunId, lane: &LanePath) -> LaneKey {
    LaneKey {
        run: run.clone(),
        lane: lane.clone(),
    }
}

async fn plans(keys: &BTreeSet<LaneKey>, stack: &Stack) -> Result<u64, Error> {
    let lanes: BTreeMap<LaneKey, LaneRecord> = stack.table.lanes(keys).await?;
    let last = lanes.values().filter_map(|lane| lane.last.as_ref());
    Ok(last.map(|last| last.cursor.plans).sum())
}

impl Whole {
    fn steps(&self) -> impl Iterator<Item = &StepView> {
        self.lanes.iter().flat_map(|(_, steps)| steps).filter(|step| !step.kept)
    }

    /// Its cost.
    pub(super) fn cost(&self) -> Cost {
        let looks = |attempt: &AttemptView| attempt.looks.as_ref().map_or(0, |looks| u64::from(looks.number));
        let made = |attempt: &AttemptView| looks(attempt).saturating_add(1);
        let calls: u64 = self.steps().flat_map(|step| &step.attempts).map(made).sum();
        let lanes = |step: &StepView| u64::from(step.lanes.unwrap_or(0)).saturating_add(u64::from(step.run.is_some()));
        let batches: u64 = self
            .steps()
            .map(|step| lanes(step).div_ceil(limits::CONCURRENT_LANES.into()))
            .sum();
        let lanes: u64 = self.steps().map(lanes).sum();
        // Each Plan calls an action, waits for a slice of time, opens lanes or is the last one of its lane.
        let others = calls.saturating_add(batches).saturating_add(count(self.lanes.iter()));
        of(Work {
            plans: self.plans,
            calls,
            waits: self.plans.saturating_sub(others),
            lanes,
        })
    }

    /// The lanes that were not read.
    pub(super) fn unread(&self) -> u64 {
        self.unread
    }

    /// The calls of actions, by action and integration.
    pub(super) fn calls(&self) -> Vec<Calls> {
        let mut calls: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
        for step in self.steps().filter(|step| !step.attempts.is_empty()) {
            let input = step.input.as_ref().and_then(|input| input.get("integration"));
            let integration = input.and_then(Value::as_str).unwrap_or_default().to_owned();
            let (all, failed) = calls.entry((step.title.clone(), integration)).or_default();
            *all += count(step.attempts.iter());
            *failed += count(step.attempts.iter().filter(|attempt| attempt.error.is_some()));
        }
        let calls = calls.into_iter();
        calls
            .map(|((action, integration), (calls, failed))| Calls {
                action,
                integration,
                calls,
                failed,
                estimated_usd: of_calls(calls),
            })
            .collect()
    }
}

fn count<T>(things: impl Iterator<Item = T>) -> u64 {
    u64::try_from(things.count()).unwrap_or(u64::MAX)
}

impl Calls {
    /// In a few words for a person.
    pub(super) fn shown(&self) -> String {
        let times = match self.calls {
            1 => "once".to_owned(),
            calls => format!("{calls} times"),
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let on = match self.integration.as_str() {
            "" => String::new(),
            integration => format!(" on {integration}"),
        };
        format!("{}{on} {times}{failed}, about ${:.5}", self.action, self.estimated_usd)
    }
}
