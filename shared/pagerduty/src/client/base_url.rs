//! The addresses of PagerDuty's APIs.

use std::str::FromStr;

use reqwest::Url;
use serde::{Deserialize, Serialize};

/// The service region of a PagerDuty account. The US hosts pass EU requests on, but slowly, so it is set per account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ServiceRegion {
    /// `api.pagerduty.com` and `events.pagerduty.com`
    Us,
    /// `api.eu.pagerduty.com` and `events.eu.pagerduty.com`
    Eu,
}

/// The address of the REST API or of the Events API: a scheme, a host and perhaps a port, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// An address that requests with a token must not be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBaseUrl {
    /// It is no address.
    #[error("the address of PagerDuty's API is not a URL: {0}; write it like https://api.pagerduty.com")]
    NotAUrl(String),
    /// The token would travel in the clear.
    #[error("the address of PagerDuty's API must begin with https://, or with http:// for a loopback host")]
    NotSecure,
    /// More than scheme, host and port.
    #[error("the address of PagerDuty's API must be only scheme, host and port, like https://api.pagerduty.com")]
    TooMuch,
}

impl BaseUrl {
    /// The address of the REST API in a service region.
    pub fn of(region: ServiceRegion) -> Result<Self, InvalidBaseUrl> {
        match region {
            ServiceRegion::Us => "https://api.pagerduty.com",
            ServiceRegion::Eu => "https://api.eu.pagerduty.com",
        }
        .parse()
    }

    /// The address of the Events API in a service region.
    pub fn of_events(region: ServiceRegion) -> Result<Self, InvalidBaseUrl> {
        match region {
            ServiceRegion::Us => "https://events.pagerduty.com",
            ServiceRegion::Eu => "https://events.eu.pagerduty.com",
        }
        .parse()
    }

    /// The address of an object. The segments are escaped, whatever they hold.
    pub(super) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        url
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        let url = Url::parse(text).map_err(|error| InvalidBaseUrl::NotAUrl(error.to_string()))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(InvalidBaseUrl::NotSecure),
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidBaseUrl::TooMuch);
        }
        Ok(Self(url))
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::us(ServiceRegion::Us, "https://api.pagerduty.com/incidents")]
    #[case::eu(ServiceRegion::Eu, "https://api.eu.pagerduty.com/incidents")]
    fn each_service_region_has_its_host(#[case] region: ServiceRegion, #[case] expected: &str) {
        assert_eq!(BaseUrl::of(region).unwrap().join(&["incidents"]).as_str(), expected);
    }

    #[rstest]
    #[case::us(ServiceRegion::Us, "https://events.pagerduty.com/v2/enqueue")]
    #[case::eu(ServiceRegion::Eu, "https://events.eu.pagerduty.com/v2/enqueue")]
    fn each_service_region_has_its_host_for_events(#[case] region: ServiceRegion, #[case] expected: &str) {
        let address = BaseUrl::of_events(region).unwrap();

        assert_eq!(address.join(&["v2", "enqueue"]).as_str(), expected);
    }

    #[rstest]
    #[case::https("https://pagerduty.example.com")]
    #[case::port("https://pagerduty.example.com:8443/")]
    #[case::loopback("http://127.0.0.1:4010")]
    #[case::loopback_six("http://[::1]:4010")]
    #[case::localhost("http://localhost:4010")]
    fn another_address_can_be_given(#[case] text: &str) {
        assert!(text.parse::<BaseUrl>().is_ok());
    }

    #[rstest]
    #[case::http("http://api.pagerduty.com")]
    #[case::http_private("http://10.0.0.1")]
    #[case::looks_local("http://localhost.example.com")]
    #[case::file("file:///etc/passwd")]
    fn a_token_never_travels_in_the_clear(#[case] text: &str) {
        assert_eq!(text.parse::<BaseUrl>(), Err(InvalidBaseUrl::NotSecure));
    }

    #[rstest]
    #[case::user("https://user:pass@api.pagerduty.com")]
    #[case::path("https://api.pagerduty.com/v2")]
    #[case::query("https://api.pagerduty.com?x=1")]
    #[case::fragment("https://api.pagerduty.com#x")]
    fn an_address_is_only_scheme_host_and_port(#[case] text: &str) {
        assert_eq!(text.parse::<BaseUrl>(), Err(InvalidBaseUrl::TooMuch));
    }

    #[test]
    fn what_is_no_url_is_named() {
        assert!(matches!(
            "api.pagerduty.com".parse::<BaseUrl>(),
            Err(InvalidBaseUrl::NotAUrl(_))
        ));
    }

    #[test]
    fn segments_never_climb_out_of_their_place() {
        let url = BaseUrl::of(ServiceRegion::Us).unwrap().join(&["incidents", "a/b?c#d"]);

        assert_eq!(url.path(), "/incidents/a%2Fb%3Fc%23d");
    }
}
