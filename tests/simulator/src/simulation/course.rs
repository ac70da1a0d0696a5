//! The course of a simulation.

use super::{Happening, Scenario, replay};
use crate::{
    pagerduty::{EffectKind, Status},
    step_functions::{Execution, ExecutionArn},
    store::RunItem,
    workflows::{Written, edited},
    world::{BEGIN, Chance, Echoes, Fault, Keeps, Site, World, people},
};
use jiff::SignedDuration;
use std::{collections::BTreeSet, time::Duration};
use workflow::{definition::Definition, ids::RunId, planner::Pending};

/// By when everything must have come to its end: the longest time that a workflow may give itself, and what surrounds it.
const HORIZON: SignedDuration = SignedDuration::from_hours(380 * 24);

/// The number of times that somebody looks for an action that is under way, every quarter of a second.
const LOOKS: u32 = 240;

/// The longest time until a Plan is made in which a run is cancelled.
const LONGEST_WAIT_FOR_A_PLAN: Duration = Duration::from_hours(2);

/// A scenario that was played.
pub(super) struct Played {
    pub(super) world: World,
    /// True if everything came to its end.
    pub(super) has_ended: bool,
}

/// Plays a scenario to its end.
pub(super) async fn play(scenario: &Scenario, keeps: Keeps) -> Played {
    let world = World::new(scenario.seed, &scenario.odds, keeps);
    for written in &scenario.workflows {
        world.store.apply(&written.definition);
    }
    let first = scenario.workflows.first().map(|written| &written.definition);
    let is_told = |first: &&Definition| {
        first
            .trigger
            .as_ref()
            .is_some_and(|trigger| trigger.pagerduty().is_some())
    };
    if let Some(first) = first.filter(is_told) {
        let awaited = awaited(scenario);
        let triggering = Echoes {
            events: scenario.style.events,
            most: scenario.echoes,
        };
        if scenario.echoes > 0 || !awaited.is_empty() {
            world.ingress.subscribe(&first.name, triggering, &awaited);
        }
    }
    let tasks: Vec<_> = scenario
        .happenings
        .iter()
        .enumerate()
        .map(|(number, (after, happening))| {
            let (world, scenario, happening, after) = (world.clone(), scenario.clone(), happening.clone(), *after);
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                let chance = Chance::new(scenario.seed, &format!("happening {number}"));
                happen(&world, &scenario, &happening, &chance).await;
            })
        })
        .collect();
    let no_wake = scenario.odds.machine.wakes;
    let people = tokio::spawn(people::decide(world.clone(), scenario.seed, no_wake));
    for task in tasks {
        if let Err(error) = task.await
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
    let has_ended = world.rest(BEGIN + HORIZON).await;
    people.abort();
    Played { world, has_ended }
}

/// The types of events that steps of the workflows wait for.
fn awaited(scenario: &Scenario) -> BTreeSet<&'static str> {
    let definitions = scenario.workflows.iter().map(|written| &written.definition);
    definitions
        .flat_map(|definition| definition.awaited_events().into_values().flatten())
        .collect()
}

async fn happen(world: &World, scenario: &Scenario, happening: &Happening, chance: &Chance) {
    let Some(first) = scenario.workflows.first() else {
        return;
    };
    let main = &first.definition.name;
    match happening {
        Happening::Event(arrival) => {
            world.ingress.deliver(main, arrival).await;
        }
        Happening::Due(sending) => world.ingress.send_when_due(main, sending).await,
        Happening::ByHand { id, inputs } => {
            world.ingress.start_by_hand(main, id, inputs.clone()).await;
        }
        Happening::Cancel => {
            let going: Vec<RunId> = world.store.with(|tables| {
                let going = tables.runs.iter().filter(|(_, run)| run.ended_at.is_none());
                going.map(|(id, _)| id.clone()).collect()
            });
            if let Some(run) = going.get(chance.position(going.len())) {
                cancel(world, run, chance.happens(scenario.odds.machine.wakes)).await;
            }
        }
        Happening::CancelInPlan => {
            let plan = tokio::time::timeout(LONGEST_WAIT_FOR_A_PLAN, world.functions.next_plan()).await;
            if let Ok(Some(run)) = plan {
                tokio::time::sleep(chance.millis(0..=25)).await;
                cancel(world, &run, false).await;
            }
        }
        Happening::Abort => {
            let in_action = match chance.happens(0.5) {
                true => execution_in_action(world, chance).await,
                false => None,
            };
            if let Some(execution) = in_action.or_else(|| any_execution(world, chance)) {
                let run = execution.input().pointer("/run/id").and_then(serde_json::Value::as_str);
                let of_run = run.and_then(|run| run.parse().ok()).map(Site::Run);
                if let Some(site) = world.site_of(execution.arn()).or(of_run) {
                    world.mishaps.note(Fault::Aborted, site);
                }
                world.trace.say(format_args!("somebody stops {}", execution.name()));
                // It runs, so that it can be stopped.
                let _ = world
                    .machine
                    .abort(execution.arn(), Some("Stopped"), Some("somebody stopped it"));
            }
        }
        Happening::Edit => {
            let Some(written) = any_workflow(world, scenario, chance) else {
                return;
            };
            let mut random = Chance::rng(scenario.seed, "edit");
            let after = edited(&mut random, scenario.style, &written.definition);
            let name = &written.definition.name;
            note_on_lanes(world, Fault::Edited, |item| item.input.run.workflow == *name);
            world.store.apply(&after.definition);
        }
        Happening::Disable => {
            if let Some(written) = any_workflow(world, scenario, chance) {
                let name = &written.definition.name;
                note_on_lanes(world, Fault::Disabled, |item| item.input.run.workflow == *name);
                world.store.disable(name);
            }
        }
        Happening::Note(text) => {
            let incidents = world
                .account
                .effects()
                .into_iter()
                .filter_map(|effect| match effect.kind {
                    EffectKind::Created { .. } => Some(effect.incident),
                    _ => None,
                });
            let incidents: Vec<_> = incidents.collect();
            if let Some(incident) = incidents.get(chance.position(incidents.len())) {
                world
                    .trace
                    .say(format_args!("somebody leaves a note on {}", incident.as_str()));
                world.account.leave_note(incident, text, "manager@example.com");
            }
        }
        Happening::Replay => replay::of_any_run(world, chance).await,
        Happening::NothingStarts(length) => world.ingress.let_nothing_start(*length),
        Happening::Resolve => {
            let ours = world
                .account
                .effects()
                .into_iter()
                .filter_map(|effect| match effect.kind {
                    EffectKind::Created { key, .. } if key.starts_with("pgf-") => Some(effect.incident),
                    _ => None,
                });
            let ours: Vec<_> = ours.collect();
            if let Some(incident) = ours.get(chance.position(ours.len())) {
                world.trace.say(format_args!("somebody resolves {}", incident.as_str()));
                // It may be resolved already.
                let _ = world
                    .account
                    .set_status(incident, Status::Resolved, "manager@example.com");
            }
        }
    }
}

