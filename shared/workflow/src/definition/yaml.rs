//! A definition as YAML for people: in the order in which they write, and quoted only where it must be.

use crate::characters::{escaped_in_json, steers};
use saphyr::{Mapping, Scalar, ScalarStyle, Yaml, YamlEmitter};
use serde_json::Value;
use std::borrow::Cow;

/// The words of the language in the order in which people write them. Other keys follow by their names.
const ORDER: &[&str] = &[
    "name",
    "description",
    "on",
    "type",
    "integration",
    "webhook",
    "events",
    "inputs",
    "timeout",
    "concurrency",
    "id",
    "if",
    "uses",
    "run_workflow",
    "with",
    "when",
    "only_while",
    "choose",
    "parallel",
    "for_each",
    "max_concurrency",
    "repeat",
    "every",
    "until",
    "at_most",
    "steps",
    "else",
    "output",
    "on_lane_failure",
    "retry",
    "continue_on_error",
    "on_failure",
];

/// A stored definition as YAML, with a line break at its end.
pub(super) fn written(definition: &Value) -> String {
    let mut text = String::new();
    let mut emitter = YamlEmitter::new(&mut text);
    emitter.multiline(true);
    if emitter.dump(&node(definition)).is_err() {
        // A text takes whatever is written into it. If it did not: JSON is YAML too.
        return definition.to_string();
    }
    let document = text.strip_prefix("---\n").unwrap_or(&text);
    let mut document = document.to_owned();
    if !document.ends_with('\n') {
        document.push('\n');
    }
    document
}

fn node(value: &Value) -> Yaml<'_> {
    match value {
        Value::Null => Yaml::Value(Scalar::Null),
        Value::Bool(value) => Yaml::Value(Scalar::Boolean(*value)),
        // Some numbers of JSON are larger than any of the emitter's, but are written alike.
        Value::Number(number) => Yaml::Representation(number.to_string().into(), ScalarStyle::Plain, None),
        Value::String(text) => of_text(text),
        Value::Array(items) => Yaml::Sequence(items.iter().map(node).collect()),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| (rank(key), *key));
            let fields = fields.into_iter().map(|(key, value)| (of_key(key), node(value)));
            Yaml::Mapping(fields.collect::<Mapping<'_>>())
        }
    }
}

fn rank(key: &str) -> usize {
    ORDER.iter().position(|word| *word == key).unwrap_or(ORDER.len())
}

/// The emitter quotes `on` for readers of YAML 1.1. The language is of YAML 1.2, where it is a text like others.
fn of_key(key: &str) -> Yaml<'_> {
    match key {
        "on" => Yaml::Representation(Cow::Borrowed(key), ScalarStyle::Plain, None),
        key => of_text(key),
    }
}

/// Expressions are full of double quotes, which need no escape within single ones.
fn of_text(text: &str) -> Yaml<'_> {
    if text.chars().any(|c| steers(c) && c != '\n') {
        return escaped(text);
    }
    let is_single_line = !text.chars().any(|c| c.is_control() || BREAKS.contains(&c));
    match is_single_line && text.contains(['"', '\\']) {
        true => Yaml::Representation(text.replace('\'', "''").into(), ScalarStyle::SingleQuoted, None),
        false => Yaml::Value(Scalar::String(Cow::Borrowed(text))),
    }
}

/// A text with characters that cannot be seen, with these as escapes: a reviewer must see what is run. The escapes of JSON are
/// those of YAML too.
fn escaped(text: &str) -> Yaml<'_> {
    let quoted = escaped_in_json(&Value::from(text).to_string());
    let inner = quoted.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
    Yaml::Representation(
        inner.unwrap_or_default().to_owned().into(),
        ScalarStyle::DoubleQuoted,
        None,
    )
}

/// Characters that a reader of YAML may take for the end of a line, or of a text, besides control characters.
const BREAKS: &[char] = &['\u{2028}', '\u{2029}', '\u{feff}', '\u{fffe}', '\u{ffff}'];
