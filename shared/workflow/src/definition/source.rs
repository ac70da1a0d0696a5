//! A person's YAML or JSON as a tree of nodes. JSON is read by the same parser: it is YAML too.
//!
//! The tree is built from the parser's events and without recursion, so no nesting can exhaust the stack. Anchors and
//! tags are refused: a few nested aliases can stand for more nodes than there is memory, and no workflow needs them.

use super::{
    Node, Position, Problems, check, limits,
    node::{Content, Entry},
};
use saphyr::Scalar;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::{borrow::Cow, collections::HashSet};

/// A list or map that is still being read.
struct Open {
    at: Option<Position>,
    content: Content,
    /// The key whose value comes next.
    key: Option<(String, Option<Position>)>,
    /// The keys so far.
    keys: HashSet<String>,
}

impl Open {
    fn new(at: Position, content: Content) -> Self {
        Self {
            at: Some(at),
            content,
            key: None,
            keys: HashSet::new(),
        }
    }
}

/// Reads a definition, which is one document.
pub(super) fn parse(source: &str) -> Result<Node, Problems> {
    document(source, "definition")
}

/// Reads one document; `what` is the noun for it.
pub(crate) fn document(source: &str, what: &str) -> Result<Node, Problems> {
    if source.len() > limits::SOURCE_BYTES {
        return Err(Problems::single(
            None,
            format!(
                "the {what} has {} bytes; at most {} are allowed",
                source.len(),
                limits::SOURCE_BYTES
            ),
        ));
    }
    let source = without_surrogates(source);
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    let mut document = Position { line: 1, column: 1 };
    for event in Parser::new_from_str(&source) {
        let (event, span) = event.map_err(|error| {
            let at = Position {
                line: error.marker().line(),
                column: error.marker().col() + 1,
            };
            match unquoted_expression(&source, at) {
                Some(at) => Problems::single(Some(at), QUOTE),
                None => Problems::single(Some(at), not_yaml(error.info())),
            }
        })?;
        let start = position(span);
        let at = Some(start);
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
            Event::DocumentStart(_) => {
                document = start;
                continue;
            }
            // A marker with nothing behind it, as some tools write one at the end.
            Event::Scalar(text, ScalarStyle::Plain, ..) if open.is_empty() && text.is_empty() => continue,
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..)
                if open.is_empty() && root.is_some() =>
            {
                return Err(Problems::single(
                    Some(document),
                    "there is more than one document; put each one into a file of its own",
                ));
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= limits::DEPTH => {
                return refuse(&format!(
                    "lists and maps are nested too deeply; at most {} within each other are allowed",
                    limits::DEPTH
                ));
            }
            Event::SequenceStart(..) => {
                open.push(Open::new(start, Content::List(Vec::new())));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::new(start, Content::Map(Vec::new())));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|open| Node {
                at: open.at,
                content: open.content,
                written: None,
            }),
            Event::Scalar(text, style, ..) => {
                let large = large_integer(&text);
                let written: Box<str> = text.as_ref().into();
                let value = match Scalar::parse_from_cow_and_metadata(text, style, None) {
                    Some(Scalar::FloatingPoint(_)) if large.is_some() => large.into(),
                    scalar => scalar_value(scalar),
                };
                Some(Node {
                    at,
                    written: says_more_than(&written, &value).then_some(written),
                    content: Content::Scalar(value),
                })
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => None,
        };
        if let Some(node) = finished {
            match open.last_mut() {
                Some(parent) => attach(parent, node).map_err(|refused| refused.problems(&source))?,
                None => root = Some(node),
            }
        }
    }
    root.ok_or_else(|| Problems::single(None, format!("the {what} is empty")))
}

/// The advice for an expression that YAML takes for a map in a map.
const QUOTE: &str = "put the expression in quotes: \"{{ … }}\"; without them YAML takes the braces for maps";

/// The start of an expression without quotes that leads to an error: the last value before it that begins with two braces, if it
/// is on the line of the error or the one before, or nothing closes it.
fn unquoted_expression(source: &str, error: Position) -> Option<Position> {
    let mut found = None;
    for (number, line) in (1..).zip(source.lines()).take(error.line) {
        for (start, _) in line.match_indices("{{") {
            let before = line.get(..start).unwrap_or_default();
            let at = Position {
                line: number,
                column: before.chars().count() + 1,
            };
            let before = before.trim_end();
            let begins_a_value = before.is_empty() || before.ends_with([':', '-', '[', ',', '?']);
            if begins_a_value && at <= error {
                found = Some((at, line.get(start..).unwrap_or_default()));
            }
        }
    }
    let (at, rest) = found?;
    let is_near = at.line + 1 >= error.line;
    let is_open = || {
        let between = source.lines().take(error.line).skip(at.line);
        std::iter::once(rest).chain(between).all(|line| !line.contains("}}"))
    };
    (is_near || is_open()).then_some(at)
}

