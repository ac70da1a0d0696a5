//! The way to the person: the `response_url` of a request.

use super::{note::Note, press::Press};
use provider::{
    egress::Policy,
    http::{ConnectionError, Http},
    reroute::{Rerouted, StandIn},
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
    Network { http: Box<Http>, stand_in: Option<StandIn> },
    /// A way that a test gives.
    Given(Arc<dyn Transport>),
}

impl Replies {
    /// The network, guarded, unless all requests go to a stand-in, which may be on this machine.
    ///
    /// # Errors
    /// TLS can not be set up, which only a wrong build can cause.
    pub fn to_slack(stand_in: Option<StandIn>) -> Result<Self, ConnectionError> {
        let http = match stand_in {
            Some(_) => Http::new()?,
            None => Http::guarded(Policy::default())?,
        };
        let http = Box::new(http);
        Ok(Self::Network { http, stand_in })
    }

    /// The way of one request. A connection must not outlive it: Lambda freezes the process.
    fn transport(&self) -> Result<Arc<dyn Transport>, ConnectionError> {
        let (http, stand_in) = match self {
            Self::Network { http, stand_in } => (http, stand_in),
            Self::Given(transport) => return Ok(Arc::clone(transport)),
        };
        let session = http.session(None)?;
        Ok(match stand_in {
            Some(stand_in) => Arc::new(Rerouted::new(Arc::new(session), stand_in.clone())),
            None => Arc::new(session),
        })
    }

    /// Tells the person, once and as well as it goes: the decision stands whether or not the person reads of it.
    pub(super) async fn tell(&self, press: &Press, note: &Note, time_limit: Duration) {
        let Some(url) = press.reply_to.clone() else {
            tracing::warn!("a button came without an address at which the person can be told");
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
                tracing::warn!(%error, "the person was not told");
                return;
            }
        };
        match transport.send(request).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => tracing::warn!(status = answer.status.as_u16(), "the person was not told"),
            Err(error) => tracing::warn!(%error, "the person was not told"),
        }
    }
}
