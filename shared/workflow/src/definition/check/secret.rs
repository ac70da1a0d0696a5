//! Secrets that were pasted into a definition: they are refused, and no problem repeats them.
//!
//! A definition is stored, shown and handed on, and none of these is a place for a secret.

use super::super::{
    Node, Position, Problems,
    node::{Content, Entry, Path},
};
use serde_json::Value;
use std::{borrow::Cow, ops::Range};

/// The text in the place of a secret.
const HIDDEN: &str = "[hidden]";

/// A kind of secret that can be told by its shape.
struct Shape {
    prefix: &'static str,
    /// The number of bytes of the text after the prefix that belong to it, if it is one.
    length: fn(&str) -> Option<usize>,
    message: &'static str,
}

const SHAPES: &[Shape] = &[
    Shape {
        // PagerDuty's tokens of today: `u+` and 18 characters.
        prefix: "u+",
        length: |rest| Some(run(rest, is_url_safe)).filter(|length| *length >= 18),
        message: "this looks like an API token of PagerDuty; keep it in an integration, and name the integration here",
    },
    Shape {
        // The key's id has 12 characters, its secret 43 and its checksum 8, joined by `_`.
        prefix: "pgf_",
        length: |rest| Some(run(rest, is_url_safe)).filter(|length| *length >= 12 + 1 + 43 + 1 + 8),
        message: "this looks like an API key of a webhook; only the sender of the webhook needs it, so leave it out here",
    },
    Shape {
        // AWS's documentation of unique identifiers: 20 characters with the prefix.
        prefix: "AKIA",
        length: |rest| Some(run(rest, |b| b.is_ascii_uppercase() || b.is_ascii_digit())).filter(|length| *length == 16),
        message: "this looks like an access key of AWS; the roles of the functions give the access, so leave it out here",
    },
];

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// The number of bytes of a kind at the beginning.
fn run(text: &str, is_of_kind: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is_of_kind(*byte)).count()
}

/// The secrets in a text, with what to say of each. The text is gone through once.
fn secrets(text: &str) -> impl Iterator<Item = (Range<usize>, &'static str)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(start..) {
            let shape = SHAPES.iter().find(|shape| rest.starts_with(shape.prefix));
            // In the middle of a word it is a part of something else.
            let is_start = text
                .get(..start)
                .is_none_or(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
            let secret = shape.filter(|_| is_start).and_then(|shape| {
                let after = rest.get(shape.prefix.len()..)?;
                let end = start + shape.prefix.len() + (shape.length)(after)?;
                Some((start..end, shape.message))
            });
            start = match &secret {
                Some((range, _)) => range.end,
                None => start + rest.chars().next()?.len_utf8(),
            };
            if secret.is_some() {
                return secret;
            }
        }
        None
    })
}

/// The text without the secrets in it.
pub(in crate::definition) fn hidden(text: &str) -> Cow<'_, str> {
    let mut hidden = String::new();
    let mut start = 0;
    for (secret, _) in secrets(text) {
        hidden.push_str(text.get(start..secret.start).unwrap_or_default());
        hidden.push_str(HIDDEN);
        start = secret.end;
    }
    if start == 0 {
        return Cow::Borrowed(text);
    }
    hidden.push_str(text.get(start..).unwrap_or_default());
    Cow::Owned(hidden)
}

/// Tells of each text and key with a secret in it. If there are any, gives the tree without them.
pub(in crate::definition) fn hide(node: &Node, problems: &mut Problems) -> Option<Node> {
    tell(node, Path::Root, problems).then(|| without(node))
}

/// True if there are any.
fn tell(node: &Node, path: Path<'_>, problems: &mut Problems) -> bool {
    match &node.content {
        Content::Scalar(Value::String(text)) => tell_text(text, node.at, path, problems),
        Content::Scalar(_) => false,
        Content::List(items) => items.iter().enumerate().fold(false, |found, (index, item)| {
            tell(item, path.item(index), problems) || found
        }),
        Content::Map(entries) => entries.iter().fold(false, |found, entry| {
            let in_key = tell_text(&entry.key, entry.key_at, path, problems);
            tell(&entry.value, path.field(&hidden(&entry.key)), problems) || in_key || found
        }),
    }
}

fn tell_text(text: &str, at: Option<Position>, path: Path<'_>, problems: &mut Problems) -> bool {
    let secret = secrets(text).next();
    if let Some((_, message)) = secret {
        problems.add(at, path, message);
    }
    secret.is_some()
}

fn without(node: &Node) -> Node {
    let content = match &node.content {
        Content::Scalar(Value::String(text)) => Content::Scalar(hidden(text).into()),
        Content::Scalar(value) => Content::Scalar(value.clone()),
        Content::List(items) => Content::List(items.iter().map(without).collect()),
        Content::Map(entries) => Content::Map(
            entries
                .iter()
                .map(|entry| Entry {
                    key: hidden(&entry.key).into_owned(),
                    key_at: entry.key_at,
                    value: without(&entry.value),
                })
                .collect(),
        ),
    };
    Node {
        at: node.at,
        content,
        written: node.written.clone(),
    }
}
