//! `uses` and `with`: a step that calls an action.

use super::{
    super::{
        Node, StepKind,
        node::{Content, Entry, Path},
    },
    Names, Reading, name, value,
};
use crate::{
    action::{ActionSpec, Catalog, FieldKind, nearest, nearest_three, unknown_field},
    ids::IntegrationAlias,
};
use std::{collections::BTreeMap, sync::Arc};

/// Reads `uses`, and `with` by what the action takes.
pub(super) fn action(uses: &Node, with: Option<&Node>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<StepKind> {
    let name = value::text(uses, step.field("uses"), reading)?;
    let Some(spec) = reading.catalog.action(name).map(Arc::clone) else {
        let message = format!("unknown action `{name:.80}`; {}", hint(reading.catalog, name));
        reading.problem(uses.at, step.field("uses"), message);
        return None;
    };
    let spec = &spec;
    let mut inputs = BTreeMap::new();
    let Some(with) = with else {
        reading.problem(uses.at, step, format!("`with` is missing: the input of {name}"));
        return Some(StepKind::Action {
            uses: Arc::clone(spec),
            with: inputs,
        });
    };
    let path = step.field("with");
    let Content::Map(entries) = &with.content else {
        let message = format!("must be a map, but is {}", with.type_name());
        reading.problem(with.at, path, message);
        return Some(StepKind::Action {
            uses: Arc::clone(spec),
            with: inputs,
        });
    };
    let integration = integration(spec, entries);
    for entry in entries {
        if reading.problems.is_full() {
            break;
        }
        let Some(field) = spec.input(&entry.key) else {
            let message = unknown_field(&entry.key, spec.inputs.iter().map(|field| &*field.name));
            reading.problem(entry.key_at, path, message);
            continue;
        };
        let at = path.field(&entry.key);
        let template = match (field.names, reading.names) {
            (None, _) | (_, Names::None) => value::template_of(&field.kind, &entry.value, at, reading),
            (Some(thing), _) => name::template_of(field, thing, integration.as_ref(), &entry.value, at, reading),
        };
        if let Some(template) = template {
            inputs.insert(entry.key.clone(), template);
        }
    }
    for field in spec.inputs.iter().filter(|field| !field.optional) {
        if !entries.iter().any(|entry| field.name == entry.key) {
            let message = format!("`{}` is missing: {}", field.name, field.summary);
            reading.problem(with.at, path, message);
        }
    }
    for rule in &spec.rules {
        if let Err(problem) = rule.check(|name| entries.iter().any(|entry| entry.key == name)) {
            reading.problem(with.at, path, problem);
        }
    }
    Some(StepKind::Action {
        uses: Arc::clone(spec),
        with: inputs,
    })
}

/// What an unknown name could mean.
fn hint(catalog: &Catalog, name: &str) -> String {
    let known = catalog.actions().map(|action| &*action.name);
    // What many names begin with would make each look like the other.
    let after_system = |name: &'_ str| {
        name.split_once('.')
            .map_or_else(|| name.to_owned(), |(_, rest)| rest.to_owned())
    };
    let word = after_system(name);
    let words: Vec<String> = known.clone().map(after_system).collect();
    let near = nearest(&word, words.iter().map(String::as_str));
    match near.and_then(|near| known.clone().find(|name| after_system(name) == near)) {
        Some(near) => format!("did you mean `{near}`?"),
        // What follows the last dot says what it should do.
        None => {
            let last = word.rsplit('.').next().unwrap_or(&word);
            let alike = words.iter().map(String::as_str).zip(known);
            nearest_three(last, alike)
        }
    }
}

/// The integration that a step names, if it is the same in every run.
fn integration(spec: &ActionSpec, entries: &[Entry]) -> Option<IntegrationAlias> {
    let field = spec.inputs.iter().find(|field| field.kind == FieldKind::Integration)?;
    let entry = entries.iter().find(|entry| field.name == entry.key)?;
    entry.value.as_text()?.parse().ok()
}
