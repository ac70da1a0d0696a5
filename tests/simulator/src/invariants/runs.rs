//! Runs: as many as there are events, each with an end in time that says what happened.

use super::{Evidence, Violations, name_is_chance};
use crate::{
    store::{Change, RunItem},
    world::{Fault, Site},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    ids::{LanePath, RunId, Section},
    planner::{LaneKey, Outcome},
    run::RunInput,
    triggers::IncidentStatus,
};

/// What a run may take beyond its deadline: a Plan that is repeated while the table is out of reach, an action that is under way, a function
/// that begins late, and clocks that are off by ten minutes each.
const SLACK: SignedDuration = SignedDuration::from_mins(40);

/// How late EventBridge may tell of an end, with all repeats.
const TOLD_LATE: SignedDuration = SignedDuration::from_hours(3);

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let tables = evidence.tables;
    late(evidence, violations);
    for id in &evidence.accepted {
        if !tables.runs.contains_key(id) {
            violations.add(
                "I1 an accepted event gives a run",
                format!("there is no record of {id}"),
            );
        }
        let executions = evidence
            .executions
            .iter()
            .filter(|execution| execution.name() == id.as_str());
        let executions = executions.count();
        if executions != 1 {
            violations.add(
                "I2 an event gives one run",
                format!("{executions} executions bear the name {id}"),
            );
        }
    }
    for (run, item) in &tables.runs {
        let is_same = |asked: &RunInput| (&asked.run, &asked.inputs) == (&item.input.run, &item.input.inputs);
        let started = evidence.started.get(run);
        let is_asked_for = started.is_some_and(|started| started.inputs.iter().any(is_same));
        if item.input.called_by().is_none() && !is_asked_for {
            violations.add("I1 an accepted event gives a run", format!("nobody started {run}"));
        }
    }
    let ends = ends(evidence);
    for (id, run) in &tables.runs {
        of_run(evidence, id, run, ends.get(id).copied(), violations);
    }
    lanes(evidence, violations);
}

/// A run whose workflow asks for other statuses than that of its incident begins no step, and one whose workflow asks for it is
/// not passed over. The incident of a late event is resolved from the beginning and stays so.
fn late(evidence: &Evidence<'_>, violations: &mut Violations) {
    for run in evidence.started.keys() {
        let Some(item) = evidence.tables.runs.get(run) else {
            continue;
        };
        let identity = &item.input.run;
        let definition = evidence
            .tables
            .versions
            .get(&(identity.workflow.clone(), identity.version));
        let only_while = definition.and_then(workflow::definition::Definition::only_while);
        let is_by_event = item.input.event().is_some() && item.input.replay_of().is_none();
        let (Some(only_while), true) = (only_while, is_by_event) else {
            continue;
        };
        let of_run = evidence.tables.steps.iter().filter(|(place, _)| place.run == *run);
        let (looks, steps): (Vec<_>, Vec<_>) =
            of_run.partition(|(place, _)| place.step.section() == Section::OnlyWhile);
        let of_steps = steps.iter().filter(|(place, _)| place.step.section() == Section::Steps);
        let status = looks.iter().find_map(|(_, step)| {
            let outputs = &step.result.as_ref()?.outputs;
            IncidentStatus::parse(outputs.get("status")?.as_str()?)
        });
        let is_wanted = status.is_some_and(|status| only_while.statuses().contains(&status));
        if !is_wanted && of_steps.count() > 0 {
            violations.add(
                "a run does its steps only while its incident has one of the statuses",
                format!("{run} found {status:?} and asks for {}", only_while.words()),
            );
        }
        if status.is_some() && !is_wanted && !matches!(item.status, "skipped" | "cancelled" | "failed") {
            violations.add(
                "a run that does nothing says so",
                format!("{run} found {status:?} and is {}", item.status),
            );
        }
    }
}

/// When runs ended, by the clock of the world.
fn ends(evidence: &Evidence<'_>) -> BTreeMap<RunId, Timestamp> {
    let ends = evidence.tables.log.iter().filter_map(|logged| match &logged.change {
        Change::RunEnded { run, .. } => Some((run.clone(), logged.at)),
        _ => None,
    });
    ends.collect()
}

