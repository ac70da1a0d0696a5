//! `uses` and `with`: a step that calls an action.

use super::{
    super::{
        Node, StepKind,
        node::{Content, Entry, Path},
    },
    Names, Reading, name, value,
};
use crate::{
    action::{Action, ActionSpec, FieldKind, nearest, nearest_three, unknown_field},
    ids::IntegrationAlias,
};
use std::collections::BTreeMap;

/// What the names of all actions begin with.
const PREFIX: &str = "pagerduty.";

/// Reads `uses`, and `with` by what the action takes.
pub(super) fn action(uses: &Node, with: Option<&Node>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<StepKind> {
    let name = value::text(uses, step.field("uses"), reading)?;
    let Some(action) = Action::parse(name) else {
        let known = Action::ALL.iter().map(|action| action.spec().name);
        // What all names begin with would make each look like the other.
        let without_prefix = |name: &'static str| name.strip_prefix(PREFIX).unwrap_or(name);
        let word = name.strip_prefix(PREFIX).unwrap_or(name);
        let hint = match nearest(word, known.clone().map(without_prefix)) {
            Some(near) => format!("did you mean `{PREFIX}{near}`?"),
            // What follows the last dot says what it should do.
            None => nearest_three(&format!("{PREFIX}{}", word.rsplit('.').next().unwrap_or(word)), known),
        };
        let message = format!("unknown action `{name:.80}`; {hint}");
        reading.problem(uses.at, step.field("uses"), message);
        return None;
    };
    let spec = action.spec();
    let mut inputs = BTreeMap::new();
    let Some(with) = with else {
        reading.problem(uses.at, step, format!("`with` is missing: the input of {name}"));
        return Some(StepKind::Action {
            uses: action,
            with: inputs,
        });
    };
    let path = step.field("with");
    let Content::Map(entries) = &with.content else {
        let message = format!("must be a map, but is {}", with.type_name());
        reading.problem(with.at, path, message);
        return Some(StepKind::Action {
            uses: action,
            with: inputs,
        });
    };
    let integration = integration(spec, entries);
    for entry in entries {
        if reading.problems.is_full() {
            break;
        }
        let Some(field) = spec.input(&entry.key) else {
            let message = unknown_field(&entry.key, spec.inputs.iter().map(|field| field.name));
            reading.problem(entry.key_at, path, message);
            continue;
        };
        let at = path.field(&entry.key);
        let template = match (field.names, reading.names) {
            (None, _) | (_, Names::None) => value::template_of(field.kind, &entry.value, at, reading),
            (Some(thing), _) => name::template_of(field, thing, integration.as_ref(), &entry.value, at, reading),
        };
        if let Some(template) = template {
            inputs.insert(entry.key.clone(), template);
        }
    }
    for field in spec.inputs.iter().filter(|field| !field.optional) {
        if !entries.iter().any(|entry| entry.key == field.name) {
            let message = format!("`{}` is missing: {}", field.name, field.summary);
            reading.problem(with.at, path, message);
        }
    }
    for rule in spec.rules {
        if let Err(problem) = rule.check(|name| entries.iter().any(|entry| entry.key == name)) {
            reading.problem(with.at, path, problem);
        }
    }
    Some(StepKind::Action {
        uses: action,
        with: inputs,
    })
}

/// The integration that a step names, if it is the same in every run.
fn integration(spec: &ActionSpec, entries: &[Entry]) -> Option<IntegrationAlias> {
    let field = spec.inputs.iter().find(|field| field.kind == FieldKind::Integration)?;
    let entry = entries.iter().find(|entry| entry.key == field.name)?;
    entry.value.as_text()?.parse().ok()
}
