//! Values: texts, words, numbers, lengths of time, templates and conditions.

use super::{
    super::{
        Length, Node,
        node::{Content, Entry, Path},
    },
    ProblemSink, Reading,
};
use crate::{
    action::{Field, FieldKind, unknown_field},
    ids::InvalidId,
    template::{Expression, Template},
};
use serde_json::Value;
use std::{collections::BTreeMap, ops::RangeInclusive, str::FromStr};

pub fn text<'a>(node: &'a Node, path: Path<'_>, sink: &mut impl ProblemSink) -> Option<&'a str> {
    let text = node.as_text();
    if text.is_none() {
        let message = format!(
            "must be text, but is {}; put it in quotes if it is meant as text",
            node.type_name()
        );
        sink.problem(node.at, path, message);
    }
    text
}

pub(crate) fn id<T: FromStr<Err = InvalidId>>(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<T> {
    let id = text(node, path, reading)?.parse();
    id.map_err(|error: InvalidId| reading.problem(node.at, path, error.to_string()))
        .ok()
}

/// One of a few words.
pub fn word<T: Copy>(
    node: &Node,
    path: Path<'_>,
    words: &[(&'static str, T)],
    sink: &mut impl ProblemSink,
) -> Option<T> {
    let text = text(node, path, sink)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let message = unknown_field(text, words.iter().map(|(word, _)| *word));
        sink.problem(node.at, path, message);
    }
    found.map(|(_, meaning)| *meaning)
}

pub(crate) fn boolean(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<bool> {
    let boolean = match &node.content {
        Content::Scalar(value) => value.as_bool(),
        Content::List(_) | Content::Map(_) => None,
    };
    if boolean.is_none() {
        let message = format!("must be true or false, but is {}", node.type_name());
        reading.problem(node.at, path, message);
    }
    boolean
}

pub fn whole_number(
    node: &Node,
    path: Path<'_>,
    range: RangeInclusive<u32>,
    sink: &mut impl ProblemSink,
) -> Option<u32> {
    let number = match &node.content {
        Content::Scalar(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
        Content::List(_) | Content::Map(_) => None,
    };
    let number = number.filter(|number| range.contains(number));
    if number.is_none() {
        let message = format!("must be a whole number from {} to {}", range.start(), range.end());
        sink.problem(node.at, path, message);
    }
    number
}

pub(crate) fn number(
    node: &Node,
    path: Path<'_>,
    range: RangeInclusive<u32>,
    reading: &mut Reading<'_>,
) -> Option<f64> {
    let number = match &node.content {
        Content::Scalar(value) => value.as_f64(),
        Content::List(_) | Content::Map(_) => None,
    };
    let number = number.filter(|number| (f64::from(*range.start())..=f64::from(*range.end())).contains(number));
    if number.is_none() {
        let message = format!("must be a number from {} to {}", range.start(), range.end());
        reading.problem(node.at, path, message);
    }
    number
}

pub(crate) fn length(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Length> {
    let Some(text) = node.as_text() else {
        let message = format!(
            "must be a length of time such as 30s, 10m, 1h30m or 2d, but is {}",
            node.type_name()
        );
        reading.problem(node.at, path, message);
        return None;
    };
    if text.contains("{{") {
        let message = "a length of time takes no expression; write it like 30s, 10m, 1h30m or 2d, or wait for a computed time with \
                       `wait: { until: \"{{ … }}\" }`";
        reading.problem(node.at, path, message);
        return None;
    }
    Length::parse(text)
        .map_err(|problem| reading.problem(node.at, path, problem))
        .ok()
}

/// The items of a list that may be no longer than `most`.
pub fn items<'a>(
    node: &'a Node,
    path: Path<'_>,
    most: Option<usize>,
    sink: &mut impl ProblemSink,
) -> Option<&'a [Node]> {
    let Content::List(items) = &node.content else {
        sink.problem(node.at, path, format!("must be a list, but is {}", node.type_name()));
        return None;
    };
    match most.filter(|most| items.len() > *most) {
        Some(most) => {
            let message = format!("has {} entries; at most {most} are allowed", items.len());
            sink.problem(node.at, path, message);
            None
        }
        None => Some(items),
    }
}

pub(crate) fn template(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Template> {
    match &node.content {
        Content::Scalar(Value::String(source)) => Template::from_text(source)
            .map_err(|error| reading.problem(node.at, path, error.to_string()))
            .ok(),
        Content::Scalar(value) => Some(Template::Literal(value.clone())),
        Content::List(items) => {
            let items: Vec<_> = (0..)
                .zip(items)
                .map(|(index, item)| template(item, path.item(index), reading))
                .collect();
            items.into_iter().collect::<Option<_>>().map(Template::List)
        }
        Content::Map(entries) => {
            let fields: Vec<_> = entries
                .iter()
                .map(|entry| {
                    let field = template(&entry.value, path.field(&entry.key), reading);
                    field.map(|field| (entry.key.clone(), field))
                })
                .collect();
            fields.into_iter().collect::<Option<_>>().map(Template::Map)
        }
    }
}

/// A template that gives a value of a type. What is the same in every run is checked now.
pub(crate) fn template_of(
    kind: &FieldKind,
    node: &Node,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> Option<Template> {
    let template = template(node, path, reading)?;
    is_of(kind, &template, node, path, reading).then_some(template)
}

/// True if a template can give a value of a type. Says what is wrong if it cannot.
fn is_of(kind: &FieldKind, template: &Template, node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> bool {
    let problem = match (template, &node.content) {
        (Template::List(items), Content::List(nodes)) if !template.expressions().is_empty() && kind.is_list() => {
            let Some(of_entries) = kind.of_entries() else {
                return true;
            };
            let nodes = items.iter().zip(nodes).enumerate();
            return nodes.fold(true, |is_so, (index, (item, node))| {
                is_of(&of_entries, item, node, path.item(index), reading) && is_so
            });
        }
        (Template::Map(fields), Content::Map(entries)) if !template.expressions().is_empty() => match kind {
            FieldKind::Map { .. } => return true,
            FieldKind::Object(known) => return is_object(known, fields, (node, entries), path, reading),
            kind => kind.check_written(template.to_json()),
        },
        (Template::Expression(expression), _) => match kind.is_single()
            || *kind == FieldKind::Any
            || !expression.is_text()
        {
            true => return true,
            false => Err(
                "is text with expressions in it, which never gives a list or a map; give one expression only, as in \
                 `{{ vars.users }}`"
                    .to_owned(),
            ),
        },
        _ => kind.check_written(template.to_json()),
    };
    match problem {
        Ok(()) => true,
        Err(problem) => {
            reading.problem(node.at, path, problem);
            false
        }
    }
}

/// The check of a map with expressions in it against these fields.
fn is_object(
    known: &[Field],
    fields: &BTreeMap<String, Template>,
    (node, entries): (&Node, &[Entry]),
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> bool {
    let mut is_so = true;
    for entry in entries {
        let field = known.iter().find(|field| field.name == entry.key.as_str());
        match (field, fields.get(&entry.key)) {
            (Some(field), Some(template)) => {
                is_so &= is_of(&field.kind, template, &entry.value, path.field(&entry.key), reading);
            }
            _ => {
                let message = unknown_field(&entry.key, known.iter().map(|field| &*field.name));
                reading.problem(entry.key_at, path, message);
                is_so = false;
            }
        }
    }
    for field in known.iter().filter(|field| !field.optional) {
        if !fields.contains_key(&*field.name) {
            let message = format!("`{}` is missing: {}", field.name, field.summary);
            reading.problem(node.at, path, message);
            is_so = false;
        }
    }
    is_so
}

pub(crate) fn text_template(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Template> {
    template_of(&FieldKind::Text, node, path, reading)
}

/// A condition. One that is wrong is told, and always holds.
pub(crate) fn condition(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Expression> {
    let source = match &node.content {
        Content::Scalar(Value::String(source)) => Ok(source.clone()),
        Content::Scalar(Value::Bool(holds)) => Ok(holds.to_string()),
        _ => Err(format!("must be an expression, but is {}", node.type_name())),
    };
    let condition = source.and_then(|source| Expression::condition(&source).map_err(|error| error.to_string()));
    match condition {
        Ok(condition) => Some(condition),
        Err(problem) => {
            reading.problem(node.at, path, problem);
            Expression::condition("true").ok()
        }
    }
}

/// A map of names to templates.
pub(crate) fn templates<N: FromStr<Err = InvalidId> + Ord>(
    node: &Node,
    path: Path<'_>,
    what: &str,
    reading: &mut Reading<'_>,
) -> Option<BTreeMap<N, Template>> {
    let Content::Map(entries) = &node.content else {
        let message = format!("must be a map of {what}, but is {}", node.type_name());
        reading.problem(node.at, path, message);
        return None;
    };
    let mut templates = BTreeMap::new();
    for entry in entries {
        match entry.key.parse::<N>() {
            Ok(name) => {
                let template = template(&entry.value, path.field(&entry.key), reading);
                templates.insert(name, template.unwrap_or(Template::Literal(Value::Null)));
            }
            Err(error) => {
                reading.has_gaps = true;
                reading.problem(entry.key_at, path, error.to_string());
            }
        }
    }
    Some(templates)
}

/// The items of a list of at least one and at most `most`.
pub(crate) fn some_items<'a>(
    node: &'a Node,
    path: Path<'_>,
    most: usize,
    what: &str,
    reading: &mut Reading<'_>,
) -> &'a [Node] {
    let items = items(node, path, Some(most), reading);
    reading.has_gaps |= items.is_none();
    if items.is_some_and(<[Node]>::is_empty) {
        reading.problem(node.at, path, format!("is empty; there must be at least one {what}"));
    }
    items.unwrap_or_default()
}
