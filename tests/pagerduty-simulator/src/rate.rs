//! PagerDuty's limit of requests per minute and token.

use http::HeaderName;
use jiff::{SignedDuration, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// Counts the requests of one token in windows of a minute.
///
/// PagerDuty documents 960 requests a minute and the three `ratelimit-*` headers; that the window is a fixed one is
/// UNVERIFIED.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateWindow {
    started_at: Option<Timestamp>,
    used: u32,
}

/// Where a token stands after one more request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateState {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Whole seconds until the window ends, not a point in time.
    pub(crate) reset_seconds: i64,
    pub(crate) exceeded: bool,
}

impl RateWindow {
    pub(crate) fn count(&mut self, limit: u32, now: Timestamp) -> RateState {
        let started_at = match self.started_at {
            Some(started_at) if now.duration_since(started_at) < WINDOW => started_at,
            _ => {
                self.used = 0;
                *self.started_at.insert(now)
            }
        };
        let exceeded = self.used >= limit;
        self.used = self.used.saturating_add(1);
        let left = WINDOW.saturating_sub(now.duration_since(started_at));
        RateState {
            limit,
            remaining: limit.saturating_sub(self.used),
            reset_seconds: left.as_secs() + i64::from(left.subsec_nanos() > 0),
            exceeded,
        }
    }
}

impl RateState {
    pub(crate) fn headers(self) -> [(HeaderName, String); 3] {
        [
            (HeaderName::from_static("ratelimit-limit"), self.limit.to_string()),
            (
                HeaderName::from_static("ratelimit-remaining"),
                self.remaining.to_string(),
            ),
            (
                HeaderName::from_static("ratelimit-reset"),
                self.reset_seconds.to_string(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_beyond_the_limit_is_refused_until_the_minute_is_over() {
        let start: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
        let mut window = RateWindow::default();

        let first = window.count(2, start);
        let second = window.count(2, start);
        let third = window.count(2, start + SignedDuration::from_secs(40));
        let next_minute = window.count(2, start + SignedDuration::from_secs(60));

        assert_eq!(
            first,
            RateState {
                limit: 2,
                remaining: 1,
                reset_seconds: 60,
                exceeded: false
            }
        );
        assert_eq!(
            second,
            RateState {
                limit: 2,
                remaining: 0,
                reset_seconds: 60,
                exceeded: false
            }
        );
        assert_eq!(
            third,
            RateState {
                limit: 2,
                remaining: 0,
                reset_seconds: 20,
                exceeded: true
            }
        );
        assert_eq!(
            next_minute,
            RateState {
                limit: 2,
                remaining: 1,
                reset_seconds: 60,
                exceeded: false
            }
        );
    }
}
