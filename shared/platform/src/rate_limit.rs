//! Until when PagerDuty turns requests away.
//!
//! PagerDuty counts requests by token and says in a refusal for how long more of them make no sense. An environment of a
//! function serves many runs one after the other, so it remembers that: the other runs wait as well, without a request
//! of their own. Without this, an alert storm would send each waiting run's request to PagerDuty only to be turned away.
//!
//! What is remembered counts for one action of one integration, because PagerDuty also has limits for single operations:
//! a storm of new incidents must not hold up the resolving of others.

use crate::task::TaskError;
use jiff::{SignedDuration, Timestamp};
use pagerduty::actions::Action;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use workflow::{error_name::ErrorName, ids::IntegrationAlias, planner::Failure};

/// The longest time for which other runs are held back, in seconds: PagerDuty counts by the minute, so a longer time comes
/// from something else, and may be wrong.
const LONGEST: i64 = 60;

/// What an environment remembers of PagerDuty's rate limits.
#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    resets: Mutex<BTreeMap<(IntegrationAlias, Action), Timestamp>>,
}

impl RateLimits {
    /// Refuses a request that PagerDuty would turn away.
    ///
    /// # Errors
    /// `PagerDuty.RateLimited`, with the seconds that are left.
    pub(crate) fn check(
        &self,
        integration: &IntegrationAlias,
        action: Action,
        now: Timestamp,
    ) -> Result<(), TaskError> {
        let resets = self.resets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(reset) = resets.get(&(integration.clone(), action)) else {
            return Ok(());
        };
        let left = reset.duration_since(now);
        // A clock that was put back must not make the wait longer than any can be.
        if left <= SignedDuration::ZERO || left > SignedDuration::from_secs(LONGEST) {
            return Ok(());
        }
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        Err(Failure {
            name: ErrorName::PagerDutyRateLimited.as_str().to_owned(),
            message: format!(
                "PagerDuty's rate limit for integration `{integration}` is used up, as it told another run; nothing was sent"
            ),
            retry_after_seconds: u32::try_from(seconds).ok(),
        }
        .into())
    }

    /// Remembers that PagerDuty turned a request away for so many seconds.
    pub(crate) fn turned_away(&self, integration: &IntegrationAlias, action: Action, seconds: u64, now: Timestamp) {
        let seconds = i64::try_from(seconds).unwrap_or(LONGEST).min(LONGEST);
        let Ok(reset) = now.checked_add(SignedDuration::from_secs(seconds)) else {
            return;
        };
        let mut resets = self.resets.lock().unwrap_or_else(PoisonError::into_inner);
        // Who names integrations in expressions must not fill the memory.
        resets.retain(|_, reset| *reset > now);
        resets.insert((integration.clone(), action), reset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    /// The seconds that a run is told to wait, after PagerDuty turned one away for so many; none if it may ask.
    fn wait(seconds: u64, later: SignedDuration, integration: &str, action: Action) -> Option<u32> {
        let limits = RateLimits::default();
        limits.turned_away(&"prod".parse().unwrap(), Action::CreateIncident, seconds, NOW);
        let checked = limits.check(&integration.parse().unwrap(), action, NOW + later);
        checked.err().map(|error| error.failure().retry_after_seconds.unwrap())
    }

    fn wait_after(seconds: u64, later_ms: i64) -> Option<u32> {
        wait(
            seconds,
            SignedDuration::from_millis(later_ms),
            "prod",
            Action::CreateIncident,
        )
    }

    #[test]
    fn f3_other_runs_wait_for_what_is_left_of_the_time() {
        assert_eq!(wait_after(20, 0), Some(20));
        assert_eq!(wait_after(20, 5_500), Some(15));
        assert_eq!(wait_after(20, 19_999), Some(1));
        assert_eq!(wait_after(20, 20_000), None);
    }

    #[test]
    fn f5_an_absurd_time_holds_nobody_back_for_more_than_a_minute() {
        assert_eq!(wait_after(300, 0), Some(60));
        assert_eq!(wait_after(u64::MAX, 59_000), Some(1));
        assert_eq!(wait_after(u64::MAX, 60_000), None);
    }

    #[test]
    fn f41_a_clock_that_is_put_back_holds_nobody_back() {
        assert_eq!(wait_after(20, -3_600_000), None);
    }

    #[test]
    fn another_integration_and_another_action_go_on() {
        let later = SignedDuration::ZERO;
        assert_eq!(wait(20, later, "staging", Action::CreateIncident), None);
        assert_eq!(wait(20, later, "prod", Action::ResolveIncident), None);
    }
}
