//! The title of an incident.

use serde::{Deserialize, Serialize};

use provider::shown::breaks_line;

/// The most characters of a title. PagerDuty documents no limit for the REST API; this is the one of its
/// Events API and what its own integrations cut to.
pub const MAX_LENGTH: usize = 1024;

/// A title of one line and 1 to 1024 characters.
///
/// Control characters and line breaks become spaces, because a title is shown in one line everywhere. A longer one is
/// cut and ends in an ellipsis: in an outage a page with a cut title is worth more than none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(String);

/// A title of nothing but blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the title is empty; give one that tells people what is wrong")]
pub struct EmptyTitle;

impl Title {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Title {
    type Error = EmptyTitle;

    fn try_from(text: String) -> Result<Self, EmptyTitle> {
        line(&text).map(Self).ok_or(EmptyTitle)
    }
}

/// One line of at most [`MAX_LENGTH`] characters; `None` where nothing but blanks is left.
pub(super) fn line(text: &str) -> Option<String> {
    let line: String = text
        .trim()
        .chars()
        .map(|c| if breaks_line(c) { ' ' } else { c })
        .collect();
    if line.trim().is_empty() {
        return None;
    }
    if line.chars().nth(MAX_LENGTH).is_none() {
        return Some(line);
    }
    let cut: String = line.chars().take(MAX_LENGTH - 1).collect();
    Some(format!("{cut}…"))
}

impl From<Title> for String {
    fn from(title: Title) -> Self {
        title.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("Memory pressure", "Memory pressure")]
    #[case::header_injection("a\r\nFrom: evil@example.com", "a  From: evil@example.com")]
    #[case::terminal_code("a\u{1b}[31mb\0c", "a [31mb c")]
    #[case::not_a_template("{{ secrets.token }} ${7*7} {% x %}", "{{ secrets.token }} ${7*7} {% x %}")]
    #[case::not_json(r#"","service":{"id":"EVIL"#, r#"","service":{"id":"EVIL"#)]
    fn a_title_is_one_line_and_otherwise_as_given(#[case] given: &str, #[case] expected: &str) {
        assert_eq!(Title::try_from(given.to_owned()).unwrap().as_str(), expected);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::blank(" \r\n\t ")]
    #[case::control("\0\0")]
    fn a_title_says_something(#[case] given: &str) {
        assert_eq!(Title::try_from(given.to_owned()), Err(EmptyTitle));
    }

    #[test]
    fn a_title_of_1024_characters_stays_and_a_longer_one_is_cut() {
        let longest = "é".repeat(1024);
        assert_eq!(Title::try_from(longest.clone()).unwrap().as_str(), longest);

        let cut = Title::try_from("é".repeat(1_000_000)).unwrap();
        assert_eq!(cut.as_str().chars().count(), 1024);
        assert!(cut.as_str().ends_with('…'));
    }

    proptest! {
        #[test]
        fn every_title_fits_into_pagerdutys_limits(text in "(?s).{0,1100}") {
            if let Ok(title) = Title::try_from(text) {
                let length = title.as_str().chars().count();
                prop_assert!((1..=1024).contains(&length));
                prop_assert!(!title.as_str().contains(char::is_control));
            }
        }
    }
}
