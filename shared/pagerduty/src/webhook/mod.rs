//! The deliveries of PagerDuty to a webhook, in both of its generations, as one kind of [`Event`].
//!
//! An endpoint knows which generation it expects and calls [`v3::parse`] or [`v2::parse`]; [`signature::verify`] comes
//! before that, over the raw bytes. `crate::json` reads the text. What is in it is read in two tempers: the envelope
//! strictly, because an event without an id or a type must not start anything, and everything inside it leniently, because
//! PagerDuty adds fields and event types at any time. No body, whatever its bytes, makes a parser panic.

mod event;
pub mod signature;
mod unreadable;
pub mod v2;
pub mod v3;

pub use event::{Client, Event, EventIncident, ResolveReason};
pub use unreadable::{Generation, Unreadable};

use serde_json::{Map, Value};

use crate::json;

/// Reads a body that must be one JSON object.
fn read_object(body: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    match json::read(body)? {
        Value::Object(object) => Ok(object),
        _ => Err(Unreadable::NotAnObject),
    }
}

#[cfg(test)]
mod tests;
