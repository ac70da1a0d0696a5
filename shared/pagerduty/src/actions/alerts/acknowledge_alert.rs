//! Acknowledges an alert. PagerDuty drops the event, without saying so, where no alert with the key is open.

use jiff::Timestamp;
use provider::deadline::Deadline;
use workflow::action::{ActionSpec, Effect, Repeat, Unfit};

use super::{
    super::contract::{SETTLING, action, input},
    AlertOutput,
};
use crate::{
    client::{AlertEvent, Events, RoutingKey},
    error::Error,
    ids::DedupKey,
};

input! {
    /// An alert to acknowledge.
    event Input {
        dedup_key: DedupKey => "the dedup key of the alert", unfit(Unfit::Hash);
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Acknowledges an alert. PagerDuty ignores it if there is no open alert of that key.".into(),
        effect: Effect::Other,
        repeat: Repeat::SetsState { settling: SETTLING },
        on_repeat: "An alert that is acknowledged stays so.".into(),
        example: "integration: prod
routing_key: checkout
dedup_key: checkout-queue-full
"
        .into(),
        ..action::<Input, AlertOutput>("pagerduty.acknowledge_alert")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another attempt does no harm.
pub async fn run(events: &Events, key: &RoutingKey, input: &Input, now: Timestamp) -> Result<AlertOutput, Error> {
    let deadline = Deadline::new(input.deadline, now)?;
    let event = AlertEvent::Acknowledge {
        dedup_key: input.dedup_key.as_str(),
    };
    events.with_time_limit(deadline.time_limit()?).send(key, &event).await?;
    Ok(AlertOutput::of(&input.dedup_key))
}
