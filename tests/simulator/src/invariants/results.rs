//! The results of steps are those of the reference.

use super::{Evidence, Violations, decisions};
use crate::{
    reference::{Course, Place, Witness, course},
    store::Tables,
    world::Secrets,
};
use ::pagerduty::{actions::Action, error::named};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    action::{ActionSpec, Repeat},
    approval::Decision,
    error_name::{ErrorName, NamedError, SystemError, SystemName},
    ids::{RunId, WorkflowVersion},
    planner::{Failure, Outcome, StepResult},
};

/// Compares what can be compared, and gives the number of runs.
pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) -> u64 {
    let disturbed = evidence.disturbed();
    let witness = Records {
        tables: evidence.tables,
        is_sure: evidence.scenario.climate.is_sure(),
        decisions: decisions::all(evidence),
    };
    let mut compared = 0;
    for (root, started) in &evidence.started {
        if disturbed.contains(root) {
            continue;
        }
        let started_at = |run: &RunId| evidence.tables.runs.get(run).map(|item| item.started_at);
        let library = &evidence.tables.versions;
        let Some(item) = evidence.tables.runs.get(root) else {
            continue;
        };
        let version = item.input.run.version;
        let asked = started.inputs.iter().find(|input| input.run.version == version);
        let Some(mut input) = asked.cloned() else { continue };
        // What else happened to the incident of the event, which the reference does not know, can make a run deeper: see `loops`.
        input.run.depth = item.depth;
        let expected = course(library, &witness, &input, started_at, &started.event);
        compared += u64::try_from(expected.ends.len()).unwrap_or(0);
        compare(evidence, root, &expected, violations);
    }
    compared
}

fn compare(evidence: &Evidence<'_>, root: &RunId, expected: &Course, violations: &mut Violations) {
    const RESULTS: &str = "results are those of the reference";
    let tables = evidence.tables;
    let of_root: BTreeSet<&RunId> = tables
        .runs
        .keys()
        .filter(|run| evidence.root_of(run) == *root)
        .collect();
    let recorded = tables.steps.iter().filter(|(place, _)| of_root.contains(&place.run));
    let finished = recorded
        .filter(|(_, step)| step.result.is_some())
        .map(|(place, _)| place);
    let places: BTreeSet<&Place> = expected.results.keys().chain(finished).collect();
    for place in places {
        if expected.is_chance(place) {
            continue;
        }
        let wanted = expected.results.get(place).map(shown);
        let step = tables.steps.get(place);
        let found = step.and_then(|step| step.result.as_ref()).map(shown);
        if wanted != found {
            violations.add(
                RESULTS,
                format!("{place:?}\n    reference: {wanted:?}\n    engine:    {found:?}"),
            );
        }
        if let Some(input) = expected.inputs.get(place) {
            let found = step.and_then(|step| step.input.as_ref());
            if found != Some(input) {
                violations.add(
                    RESULTS,
                    format!("{place:?}: the input is {found:?}, and by the reference {input}"),
                );
            }
        }
    }
    for (run, end) in &expected.ends {
        if expected.is_chance_run(run) {
            continue;
        }
        let item = tables.runs.get(run);
        let found = item.map(|item| match &item.error {
            None => Ok(()),
            Some(error) => Err(error.name.clone()),
        });
        if found.as_ref() != Some(end) {
            violations.add(
                RESULTS,
                format!("{run} ended with {found:?}, and by the reference with {end:?}"),
            );
        }
    }
}

/// What is compared of a result: messages are for people.
fn shown(result: &StepResult) -> (Outcome, Value, Option<String>) {
    let mut outputs = result.outputs.clone();
    if let Some(Value::Array(lanes)) = outputs.get_mut("lanes") {
        for lane in lanes {
            if let Some(Value::Object(error)) = lane.get_mut("error") {
                error.remove("message");
            }
        }
    }
    let error = result.error.as_ref().map(|error| error.name.clone());
    (result.outcome, outputs, error)
}

/// What the table and PagerDuty's rules say.
struct Records<'a> {
    tables: &'a Tables,
    /// True if it is known beforehand what becomes of each action.
    is_sure: bool,
    decisions: BTreeMap<Place, Decision>,
}

impl Records<'_> {
    fn result(&self, place: &Place) -> Option<&StepResult> {
        self.tables.steps.get(place)?.result.as_ref()
    }
}

