//! Waits for a state, as the waiters of the SDKs have them: an operation is asked again and again, and acceptors say what an answer
//! means.
//!
//! <https://docs.aws.amazon.com/boto3/latest/guide/clients.html#waiters>
//!
//! # Layout
//! - here — a wait as an action, and what an answer means.
//! - `path` — expressions over an answer.

mod path;

use crate::{
    AwsError, Kind, Operation,
    model::{Acceptor, Matcher, WaitState, Waiter},
    name::snake_case,
};
use path::Expression;
use serde_json::{Map, Value};
use workflow::action::{ActionSpec, Field};

/// The beginning of the names of waits, behind that of their service.
pub(crate) const PREFIX: &str = "wait_until_";

pub(crate) fn name(operation: &Operation, waiter: &Waiter<'_>) -> String {
    format!("aws.{}.{PREFIX}{}", operation.service.name, snake_case(waiter.name))
}

/// The time after which a wait gives up, in seconds.
fn limit_seconds(waiter: &Waiter<'_>) -> u32 {
    waiter.delay_seconds.saturating_mul(waiter.attempts)
}

pub(crate) fn spec(operation: &Operation, waiter: &Waiter<'_>) -> ActionSpec {
    let asking = operation.spec();
    ActionSpec {
        name: name(operation, waiter).into(),
        summary: format!(
            "Waits until {} of {}: asks {} every {} s, at most {} times.",
            waiter.name,
            operation.service_title(),
            operation.name(),
            waiter.delay_seconds,
            waiter.attempts
        )
        .into(),
        // What is gone is reached by an error, which has no outputs.
        outputs: asking
            .outputs
            .into_iter()
            .map(|output| Field {
                optional: true,
                ..output
            })
            .collect(),
        on_repeat: "It only looks.".into(),
        job_seconds: Some(limit_seconds(waiter)),
        ..asking
    }
}

/// The meaning of an answer for a wait.
pub(crate) enum Look {
    Reached(Map<String, Value>),
    NotYet,
    Failed(AwsError),
}

/// The meaning of an answer. The first acceptor that takes it counts; an error that none takes is the failure that it is.
pub(crate) fn look(
    operation: &Operation,
    waiter: &Waiter<'_>,
    status: u16,
    answer: Result<Map<String, Value>, AwsError>,
) -> Look {
    let taken = waiter
        .acceptors
        .iter()
        .find(|acceptor| takes(acceptor, status, &answer));
    match (taken.map(|acceptor| (acceptor, acceptor.state)), answer) {
        (Some((_, WaitState::Success)), Ok(outputs)) => Look::Reached(outputs),
        (Some((_, WaitState::Success)), Err(_)) => Look::Reached(operation.no_outputs()),
        (Some((_, WaitState::Retry)), _) | (None, Ok(_)) => Look::NotYet,
        (Some((_, WaitState::Failure)) | None, Err(error)) => Look::Failed(error),
        (Some((acceptor, WaitState::Failure)), Ok(_)) => Look::Failed(AwsError::of_outcome(
            Kind::JobFailed,
            None,
            &format!("{} will not be reached: {}", waiter.name, seen(acceptor)),
        )),
    }
}

/// The state that ended a wait, in words.
fn seen(acceptor: &Acceptor<'_>) -> String {
    match acceptor.matcher {
        Matcher::Path | Matcher::PathAll | Matcher::PathAny => {
            format!("{} is {}", acceptor.argument, acceptor.expected.trim_matches('"'))
        }
        Matcher::Status => format!("the status is {}", acceptor.expected),
        Matcher::Error => "there was no error".to_owned(),
    }
}

fn takes(acceptor: &Acceptor<'_>, status: u16, answer: &Result<Map<String, Value>, AwsError>) -> bool {
    // That all acceptors can be read is tested.
    let Ok(expected) = serde_json::from_str::<Value>(acceptor.expected) else {
        return false;
    };
    let found = || {
        let answer = answer.as_ref().ok()?;
        Expression::parse(acceptor.argument).ok()?.value(answer)
    };
    match acceptor.matcher {
        Matcher::Status => expected.as_u64() == Some(status.into()),
        Matcher::Error => match (&expected, answer) {
            (Value::Bool(wanted), answer) => *wanted == answer.is_err(),
            (code, Err(error)) => code.as_str() == error.code.as_deref() && error.code.is_some(),
            (_, Ok(_)) => false,
        },
        Matcher::Path => found() == Some(expected),
        Matcher::PathAll => found()
            .as_ref()
            .and_then(Value::as_array)
            .is_some_and(|values| !values.is_empty() && values.iter().all(|value| *value == expected)),
        Matcher::PathAny => found()
            .as_ref()
            .and_then(Value::as_array)
            .is_some_and(|values| values.contains(&expected)),
    }
}
