//! What PagerDuty says of its rate limit.

use reqwest::header::HeaderMap;

/// The longest wait that `ratelimit-reset` may ask for, in seconds.
const LONGEST_RESET: u64 = 300;

/// Where a token stands in its rate limit, as an answer tells it.
///
/// PagerDuty documents the three headers `ratelimit-limit`, `-remaining` and `-reset` and no `Retry-After`, and that an
/// answer may come without them. What is missing or is no whole number is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimit {
    /// How many requests may be made in a window. PagerDuty documents 960 in a minute.
    pub limit: Option<u64>,
    /// How many are left in this window.
    pub remaining: Option<u64>,
    /// How long the window lasts from now, in seconds, from 1 to 300. It is not a point in time.
    pub reset_seconds: Option<u64>,
}

impl RateLimit {
    /// Reads the headers of an answer.
    pub fn read(headers: &HeaderMap) -> Self {
        let number = |name| whole_number(headers.get(name)?.to_str().ok()?);
        Self {
            limit: number("ratelimit-limit"),
            remaining: number("ratelimit-remaining"),
            reset_seconds: number("ratelimit-reset").map(|seconds| seconds.clamp(1, LONGEST_RESET)),
        }
    }

    /// Whether the next request in this window would be refused.
    pub fn is_used_up(&self) -> bool {
        self.remaining == Some(0)
    }
}

fn whole_number(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Only a number with too many digits does not parse.
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use rstest::rstest;

    use super::*;

    fn read(name: &'static str, value: &'static str) -> RateLimit {
        RateLimit::read(&HeaderMap::from_iter([(
            name.parse().unwrap(),
            HeaderValue::from_static(value),
        )]))
    }

    #[rstest]
    #[case::usual("20", Some(20))]
    #[case::now("0", Some(1))]
    #[case::far("999999", Some(300))]
    #[case::absurd("99999999999999999999999999", Some(300))]
    #[case::negative("-1", None)]
    #[case::word("abc", None)]
    #[case::fraction("1.5", None)]
    #[case::empty("", None)]
    fn f5_the_wait_that_pagerduty_asks_for_is_clamped(#[case] header: &'static str, #[case] expected: Option<u64>) {
        assert_eq!(read("ratelimit-reset", header).reset_seconds, expected);
    }

    #[rstest]
    #[case::some_left("7", Some(7), false)]
    #[case::none_left("0", Some(0), true)]
    #[case::negative("-1", None, false)]
    #[case::word("abc", None, false)]
    #[case::absurd("99999999999999999999999999", Some(u64::MAX), false)]
    fn f5_what_is_left_is_a_whole_number_or_not_known(
        #[case] header: &'static str,
        #[case] expected: Option<u64>,
        #[case] is_used_up: bool,
    ) {
        let rate_limit = read("ratelimit-remaining", header);

        assert_eq!(rate_limit.remaining, expected);
        assert_eq!(rate_limit.is_used_up(), is_used_up);
    }

    #[test]
    fn f4_without_headers_nothing_is_known() {
        assert_eq!(RateLimit::read(&HeaderMap::new()), RateLimit::default());
    }
}
