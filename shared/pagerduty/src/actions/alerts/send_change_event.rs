//! Records a change, such as a deployment. It calls nobody, but a second one would be shown beside the first.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    super::{deadline::Deadline, input::event_input},
    Link, Summary, links,
};
use crate::{
    client::{Change, ChangePayload, Events, RoutingKey},
    error::Error,
};

event_input! {
    /// What was changed.
    SendChangeEventInput {
        /// What was changed, in a line.
        summary: Summary,
        /// Where it was changed.
        source: Option<String>,
        /// When it was changed.
        timestamp: Option<Timestamp>,
        /// Anything else.
        custom_details: Option<Map<String, Value>>,
        /// What people may want to open.
        links: Option<Vec<Link>>,
    }
}

/// What PagerDuty said of the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentChangeEvent {
    /// In its words. Null only where it said nothing.
    pub message: Option<String>,
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] for too many links; any of [`Error`]'s refusals; [`Error::BegunLate`]; [`Error::OutcomeUnknown`], after
/// which a person has to look.
pub async fn run(
    events: &Events,
    key: &RoutingKey,
    input: &SendChangeEventInput,
    now: Timestamp,
) -> Result<SentChangeEvent, Error> {
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
    Ok(SentChangeEvent { message: taken.message })
}
