//! The time that is left for an action.

use crate::http::REQUEST_TIME_LIMIT;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// With how much time left, or more, an action begins that was called at once: a call has 60 s. Whatever begins with less
/// may be a late repeat of a call that has been answered long since, because Lambda may run a call twice.
const FRESH: Duration = Duration::from_secs(50);

/// The reason that nothing more is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The deadline has passed.
    Over,
    /// So little time was left at the beginning that this call may be a late double of one that was answered long since.
    BegunLate,
}

/// The time at which an action has to be over, on a clock that can not be set: that of the runtime, so that a simulation's own time
/// counts.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    ends: Option<Instant>,
    begins_late: bool,
}

impl Deadline {
    /// `now` is the time of day at which the action begins.
    pub fn new(deadline: Option<Timestamp>, now: Timestamp) -> Result<Self, Missed> {
        let Some(deadline) = deadline else {
            return Ok(Self {
                ends: None,
                begins_late: false,
            });
        };
        let left = Duration::try_from(deadline.duration_since(now)).map_err(|_| Missed::Over)?;
        // One that is too far away for the clock is none.
        Ok(Self {
            ends: Instant::now().checked_add(left),
            begins_late: left < FRESH,
        })
    }

    /// True if another call of the same attempt may have been here before.
    pub fn begins_late(self) -> bool {
        self.begins_late
    }

    /// For what would reach people a second time: an error where another call of the same attempt may have been here
    /// before.
    pub fn only_in_time(self) -> Result<Self, Missed> {
        match self.begins_late {
            true => Err(Missed::BegunLate),
            false => Ok(self),
        }
    }

    /// The time that the next request may take; an error where it must not be sent any more.
    pub fn time_limit(self) -> Result<Duration, Missed> {
        self.time_limit_of(REQUEST_TIME_LIMIT)
    }

    /// The same for a request that may take so long.
    pub fn time_limit_of(self, longest: Duration) -> Result<Duration, Missed> {
        let Some(ends) = self.ends else {
            return Ok(longest);
        };
        match ends.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(Missed::Over),
            left => Ok(left.min(longest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn limit(deadline: Option<Timestamp>) -> Result<Duration, Missed> {
        Deadline::new(deadline, NOW)?.time_limit()
    }

    #[test]
    fn a_request_takes_no_longer_than_is_left() {
        let limit = limit(Some(NOW + SignedDuration::from_secs(4))).unwrap();

        assert!(
            limit <= Duration::from_secs(4) && limit > Duration::from_secs(2),
            "{limit:?}"
        );
    }

    #[test]
    fn what_begins_with_much_less_time_than_a_call_has_is_late() {
        let late = |seconds| {
            Deadline::new(Some(NOW + SignedDuration::from_secs(seconds)), NOW)
                .unwrap()
                .begins_late()
        };

        assert!(late(49) && !late(50) && !late(60));
        assert!(!Deadline::new(None, NOW).unwrap().begins_late());
    }

    #[test]
    fn a_far_deadline_does_not_lengthen_a_request() {
        assert_eq!(limit(None).unwrap(), REQUEST_TIME_LIMIT);
        assert_eq!(limit(Some(Timestamp::MAX)).unwrap(), REQUEST_TIME_LIMIT);
    }

    #[test]
    fn a_request_that_takes_longer_than_others_is_given_that() {
        let longest = REQUEST_TIME_LIMIT * 2;
        let limit = |deadline| Deadline::new(deadline, NOW)?.time_limit_of(longest);

        assert_eq!(limit(None), Ok(longest));
        assert_eq!(limit(Some(Timestamp::MAX)), Ok(longest));
        assert!(limit(Some(NOW + SignedDuration::from_secs(4))).unwrap() <= Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn time_runs_on_the_clock_of_the_runtime() {
        let deadline = Deadline::new(Some(NOW + SignedDuration::from_secs(4)), NOW).unwrap();

        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(deadline.time_limit(), Ok(Duration::from_secs(1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(deadline.time_limit(), Err(Missed::Over));
    }

    #[test]
    fn nothing_is_sent_at_or_after_the_deadline() {
        for past in [NOW, NOW - SignedDuration::from_secs(1), Timestamp::MIN] {
            assert_eq!(limit(Some(past)), Err(Missed::Over));
        }
    }
}
