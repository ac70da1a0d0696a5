//! A system for tests: a real HTTP server that gives the answers that it was given, in order, and remembers what it was asked.

use crate::{
    http::HttpTransport,
    reroute::{Rerouted, StandIn},
    transport::Transport,
};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::net::TcpListener;

/// The reaction of the server to a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A status, headers and a body.
    Text(u16, &'static [(&'static str, &'static str)], String),
    /// Nothing, ever.
    Silence,
}

impl Answer {
    /// JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Text(status, &[("content-type", "application/json")], body.to_string())
    }

    /// No body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self::Text(status, &[], String::new())
    }
}

/// A request to the server.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: Method,
    /// The path with its query.
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    /// Method and path, without the query.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.uri.path())
    }

    /// A header, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The fields of the query.
    #[must_use]
    pub fn query(&self) -> Vec<(String, String)> {
        let url = reqwest::Url::parse(&format!("http://localhost{}", self.uri));
        url.map(|url| url.query_pairs().into_owned().collect())
            .unwrap_or_default()
    }
}

/// A running server; it stops with the test's runtime.
#[derive(Debug)]
pub struct Server {
    address: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Starts a server that gives these answers.
    ///
    /// # Errors
    /// Where no port is free.
    pub async fn that_answers(answers: impl IntoIterator<Item = Answer>) -> std::io::Result<Self> {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let received = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&received);
        let router = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            locked(&asked).push(Received {
                method,
                uri,
                headers,
                body,
            });
            let answer = locked(&answers).pop_front();
            async move { give(answer).await }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, received })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A way on which the requests to all systems go to this server; none where no transport can be made.
    #[must_use]
    pub fn as_all_systems(&self) -> Option<impl Transport + use<>> {
        let to: StandIn = self.address.parse().ok()?;
        Some(Rerouted::new(Arc::new(HttpTransport::new().ok()?), to))
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        locked(&self.received).clone()
    }

    /// Method and path of every request, in order.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Received::line).collect()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request beyond the script is answered in a way that no test takes for a success.
async fn give(answer: Option<Answer>) -> Response {
    match answer {
        Some(Answer::Text(status, headers, body)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            let mut response = (status, body).into_response();
            response.headers_mut().clear();
            for (name, value) in headers {
                if let Ok(value) = value.parse() {
                    response.headers_mut().append(*name, value);
                }
            }
            response
        }
        Some(Answer::Silence) => pending().await,
        None => (StatusCode::IM_A_TEAPOT, "the script has no further answer").into_response(),
    }
}
