//! The reason a delivery could not be read.

use std::fmt;

use serde_json::{Map, Value};

use crate::{ids::InvalidId, json::NotJson};

/// A generation of PagerDuty's webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// The first, dead since October 2022.
    V1,
    /// Generic V2 extensions: unsigned, several messages per delivery are possible.
    V2,
    /// Webhook subscriptions: signed, one event per delivery.
    V3,
}

impl Generation {
    /// V3 has an object `event`; in V2 each of the `messages` has a textual `event`, in V1 a `type` instead.
    pub(super) fn of(delivery: &Map<String, Value>) -> Option<Self> {
        if delivery.get("event").is_some_and(Value::is_object) {
            return Some(Self::V3);
        }
        match delivery.get("messages")?.as_array()?.first() {
            None => Some(Self::V2),
            Some(message) if message.get("event").is_some_and(Value::is_string) => Some(Self::V2),
            Some(message) if message.get("type").is_some_and(Value::is_string) => Some(Self::V1),
            Some(_) => None,
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "V1",
            Self::V2 => "V2",
            Self::V3 => "V3",
        })
    }
}

/// The reason a delivery could not be read. Nothing of the delivery's text is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is not JSON.
    #[error(transparent)]
    NotJson(#[from] NotJson),
    /// The JSON value is something else than an object.
    #[error("the body is JSON, but no object")]
    NotAnObject,
    /// A delivery of another generation than the endpoint expects.
    #[error("this is a {found} delivery, but the endpoint expects {expected}; {}", remedy(*.found))]
    OtherGeneration {
        /// The expected generation.
        expected: Generation,
        /// The generation that came.
        found: Generation,
    },
    /// There is no event in it.
    #[error("there is no event in the body")]
    NoEvent,
    /// The event does not say what happened.
    #[error("the event has no textual type")]
    NoEventType,
    /// The event has no id, so that a repeat could not be recognised.
    #[error("the event has no textual id")]
    NoEventId,
    /// The event's id can not be used.
    #[error("the event's id can not be used: {0}")]
    BadEventId(#[from] InvalidId),
    /// The event is about an incident that it does not name.
    #[error("the event is about an incident, but has no incident id of letters and digits")]
    NoIncidentId,
    /// Far more messages than PagerDuty ever puts into one delivery.
    #[error("the body has {found} messages, more than the {limit} that are accepted in one delivery")]
    TooManyMessages {
        /// The number.
        found: usize,
        /// The number that is accepted.
        limit: usize,
    },
    /// One of several messages can not be read, and so none is taken.
    #[error("message {position} of the body can not be read: {reason}")]
    Message {
        /// Counted from 1.
        position: usize,
        /// The reason.
        reason: Box<Self>,
    },
}

fn remedy(found: Generation) -> &'static str {
    match found {
        Generation::V1 => "PagerDuty ended V1, so make a V3 webhook subscription instead",
        Generation::V2 => "set the endpoint to V2, or replace the Generic V2 extension with a V3 webhook subscription",
        Generation::V3 => "set the endpoint to V3 and store the subscription's signing secret",
    }
}