impl Witness for Records<'_> {
    fn action(&self, place: &Place, action: &ActionSpec, input: &Value) -> Result<Value, Failure> {
        let result = self.result(place);
        let error = result.and_then(|result| result.error.as_ref());
        let is_sure = self.is_sure && !error.is_some_and(|error| may_fail_so(action, &error.name));
        if is_sure && let Some(name) = refusal(action, input) {
            return Err(Failure::new(name, ""));
        }
        match result {
            Some(StepResult {
                outcome: Outcome::Success,
                outputs,
                ..
            }) => Ok(outputs.clone()),
            Some(StepResult { error: Some(error), .. }) if !is_sure => Err(Failure::from_text(&error.name, "")),
            // It ought to have succeeded.
            _ => Ok(Value::Null),
        }
    }

    /// Whether it ends well or by its time is chance; that it may is looked at in `watching`.
    fn waited(&self, place: &Place) -> Result<Value, Failure> {
        match self.result(place) {
            Some(StepResult { error: Some(error), .. }) => Err(Failure::from_text(&error.name, "")),
            Some(result) => Ok(result.outputs.clone()),
            None => Ok(Value::Null),
        }
    }

    fn decision(&self, place: &Place) -> Option<Decision> {
        self.decisions.get(place).cloned()
    }

    fn timed_out_at(&self, place: &Place) -> Value {
        let at = self.result(place).and_then(|result| result.outputs.get("at"));
        at.cloned().unwrap_or_default()
    }

    fn cut(&self, place: &Place) -> BTreeSet<String> {
        self.result(place).map(|result| result.cut.clone()).unwrap_or_default()
    }

    fn cancelled(&self, place: &Place) -> Option<StepResult> {
        self.result(place).cloned()
    }

    fn version(&self, run: &RunId) -> Option<WorkflowVersion> {
        self.tables.runs.get(run).map(|item| item.input.run.version)
    }
}

/// True if an action may fail like that although its run is patient: it must not be repeated, or somebody has resolved the
/// incident before.
fn may_fail_so(action: &ActionSpec, error: &str) -> bool {
    match action.repeat {
        Repeat::IsForbidden { .. } => NamedError::parse(error).is_none_or(|error| error.class().may_pass()),
        _ => {
            Action::parse(&action.name) == Some(Action::AcknowledgeIncident)
                && named(SystemError::AlreadyResolved) == error
        }
    }
}

/// The reason PagerDuty, or the action, refuses what a workflow of this simulation asks for, if it does.
fn refusal(action: &ActionSpec, input: &Value) -> Option<NamedError> {
    let text = |name: &str| input[name].as_str().unwrap_or_default();
    if let Some(refusal) = refusal_of_system(action, input) {
        return refusal;
    }
    match Action::parse(&action.name) {
        Some(Action::CreateIncident) if text("title").trim().is_empty() => Some(ErrorName::InputInvalid.into()),
        _ if text("integration") != "prod" => Some(ErrorName::IntegrationNotFound.into()),
        Some(Action::CreateIncident) if text("service") == "PSVC3D1" => Some(named(SystemError::InvalidRequest)),
        _ if text("routing_key") == "missing" => Some(ErrorName::IntegrationInvalid.into()),
        _ if text("routing_key") == "retired" => Some(named(SystemError::InvalidRequest)),
        _ if text("incident_id") == "Q0UNKNOWN00001" => Some(named(SystemError::NotFound)),
        _ => None,
    }
}

/// The same of another system than PagerDuty; none if the action is one of PagerDuty.
fn refusal_of_system(action: &ActionSpec, input: &Value) -> Option<Option<NamedError>> {
    let text = |name: &str| input[name].as_str().unwrap_or_default();
    let (system, _) = action.name.split_once('.')?;
    let (integration, system) = match system {
        "slack" => (Secrets::SLACK, "Slack"),
        "jira" => (Secrets::JIRA, "Jira"),
        _ => return None,
    };
    let error = |error| Some(NamedError::System(SystemName::known(system), error));
    Some(match &*action.name {
        _ if text("integration") != integration => Some(ErrorName::IntegrationNotFound.into()),
        _ if text("channel") == "C0" || text("issue") == "OPS-0" => error(SystemError::NotFound),
        "jira.create_issue" if text("type") == "Epic" || text("summary").contains('\n') => {
            error(SystemError::InvalidRequest)
        }
        _ => None,
    })
}
