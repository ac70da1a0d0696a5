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

pub use event::{Client, Event, EventIncident};
pub use unreadable::{Generation, Unreadable};

/// Tells the generations of webhooks apart by the shape of a body.
///
/// A body in which two shapes are mixed counts as the newer one. What an endpoint accepts is decided by how it is
/// configured, never by this.
///
/// # Errors
/// Where the body is no JSON object, or has none of the three shapes.
pub fn detect(body: &[u8]) -> Result<Generation, Unreadable> {
    let delivery = json::read_object(body)?;
    Generation::of(&delivery).ok_or(Unreadable::NoEvent)
}

#[cfg(test)]
mod tests;
