//! Requests to all systems, sent to one server on this machine that stands for them.

use crate::transport::{Request, Sending, Transport};
use reqwest::{
    Url,
    header::{HOST, HeaderValue},
};
use std::sync::Arc;

/// An address that cannot stand for other systems.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the address of the server that stands for other systems must be `http://` or `https://`, a loopback host and a port, nothing else"
)]
pub struct InvalidStandIn;

/// A server on this machine that stands for other systems, in a test or a demonstration. Secrets go there as well, so it is a loopback
/// host and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn(Url);

impl std::str::FromStr for StandIn {
    type Err = InvalidStandIn;

    fn from_str(text: &str) -> Result<Self, InvalidStandIn> {
        let url = Url::parse(text).map_err(|_| InvalidStandIn)?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        let is_http = matches!(url.scheme(), "http" | "https");
        match is_http && is_loopback(&url) && !has_user && !has_more {
            true => Ok(Self(url)),
            false => Err(InvalidStandIn),
        }
    }
}

/// The URL parser has already brought every spelling of an IPv4 address into one form.
fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Sends each request to a server that stands for all systems. The path, the query and the header `host` are those of the system that was
/// meant. Whoever makes the request knows nothing of it, so nothing that a workflow says can turn it on.
#[derive(Debug, Clone)]
pub struct Rerouted {
    transport: Arc<dyn Transport>,
    to: StandIn,
}

impl Rerouted {
    /// Takes what carries the requests, and where they go instead.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, to: StandIn) -> Self {
        Self { transport, to }
    }
}

impl Transport for Rerouted {
    fn send(&self, mut request: Request) -> Sending<'_> {
        let host = match (request.url.host_str(), request.url.port()) {
            (Some(host), None) => host.to_owned(),
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (None, _) => String::new(),
        };
        if let Ok(host) = HeaderValue::try_from(host) {
            request.headers.insert(HOST, host);
        }
        let mut url = self.to.0.clone();
        url.set_path(request.url.path());
        url.set_query(request.url.query());
        request.url = url;
        self.transport.send(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::loopback("http://127.0.0.1:4010")]
    #[case::loopback_six("http://[::1]:4010/")]
    #[case::localhost("http://localhost:4010")]
    fn a_loopback_host_can_stand_for_others(#[case] text: &str) {
        assert!(text.parse::<StandIn>().is_ok());
    }

    #[rstest]
    #[case::outside("https://example.com")]
    #[case::private("http://10.0.0.1:4010")]
    #[case::looks_local("http://localhost.example.com")]
    #[case::path("http://127.0.0.1:4010/x")]
    #[case::user("http://me@127.0.0.1:4010")]
    #[case::file("file:///etc/passwd")]
    fn no_other_host_can(#[case] text: &str) {
        assert!(text.parse::<StandIn>().is_err());
    }
}
