//! The results that are kept.

use super::{Past, PastStep, ReplayError};
use crate::{
    definition::{Definition, Step},
    ids::{LanePath, Section, StepPath, VariableName},
    planner::{Outcome, StepResult},
    run::KeptStep,
    step_name::StepName,
    template::{Context, Template},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The places of the steps that are kept: their numbers in the version of the run, and in that of the replay.
pub(super) type Places = BTreeMap<u32, u32>;

/// The number in `steps` of the step of a name.
pub(super) fn first_step(version: &Definition, name: &StepName) -> Result<u32, ReplayError> {
    let path = version.find_step(name)?.path;
    let step = version.name_in_any_lane(&path);
    match (path.section(), path.indices()) {
        // A replay was asked for by a person, and does not look at the incident.
        (Section::OnFailure | Section::OnlyWhile, _) | (_, []) => Err(ReplayError::OnFailure { step }),
        (Section::Steps, [number]) => Ok(*number),
        (Section::Steps, [number, ..]) => Err(ReplayError::Inside {
            step,
            outer: version.name_in_any_lane(&StepPath::top(Section::Steps, *number)),
            from: called(version, *number),
        }),
    }
}

/// The name of a step of `steps`.
fn called(version: &Definition, number: u32) -> StepName {
    version.step_name_in_any_lane(&StepPath::top(Section::Steps, number))
}

/// Finds for each step before the first one the step that it was in the version of the run.
pub(super) fn places(past: &Past<'_>, version: &Definition, first: u32) -> Result<Places, ReplayError> {
    let mut places = Places::new();
    for number in 0..first {
        let refused = |why| ReplayError::NotKept {
            step: version.name_in_any_lane(&StepPath::top(Section::Steps, number)),
            why,
            from: called(version, number),
        };
        let before = counterpart(version, number, past.definition);
        let before = before.ok_or_else(|| refused("the version of the run has it not, or otherwise built"))?;
        let path = StepPath::top(Section::Steps, before);
        let result = main_results(past).find(|(step, _)| step.path == path);
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

/// True if two steps have the same id and do the same kind of thing, as have the steps in them.
fn are_alike(one: &Step, other: &Step) -> bool {
    let action = |step: &Step| step.action().map(|call| call.uses.name.clone());
    let same_kind =
        std::mem::discriminant(&one.kind) == std::mem::discriminant(&other.kind) && action(one) == action(other);
    let (lists, of_other) = (one.lists(), other.lists());
    let alike = |(one, other): (&&[Step], &&[Step])| {
        one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| are_alike(one, other))
    };
    same_kind && one.id == other.id && lists.len() == of_other.len() && lists.iter().zip(&of_other).all(alike)
}

/// The results of the steps of `steps` in the main lane.
fn main_results<'a>(past: &Past<'a>) -> impl Iterator<Item = (&'a PastStep, &'a StepResult)> {
    let steps = past.steps.iter().filter(|step| step.lane == LanePath::main());
    let steps = steps.filter(|step| step.path.section() == Section::Steps);
    steps.filter_map(|step| Some((step, step.result.as_ref()?)))
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
    // A step that sets variables ends in the Plan in which it begins, so it saw the time of its end.
    let mut context = Context::new(
        past.event.clone(),
        past.run.clone(),
        Value::Object(inputs),
        Timestamp::UNIX_EPOCH,
    )
    .with_declared(&past.definition.inputs);
    let mut results: Vec<_> = main_results(past).collect();
    results.sort_by_key(|(step, _)| &step.path);
    let mut kept = BTreeMap::new();
    let mut variables = BTreeMap::new();
    for (
        PastStep {
            path,
            ended_at,
            kept: was_kept,
            ..
        },
        result,
    ) in results
    {
        let number = path.indices().first().and_then(|number| places.get(number));
        let (Some(number), Some(step)) = (number, past.definition.step(path)) else {
            continue;
        };
        if let Some(id) = &step.id {
            context.set_step(id.as_str(), json!(result));
        }
        if let (Some(templates), Outcome::Success) = (step.kind.behaviour().variables(), result.outcome) {
            match ended_at.filter(|_| !was_kept) {
                Some(ended_at) => context = context.at(ended_at),
                None if templates.values().any(Template::refers_to_now) => {
                    return Err(ReplayError::Variables {
                        step: past.definition.name_in_any_lane(path),
                        problem: "they depend on `now`, and the run that is repeated took them over from another"
                            .to_owned(),
                    });
                }
                None => {}
            }
            let values: Result<Vec<_>, _> = templates
                .iter()
                .map(|(name, template)| Ok((name.clone(), template.evaluate(&context)?)))
                .collect();
            let values = values.map_err(|error: crate::template::TemplateError| ReplayError::Variables {
                step: past.definition.name_in_any_lane(path),
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
