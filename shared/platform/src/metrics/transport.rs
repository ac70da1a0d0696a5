//! Counting the requests to PagerDuty and to other systems.

use super::{CallStatus, Metrics, Observation};
use jiff::Timestamp;
use provider::{
    rate_limit::RateLimit,
    transport::{Request, Sending, Transport},
};
use std::{fmt, sync::Arc};
use workflow::action::Text;

/// A transport that counts what it carries. It is where all requests of a function come by, also those that an action makes
/// to look for what an earlier attempt left.
#[derive(Clone)]
pub struct MeasuredTransport<T> {
    transport: T,
    metrics: Arc<Metrics>,
    clock: fn() -> Timestamp,
    /// The connector whose system is asked; none where it is PagerDuty.
    connector: Option<Text>,
}

impl<T: fmt::Debug> fmt::Debug for MeasuredTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MeasuredTransport").field(&self.transport).finish()
    }
}

impl<T> MeasuredTransport<T> {
    /// Counts what `transport` carries to PagerDuty, at the time of the clock.
    pub fn new(transport: T, metrics: Arc<Metrics>, clock: fn() -> Timestamp) -> Self {
        Self {
            transport,
            metrics,
            clock,
            connector: None,
        }
    }

    /// Counts what it carries as calls of the system of a connector.
    #[must_use]
    pub fn of_connector(self, name: impl Into<Text>) -> Self {
        let connector = Some(name.into());
        Self { connector, ..self }
    }
}

impl<T: Transport> Transport for MeasuredTransport<T> {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let answer = self.transport.send(request).await;
            let status = answer.as_ref().map(|answer| answer.status.as_u16());
            let status = CallStatus::of(status);
            let observation = match &self.connector {
                Some(system) => Observation::SystemCalled {
                    system: system.clone(),
                    status,
                },
                None => Observation::Called {
                    status,
                    rate_limit_left: answer
                        .as_ref()
                        .ok()
                        .and_then(|answer| RateLimit::read(&answer.headers).remaining),
                },
            };
            self.metrics.tell(&observation, (self.clock)());
            answer
        })
    }
}
