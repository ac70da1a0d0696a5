//! The fate of a request on its way, at PagerDuty and on the way back.

use http::StatusCode;
use jiff::Timestamp;
use provider::transport::Request;
use std::{
    collections::VecDeque,
    fmt,
    ops::Range,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How one request fares. The default is at once and without a fault.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Course {
    /// The time until the request is at PagerDuty.
    pub there: Duration,
    /// The time until the answer is back.
    pub back: Duration,
    /// How far PagerDuty's lists lag behind for this request: they do not show incidents and notes that are younger.
    pub lag: Duration,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

impl Course {
    /// A course with a fault, and otherwise as by default.
    #[must_use]
    pub fn with(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }
}

/// What goes wrong with a request. The request has no effect where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No connection comes about, and nothing is sent.
    Unreachable,
    /// Something in front of PagerDuty answers with this status, usually 500, 502, 503 or 504.
    Status(When, StatusCode),
    /// 429, with this text as `ratelimit-reset`, which may be absurd, or without that header.
    RateLimited {
        /// The header's value.
        reset: Option<String>,
    },
    /// The connection is reset.
    Reset(When),
    /// No answer ever comes; the sender waits out its time limit.
    Silent(When),
    /// The request is under way for so much longer. It has its effect, perhaps when nobody waits for it any more.
    Late(Duration),
    /// The request has its effect, and the connection breaks inside the answer's body.
    Cut,
    /// The request has its effect, and half of the answer's body is missing without a sign of it.
    Shortened,
    /// The request comes to PagerDuty twice.
    Twice {
        /// The time between the two.
        apart: Duration,
        /// The one whose answer comes back.
        answered: Delivery,
    },
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// PagerDuty has not done anything, and will not.
    BeforeEffect,
    /// PagerDuty has done what it was asked to.
    AfterEffect,
}

/// One of two deliveries of the same request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The one that comes first.
    First,
    /// The one that comes later.
    Second,
}

/// Who decides how requests fare.
pub trait Faults: fmt::Debug + Send + Sync {
    /// The course of a request that is sent now. Asked once for each request, in the order in which they are sent.
    fn course(&self, request: &Request, now: Timestamp) -> Course;
}

/// Every request takes the same course.
impl Faults for Course {
    fn course(&self, _: &Request, _: Timestamp) -> Course {
        self.clone()
    }
}

/// The courses of the first requests, in order. Those that follow take the default course.
#[derive(Debug)]
pub struct Script(Mutex<VecDeque<Course>>);

impl Script {
    /// A script of these courses.
    #[must_use]
    pub fn new(courses: impl IntoIterator<Item = Course>) -> Self {
        Self(Mutex::new(courses.into_iter().collect()))
    }
}

impl Faults for Script {
    fn course(&self, _: &Request, _: Timestamp) -> Course {
        let mut courses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        courses.pop_front().unwrap_or_default()
    }
}

/// A time in which every request has the same fault.
#[derive(Debug, Clone)]
pub struct Outage<F> {
    /// The time. Its end is not part of it.
    pub during: Range<Timestamp>,
    pub fault: Fault,
    /// Who decides everything else.
    pub otherwise: F,
}

impl<F: Faults> Faults for Outage<F> {
    fn course(&self, request: &Request, now: Timestamp) -> Course {
        let mut course = self.otherwise.course(request, now);
        if self.during.contains(&now) {
            course.fault = Some(self.fault.clone());
        }
        course
    }
}
