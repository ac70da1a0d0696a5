//! The form that a text must have.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The longest pattern, in bytes.
const LONGEST: usize = 500;

/// A regular expression that the whole of a text must have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    /// As it was written.
    written: String,
    regex: Regex,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// It would take too long to compile, or is a mistake.
    #[error("is longer than {LONGEST} bytes")]
    TooLong,
    /// It cannot be read.
    #[error("is not a regular expression: {0}")]
    NotARegex(String),
}

impl Pattern {
    /// True if the whole of a text is of this form.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        if written.len() > LONGEST {
            return Err(InvalidPattern::TooLong);
        }
        match Regex::new(&format!("^(?:{written})$")) {
            Ok(regex) => Ok(Self {
                written: written.to_owned(),
                regex,
            }),
            Err(error) => Err(InvalidPattern::NotARegex(error.to_string())),
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        written.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.written
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Pattern {}

/// As it was written.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("[a-z]+", "inc", true)]
    #[case::of_the_whole_text("[a-z]+", "inc-7", false)]
    #[case::each_of_several("a|bc", "bc", true)]
    #[case::not_only_the_first_line("[a-z]+", "inc\n7", false)]
    fn the_whole_text_must_have_the_form(#[case] pattern: &str, #[case] text: &str, #[case] has_it: bool) {
        assert_eq!(pattern.parse::<Pattern>().unwrap().is_match(text), has_it);
    }

    #[test]
    fn it_is_kept_as_it_was_written() {
        let pattern: Pattern = serde_json::from_str(r#""[a-z]+""#).unwrap();
        assert_eq!(serde_json::to_string(&pattern).unwrap(), r#""[a-z]+""#);
        assert!(serde_json::from_str::<Pattern>(r#""(""#).is_err());
        assert_eq!("x".repeat(501).parse::<Pattern>(), Err(InvalidPattern::TooLong));
    }
}
