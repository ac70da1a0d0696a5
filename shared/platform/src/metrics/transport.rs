//! Counting the requests to PagerDuty.

use super::{CallStatus, Metrics, Observation};
use jiff::Timestamp;
use provider::{
    rate_limit::RateLimit,
    transport::{Request, Sending, Transport},
};
use std::{fmt, sync::Arc};

/// A transport that counts what it carries. It is where all requests of a function come by, also those that an action makes
/// to look for what an earlier attempt left.
#[derive(Clone)]
pub struct MeasuredTransport<T> {
    transport: T,
    metrics: Arc<Metrics>,
    clock: fn() -> Timestamp,
}

impl<T: fmt::Debug> fmt::Debug for MeasuredTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MeasuredTransport").field(&self.transport).finish()
    }
}

impl<T> MeasuredTransport<T> {
    /// Counts what `transport` carries, at the time of the clock.
    pub fn new(transport: T, metrics: Arc<Metrics>, clock: fn() -> Timestamp) -> Self {
        Self {
            transport,
            metrics,
            clock,
        }
    }
}

impl<T: Transport> Transport for MeasuredTransport<T> {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let answer = self.transport.send(request).await;
            let status = answer.as_ref().map(|answer| answer.status.as_u16());
            let rate_limit = answer.as_ref().ok().map(|answer| RateLimit::read(&answer.headers));
            let observation = Observation::Called {
                status: CallStatus::of(status),
                rate_limit_left: rate_limit.and_then(|limit| limit.remaining),
            };
            self.metrics.tell(&observation, (self.clock)());
            answer
        })
    }
}
