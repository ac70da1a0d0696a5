//! The network itself.

use std::{error::Error as _, sync::Arc, time::Duration};

use reqwest::{
    Body, Method, Response,
    header::{CONTENT_LENGTH, HeaderValue},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::transport::{Answer, Interruption, Request, Sending, Transport};

/// The longest time that a connection may take to come about, name look-up and TLS included.
const CONNECT_TIME_LIMIT: Duration = Duration::from_secs(3);

/// The longest time that a request may take in all.
pub const REQUEST_TIME_LIMIT: Duration = Duration::from_secs(10);

/// The HTTP client could not be built, which only a wrong build of this program can cause.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// TLS can not be set up.
    #[error("the TLS client could not be set up")]
    Tls(#[from] rustls::Error),
    /// HTTP can not be set up.
    #[error("the HTTP client could not be set up")]
    Http(#[from] reqwest::Error),
}

/// TLS as the functions have it. The roots are compiled in: reading those of the system costs a millisecond at every cold start.
///
/// # Errors
/// Where TLS can not be set up, which only a wrong build of this program can cause.
pub fn tls() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tls)
}

/// HTTP over TLS, with a new connection for every request.
#[derive(Debug, Clone)]
pub struct HttpTransport(reqwest::Client);

impl HttpTransport {
    /// Sets up TLS and HTTP.
    ///
    /// # Errors
    /// Where TLS or HTTP can not be set up; it opens no connection.
    pub fn new() -> Result<Self, ConnectionError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(CONNECT_TIME_LIMIT)
            // Lambda freezes the process between two invocations. A connection that dies meanwhile is only noticed when
            // the next request has gone out, and then it is unknown whether the system received it.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("pagerflow/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let limit = request.answer_limit;
            let mut response = self.0.execute(outgoing(request)).await.map_err(interruption)?;
            Ok(Answer {
                status: response.status(),
                headers: std::mem::take(response.headers_mut()),
                body: body(response, limit).await,
            })
        })
    }
}

fn outgoing(request: Request) -> reqwest::Request {
    let mut outgoing = reqwest::Request::new(request.method, request.url);
    *outgoing.headers_mut() = request.headers;
    *outgoing.timeout_mut() = Some(request.time_limit);
    if !request.body.is_empty() {
        *outgoing.body_mut() = Some(Body::from(request.body));
    } else if matches!(*outgoing.method(), Method::POST | Method::PUT) {
        // HTTP wants a length of what is posted, also of nothing; some gateways answer 411 without it.
        outgoing
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    outgoing
}

async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, Interruption> {
    let mut body = Vec::new();
    // Nobody wants the body of a redirect, so that none is waited for.
    if response.status().is_redirection() {
        return Ok(body);
    }
    while let Some(chunk) = response.chunk().await.map_err(interruption)? {
        if body.len() + chunk.len() > limit {
            return Err(Interruption::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn interruption(error: reqwest::Error) -> Interruption {
    if error.is_connect() || error.is_builder() {
        Interruption::Connect(root_cause(&error))
    } else if error.is_timeout() {
        Interruption::TimedOut
    } else {
        Interruption::Broken(root_cause(&error))
    }
}

/// The innermost cause of a failed request, which says most ("connection refused"); without the request's address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(String::new, ToString::to_string)
}
