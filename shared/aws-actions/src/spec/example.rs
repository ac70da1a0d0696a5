//! An input that shows the use of an action: what it needs, as a person writes it.

use serde_json::{Map, Value, json};
use workflow::action::{ActionSpec, Field, FieldKind};

/// The fields of `with`, one on each line.
pub(super) fn of(spec: &ActionSpec) -> String {
    let lines = value(&spec.inputs).into_iter().map(|(name, value)| match &value {
        Value::String(text) if is_plain(text) => format!("{name}: {text}\n"),
        // JSON is YAML as well.
        value => format!("{name}: {value}\n"),
    });
    lines.collect()
}

/// True if YAML takes a text without quotes for the text that it is.
fn is_plain(text: &str) -> bool {
    let has_letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_word = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    let means_something = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    has_letter && is_word && !means_something.contains(&text.to_ascii_lowercase().as_str())
}

/// The required ones of these fields.
fn value(fields: &[Field]) -> Map<String, Value> {
    let needed = fields.iter().filter(|field| !field.optional);
    let needed = needed.map(|field| (field.name.clone().into_owned(), of_kind(&field.name, &field.kind)));
    needed.collect()
}

fn of_kind(name: &str, kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Integration => "prod-aws".into(),
        FieldKind::OneOf(words) => words.first().map_or(Value::Null, |word| word.clone().into()),
        FieldKind::Words(words) => words.first().map_or_else(|| json!([]), |word| json!([word])),
        FieldKind::Integer | FieldKind::Count { .. } => 1.into(),
        FieldKind::Number => json!(0.5),
        FieldKind::Boolean => true.into(),
        FieldKind::Time => "-1h".into(),
        FieldKind::Map { .. } => json!({}),
        FieldKind::List => json!([of_name(name)]),
        FieldKind::Object(fields) => Value::Object(value(fields)),
        FieldKind::Entries(fields) => json!([value(fields)]),
        _ => of_name(name).into(),
    }
}

/// A text that shows what kind of thing is meant.
fn of_name(name: &str) -> String {
    let ends = |ending: &str| name.ends_with(ending);
    match () {
        () if ends("instance_id") || ends("instance_ids") => "i-0123456789abcdef0".to_owned(),
        () if ends("_arn") || ends("_arns") || name == "arn" => {
            "arn:aws:sns:eu-west-1:123456789012:checkout".to_owned()
        }
        () if ends("queue_url") => "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout".to_owned(),
        () => "checkout".to_owned(),
    }
}
