//! What must hold of anything that a stranger, or an authentic sender, can send. `cargo fuzz run body` looks for what breaks
//! it; the tests here play the seeds and thousands of their mutations in every check.
//!
//! Each function takes any bytes, and panics where something does not hold.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a fuzz target tells what it found by panicking"
)]

use jiff::Timestamp;
use pagerduty::webhook::signature::{self, SignatureError};
use platform::{
    api_key::ApiKey,
    intake::{Admission, LARGEST_BODY, admit, stored_event},
    table::{TriggerRecord, WorkflowRecord, WorkflowSchedule, WorkflowState},
};
use secrecy::SecretString;
use workflow::{ids::WorkflowVersion, run::WebhookKind, triggers::Filters};

/// The secret with which the seeds of `signature` are signed.
pub const SECRET: &str = "a signing secret that only the tests know";

/// The body of a delivery: it is read or refused, and a run that it starts can read its event again, and is the same when
/// the delivery comes once more.
///
/// # Panics
/// If that does not hold.
pub fn body(data: &[u8]) {
    if data.len() > LARGEST_BODY {
        return;
    }
    for webhook in [WebhookKind::V3, WebhookKind::V2] {
        let workflow = workflow(webhook);
        let Some(trigger) = &workflow.trigger else { return };
        let Ok(admissions) = admit(&workflow, trigger, data, now()) else {
            continue;
        };
        let again = admit(&workflow, trigger, data, now()).expect("what was read once is read again");
        assert_eq!(admissions, again, "a redelivery is another run");
        for admission in admissions {
            let Admission::Start(admitted) = admission else {
                continue;
            };
            let name = admitted.input.run.id.as_str();
            let fits = name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(fits, "{name:?} is no name of an execution");
            let trigger = admitted.input.event().expect("a webhook started it");
            let event = match stored_event(trigger, admitted.large_body.as_deref()) {
                Ok(event) => event,
                Err(problem) => panic!("the run cannot read its event: {problem}"),
            };
            assert_eq!(event.id.to_string(), trigger.event_id);
            let input = serde_json::to_string(&admitted.input).expect("it is written as JSON");
            assert!(input.len() < 200 * 1024, "the input has {} bytes", input.len());
        }
    }
}

/// The header of a signature and, after a line break, the body that it is to sign: it is right only if it has the very
/// signature of that body.
///
/// # Panics
/// If that does not hold.
pub fn signature(data: &[u8]) {
    let position = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, body) = data.split_at(position);
    let Ok(header) = std::str::from_utf8(header) else {
        return;
    };
    let secret = SecretString::from(SECRET);
    let verdict = signature::verify(header, body, std::iter::once(&secret));
    let empty = SecretString::from("");
    let without = signature::verify(header, body, std::iter::once(&empty));
    assert!(without.is_err(), "an empty secret lets anybody sign");
    match verdict {
        Ok(()) => {
            let mut changed = body.to_vec();
            changed.push(b' ');
            let verdict = signature::verify(header, &changed, std::iter::once(&secret));
            assert_eq!(verdict, Err(SignatureError::Mismatch), "a changed body is let in");
        }
        Err(SignatureError::NoSecret) => panic!("there is a secret"),
        Err(SignatureError::Malformed | SignatureError::TooMany | SignatureError::Mismatch) => {}
    }
}

/// An API key: it is one only if it is written exactly as ours are.
///
/// # Panics
/// If that does not hold.
pub fn api_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(key) = ApiKey::parse(text) else { return };
    assert_eq!(key.expose(), text);
    assert!(
        text.is_ascii() && text.starts_with("pgf_"),
        "{text:?} is taken for a key"
    );
    assert!(key.matches(&key.hash()));
    let mut other = text.to_owned();
    other.push('\n');
    assert!(ApiKey::parse(&other).is_err(), "a key may have a line break at its end");
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// It asks for the events of the seeds, so that the fuzzer gets further than the filter.
fn workflow(webhook: WebhookKind) -> WorkflowRecord {
    WorkflowRecord {
        workflow: "fuzzed".parse().expect("a name"),
        state: WorkflowState::Enabled,
        active_version: WorkflowVersion(1),
        trigger: Some(TriggerRecord {
            integration: "prod".parse().expect("an alias"),
            webhook,
            events: ["incident.triggered", "incident.acknowledged", "incident.resolved"]
                .map(str::to_owned)
                .to_vec(),
            filters: Filters::default(),
            when: Some("event.incident.urgency != 'low'".into()),
        }),
        awaits: platform::table::AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: now(),
    }
}

#[cfg(test)]
mod tests;
