//! Words and numbers of PagerDuty's that an input may have, and no others.
//!
//! What PagerDuty answers may have words that are new; what it is asked for may not: it ignores a filter that it does not
//! know, and then gives everything.

use std::fmt;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::incident;

/// The urgency of a new incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Urgency {
    /// By the high-urgency rules of those on call.
    High,
    /// By their low-urgency rules.
    Low,
}

/// The statuses of the incidents that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum IncidentStatus {
    /// It is not taken yet.
    Triggered,
    /// A person works on it.
    Acknowledged,
    /// It is over.
    Resolved,
}

/// The statuses of the alerts that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AlertStatus {
    /// It is open.
    Triggered,
    /// It is over.
    Resolved,
}

/// The severity of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Severity {
    /// The worst.
    Critical,
    /// Something failed.
    Error,
    /// Something may fail.
    Warning,
    /// Good to know.
    Info,
}

impl From<Urgency> for incident::Urgency {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::High => Self::High,
            Urgency::Low => Self::Low,
        }
    }
}

/// A number or a text that is out of its range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfRange(&'static str);

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for OutOfRange {}

/// The number of entries that are asked for: 1 to 100, which is the most that PagerDuty gives at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct ListLimit(u64);

impl ListLimit {
    /// The most that PagerDuty gives at once.
    pub(crate) const MOST: u32 = 100;

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// PagerDuty's default.
impl Default for ListLimit {
    fn default() -> Self {
        Self(25)
    }
}

impl TryFrom<u64> for ListLimit {
    type Error = OutOfRange;

    fn try_from(limit: u64) -> Result<Self, OutOfRange> {
        match limit {
            1.. if limit <= Self::MOST.into() => Ok(Self(limit)),
            _ => Err(OutOfRange("the limit is out of range; give a number from 1 to 100")),
        }
    }
}

/// A level of an escalation policy, from 1. PagerDuty refuses one that the policy does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct EscalationLevel(u32);

impl TryFrom<u32> for EscalationLevel {
    type Error = OutOfRange;

    fn try_from(level: u32) -> Result<Self, OutOfRange> {
        match level {
            0 => Err(OutOfRange("the escalation level is 0; the first one is 1")),
            level => Ok(Self(level)),
        }
    }
}

/// The time for which an incident shall be silent: whole seconds, from one to seven days, written like `30m`, `4h` or `1d 12h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SnoozeLength(u32);

impl SnoozeLength {
    /// The longest that PagerDuty takes, in seconds: seven days.
    pub(crate) const LONGEST: u32 = 604_800;

    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<String> for SnoozeLength {
    type Error = OutOfRange;

    fn try_from(text: String) -> Result<Self, OutOfRange> {
        let unreadable = |_| OutOfRange("this is not a length of time; write it like 30m, 4h or 1d 12h");
        let span: Span = text.trim().parse().map_err(unreadable)?;
        let duration = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(unreadable)?;
        let seconds = u32::try_from(duration.as_secs()).unwrap_or_default();
        match seconds {
            1..=Self::LONGEST if duration == SignedDuration::from_secs(seconds.into()) => Ok(Self(seconds)),
            _ => Err(OutOfRange(
                "this length of time is out of range; give whole seconds, from 1s to 7d",
            )),
        }
    }
}

/// An address of the web that people may open: it begins with `https://` or `http://`. PagerDuty takes both, and tools of a
/// private network often have no other. What a browser would run, such as `javascript:`, is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebAddress(String);

impl WebAddress {
    /// The address itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for WebAddress {
    type Error = OutOfRange;

    fn try_from(text: String) -> Result<Self, OutOfRange> {
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let is_address = |rest: &str| {
            !rest.starts_with(['/', '?', '#'])
                && !rest.is_empty()
                && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        match rest.is_some_and(is_address) {
            true => Ok(Self(text)),
            false => Err(OutOfRange(
                "this is not an address of the web; write it like https://example.com/page",
            )),
        }
    }
}

impl From<WebAddress> for String {
    fn from(address: WebAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("1s", 1)]
    #[case("30m", 1800)]
    #[case("4h", 14_400)]
    #[case("1d 12h", 129_600)]
    #[case("7d", 604_800)]
    fn a_snooze_is_as_long_as_people_write_it(#[case] text: &str, #[case] seconds: u32) {
        assert_eq!(SnoozeLength::try_from(text.to_owned()).unwrap().seconds(), seconds);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::zero("0s")]
    #[case::negative("-1h")]
    #[case::too_long("7d 1s")]
    #[case::fraction("1.5s")]
    #[case::month("1 month")]
    #[case::word("soon")]
    fn a_snooze_of_another_length_is_refused(#[case] text: &str) {
        assert!(SnoozeLength::try_from(text.to_owned()).is_err());
    }

    #[rstest]
    #[case(0, false)]
    #[case(1, true)]
    #[case(100, true)]
    #[case(101, false)]
    fn a_limit_is_what_pagerduty_gives_at_once(#[case] limit: u64, #[case] is_valid: bool) {
        assert_eq!(serde_json::from_value::<ListLimit>(json!(limit)).is_ok(), is_valid);
    }

    #[rstest]
    #[case("https://example.com/call?id=1", true)]
    #[case("http://[::]:9092/kapacitor/v1", true)]
    #[case("https://", false)]
    #[case("https:///page", false)]
    #[case("https://example.com/a b", false)]
    #[case("javascript:alert(1)", false)]
    #[case("example.com", false)]
    fn an_address_for_people_is_one_of_the_web(#[case] address: &str, #[case] is_valid: bool) {
        assert_eq!(WebAddress::try_from(address.to_owned()).is_ok(), is_valid);
    }

    #[test]
    fn a_word_that_pagerduty_would_ignore_is_refused() {
        assert!(serde_json::from_value::<IncidentStatus>(json!("open")).is_err());
        assert!(serde_json::from_value::<Severity>(json!("fatal")).is_err());
    }
}
