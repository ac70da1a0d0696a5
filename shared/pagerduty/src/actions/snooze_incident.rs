//! Snoozes an acknowledged incident.
//!
//! A repeat is harmless: it only moves the end by the time that lies between.

use std::time::Duration;

use jiff::Timestamp;
use workflow::action::{ActionSpec, Effect, Repeat};

use super::{
    IncidentOutput,
    call::Call,
    contract::{SETTLING, action, input},
};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    given::SnoozeLength,
    ids::IncidentId,
};

input! {
    /// An incident to snooze, and for how long.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        duration: SnoozeLength => "for how long, at most 7d";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Snoozes an acknowledged incident: it is triggered again after a time, unless it was resolved.".into(),
        // PagerDuty sends no event for it, and what follows when the time is over is too late for a mark.
        effect: Effect::Other,
        repeat: Repeat::SetsState { settling: SETTLING },
        on_repeat: "It only moves the end by the time between.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
duration: 4h
"
        .into(),
        ..action::<Input, IncidentOutput>("pagerduty.snooze_incident")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another attempt does no harm.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<IncidentOutput, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let length = Duration::from_secs(input.duration.seconds().into());
    let snoozed = call
        .account()?
        .snooze_incident(input.from.as_ref(), &input.incident_id, length)
        .await?;
    Ok(snoozed.into())
}
