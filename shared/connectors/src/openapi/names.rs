//! Names that a connector can have.

use std::collections::BTreeSet;

use crate::format::{RESERVED_INPUTS, RESERVED_OUTPUT};

/// The longest name, with room for a number behind it.
const LONGEST: usize = 60;

/// The names that are taken already.
#[derive(Debug, Default, Clone)]
pub(super) struct Taken(BTreeSet<String>);

impl Taken {
    /// Of inputs, beside those that a call has anyway.
    pub(super) fn inputs() -> Self {
        Self(RESERVED_INPUTS.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Of outputs, beside the one that a call has anyway.
    pub(super) fn outputs() -> Self {
        Self(BTreeSet::from([RESERVED_OUTPUT.to_owned()]))
    }

    /// A name that is like a text and not taken yet. Where it is, `place` stands in front of it, and then a number behind it.
    pub(super) fn take(&mut self, text: &str, place: &str) -> String {
        let plain = snake(text);
        if self.0.insert(plain.clone()) {
            return plain;
        }
        let placed = snake(&format!("{place}_{plain}"));
        if self.0.insert(placed.clone()) {
            return placed;
        }
        let mut number = 2_usize;
        loop {
            let numbered = format!("{placed}_{number}");
            if self.0.insert(numbered.clone()) {
                return numbered;
            }
            number += 1;
        }
    }
}

/// A text as a name: lower-case letters, digits and `_`, with a letter first.
pub(super) fn snake(text: &str) -> String {
    let mut name = String::new();
    let characters: Vec<char> = text.chars().take(200).collect();
    for (index, c) in characters.iter().enumerate() {
        let previous = index.checked_sub(1).and_then(|index| characters.get(index));
        let next = characters.get(index + 1);
        match c {
            // A vote, as GitHub has it.
            '+' if next.is_some_and(char::is_ascii_digit) && index == 0 => name.push_str("plus_"),
            '-' if next.is_some_and(char::is_ascii_digit) && index == 0 => name.push_str("minus_"),
            c if c.is_ascii_uppercase() => {
                // The word ends before a capital that follows a small letter, or that begins a word after an abbreviation.
                let after_small = previous.is_some_and(|p| p.is_ascii_lowercase() || p.is_ascii_digit());
                let after_capital = previous.is_some_and(char::is_ascii_uppercase);
                let begins_word = next.is_some_and(char::is_ascii_lowercase);
                if after_small || (after_capital && begins_word) {
                    name.push('_');
                }
                name.push(c.to_ascii_lowercase());
            }
            c if c.is_ascii_alphanumeric() => name.push(*c),
            _ => name.push('_'),
        }
    }
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let mut name = words.join("_");
    if name.is_empty() {
        "value".clone_into(&mut name);
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert(0, 'n');
    }
    name.truncate(LONGEST);
    name.trim_end_matches('_').to_owned()
}

/// The name among others that is most like a text.
pub(super) fn similar<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let text = text.chars().take(100).collect::<String>().to_lowercase();
    names
        .map(|name| (strsim::jaro_winkler(&text, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("channel", "channel")]
    #[case("issueIdOrKey", "issue_id_or_key")]
    #[case("issues/list-for-repo", "issues_list_for_repo")]
    #[case("HTTPServer", "http_server")]
    #[case("userID", "user_id")]
    #[case("team_ids[]", "team_ids")]
    #[case("X-Request-Id", "x_request_id")]
    #[case("filter[host][id]", "filter_host_id")]
    #[case("2fa", "n2fa")]
    #[case("+1", "plus_1")]
    #[case("-1", "minus_1")]
    #[case("$select", "select")]
    #[case("", "value")]
    #[case("名前", "value")]
    #[case("__", "value")]
    #[case("ID", "id")]
    fn a_name_is_made_of_the_words_of_a_text(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(snake(text), expected);
    }

    #[test]
    fn names_that_are_alike_are_told_apart_by_their_place_and_then_by_a_number() {
        let mut taken = Taken::inputs();
        assert_eq!(taken.take("id", "path"), "id");
        assert_eq!(taken.take("ID", "query"), "query_id");
        assert_eq!(taken.take("Id", "query"), "query_id_2");
        assert_eq!(taken.take("integration", "body"), "body_integration");
    }

    #[test]
    fn a_long_name_is_cut() {
        let mut taken = Taken::default();
        let long = "a".repeat(300);
        assert_eq!(taken.take(&long, "query").len(), 60);
        assert!(taken.take(&long, "query").len() <= 63);
        assert!(taken.take(&long, "query").len() <= 63);
    }
}
