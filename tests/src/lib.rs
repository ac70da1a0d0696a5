//! The ends that the demo, the end-to-end tests and the storm drive: PagerDuty, as the simulator stands in for it, and `pagerflow`.
//!
//! Both are reached from outside, over HTTP and as a program, as people and PagerDuty reach the real ones. `figures` is for
//! what is measured there.

mod error;
pub mod figures;
mod pagerduty;
mod pagerflow;

pub use error::Error;
pub use pagerduty::{PagerDuty, Subscription};
pub use pagerflow::{Pagerflow, program};
