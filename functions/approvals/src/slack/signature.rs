//! The proof that Slack has sent a request: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The version of the signature. There is no other one.
const VERSION: &str = "v0";

/// The age of a request from which on it may be one that somebody has kept.
const STALE_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The most digits of a time, in seconds.
const DIGITS: usize = 12;

/// A request is not one that Slack has just signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// A header is missing, or has another form.
    #[error("the request has no signature of Slack")]
    Malformed,
    /// It was signed more than five minutes ago, or will be.
    #[error("the request was not signed within five minutes")]
    Stale,
    /// It was signed with another secret, or for another body.
    #[error("the signature is not that of the request")]
    Mismatch,
}

/// A time and a signature, which are still to be compared with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<'a> {
    timestamp: &'a str,
    code: Vec<u8>,
}

impl<'a> Signed<'a> {
    /// Reads the headers `X-Slack-Request-Timestamp` and `X-Slack-Signature`.
    ///
    /// # Errors
    /// They are missing, malformed or stale.
    pub fn read(timestamp: Option<&'a str>, signature: Option<&str>, now: Timestamp) -> Result<Self, Unsigned> {
        let timestamp = timestamp.filter(|text| (1..=DIGITS).contains(&text.len()));
        let timestamp = timestamp.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let timestamp = timestamp.ok_or(Unsigned::Malformed)?;
        let code = signature.and_then(|text| text.strip_prefix(VERSION)?.strip_prefix('='));
        let code = code.and_then(|hex| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok());
        let code = code.filter(|code| code.len() == 32).ok_or(Unsigned::Malformed)?;
        let seconds: i64 = timestamp.parse().map_err(|_| Unsigned::Malformed)?;
        let signed_at = Timestamp::from_second(seconds).map_err(|_| Unsigned::Stale)?;
        match now.duration_since(signed_at).abs() > STALE_AFTER {
            true => Err(Unsigned::Stale),
            false => Ok(Self { timestamp, code }),
        }
    }

    /// Compares it with a body, in a time that says nothing of where they differ.
    ///
    /// # Errors
    /// It is the signature of something else, or there is no secret.
    pub fn verify(&self, body: &[u8], secret: &SecretString) -> Result<(), Unsigned> {
        let secret = secret.expose_secret().as_bytes();
        if secret.is_empty() {
            return Err(Unsigned::Mismatch);
        }
        let mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Unsigned::Mismatch)?;
        let mac = mac
            .chain_update(VERSION)
            .chain_update(b":")
            .chain_update(self.timestamp)
            .chain_update(b":")
            .chain_update(body);
        mac.verify_slice(&self.code).map_err(|_| Unsigned::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    // The example of Slack's documentation. There, the time is 1531420618.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&\
                        user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F\
                        commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.\
                        803a0bc887a14d10d2c447fce8b6703c";
    const TIME: &str = "1531420618";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn at(seconds_later: i64) -> Timestamp {
        Timestamp::from_second(1_531_420_618 + seconds_later).unwrap()
    }

    fn verdict(
        time: Option<&str>,
        signature: Option<&str>,
        body: &str,
        secret: &str,
        late: i64,
    ) -> Result<(), Unsigned> {
        Signed::read(time, signature, at(late))?.verify(body.as_bytes(), &secret.into())
    }

    #[test]
    fn the_example_of_slack_is_right() {
        assert_eq!(verdict(Some(TIME), Some(SIGNATURE), BODY, SECRET, 0), Ok(()));
    }

    #[rstest]
    #[case::another_body(SIGNATURE, "token=other", SECRET)]
    #[case::no_body(SIGNATURE, "", SECRET)]
    #[case::another_secret(SIGNATURE, BODY, "8f742231b10e8888abcd99yyyzzz85a6")]
    #[case::no_secret(SIGNATURE, BODY, "")]
    #[case::another_code("v0=b2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503", BODY, SECRET)]
    fn what_was_not_signed_so_is_told(#[case] signature: &str, #[case] body: &str, #[case] secret: &str) {
        assert_eq!(
            verdict(Some(TIME), Some(signature), body, secret, 0),
            Err(Unsigned::Mismatch)
        );
    }

    #[test]
    fn the_time_is_signed_as_well() {
        assert_eq!(
            verdict(Some("1531420619"), Some(SIGNATURE), BODY, SECRET, 0),
            Err(Unsigned::Mismatch)
        );
    }

    #[rstest]
    #[case::at_once(0, Ok(()))]
    #[case::at_the_limit(300, Ok(()))]
    #[case::too_late(301, Err(Unsigned::Stale))]
    #[case::by_a_clock_that_is_slow(-300, Ok(()))]
    #[case::from_the_future(-301, Err(Unsigned::Stale))]
    fn a_request_is_taken_within_five_minutes(#[case] late: i64, #[case] expected: Result<(), Unsigned>) {
        assert_eq!(verdict(Some(TIME), Some(SIGNATURE), BODY, SECRET, late), expected);
    }

    #[rstest]
    #[case::no_time(None, Some(SIGNATURE))]
    #[case::no_signature(Some(TIME), None)]
    #[case::an_empty_time(Some(""), Some(SIGNATURE))]
    #[case::a_time_with_a_sign(Some("+1531420618"), Some(SIGNATURE))]
    #[case::a_time_that_ends_otherwise(Some("1531420618 "), Some(SIGNATURE))]
    #[case::a_time_of_many_digits(Some("9999999999999"), Some(SIGNATURE))]
    #[case::another_version(
        Some(TIME),
        Some("v1=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")
    )]
    #[case::no_version(Some(TIME), Some("a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"))]
    #[case::a_short_code(Some(TIME), Some("v0=a2114d57"))]
    #[case::no_code(Some(TIME), Some("v0="))]
    #[case::no_hex(
        Some(TIME),
        Some("v0=z2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")
    )]
    fn what_is_no_signature_of_slack_is_told(#[case] time: Option<&str>, #[case] signature: Option<&str>) {
        assert_eq!(verdict(time, signature, BODY, SECRET, 0), Err(Unsigned::Malformed));
    }
}
