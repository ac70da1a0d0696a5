//! The signature that PagerDuty puts on a V3 delivery.
//!
//! The header `X-PagerDuty-Signature` holds `v1=<64 hex digits>`, and several of these with commas between them while
//! a secret is being replaced. Each is the HMAC-SHA256 of the raw body; the key is the secret's text as it stands,
//! although it looks like base64. A delivery is authentic when any of them fits any of our secrets. Nothing in the
//! signature ages, so a repeat is recognised by the event's id and not here.
//!
//! Source: "Verifying Signatures" in PagerDuty's documentation of V3 webhooks.

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The number of values that one header may have. PagerDuty sends one, or two while a secret is replaced; the limit keeps the
/// work small for a header that was made up.
pub const MAX_SIGNATURES: usize = 32;

/// The length of a SHA-256 hash in bytes.
const HASH_LENGTH: usize = 32;

/// The reason a delivery does not count as authentic. For the log; the sender is told only that it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header has no value `v1=` with 64 hex digits.
    #[error("the signature header has no value of the form v1=<64 hex digits>")]
    Malformed,
    /// The header has more than [`MAX_SIGNATURES`] values.
    #[error("the signature header has more than {MAX_SIGNATURES} values")]
    TooMany,
    /// There is no secret to check against, or only empty ones, with which anybody could sign.
    #[error("no signing secret is stored; store the one that PagerDuty showed when the webhook subscription was made")]
    NoSecret,
    /// No value of the header fits any secret.
    #[error("no signature fits; the body was changed, or the stored signing secret is not that of this subscription")]
    Mismatch,
}

