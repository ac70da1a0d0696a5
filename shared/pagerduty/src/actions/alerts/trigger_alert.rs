//! Triggers an alert, as a monitoring tool would.
//!
//! Where the input has no dedup key, the idempotency key is it, so that a repeat adds to the alert of the first attempt.
//! Without either, each call triggers an alert of its own.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    super::{deadline::Deadline, input::event_input},
    AlertOutput, Link, Summary, links,
};
use crate::{
    client::{AlertEvent, AlertPayload, Events, NewAlert, RoutingKey},
    error::{Error, Failure},
    given::{Severity, WebAddress},
    ids::DedupKey,
};

event_input! {
    /// What is wrong.
    TriggerAlertInput {
        /// What is wrong, in a line.
        summary: Summary,
        /// Where it is wrong: a host, a service.
        source: String,
        /// How bad it is.
        severity: Severity,
        /// What the alert is known by.
        dedup_key: Option<DedupKey>,
        /// The part that is wrong.
        component: Option<String>,
        /// What the part belongs to.
        group: Option<String>,
        /// What kind of fault it is.
        class: Option<String>,
        /// When it was noticed.
        timestamp: Option<Timestamp>,
        /// Anything else.
        custom_details: Option<Map<String, Value>>,
        /// What sends it.
        client: Option<String>,
        /// Where people can look at what sends it.
        client_url: Option<WebAddress>,
        /// What people may want to open.
        links: Option<Vec<Link>>,
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] for a source of nothing but blanks or too many links; any of [`Error`]'s refusals;
/// [`Error::OutcomeUnknown`], after which another attempt with the same key does no harm.
pub async fn run(
    events: &Events,
    key: &RoutingKey,
    input: &TriggerAlertInput,
    now: Timestamp,
) -> Result<AlertOutput, Error> {
    if input.source.trim().is_empty() {
        return Err(Error::Input(
            "`source` is empty; give the host or the service that it is about",
        ));
    }
    let deadline = Deadline::new(input.deadline, now)?;
    let own_key = input.idempotency_key.clone().map(DedupKey::from);
    let dedup_key = input.dedup_key.as_ref().or(own_key.as_ref());
    let links = links(input.links.as_ref())?;
    let alert = NewAlert {
        dedup_key: dedup_key.map(DedupKey::as_str),
        payload: AlertPayload {
            summary: input.summary.as_str(),
            source: &input.source,
            severity: input.severity.as_str(),
            timestamp: input.timestamp,
            component: input.component.as_deref(),
            group: input.group.as_deref(),
            class: input.class.as_deref(),
            custom_details: input.custom_details.as_ref(),
        },
        client: input.client.as_deref(),
        client_url: input.client_url.as_ref().map(WebAddress::as_str),
        links: &links,
    };
    let events = events.with_time_limit(deadline.time_limit()?);
    let taken = events.send(key, &AlertEvent::Trigger(alert)).await?;
    match (dedup_key, taken.dedup_key) {
        (Some(key), _) => Ok(AlertOutput::of(key)),
        (None, Some(dedup_key)) => Ok(AlertOutput { dedup_key }),
        // Without the key that PagerDuty has made up, nothing more can be done to the alert.
        (None, None) => Err(Error::OutcomeUnknown {
            failure: Failure::Unreadable("it names no dedup key".to_owned()),
        }),
    }
}
