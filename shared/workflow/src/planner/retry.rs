//! The decision after a failed attempt.
//!
//! | class of the failure | repeat only reads | repeat sets a state | repeat looks first | repeat is forbidden |
//! |---|---|---|---|---|
//! | permanent | fail | fail | fail | fail |
//! | transient: nothing was done | wait, try again | wait, try again | wait, try again | wait, try again |
//! | unknown outcome | wait, try again | wait until it can no longer happen, try again | wait until it can be seen, try again | fail, and say what to check |
//!
//! The number of attempts and how the waits between them grow is the step's `retry`; without one they grow from 10 s
//! to 5 min, and eight attempts span about a quarter of an hour. A `retry` that names errors has just these tried again, also
//! one that would otherwise be permanent; it cannot have an unknown outcome repeated that must not be.
//!
//! Two refusals say nothing about the attempt, which therefore does not count: when a rate limit turns it away, the wait is what the
//! system asked for; and when the system does not find an id that a step of this run was given a moment ago, it is asked again after a
//! few seconds, until it must know the id.

use super::Failure;
use crate::{
    action::{ActionSpec, Repeat},
    definition::Retry,
    error_name::{FailureClass, NamedError},
    ids::EffectKey,
};
use jiff::SignedDuration;
use std::borrow::Cow;

const LONGEST_RATE_LIMIT_WAIT_SECONDS: u32 = 300;
/// The wait after a rate limit that came without a time.
const RATE_LIMIT_WAIT_SECONDS: u32 = 30;
/// A bound for a token that is turned away all day: at 30 s each, about an hour and a half.
const RATE_LIMITED_ATTEMPTS: u32 = 180;

/// The most attempts that a step can have.
pub const MOST_ATTEMPTS: u32 = crate::definition::limits::ATTEMPTS + RATE_LIMITED_ATTEMPTS;

/// The first wait for an id that the system does not know yet. It doubles twice.
const UNSEEN_WAIT_SECONDS: i64 = 2;

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) repeat: &'a Repeat,
    pub(super) policy: Retry,
    pub(super) failure: &'a Failure,
    /// The attempt that it was, counted from 1.
    pub(super) number: u32,
    /// The number of attempts before it that the rate limit turned away.
    pub(super) rate_limited: u32,
    /// The number of attempts before it that were refused because the system did not know an id yet.
    pub(super) unseen: u32,
    /// True if the system may still not know an id that the attempt is about.
    pub(super) is_about_a_fresh_id: bool,
    /// The time for which the call may go on of which no answer came, in seconds.
    pub(super) call_seconds: u32,
    pub(super) effect_key: &'a EffectKey,
}

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// The pause before the next attempt; none if there is none.
    pub(super) wait: Option<SignedDuration>,
    /// The number of attempts that the rate limit has turned away by now.
    pub(super) rate_limited: u32,
    /// The number of attempts that were refused so far because the system did not know an id yet.
    pub(super) unseen: u32,
}

pub(super) fn after(attempt: &Attempt<'_>) -> Decision {
    let stop = Decision {
        wait: None,
        rate_limited: attempt.rate_limited,
        unseen: attempt.unseen,
    };
    let class = attempt.failure.class();
    if class == FailureClass::RateLimited {
        let rate_limited = attempt.rate_limited.saturating_add(1);
        if rate_limited > RATE_LIMITED_ATTEMPTS {
            return stop;
        }
        return Decision {
            wait: Some(spread(asked_pause(attempt.failure), attempt)),
            rate_limited,
            ..stop
        };
    }
    if class == FailureClass::NotFound && attempt.is_about_a_fresh_id {
        return Decision {
            wait: Some(SignedDuration::from_secs(UNSEEN_WAIT_SECONDS << attempt.unseen.min(2))),
            unseen: attempt.unseen.saturating_add(1),
            ..stop
        };
    }
    let counted = attempt
        .number
        .saturating_sub(attempt.rate_limited)
        .saturating_sub(attempt.unseen);
    if counted >= attempt.policy.max_attempts || !attempt.policy.covers(attempt.failure) {
        return stop;
    }
    let backoff = attempt.policy.wait_after(counted);
    let repeat = attempt.repeat;
    let repeat = match sabotage::breaks(sabotage::Break::ForbiddenAgain) {
        true => &Repeat::IsHarmless,
        false => repeat,
    };
    let wait = match (class, repeat) {
        (FailureClass::UnknownOutcome, Repeat::IsForbidden { .. }) => return stop,
        (FailureClass::UnknownOutcome, repeat) => backoff.max(SignedDuration::from_secs(unsettled(attempt, repeat))),
        // One that passes, or that the step's `retry` names.
        _ => backoff,
    };
    Decision {
        wait: Some(match attempt.policy.jitter {
            true => spread(wait, attempt),
            false => wait,
        }),
        ..stop
    }
}

