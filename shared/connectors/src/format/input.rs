//! Inputs and outputs of an action, and their types.

use super::{MOST_FIELDS, scope::Scope, value};
use crate::connector::{Choices, Input, Output};
use serde_json::Value;
use workflow::{
    action::{Field, FieldKind, LOOK, Longest, OnNull, Pattern, Text, Unfit, unknown_field},
    document::{self, Content, Fields, Node, Path, ProblemSink, Problems},
};

/// The longest key where the file does not say it, in bytes.
const LONGEST_KEY: usize = 255;

/// The most words of a type `one_of`.
const MOST_WORDS: usize = 100;

/// Names that a call gives a meaning to beside the inputs of its action.
pub(crate) const RESERVED_INPUTS: &[&str] = &[
    "action",
    "approval",
    "attempt",
    "caller",
    "connector",
    "deadline",
    "entered_at",
    "idempotency_key",
    "integration",
    "intended_at",
    LOOK,
];

/// The name under which the result of a call says what was changed of its input.
pub(crate) const RESERVED_OUTPUT: &str = "adjusted";

/// The types, by their words.
const TYPES: [(&str, Kind); 10] = [
    ("text", Kind::Text),
    ("key", Kind::Key),
    ("integer", Kind::Integer),
    ("number", Kind::Number),
    ("boolean", Kind::Boolean),
    ("list", Kind::List),
    ("map", Kind::Map),
    ("time", Kind::Time),
    ("url", Kind::Url),
    ("link", Kind::Link),
];

/// The word for a value of any type, which is for outputs, and for inputs that are handed on as they are.
const ANY: (&str, Kind) = ("any", Kind::Any);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Key,
    Integer,
    Number,
    Boolean,
    List,
    Map,
    Time,
    Url,
    Link,
    Any,
}

/// A type as it is written.
#[derive(Debug, Clone, PartialEq)]
enum Type {
    Of(Kind),
    OneOf(Vec<String>),
}

impl Type {
    fn kind(&self, most: Option<u32>) -> FieldKind {
        let most_bytes = most.and_then(|most| usize::try_from(most).ok());
        match self {
            Self::OneOf(words) => FieldKind::OneOf(words.iter().cloned().map(Text::from).collect()),
            Self::Of(kind) => match kind {
                Kind::Text => most_bytes.map_or(FieldKind::Text, |most| FieldKind::Prose(Longest::Characters(most))),
                Kind::Key => FieldKind::Key {
                    longest: most_bytes.unwrap_or(LONGEST_KEY),
                },
                Kind::Integer => most.map_or(FieldKind::Integer, |most| FieldKind::Count { most }),
                Kind::Number => FieldKind::Number,
                Kind::Boolean => FieldKind::Boolean,
                Kind::List => FieldKind::List,
                Kind::Map => FieldKind::Map { may_be_empty: true },
                Kind::Time => FieldKind::Time,
                Kind::Url => FieldKind::Url,
                Kind::Link => FieldKind::Link,
                Kind::Any => FieldKind::Any,
            },
        }
    }

    /// True if it can have a largest value or a longest one.
    fn has_most(&self) -> bool {
        matches!(self, Self::Of(Kind::Text | Kind::Key | Kind::Integer))
    }

    /// True if a value that is too large can be cut.
    fn can_be_cut(&self) -> bool {
        matches!(self, Self::Of(Kind::Text | Kind::List | Kind::Map))
    }
}

fn type_of(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Type> {
    if matches!(node.content, Content::Map(_)) {
        return one_of(node, path, problems).map(Type::OneOf);
    }
    let text = document::text(node, path, problems)?;
    let found = TYPES.iter().chain([&ANY]).find(|(word, _)| *word == text);
    if found.is_none() {
        let words = TYPES.iter().chain([&ANY]).map(|(word, _)| *word);
        problems.problem(node.at, path, unknown_field(text, words.chain(["{ one_of: […] }"])));
    }
    found.map(|(_, kind)| Type::Of(*kind))
}

/// The words of a type that is one of a few.
pub(super) fn one_of(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let mut fields = Fields::of(node, &path, problems)?;
    let words = fields.required("one_of", "the words, such as { one_of: [high, low] }", problems);
    fields.refuse_others(problems);
    let (node, path) = (words?, path.field("one_of"));
    let items = document::items(node, path, Some(MOST_WORDS), problems)?;
    if items.is_empty() {
        problems.problem(node.at, path, "is empty; there must be at least one word");
        return None;
    }
    let mut words: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let word = document::text(item, path.item(index), problems)?;
        if words.iter().any(|other| other == word) {
            problems.problem(item.at, path.item(index), format!("`{word:.80}` stands twice"));
        }
        words.push(word.to_owned());
    }
    Some(words)
}

/// An input, for the engine and for its spec.
pub(super) struct Read {
    pub(super) input: Input,
    pub(super) field: Field,
    /// True if a call always has a value for it.
    pub(super) is_always_there: bool,
}

