//! Words for people, in one line.

use serde_json::Value;

use super::document::Operation;

/// The longest summary of an action or an input, in characters.
const LONGEST: usize = 160;

/// The summary of an operation.
pub(super) fn of_operation(operation: &Operation<'_>) -> String {
    line(operation.value, "summary")
        .or_else(|| line(operation.value, "description"))
        .unwrap_or_else(|| format!("{} {}", operation.method.to_uppercase(), operation.path))
        .chars()
        .take(LONGEST)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The first sentence of a text of a document. None if there are no words in it.
pub(super) fn line(value: &Value, name: &str) -> Option<String> {
    short(value.get(name)?.as_str()?, LONGEST)
}

/// The first sentence of a text, cut where it is too long.
pub(super) fn short(text: &str, longest: usize) -> Option<String> {
    let text = plain(text);
    let sentence = text.split_inclusive(". ").next().unwrap_or(&text).trim();
    let sentence = sentence.trim_end_matches(|c: char| ".:;,".contains(c) || c.is_whitespace());
    let cut = match sentence.char_indices().nth(longest) {
        None => sentence.to_owned(),
        Some((end, _)) => {
            let kept = sentence.get(..end).unwrap_or_default();
            let end = kept.rfind(' ').unwrap_or(kept.len());
            format!("{} …", kept.get(..end).unwrap_or_default().trim_end())
        }
    };
    cut.chars().any(char::is_alphanumeric).then_some(cut)
}

/// A text without line breaks, markup and characters that cannot be seen.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut in_tag = false;
    // A description can be a page; its first lines are enough.
    let mut characters = text.trim_start().chars().take(2000).peekable();
    while let Some(c) = characters.next() {
        match c {
            '<' if characters
                .peek()
                .is_some_and(|next| next.is_ascii_alphabetic() || *next == '/') =>
            {
                in_tag = true;
            }
            '>' if in_tag => {
                in_tag = false;
                plain.push(' ');
            }
            _ if in_tag => {}
            '\n' if characters.peek() == Some(&'\n') && !plain.trim().is_empty() => break,
            '*' | '`' | '#' => {}
            '{' | '}' => plain.push(if c == '{' { '(' } else { ')' }),
            c if c.is_whitespace() => plain.push(' '),
            c if workflow::characters::steers(c) || c.is_control() || is_odd(c) => {}
            c => plain.push(c),
        }
    }
    linked(&plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Characters that YAML cannot have in it as they are.
pub(super) fn is_odd(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// `[words](address)` as the words alone.
fn linked(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, link)) = rest.split_once('[') {
        let Some((words, after)) = link.split_once("](") else {
            break;
        };
        let Some((_, after)) = after.split_once(')') else {
            break;
        };
        plain.push_str(before);
        plain.push_str(words);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// True if a text would be read as a template, or could not be read as one.
pub(super) fn has_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|start| text.contains(start))
}
