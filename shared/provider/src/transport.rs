//! The way to a system and back, free of the rules about what an answer means.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode, Url, header::HeaderMap};

/// Something that carries a request. In a Lambda function that is [`HttpTransport`](crate::http::HttpTransport).
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request once and reads the answer. It repeats nothing, which could page people twice, and follows no
    /// redirect, which would carry the token elsewhere; the body of a redirect need not be read.
    ///
    /// A caller that drops the future no longer gets the answer. The request may have gone out all the same.
    fn send(&self, request: Request) -> Sending<'_>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request) -> Sending<'_> {
        (**self).send(request)
    }
}

/// A request that is under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Answer, Interruption>> + Send + 'a>>;

/// A request, and how much time and room its answer has.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// The address with its query.
    pub url: Url,
    /// The headers. The token among them is marked as sensitive.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// The longest time that the whole exchange may take, until the last byte of the answer.
    pub time_limit: Duration,
    /// The largest body of an answer that is read, in bytes.
    pub answer_limit: usize,
}

/// Without the body: in that of an event is a routing key. Of the address only the host: its path or its query can be a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("headers", &self.headers)
            .field("time_limit", &self.time_limit)
            .field("answer_limit", &self.answer_limit)
            .finish_non_exhaustive()
    }
}

/// An answer, of which at least the status and the headers came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body, or what kept it from coming whole: the status alone tells enough about a refusal.
    pub body: Result<Vec<u8>, Interruption>,
}

/// The reason why an exchange broke off. It tells apart what decides whether the system may have done something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Interruption {
    /// The address is one that nothing must be sent to, so nothing was. It would be refused again.
    #[error("nothing was sent: {0}")]
    Refused(String),
    /// No connection came about, so nothing was sent. With the innermost cause.
    #[error("no connection could be made ({0})")]
    Connect(String),
    /// The time limit passed after the request, or a part of it, was sent.
    #[error("no answer came in time")]
    TimedOut,
    /// The connection broke after the request, or a part of it, was sent. With the innermost cause.
    #[error("the connection broke before the answer was complete ({0})")]
    Broken(String),
    /// The body of the answer is larger than [`Request::answer_limit`].
    #[error("the answer is larger than what is accepted")]
    TooLarge,
}
