//! The hosts that a secret may be sent to.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The port of https.
const HTTPS: u16 = 443;

/// A host name, in which each `*` at the front stands for one label: `*.example.com` is `eu.example.com`, and neither `example.com` nor
/// `a.b.example.com`. Without a port it means 443.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    /// The host, in lower case.
    host: String,
    port: Option<u16>,
}

/// A text that is not a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a host: {problem}")]
pub struct InvalidHost {
    text: String,
    problem: &'static str,
}

impl HostPattern {
    /// True if a request to this address may carry the secret: over https, to the host and port, and without a user in the address.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.port_or_known_default() == Some(self.port.unwrap_or(HTTPS))
            && self.takes(host)
    }

    fn takes(&self, host: &str) -> bool {
        let mut labels = host.split('.');
        let mut wanted = self.host.split('.');
        loop {
            match (wanted.next(), labels.next()) {
                (None, None) => return true,
                (Some("*"), Some(label)) if !label.is_empty() => {}
                (Some(wanted), Some(label)) if wanted == label => {}
                _ => return false,
            }
        }
    }

    /// True if it stands for more than one host.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.host.starts_with("*.")
    }
}

fn problem_of(host: &str) -> Option<&'static str> {
    let mut fixed = host;
    while let Some(rest) = fixed.strip_prefix("*.") {
        fixed = rest;
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = fixed.rsplit('.').next().unwrap_or_default();
    if host.len() > 253 || !fixed.split('.').all(is_label) {
        return Some("write its name alone, such as `api.example.com`, without `https://` and without a path");
    }
    // A name does not end in a number; what does is an address.
    if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
        return Some("an address is not taken; write the name of the host");
    }
    if !fixed.contains('.') {
        return Some("it has no domain; write it whole, such as `api.example.com`");
    }
    None
}

impl FromStr for HostPattern {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let invalid = |problem| InvalidHost {
            text: text.chars().take(80).collect(),
            problem,
        };
        let (host, port) = match text.split_once(':') {
            None => (text, None),
            Some((host, port)) => {
                let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
                let port = port.parse().ok().filter(|port| digits && *port > 0);
                let port: u16 = port.ok_or_else(|| invalid("behind the colon stands a port, a number up to 65535"))?;
                (host, Some(port).filter(|port| *port != HTTPS))
            }
        };
        let host = host.to_ascii_lowercase();
        match problem_of(&host) {
            Some(problem) => Err(invalid(problem)),
            None => Ok(Self { host, port }),
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = InvalidHost;

    fn try_from(text: String) -> Result<Self, InvalidHost> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => f.write_str(&self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn matches(pattern: &str, url: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().matches(&url.parse().unwrap())
    }

    #[rstest]
    #[case::itself("slack.com", "https://slack.com/api", true)]
    #[case::in_other_letters("Slack.com", "https://SLACK.com/api", true)]
    #[case::below_it("slack.com", "https://api.slack.com/", false)]
    #[case::with_more_at_its_end("slack.com", "https://slack.com.example.org/", false)]
    #[case::with_more_at_its_front("slack.com", "https://notslack.com/", false)]
    #[case::in_the_clear("slack.com", "http://slack.com/", false)]
    #[case::at_another_port("slack.com", "https://slack.com:8443/", false)]
    #[case::with_a_user("slack.com", "https://me@slack.com/", false)]
    #[case::as_a_user("slack.com", "https://slack.com@example.org/", false)]
    #[case::one_label("*.example.com", "https://eu.example.com/", true)]
    #[case::no_label("*.example.com", "https://example.com/", false)]
    #[case::two_labels("*.example.com", "https://a.b.example.com/", false)]
    #[case::two_stars("*.*.example.com", "https://a.b.example.com/", true)]
    #[case::a_port("git.example.com:8443", "https://git.example.com:8443/", true)]
    #[case::without_its_port("git.example.com:8443", "https://git.example.com/", false)]
    #[case::the_usual_port("git.example.com:443", "https://git.example.com/", true)]
    #[case::with_a_dot_at_its_end("slack.com", "https://slack.com./", false)]
    fn a_secret_goes_to_its_hosts_alone(#[case] pattern: &str, #[case] url: &str, #[case] is_so: bool) {
        assert_eq!(matches(pattern, url), is_so);
    }

    #[rstest]
    #[case::empty("")]
    #[case::everything("*")]
    #[case::a_whole_domain("*.com")]
    #[case::star_within("a.*.example.com")]
    #[case::part_of_a_label("a*.example.com")]
    #[case::scheme("https://slack.com")]
    #[case::path("slack.com/api")]
    #[case::address("10.0.0.1")]
    #[case::address_of_six("[::1]")]
    #[case::localhost("localhost")]
    #[case::space("slack.com ")]
    #[case::dot_at_the_end("slack.com.")]
    #[case::two_dots("slack..com")]
    #[case::no_port("slack.com:")]
    #[case::port_out_of_range("slack.com:70000")]
    #[case::port_with_a_sign("slack.com:+443")]
    #[case::line_break("slack.com\n")]
    fn what_is_no_host_is_refused(#[case] text: &str) {
        assert!(text.parse::<HostPattern>().is_err());
    }

    #[rstest]
    #[case("slack.com")]
    #[case("*.example.com:8443")]
    fn a_pattern_reads_back(#[case] text: &str) {
        assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), text);
    }
}
