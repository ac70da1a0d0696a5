//! The text of a document.

use saphyr::Scalar;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::ImportError;

/// The most lists and maps within each other.
const DEPTH: usize = 128;

/// The most values that a document in YAML can have with its aliases written out. A few aliases of aliases can stand for more than
/// there is memory.
const MOST_VALUES: usize = 5_000_000;

/// Reads a document, in JSON or YAML.
///
/// # Errors
/// Where it is neither.
pub fn parse(text: &str) -> Result<Value, ImportError> {
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().starts_with('{') {
        // YAML reads JSON too, but less quickly, and its messages are about YAML.
        true => serde_json::from_str(text).or_else(|error| yaml(text).map_err(|_| unreadable(error.to_string()))),
        false => yaml(text),
    }
}

fn unreadable(text: impl Into<String>) -> ImportError {
    let text: String = text.into();
    ImportError::Unreadable(
        text.chars()
            .filter(|c| !workflow::characters::steers(*c))
            .take(300)
            .collect(),
    )
}

/// A list or map that is still being read.
struct Open {
    value: Value,
    /// The key whose value comes next.
    key: Option<String>,
    /// The anchor.
    anchor: usize,
}

fn yaml(text: &str) -> Result<Value, ImportError> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: Vec<(usize, Value, usize)> = Vec::new();
    let mut count = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| unreadable(error.to_string()))?;
        let at = || format!("line {}", span.start.line());
        let (finished, anchor) = match event {
            Event::MappingStart(anchor, _) | Event::SequenceStart(anchor, _) => {
                if open.len() >= DEPTH {
                    return Err(unreadable(format!("{}: lists and maps are nested too deeply", at())));
                }
                let value = match event {
                    Event::MappingStart(..) => Value::Object(Map::new()),
                    _ => Value::Array(Vec::new()),
                };
                open.push(Open {
                    value,
                    key: None,
                    anchor,
                });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(ended) => (ended.value, ended.anchor),
                None => continue,
            },
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style), anchor),
            Event::Alias(anchor) => {
                let found = anchors.iter().rev().find(|(id, ..)| *id == anchor);
                let Some((_, value, size)) = found else {
                    return Err(unreadable(format!("{}: an alias stands within what it is for", at())));
                };
                count += size;
                if count > MOST_VALUES {
                    return Err(unreadable("its aliases stand for too many values"));
                }
                (value.clone(), 0)
            }
            Event::DocumentEnd | Event::DocumentStart(_) | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                continue;
            }
        };
        count += 1;
        if anchor != 0 {
            anchors.push((anchor, finished.clone(), size(&finished)));
        }
        match open.last_mut() {
            None if finished.is_null() => {}
            None => return Ok(finished),
            Some(parent) => attach(parent, finished),
        }
    }
    Err(unreadable("it is empty"))
}

fn attach(parent: &mut Open, value: Value) {
    match (&mut parent.value, parent.key.take()) {
        (Value::Array(items), _) => items.push(value),
        (Value::Object(fields), Some(key)) => {
            fields.insert(key, value);
        }
        (_, _) => {
            parent.key = Some(match value {
                Value::String(key) => key,
                // The statuses of answers are numbers.
                other => other.to_string(),
            });
        }
    }
}

/// The number of values in a value, which has been read already and so is not too deep.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    match Scalar::parse_from_cow_and_metadata(text.into(), style, None) {
        Some(Scalar::Null) => Value::Null,
        Some(Scalar::Boolean(value)) => value.into(),
        Some(Scalar::Integer(value)) => value.into(),
        Some(Scalar::FloatingPoint(value)) => {
            serde_json::Number::from_f64(*value).map_or_else(|| Value::from(text), Value::Number)
        }
        Some(Scalar::String(value)) => Value::String(value.into_owned()),
        None => Value::from(text),
    }
}