/// The pause that a rate limit asks for.
pub(super) fn asked_pause(failure: &Failure) -> SignedDuration {
    let asked = failure.retry_after_seconds.unwrap_or(RATE_LIMIT_WAIT_SECONDS);
    SignedDuration::from_secs(asked.clamp(1, LONGEST_RATE_LIMIT_WAIT_SECONDS).into())
}

/// How many seconds after a failure of unknown outcome another attempt can be made: what was asked for is either done by then, or will
/// never be, and one that looks can rely on what it sees.
fn unsettled(attempt: &Attempt<'_>, repeat: &Repeat) -> i64 {
    if sabotage::breaks(sabotage::Break::NoSettling) {
        return 0;
    }
    let repeat = match repeat {
        Repeat::SetsState { .. } if sabotage::breaks(sabotage::Break::StateAtOnce) => &Repeat::IsHarmless,
        repeat => repeat,
    };
    let failure = attempt.failure;
    // A call of which no answer came, or which Lambda has lost track of, may still go on, and send.
    let call = match failure.call_may_go_on() {
        true => attempt.call_seconds,
        false => 0,
    };
    let look = match (repeat, failure.retry_after_seconds) {
        // The action knows what it sent, when, and how it broke off.
        (Repeat::NeedsLook { .. }, Some(seconds)) => seconds,
        (Repeat::NeedsLook { settling }, None) => settling.longest_seconds(),
        (Repeat::SetsState { settling }, Some(seconds)) => seconds.saturating_sub(settling.shown_seconds),
        (Repeat::SetsState { settling }, None) => settling.carried_out_seconds,
        (Repeat::IsForbidden { .. }, _) => 0,
        // What only reads can be asked twice at once.
        (Repeat::IsHarmless, _) => return 0,
    };
    i64::from(call).saturating_add(look.into())
}

impl Retry {
    /// True if a failure is one that is tried again.
    fn covers(&self, failure: &Failure) -> bool {
        let Some(errors) = &self.errors else {
            return failure.class().may_pass();
        };
        let of_that_name = NamedError::parse(&failure.name).is_some_and(|name| errors.contains(&name));
        // A time-out or a crash has many names, all of which mean this.
        let is_unknown = |class| class == FailureClass::UnknownOutcome;
        let unknown = is_unknown(failure.class()) && errors.iter().any(|name| is_unknown(name.class()));
        of_that_name || unknown
    }

    /// The wait after the `counted`-th attempt.
    pub(super) fn wait_after(&self, counted: u32) -> SignedDuration {
        let longest = self.max_interval.duration();
        let grown = self.backoff.powf(f64::from(counted.saturating_sub(1))) * self.interval.duration().as_secs_f64();
        match SignedDuration::try_from_secs_f64(grown) {
            Ok(grown) => grown.min(longest),
            Err(_) => longest,
        }
    }
}

