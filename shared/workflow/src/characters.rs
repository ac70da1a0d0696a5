//! Characters that cannot be seen and that change what is seen.

/// True if a character steers a terminal or an editor: control characters, those of Unicode's second set (U+0080 to U+009F) included,
/// which terminals take for the beginning of a command; marks that turn the direction of the text, by which a definition can be
/// shown otherwise than it is read; and the two line ends of Unicode. It may be a line break or a tab.
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// A text of JSON with these characters written as `\uXXXX`. Between texts JSON has no other than line breaks, and these stay.
#[must_use]
pub fn escaped_in_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match steers(c) && c != '\n' {
            true => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn json_is_read_as_before_when_they_are_escaped(text in "(\\PC|[\\x00-\\x1f\u{80}-\u{9f}\u{61c}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}\\\\\"]){0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            let escaped = escaped_in_json(&json);
            prop_assert!(!escaped.chars().any(steers), "{escaped:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }
}
