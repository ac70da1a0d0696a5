//! The way to the person: the `response_url` of a request.

use super::{note::Note, press::Press};
use provider::{
    egress::Policy,
    http::ConnectionError,
    outbound::Outbound,
    reroute::StandIn,
    transport::{Request, Transport},
};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use std::{sync::Arc, time::Duration};

/// The most that is read of Slack's answer, in bytes. It is a word.
const LARGEST_ANSWER: usize = 16 * 1024;

/// The way to Slack.
#[derive(Debug)]
pub enum Replies {
    /// The public internet. In a test, a server that stands for Slack.
    Network(Option<StandIn>),
    /// A way that a test gives.
    Given(Arc<dyn Transport>),
}

impl Replies {
    /// The way of one request. It is set up only now: most who come have followed a link, and need none. A connection must not outlive the
    /// request: Lambda freezes the process.
    fn transport(&self) -> Result<Arc<dyn Transport>, ConnectionError> {
        match self {
            Self::Network(stand_in) => Outbound::guarded(Policy::default(), stand_in.clone())?.session(None),
            Self::Given(transport) => Ok(Arc::clone(transport)),
        }
    }

    /// Sends the reply once. A reply that fails changes nothing: the decision stands.
    pub(super) async fn tell(&self, press: &Press, note: &Note, time_limit: Duration) {
        let Some(url) = press.reply_to.clone() else {
            tracing::warn!("a button came without an address for the reply");
            return;
        };
        let request = Request {
            method: Method::POST,
            url,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            body: note.written(press).to_string().into_bytes(),
            time_limit,
            answer_limit: LARGEST_ANSWER,
        };
        let transport = match self.transport() {
            Ok(transport) => transport,
            Err(error) => {
                tracing::warn!(%error, "the reply was not sent");
                return;
            }
        };
        match transport.send(request).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => tracing::warn!(status = answer.status.as_u16(), "the reply was not sent"),
            Err(error) => tracing::warn!(%error, "the reply was not sent"),
        }
    }
}