pub(super) fn inputs(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<Read>> {
    let entries = value::entries(node, path, MOST_FIELDS, "inputs", problems)?;
    let mut inputs = Vec::new();
    for entry in entries {
        let mut is_name = value::is_name(entry, path, problems);
        if RESERVED_INPUTS.contains(&entry.key.as_str()) {
            let message = format!("`{}` is reserved; give the input another name", entry.key);
            problems.problem(entry.key_at, path, message);
            is_name = false;
        }
        let input = input(&entry.value, path.field(&entry.key), &entry.key, problems);
        inputs.extend(input.filter(|_| is_name));
    }
    Some(inputs)
}

fn input(node: &Node, path: Path<'_>, name: &str, problems: &mut Problems) -> Option<Read> {
    let mut fields = Fields::of(node, &path, problems)?;
    let of_type = fields.required("type", "text, integer, boolean, list, map, …", problems);
    let of_type = of_type.and_then(|node| type_of(node, path.field("type"), problems));
    let summary = fields.required("summary", "what it is, in one line", problems);
    let summary = summary.and_then(|node| value::line(node, path.field("summary"), problems));
    let required = fields.read("required", value::boolean, problems).unwrap_or(false);
    let default = fields.optional("default");
    let most_node = fields.optional("most");
    let most = most_node.and_then(|node| document::whole_number(node, path.field("most"), 1..=u32::MAX, problems));
    let cut_node = fields.optional("cut");
    let cut = cut_node.and_then(|node| value::boolean(node, path.field("cut"), problems));
    let pattern_node = fields.optional("pattern");
    let pattern = pattern_node.and_then(|node| value::pattern(node, path.field("pattern"), problems));
    let choices = fields.read("choose", choices, problems);
    fields.refuse_others(problems);
    let of_type = of_type?;
    let mut only = |node: Option<&Node>, word: &str, fits: bool, types: &str| {
        if let Some(node) = node.filter(|_| !fits) {
            problems.problem(node.at, path.field(word), format!("goes only with {types}"));
        }
    };
    only(
        most_node,
        "most",
        of_type.has_most(),
        "the types `text`, `key` and `integer`",
    );
    only(
        cut_node,
        "cut",
        of_type.can_be_cut(),
        "the types `text`, `list` and `map`",
    );
    let is_text = of_type == Type::Of(Kind::Text);
    only(pattern_node, "pattern", is_text, "the type `text`");
    let kind = of_type.kind(most.filter(|_| of_type.has_most()));
    if let (true, Some(node)) = (required, default) {
        let message = "is never used, because the input is required; leave one of them out";
        problems.problem(node.at, path.field("default"), message);
    }
    let default = default.and_then(|node| default_of(node, path.field("default"), &kind, pattern.as_ref(), problems));
    let mut summary = summary?;
    if let Some(default) = &default {
        let shown = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        summary = format!("{summary}; `{shown:.60}` if it does not say");
    }
    Some(Read {
        is_always_there: required || default.is_some(),
        field: Field {
            name: name.to_owned().into(),
            kind,
            optional: !required,
            summary: summary.into(),
            names: None,
            unfit: if cut == Some(true) { Unfit::Cut } else { Unfit::Refuse },
            null: OnNull::LeaveOut,
            pattern,
        },
        input: Input {
            name: name.to_owned(),
            default,
            choices,
        },
    })
}

fn default_of(
    node: &Node,
    path: Path<'_>,
    kind: &FieldKind,
    pattern: Option<&Pattern>,
    problems: &mut Problems,
) -> Option<Value> {
    let value = node.to_json();
    let text = value.as_str().unwrap_or_default();
    let problem = match kind.check(&value) {
        Err(problem) => problem,
        Ok(()) if text.contains("{{") => "is used as it stands, without templates".to_owned(),
        Ok(()) if pattern.is_some_and(|pattern| !pattern.is_match(text)) => "is not of the pattern".to_owned(),
        Ok(()) => return Some(value),
    };
    problems.problem(node.at, path, problem);
    None
}

fn choices(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Choices> {
    let mut fields = Fields::of(node, &path, problems)?;
    let mut field = |name, what| {
        let node = fields.required(name, what, problems)?;
        document::text(node, path.field(name), problems).map(str::to_owned)
    };
    let action = field("action", "the action that lists them");
    let list = field("list", "the output with the list");
    let value = field("value", "the field of an entry that becomes the value");
    let label = field("label", "the field of an entry that people read");
    fields.refuse_others(problems);
    Some(Choices {
        action: action?,
        list: list?,
        value: value?,
        label: label?,
    })
}

/// The outputs, for the engine and for the spec.
pub(super) fn outputs(
    node: &Node,
    path: Path<'_>,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<Vec<(Output, Field)>> {
    let entries = value::entries(node, path, MOST_FIELDS, "outputs", problems)?;
    let mut outputs = Vec::new();
    for entry in entries {
        let mut is_name = value::is_name(entry, path, problems);
        if entry.key == RESERVED_OUTPUT {
            let message = format!("`{RESERVED_OUTPUT}` is reserved; give the output another name");
            problems.problem(entry.key_at, path, message);
            is_name = false;
        }
        let output = output(&entry.value, path.field(&entry.key), &entry.key, scope, problems);
        outputs.extend(output.filter(|_| is_name));
    }
    Some(outputs)
}

fn output(
    node: &Node,
    path: Path<'_>,
    name: &str,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<(Output, Field)> {
    let mut fields = Fields::of(node, &path, problems)?;
    let of_type = fields.required("type", "text, integer, boolean, list, map, …", problems);
    let of_type = of_type.and_then(|node| type_of(node, path.field("type"), problems));
    let summary = fields.required("summary", "what it is, in one line", problems);
    let summary = summary.and_then(|node| value::line(node, path.field("summary"), problems));
    let optional = fields.read("optional", value::boolean, problems).unwrap_or(false);
    let from = fields.required(
        "from",
        "where it stands in the answer, such as \"{{ body.id }}\"",
        problems,
    );
    let from = from.and_then(|node| scope.template(node, path.field("from"), problems));
    fields.refuse_others(problems);
    let output = Output {
        name: name.to_owned(),
        from: from?,
    };
    let field = Field {
        name: name.to_owned().into(),
        kind: of_type?.kind(None),
        optional,
        summary: summary?.into(),
        names: None,
        unfit: Unfit::default(),
        null: OnNull::default(),
        pattern: None,
    };
    Some((output, field))
}
