//! The credential for PagerDuty's Events API.

use secrecy::{ExposeSecret, SecretString};

/// The length of a routing key in characters, as PagerDuty documents it.
const LENGTH: usize = 32;

/// A routing key (also called integration key): it names the service or the orchestration that an event is for, and is
/// all that a sender of events needs. It is printed nowhere and can not be serialised, except into the body of a request
/// to the Events API.
#[derive(Debug, Clone)]
pub struct RoutingKey(SecretString);

/// True if a stored key is another one than before. The answer does not get outside, so that it need not take the
/// same time for all keys.
impl PartialEq for RoutingKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for RoutingKey {}

/// A text that can not be a routing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoutingKey {
    /// It has another length.
    #[error("a routing key has {LENGTH} characters; copy the integration key of an Events API v2 integration")]
    Length,
    /// It has something else than letters and digits.
    #[error("a routing key has only letters and digits; copy the integration key of an Events API v2 integration")]
    Character,
}

impl RoutingKey {
    /// Takes a key as it was stored.
    ///
    /// # Errors
    /// Where it is not 32 ASCII letters and digits.
    pub fn new(secret: SecretString) -> Result<Self, InvalidRoutingKey> {
        let text = secret.expose_secret();
        if text.chars().count() != LENGTH {
            return Err(InvalidRoutingKey::Length);
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(InvalidRoutingKey::Character);
        }
        Ok(Self(secret))
    }

    /// The key itself, for the body of a request.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const KEY: &str = "R0123456789ABCDEFGHIJ0123456789Z";

    #[test]
    fn a_routing_key_is_never_printed() {
        let key = RoutingKey::new(KEY.into()).unwrap();

        assert_eq!(key.expose(), KEY);
        assert!(!format!("{key:?}").contains(KEY));
    }

    #[test]
    fn routing_keys_are_told_apart_by_their_text() {
        let key = |text: &str| RoutingKey::new(text.into()).unwrap();

        assert_eq!(key(KEY), key(KEY));
        assert_ne!(key(KEY), key(&KEY.to_lowercase()));
    }

    #[rstest]
    #[case::empty("", InvalidRoutingKey::Length)]
    #[case::rest_token("y_NbAkKc66ryYTWUXYEu", InvalidRoutingKey::Length)]
    #[case::line_break("R0123456789ABCDEFGHIJ0123456789\n", InvalidRoutingKey::Character)]
    #[case::quote("R0123456789ABCDEFGHIJ012345678\",", InvalidRoutingKey::Character)]
    fn what_can_not_be_a_routing_key_is_refused(#[case] text: &str, #[case] expected: InvalidRoutingKey) {
        assert_eq!(RoutingKey::new(text.into()).unwrap_err(), expected);
    }
}
