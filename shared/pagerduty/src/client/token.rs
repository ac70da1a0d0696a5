//! The credential for PagerDuty's REST API.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// The longest token that is accepted, in bytes. REST keys have 20 characters, OAuth tokens some hundred.
const MAX_LENGTH: usize = 4096;

/// The form in which a token is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A REST API key of an account or a user: `Authorization: Token token=…`.
    ApiToken,
    /// An OAuth access token: `Authorization: Bearer …`.
    #[serde(rename = "oauth")]
    OAuth,
}

/// A token for the REST API. It is printed nowhere and can not be serialised.
#[derive(Debug, Clone)]
pub struct ApiToken {
    kind: TokenKind,
    secret: SecretString,
}

/// True if a stored token is another one than PagerDuty has refused. The answer does not get outside, so that it
/// need not take the same time for all tokens.
impl PartialEq for ApiToken {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl Eq for ApiToken {}

/// A text that can not be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// There is none.
    #[error("the PagerDuty token is empty; store a REST API token")]
    Empty,
    #[error("the PagerDuty token is longer than {MAX_LENGTH} bytes; store a REST API token")]
    TooLong,
    /// It can not stand in a header.
    #[error("the PagerDuty token has a space, a line break or another character that no token has; store it again")]
    Character,
}

impl ApiToken {
    /// Takes a token as it was stored.
    ///
    /// # Errors
    /// Where it is empty, longer than 4096 bytes or has characters other than printable ASCII without spaces.
    pub fn new(kind: TokenKind, secret: SecretString) -> Result<Self, InvalidToken> {
        let text = secret.expose_secret();
        if text.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(InvalidToken::TooLong);
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(InvalidToken::Character);
        }
        Ok(Self { kind, secret })
    }

    /// The value of the `Authorization` header, marked so that no library prints it.
    pub(super) fn authorization(&self) -> Result<HeaderValue, reqwest::header::InvalidHeaderValue> {
        let secret = self.secret.expose_secret();
        let mut value = HeaderValue::try_from(match self.kind {
            TokenKind::ApiToken => format!("Token token={secret}"),
            TokenKind::OAuth => format!("Bearer {secret}"),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::api_token(TokenKind::ApiToken, "Token token=y_NbAkKc66ryYTWUXYEu")]
    #[case::oauth(TokenKind::OAuth, "Bearer y_NbAkKc66ryYTWUXYEu")]
    fn each_kind_has_its_exact_form(#[case] kind: TokenKind, #[case] expected: &str) {
        let token = ApiToken::new(kind, "y_NbAkKc66ryYTWUXYEu".into()).unwrap();

        assert_eq!(token.authorization().unwrap(), expected);
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = ApiToken::new(TokenKind::OAuth, "hunter2".into()).unwrap();

        assert!(!format!("{token:?} {:?}", token.authorization()).contains("hunter2"));
    }

    #[test]
    fn tokens_are_told_apart_by_kind_and_text() {
        let token = |kind, text: &str| ApiToken::new(kind, text.into()).unwrap();

        assert_eq!(token(TokenKind::OAuth, "one"), token(TokenKind::OAuth, "one"));
        assert_ne!(token(TokenKind::OAuth, "one"), token(TokenKind::OAuth, "two"));
        assert_ne!(token(TokenKind::OAuth, "one"), token(TokenKind::ApiToken, "one"));
    }

    #[rstest]
    #[case::empty("", InvalidToken::Empty)]
    #[case::line_break("abc\n", InvalidToken::Character)]
    #[case::space("abc def", InvalidToken::Character)]
    #[case::unicode("ab\u{e9}", InvalidToken::Character)]
    #[case::too_long(&"x".repeat(4097), InvalidToken::TooLong)]
    fn what_can_not_be_a_token_is_refused(#[case] text: &str, #[case] expected: InvalidToken) {
        assert_eq!(ApiToken::new(TokenKind::ApiToken, text.into()).unwrap_err(), expected);
    }

    #[test]
    fn kinds_are_stored_by_their_names() {
        assert_eq!(
            serde_json::to_string(&[TokenKind::ApiToken, TokenKind::OAuth]).unwrap(),
            r#"["api_token","oauth"]"#
        );
    }
}
