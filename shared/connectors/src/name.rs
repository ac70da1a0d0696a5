//! Names of connectors, actions, inputs, outputs and fields.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The longest name, in characters.
const LONGEST: usize = 63;

/// A text that is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a name here: use lower-case letters, digits and '_', start with a letter, at most {LONGEST} characters"
)]
pub struct InvalidName {
    text: String,
}

/// Checks that a text is a name: `a-z`, `0-9` and `_`, with a letter first.
pub(crate) fn check(text: &str) -> Result<(), InvalidName> {
    let is_name = text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    match is_name {
        true => Ok(()),
        false => Err(InvalidName {
            text: text.chars().take(80).collect(),
        }),
    }
}

/// The name of a connector. It is the first part of the names of its actions, and the type of its integrations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectorName(String);

impl ConnectorName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ConnectorName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        check(&text).map(|()| Self(text))
    }
}

impl FromStr for ConnectorName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::try_from(text.to_owned())
    }
}

impl From<ConnectorName> for String {
    fn from(name: ConnectorName) -> Self {
        name.0
    }
}

impl fmt::Display for ConnectorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::empty("")]
    #[case::digit_first("3scale")]
    #[case::upper_case("Slack")]
    #[case::hyphen("service-now")]
    #[case::dot("a.b")]
    #[case::line_break("slack\n")]
    #[case::long(&"a".repeat(64))]
    fn what_cannot_stand_in_uses_is_refused(#[case] text: &str) {
        assert!(text.parse::<ConnectorName>().is_err());
    }

    #[test]
    fn a_name_reads_back() {
        let name: ConnectorName = "google_chat".parse().unwrap();
        assert_eq!(name.to_string(), "google_chat");
    }
}
