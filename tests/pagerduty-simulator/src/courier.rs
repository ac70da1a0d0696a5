//! Takes webhooks to their receivers over HTTP.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;

use crate::outbox::{Parcel, Reply};
use crate::server::Shared;

/// How much of a receiver's answer is kept.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Sends parcels, each on a connection of its own. It speaks no TLS: a stand-in's receivers are on the same machine.
#[derive(Debug, Clone)]
pub(crate) struct Courier {
    client: Client<HttpConnector, Full<axum::body::Bytes>>,
    timeout: Duration,
}

impl Courier {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build_http(),
            timeout,
        }
    }

    /// Makes one attempt. Every delivery goes through here.
    pub(crate) async fn deliver(&self, parcel: Parcel) -> Reply {
        match tokio::time::timeout(self.timeout, self.exchange(parcel)).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(reason)) => Reply::Failed { reason },
            Err(_) => Reply::TimedOut,
        }
    }

    async fn exchange(&self, parcel: Parcel) -> Result<Reply, String> {
        let uri: Uri = parcel
            .url
            .parse()
            .map_err(|error| format!("{} is no URL: {error}", parcel.url))?;
        let mut request = http::Request::new(Full::from(parcel.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = parcel.headers;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| with_sources(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| with_sources(error.as_ref()))?.to_bytes();
        Ok(Reply::Answered {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// An error with all that it was caused by: the outermost one alone says little.
fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Delivers what is due, and waits for what will be, until it is aborted.
pub(crate) async fn work(shared: Arc<Shared>) {
    let mut under_way = JoinSet::new();
    loop {
        let (parcels, next_due) = shared.with(|pagerduty, now| (pagerduty.take_due(now), pagerduty.next_due()));
        for parcel in parcels {
            let shared = Arc::clone(&shared);
            under_way.spawn(async move {
                let webhook = parcel.webhook.clone();
                let reply = shared.courier.deliver(parcel).await;
                shared.with(|pagerduty, now| pagerduty.report(&webhook, reply, now));
                shared.wake.notify_one();
            });
        }
        let wait: Option<Duration> =
            next_due.map(|due| shared.clock.now().duration_until(due).try_into().unwrap_or_default());
        tokio::select! {
            () = shared.wake.notified() => {}
            () = sleep(wait) => {}
            Some(_) = under_way.join_next() => {}
        }
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
