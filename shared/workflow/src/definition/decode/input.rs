//! `inputs` and `concurrency`: what a run is given, and which runs exclude each other.

use super::{
    super::{
        Concurrency, Input, InputKind, Node, limits,
        node::{Content, Path},
    },
    Fields, Reading, value, words,
};
use crate::ids::InputName;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn inputs(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<BTreeMap<InputName, Input>> {
    named(node, path, "inputs", limits::INPUTS, reading)
}

/// A map of things that a person fills in, at most so many.
pub(crate) fn named(
    node: &Node,
    path: Path<'_>,
    what: &str,
    most: usize,
    reading: &mut Reading<'_>,
) -> Option<BTreeMap<InputName, Input>> {
    let Content::Map(entries) = &node.content else {
        let message = format!("must be a map of {what}, but is {}", node.type_name());
        reading.problem(node.at, path, message);
        return None;
    };
    if entries.len() > most {
        let message = format!("has {} {what}; at most {most} are allowed", entries.len());
        reading.problem(node.at, path, message);
    }
    let mut inputs = BTreeMap::new();
    for entry in entries.iter().take(most) {
        match entry.key.parse::<InputName>() {
            Ok(name) => {
                let input = input(&entry.value, path.field(&entry.key), reading);
                inputs.insert(name, input.unwrap_or(STAND_IN));
            }
            Err(error) => reading.problem(entry.key_at, path, error.to_string()),
        }
    }
    Some(inputs)
}

/// In the place of an input that could not be read: with a default, so that none is asked for.
const STAND_IN: Input = Input {
    kind: InputKind::Text,
    description: None,
    default: Some(Value::Null),
};

fn input(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Input> {
    let mut fields = Fields::of(node, &path, reading)?;
    let kind = fields.required(
        "type",
        "text, integer, number, boolean, list, map, time or duration",
        reading,
    );
    let kind = kind.and_then(|node| value::word(node, path.field("type"), words::INPUT_KINDS, reading));
    let description = fields.read("description", value::text, reading).map(str::to_owned);
    let default = fields.optional("default");
    let default = default.map(|node| default_value(node, kind, path.field("default"), reading));
    fields.refuse_others(reading);
    Some(Input {
        kind: kind?,
        description,
        default,
    })
}

fn default_value(node: &Node, kind: Option<InputKind>, path: Path<'_>, reading: &mut Reading<'_>) -> Value {
    let value = node.to_json();
    if let Some(problem) = kind.and_then(|kind| check_kind(kind, node)) {
        reading.problem(node.at, path, problem);
    } else if has_expression(&value) {
        let message = "is used as it stands, without templates; leave `{{ }}` to the step that uses the input";
        reading.problem(node.at, path, message);
    }
    value
}

fn has_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(items) => items.iter().any(has_expression),
        Value::Object(fields) => fields.values().any(has_expression),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn check_kind(kind: InputKind, node: &Node) -> Option<String> {
    let (fits, wanted) = match (kind, &node.content) {
        (InputKind::Text, content) => (matches!(content, Content::Scalar(Value::String(_))), "text"),
        (InputKind::Integer, content) => (
            matches!(content, Content::Scalar(value) if value.is_i64() || value.is_u64()),
            "a whole number",
        ),
        (InputKind::Number, content) => (matches!(content, Content::Scalar(Value::Number(_))), "a number"),
        (InputKind::Boolean, content) => (matches!(content, Content::Scalar(Value::Bool(_))), "true or false"),
        (InputKind::List, content) => (matches!(content, Content::List(_)), "a list"),
        (InputKind::Map, content) => (matches!(content, Content::Map(_)), "a map"),
        (InputKind::Time | InputKind::Duration, _) => {
            let value = node.to_json();
            let written = value
                .as_str()
                .map_or_else(|| node.type_name().to_owned(), |text| format!("{text:?}"));
            return (!kind.takes(&value)).then(|| format!("must be {} as `type` says, but is {written}", kind.words()));
        }
    };
    (!fits).then(|| format!("must be {wanted} as `type` says, but is {}", node.type_name()))
}

pub(super) fn concurrency(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Concurrency> {
    let mut fields = Fields::of(node, &path, reading)?;
    let what = "runs of the same key exclude each other, such as {{ event.incident.id }}";
    let key = fields.required("key", what, reading);
    let key = key.and_then(|node| value::text_template(node, path.field("key"), reading));
    let read_policy =
        |node: &Node, path: Path<'_>, reading: &mut Reading<'_>| value::word(node, path, words::POLICIES, reading);
    let policy = fields.read("policy", read_policy, reading);
    fields.refuse_others(reading);
    Some(Concurrency {
        key: key?,
        policy: policy.unwrap_or_default(),
    })
}
