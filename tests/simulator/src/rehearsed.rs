//! Random workflows in a rehearsal and in the simulated system: each step comes to the same.
//!
//! What `pagerflow workflow test` shows holds for a run only as far as the two agree.

use crate::{
    simulation::calm::{self, CalmRun},
    workflows::{Mood, Style, family},
    world::BEGIN,
};
use platform::catalog;
use rehearsal::{
    Rehearsal, Start,
    report::{Step, StepState},
};
use std::collections::BTreeMap;
use workflow::{
    definition::Definition,
    ids::{LanePath, RunId},
    planner::Outcome,
};

/// The number of workflows that are compared, each with those that it calls.
const FAMILIES: usize = 40;

const STYLE: Style = Style {
    mood: Mood::Patient,
    steps: 20,
    lanes: 12,
    depth: 3,
    events: &["incident.triggered"],
    queues: false,
    // A rehearsal makes up what other systems answer.
    systems: false,
};

/// The outcomes of steps, by run, lane and place.
type Endings = BTreeMap<String, (Outcome, Option<String>)>;

#[test]
fn random_workflows_come_in_a_rehearsal_to_what_they_come_to_in_the_simulated_system() {
    let mut steps = 0;
    for (family, simulated) in (0..).filter_map(case).take(FAMILIES) {
        let rehearsed = rehearsed(&family);
        let source = family[0].to_json();
        assert_eq!(rehearsed, endings(&simulated), "{source:#}");
        steps += rehearsed.len();
    }
    assert!(steps > 100, "{steps} steps were compared");
}

/// The workflows of a seed and what they come to, if a run of the first depends on nothing that only one of the two knows: on
/// what the account lacks, on an event, and on inputs.
fn case(seed: u64) -> Option<(Vec<Definition>, CalmRun)> {
    let family = family(&mut fastrand::Rng::with_seed(seed), STYLE);
    let family: Vec<Definition> = family
        .iter()
        .map(|written| without_event(&written.definition))
        .collect();
    if family[0].inputs.values().any(|input| input.default.is_none()) {
        return None;
    }
    let text: String = family
        .iter()
        .map(|definition| definition.to_json().to_string())
        .collect();
    if text.contains("incident_number") || text.contains("run.started_at") {
        return None;
    }
    let simulated = calm::by_hand(&family)?;
    let errors = simulated
        .steps
        .values()
        .filter_map(|step| step.result.as_ref()?.error.as_ref());
    let depends = errors
        .clone()
        .any(|error| error.name.starts_with("PagerDuty.") || error.name.starts_with("Integration."));
    (!depends).then_some((family, simulated))
}

/// The same for a run that no event started.
fn without_event(definition: &Definition) -> Definition {
    let values = [
        ("event.incident.title", "'Disk full'"),
        ("event.incident.urgency", "'high'"),
        ("event.incident.priority", "none"),
        ("event.incident.number", "7"),
        ("event.incident.teams", "['sre', 'web']"),
        ("event.incident.id", "'Q0UNKNOWN00001'"),
        ("event.scheduled_at", "'2026-11-20T09:30:00Z'"),
        ("event.type", "'schedule'"),
    ];
    let source = values
        .into_iter()
        .fold(definition.to_json().to_string(), |source, (name, value)| {
            source.replace(name, value)
        });
    Definition::from_source(&source, catalog()).unwrap()
}

fn rehearsed(family: &[Definition]) -> Endings {
    let rehearsal = Rehearsal::new(family[0].clone(), family[1..].to_vec(), vec![]).unwrap();
    let start = Start::ByHand {
        inputs: serde_json::Map::new(),
        at: BEGIN,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = runtime.block_on(rehearsal.play(&start)).unwrap();
    let mut endings = Endings::new();
    gather(&report.runs[0].steps, &LanePath::main(), "root", &mut endings);
    endings
}

fn gather(steps: &[Step], lane: &LanePath, run: &str, into: &mut Endings) {
    for step in steps {
        let place = format!("{run} {lane} {}", step.place);
        gather(&step.steps, lane, run, into);
        for inner in &step.lanes {
            gather(
                &inner.steps,
                &lane.child(step.place.clone(), inner.number - 1),
                run,
                into,
            );
        }
        if let Some(called) = &step.run {
            gather(&called.steps, &LanePath::main(), &format!("({place})"), into);
        }
        let outcome = match step.state {
            StepState::Success => Outcome::Success,
            StepState::Failure | StepState::Cancelled => Outcome::Failure,
            StepState::Skipped => Outcome::Skipped,
            StepState::Running | StepState::Waiting | StepState::Retrying => continue,
        };
        into.insert(place, (outcome, step.error.as_ref().map(|error| error.name.clone())));
    }
}

fn endings(simulated: &CalmRun) -> Endings {
    fn name(simulated: &CalmRun, run: &RunId) -> String {
        let caller = simulated.steps.iter().find(|(_, step)| step.run.as_ref() == Some(run));
        match caller {
            Some((place, _)) if *run != simulated.id => {
                format!("({} {} {})", name(simulated, &place.run), place.lane, place.step)
            }
            _ => "root".to_owned(),
        }
    }
    let steps = simulated.steps.iter().filter_map(|(place, step)| {
        let result = step.result.as_ref()?;
        let place = format!("{} {} {}", name(simulated, &place.run), place.lane, place.step);
        let error = result.error.as_ref().map(|error| error.name.clone());
        Some((place, (result.outcome, error)))
    });
    steps.collect()
}
