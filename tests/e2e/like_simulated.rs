//! Random workflows on the deployed stack and in the simulation of whole runs: each step gives the same.
//!
//! What the simulation proves holds for the deployed system only as far as the two agree.

use crate::{aws, scenario::Scenario};
use platform::catalog;
use platform::table::{StepState, Table};
use serde_json::{Value, json};
use simulator::{
    reference::Place,
    simulation::calm::{self, CalmRun},
    workflows::{Mood, Style, family},
    world::{RoutingKey, Secrets},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use workflow::{
    definition::Definition,
    ids::{LanePath, RunId, StepPath},
    planner::Outcome,
};

/// The number of workflows that are run, each with those that it calls.
const FAMILIES: usize = 40;
/// The time that a run may take in the simulation to be among them.
const SHORT: Duration = Duration::from_secs(12);
/// The time that all of them may take on a loaded machine.
const END_WITHIN: Duration = Duration::from_secs(300);

/// The id of an incident that the account does not have. The random workflows use it too.
const UNKNOWN_INCIDENT: &str = "Q0UNKNOWN00001";

const STYLE: Style = Style {
    mood: Mood::Patient,
    steps: 14,
    lanes: 10,
    depth: 3,
    events: &["incident.triggered"],
    queues: false,
    systems: false,
};

/// What must be among the workflows, so that the comparison means something.
const CONSTRUCTS: &[&str] = &[
    "if",
    "else",
    "choose",
    "default",
    "parallel",
    "for_each",
    "max_concurrency",
    "repeat",
    "output",
    "wait",
    "set",
    "stop",
    "fail",
    "run_workflow",
    "continue_on_error",
    "on_failure",
    "retry",
    "pagerduty.create_incident",
    "pagerduty.resolve_incident",
];

/// Workflows that belong together, and what a run of the first came to in the simulation.
struct Case {
    family: Vec<Definition>,
    simulated: CalmRun,
}

/// What came of a step: how it ended, what it gave, and the name of its error.
type Ending = (&'static str, Value, Option<String>);

/// Steps by run, lane and place, with names that do not depend on the world.
type Endings = BTreeMap<String, Ending>;

#[test]
fn random_workflows_give_on_the_stack_what_they_give_in_the_simulation() {
    let scenario = Scenario::new("e2e-like");
    for RoutingKey { name, key, .. } in Secrets::ROUTING_KEYS {
        let add = ["integration", "routing-key", "add", &scenario.name, name];
        scenario.pagerflow.json(&add, key).unwrap();
    }
    let table = Table::new(
        aws_sdk_dynamodb::Client::new(&aws::config(&scenario.stack)),
        scenario.stack.table_name.clone(),
    );
    let cases: Vec<Case> = (0..).filter_map(case).take(FAMILIES).collect();
    let words: BTreeSet<String> = cases.iter().flat_map(|case| words_of(&case.family)).collect();
    let missing: Vec<_> = CONSTRUCTS.iter().filter(|word| !words.contains(**word)).collect();
    assert!(missing.is_empty(), "no workflow has {missing:?}");

    let runs: Vec<String> = cases.iter().map(|case| start(&scenario, &case.family)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut steps = 0;
    for (case, run) in cases.iter().zip(&runs) {
        let view = scenario.ended_within(run, END_WITHIN);
        let source = case.family[0].to_json();
        let simulated = &case.simulated.runs[&case.simulated.id];
        assert_eq!(view["status"], simulated.status, "{view:#}\n{source:#}");
        let expected = simulated_endings(&case.simulated);
        let mut found = Endings::new();
        runtime.block_on(gather(
            &table,
            &run.parse().unwrap(),
            &LanePath::main(),
            "root",
            &mut found,
        ));
        let (expected, found) = (comparable(expected, case.simulated.id.as_str()), comparable(found, run));
        assert_eq!(found, expected, "{source:#}");
        steps += found.len();
    }
    assert!(steps > 3 * FAMILIES, "{steps} steps were compared");
}

/// The workflows of a seed, if a run of the first is short and does not depend on what differs between the worlds.
fn case(seed: u64) -> Option<Case> {
    let family = family(&mut fastrand::Rng::with_seed(seed), STYLE);
    let mut sources: Vec<Value> = family.iter().map(|written| written.definition.to_json()).collect();
    // Its runs are started by hand, and see no time of a schedule.
    if sources.iter().any(|source| source["on"].get("schedule").is_some()) {
        return None;
    }
    for source in &mut sources {
        adapt(source, seed);
    }
    let text = json!(sources).to_string();
    if text.contains("incident_number") || text.contains("run.started_at") {
        return None;
    }
    let needs_inputs = sources[0]["inputs"]
        .as_object()
        .into_iter()
        .flat_map(|inputs| inputs.values())
        .any(|input| input.get("default").is_none());
    if needs_inputs {
        return None;
    }
    let family: Vec<_> = sources
        .iter()
        .map(|source| Definition::from_source(&without_event(source.to_string()), catalog()).unwrap())
        .collect();
    let simulated = calm::by_hand(&family)?;
    let is_short = simulated.took.unsigned_abs() < SHORT;
    (is_short && !lanes_share_incidents(&simulated)).then_some(Case { family, simulated })
}

/// True if lanes that run side by side use the same incident. What the one finds then depends on how far the other has
/// come, which nothing promises.
fn lanes_share_incidents(simulated: &CalmRun) -> bool {
    let mut users: BTreeMap<&str, Vec<Way>> = BTreeMap::new();
    for (place, step) in &simulated.steps {
        let incident = step.input.as_ref().and_then(|input| input["incident_id"].as_str());
        // What is not there stays away, whoever asks.
        if let Some(incident) = incident.filter(|incident| *incident != UNKNOWN_INCIDENT) {
            users.entry(incident).or_default().push(way_to(simulated, place));
        }
    }
    users.values().any(|ways| {
        let mut pairs = ways.iter().enumerate().flat_map(|(index, one)| {
            let others = ways.iter().skip(index + 1);
            others.map(move |other| (one, other))
        });
        pairs.any(|(one, other)| are_side_by_side(one, other))
    })
}

/// From the main lane of the root run: each step that opens lanes or calls a workflow, and the number of its lane.
type Way = Vec<(StepPath, u32)>;

/// The way to the lane of a step.
fn way_to(simulated: &CalmRun, place: &Place) -> Way {
    let caller = simulated
        .steps
        .iter()
        .find(|(_, step)| step.run.as_ref() == Some(&place.run));
    let mut way = match caller {
        Some((caller, _)) if place.run != simulated.id => {
            let mut way = way_to(simulated, caller);
            way.push((caller.step.clone(), 0));
            way
        }
        _ => Way::new(),
    };
    let mut inner: Way = Way::new();
    let mut lane = place.lane.clone();
    while let Some((outer, fork, index)) = lane.opener() {
        inner.push((fork.clone(), index));
        lane = outer;
    }
    way.extend(inner.into_iter().rev());
    way
}

/// True if the two part at a step that opens lanes; where they part at different steps, one comes after the other.
fn are_side_by_side(one: &Way, other: &Way) -> bool {
    let parting = one.iter().zip(other).find(|(one, other)| one != other);
    parting.is_some_and(|((one, _), (other, _))| one == other)
}

/// The same for a run that no event started, which would otherwise come to its end at the first step that looks at it.
fn without_event(source: String) -> String {
    let unknown = format!("'{UNKNOWN_INCIDENT}'");
    let values = [
        ("event.incident.title", "'Disk full'"),
        ("event.incident.urgency", "'high'"),
        ("event.incident.priority", "none"),
        ("event.incident.number", "7"),
        ("event.incident.teams", "['sre', 'web']"),
        ("event.incident.id", &unknown),
    ];
    values
        .into_iter()
        .fold(source, |source, (name, value)| source.replace(name, value))
}

/// Gives workflows names that no other seed has, and makes waits short.
fn adapt(value: &mut Value, seed: u64) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| adapt(value, seed)),
        Value::Object(fields) => {
            // A title may be that of a workflow, but only these two fields name one.
            let is_workflow =
                fields.contains_key("steps") && fields.contains_key("name") && !fields.contains_key("output");
            for (name, value) in fields.iter_mut() {
                match (name.as_str(), &*value) {
                    ("run_workflow", Value::String(workflow)) => *value = format!("e2e-like-{seed}-{workflow}").into(),
                    ("name", Value::String(workflow)) if is_workflow && is_name_of_workflow(workflow) => {
                        *value = format!("e2e-like-{seed}-{workflow}").into();
                    }
                    ("wait" | "every", Value::String(_)) => *value = "1s".into(),
                    _ => adapt(value, seed),
                }
            }
        }
        _ => {}
    }
}

