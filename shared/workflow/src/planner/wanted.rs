//! The check at the beginning of a run that an event or a schedule has started: is it still wanted?
//!
//! The ingress looks at the workflow and at the age of the event when the webhook comes. From then on the run may wait: in the
//! start-buffer for eleven hours, in its dead letters for two weeks, until a person sends it back. A person who disables or deletes a workflow
//! expects that nothing more of it begins. So the first Plan looks again, in the read that it makes anyway.
//!
//! That is for the runs that the workflow's trigger has started. One that a person starts or repeats is wanted by that person, and one that a
//! step calls is part of a run that goes on; `run_workflow` looks whether the workflow is enabled before it calls.

use super::{Situation, guard};
use crate::ids::WorkflowVersion;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The oldest event that starts a run. A delivery is repeated for two days; Step Functions forgets a run's name
/// after ninety. What lies between is neither, and an old delivery may be played back.
pub const OLDEST_EVENT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The availability of a workflow for new runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// They may, with this version.
    Enabled(WorkflowVersion),
    /// They may not until it is enabled.
    Disabled,
    /// It is gone.
    Deleted,
}

/// The reason a run that begins is not wanted any more, if it is not. A workflow of which nothing is known is not in the way.
pub(super) fn unwanted(situation: &Situation<'_>) -> Option<String> {
    let input = situation.input;
    if !guard::watches(input, situation.standing) {
        return None;
    }
    let workflow = &input.run.workflow;
    let availability = situation.known.workflows.get(workflow);
    let availability = availability.filter(|_| !sabotage::breaks(sabotage::Break::StartsDisabled));
    match availability {
        Some(Availability::Disabled) => Some(format!("the workflow {workflow} was disabled when the run began")),
        Some(Availability::Deleted) => Some(format!("the workflow {workflow} was deleted when the run began")),
        Some(Availability::Enabled(_)) | None => is_too_old(situation).then(|| match input.scheduled_at() {
            Some(_) => "it was due more than a week before the run began".to_owned(),
            None => "the event happened more than a week before the run began".to_owned(),
        }),
    }
}

fn is_too_old(situation: &Situation<'_>) -> bool {
    let occurred_at = situation.event.get("occurred_at").and_then(Value::as_str);
    let occurred_at = occurred_at.and_then(|time| time.parse::<Timestamp>().ok());
    let occurred_at = situation.input.scheduled_at().or(occurred_at);
    let occurred_at = occurred_at.filter(|_| !sabotage::breaks(sabotage::Break::StartsOld));
    occurred_at.is_some_and(|occurred_at| situation.started_at.duration_since(occurred_at) > OLDEST_EVENT)
}
