//! Records a change, such as a deployment. It pages no one, but a second one would be shown beside the first.

use jiff::Timestamp;
use provider::deadline::Deadline;
use serde_json::{Map, Value};
use workflow::action::{ActionSpec, Effect, Repeat, Unfit};

use super::{
    super::contract::{action, fields, input},
    Link, Summary, links,
};
use crate::{
    client::{Change, ChangePayload, Events, RoutingKey},
    error::Error,
};

input! {
    /// A change.
    event Input {
        summary: Summary => "what was changed", unfit(Unfit::Cut);
        source: Option<String> => "where it was changed", unfit(Unfit::Cut);
        timestamp: Option<Timestamp> => "when it happened; now if it does not say", unfit(Unfit::LeaveOut);
        custom_details: Option<Map<String, Value>> => "whatever else people should see", unfit(Unfit::Cut);
        links: Option<Vec<Link>> => "links for people: maps with `href` and `text`, at most 50", unfit(Unfit::LeaveOutEntries);
    }
}

fields! {
    /// PagerDuty's answer.
    Output {
        message: Option<String> => "what PagerDuty answered";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Records a change, such as a deployment. It pages no one.".into(),
        effect: Effect::Other,
        // Change events have no dedup key.
        repeat: Repeat::IsForbidden {
            look: "whether the service's recent changes have it".into(),
        },
        on_repeat: "It would be recorded twice.".into(),
        example: "integration: prod
routing_key: checkout
summary: The memory limit was raised.
source: pagerflow
"
        .into(),
        ..action::<Input, Output>("pagerduty.send_change_event")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] for too many links; any of [`Error`]'s refusals; [`Error::BegunLate`]; [`Error::OutcomeUnknown`], after
/// which a person has to look.
pub async fn run(events: &Events, key: &RoutingKey, input: &Input, now: Timestamp) -> Result<Output, Error> {
    let deadline = Deadline::new(input.deadline, now)?.only_in_time()?;
    let links = links(input.links.as_ref())?;
    let change = Change {
        payload: ChangePayload {
            summary: input.summary.as_str(),
            source: input.source.as_deref(),
            timestamp: input.timestamp,
            custom_details: input.custom_details.as_ref(),
        },
        links: &links,
    };
    let events = events.with_time_limit(deadline.time_limit()?);
    let taken = events.send_change(key, &change).await?;
    Ok(Output { message: taken.message })
}
