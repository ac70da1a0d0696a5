//! The requests that a call of an action has made, for people who look for the cause of something.
//!
//! Of an address only the host is kept: a path or a query can be a secret.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The number of requests that are kept of a call.
const KEPT: usize = 5;

/// The most of a host that is kept, in bytes. All attempts of a step are in one item of the table.
const HOST_BYTES: usize = 50;

/// The longest method that is kept, in bytes.
const METHOD_BYTES: usize = 7;

/// The requests of a call of an action: the first ones, and the number of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// The first requests, in the order in which they were made.
    first: Vec<Request>,
    /// The number of requests after them.
    #[serde(default, skip_serializing_if = "is_zero")]
    more: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A request that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The method, such as `POST`.
    pub method: String,
    /// The host, without what comes after it.
    pub host: String,
    #[serde(flatten)]
    pub end: RequestEnd,
    /// The time that it took.
    pub milliseconds: u32,
}

/// The end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestEnd {
    /// It was answered with this status.
    Status(u16),
    /// It was not answered.
    Unanswered(Unanswered),
}

/// The reason a request was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Unanswered {
    /// Nothing may be sent to its address.
    Refused,
    /// No connection came about.
    NotConnected,
    /// No answer came in time.
    TimedOut,
    /// The connection broke.
    Broken,
    /// The answer is too large.
    TooLarge,
}

impl Requests {
    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The first ones, in the order in which they were made.
    #[must_use]
    pub fn first(&self) -> &[Request] {
        &self.first
    }

    /// The number of those after the first ones.
    #[must_use]
    pub fn more(&self) -> u32 {
        self.more
    }

    /// Takes note of one more.
    pub fn add(&mut self, request: Request) {
        match self.first.len() < KEPT {
            true => self.first.push(request),
            false => self.more = self.more.saturating_add(1),
        }
    }

    /// Takes the requests off the end of a text that they were put behind with [`Self::put_behind`].
    #[must_use]
    pub fn take_from(text: &str) -> (&str, Self) {
        let parts = text
            .strip_suffix(END)
            .and_then(|text| text.rsplit_once(BEGIN))
            .and_then(|(text, requests)| Some((text, requests.parse().ok()?)));
        parts.unwrap_or((text, Self::default()))
    }

    /// A text with the requests behind it.
    #[must_use]
    pub fn put_behind(&self, text: String) -> String {
        match self.is_empty() {
            true => text,
            false => format!("{text}{BEGIN}{self}{END}"),
        }
    }
}

/// The beginning and the end of the requests behind a text.
const BEGIN: &str = " [requests: ";
const END: &str = "]";

impl Request {
    /// A request of at most the length that is kept.
    #[must_use]
    pub fn new(method: &str, host: &str, end: RequestEnd, milliseconds: u32) -> Self {
        let shortened = |text: &str, most: usize| {
            let kept = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
            let is_plain = |c: &char| !c.is_whitespace() && !matches!(c, ';' | '[' | ']');
            let kept: String = kept.chars().filter(is_plain).collect();
            match kept.is_empty() {
                true => "-".to_owned(),
                false => kept,
            }
        };
        Self {
            method: shortened(method, METHOD_BYTES),
            host: shortened(host, HOST_BYTES),
            end,
            milliseconds,
        }
    }
}

impl fmt::Display for Requests {
    /// In a line, from which they can be read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for request in &self.first {
            write!(f, "{before}{request}")?;
            before = SEPARATOR;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "{before}{more}{MORE}"),
        }
    }
}

const SEPARATOR: &str = "; ";
const MORE: &str = " more";

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            host,
            end,
            milliseconds,
        } = self;
        write!(f, "{method} {host} {end} in {milliseconds} ms")
    }
}

impl fmt::Display for RequestEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Unanswered(reason) => f.write_str(reason.into_str()),
        }
    }
}

/// A text that says no requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not say requests")]
pub struct NoRequests;

impl FromStr for Requests {
    type Err = NoRequests;

    fn from_str(text: &str) -> Result<Self, NoRequests> {
        let mut requests = Self::default();
        let mut parts = text.split(SEPARATOR).peekable();
        while let Some(part) = parts.next() {
            match part.strip_suffix(MORE) {
                Some(more) if parts.peek().is_none() => requests.more = more.parse().map_err(|_| NoRequests)?,
                _ => requests.first.push(part.parse()?),
            }
        }
        match requests.first.len() {
            1..=KEPT => Ok(requests),
            _ => Err(NoRequests),
        }
    }
}

impl FromStr for Request {
    type Err = NoRequests;

    fn from_str(text: &str) -> Result<Self, NoRequests> {
        let parts: Vec<&str> = text.split(' ').collect();
        let [method, host, end, "in", milliseconds, "ms"] = parts.as_slice() else {
            return Err(NoRequests);
        };
        let end = match end.parse() {
            Ok(status) => RequestEnd::Status(status),
            Err(_) => RequestEnd::Unanswered(end.parse().map_err(|_| NoRequests)?),
        };
        let milliseconds = milliseconds.parse().map_err(|_| NoRequests)?;
        Ok(Self::new(method, host, end, milliseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn request(end: RequestEnd) -> Request {
        Request::new("POST", "slack.com", end, 143)
    }

    fn requests(number: usize) -> Requests {
        let mut requests = Requests::default();
        (0..number).for_each(|_| requests.add(request(RequestEnd::Status(200))));
        requests
    }

    #[rstest]
    #[case::answered(RequestEnd::Status(200), "POST slack.com 200 in 143 ms")]
    #[case::not_connected(
        RequestEnd::Unanswered(Unanswered::NotConnected),
        "POST slack.com not_connected in 143 ms"
    )]
    #[case::late(RequestEnd::Unanswered(Unanswered::TimedOut), "POST slack.com timed_out in 143 ms")]
    fn a_request_has_a_line_from_which_it_can_be_read(#[case] end: RequestEnd, #[case] line: &str) {
        assert_eq!(request(end).to_string(), line);
        assert_eq!(line.parse(), Ok(request(end)));
    }

    #[rstest]
    #[case(1)]
    #[case(5)]
    #[case::more_than_are_kept(8)]
    fn requests_are_read_from_behind_a_message(#[case] number: usize) {
        let made = requests(number);
        let text = made.put_behind("it failed [requests: or not]".to_owned());
        assert_eq!(Requests::take_from(&text), ("it failed [requests: or not]", made));
    }

    #[rstest]
    #[case::none("it failed")]
    #[case::something_else("it failed [requests: or not]")]
    #[case::empty("it failed [requests: ]")]
    #[case::more_of_nothing("it failed [requests: 3 more]")]
    fn a_message_without_requests_stays_as_it_is(#[case] text: &str) {
        assert_eq!(Requests::take_from(text), (text, Requests::default()));
        assert_eq!(Requests::default().put_behind(text.to_owned()), text);
    }

    #[test]
    fn only_the_first_requests_are_kept_and_the_others_counted() {
        let requests = requests(8);
        assert_eq!((requests.first().len(), requests.more()), (5, 3));
        assert!(requests.to_string().ends_with("; 3 more"), "{requests}");
    }

    #[test]
    fn no_host_makes_the_requests_long_or_unreadable() {
        let mut requests = Requests::default();
        for _ in 0..9 {
            let end = RequestEnd::Unanswered(Unanswered::NotConnected);
            requests.add(Request::new("PROPPATCH", &"[ä;] ".repeat(90), end, u32::MAX));
        }
        let text = requests.to_string();
        assert!(text.len() < 520, "{} bytes", text.len());
        assert_eq!(text.parse(), Ok(requests));
    }
}
