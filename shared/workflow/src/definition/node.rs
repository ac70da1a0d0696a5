//! A tree of values that know where they stand in the source.

use serde_json::Value;
use std::fmt;

/// A place in a source: line and column, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// A value and where it stands; stored JSON has no places.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The place of its start.
    pub at: Option<Position>,
    /// The content.
    pub content: Content,
    /// A number as it is written, where that says more than its value: `007`, `1.10`, more digits than a receiver may keep.
    pub written: Option<Box<str>>,
}

/// The content of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Null, true, false, a number or text.
    Scalar(Value),
    List(Vec<Node>),
    /// A map, in the order of the source. No key stands twice.
    Map(Vec<Entry>),
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    /// The place of the key.
    pub key_at: Option<Position>,
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
        Self {
            at: None,
            content,
            written: None,
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The value without its places.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => {
                let fields = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json()));
                Value::Object(fields.collect())
            }
        }
    }

    /// The numbers at `path` and below that are written with more than their value, with their places.
    pub(crate) fn written_numbers(&self, path: Path<'_>) -> Vec<(Option<Position>, &str)> {
        let mut found = Vec::new();
        let mut rest = vec![self.nearest(path)];
        while let Some(node) = rest.pop() {
            found.extend(node.written.as_deref().map(|written| (node.at, written)));
            match &node.content {
                Content::Scalar(_) => {}
                Content::List(items) => rest.extend(items),
                Content::Map(entries) => rest.extend(entries.iter().map(|entry| &entry.value)),
            }
        }
        found
    }

    /// The place of the node at `path`, or if there is none, of the innermost one around it.
    pub(crate) fn place_of(&self, path: Path<'_>) -> Option<Position> {
        self.nearest(path).at
    }

    fn nearest(&self, path: Path<'_>) -> &Self {
        let (outer, inner) = match path {
            Path::Root => return self,
            Path::Field(outer, name) => {
                let outer = self.nearest(*outer);
                (outer, outer.field(name))
            }
            Path::Item(outer, index) => {
                let outer = self.nearest(*outer);
                match &outer.content {
                    Content::List(items) => (outer, items.get(index)),
                    Content::Scalar(_) | Content::Map(_) => (outer, None),
                }
            }
        };
        inner.unwrap_or(outer)
    }

    fn field(&self, name: &str) -> Option<&Self> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value),
            Content::Scalar(_) | Content::List(_) => None,
        }
    }

    /// The words for it, with an article.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match &self.content {
            Content::Scalar(value) => crate::action::type_of(value),
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

/// The way from the root of a tree to a node. It is a text only when it is read.
#[derive(Debug, Clone, Copy)]
pub enum Path<'a> {
    /// To the root itself.
    Root,
    /// To a field of a map.
    Field(&'a Path<'a>, &'a str),
    /// To an item of a list, counted from 0.
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// The way to a field of the map here.
    #[must_use]
    pub fn field<'a>(&'a self, name: &'a str) -> Path<'a> {
        Path::Field(self, name)
    }

    /// The way to an item of the list here.
    #[must_use]
    pub fn item(&self, index: usize) -> Path<'_> {
        Path::Item(self, index)
    }
}

impl fmt::Display for Path<'_> {
    /// `steps[2].with.title`. A key is cut where people would not read on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Path::Root, name) => write!(f, "{name:.80}"),
            Self::Field(outer, name) => write!(f, "{outer}.{name:.80}"),
            Self::Item(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}
