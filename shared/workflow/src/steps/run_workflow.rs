//! `run_workflow`: a step that runs another workflow and waits for it.

use super::{Behaviour, Grammar, Picture};
use crate::{
    definition::{
        Node, Step,
        check::Checks,
        decode::{Reading, Words, value},
        encode::{Fields, entries},
        node::Path,
    },
    error_name::ErrorName,
    graph::Form,
    ids::{InputName, LanePath, RunId, StepPath, WorkflowId},
    planner::{
        Availability, ChildExecution, Command, Failure, Fork, Outcome, Outputs, Pending, Planner, StepChange,
        json_size, template_failure,
    },
    run::{CalledBy, Part, RunCause, RunIdentity, RunInput},
    template::{Context, Expression, Template},
    types::{Kind, Type},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The most runs that may call each other.
pub(crate) const NESTING: u32 = 20;

/// The output: the id of the run.
const RUN_ID: &str = "run_id";

/// The most that the inputs of a run may take that a step starts, in bytes of JSON.
const INPUTS_BYTES: usize = 32 * 1024;

/// A step that runs another workflow and waits for it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunWorkflowStep {
    /// The other workflow.
    pub workflow: WorkflowId,
    /// Its inputs.
    pub with: BTreeMap<InputName, Template>,
}

impl Grammar for RunWorkflowStep {
    const WORD: &'static str = "run_workflow";
    const COMPANIONS: &'static [&'static str] = &["with", "timeout"];
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let workflow = value::id::<WorkflowId>(node, step.field(Self::WORD), reading);
        let with = words.get("with");
        let with = with.and_then(|node| value::templates(node, step.field("with"), "inputs", reading));
        Some(Self {
            workflow: workflow?,
            with: with.unwrap_or_default(),
        })
    }

    fn encode(&self, fields: &mut Fields) {
        fields.add(Self::WORD, self.workflow.as_str());
        let with = (!self.with.is_empty()).then(|| entries(&self.with, Template::to_json));
        fields.add_if("with", with);
    }
}

impl Behaviour for RunWorkflowStep {
    fn title(&self) -> String {
        format!("run_workflow {}", self.workflow)
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.with.values().flat_map(Template::expressions).collect()
    }

    fn output_names(&self) -> Vec<&str> {
        vec![RUN_ID]
    }

    fn output(&self, _: &str, _: &[Type]) -> Type {
        Kind::Text.into()
    }

    fn check<'a>(&'a self, step: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let is_at_the_top = matches!(path, Path::Item(Path::Field(Path::Root, _), _));
        if self.workflow == checks.definition.name
            && is_at_the_top
            && step.condition.is_none()
            && !checks.may_end
            && !checks.scope.sees.failure
        {
            let message = "would run itself without end; give the step an `if`";
            checks.problem(path.field(Self::WORD), message);
        }
        let with = path.field("with");
        for (name, template) in &self.with {
            checks.template(template, with.field(name.as_str()));
        }
        Vec::new()
    }

    fn begin(&self, step: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        match self.run(path, planner) {
            Ok((run, inputs)) => {
                planner.record(
                    path,
                    StepChange::Entered {
                        lanes: None,
                        run: Some(run.id.clone()),
                    },
                );
                let fork = Fork {
                    run: Some(run.clone()),
                    ..Fork::new(path, 1, planner.situation.now, planner.deadline_of(step))
                };
                Some(planner.start_run(fork, run, inputs))
            }
            Err(failure) => planner.step_failed(path, None, Outputs::none(), failure),
        }
    }

    fn picture(&self, _: &Step) -> Picture {
        Picture::of(Form::Workflow, self.title())
    }
}

impl RunWorkflowStep {
    /// The run that the step starts, and its inputs.
    fn run(&self, path: &StepPath, planner: &Planner<'_>) -> Result<(RunIdentity, Map<String, Value>), Failure> {
        let inputs = self.inputs(&planner.context)?;
        let workflow = &self.workflow;
        let Some(&Availability::Enabled(version)) = planner.situation.known.workflows.get(workflow) else {
            let message = format!("there is no workflow {workflow} that is enabled; apply or enable it");
            return Err(Failure::new(ErrorName::WorkflowNotFound, message));
        };
        let caller = planner.situation.input;
        if caller.called_by().is_some_and(|by| by.nesting >= NESTING) {
            let message = format!(
                "{NESTING} runs have called each other already; look which `run_workflow` of {workflow} leads back to it"
            );
            return Err(Failure::new(ErrorName::RunLoopStopped, message));
        }
        let run = RunIdentity {
            id: RunId::for_step(&planner.effect_key(path)),
            workflow: workflow.clone(),
            version,
            depth: planner.depth(),
        };
        Ok((run, inputs))
    }

    /// The inputs of the run.
    pub(crate) fn inputs(&self, context: &Context) -> Result<Map<String, Value>, Failure> {
        let mut inputs = Map::new();
        for (name, template) in &self.with {
            let value = template.evaluate(context).map_err(|error| template_failure(&error))?;
            inputs.insert(name.to_string(), value);
        }
        match json_size(&inputs) > INPUTS_BYTES {
            true => Err(Failure::new(
                ErrorName::InputInvalid,
                format!("the rendered inputs have more than {INPUTS_BYTES} bytes; hand on less"),
            )),
            false => Ok(inputs),
        }
    }
}

impl Planner<'_> {
    /// Starts the execution of a run that a step calls.
    pub(crate) fn start_run(&mut self, fork: Fork, run: RunIdentity, inputs: Map<String, Value>) -> Command {
        let caller = self.situation.input;
        let part = Part {
            lane: LanePath::main(),
            generation: 0,
            attempt: fork.attempt,
        };
        let by = CalledBy {
            run: caller.run.id.clone(),
            lane: self.cursor.lane.clone(),
            step: fork.step.clone(),
            nesting: caller.called_by().map_or(0, |by| by.nesting).saturating_add(1),
            deadline: fork.deadline,
            started_by: caller.started_by().map(str::to_owned),
        };
        let execution = ChildExecution {
            name: part.execution_name(&run.id),
            input: RunInput {
                run,
                cause: RunCause::Called {
                    by,
                    event: caller.subject(),
                },
                inputs,
                part: Some(part),
            },
        };
        self.cursor.pending = Some(Pending::Fork(Box::new(fork)));
        Command::Fork {
            executions: vec![execution],
        }
    }

    /// Goes on when a run that a step called has ended.
    pub(crate) fn run_ended(&mut self, path: &StepPath, run: &RunIdentity, failure: Option<&Failure>) -> Command {
        let outputs = Outputs::from(json!({ (RUN_ID): run.id }));
        let next = match failure {
            None => {
                self.step_done(path, Outcome::Success, outputs, None);
                None
            }
            Some(failure) => {
                let message = format!(
                    "the run {} of the workflow {} failed with {}: {}",
                    run.id, run.workflow, failure.name, failure.message
                );
                self.step_failed(path, None, outputs, Failure::new(ErrorName::RunFailed, message))
            }
        };
        self.then(next)
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::parts::Label;
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Runs another workflow and waits for it.
        run_workflow: Option<Label>,
    }
}
