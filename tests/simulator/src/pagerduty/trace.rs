//! What happened between the shipped client and PagerDuty.

use super::course::Course;
use http::{Method, StatusCode};
use jiff::Timestamp;
use provider::transport::Interruption;

/// One thing that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEvent {
    /// The time.
    pub at: Timestamp,
    /// The request's number, from 1, in the order of sending.
    pub request: u64,
    /// What happened.
    pub step: Step,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Its sender sent it.
    Sent {
        method: Method,
        /// The address.
        url: String,
        /// Its fate.
        course: Course,
    },
    /// It came to PagerDuty, which did what it was asked to or refused it.
    Answered(StatusCode),
    /// Its sender got an answer, or learned that there is none. A sender that was ended meanwhile hears nothing.
    Heard(Result<StatusCode, Interruption>),
}