/// The reason a node is not taken into a map.
enum Refused {
    /// A key that is a list or a map.
    Key(Option<Position>),
    /// A key that stands there already.
    Twice(Option<Position>, String),
}

impl Refused {
    fn problems(self, source: &str) -> Problems {
        match self {
            Self::Key(at) => match at.and_then(|at| unquoted_expression(source, at)) {
                Some(start) => Problems::single(Some(start), QUOTE),
                None => Problems::single(at, "a key must be plain text"),
            },
            Self::Twice(at, key) => Problems::single(
                at,
                format!("the key `{:.80}` stands twice in this map", check::hidden(&key)),
            ),
        }
    }
}

/// Puts a finished node into the list or map that it stands in.
fn attach(parent: &mut Open, node: Node) -> Result<(), Refused> {
    match (&mut parent.content, parent.key.take()) {
        (Content::List(items), _) => items.push(node),
        (Content::Map(entries), Some((key, key_at))) => entries.push(Entry {
            key,
            key_at,
            value: node,
        }),
        (Content::Map(_), None) => {
            let key = match node.content {
                Content::Scalar(Value::String(text)) => text,
                // `on`, `yes` and the like are plain text in YAML 1.2; what is left are numbers, booleans and null.
                Content::Scalar(value) => value.to_string(),
                Content::List(_) | Content::Map(_) => {
                    return Err(Refused::Key(node.at));
                }
            };
            if !parent.keys.insert(key.clone()) {
                return Err(Refused::Twice(node.at, key));
            }
            parent.key = Some((key, node.at));
        }
        (Content::Scalar(_), _) => {}
    }
    Ok(())
}

/// The largest whole number that every reader of JSON keeps: many read numbers as floating-point numbers of 53 bits.
const SAFE_INTEGER: u64 = 1 << 53;

/// True if a number is written with more than its value, which a person who means a name would miss: the zeros of `007` and
/// `1.10`, or digits that the receiver may not keep.
fn says_more_than(written: &str, value: &Value) -> bool {
    let Value::Number(number) = value else {
        return false;
    };
    let is_large = match (number.as_u64(), number.as_i64()) {
        (Some(number), _) => number > SAFE_INTEGER,
        (None, Some(number)) => number.unsigned_abs() > SAFE_INTEGER,
        (None, None) => false,
    };
    is_large || written.strip_prefix('+').unwrap_or(written) != number.to_string()
}

/// A number that is too large for the parser's integers, and would lose digits as a fraction.
fn large_integer(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| i64::try_from(*number).is_err())
}

/// JSON writes a character beyond U+FFFF as two escapes, `\ud83d\ude00`, if it is to be all ASCII. YAML does not know that
/// and has one escape of its own for it, so in JSON the two are replaced.
fn without_surrogates(source: &str) -> Cow<'_, str> {
    let is_json = || serde_json::from_str::<IgnoredAny>(source).is_ok();
    if !source.contains("\\u") || !is_json() {
        return Cow::Borrowed(source);
    }
    let mut replaced = String::new();
    let mut rest = source;
    // In JSON a backslash stands in texts only, and always with the character that it escapes.
    while let Some((before, escape)) = rest.split_once('\\') {
        replaced.push_str(before);
        let (written, length) = match surrogates(escape) {
            Some(character) => (format!("\\U{:08x}", u32::from(character)), "ud83d\\ude00".len()),
            None => {
                let escaped = escape.chars().next().map_or(0, char::len_utf8);
                (format!("\\{}", escape.get(..escaped).unwrap_or_default()), escaped)
            }
        };
        replaced.push_str(&written);
        rest = escape.get(length..).unwrap_or_default();
    }
    replaced.push_str(rest);
    Cow::Owned(replaced)
}

/// The character of two escapes, the first of which has lost its backslash.
fn surrogates(escape: &str) -> Option<char> {
    let unit = |digits: &str| u16::from_str_radix(digits, 16).ok();
    let high = unit(escape.strip_prefix('u')?.get(..4)?)?;
    let low = unit(escape.get(5..)?.strip_prefix("\\u")?.get(..4)?)?;
    char::decode_utf16([high, low])
        .next()?
        .ok()
        .filter(|c| u32::from(*c) > 0xffff)
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

/// The problem of a text that is not YAML. A cron expression may begin with a star, which stands for an alias.
fn not_yaml(problem: &str) -> String {
    let hint = match problem.contains("anchor or alias") {
        true => "; put a text that begins with `*` or `&` in quotes",
        false => "",
    };
    format!("this is not YAML: {problem}{hint}")
}
