//! A tree of values that know where they stand in the source.

use serde_json::Value;

/// A place in a source: line and column, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// A value and where it stands; stored JSON has no places.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub at: Option<Position>,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Null, true, false, a number or text.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the source. No key stands twice.
    Map(Vec<Entry>),
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_at: Option<Position>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A tree without places.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        let content = match value {
            Value::Array(items) => Content::List(items.iter().map(Self::from_json).collect()),
            Value::Object(fields) => Content::Map(
                fields
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        key_at: None,
                        value: Self::from_json(value),
                    })
                    .collect(),
            ),
            scalar => Content::Scalar(scalar.clone()),
        };
        Self { at: None, content }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// What it is, in words with an article.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match &self.content {
            Content::Scalar(value) => crate::action::type_of(value),
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}
