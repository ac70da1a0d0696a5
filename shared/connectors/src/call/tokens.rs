//! A memory of access tokens: a token serves many calls, and some systems give out only so many in an hour.

use crate::{account::Account, integration::Auth};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};
use workflow::fingerprint::fingerprint;

/// The time before its end at which a token is no longer used: a call can last that long.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// The longest time for which a token is kept, whatever the system says.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);

/// A memory of OAuth access tokens, by account.
#[derive(Default)]
pub struct AccessTokens(Mutex<BTreeMap<AccountKey, Remembered>>);

/// Without the tokens.
impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens").finish_non_exhaustive()
    }
}

/// An account, as a hash of all that a token depends on: with another secret, it is another one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AccountKey(String);

impl AccountKey {
    /// `auth` is how the connector gets a token: versions of one may differ in it.
    pub(super) fn of(connector: &str, auth: &Auth, account: &Account) -> Self {
        let auth = format!("{auth:?}");
        let mut parts = vec![connector, auth.as_str(), account.secret.expose_secret()];
        for (name, value) in &account.fields {
            parts.extend([name.as_str(), value.as_str()]);
        }
        Self(fingerprint("access token", &parts))
    }
}

struct Remembered {
    token: SecretString,
    until: Timestamp,
}

impl AccessTokens {
    /// A token that still holds.
    pub(super) fn get(&self, key: &AccountKey, now: Timestamp) -> Option<SecretString> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = tokens.get(key)?;
        // A clock that was put back must not make a token hold for longer.
        let left = remembered.until.duration_since(now);
        (left > SignedDuration::ZERO && left <= LONGEST).then(|| remembered.token.clone())
    }

    /// Remembers a token that holds for so many seconds from now.
    pub(super) fn remember(&self, key: AccountKey, token: SecretString, seconds: i64, now: Timestamp) {
        let holds = SignedDuration::from_secs(seconds).min(LONGEST).saturating_sub(MARGIN);
        let Ok(until) = now.checked_add(holds) else { return };
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, remembered| remembered.until > now);
        tokens.insert(key, Remembered { token, until });
    }

    /// Forgets a token that the system refuses, unless there is another one by now.
    pub(super) fn forget(&self, key: &AccountKey, token: &SecretString) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_that = |remembered: &Remembered| remembered.token.expose_secret() == token.expose_secret();
        if tokens.get(key).is_some_and(is_that) {
            tokens.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn account(secret: &str) -> Account {
        Account {
            fields: BTreeMap::from([("client_id".to_owned(), "c".to_owned())]),
            hosts: Vec::new(),
            secret: secret.into(),
        }
    }

    /// True if a token that holds for so many seconds is still used some seconds later.
    fn is_used(holds: i64, later: i64) -> bool {
        let (tokens, key) = (
            AccessTokens::default(),
            AccountKey::of("zoom", &Auth::None, &account("s")),
        );
        tokens.remember(key.clone(), "token".into(), holds, NOW);
        tokens.get(&key, NOW + SignedDuration::from_secs(later)).is_some()
    }

    #[test]
    fn a_token_is_used_until_a_minute_before_its_end() {
        assert!(is_used(3600, 0) && is_used(3600, 3539));
        assert!(!is_used(3600, 3540));
        assert!(!is_used(60, 0) && !is_used(-5, 0));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_make_it_hold_longer() {
        assert!(!is_used(3600, -100_000));
        assert!(!is_used(i64::MAX, 13 * 3600));
    }

    #[test]
    fn another_secret_or_another_way_to_get_one_has_another_token() {
        let tokens = AccessTokens::default();
        tokens.remember(
            AccountKey::of("zoom", &Auth::None, &account("one")),
            "token".into(),
            3600,
            NOW,
        );
        assert!(
            tokens
                .get(&AccountKey::of("zoom", &Auth::None, &account("two")), NOW)
                .is_none()
        );
        assert!(
            tokens
                .get(&AccountKey::of("other", &Auth::None, &account("one")), NOW)
                .is_none()
        );
        assert!(
            tokens
                .get(&AccountKey::of("zoom", &Auth::Bearer, &account("one")), NOW)
                .is_none()
        );
    }

    #[test]
    fn a_refused_token_is_forgotten_but_not_the_one_after_it() {
        let (tokens, key) = (
            AccessTokens::default(),
            AccountKey::of("zoom", &Auth::None, &account("s")),
        );
        tokens.remember(key.clone(), "new".into(), 3600, NOW);
        tokens.forget(&key, &"old".into());
        assert!(tokens.get(&key, NOW).is_some());
        tokens.forget(&key, &"new".into());
        assert!(tokens.get(&key, NOW).is_none());
    }

    #[test]
    fn tokens_are_not_printed() {
        let tokens = AccessTokens::default();
        tokens.remember(
            AccountKey::of("zoom", &Auth::None, &account("s")),
            "hunter22".into(),
            3600,
            NOW,
        );
        assert!(!format!("{tokens:?}").contains("hunter22"));
    }
}
