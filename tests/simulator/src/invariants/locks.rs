//! Of the runs of one concurrency key, one goes on at a time.

use super::{Evidence, Violations};
use crate::{reference::concurrency_key, store::Change};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use workflow::{
    definition::ConcurrencyPolicy,
    ids::{RunId, Section, WorkflowId},
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
                let may_act = match place.step.section() {
                    // Without a key that can be evaluated there is no lock, and `on_failure` may act all the same.
                    Section::OnFailure => true,
                    // A run that may be skipped looks before it takes its turn.
                    Section::OnlyWhile => policy == Some(ConcurrencyPolicy::Skip),
                    Section::Steps => false,
                };
                if !may_act && holder != Some(&&place.run) && own_key(evidence, &place.run).is_some() {
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
    if !evidence.tables.runs.contains_key(run) {
        return;
    }
    let own = own_key(evidence, run);
    if own.as_deref() != Some(key) {
        violations.add(
            "a run takes the lock of its own key",
            format!("{run} took {key:?}, and its key is {own:?}"),
        );
    }
}

/// The concurrency key of a run by the reference; none if it has nothing to tell runs apart by.
fn own_key(evidence: &Evidence<'_>, run: &RunId) -> Option<String> {
    let item = evidence.tables.runs.get(run)?;
    let root = evidence.started.get(&evidence.root_of(run));
    let event = root.map_or(&Value::Null, |root| &root.event);
    concurrency_key(&evidence.tables.versions, &item.input, item.started_at, event)
}
