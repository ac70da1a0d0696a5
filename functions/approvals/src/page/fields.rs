//! The fields of a form.

use super::words::{value, visible};
use crate::form::{FIELD, Typed};
use maud::{Markup, html};
use workflow::{
    approval::Question,
    definition::{Input, InputKind},
};

/// The fields of an approval with what was typed, or else with their defaults.
pub(super) fn fields(question: &Question, typed: &Typed) -> Markup {
    html! {
        @for (name, field) in &question.form {
            (one(name.as_str(), field, typed.fields.get(name.as_str()).map(String::as_str)))
        }
    }
}

fn one(name: &str, field: &Input, typed: Option<&str>) -> Markup {
    let id = format!("{FIELD}{name}");
    let hint_id = format!("{id}-hint");
    let hint = hint(field);
    let described_by = hint.is_some().then_some(hint_id.as_str());
    let default = field.default.as_ref().map(value);
    let text = typed.map(str::to_owned).or_else(|| default.clone()).unwrap_or_default();
    let is_required = field.default.is_none();
    html! {
        @if field.kind == InputKind::Boolean {
            div.field.box {
                // Sent in any case, because a box that is not ticked is not sent, and would count as its default.
                input type="hidden" name=(id) value="false";
                label for=(id) {
                    input id=(id) type="checkbox" name=(id) value="true" checked[text == "true"] aria-describedby=[described_by];
                    (name)
                }
                @if let Some(hint) = &hint { p.hint id=(hint_id) { (visible(hint)) } }
            }
        } @else {
            div.field {
                label for=(id) { (name) }
                @if let Some(hint) = &hint { p.hint id=(hint_id) { (visible(hint)) } }
                @if let Some(mode) = inputmode(field.kind) {
                    input id=(id) name=(id) value=(text) inputmode=(mode) required[is_required] autocomplete="off"
                        aria-describedby=[described_by];
                } @else {
                    textarea id=(id) name=(id) rows="3" maxlength="2000" dir="auto" required[is_required]
                        aria-describedby=[described_by] { (text) }
                }
            }
        }
    }
}

/// The keys that a phone shows, for a field of one line.
fn inputmode(kind: InputKind) -> Option<&'static str> {
    match kind {
        InputKind::Integer => Some("numeric"),
        InputKind::Number => Some("decimal"),
        InputKind::Time | InputKind::Duration => Some("text"),
        InputKind::Text | InputKind::Boolean | InputKind::List | InputKind::Map => None,
    }
}

/// The line below the name of a field: its description, its type and its default.
fn hint(field: &Input) -> Option<String> {
    let kind = match field.kind {
        InputKind::Integer => Some("A whole number.".to_owned()),
        InputKind::Number => Some("A number, such as 1.5.".to_owned()),
        InputKind::Time => Some("A time, such as 2026-11-30T08:00:00Z.".to_owned()),
        InputKind::Duration => Some("A length of time, such as 15m or 1h30m.".to_owned()),
        InputKind::Text | InputKind::Boolean | InputKind::List | InputKind::Map => None,
    };
    // A box always has a value of its own.
    let default = field.default.as_ref().filter(|_| field.kind != InputKind::Boolean);
    let default = default.map(|default| match value(default) {
        empty if empty.is_empty() => "May be left empty.".to_owned(),
        default => format!("If left empty: {default}"),
    });
    let parts: Vec<String> = field
        .description
        .clone()
        .into_iter()
        .chain(kind)
        .chain(default)
        .collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}
