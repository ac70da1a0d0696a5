//! What follows a failed attempt.
//!
//! | class of the failure | repeat is harmless or can look first | repeat is forbidden |
//! |---|---|---|
//! | permanent | fail | fail |
//! | transient: nothing was done | wait, try again | wait, try again |
//! | unknown outcome | wait until it can be seen, try again | fail, and say what to check |
//!
//! The waits grow from 10 s to 5 min; the eight attempts span about a quarter of an hour. When PagerDuty's rate limit
//! turns an attempt away, that attempt does not count, and the wait is what PagerDuty asked for.

use super::Failure;
use crate::{
    action::Repeat,
    error_name::{ErrorName, FailureClass},
    ids::EffectKey,
};
use jiff::SignedDuration;

const ATTEMPTS: u32 = 8;
const FIRST_WAIT_SECONDS: u32 = 10;
const LONGEST_WAIT_SECONDS: u32 = 300;
/// The wait after a rate limit that came without a time.
const RATE_LIMIT_WAIT_SECONDS: u32 = 30;
/// A bound for a token that is turned away all day: at 30 s each, about an hour and a half.
const RATE_LIMITED_ATTEMPTS: u32 = 180;

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) repeat: Repeat,
    pub(super) failure: &'a Failure,
    /// Which attempt it was, counted from 1.
    pub(super) number: u32,
    /// How many before it were turned away by the rate limit.
    pub(super) rate_limited: u32,
    pub(super) effect_key: &'a EffectKey,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// How long to wait before the next attempt; none if there is none.
    pub(super) wait: Option<SignedDuration>,
    /// How many attempts the rate limit has turned away by now.
    pub(super) rate_limited: u32,
}

pub(super) fn after(attempt: &Attempt<'_>) -> Decision {
    let stop = Decision {
        wait: None,
        rate_limited: attempt.rate_limited,
    };
    if attempt.failure.name == ErrorName::PagerDutyRateLimited.as_str() {
        let rate_limited = attempt.rate_limited.saturating_add(1);
        if rate_limited > RATE_LIMITED_ATTEMPTS {
            return stop;
        }
        let asked = attempt.failure.retry_after_seconds.unwrap_or(RATE_LIMIT_WAIT_SECONDS);
        let seconds = asked.clamp(1, LONGEST_WAIT_SECONDS);
        return Decision {
            wait: Some(spread(seconds, attempt)),
            rate_limited,
        };
    }
    let counted = attempt.number.saturating_sub(attempt.rate_limited);
    if counted >= ATTEMPTS {
        return stop;
    }
    let doublings = counted.saturating_sub(1).min(16);
    let backoff = FIRST_WAIT_SECONDS
        .saturating_mul(1 << doublings)
        .min(LONGEST_WAIT_SECONDS);
    let seconds = match (attempt.failure.class(), attempt.repeat) {
        (FailureClass::Permanent, _) | (FailureClass::UnknownOutcome, Repeat::IsForbidden) => return stop,
        (FailureClass::UnknownOutcome, Repeat::NeedsLook { settle_seconds }) => backoff.max(settle_seconds),
        (FailureClass::Transient, _) | (FailureClass::UnknownOutcome, Repeat::IsHarmless) => backoff,
    };
    Decision {
        wait: Some(spread(seconds, attempt)),
        rate_limited: attempt.rate_limited,
    }
}

/// What to tell a person when there is no further attempt.
pub(super) fn advice(repeat: Repeat, failure: &Failure) -> Option<&'static str> {
    match (failure.class(), repeat) {
        (FailureClass::UnknownOutcome, Repeat::IsForbidden) => Some(
            "it may or may not have been done, and doing it again could page people twice: look in PagerDuty, and do it by hand if it is missing",
        ),
        (FailureClass::UnknownOutcome, _) => {
            Some("it may or may not have been done: look in PagerDuty before you start the run again")
        }
        (FailureClass::Transient, _) => Some("no attempts are left: start the run again when PagerDuty is back"),
        (FailureClass::Permanent, _) => None,
    }
}

/// Adds up to a fifth, so that the runs of one outage do not all come back in the same second. It is the same for the
/// same attempt, so that a repeated Plan gives the same command.
fn spread(seconds: u32, attempt: &Attempt<'_>) -> SignedDuration {
    let hash = attempt.effect_key.as_str().bytes().fold(attempt.number, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    let millis = i64::from(seconds) * 1000;
    SignedDuration::from_millis(millis + millis * i64::from(hash % 1000) / 5000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{LanePath, RunId, StepPath};
    use rstest::rstest;

    const LOOK: Repeat = Repeat::NeedsLook { settle_seconds: 10 };

    fn waited(repeat: Repeat, name: &str, number: u32) -> Option<i64> {
        let failure = Failure::from_text(name, "");
        after(&attempt(repeat, &failure, number, 0))
            .wait
            .map(|wait| wait.as_secs())
    }

    fn attempt<'a>(repeat: Repeat, failure: &'a Failure, number: u32, rate_limited: u32) -> Attempt<'a> {
        let run = RunId::for_event(&"w".parse().unwrap(), "e");
        let key = EffectKey::new(&run, 0, &LanePath::main(), &StepPath::top(0));
        Attempt {
            repeat,
            failure,
            number,
            rate_limited,
            effect_key: Box::leak(Box::new(key)),
        }
    }

    #[rstest]
    #[case("PagerDuty.Unauthorized")]
    #[case("Input.Invalid")]
    #[case("Integration.NotFound")]
    fn what_would_fail_again_is_not_tried_again(#[case] name: &str) {
        assert_eq!(waited(LOOK, name, 1), None);
    }

    #[rstest]
    #[case("PagerDuty.OutcomeUnknown")]
    #[case("Sandbox.Timedout")]
    fn f9_an_unknown_outcome_is_tried_again_only_where_that_cannot_do_harm(#[case] name: &str) {
        assert!(
            waited(LOOK, name, 1).unwrap() >= 10,
            "before PagerDuty shows what it has"
        );
        assert!(waited(Repeat::IsHarmless, name, 1).is_some());
        assert_eq!(waited(Repeat::IsForbidden, name, 1), None);
    }

    #[test]
    fn what_was_not_done_is_tried_again_even_where_a_repeat_is_forbidden() {
        assert!(waited(Repeat::IsForbidden, "PagerDuty.Unavailable", 1).is_some());
    }

    #[test]
    fn f1_the_waits_grow_outlast_three_minutes_and_end() {
        let waits: Vec<i64> = (1..)
            .map_while(|number| waited(LOOK, "PagerDuty.Unavailable", number))
            .collect();
        assert_eq!(waits.len(), 7);
        assert!(
            waits.is_sorted() || waits.iter().rev().take(2).all(|wait| *wait >= 300),
            "{waits:?}"
        );
        assert!(waits.iter().sum::<i64>() > 15 * 60, "{waits:?}");
    }

    #[rstest]
    #[case(Some(20), 20)]
    #[case(None, 30)]
    #[case(Some(999_999), 300)]
    #[case(Some(0), 1)]
    fn f3_f4_f5_a_rate_limit_is_waited_out_as_long_as_pagerduty_asks_within_bounds(
        #[case] asked: Option<u32>,
        #[case] least: i64,
    ) {
        let mut failure = Failure::new(ErrorName::PagerDutyRateLimited, "");
        failure.retry_after_seconds = asked;
        let decision = after(&attempt(LOOK, &failure, 9, 8));
        let waited = decision.wait.unwrap().as_secs();
        assert!((least..=least + least / 5 + 1).contains(&waited), "{waited}");
        assert_eq!(decision.rate_limited, 9);
    }
}
