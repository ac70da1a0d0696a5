//! The secret with which the system of an integration signs the answers of people that it sends.

use super::{
    ChangeError, SecretWriter,
    change::{Change, change},
};
use secrecy::{ExposeSecret, SecretString};

/// The description of the secret in Secrets Manager.
const DESCRIPTION: &str = "Pagerflow: the secret with which a system signs the answers of people";

/// The fewest characters of such a secret. Those of Slack have 32.
const FEWEST: usize = 16;

/// The most characters of such a secret.
const MOST: usize = 512;

/// Stores the secret in the place of the one that there is, if there is one.
///
/// # Errors
/// It cannot be such a secret, the store does not answer, or others keep changing it.
pub async fn store_answer_signing(
    store: &impl SecretWriter,
    name: &str,
    secret: &SecretString,
) -> Result<(), ChangeError> {
    let text = secret.expose_secret();
    if !(FEWEST..=MOST).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
        let message = format!(
            "the signing secret has {FEWEST} to {MOST} letters, digits and signs, without a space; nothing was stored"
        );
        return Err(ChangeError::Refused(message));
    }
    change(store, name, DESCRIPTION, |_| Ok(Change::Store(secret.clone(), ()))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::SecretsInMemory;
    use rstest::rstest;

    const NAME: &str = "pagerflow/answer-signing/slack/ops";

    #[tokio::test]
    async fn a_secret_takes_the_place_of_the_one_before() {
        let store = SecretsInMemory::default();
        for secret in ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"] {
            store_answer_signing(&store, NAME, &secret.into()).await.unwrap();
            assert_eq!(store.value(NAME).unwrap().expose_secret(), secret);
        }
    }

    #[rstest]
    #[case::short("s3cret")]
    #[case::empty("")]
    #[case::of_two_words("0123456789 abcdef s3cret")]
    #[case::long(&"s3cret".repeat(100))]
    #[tokio::test]
    async fn what_can_be_no_signing_secret_is_refused_and_not_told(#[case] secret: &str) {
        let store = SecretsInMemory::default();
        let error = store_answer_signing(&store, NAME, &secret.into()).await.unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
        assert_eq!(store.writes(), 0);
    }
}
