//! The rate limit as an answer tells it, and a memory of refusals.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// The longest wait that `ratelimit-reset` may ask for, in seconds.
const LONGEST_RESET: u64 = 300;

/// The state of a token's rate limit, as an answer tells it in the headers `ratelimit-limit`, `-remaining` and `-reset`.
///
/// PagerDuty documents these three and no `Retry-After`, and that an answer may come without them. What is missing or is no whole
/// number is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimit {
    /// The number of requests that may be made in a window. PagerDuty documents 960 in a minute.
    pub limit: Option<u64>,
    /// The number that is left in this window.
    pub remaining: Option<u64>,
    /// The rest of the window from now, in seconds, from 1 to 300. It is not a point in time.
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

    /// True if the next request in this window would be refused.
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

/// The longest time for which others are held back, in seconds: rate limits are counted by the minute, so a longer time comes from
/// something else, and may be wrong.
const LONGEST_HOLD: i64 = 60;

/// Until when requests of a kind would be turned away.
///
/// A system says in a refusal for how long more requests make no sense. An environment of a function serves many runs one after the
/// other, so it remembers that: the other runs wait as well, without a request of their own. Without this, an alert storm would send
/// each waiting run's request only to be turned away.
#[derive(Debug)]
pub struct RateLimitMemory<K> {
    resets: Mutex<BTreeMap<K, Timestamp>>,
}

impl<K> Default for RateLimitMemory<K> {
    fn default() -> Self {
        Self {
            resets: Mutex::default(),
        }
    }
}

impl<K: Ord> RateLimitMemory<K> {
    /// The seconds for which a request of this kind would still be turned away; none if it may be made.
    pub fn seconds_left(&self, kind: &K, now: Timestamp) -> Option<u32> {
        let resets = self.resets.lock().unwrap_or_else(PoisonError::into_inner);
        let left = resets.get(kind)?.duration_since(now);
        // A clock that was put back must not make the wait longer than any can be.
        if left <= SignedDuration::ZERO || left > SignedDuration::from_secs(LONGEST_HOLD) {
            return None;
        }
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        u32::try_from(seconds).ok()
    }

    /// Remembers that a request of this kind was turned away for so many seconds.
    pub fn turned_away(&self, kind: K, seconds: u64, now: Timestamp) {
        let seconds = i64::try_from(seconds).unwrap_or(LONGEST_HOLD).min(LONGEST_HOLD);
        let Ok(reset) = now.checked_add(SignedDuration::from_secs(seconds)) else {
            return;
        };
        let mut resets = self.resets.lock().unwrap_or_else(PoisonError::into_inner);
        // Who names integrations in expressions must not fill the memory.
        resets.retain(|_, reset| *reset > now);
        resets.insert(kind, reset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;
    use rstest::rstest;

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
    fn f5_the_wait_that_a_system_asks_for_is_clamped(#[case] header: &'static str, #[case] expected: Option<u64>) {
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

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    /// The seconds that are left some milliseconds after a request was turned away for so many seconds.
    fn left(seconds: u64, later_ms: i64) -> Option<u32> {
        let memory = RateLimitMemory::default();
        memory.turned_away("create", seconds, NOW);
        memory.seconds_left(&"create", NOW + SignedDuration::from_millis(later_ms))
    }

    #[test]
    fn f3_other_runs_wait_for_the_rest_of_the_time() {
        assert_eq!(left(20, 0), Some(20));
        assert_eq!(left(20, 5_500), Some(15));
        assert_eq!(left(20, 19_999), Some(1));
        assert_eq!(left(20, 20_000), None);
    }

    #[test]
    fn f5_an_implausible_wait_is_capped_at_a_minute() {
        assert_eq!(left(300, 0), Some(60));
        assert_eq!(left(u64::MAX, 59_000), Some(1));
        assert_eq!(left(u64::MAX, 60_000), None);
    }

    #[test]
    fn f41_a_clock_that_is_set_back_causes_no_wait() {
        assert_eq!(left(20, -3_600_000), None);
    }

    #[test]
    fn requests_of_another_kind_go_on() {
        let memory = RateLimitMemory::default();
        memory.turned_away("create", 20, NOW);
        assert_eq!(memory.seconds_left(&"resolve", NOW), None);
    }
}
