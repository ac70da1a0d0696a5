//! Taking note of the requests of a call.

use provider::transport::{Answer, Interruption, Request, Sending, Transport};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use workflow::action::{Request as Noted, RequestEnd, Requests, Unanswered};

/// The requests that a call has made so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Record(Arc<Mutex<Requests>>);

impl Record {
    /// The requests, in the order in which they have ended.
    pub(super) fn requests(&self) -> Requests {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add(&self, request: Noted) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(request);
    }
}

/// A transport that takes note of what it carries: of an address only the host, because a path or a query can be a secret.
#[derive(Debug)]
pub(super) struct NotedTransport {
    transport: Arc<dyn Transport>,
    record: Record,
}

impl NotedTransport {
    /// Takes note of what `transport` carries.
    pub(super) fn new(transport: Arc<dyn Transport>, record: &Record) -> Self {
        let record = record.clone();
        Self { transport, record }
    }
}

impl Transport for NotedTransport {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let method = request.method.clone();
            let host = request.url.host_str().unwrap_or_default().to_owned();
            let begun = Instant::now();
            let answer = self.transport.send(request).await;
            let milliseconds = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
            let noted = Noted::new(method.as_str(), &host, end(&answer), milliseconds);
            self.record.add(noted);
            answer
        })
    }
}

fn end(answer: &Result<Answer, Interruption>) -> RequestEnd {
    RequestEnd::Unanswered(match answer {
        Ok(answer) => return RequestEnd::Status(answer.status.as_u16()),
        Err(Interruption::Refused(_)) => Unanswered::Refused,
        Err(Interruption::Connect(_)) => Unanswered::NotConnected,
        Err(Interruption::TimedOut) => Unanswered::TimedOut,
        Err(Interruption::Broken(_)) => Unanswered::Broken,
        Err(Interruption::TooLarge) => Unanswered::TooLarge,
    })
}
