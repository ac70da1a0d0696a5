//! What PagerDuty delivers to a webhook, in both of its generations, as one kind of [`Event`].
//!
//! An endpoint knows which generation it expects and calls [`v3::parse`] or [`v2::parse`]; [`signature::verify`] comes
//! before that, over the raw bytes. Deliveries are read in two tempers: the envelope strictly, because an event that
//! can be read in two ways must not start anything, and everything inside it leniently, because PagerDuty adds fields
//! and event types at any time. No body, whatever its bytes, makes a parser panic.

mod event;
mod json;
pub mod signature;
mod unreadable;
pub mod v2;
pub mod v3;

pub use event::{Client, Event, EventIncident, ResolveReason};
pub use unreadable::{Generation, Unreadable};

#[cfg(test)]
mod tests;