fn of_run(evidence: &Evidence<'_>, id: &RunId, run: &RunItem, ended: Option<Timestamp>, violations: &mut Violations) {
    let Some(ended) = ended else {
        violations.add(
            "I3 every run ends",
            format!("{id} of {} has no end", run.input.run.workflow),
        );
        return;
    };
    // Whoever finds it later writes down when its execution ended.
    let is_lost = evidence
        .mishaps
        .contains_key(&(Fault::StatusLost, Site::Run(id.clone())));
    let ended = run.ended_at.filter(|_| is_lost).unwrap_or(ended);
    let told_by_event = run.error.as_ref().is_some_and(|error| error.name == "Run.Aborted");
    let slack = match told_by_event {
        true => SLACK + TOLD_LATE,
        false => SLACK,
    };
    if ended > run.deadline + slack {
        violations.add(
            "I3 a run ends within its deadline",
            format!("{id} was to end by {} and ended at {ended}", run.deadline),
        );
    }
    let Some(error) = &run.error else {
        if matches!(run.status, "failed" | "cancelled") {
            violations.add("I8 a failed run says why", format!("{id} does not"));
        }
        return;
    };
    if error.name.is_empty() || error.message.trim().is_empty() {
        violations.add("I8 a failed run says why", format!("{id} says {error:?}"));
    }
    for when in over_at(&error.message) {
        // By a clock that may be off.
        if ended + SignedDuration::from_mins(11) < when {
            violations.add(
                "time is over only when it is over",
                format!("{id} failed at {ended}: {}", error.message),
            );
        }
    }
    names_its_step(evidence, id, run, violations);
}

/// The times that a message says to be over.
fn over_at(message: &str) -> Vec<Timestamp> {
    let parts = message.split("was over at ").skip(1);
    let times = parts.filter_map(|rest| rest.split(',').next().and_then(|time| time.parse().ok()));
    times.collect()
}

/// A run that failed because a step of it did says which.
fn names_its_step(evidence: &Evidence<'_>, id: &RunId, run: &RunItem, violations: &mut Violations) {
    let Some(error) = run
        .error
        .as_ref()
        .filter(|error| run.status == "failed" && !name_is_chance(&error.name))
    else {
        return;
    };
    let definition = evidence
        .tables
        .versions
        .get(&(run.input.run.workflow.clone(), run.input.run.version));
    let Some(definition) = definition else { return };
    let failed = evidence.tables.steps.iter().filter(|(place, step)| {
        place.run == *id
            && place.lane == LanePath::main()
            && place.step.section() == Section::Steps
            && step.result.as_ref().is_some_and(|result| {
                let name = result.error.as_ref().map(|error| &error.name);
                result.outcome == Outcome::Failure && name == Some(&error.name)
            })
    });
    let names: Vec<String> = failed
        .filter_map(|(place, _)| {
            let step = definition.step(&place.step)?;
            Some(match &step.id {
                Some(id) => format!("step `{id}`"),
                None => "step ".to_owned(),
            })
        })
        .collect();
    if !names.is_empty() && !names.iter().any(|name| error.message.contains(name.as_str())) {
        violations.add(
            "I8 a failed run says at which step",
            format!("{id} failed at {names:?} and says {}", error.message),
        );
    }
}

/// Every lane that was begun has an end, unless its run was ended from outside.
fn lanes(evidence: &Evidence<'_>, violations: &mut Violations) {
    let ended_outside: BTreeSet<&RunId> = evidence
        .tables
        .log
        .iter()
        .filter_map(|logged| match &logged.change {
            Change::RunEnded {
                run,
                from_outside: true,
                ..
            } => Some(run),
            _ => None,
        })
        .collect();
    let stopped = evidence
        .mishaps
        .keys()
        .any(|(fault, _)| matches!(fault, Fault::Aborted | Fault::ChildStopLost));
    for (LaneKey { run, lane }, item) in &evidence.tables.lanes {
        let root = evidence.root_of(run);
        let is_excused = stopped || ended_outside.contains(run) || ended_outside.contains(&root);
        if item.end.is_none() && !is_excused {
            violations.add("every lane ends", format!("{lane} of {run} has no end"));
        }
    }
}
