//! The ingress in terms of HTTP.

use crate::{Answer, Delivery, Doubt, EventAnswer, Ingress, Ports, Target};
use jiff::Timestamp;
use lambda_http::{
    Body, Error, Request, RequestExt, Response,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use platform::metrics::{Metrics, Observation, RefusalReason, TakenAs};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// PagerDuty waits five seconds for an answer. A sender that gets none sends again, and so does one that gets this one.
///
/// Within it there is time for Step Functions not to answer, and then for the start-buffer: 2 s each at most.
pub(crate) const TIME_LIMIT: Duration = Duration::from_millis(4_300);

/// Answers a request, logs what became of it, and counts it.
///
/// # Errors
/// None that a request could bring about.
pub async fn respond<P: Ports>(
    ingress: &Ingress<P>,
    metrics: &Metrics,
    request: Request,
    now: Timestamp,
) -> Result<Response<Body>, Error> {
    let begun = Instant::now();
    let parameters = request.path_parameters();
    let body: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    };
    // Each route has a parameter of its own name.
    let target = match parameters.first("alias") {
        Some(alias) => Target::Integration(alias),
        None => Target::Workflow(parameters.first("workflow_id").unwrap_or_default()),
    };
    let delivery = Delivery {
        target,
        api_key: header(request.headers(), "x-api-key"),
        signature: header(request.headers(), "x-pagerduty-signature"),
        body,
    };
    let answer = match tokio::time::timeout(TIME_LIMIT, ingress.take(&delivery, now)).await {
        Ok(answer) => answer,
        Err(_) => Answer::Unavailable {
            reason: format!("no answer within {} ms", TIME_LIMIT.as_millis()),
        },
    };
    let subscription = header(request.headers(), "x-webhook-subscription").map(shortened);
    if let Some(observation) = observed(&answer) {
        metrics.tell(&observation, now);
    }
    log(&delivery, subscription.as_deref(), &answer, begun.elapsed());
    let (status, body) = render(&answer)
        .inspect_err(|error| tracing::error!(%error, "the answer to a delivery could not be written"))?;
    Ok(Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::Text(body))?)
}

/// The one value of a header. API Gateway joins repeated headers with commas; two values of ours are none.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

#[derive(Serialize)]
struct Accepted<'a, E> {
    events: &'a [E],
}

#[derive(Serialize)]
struct Refused {
    message: &'static str,
}

fn render(answer: &Answer) -> Result<(StatusCode, String), serde_json::Error> {
    let refused = |message| serde_json::to_string(&Refused { message });
    Ok(match answer {
        Answer::Accepted(events) => (StatusCode::ACCEPTED, serde_json::to_string(&Accepted { events })?),
        Answer::HandedOn(events) => (StatusCode::ACCEPTED, serde_json::to_string(&Accepted { events })?),
        // The reason is not told to a sender that is not let in: the words are always the same.
        Answer::Unauthorized { .. } => (StatusCode::UNAUTHORIZED, refused("unauthorized")?),
        Answer::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, refused("the body is too large")?),
        Answer::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, refused("not now; send it again")?),
    })
}

/// The observation of a delivery. One that is to be sent again is counted when it comes again.
fn observed(answer: &Answer) -> Option<Observation> {
    let refused = |reason| Some(Observation::Refused(reason));
    match answer {
        Answer::Accepted(events) => Some(taken(events.iter())),
        Answer::HandedOn(events) => Some(taken(events.iter().map(|answer| &answer.event))),
        Answer::Unauthorized { reason } => refused(match reason {
            // Apart, so that the alarm of the others cannot be raised without so much as a key.
            Doubt::NoKey => return Some(Observation::Anonymous),
            Doubt::MalformedUrl => RefusalReason::MalformedUrl,
            Doubt::UnknownKey => RefusalReason::UnknownKey,
            Doubt::NoSignature => RefusalReason::NoSignature,
            Doubt::MalformedSignature => RefusalReason::MalformedSignature,
            Doubt::WrongSignature => RefusalReason::WrongSignature,
        }),
        Answer::TooLarge => refused(RefusalReason::TooLarge),
        Answer::Unavailable { .. } => None,
    }
}

/// A delivery can hold several events, and be for several workflows. It counts as accepted if it starts a run, and otherwise
/// as a duplicate if it once did.
fn taken<'a>(events: impl Iterator<Item = &'a EventAnswer>) -> Observation {
    let (mut runs, mut buffered, mut duplicates, mut ignored, mut dead_letters) = (0_u64, 0, 0_u64, 0_u64, 0);
    for event in events {
        match event {
            EventAnswer::Started { .. } => runs += 1,
            EventAnswer::Buffered { .. } => buffered += 1,
            EventAnswer::Duplicate { .. } => duplicates += 1,
            EventAnswer::Ignored { .. } => ignored += 1,
            EventAnswer::Unreadable { .. } => dead_letters += 1,
        }
    }
    let taken = if runs + buffered > 0 {
        TakenAs::Accepted
    } else if duplicates > 0 {
        TakenAs::Duplicate
    } else if ignored > 0 || dead_letters == 0 {
        TakenAs::Filtered
    } else {
        TakenAs::Unreadable
    };
    Observation::Taken {
        taken,
        buffered,
        dead_letters,
    }
}

/// One line for each delivery. Neither its key, its signature nor its body is in it. The subscription is what the sender
/// says of itself, and not signed. `pagerflow webhook` looks for a ping in these lines: see `platform::delivery_log`.
fn log(delivery: &Delivery<'_>, subscription: Option<&str>, answer: &Answer, took: Duration) {
    let (workflow, integration) = match delivery.target {
        Target::Workflow(id) => (Some(shortened(id)), None),
        Target::Integration(alias) => (None, Some(shortened(alias))),
    };
    let bytes = delivery.body.len();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match answer {
        Answer::Accepted(events) => {
            let events = serde_json::to_string(events).unwrap_or_default();
            tracing::info!(workflow, subscription, bytes, duration_ms, events, "delivery accepted");
        }
        Answer::HandedOn(events) => {
            let events = serde_json::to_string(events).unwrap_or_default();
            tracing::info!(
                integration,
                subscription,
                bytes,
                duration_ms,
                events,
                "delivery accepted"
            );
        }
        Answer::Unauthorized { reason } => {
            tracing::info!(
                workflow,
                integration,
                subscription,
                bytes,
                duration_ms,
                %reason,
                "delivery refused"
            );
        }
        Answer::TooLarge => {
            tracing::warn!(
                workflow,
                integration,
                subscription,
                bytes,
                duration_ms,
                "delivery refused because it is too large"
            );
        }
        Answer::Unavailable { reason } => {
            tracing::error!(
                workflow,
                integration,
                subscription,
                bytes,
                duration_ms,
                reason,
                "delivery not taken; it will be sent again"
            );
        }
    }
}

/// A part of a URL as long as a name can be: anybody can ask for any URL.
fn shortened(text: &str) -> String {
    text.chars().take(63).collect()
}

#[cfg(test)]
mod tests;
