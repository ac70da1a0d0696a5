//! The HTTP client underneath.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// How long a connection may take to come about, name look-up and TLS included.
const CONNECT_TIME_LIMIT: Duration = Duration::from_secs(3);

/// How long a request may take in all.
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

/// Builds the HTTP client for [`Client`](super::Client). It follows no redirect, which would carry the token elsewhere,
/// and repeats nothing by itself, which could page people twice.
///
/// # Errors
/// Where TLS or HTTP can not be set up; it opens no connection.
pub fn http_client() -> Result<reqwest::Client, ConnectionError> {
    // The roots are compiled in: reading those of the system costs a millisecond at every cold start.
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_TIME_LIMIT)
        .timeout(REQUEST_TIME_LIMIT)
        // Lambda freezes the process between two invocations. A connection that dies meanwhile is only noticed when
        // the next request has gone out, and then nobody can tell whether PagerDuty saw it.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("pagerflow/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}
