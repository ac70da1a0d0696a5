//! A PagerDuty for tests: a real HTTP server that gives the answers it was told to, in order, and remembers what it
//! was asked.

use provider::http::HttpTransport;
use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::client::{ApiToken, Client, Events, RoutingKey, TokenKind};

/// The reaction of the server to a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Text(u16, &'static [(&'static str, &'static str)], String),
    /// Nothing, ever.
    Silence,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Text(status, &[("content-type", "application/json")], body.to_string())
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::Text(status, &[], String::new())
    }
}

/// A request to the server.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    body: Bytes,
}

impl Request {
    /// Method and path, without the query.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.uri.path())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let url = reqwest::Url::parse(&format!("http://localhost{}", self.uri)).unwrap();
        url.query_pairs().into_owned().collect()
    }
}

/// A running server; it stops with the test's runtime.
pub(crate) struct PagerDuty {
    pub(crate) client: Client,
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl PagerDuty {
    pub(crate) async fn that_answers(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&requests);
        let router = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            asked.lock().unwrap().push(Request {
                method,
                uri,
                headers,
                body,
            });
            let answer = answers.lock().unwrap().pop_front();
            async move { give(answer).await }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            client: client(&address),
            address,
            requests,
        }
    }

    /// The same server as that of the Events API.
    pub(crate) fn events(&self) -> Events {
        Events::new(Arc::new(HttpTransport::new().unwrap()), self.address.parse().unwrap())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Method and path of every request, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }
}

/// A request beyond the script is answered in a way that no test takes for a success.
async fn give(answer: Option<Answer>) -> Response {
    match answer {
        Some(Answer::Text(status, headers, body)) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            response.headers_mut().clear();
            for (name, value) in headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            response
        }
        Some(Answer::Silence) => pending().await,
        None => (StatusCode::IM_A_TEAPOT, "the script has no further answer").into_response(),
    }
}

pub(crate) fn client(base_url: &str) -> Client {
    Client::new(Arc::new(HttpTransport::new().unwrap()), base_url.parse().unwrap())
}

/// A time limit that no test has to wait long for.
pub(crate) const SOON: Duration = Duration::from_millis(100);

/// The text of [`routing_key`].
pub(crate) const ROUTING_KEY: &str = "R0123456789ABCDEFGHIJ0123456789Z";

pub(crate) fn routing_key() -> RoutingKey {
    RoutingKey::new(ROUTING_KEY.into()).unwrap()
}

pub(crate) fn token() -> ApiToken {
    ApiToken::new(TokenKind::ApiToken, "example-token".into()).unwrap()
}
