//! A person repeats a run, as `pagerflow run replay` does.

use crate::{
    store::{RunItem, Tables},
    world::{Chance, World},
};
use platform::{body, table::Bodies};
use serde_json::json;
use std::time::Duration;
use workflow::{
    definition::Definition,
    ids::{RunId, WorkflowVersion},
    replay::{Past, PastStep, Start, replay},
    run::{ReplayOf, RunBody, RunCause, RunIdentity, RunInput},
    step_name::StepName,
};

/// Repeats a run that has ended, of the version that it had or of the newest one, from its beginning or from a step on. One
/// that cannot be repeated so is not.
pub(super) async fn of_any_run(world: &World, chance: &Chance) {
    let of = world.store.with(|tables| {
        let ended = tables
            .runs
            .iter()
            .filter(|(_, run)| run.ended_at.is_some() && run.input.called_by().is_none() && run.status != "skipped");
        let ended: Vec<&RunId> = ended.map(|(id, _)| id).collect();
        ended.get(chance.position(ended.len())).map(|run| (*run).clone())
    });
    let Some(of) = of else { return };
    let event = world.ingress.started().get(&of).map(|started| started.event.clone());
    let input = world.store.with(|tables| {
        let item = tables.runs.get(&of)?;
        let newest = world.store.workflow(&item.input.run.workflow)?.active_version;
        input(tables, item, newest, &event.unwrap_or_default(), chance)
    });
    let Some(input) = input else { return };
    world
        .trace
        .say(format_args!("somebody repeats {of} as {}", input.run.id));
    if let Some(body) = stored_body(world, &of) {
        let run = &input.run.id;
        // The person tries again.
        while world
            .store
            .put_body(run, body.clone(), world.clock.now())
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }
    world.ingress.start(&input).await;
}

fn input(
    tables: &Tables,
    of: &RunItem,
    newest: WorkflowVersion,
    event: &serde_json::Value,
    chance: &Chance,
) -> Option<RunInput> {
    let run = &of.input.run;
    let definition = |version| tables.versions.get(&(run.workflow.clone(), version));
    let version = if chance.happens(0.3) { newest } else { run.version };
    let (before, after) = (definition(run.version)?, definition(version)?);
    let steps: Vec<PastStep> = past(tables, &run.id).collect();
    let told = json!({"id": run.id, "workflow": run.workflow, "version": run.version, "started_at": of.started_at});
    let past = Past {
        definition: before,
        steps: &steps,
        run: &told,
        event,
        inputs: &of.input.inputs,
    };
    let name = first_step(after, chance);
    let from = name.as_ref().map_or(Start::Beginning, Start::Step);
    let replay = replay(&past, after, from).ok()?;
    let numbers = 1..=1_000;
    let mut free = numbers.filter(|number| !tables.runs.contains_key(&RunId::for_replay(&run.id, *number)));
    let number = free.next()?;
    Some(RunInput {
        run: RunIdentity {
            id: RunId::for_replay(&run.id, number),
            version,
            ..run.clone()
        },
        cause: RunCause::Replay {
            of: ReplayOf {
                by: None,
                run: run.id.clone(),
                number,
                from: replay.from,
                kept: replay.kept,
                variables: replay.variables,
            },
            event: of.input.subject(),
        },
        inputs: of.input.inputs.clone(),
        part: None,
    })
}

/// The step to begin with; none for the first one.
fn first_step(definition: &Definition, chance: &Chance) -> Option<StepName> {
    let number = chance.position(definition.steps.len());
    let name = (number + 1).to_string();
    (number > 0).then(|| name.parse().ok()).flatten()
}

fn past<'a>(tables: &'a Tables, run: &'a RunId) -> impl Iterator<Item = PastStep> + 'a {
    let steps = tables.steps.iter().filter(move |(place, _)| place.run == *run);
    steps.map(|(place, step)| PastStep {
        lane: place.lane.clone(),
        path: place.step.clone(),
        result: step.result.clone(),
        ended_at: None,
        attempts: (0..step.attempts).map(|_| None).collect(),
        run: step.run.clone(),
        kept: step.attempts == 0,
    })
}

/// The body of the event that started a run, compressed.
fn stored_body(world: &World, run: &RunId) -> Option<Vec<u8>> {
    let asked = world.ingress.started();
    let inputs = asked.get(run).into_iter().flat_map(|started| &started.inputs);
    let mut in_input = inputs.filter_map(|input| match &input.event()?.body {
        RunBody::Input { data } => body::from_text(data).ok(),
        RunBody::Table {} => None,
    });
    world.store.body_of(run).or_else(|| in_input.next())
}