fn is_name_of_workflow(name: &str) -> bool {
    name == "main" || name.starts_with("helper-")
}

/// All words of the language that workflows have, and the actions.
fn words_of(family: &[Definition]) -> BTreeSet<String> {
    fn collect(value: &Value, words: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| collect(value, words)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    words.insert(name.clone());
                    collect(value, words);
                }
                words.extend(fields.get("uses").and_then(Value::as_str).map(str::to_owned));
            }
            _ => {}
        }
    }
    let mut words = BTreeSet::new();
    family
        .iter()
        .for_each(|definition| collect(&definition.to_json(), &mut words));
    words
}

/// Applies the workflows, and starts a run of the first.
fn start(scenario: &Scenario, family: &[Definition]) -> String {
    for definition in family {
        let mut source = definition.to_json().to_string();
        // The integration of the simulated world has another alias.
        source = source.replace("\"prod\"", &format!("{:?}", scenario.name));
        // An integration that is absent is refused where it is written down; what an expression gives is known when the step runs.
        source = source.replace("\"nowhere\"", "\"{{ 'nowhere' }}\"");
        let file = scenario.file("json", &source);
        scenario
            .pagerflow
            .json(&["workflow", "apply", &file, "--yes"], "")
            .unwrap();
    }
    let name = family[0].name.to_string();
    let started = scenario.pagerflow.json(&["run", "start", &name], "").unwrap();
    started["run"].as_str().unwrap().to_owned()
}

