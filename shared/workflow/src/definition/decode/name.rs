//! Inputs of actions, and filters of triggers, in which people may write the names of things in a system.

use super::{
    super::{
        Node,
        draft::{Meanings, ThingReference, Wanted},
        node::{Content, Path},
    },
    Reading, value,
};
use crate::{
    action::{Field, FieldKind, Thing},
    ids::IntegrationAlias,
    template::Template,
};
use serde_json::Value;

/// The longest name, in characters. The systems' own bounds are lower.
const LONGEST_NAME: usize = 255;

/// The treatment of names.
#[derive(Clone, Copy)]
pub(crate) enum Names<'a> {
    /// There are none: an input has ids, as it is when it runs.
    None,
    /// They are left as they are written.
    AsWritten,
    /// They are replaced by what they mean.
    Meaning(&'a Meanings),
}

/// Reads an input that has ids or e-mail addresses of things. Each text in it may be a name.
pub(crate) fn template_of(
    field: &Field,
    thing: Thing,
    integration: Option<&IntegrationAlias>,
    node: &Node,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> Option<Template> {
    let wanted = match field.kind {
        FieldKind::UserEmail(_) => Wanted::Email,
        _ => Wanted::Id,
    };
    let stand_in = match wanted {
        Wanted::Email => "user@example.com",
        Wanted::Id | Wanted::IdOrName => "P000000",
    };
    // All but the names is checked as it always is.
    let checked = with_texts(node, path, &mut |_, _, _| stand_in.to_owned());
    value::template_of(&field.kind, &checked, path, reading)?;
    let meant = with_texts(node, path, &mut |text, node, path| {
        let reference = ThingReference {
            thing,
            wanted,
            text: text.to_owned(),
            integration: integration.cloned(),
            at: node.at,
            path: path.to_string(),
        };
        meaning(reference, path, reading)
    });
    value::template(&meant, path, reading)
}

/// Reads a thing that a trigger's filter names.
pub(crate) fn in_filter(
    thing: Thing,
    integration: Option<&IntegrationAlias>,
    text: &str,
    node: &Node,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> String {
    let reference = ThingReference {
        thing,
        wanted: Wanted::IdOrName,
        text: text.to_owned(),
        integration: integration.cloned(),
        at: node.at,
        path: path.to_string(),
    };
    match reading.names {
        // Filters have names also when they run, whatever their letters.
        Names::None => text.to_owned(),
        Names::AsWritten | Names::Meaning(_) => meaning(reference, path, reading),
    }
}

/// The meaning of a text. A text without one is reported.
fn meaning(reference: ThingReference, path: Path<'_>, reading: &mut Reading<'_>) -> String {
    let text = reference.text.clone();
    let meaning = if text.trim().is_empty() || text.chars().count() > LONGEST_NAME || text.contains(char::is_control) {
        Err(format!(
            "must be the name or the id of a {}, in one line",
            reference.thing
        ))
    } else if let Names::Meaning(meanings) = reading.names {
        meanings.get(&reference.path).cloned().unwrap_or(Ok(text.clone()))
    } else {
        Ok(text.clone())
    };
    let at = reference.at;
    reading.references.push(reference);
    meaning.unwrap_or_else(|problem| {
        reading.problem(at, path, problem);
        text
    })
}

/// The node with other texts in the place of those that are the same in every run, also in a list.
fn with_texts(node: &Node, path: Path<'_>, other: &mut impl FnMut(&str, &Node, Path<'_>) -> String) -> Node {
    let content = match &node.content {
        Content::Scalar(Value::String(text)) if is_literal(text) => {
            Content::Scalar(Value::String(other(text, node, path)))
        }
        Content::List(items) => {
            let items = items.iter().enumerate();
            Content::List(
                items
                    .map(|(index, item)| with_texts(item, path.item(index), other))
                    .collect(),
            )
        }
        content => content.clone(),
    };
    Node {
        at: node.at,
        content,
        written: node.written.clone(),
    }
}

fn is_literal(text: &str) -> bool {
    matches!(Template::from_text(text), Ok(Template::Literal(_)))
}
