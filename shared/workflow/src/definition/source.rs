//! A person's YAML or JSON as a tree of nodes. JSON is read by the same parser: it is YAML too.
//!
//! The tree is built from the parser's events and without recursion, so no nesting can exhaust the stack. Anchors and
//! tags are refused: a few nested aliases can stand for more nodes than there is memory, and no workflow needs them.

use super::{
    Node, Position, Problems, limits,
    node::{Content, Entry},
};
use saphyr::Scalar;
use saphyr_parser::{Event, Parser, Span};
use serde_json::Value;

/// A list or map that is still being read.
struct Open {
    at: Option<Position>,
    content: Content,
    /// The key whose value comes next.
    key: Option<(String, Option<Position>)>,
}

/// Reads one document.
pub(super) fn parse(source: &str) -> Result<Node, Problems> {
    if source.len() > limits::SOURCE_BYTES {
        return Err(Problems::single(
            None,
            format!(
                "the definition has {} bytes; at most {} are allowed",
                source.len(),
                limits::SOURCE_BYTES
            ),
        ));
    }
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    for event in Parser::new_from_str(source) {
        let (event, span) = event.map_err(|error| {
            let at = Position {
                line: error.marker().line(),
                column: error.marker().col() + 1,
            };
            Problems::single(Some(at), format!("this is not YAML: {}", error.info()))
        })?;
        let at = Some(position(span));
        let refuse = |message: &str| Err(Problems::single(at, message));
        let finished = match event {
            Event::Alias(_) => return refuse("aliases (`*name`) are not supported; write the value out"),
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                return refuse("anchors (`&name`) are not supported; write the value out where it is used");
            }
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                return refuse("tags (`!name`) are not supported; leave the tag out");
            }
            Event::DocumentStart(_) if root.is_some() => {
                return refuse("there is more than one document; put each workflow into a file of its own");
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= limits::DEPTH => {
                return refuse("lists and maps are nested too deeply");
            }
            Event::SequenceStart(..) => {
                open.push(Open {
                    at,
                    content: Content::List(Vec::new()),
                    key: None,
                });
                None
            }
            Event::MappingStart(..) => {
                open.push(Open {
                    at,
                    content: Content::Map(Vec::new()),
                    key: None,
                });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|open| Node {
                at: open.at,
                content: open.content,
            }),
            Event::Scalar(text, style, ..) => {
                let scalar = Scalar::parse_from_cow_and_metadata(text, style, None);
                Some(Node {
                    at,
                    content: Content::Scalar(scalar_value(scalar)),
                })
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                None
            }
        };
        if let Some(node) = finished {
            match open.last_mut() {
                Some(parent) => attach(parent, node)?,
                None => root = Some(node),
            }
        }
    }
    root.ok_or_else(|| Problems::single(None, "the definition is empty"))
}

/// Puts a finished node into the list or map that it stands in.
fn attach(parent: &mut Open, node: Node) -> Result<(), Problems> {
    match (&mut parent.content, parent.key.take()) {
        (Content::List(items), _) => items.push(node),
        (Content::Map(entries), Some((key, key_at))) => entries.push(Entry {
            key,
            key_at,
            value: node,
        }),
        (Content::Map(entries), None) => {
            let key = match node.content {
                Content::Scalar(Value::String(text)) => text,
                // `on`, `yes` and the like are plain text in YAML 1.2; what is left are numbers, booleans and null.
                Content::Scalar(value) => value.to_string(),
                Content::List(_) | Content::Map(_) => {
                    return Err(Problems::single(node.at, "a key must be plain text"));
                }
            };
            if entries.iter().any(|entry| entry.key == key) {
                return Err(Problems::single(
                    node.at,
                    format!("the key `{key}` stands twice in this map"),
                ));
            }
            parent.key = Some((key, node.at));
        }
        (Content::Scalar(_), _) => {}
    }
    Ok(())
}

fn scalar_value(scalar: Option<Scalar<'_>>) -> Value {
    match scalar {
        None | Some(Scalar::Null) => Value::Null,
        Some(Scalar::Boolean(value)) => value.into(),
        Some(Scalar::Integer(value)) => value.into(),
        // Infinity and NaN have no JSON form; as text they fail the check of whatever type was wanted.
        Some(Scalar::FloatingPoint(value)) => serde_json::Number::from_f64(value.into_inner())
            .map_or_else(|| Value::String(value.to_string()), Value::Number),
        Some(Scalar::String(text)) => Value::String(text.into_owned()),
    }
}

fn position(span: Span) -> Position {
    Position {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}
