//! What the demo and the end-to-end tests drive: PagerDuty, as the simulator stands in for it, and `pagerflow`.
//!
//! Both are reached from outside, over HTTP and as a program, as people and PagerDuty reach the real ones.

mod error;
mod pagerduty;
mod pagerflow;

pub use error::Error;
pub use pagerduty::{PagerDuty, Subscription};
pub use pagerflow::{Pagerflow, program};
