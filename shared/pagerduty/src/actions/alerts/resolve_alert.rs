//! Resolves an alert. PagerDuty drops the event, without saying so, where no alert with the key is open.

use jiff::Timestamp;

use super::{
    super::{deadline::Deadline, input::event_input},
    AlertOutput,
};
use crate::{
    client::{AlertEvent, Events, RoutingKey},
    error::Error,
    ids::DedupKey,
};

event_input! {
    /// What is to be resolved.
    ResolveAlertInput {
        /// What the alert is known by.
        dedup_key: DedupKey,
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another attempt does no harm.
pub async fn run(
    events: &Events,
    key: &RoutingKey,
    input: &ResolveAlertInput,
    now: Timestamp,
) -> Result<AlertOutput, Error> {
    let deadline = Deadline::new(input.deadline, now)?;
    let event = AlertEvent::Resolve {
        dedup_key: input.dedup_key.as_str(),
    };
    events.with_time_limit(deadline.time_limit()?).send(key, &event).await?;
    Ok(AlertOutput::of(&input.dedup_key))
}
