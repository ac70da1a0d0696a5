//! Which results are kept.

use super::{Past, ReplayError};
use crate::{
    definition::{Definition, Step, StepKind},
    ids::{LanePath, Section, StepPath, VariableName},
    planner::{Outcome, StepResult},
    run::KeptStep,
    template::Context,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where the steps that are kept stand: their numbers in the version of the run, and in that of the replay.
pub(super) type Places = BTreeMap<u32, u32>;

/// The number of the step of `steps` that people name by its id, or by its number counted from 1.
pub(super) fn first_step(version: &Definition, name: &str) -> Result<u32, ReplayError> {
    let tops = version.section(Section::Steps);
    if let Some(number) = name.parse::<u32>().ok().and_then(|number| number.checked_sub(1))
        && version.step(&StepPath::top(Section::Steps, number)).is_some()
    {
        return Ok(number);
    }
    let path = name.parse().ok().and_then(|id| version.path_of(&id));
    match path {
        Some(path) if path.section() == Section::Steps => match path.indices() {
            [number] => Ok(*number),
            [number, ..] => {
                let outer = StepPath::top(Section::Steps, *number);
                Err(ReplayError::Inside {
                    step: version.name_of(&path),
                    outer: version.name_of(&outer),
                    from: called(version, *number),
                })
            }
            [] => Err(unknown(name, tops)),
        },
        _ => Err(unknown(name, tops)),
    }
}

fn unknown(name: &str, tops: &[Step]) -> ReplayError {
    let called = (1..).zip(tops).map(|(number, step): (u32, _)| match &step.id {
        Some(id) => id.to_string(),
        None => number.to_string(),
    });
    ReplayError::NoStep {
        name: name.chars().take(80).collect(),
        known: called.collect::<Vec<_>>().join(", "),
    }
}

/// How a step of `steps` is named on a command line.
pub(super) fn called(version: &Definition, number: u32) -> String {
    let step = version.step(&StepPath::top(Section::Steps, number));
    match step.and_then(|step| step.id.as_ref()) {
        Some(id) => id.to_string(),
        None => number.saturating_add(1).to_string(),
    }
}

/// Finds for each step before the first one the step that it was in the version of the run.
pub(super) fn places(past: &Past<'_>, version: &Definition, first: u32) -> Result<Places, ReplayError> {
    let mut places = Places::new();
    for number in 0..first {
        let refused = |why| ReplayError::NotKept {
            step: version.name_of(&StepPath::top(Section::Steps, number)),
            why,
            from: called(version, number),
        };
        let before = counterpart(version, number, past.definition);
        let before = before.ok_or_else(|| refused("the version of the run has it not, or otherwise built"))?;
        let path = StepPath::top(Section::Steps, before);
        let result = main_results(past).find(|(of, _)| **of == path);
        let Some((_, result)) = result else {
            return Err(refused("the run did not get to its end"));
        };
        let may_fail = past.definition.step(&path).is_some_and(|step| step.continue_on_error);
        if result.outcome == Outcome::Failure && !may_fail {
            return Err(refused("it failed"));
        }
        places.insert(before, number);
    }
    Ok(places)
}

/// The number of the step in `other` that is the step of this number in `version`.
pub(super) fn counterpart(version: &Definition, number: u32, other: &Definition) -> Option<u32> {
    let step = version.step(&StepPath::top(Section::Steps, number))?;
    let there = match &step.id {
        Some(id) => match *other.path_of(id)?.indices() {
            [there] => there,
            _ => return None,
        },
        None => number,
    };
    let path = StepPath::top(Section::Steps, there);
    other.step(&path).filter(|other| are_alike(step, other)).map(|_| there)
}

/// Whether two steps have the same id and do the same kind of thing, as have the steps in them.
fn are_alike(one: &Step, other: &Step) -> bool {
    let same_kind = match (&one.kind, &other.kind) {
        (StepKind::Action { uses, .. }, StepKind::Action { uses: of_other, .. }) => uses == of_other,
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    };
    let (lists, of_other) = (one.lists(), other.lists());
    let alike = |(one, other): (&&[Step], &&[Step])| {
        one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| are_alike(one, other))
    };
    same_kind && one.id == other.id && lists.len() == of_other.len() && lists.iter().zip(&of_other).all(alike)
}

/// The results of the steps of `steps` in the main lane.
fn main_results<'a>(past: &Past<'a>) -> impl Iterator<Item = (&'a StepPath, &'a StepResult)> {
    let steps = past.steps.iter().filter(|step| step.lane == LanePath::main());
    let steps = steps.filter(|step| step.path.section() == Section::Steps);
    steps.filter_map(|step| Some((&step.path, step.result.as_ref()?)))
}

/// A path with another number at its front.
fn moved(path: &StepPath, number: u32) -> StepPath {
    let mut inner = path.indices().iter().skip(1);
    let mut path = StepPath::top(Section::Steps, number);
    while let (Some(list), Some(index)) = (inner.next(), inner.next()) {
        path = path.inside(*list, *index);
    }
    path
}

type Kept = (BTreeMap<StepPath, KeptStep>, BTreeMap<VariableName, Value>);

/// The results of the kept steps and of those in them, and the variables as they have set them. A journal does not hold what
/// was set; but it follows from the results.
pub(super) fn keep(past: &Past<'_>, places: &Places) -> Result<Kept, ReplayError> {
    // A run whose inputs do not fit its own version has not come to any step.
    let inputs = crate::planner::resolve_inputs(past.definition, past.inputs).unwrap_or_default();
    let mut context = Context::new(past.event.clone(), past.run.clone(), Value::Object(inputs));
    let mut results: Vec<_> = main_results(past).collect();
    results.sort_by_key(|(path, _)| *path);
    let mut kept = BTreeMap::new();
    let mut variables = BTreeMap::new();
    for (path, result) in results {
        let number = path.indices().first().and_then(|number| places.get(number));
        let (Some(number), Some(step)) = (number, past.definition.step(path)) else {
            continue;
        };
        if let Some(id) = &step.id {
            context.set_step(id.as_str(), json!(result));
        }
        if let (StepKind::Set(templates), Outcome::Success) = (&step.kind, result.outcome) {
            let values: Result<Vec<_>, _> = templates
                .iter()
                .map(|(name, template)| Ok((name.clone(), template.evaluate(&context)?)))
                .collect();
            let values = values.map_err(|error: crate::template::TemplateError| ReplayError::Variables {
                step: past.definition.name_of(path),
                problem: error.to_string(),
            })?;
            for (name, value) in values {
                context.set_variable(name.as_str(), value.clone());
                variables.insert(name, value);
            }
        }
        kept.insert(moved(path, *number), KeptStep::from(result));
    }
    Ok((kept, variables))
}