/// Reads the steps of a lane, and of all that it opens and calls.
async fn gather(table: &Table, run: &RunId, lane: &LanePath, name: &str, into: &mut Endings) {
    for step in table.lane_steps(run, lane).await.unwrap() {
        let place = format!("{name} {lane} {}", step.path);
        for index in 0..step.lanes.unwrap_or(0) {
            let inner = lane.child(step.path.clone(), index);
            Box::pin(gather(table, run, &inner, name, into)).await;
        }
        if let Some(called) = &step.run {
            let name = format!("({place})");
            Box::pin(gather(table, called, &LanePath::main(), &name, into)).await;
        }
        let how = match step.state {
            StepState::Success => "success",
            StepState::Failure | StepState::Cancelled => "failure",
            StepState::Skipped => "skipped",
            StepState::Running | StepState::Waiting | StepState::Retrying => continue,
        };
        let error = step.error.map(|error| error.name);
        into.insert(place, (how, step.outputs.unwrap_or_default(), error));
    }
}

fn simulated_endings(simulated: &CalmRun) -> Endings {
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
        let how = match result.outcome {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
            Outcome::Skipped => "skipped",
        };
        let place = format!("{} {} {}", name(simulated, &place.run), place.lane, place.step);
        let error = result.error.as_ref().map(|error| error.name.clone());
        Some((place, (how, result.outputs.clone(), error)))
    });
    steps.collect()
}

/// The same with names in the place of ids, which differ from world to world, and without times, keys, numbers and words
/// for people.
fn comparable(endings: Endings, root: &str) -> Endings {
    let mut ids = BTreeMap::from([(root.to_owned(), "<root>".to_owned())]);
    for (place, (_, outputs, _)) in &endings {
        for field in ["incident_id", "run_id", "dedup_key"] {
            if let Some(id) = outputs[field].as_str() {
                ids.entry(id.to_owned())
                    .or_insert_with(|| format!("<{field} of {place}>"));
            }
        }
    }
    let plain = |(place, (how, mut outputs, error)): (String, Ending)| {
        for field in [
            "at",
            "created_at",
            "incident_key",
            "incident_number",
            "note_id",
            "requested_at",
        ] {
            if let Some(value) = outputs.get_mut(field) {
                *value = Value::Null;
            }
        }
        for lane in outputs["lanes"].as_array_mut().into_iter().flatten() {
            if let Some(error) = lane.get_mut("error").and_then(Value::as_object_mut) {
                error.remove("message");
            }
        }
        let mut text = outputs.to_string();
        for (id, name) in &ids {
            text = text.replace(id, name);
        }
        (place, (how, serde_json::from_str(&text).unwrap(), error))
    };
    endings.into_iter().map(plain).collect()
}

#[test]
fn a_workflow_whose_outcome_depends_on_the_speed_of_its_lanes_is_not_compared() {
    let same = |ids: [&str; 2]| {
        let lane = |id| {
            let step = json!({"uses": "pagerduty.get_incident", "with": {"integration": "prod", "incident_id": id}});
            json!({"steps": [step]})
        };
        let create = |id| {
            let with = json!({
                "integration": "prod", "title": id, "service": "PSVC8R2", "from": "oncall@example.com",
            });
            json!({"id": id, "uses": "pagerduty.create_incident", "with": with})
        };
        let id_of = |step| format!("{{{{ steps.{step}.outputs.incident_id }}}}");
        let lanes = ids.map(|id| lane(id_of(id)));
        let source = json!({
            "name": "main",
            "on": {"pagerduty": {"integration": "prod", "events": ["incident.triggered"]}},
            "steps": [create("one"), create("other"), {"parallel": lanes}, lane(id_of("one"))["steps"][0]],
        });
        lanes_share_incidents(
            &calm::by_hand(&[Definition::from_source(&source.to_string(), catalog()).unwrap()]).unwrap(),
        )
    };
    assert!(same(["one", "one"]));
    assert!(!same(["one", "other"]));
}