/// Checks the value of `X-PagerDuty-Signature` against the raw body and the live signing secrets.
///
/// Every value is compared in constant time, and all are compared whether or not one fits.
///
/// # Errors
/// Where the delivery is not authentic, or there is no usable secret.
pub fn verify<'a>(
    header: &str,
    body: &[u8],
    secrets: impl Iterator<Item = &'a SecretString>,
) -> Result<(), SignatureError> {
    let signatures = candidates(header)?;
    let mut any_secret = false;
    let mut authentic = false;
    for secret in secrets.filter(|secret| !secret.expose_secret().trim().is_empty()) {
        any_secret = true;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| SignatureError::NoSecret)?;
        mac.update(body);
        for signature in &signatures {
            authentic |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    match (any_secret, authentic) {
        (false, _) => Err(SignatureError::NoSecret),
        (true, false) => Err(SignatureError::Mismatch),
        (true, true) => Ok(()),
    }
}

/// The values that could be a signature; others, such as those of a later version, are passed over.
fn candidates(header: &str) -> Result<Vec<[u8; HASH_LENGTH]>, SignatureError> {
    let mut values = header.split(',');
    let signatures: Vec<_> = values.by_ref().take(MAX_SIGNATURES).filter_map(candidate).collect();
    if values.next().is_some() {
        return Err(SignatureError::TooMany);
    }
    if signatures.is_empty() {
        return Err(SignatureError::Malformed);
    }
    Ok(signatures)
}

fn candidate(value: &str) -> Option<[u8; HASH_LENGTH]> {
    let digits = value.trim().strip_prefix("v1=")?;
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const BODY: &[u8] = br#"{"event":{"id":"01EXAMPLE","event_type":"pagey.ping"}}"#;
    /// Looks like base64, as PagerDuty's secrets do, and must be used as it stands.
    const SECRET: &str = "Zm9ybXMtb2YtYS1zZWNyZXQ=";

    // Computed with Python's `hmac` module.
    const GOOD: &str = "8c1c0ab09b4eaff9c172062f6f8f4c19a191fa08846b69290c46a6fd20288260";
    const BY_ANOTHER_SECRET: &str = "5728f8576586405808e64a69abc3f5fcaea91fed81469cee5c099519d979f6e0";
    const BY_THE_EMPTY_SECRET: &str = "4faeac6cedaa66379a53310c1dab1c0acd4af34d448184702813a2ad55b435e1";

    fn verify_with(header: &str, body: &[u8], secrets: &[&str]) -> Result<(), SignatureError> {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        verify(header, body, secrets.iter())
    }

    #[rstest]
    #[case::alone(format!("v1={GOOD}"))]
    #[case::last_of_two(format!("v1={BY_ANOTHER_SECRET},v1={GOOD}"))]
    #[case::first_of_two(format!("v1={GOOD},v1={BY_ANOTHER_SECRET}"))]
    #[case::spaces(format!(" v1={BY_ANOTHER_SECRET} , v1={GOOD} "))]
    #[case::last_of_ten(format!("{}v1={GOOD}", format!("v1={BY_ANOTHER_SECRET},").repeat(9)))]
    #[case::beside_another_version(format!("v2=whatever,v1={GOOD}"))]
    #[case::beside_garbage(format!("v1=zz,,v1={GOOD}"))]
    #[case::upper_case_digits(format!("v1={}", GOOD.to_uppercase()))]
    fn one_fitting_signature_is_enough(#[case] header: String) {
        assert_eq!(verify_with(&header, BODY, &[SECRET]), Ok(()));
    }

    #[rstest]
    #[case::empty(String::new())]
    #[case::no_version(GOOD.to_owned())]
    #[case::no_value("v1=".to_owned())]
    #[case::no_digits("v1=zz".to_owned())]
    #[case::one_wrong_digit(format!("v1=zz{}", &GOOD[2..]))]
    #[case::odd_number_of_digits(format!("v1={}", &GOOD[1..]))]
    #[case::too_short(format!("v1={}", &GOOD[2..]))]
    #[case::too_long(format!("v1={GOOD}00"))]
    #[case::another_version_alone(format!("v2={GOOD}"))]
    #[case::upper_case_version(format!("V1={GOOD}"))]
    #[case::not_ascii("v1=\u{e9}\u{ff11}".to_owned())]
    fn a_header_without_a_well_formed_signature_is_malformed(#[case] header: String) {
        assert_eq!(verify_with(&header, BODY, &[SECRET]), Err(SignatureError::Malformed));
    }

    #[test]
    fn any_live_secret_will_do() {
        assert_eq!(verify_with(&format!("v1={GOOD}"), BODY, &["replaced", SECRET]), Ok(()));
    }

    #[test]
    fn a_signature_by_another_secret_does_not_fit() {
        let header = format!("v1={BY_ANOTHER_SECRET}");

        assert_eq!(verify_with(&header, BODY, &[SECRET]), Err(SignatureError::Mismatch));
    }

    #[rstest]
    #[case::none(&[])]
    #[case::empty(&[""])]
    #[case::blank(&[" \n"])]
    fn without_a_secret_nobody_can_sign(#[case] secrets: &[&str]) {
        let header = format!("v1={BY_THE_EMPTY_SECRET}");

        assert_eq!(verify_with(&header, BODY, secrets), Err(SignatureError::NoSecret));
    }

    #[test]
    fn an_empty_secret_beside_a_good_one_opens_nothing() {
        let header = format!("v1={BY_THE_EMPTY_SECRET}");

        assert_eq!(verify_with(&header, BODY, &["", SECRET]), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_body_that_was_written_anew_does_not_fit() {
        let value: serde_json::Value = serde_json::from_slice(BODY).unwrap();
        let anew = serde_json::to_vec_pretty(&value).unwrap();

        assert_eq!(
            verify_with(&format!("v1={GOOD}"), &anew, &[SECRET]),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn ten_thousand_signatures_are_refused_unread() {
        let header = format!("v1={GOOD},").repeat(10_000);

        assert_eq!(verify_with(&header, BODY, &[SECRET]), Err(SignatureError::TooMany));
    }

    proptest! {
        #[test]
        fn one_changed_byte_breaks_the_signature(index in 0..BODY.len(), change in 1..=255_u8) {
            let mut body = BODY.to_vec();
            body[index] ^= change;

            prop_assert_eq!(verify_with(&format!("v1={GOOD}"), &body, &[SECRET]), Err(SignatureError::Mismatch));
        }

        #[test]
        fn no_header_and_no_body_makes_it_panic(header in ".*", body: Vec<u8>) {
            prop_assert!(verify_with(&header, &body, &[SECRET]).is_err());
        }
    }
}
