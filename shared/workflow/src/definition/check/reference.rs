//! The existence of a name that an expression refers to.

use super::{
    super::{APPROVAL_FIELDS, FAILURE_FIELDS, RUN_FIELDS, Step},
    scope::{Scope, Seen},
};
use crate::{
    action::{ActionSpec, nearest, unknown_field},
    ids::InputName,
    template::Reference,
    triggers::{EVENT_FIELDS, EVENT_INCIDENT_FIELDS},
};

/// The fields of a step's result.
const RESULT_FIELDS: &[&str] = &["outcome", "outputs", "error"];

/// The fields of a step's error.
const ERROR_FIELDS: &[&str] = &["name", "message"];

/// Checks a reference.
///
/// # Errors
/// What is wrong with it, and what it could mean.
pub(super) fn check(reference: &Reference, scope: &Scope<'_>) -> Result<(), String> {
    let parts = reference.parts();
    let Some((root, rest)) = parts.split_first() else {
        return Ok(());
    };
    let roots = scope.sees.roots();
    match (*root, rest) {
        (root, _) if !roots.contains(&root) => Err(no_root(reference, root, &roots)),
        ("event", [field, rest @ ..]) => {
            known(reference, "event", field, &EVENT_FIELDS)?;
            match (*field, rest) {
                ("incident", [field, ..]) => known(reference, "event.incident", field, &EVENT_INCIDENT_FIELDS),
                _ => Ok(()),
            }
        }
        ("run", [field, ..]) => known(reference, "run", field, RUN_FIELDS),
        ("approval", [field, ..]) => known(reference, "approval", field, APPROVAL_FIELDS),
        ("failure", [field, ..]) => known(reference, "failure", field, FAILURE_FIELDS),
        ("inputs", [name, ..]) => input(reference, name, scope),
        ("vars", [name, ..]) => variable(reference, name, scope),
        ("steps", [id, rest @ ..]) => step(reference, id, rest, scope),
        ("vars" | "steps", []) => Err(format!(
            "`{reference}` must be followed by a name, as in `steps.ticket.outputs.incident_id` or `vars.limit`"
        )),
        _ => Ok(()),
    }
}

fn no_root(reference: &Reference, root: &str, roots: &[&str]) -> String {
    match root {
        "item" => format!("`{reference}`: `item` is only there inside a `for_each`"),
        "index" => format!("`{reference}`: `index` is only there inside a `for_each` or a `repeat`"),
        "approval" => format!("`{reference}`: `approval` is only there in the `notify` of an approval"),
        "failure" => format!("`{reference}`: `failure` is only there in `on_failure`"),
        _ => unknown_field(root, roots.iter().copied()),
    }
}

fn input(reference: &Reference, name: &str, scope: &Scope<'_>) -> Result<(), String> {
    if scope.inputs.keys().any(|input| input.as_str() == name) {
        return Ok(());
    }
    let names = scope.inputs.keys().map(InputName::as_str);
    Err(with_hint(
        format!("`{reference}`: there is no input `{name}`"),
        name,
        names,
    ))
}

fn variable(reference: &Reference, name: &str, scope: &Scope<'_>) -> Result<(), String> {
    if scope.has_variable(name) || scope.has_gaps {
        return Ok(());
    }
    Err(match scope.has_variable_in_lane(name) {
        true => format!(
            "`{reference}`: `{name}` is set in a lane of its own and cannot be seen from here; give the lane an `output:`"
        ),
        false => with_hint(
            format!("`{reference}`: no step before this one sets `{name}`"),
            name,
            scope.variables(),
        ),
    })
}

fn step(reference: &Reference, id: &str, rest: &[&str], scope: &Scope<'_>) -> Result<(), String> {
    let Some(known) = scope.step(id) else {
        return match scope.has_gaps {
            true => Ok(()),
            false => Err(with_hint(
                format!("`{reference}`: there is no step `{id}`"),
                id,
                scope.ended(),
            )),
        };
    };
    let hidden = match known.seen {
        Seen::Ended => return result(reference, id, rest, known.step, scope),
        Seen::Later => "has not run yet when this one does".to_owned(),
        Seen::Open => "has not ended when this is needed".to_owned(),
        Seen::Elsewhere => "can not have run when this one does, because it stands in another branch".to_owned(),
        Seen::InLane(fork) => in_lane(fork),
    };
    Err(format!("`{reference}`: the step `{id}` {hidden}"))
}

/// The way to what a step in a lane gives.
fn in_lane(fork: &Step) -> String {
    let (place, output) = match fork.rounds() {
        Some(_) => ("in a round, which is a lane of its own", "output"),
        None => ("in a lane of its own", "lanes"),
    };
    match &fork.id {
        Some(id) => format!("runs {place}; use `steps.{id}.outputs.{output}`, with an `output:` of the lane"),
        None => format!(
            "runs {place}; give the step that opens the lane an id, and use `steps.<id>.outputs.{output}`, with an `output:` of \
             the lane"
        ),
    }
}

fn result(reference: &Reference, id: &str, rest: &[&str], step: &Step, scope: &Scope<'_>) -> Result<(), String> {
    match rest {
        ["outputs", field, inner @ ..] if scope.is_read(step) => output(reference, id, field, inner, step),
        ["error", field, ..] => known(reference, &format!("steps.{id}.error"), field, ERROR_FIELDS),
        [field, ..] if !RESULT_FIELDS.contains(field) => Err(format!(
            "`{reference}`: {}",
            unknown_field(field, RESULT_FIELDS.iter().copied())
        )),
        _ => Ok(()),
    }
}

fn output(reference: &Reference, id: &str, field: &str, inner: &[&str], step: &Step) -> Result<(), String> {
    let names = step.kind.behaviour().output_names();
    if names.is_empty() {
        return Err(format!("`{reference}`: the step `{id}` has no outputs"));
    }
    if names.contains(&field) {
        return match step.action() {
            Some(action) => inside(reference, &action.uses, field, inner),
            None => Ok(()),
        };
    }
    Err(format!(
        "`{reference}`: {} gives no such output: {}",
        step.title(),
        unknown_field(field, names.into_iter())
    ))
}

/// Checks what a reference names inside an output of an action.
fn inside(reference: &Reference, action: &ActionSpec, field: &str, inner: &[&str]) -> Result<(), String> {
    let (Some(output), Some(first)) = (action.output(field), inner.first()) else {
        return Ok(());
    };
    if output.kind.is_list() {
        return Err(format!(
            "`{reference}`: `{field}` is a list; take one of its entries, as in `{field}[0].{first}`, or go through all \
             with `for_each`"
        ));
    }
    match output.kind.is_single() {
        true => Err(format!(
            "`{reference}`: `{field}` is a {}, with nothing in it",
            output.kind
        )),
        false => Ok(()),
    }
}

fn known(reference: &Reference, parent: &str, field: &str, fields: &[&str]) -> Result<(), String> {
    if fields.contains(&field) {
        return Ok(());
    }
    Err(format!(
        "`{reference}`: in `{parent}`, {}",
        unknown_field(field, fields.iter().copied())
    ))
}

fn with_hint<'a>(message: String, word: &str, words: impl Iterator<Item = &'a str>) -> String {
    match nearest(word, words) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message,
    }
}
