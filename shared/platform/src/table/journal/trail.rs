//! The trail of an incident: the changes that runs made to it, and the number of runs that began for it.

use crate::table::{Item, Write, expiry, items::Update, keys, number, text};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use std::collections::HashMap;
use workflow::{
    ids::{EffectKey, RunId, WorkflowId},
    planner::{Counted, LOOP_DEPTH, Marker, OwnChange},
};

/// The attribute of the last change by a run of each depth. They are apart, so that a run that nothing led to does not
/// hide what one of a loop did a moment before.
pub(super) const CHANGES: [&str; LOOP_DEPTH] = ["depth_0", "depth_1", "depth_2", "depth_3", "depth_4"];

/// The attribute that counts runs.
pub(super) const COUNT: &str = "count";

/// The changes of an item. One that cannot be read is passed over: the limit on runs holds all the same.
pub(super) fn changes(mut item: Item) -> impl Iterator<Item = (u32, OwnChange)> {
    (0..).zip(CHANGES).filter_map(move |(depth, name)| {
        let AttributeValue::M(mut change) = item.remove(name)? else {
            return None;
        };
        let mut text = |name: &str| match change.remove(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        };
        let at: Timestamp = text("at")?.parse().ok()?;
        let since: Timestamp = text("since")?.parse().ok()?;
        let action = text("action")?;
        Some((depth, OwnChange { action, since, at }))
    })
}

/// The number of runs of an item.
pub(super) fn count(item: &Item) -> u32 {
    match item.get(COUNT) {
        Some(AttributeValue::N(count)) => count.parse().unwrap_or(u32::MAX),
        _ => 0,
    }
}

/// Leaves a marker, unless the run is so deep that it does nothing anyway.
pub(super) fn mark(run: &RunId, marker: &Marker, now: Timestamp) -> Option<Write> {
    let name = CHANGES.get(usize::try_from(marker.depth).ok()?)?;
    let OwnChange { action, since, at } = &marker.change;
    let fields = [
        ("action".to_owned(), text(action)),
        ("since".to_owned(), text(since.to_string())),
        ("at".to_owned(), text(at.to_string())),
        ("run".to_owned(), text(run.as_str())),
    ];
    let mut update = Update::new(keys::incident_changes(&marker.incident));
    update.set(name, AttributeValue::M(HashMap::from(fields)));
    let is_of_new_one = EffectKey::depth_of(&marker.incident).is_some();
    let expires_at = match is_of_new_one {
        true => expiry::of_created_incident(now),
        false => expiry::of_incident(now),
    };
    update.set("expires_at", number(expires_at));
    Some(update.into())
}

/// Counts a run.
pub(super) fn add(workflow: &WorkflowId, counted: &Counted, now: Timestamp) -> Write {
    let mut update = Update::new(keys::incident_runs(&counted.incident, workflow, counted.period));
    update.increment(COUNT);
    update.set("expires_at", number(expiry::of_incident(now)));
    update.into()
}
