//! The time for which a refusal asks to wait.

use crate::connector::RateLimitRule;
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{HeaderMap, HeaderName};

/// The longest wait that a refusal may ask for, in seconds.
const LONGEST: i64 = 300;

/// The seconds that a refusal asks to wait, from 1 to 300; none where it does not say.
pub(super) fn seconds(rule: &RateLimitRule, headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let text = |name: &HeaderName| Some(headers.get(name)?.to_str().ok()?.trim());
    let after = |name: &HeaderName| {
        let text = text(name)?;
        number(text).or_else(|| Some(until(rfc2822::parse(text).ok()?.timestamp(), now)))
    };
    let reset = |name: &HeaderName| {
        let reset = number(text(name)?)?;
        Some(until(Timestamp::from_second(reset).unwrap_or(Timestamp::MAX), now))
    };
    let seconds = rule.after.as_ref().and_then(after);
    let seconds = seconds.or_else(|| rule.reset.as_ref().and_then(reset))?;
    u64::try_from(seconds.clamp(1, LONGEST)).ok()
}

/// The seconds until a time, rounded up.
fn until(time: Timestamp, now: Timestamp) -> i64 {
    let left = time.duration_since(now);
    left.as_secs().saturating_add(i64::from(left.subsec_nanos() > 0))
}

/// A number of seconds; some systems write fractions of them.
fn number(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole: i64 = whole.parse().unwrap_or(i64::MAX);
    Some(whole.saturating_add(i64::from(fraction.bytes().any(|digit| digit != b'0'))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;
    use rstest::rstest;

    /// Sat, 01 Jan 2028 00:00:00 GMT
    const NOW: Timestamp = Timestamp::constant(1_830_297_600, 0);

    fn after(name: HeaderName) -> RateLimitRule {
        RateLimitRule {
            after: Some(name),
            reset: None,
        }
    }

    fn reset(name: HeaderName) -> RateLimitRule {
        RateLimitRule {
            after: None,
            reset: Some(name),
        }
    }

    fn waits(rule: fn(HeaderName) -> RateLimitRule, text: &'static str) -> Option<u64> {
        let name = HeaderName::from_static("x-wait");
        let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(text))]);
        seconds(&rule(name), &headers, NOW)
    }

    #[rstest]
    #[case::seconds("30", Some(30))]
    #[case::now("0", Some(1))]
    #[case::fraction("0.25", Some(1))]
    #[case::more_than_a_second("1.5", Some(2))]
    #[case::far("86400", Some(300))]
    #[case::absurd("99999999999999999999999", Some(300))]
    #[case::date("Sat, 01 Jan 2028 00:01:30 GMT", Some(90))]
    #[case::date_before_now("Fri, 31 Dec 2027 00:00:00 GMT", Some(1))]
    #[case::word("soon", None)]
    #[case::negative("-1", None)]
    #[case::empty("", None)]
    fn f5_seconds_or_a_date_say_how_long(#[case] text: &'static str, #[case] expected: Option<u64>) {
        assert_eq!(waits(after, text), expected);
    }

    #[rstest]
    #[case::later("1830297645", Some(45))]
    #[case::before_now("1830297000", Some(1))]
    #[case::far("1999999999", Some(300))]
    #[case::no_number("tomorrow", None)]
    fn f5_a_time_says_until_when(#[case] text: &'static str, #[case] expected: Option<u64>) {
        assert_eq!(waits(reset, text), expected);
    }

    #[test]
    fn f4_without_the_header_nothing_is_known() {
        assert_eq!(seconds(&RateLimitRule::default(), &HeaderMap::new(), NOW), None);
    }

    #[rstest]
    #[case::the_first_counts(&[("retry-after", "7"), ("x-reset", "1830297645")], Some(7))]
    #[case::only_the_second_is_there(&[("x-reset", "1830297645")], Some(45))]
    #[case::the_first_says_nothing(&[("retry-after", "soon"), ("x-reset", "1830297645")], Some(45))]
    #[case::neither_is_there(&[("x-other", "7")], None)]
    fn f5_a_system_can_have_two_headers(#[case] given: &[(&'static str, &'static str)], #[case] expected: Option<u64>) {
        let rule = RateLimitRule {
            reset: Some(HeaderName::from_static("x-reset")),
            ..RateLimitRule::default()
        };
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = given.iter().map(header).collect();
        assert_eq!(seconds(&rule, &headers, NOW), expected);
    }
}
