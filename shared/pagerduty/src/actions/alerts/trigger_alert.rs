//! Triggers an alert, as a monitoring tool would.
//!
//! Where the input has no dedup key, the idempotency key is it, so that a repeat adds to the alert of the first attempt.
//! Without either, each call triggers an alert of its own.

use jiff::Timestamp;
use provider::deadline::Deadline;
use serde_json::{Map, Value};
use workflow::action::{ActionSpec, Effect, Longest, Repeat, Replayed, Unfit};

use super::{
    super::contract::{SETTLING, action, input},
    AlertOutput, Link, Summary, links,
};
use crate::{
    client::{AlertEvent, AlertPayload, Events, NewAlert, RoutingKey},
    error::{Error, Failure},
    given::{Severity, WebAddress},
    ids::DedupKey,
};

input! {
    /// An alert, as monitoring sends it.
    event Input {
        summary: Summary => "what is the matter", unfit(Unfit::Cut);
        source: String => "what it is the matter with, such as a host name", prose(Longest::Unlimited), unfit(Unfit::Replace("unknown".into()));
        // The loudest, because what is not understood may be bad.
        severity: Severity => "how bad it is", unfit(Unfit::Replace("critical".into()));
        dedup_key: Option<DedupKey> => "alerts of one key are one alert until it is resolved; else a key that only this step has", unfit(Unfit::Hash);
        component: Option<String> => "the part of the source", unfit(Unfit::Cut);
        group: Option<String> => "the group of parts", unfit(Unfit::Cut);
        class: Option<String> => "the class of the event", unfit(Unfit::Cut);
        timestamp: Option<Timestamp> => "when it happened; now if it does not say", unfit(Unfit::LeaveOut);
        custom_details: Option<Map<String, Value>> => "whatever else people should see", unfit(Unfit::Cut);
        client: Option<String> => "the name of the monitoring tool", unfit(Unfit::Cut);
        client_url: Option<WebAddress> => "the URL of the monitoring tool", unfit(Unfit::LeaveOut);
        links: Option<Vec<Link>> => "links for people: maps with `href` and `text`, at most 50", unfit(Unfit::LeaveOutEntries);
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Triggers an alert, as a monitoring tool would. PagerDuty makes an incident of it a moment later, or adds it to one.".into(),
        effect: Effect::Other,
        repeat: Repeat::SetsState { settling: SETTLING },
        // A new key is a new alert.
        replayed: Some(Replayed::Twice),
        on_repeat: "PagerDuty takes alerts of one dedup key as one, as long as it is not resolved.".into(),
        example: "integration: prod
routing_key: checkout
summary: \"The queue of {{ event.incident.service.summary }} grows\"
source: checkout-queue
severity: warning
custom_details:
  incident: \"{{ event.incident.html_url }}\"
"
            .into(),
        ..action::<Input, AlertOutput>("pagerduty.trigger_alert")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] for a source of nothing but blanks or too many links; any of [`Error`]'s refusals;
/// [`Error::OutcomeUnknown`], after which another attempt with the same key does no harm.
pub async fn run(events: &Events, key: &RoutingKey, input: &Input, now: Timestamp) -> Result<AlertOutput, Error> {
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
            severity: input.severity.into_str(),
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