async fn cancel(world: &World, run: &RunId, breaks_off: bool) {
    note_on_lanes(world, Fault::Cancelled, |item| item.input.run.id == *run);
    world.cancel(run, breaks_off).await;
}

/// Notes what people did to runs at each of their lanes that goes on.
fn note_on_lanes(world: &World, fault: Fault, is_meant: impl Fn(&RunItem) -> bool) {
    let sites: Vec<Site> = world.store.with(|tables| {
        let lanes = tables.lanes.iter().filter(|(key, lane)| {
            let run = tables.runs.get(&key.run);
            lane.end.is_none() && run.is_some_and(|run| run.ended_at.is_none() && is_meant(run))
        });
        let sites = lanes.map(|(key, lane)| Site::Plan {
            run: key.run.clone(),
            lane: key.lane.clone(),
            number: lane.last.as_ref().map_or(0, |last| last.cursor.plans),
        });
        sites.collect()
    });
    for site in sites {
        world.mishaps.note(fault, site);
    }
}

/// A workflow; more often than not one of which a run goes on.
fn any_workflow<'a>(world: &World, scenario: &'a Scenario, chance: &Chance) -> Option<&'a Written> {
    let is_going = |written: &&Written| {
        world.store.with(|tables| {
            let mut runs = tables.runs.values();
            runs.any(|run| run.ended_at.is_none() && run.input.run.workflow == written.definition.name)
        })
    };
    let all = &scenario.workflows;
    let going: Vec<&Written> = all.iter().filter(is_going).collect();
    match going.get(chance.position(going.len())) {
        Some(going) if chance.happens(0.8) => Some(going),
        _ => all.get(chance.position(all.len())),
    }
}

/// An execution of a lane that has called an action, whose outcome is the least certain when it is lost. It takes a while until there is
/// one, if there ever is.
async fn execution_in_action(world: &World, chance: &Chance) -> Option<Execution> {
    for _ in 0..LOOKS {
        let owners: BTreeSet<String> = world.store.with(|tables| {
            let lanes = tables.lanes.iter().filter(|(key, _)| !key.lane.is_main());
            let last = lanes.filter_map(|(_, lane)| lane.last.as_ref().filter(|_| lane.end.is_none()));
            let acting = last.filter(|last| matches!(last.cursor.pending, Some(Pending::Action(_))));
            acting.map(|last| last.owner.clone()).collect()
        });
        if !owners.is_empty() {
            let mut running = world.running();
            running.retain(|execution| owners.contains(execution.arn().as_str()));
            if let Some(execution) = running.get(chance.position(running.len())) {
                return Some(execution.clone());
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    None
}

/// An execution that runs; more often than not one that waits for others, whose end is the more difficult one.
fn any_execution(world: &World, chance: &Chance) -> Option<Execution> {
    let running = world.running();
    let awaited: BTreeSet<&ExecutionArn> = running.iter().filter_map(Execution::parent).collect();
    let parents = running.iter().filter(|execution| awaited.contains(execution.arn()));
    let parents: Vec<&Execution> = parents.collect();
    if chance.happens(0.6)
        && let Some(parent) = parents.get(chance.position(parents.len()))
    {
        return Some((*parent).clone());
    }
    running.get(chance.position(running.len())).cloned()
}
