//! The ingress: from a webhook of PagerDuty to runs, or to the reason why there are none.
//!
//! What it answers decides whether PagerDuty keeps sending. A 4xx other than 429 makes PagerDuty drop the delivery, and
//! three in a row disable the subscription for a day; a 5xx makes it send again for two days. So an authentic delivery
//! is never answered with a 4xx, and whatever is our own fault is answered with 503.
//!
//! The order of the work is: what costs nothing first, and nothing at all for a sender without a well-formed key.

#[cfg(test)]
mod aws_calls;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod fan_out;
mod handler;
pub mod http;
mod ports;
#[cfg(test)]
mod time_limit;

pub use handler::{Answer, Delivery, Doubt, EventAnswer, Ingress, Target, WorkflowAnswer};
pub use ports::{Aws, Ports};
