//! `pagerflow run replay`.

mod shown;

use super::{event, whole};
use crate::{
    ask::{self, Consent},
    error::Error,
    known,
    output::{Notices, Output},
    stack::Stack,
    workflow_command::stored::VersionNumber,
};
use jiff::Timestamp;
use platform::{
    executions::{Executions, Started},
    intake::{stored_event, subject_value},
    table::{RunStatus, RunView, StepState, StepView, VersionSource},
};
use serde_json::json;
use shown::{Plan, Replayed};
use std::process::ExitCode;
use workflow::{
    definition::{Definition, limits::run_timeout},
    ids::{LanePath, RunId, WorkflowVersion},
    planner::{Outcome, StepError, StepResult},
    replay::{Past, PastStep, Replay, Start, replay},
    run::{ReplayOf, RunCause, RunIdentity, RunInput},
    step_name::StepName,
};

/// The options of a replay.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The step to begin with: its id, or its number counted from 1. The steps before it are kept. It cannot be a step inside
    /// another one. Without it everything is done again.
    #[arg(long, value_name = "STEP")]
    from: Option<StepName>,
    /// With the active version of the workflow instead of the one that the run had.
    #[arg(long, conflicts_with = "version")]
    latest: bool,
    /// With this version of the workflow.
    #[arg(long, value_name = "VERSION")]
    version: Option<VersionNumber>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// The most replays of a run that are looked for.
const REPLAYS: u32 = 1_000;

