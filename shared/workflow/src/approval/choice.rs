//! The answers that people choose from.

use crate::characters::steers;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An answer to choose from: a word or two, as it stands on a button.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Choice(String);

/// The reason a text is no choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be a choice: give it 1 to 40 characters in one line, without a space at its ends, and not `fail`"
)]
pub struct NotAChoice(String);

/// What fits on a button of a phone.
const CHARACTERS: usize = 40;

/// The word of `on_timeout` for a step that fails.
pub(crate) const FAIL: &str = "fail";

impl Choice {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The choices of an approval that names none.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![Self("approve".to_owned()), Self("deny".to_owned())]
    }
}

impl TryFrom<String> for Choice {
    type Error = NotAChoice;

    fn try_from(text: String) -> Result<Self, NotAChoice> {
        let is_one_line = !text.chars().any(steers);
        let length = text.chars().count();
        match is_one_line && (1..=CHARACTERS).contains(&length) && text.trim() == text && text != FAIL {
            true => Ok(Self(text)),
            false => Err(NotAChoice(text.chars().take(80).collect())),
        }
    }
}

impl From<Choice> for String {
    fn from(choice: Choice) -> Self {
        choice.0
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
