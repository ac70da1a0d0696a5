//! What the parts of a definition say about each other: ids, and references to what is there when a step runs.

use super::{EVENT_FIELDS, EVENT_INCIDENT_FIELDS, Problems, RUN_FIELDS, Step, StepKind, decode::Decoded, limits};
use crate::{
    action::{nearest, unknown_field},
    template::{Expression, Reference},
};
use std::collections::{BTreeMap, BTreeSet};

/// What a step can refer to.
#[derive(Default)]
struct Scope<'a> {
    /// The steps before it, by id.
    steps: BTreeMap<&'a str, &'a Step>,
    /// The steps from it on, by id: known, but not yet run.
    later: BTreeSet<&'a str>,
    /// The variables that a step before it may have set.
    variables: BTreeSet<&'a str>,
    /// Whether there is a run: a trigger's condition is evaluated before there is one.
    run: bool,
}

pub(super) fn definition(decoded: &Decoded, problems: &mut Problems) {
    let definition = &decoded.definition;
    if let Some(when) = &definition.trigger.pagerduty.when {
        for problem in expression(when, &Scope::default()) {
            problems.add(decoded.when, "on.pagerduty.when", problem);
        }
    }
    let ids = definition.steps.iter().filter_map(|step| step.id.as_ref());
    let mut scope = Scope {
        run: true,
        later: ids.map(|id| id.as_str()).collect(),
        ..Scope::default()
    };
    for (index, step) in definition.steps.iter().enumerate() {
        let at = decoded.steps.get(index).copied().flatten();
        let path = format!("steps[{index}]");
        let mut told = BTreeSet::new();
        let mut results = BTreeSet::new();
        for used in step.expressions() {
            results.extend(used.references().iter().filter_map(Reference::step));
            for problem in expression(used, &scope) {
                if told.insert(problem.clone()) {
                    problems.add(at, path.clone(), problem);
                }
            }
        }
        if results.len() > limits::REFERENCES_PER_STEP {
            let message = format!(
                "refers to the results of {} steps; at most {} are allowed",
                results.len(),
                limits::REFERENCES_PER_STEP
            );
            problems.add(at, path.clone(), message);
        }
        if let Some(id) = &step.id {
            if scope.steps.insert(id.as_str(), step).is_some() {
                problems.add(at, path, format!("the id `{id}` stands twice; give each step its own"));
            }
            scope.later.remove(id.as_str());
        }
        if let StepKind::Set(variables) = &step.kind {
            scope.variables.extend(variables.keys().map(|name| name.as_str()));
        }
    }
}

fn expression(expression: &Expression, scope: &Scope<'_>) -> Vec<String> {
    expression
        .references()
        .iter()
        .filter_map(|reference| check(reference, scope).err())
        .collect()
}

fn check(reference: &Reference, scope: &Scope<'_>) -> Result<(), String> {
    match reference.parts().as_slice() {
        ["event"] => Ok(()),
        ["event", field, rest @ ..] => {
            known(reference, "event", field, EVENT_FIELDS)?;
            match (*field, rest) {
                ("incident", [field, ..]) => known(reference, "event.incident", field, EVENT_INCIDENT_FIELDS),
                _ => Ok(()),
            }
        }
        ["run", rest @ ..] if scope.run => match rest {
            [] => Ok(()),
            [field, ..] => known(reference, "run", field, RUN_FIELDS),
        },
        ["vars", name, ..] if scope.run => match scope.variables.contains(name) {
            true => Ok(()),
            false => Err(with_hint(
                format!("`{reference}`: no step before this one sets `{name}`"),
                name,
                scope.variables.iter().copied(),
            )),
        },
        ["steps", id, rest @ ..] if scope.run => step(reference, id, rest, scope),
        ["vars" | "steps"] if scope.run => Err(format!(
            "`{reference}` must be followed by a name, as in `steps.ticket.outputs.incident_id` or `vars.limit`"
        )),
        [root, ..] => {
            let roots: &[&str] = if scope.run {
                &["event", "run", "steps", "vars"]
            } else {
                &["event"]
            };
            Err(unknown_field(root, roots.iter().copied()))
        }
        [] => Ok(()),
    }
}

fn step(reference: &Reference, id: &str, rest: &[&str], scope: &Scope<'_>) -> Result<(), String> {
    let Some(step) = scope.steps.get(id) else {
        return Err(match scope.later.contains(id) {
            true => format!("`{reference}`: the step `{id}` has not run yet when this one does"),
            false => with_hint(
                format!("`{reference}`: there is no step `{id}`"),
                id,
                scope.steps.keys().copied(),
            ),
        });
    };
    match (rest, &step.kind) {
        ([] | ["outcome"] | ["outputs"], _) => Ok(()),
        (["outputs", field, ..], StepKind::Action { uses, .. }) => {
            let outputs = uses.spec().outputs;
            match outputs.iter().any(|output| output.name == *field) {
                true => Ok(()),
                false => Err(format!(
                    "`{reference}`: {uses} gives no such output: {}",
                    unknown_field(field, outputs.iter().map(|o| o.name))
                )),
            }
        }
        (["outputs", ..], _) => Err(format!("`{reference}`: the step `{id}` has no outputs")),
        ([field, ..], _) => Err(format!(
            "`{reference}`: {}",
            unknown_field(field, ["outcome", "outputs"].into_iter())
        )),
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
