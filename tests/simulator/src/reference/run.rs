//! Runs.

use super::{
    Course, Library, Place, Witness,
    lane::{Ending, Lane},
    values::{View, failure, size},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use workflow::{
    definition::{Definition, InputKind},
    error_name::ErrorName,
    ids::{LanePath, RunId, Section, StepPath},
    planner::Failure,
    run::RunInput,
};

/// The number of runs that may follow from each other through incidents.
const DEPTH: u32 = 5;

/// The most that the inputs of a run may take, in bytes of JSON.
const INPUTS_BYTES: usize = 32 * 1024;

pub(super) struct World<'a> {
    pub(super) library: &'a Library,
    pub(super) witness: &'a dyn Witness,
    pub(super) started_at: &'a dyn Fn(&RunId) -> Option<Timestamp>,
    pub(super) event: &'a Value,
}

/// A run and what does not change in it.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) input: &'a RunInput,
    pub(super) definition: &'a Definition,
}

impl World<'_> {
    /// Goes through a run. Gives the failure that it ends with.
    pub(super) fn run(&self, course: &mut Course, input: &RunInput) -> Option<Failure> {
        let identity = &input.run;
        let failed = match self.library.get(&(identity.workflow.clone(), identity.version)) {
            Some(definition) => Run {
                world: self,
                input,
                definition,
            }
            .go(course),
            None => Some(failure(ErrorName::WorkflowNotFound)),
        };
        let end = failed.as_ref().map_or(Ok(()), |failure| Err(failure.name.clone()));
        course.ends.insert(identity.id.clone(), end);
        failed
    }
}

impl Run<'_> {
    fn go(self, course: &mut Course) -> Option<Failure> {
        let trouble = self.input.event().and_then(|event| event.filter_error.as_ref());
        if self.input.run.depth >= DEPTH {
            return Some(failure(ErrorName::RunLoopStopped));
        }
        let inputs = match trouble {
            Some(_) => Err(failure(ErrorName::TemplateError)),
            None => self.inputs(),
        };
        let (mut view, begins) = match inputs {
            Err(failure) => (self.view(Map::new()), Err(failure)),
            Ok(inputs) => {
                let view = self.view(inputs);
                let begins = self.key(&view).map(drop);
                (view, begins)
            }
        };
        let (step, failure) = match begins {
            Err(failure) => (None, failure),
            Ok(()) => {
                let mut lane = Lane::new(self, LanePath::main(), view);
                let ending = match self.look(course, &mut lane) {
                    Ending::Through => match self.input.replay_of() {
                        Some(replay) => lane.repeat(course, replay),
                        None => lane.section(course, Section::Steps),
                    },
                    ending => ending,
                };
                view = lane.view;
                match ending {
                    Ending::Through | Ending::Stopped => return None,
                    Ending::Failed { step, failure } => (Some(step), failure),
                }
            }
        };
        view.failure = Some(json!({"step": step, "name": failure.name, "message": failure.message}));
        // Whatever becomes of these steps, the run has failed, and for the first reason.
        Lane::new(self, LanePath::main(), view).section(course, Section::OnFailure);
        Some(failure)
    }

    /// Looks at the incident of the event, if the run does. It stops the run if the incident has none of the statuses that
    /// the workflow asks for.
    fn look(self, course: &mut Course, lane: &mut Lane<'_>) -> Ending {
        let input = self.input;
        let is_by_event = input.event().is_some() && input.called_by().is_none() && input.replay_of().is_none();
        let Some(only_while) = self.definition.only_while().filter(|_| is_by_event) else {
            return Ending::Through;
        };
        let ending = lane.section(course, Section::OnlyWhile);
        let look = Place {
            run: input.run.id.clone(),
            lane: LanePath::main(),
            step: StepPath::top(Section::OnlyWhile, 0),
        };
        let outputs = course.results.get(&look).map(|result| &result.outputs);
        let status = outputs.and_then(|outputs| outputs.get("status")?.as_str());
        let is_wanted = |status| only_while.statuses().iter().any(|wanted| wanted.as_str() == status);
        match (ending, status) {
            (Ending::Through, Some(status)) if !is_wanted(status) => Ending::Stopped,
            (ending, _) => ending,
        }
    }

    /// What the steps of the run see before the first of them.
    fn view(self, inputs: Map<String, Value>) -> View {
        let identity = &self.input.run;
        View {
            approval: false,
            event: self.world.event.clone(),
            run: json!({
                "id": identity.id,
                "workflow": identity.workflow,
                "version": identity.version,
                "started_at": (self.world.started_at)(&identity.id),
            }),
            inputs,
            variables: BTreeMap::new(),
            item: None,
            round: None,
            failure: None,
            results: BTreeMap::new(),
        }
    }

    /// The concurrency key of the run, if its workflow has one.
    fn key(self, view: &View) -> Result<Option<String>, Failure> {
        let Some(concurrency) = self.definition.concurrency.as_ref() else {
            return Ok(None);
        };
        view.key(&concurrency.key)
    }

    /// The same, if it can be told.
    pub(super) fn concurrency_key(self) -> Option<String> {
        let view = self.view(self.inputs().ok()?);
        self.key(&view).ok().flatten()
    }

    /// What the run was given, with defaults for the rest.
    fn inputs(self) -> Result<Map<String, Value>, Failure> {
        let invalid = || failure(ErrorName::InputInvalid);
        let given = &self.input.inputs;
        let known = &self.definition.inputs;
        if given
            .keys()
            .any(|name| !known.keys().any(|known| known.as_str() == name))
        {
            return Err(invalid());
        }
        let mut inputs = Map::new();
        for (name, input) in known {
            let given = given.get(name.as_str()).filter(|value| !value.is_null());
            if given.is_some_and(|value| !is_of(input.kind, value)) {
                return Err(invalid());
            }
            let value = given.or(input.default.as_ref()).ok_or_else(invalid)?;
            inputs.insert(name.to_string(), value.clone());
        }
        match size(&Value::Object(inputs.clone())) > INPUTS_BYTES {
            true => Err(invalid()),
            false => Ok(inputs),
        }
    }
}

fn is_of(kind: InputKind, value: &Value) -> bool {
    match kind {
        InputKind::Text => value.is_string(),
        InputKind::Integer => value.is_i64() || value.is_u64(),
        InputKind::Number => value.is_number(),
        InputKind::Boolean => value.is_boolean(),
        InputKind::List => value.is_array(),
        InputKind::Map => value.is_object(),
        InputKind::Time => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        // None of the inputs here is text of anything else.
        InputKind::Duration => value.is_string(),
    }
}