/// The advice to a person when there is no further attempt.
pub(super) fn advice(action: &ActionSpec, failure: &Failure) -> Option<Cow<'static, str>> {
    let system = &action.system;
    match (failure.class(), &action.repeat) {
        (FailureClass::UnknownOutcome, Repeat::IsForbidden { look }) => Some(Cow::Owned(format!(
            "it may or may not have been done, and it is not tried again because people could be told twice: look in \
             {system} {look}, and do it by hand if it is missing"
        ))),
        (FailureClass::UnknownOutcome, _) => Some(Cow::Owned(format!(
            "it may or may not have been done: look in {system} before you start the run again"
        ))),
        (FailureClass::Transient | FailureClass::RateLimited, _) => Some(Cow::Owned(format!(
            "no attempts are left: start the run again when {system} is back"
        ))),
        (FailureClass::Permanent | FailureClass::NotFound, _) => None,
    }
}

/// Adds up to a fifth, so that the runs of one outage do not all come back in the same second. It is the same for the
/// same attempt, so that a repeated Plan gives the same command.
fn spread(wait: SignedDuration, attempt: &Attempt<'_>) -> SignedDuration {
    let hash = attempt.effect_key.as_str().bytes().fold(attempt.number, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    let part = i32::try_from(hash % 1000).unwrap_or_default();
    wait.saturating_add(wait / 5000 * part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Settling, tests::action};
    use crate::error_name::{SystemError, SystemName};
    use crate::ids::{LanePath, RunId, Section, StepPath};
    use rstest::rstest;

    const SETTLING: Settling = Settling {
        carried_out_seconds: 30,
        shown_seconds: 10,
    };
    const LOOK: Repeat = Repeat::NeedsLook { settling: SETTLING };
    const STATE: Repeat = Repeat::SetsState { settling: SETTLING };
    const FORBIDDEN: Repeat = Repeat::IsForbidden {
        look: Cow::Borrowed("whether people were told"),
    };

    fn of_pagerduty(error: SystemError) -> NamedError {
        NamedError::System(SystemName::known("PagerDuty"), error)
    }

    fn waited(repeat: Repeat, name: &str, number: u32) -> Option<i64> {
        let failure = Failure::from_text(name, "");
        after(&attempt(repeat, &failure, number, 0))
            .wait
            .map(|wait| wait.as_secs())
    }

    fn attempt<'a>(repeat: Repeat, failure: &'a Failure, number: u32, rate_limited: u32) -> Attempt<'a> {
        let run = RunId::for_event(&"w".parse().unwrap(), "e");
        let key = EffectKey::new(&run, 0, &LanePath::main(), &StepPath::top(Section::Steps, 0));
        Attempt {
            repeat: Box::leak(Box::new(repeat)),
            policy: Retry::default(),
            failure,
            number,
            rate_limited,
            unseen: 0,
            is_about_a_fresh_id: false,
            call_seconds: 60,
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
        assert!(waited(STATE, name, 1).is_some());
        assert_eq!(waited(FORBIDDEN, name, 1), None);
    }

    #[rstest]
    #[case::the_action_tells_how_long("PagerDuty.OutcomeUnknown", Some(10), 10)]
    #[case::it_may_still_be_carried_out("PagerDuty.OutcomeUnknown", None, 40)]
    #[case::the_function_crashed("Runtime.ExitError", None, 40)]
    #[case::the_function_was_stopped("Sandbox.Timedout", None, 40)]
    #[case::step_functions_gave_up("States.Timeout", None, 40)]
    #[case::lambda_lost_track_of_the_call("Lambda.Unknown", None, 100)]
    #[case::the_answer_went_missing("Answer.Missing", None, 100)]
    fn a_look_comes_when_what_it_looks_for_can_be_seen_or_can_no_longer_happen(
        #[case] name: &str,
        #[case] told: Option<u32>,
        #[case] least: i64,
    ) {
        let mut failure = Failure::from_text(name, "");
        failure.retry_after_seconds = told;
        let wait = after(&attempt(LOOK, &failure, 1, 0)).wait.unwrap().as_secs();
        assert!((least..=least + least / 5 + 1).contains(&wait), "{wait}");
    }

    #[rstest]
    #[case::lambda_lost_track_of_the_call("Lambda.Unknown")]
    #[case::the_answer_went_missing("Answer.Missing")]
    #[case::the_function_was_stopped("Sandbox.Timedout")]
    fn what_only_reads_does_not_wait_for_a_call_that_may_go_on(#[case] name: &str) {
        let backoff = waited(Repeat::IsHarmless, "PagerDuty.Unavailable", 1);
        assert_eq!(waited(Repeat::IsHarmless, name, 1), backoff);
    }

    #[rstest]
    #[case::the_action_says_that_it_may_go_on("PagerDuty.OutcomeUnknown", Some(40), 30)]
    #[case::the_action_says_that_it_is_over("PagerDuty.OutcomeUnknown", Some(10), 10)]
    #[case::the_function_crashed("Runtime.ExitError", None, 30)]
    #[case::lambda_lost_track_of_the_call("Lambda.Unknown", None, 90)]
    fn what_sets_a_state_is_asked_for_again_when_the_request_before_can_no_longer_be_carried_out(
        #[case] name: &str,
        #[case] told: Option<u32>,
        #[case] least: i64,
    ) {
        let mut failure = Failure::from_text(name, "");
        failure.retry_after_seconds = told;
        let wait = after(&attempt(STATE, &failure, 1, 0)).wait.unwrap().as_secs();
        assert!((least..=least + least / 5 + 1).contains(&wait), "{wait}");
    }

    #[test]
    fn f9_a_person_is_told_what_to_look_for_when_it_cannot_be_tried_again() {
        let failure = Failure::new(of_pagerduty(SystemError::OutcomeUnknown), "");
        let action = ActionSpec {
            repeat: FORBIDDEN,
            ..ActionSpec::clone(action("pagerduty.add_responders"))
        };
        let advice = advice(&action, &failure).unwrap();
        assert!(
            advice.contains("look in PagerDuty whether people were told"),
            "{advice}"
        );
    }

    #[test]
    fn what_was_not_done_is_tried_again_even_where_a_repeat_is_forbidden() {
        assert!(waited(FORBIDDEN, "PagerDuty.Unavailable", 1).is_some());
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

    #[test]
    fn an_id_that_pagerduty_does_not_know_yet_is_asked_for_again_by_any_action_whatever_its_retry_says() {
        let failure = Failure::new(of_pagerduty(SystemError::NotFound), "");
        for repeat in [LOOK, FORBIDDEN, STATE, Repeat::IsHarmless] {
            let mut attempt = attempt(repeat, &failure, 1, 0);
            attempt.policy.max_attempts = 1;
            attempt.policy.errors = Some([of_pagerduty(SystemError::Unavailable)].into_iter().collect());
            attempt.is_about_a_fresh_id = true;
            let mut waits = Vec::new();
            for _ in 0..5 {
                let decision = after(&attempt);
                waits.push(decision.wait.unwrap().as_secs());
                attempt.number += 1;
                attempt.unseen = decision.unseen;
            }
            assert_eq!(waits, [2, 4, 8, 8, 8]);
            attempt.is_about_a_fresh_id = false;
            assert_eq!(after(&attempt).wait, None, "the id is wrong");
        }
    }

    #[test]
    fn attempts_that_came_too_early_for_an_id_do_not_count() {
        let failure = Failure::new(of_pagerduty(SystemError::Unavailable), "");
        let mut attempt = attempt(LOOK, &failure, 9, 0);
        assert_eq!(after(&attempt).wait, None, "eight attempts are the default");
        attempt.unseen = 3;
        assert!(after(&attempt).wait.is_some());
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
        let mut failure = Failure::new(of_pagerduty(SystemError::RateLimited), "");
        failure.retry_after_seconds = asked;
        let decision = after(&attempt(LOOK, &failure, 9, 8));
        let waited = decision.wait.unwrap().as_secs();
        assert!((least..=least + least / 5 + 1).contains(&waited), "{waited}");
        assert_eq!(decision.rate_limited, 9);
    }
}
