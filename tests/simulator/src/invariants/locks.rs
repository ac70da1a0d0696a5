//! Of the runs of one concurrency key, one goes on at a time.

use super::{Evidence, Violations};
use crate::{reference::concurrency_key, store::Change};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use workflow::{
    definition::ConcurrencyPolicy,
    ids::{RunId, WorkflowId},
    planner::StepChange,
};

/// From when on a run counts as over of which no end was written: an hour after its deadline, by clocks that may be off.
const OVERDUE: SignedDuration = SignedDuration::from_mins(49);

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut ended: BTreeMap<&RunId, Timestamp> = BTreeMap::new();
    let mut holders: BTreeMap<(&WorkflowId, &str), &RunId> = BTreeMap::new();
    let mut keys: BTreeMap<&RunId, (&WorkflowId, &str)> = BTreeMap::new();
    for logged in &evidence.tables.log {
        match &logged.change {
            Change::RunEnded { run, .. } => {
                ended.insert(run, logged.at);
            }
            Change::Locked { workflow, key, lock } => {
                let Some(holder) = &lock.holder else { continue };
                let before = holders.insert((workflow, key), holder);
                if before != Some(holder) {
                    is_own(evidence, holder, key, violations);
                }
                keys.insert(holder, (workflow, key));
                let Some(before) = before.filter(|before| *before != holder) else {
                    continue;
                };
                let is_over = ended.contains_key(before)
                    || evidence
                        .tables
                        .runs
                        .get(before)
                        .is_some_and(|run| run.deadline + OVERDUE < logged.at);
                if !is_over && policy(evidence, holder) != Some(ConcurrencyPolicy::Cancel) {
                    violations.add(
                        "a lock is held by one run that goes on",
                        format!(
                            "{holder} took the lock {key:?} of {workflow} at {} from {before}",
                            logged.at
                        ),
                    );
                }
            }
            Change::Step { place, record } => {
                let policy = policy(evidence, &place.run);
                let begins = matches!(record.change, StepChange::AttemptStarted { .. });
                if !begins || policy.is_none() || policy == Some(ConcurrencyPolicy::Cancel) {
                    continue;
                }
                let holder = keys.get(&place.run).and_then(|key| holders.get(key));
                // Without a key that can be evaluated there is no lock, and `on_failure` may act all the same.
                let may_act = place.step.section() == workflow::ids::Section::OnFailure;
                if !may_act && holder != Some(&&place.run) {
                    violations.add(
                        "a lock is held by one run that goes on",
                        format!("{place:?} begins at {} while {holder:?} holds the lock", logged.at),
                    );
                }
            }
            _ => {}
        }
    }
}

fn policy(evidence: &Evidence<'_>, run: &RunId) -> Option<ConcurrencyPolicy> {
    let run = &evidence.tables.runs.get(run)?.input.run;
    let definition = evidence.tables.versions.get(&(run.workflow.clone(), run.version))?;
    definition.concurrency.as_ref().map(|concurrency| concurrency.policy)
}

/// A run takes the lock of its own key, also when it has gone on in other executions meanwhile.
fn is_own(evidence: &Evidence<'_>, run: &RunId, key: &str, violations: &mut Violations) {
    let Some(item) = evidence.tables.runs.get(run) else {
        return;
    };
    let root = evidence.started.get(&evidence.root_of(run));
    let event = root.map_or(&Value::Null, |root| &root.event);
    let own = concurrency_key(&evidence.tables.versions, &item.input, item.started_at, event);
    if own.as_deref() != Some(key) {
        violations.add(
            "a run takes the lock of its own key",
            format!("{run} took {key:?}, and its key is {own:?}"),
        );
    }
}
