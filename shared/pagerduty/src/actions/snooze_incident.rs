//! Snoozes an acknowledged incident.
//!
//! A repeat is harmless: it only moves the end by the time that lies between.

use std::time::Duration;

use jiff::Timestamp;

use super::{IncidentOutput, call::Call, input::action_input};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    given::SnoozeLength,
    ids::IncidentId,
};

action_input! {
    /// What is to be silent, and for how long.
    SnoozeIncidentInput {
        /// The incident, which has to be acknowledged.
        incident_id: IncidentId,
        /// For how long.
        duration: SnoozeLength,
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another attempt does no harm.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &SnoozeIncidentInput,
    now: Timestamp,
) -> Result<IncidentOutput, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let length = Duration::from_secs(input.duration.seconds().into());
    let snoozed = call
        .account()?
        .snooze_incident(input.from.as_ref(), &input.incident_id, length)
        .await?;
    Ok(snoozed.into())
}
