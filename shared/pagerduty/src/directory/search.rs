//! A search text.

use std::str::FromStr;

use provider::shown::breaks_line;

/// The longest search text, in characters. Names in PagerDuty have 255 at most.
const MAX_LENGTH: usize = 255;

/// The text to look for in a list: 1 to 255 characters of one line, without space around them.
///
/// It travels as an escaped parameter, so that it may hold anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(String);

/// A text that nothing can be searched with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSearch {
    /// There is none.
    #[error("the search text is empty; leave it out to list everything")]
    Empty,
    /// It is too long for any name.
    #[error("the search text is longer than {MAX_LENGTH} characters; give a part of the name")]
    TooLong,
    /// It has more than one line, or characters that cannot be seen.
    #[error("the search text has a line break or a control character; give a part of the name")]
    Character,
}

impl SearchText {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if a name contains it, whatever the case.
    pub(super) fn is_in(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.0.to_lowercase())
    }
}

impl FromStr for SearchText {
    type Err = InvalidSearch;

    fn from_str(text: &str) -> Result<Self, InvalidSearch> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidSearch::Empty);
        }
        if text.chars().count() > MAX_LENGTH {
            return Err(InvalidSearch::TooLong);
        }
        if text.chars().any(breaks_line) {
            return Err(InvalidSearch::Character);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("Checkout", "Checkout")]
    #[case::spaces("  Check out \n", "Check out")]
    #[case::odd("a&query=b?#%2e%2e/../é", "a&query=b?#%2e%2e/../é")]
    fn a_search_text_is_one_line_of_anything(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text.parse::<SearchText>().unwrap().as_str(), expected);
    }

    #[rstest]
    #[case::empty("", InvalidSearch::Empty)]
    #[case::spaces("   ", InvalidSearch::Empty)]
    #[case::two_lines("a\nb", InvalidSearch::Character)]
    #[case::nul("a\0b", InvalidSearch::Character)]
    #[case::too_long(&"x".repeat(256), InvalidSearch::TooLong)]
    fn what_finds_nothing_is_refused(#[case] text: &str, #[case] expected: InvalidSearch) {
        assert_eq!(text.parse::<SearchText>(), Err(expected));
    }
}