/// Shows the plan of a replay, asks, and starts it. A program gets the plan alone unless it says yes beforehand.
pub(super) async fn run(run: &RunId, options: &Options, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let prepared = prepare(run, options, stack, output.notices()).await?;
    match (output.is_json(), options.yes) {
        (true, false) => return output.show(&prepared.plan),
        (true, true) => {}
        (false, _) => {
            output.show(&prepared.plan)?;
            if !options.yes && !ask::can_ask() {
                return Err(ask::needs_yes("Nothing was started."));
            }
            if !Consent::of(options.yes).allows("Start it?")? {
                output.line("Nothing was started.")?;
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    output.show(&start(prepared, stack).await?)
}

/// A replay that can be started.
#[derive(Debug)]
struct Prepared {
    plan: Plan,
    /// The input of the run that it repeats.
    input: RunInput,
    /// The compressed body of its event.
    body: Option<Vec<u8>>,
}

async fn prepare(run: &RunId, options: &Options, stack: &Stack, notices: Notices) -> Result<Prepared, Error> {
    let view = super::known(run, stack, notices).await?;
    if view.status == RunStatus::Running {
        return Err(Error::Invalid(format!(
            "the run {run} still goes on\nWait for its end with `pagerflow run watch {run}`, or end it with `pagerflow run cancel {run}`."
        )));
    }
    let version = version(&view, options, stack).await?;
    let input = event::input(&view, stack).await?;
    let body = match input.event() {
        Some(event) => Some(event::compressed(run, event, stack).await?),
        None => None,
    };
    let from = options.from.as_ref().map_or(Start::Beginning, Start::Step);
    let before = definition(&view, view.version, stack).await?;
    let after = definition(&view, version, stack).await?;
    let replay = decide(&view, &input, body.as_deref(), (&before, &after), from, stack).await?;
    let number = next_number(run, stack).await?;
    Ok(Prepared {
        plan: Plan {
            run: RunId::for_replay(run, number),
            of: view,
            number,
            version,
            before,
            after,
            replay,
        },
        input,
        body,
    })
}

async fn start(prepared: Prepared, stack: &Stack) -> Result<Replayed, Error> {
    let Prepared { plan, input, body } = prepared;
    let (id, run) = (&plan.run, &plan.of.run);
    let event = input.subject();
    if let Some(body) = body {
        let ends_by = Timestamp::now()
            .checked_add(run_timeout(plan.after.timeout))
            .unwrap_or(Timestamp::MAX);
        stack.table.put_body_of_replay(run, id, body, ends_by).await?;
    }
    let input = RunInput {
        run: RunIdentity {
            id: id.clone(),
            workflow: plan.of.workflow.clone(),
            version: plan.version,
            depth: input.run.depth,
        },
        cause: RunCause::Replay {
            of: ReplayOf {
                run: run.clone(),
                number: plan.number,
                by: stack.caller().await,
                from: plan.replay.from.clone(),
                kept: plan.replay.kept.clone(),
                variables: plan.replay.variables.clone(),
            },
            event,
        },
        inputs: input.inputs,
        part: None,
    };
    match stack.state_machine.start(&input).await? {
        Started::Now => Ok(Replayed(plan)),
        Started::Before => Err(Error::Invalid(format!(
            "another replay of this run was started at the same moment: {id}\nLook at it with `pagerflow run show {id}`; if \
             another one is wanted after it, replay again."
        ))),
    }
}

/// The version that the replay is pinned to.
async fn version(view: &RunView, options: &Options, stack: &Stack) -> Result<WorkflowVersion, Error> {
    let id = &view.workflow;
    let record = known::enabled_workflow(id, stack).await?;
    Ok(match (options.latest, options.version) {
        (true, _) => record.active_version,
        (false, Some(VersionNumber(version))) => version,
        (false, None) => view.version,
    })
}

async fn definition(view: &RunView, version: WorkflowVersion, stack: &Stack) -> Result<Definition, Error> {
    let definition = stack.table.version(&view.workflow, version).await?;
    definition.ok_or_else(|| {
        Error::NotFound(format!(
            "the workflow {0} has no version {version}\nList its versions with `pagerflow workflow versions {0}`.",
            view.workflow
        ))
    })
}

async fn decide(
    view: &RunView,
    input: &RunInput,
    body: Option<&[u8]>,
    (before, after): (&Definition, &Definition),
    from: Start<'_>,
    stack: &Stack,
) -> Result<Replay, Error> {
    let event = match input.event() {
        Some(event) => stored_event(&event.with_stored_body(), body).map(Some),
        None => Ok(None),
    };
    let event = event.and_then(|event| subject_value(input, event.as_ref()));
    let event = event.map_err(|problem| Error::Invalid(format!("the event of the run cannot be read: {problem}")))?;
    let whole = whole::read(view, stack).await?;
    let lanes = whole.lanes.iter();
    let steps: Vec<PastStep> = lanes
        .flat_map(|(lane, steps)| steps.iter().map(|step| past(lane, step)))
        .collect();
    let run = json!({
        "id": view.run,
        "workflow": view.workflow,
        "version": view.version,
        "started_at": view.started_at,
    });
    let past = Past {
        definition: before,
        steps: &steps,
        run: &run,
        event: &event,
        inputs: &input.inputs,
    };
    Ok(replay(&past, after, from)?)
}

/// A step as the rule of replays looks at it.
fn past(lane: &LanePath, step: &StepView) -> PastStep {
    let outcome = match step.state {
        StepState::Success => Some(Outcome::Success),
        StepState::Failure | StepState::Cancelled => Some(Outcome::Failure),
        StepState::Skipped => Some(Outcome::Skipped),
        StepState::Running | StepState::Waiting | StepState::Retrying => None,
    };
    let errors = step.attempts.iter().map(|attempt| attempt.error.as_ref());
    PastStep {
        lane: lane.clone(),
        path: step.path.clone(),
        result: outcome.map(|outcome| StepResult {
            outcome,
            outputs: step.outputs.clone().unwrap_or_else(|| json!({})),
            error: step.error.as_ref().map(|error| StepError {
                name: error.name.clone(),
                message: error.message.clone(),
            }),
            cut: step.cut.clone(),
        }),
        ended_at: step.ended_at,
        attempts: errors.map(|error| error.map(|error| error.name.clone())).collect(),
        run: step.run.clone(),
        kept: step.kept,
    }
}

/// The number of the next replay of a run.
async fn next_number(run: &RunId, stack: &Stack) -> Result<u32, Error> {
    for number in 1..=REPLAYS {
        if stack.table.run(&RunId::for_replay(run, number)).await?.is_none() {
            return Ok(number);
        }
    }
    Err(Error::Invalid(format!(
        "the run {run} was replayed {REPLAYS} times already; start one by hand"
    )))
}
