//! The time that is left for an action.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::{client::REQUEST_TIME_LIMIT, error::Error};

/// When an action has to be over, on a clock that can not be set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    ends: Option<Instant>,
}

impl Deadline {
    /// `now` is the time of day at which the action begins.
    pub(super) fn new(deadline: Option<Timestamp>, now: Timestamp) -> Result<Self, Error> {
        let Some(deadline) = deadline else {
            return Ok(Self { ends: None });
        };
        let left = Duration::try_from(deadline.duration_since(now)).map_err(|_| Error::DeadlineExceeded)?;
        // One that is too far away for the clock is none.
        Ok(Self {
            ends: Instant::now().checked_add(left),
        })
    }

    /// How long the next request may take; an error where it must not be sent any more.
    pub(super) fn time_limit(self) -> Result<Duration, Error> {
        let Some(ends) = self.ends else {
            return Ok(REQUEST_TIME_LIMIT);
        };
        match ends.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(Error::DeadlineExceeded),
            left => Ok(left.min(REQUEST_TIME_LIMIT)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn limit(deadline: Option<Timestamp>) -> Result<Duration, Error> {
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
    fn a_far_deadline_does_not_lengthen_a_request() {
        assert_eq!(limit(None).unwrap(), REQUEST_TIME_LIMIT);
        assert_eq!(limit(Some(Timestamp::MAX)).unwrap(), REQUEST_TIME_LIMIT);
    }

    #[test]
    fn nothing_is_sent_at_or_after_the_deadline() {
        for past in [NOW, NOW - SignedDuration::from_secs(1), Timestamp::MIN] {
            assert_eq!(limit(Some(past)).unwrap_err().name(), "Step.DeadlineExceeded");
        }
    }
}
