//! The expectation of a case, and the differences of a report from it. Only what is named is checked.

use super::{
    super::render::in_short,
    cases::{Workflows, entries},
};
use crate::output::{Screen, printable};
use jiff::Timestamp;
use rehearsal::{
    known_error,
    report::{Outcome, Report, Run, Step, StepState},
};
use serde::Serialize;
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use workflow::{
    document::{self, Fields, Node, Path, ProblemSink, Problems},
    ids::{StepPath, WorkflowId},
    step_name::StepName,
};

/// The outcomes of a case.
const OUTCOMES: &[(&str, Outcome)] = &[
    ("succeeded", Outcome::Succeeded),
    ("failed", Outcome::Failed),
    ("cancelled", Outcome::Cancelled),
    ("skipped", Outcome::Skipped),
    ("not_started", Outcome::NotStarted),
];

/// The outcomes of a step; none if the run does not come to it.
const OUTCOMES_OF_STEPS: &[(&str, Option<StepState>)] = &[
    ("success", Some(StepState::Success)),
    ("failure", Some(StepState::Failure)),
    ("cancelled", Some(StepState::Cancelled)),
    ("skipped", Some(StepState::Skipped)),
    (NOT_REACHED, None),
];

const NOT_REACHED: &str = "not_reached";

/// The most attempts of a step that can be expected.
const ATTEMPTS: u32 = 1_000;

/// The expectation of a case.
#[derive(Debug, Clone, Default)]
pub(super) struct Expectation {
    outcome: Option<Outcome>,
    error: Option<String>,
    steps: Vec<ExpectedStep>,
    /// All requests, in their order.
    requests: Option<Vec<String>>,
    /// Some of the requests.
    requests_include: Vec<String>,
}

/// The expectation of a step.
#[derive(Debug, Clone)]
struct ExpectedStep {
    name: StepName,
    /// The places that the name means, in each workflow that has it.
    places: Vec<Place>,
    /// The outcome; inside, none if the run does not come to the step.
    outcome: Option<Option<StepState>>,
    error: Option<String>,
    attempts: Option<u32>,
    input: Option<Value>,
    outputs: Option<Value>,
}

/// A step of a workflow.
#[derive(Debug, Clone)]
struct Place {
    workflow: WorkflowId,
    path: StepPath,
    /// The name that the report has for it; none where its lane depends on an item.
    name: Option<StepName>,
}

/// A difference between what is expected and what was seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Mismatch {
    /// The expectation, such as `outcome` or `steps.page.error`.
    about: String,
    expected: Value,
    actual: Value,
}

impl Expectation {
    /// Reads the expectation of a case.
    pub(super) fn read(node: &Node, path: Path<'_>, workflows: &Workflows, problems: &mut Problems) -> Option<Self> {
        if entries(node, path, problems)?.is_empty() {
            problems.problem(
                node.at,
                path,
                "is empty, so the case would always pass; expect an outcome, a step or requests",
            );
            return None;
        }
        let mut fields = Fields::of(node, &path, problems)?;
        let outcome =
            |node: &Node, path: Path<'_>, problems: &mut Problems| document::word(node, path, OUTCOMES, problems);
        let error = |node: &Node, path: Path<'_>, problems: &mut Problems| error(node, path, workflows, problems);
        let steps = |node: &Node, path: Path<'_>, problems: &mut Problems| steps(node, path, workflows, problems);
        let expectation = Self {
            outcome: fields.read("outcome", outcome, problems),
            error: fields.read("error", error, problems),
            steps: fields.read("steps", steps, problems).unwrap_or_default(),
            requests: fields.read("requests", requests, problems),
            requests_include: fields
                .read("requests_include", some_requests, problems)
                .unwrap_or_default(),
        };
        fields.refuse_others(problems);
        Some(expectation)
    }

    /// The differences of a report, or of the reason there is none.
    pub(super) fn mismatches(&self, report: &Result<Report, String>) -> Vec<Mismatch> {
        let report = match report {
            Ok(report) => report,
            Err(error) => return vec![Mismatch::new("outcome", word(&self.outcome), json!(error))],
        };
        let mut found = Vec::new();
        if self.outcome.is_some_and(|outcome| outcome != report.outcome()) {
            found.push(Mismatch::new("outcome", word(&self.outcome), word(&report.outcome())));
        }
        if let Some(error) = &self.error {
            let errors = report.runs.iter().filter_map(|run| run.error.as_ref());
            let names: Vec<&str> = errors.map(|error| error.name.as_str()).collect();
            if !names.contains(&error.as_str()) {
                let actual = match names.as_slice() {
                    [] => Value::Null,
                    [name] => json!(name),
                    names => json!(names),
                };
                found.push(Mismatch::new("error", json!(error), actual));
            }
        }
        for step in &self.steps {
            step.check(report, &mut found);
        }
        let sent = sent(report);
        if let Some(requests) = self.requests.as_ref().filter(|requests| **requests != sent) {
            found.push(Mismatch::new("requests", json!(requests), json!(sent)));
        }
        let missing = self.requests_include.iter().filter(|request| !sent.contains(request));
        found.extend(missing.map(|request| Mismatch::new("requests_include", json!(request), json!(sent))));
        found
    }
}

impl ExpectedStep {
    fn check(&self, report: &Report, found: &mut Vec<Mismatch>) {
        let mut steps = Vec::new();
        for run in &report.runs {
            self.find_in_run(run, &mut steps);
        }
        let of_name = format!("steps.{}", self.name);
        if steps.is_empty() && self.outcome != Some(None) {
            let expected = match self.outcome {
                Some(outcome) => word(&outcome),
                None => json!("reached"),
            };
            found.push(Mismatch::new(of_name, expected, json!(NOT_REACHED)));
            return;
        }
        for step in &steps {
            let about = match steps.len() {
                1 => of_name.clone(),
                _ => format!("steps.{}", step.path),
            };
            self.check_one(step, &about, found);
        }
    }

    fn check_one(&self, step: &Step, about: &str, found: &mut Vec<Mismatch>) {
        if let Some(outcome) = self.outcome.filter(|outcome| *outcome != Some(step.state)) {
            let expected = match outcome {
                Some(state) => word(&state),
                None => json!(NOT_REACHED),
            };
            found.push(Mismatch::new(about, expected, word(&step.state)));
        }
        let error = step.error.as_ref().map(|error| error.name.to_string());
        if let Some(expected) = self.error.as_ref().filter(|expected| error.as_ref() != Some(expected)) {
            found.push(Mismatch::new(format!("{about}.error"), json!(expected), json!(error)));
        }
        let attempts = step.attempts.len();
        if let Some(expected) = self
            .attempts
            .filter(|expected| usize::try_from(*expected) != Ok(attempts))
        {
            found.push(Mismatch::new(
                format!("{about}.attempts"),
                json!(expected),
                json!(attempts),
            ));
        }
        let values = [
            ("input", &self.input, &step.input),
            ("outputs", &self.outputs, &step.outputs),
        ];
        for (field, expected, actual) in values {
            if let Some(expected) = expected {
                compare(expected, actual.as_ref(), &format!("{about}.{field}"), found);
            }
        }
    }

    fn find_in_run<'a>(&self, run: &'a Run, found: &mut Vec<&'a Step>) {
        self.find(&run.workflow, &run.steps, found);
    }

    fn find<'a>(&self, workflow: &WorkflowId, steps: &'a [Step], found: &mut Vec<&'a Step>) {
        for step in steps {
            if self.places.iter().any(|place| place.is_of(workflow, step)) {
                found.push(step);
            }
            self.find(workflow, &step.steps, found);
            for lane in &step.lanes {
                self.find(workflow, &lane.steps, found);
            }
            if let Some(run) = &step.run {
                self.find_in_run(run, found);
            }
        }
    }
}

impl Place {
    fn is_of(&self, workflow: &WorkflowId, step: &Step) -> bool {
        self.workflow == *workflow
            && self.path == step.place
            && self.name.as_ref().is_none_or(|name| *name == step.path)
    }
}

impl Mismatch {
    fn new(about: impl Into<String>, expected: Value, actual: Value) -> Self {
        Self {
            about: about.into(),
            expected,
            actual,
        }
    }

    /// The difference in words: one line, or of lists a line for each item.
    pub(super) fn lines(&self, screen: Screen) -> Vec<String> {
        let Self {
            about,
            expected,
            actual,
        } = self;
        match (expected.as_array(), actual.as_array()) {
            (Some(expected), Some(actual)) => {
                let head = format!("{about}: - expected, + was");
                std::iter::once(head)
                    .chain(difference(expected, actual, screen))
                    .collect()
            }
            _ => vec![format!("{about}: expected {}, was {}", shown(expected), shown(actual))],
        }
    }
}

/// Two lists as one, with a mark before each item that only one of them has.
fn difference(expected: &[Value], actual: &[Value], screen: Screen) -> Vec<String> {
    let (expected, actual): (Vec<String>, Vec<String>) =
        (expected.iter().map(shown).collect(), actual.iter().map(shown).collect());
    let (expected, actual): (Vec<&str>, Vec<&str>) = (
        expected.iter().map(String::as_str).collect(),
        actual.iter().map(String::as_str).collect(),
    );
    let changes = TextDiff::from_slices(&expected, &actual);
    let changes = changes.iter_all_changes().map(|change| match change.tag() {
        ChangeTag::Equal => format!("    {}", change.value()),
        ChangeTag::Delete => screen.coloured(31, &format!("  - {}", change.value())),
        ChangeTag::Insert => screen.coloured(32, &format!("  + {}", change.value())),
    });
    changes.collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => printable(text),
        Value::Array(items) if !items.is_empty() => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => printable(&other.to_string()),
    }
}

/// A word as programs read it.
fn word(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// Compares a value with what is expected of it: a map has at least these fields, a list just these items, and what is expected to be
/// null may be left out.
fn compare(expected: &Value, actual: Option<&Value>, about: &str, found: &mut Vec<Mismatch>) {
    match (expected, actual) {
        (Value::Object(fields), Some(Value::Object(actual))) => {
            for (name, expected) in fields {
                compare(expected, actual.get(name), &format!("{about}.{name}"), found);
            }
        }
        (Value::Array(items), Some(Value::Array(actual))) if items.len() == actual.len() => {
            for (index, (expected, actual)) in items.iter().zip(actual).enumerate() {
                compare(expected, Some(actual), &format!("{about}[{index}]"), found);
            }
        }
        (Value::Null, None) => {}
        (Value::Number(expected), Some(Value::Number(actual))) if expected.as_f64() == actual.as_f64() => {}
        (expected, actual) if actual == Some(expected) => {}
        (expected, actual) => found.push(Mismatch::new(
            about,
            expected.clone(),
            actual.cloned().unwrap_or_default(),
        )),
    }
}

/// The requests of all runs, in the order in which they were sent.
fn sent(report: &Report) -> Vec<String> {
    let mut sent = Vec::new();
    for run in &report.runs {
        collect_sent(&run.steps, &mut sent);
    }
    // Of one moment, in the order of the steps.
    sent.sort_by_key(|(at, _)| *at);
    sent.into_iter().map(|(_, request)| request).collect()
}

fn collect_sent(steps: &[Step], sent: &mut Vec<(Timestamp, String)>) {
    for step in steps {
        for attempt in &step.attempts {
            sent.extend(
                attempt
                    .requests
                    .iter()
                    .map(|request| (attempt.started_at, in_short(request))),
            );
        }
        collect_sent(&step.steps, sent);
        for lane in &step.lanes {
            collect_sent(&lane.steps, sent);
        }
        if let Some(run) = &step.run {
            collect_sent(&run.steps, sent);
        }
    }
}

fn error(node: &Node, path: Path<'_>, workflows: &Workflows, problems: &mut Problems) -> Option<String> {
    let name = document::text(node, path, problems)?;
    known_error(name, &workflows.catalog)
        .map_err(|problem| problems.problem(node.at, path, problem))
        .ok()?;
    Some(name.to_owned())
}

fn requests(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let items = document::items(node, path, None, problems)?;
    let mut requests = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let text = document::text(item, path, problems)?;
        let is_request = text.split_once(' ').is_some_and(|(method, to)| {
            !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase()) && to.contains('/')
        });
        if !is_request {
            let message = "is not a request; write its method and its path, such as `POST /incidents`";
            problems.problem(item.at, path, message);
        }
        requests.push(text.to_owned());
    }
    Some(requests)
}

fn some_requests(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let requests = requests(node, path, problems)?;
    if requests.is_empty() {
        let message = "is empty and asks for nothing; that nothing is sent is `requests: []`";
        problems.problem(node.at, path, message);
    }
    Some(requests)
}

fn steps(node: &Node, path: Path<'_>, workflows: &Workflows, problems: &mut Problems) -> Option<Vec<ExpectedStep>> {
    let entries = entries(node, path, problems)?;
    if entries.is_empty() {
        problems.problem(node.at, path, "is empty; name a step, or leave it out");
    }
    let mut steps = Vec::new();
    for entry in entries {
        let inner = path.field(&entry.key);
        match places(&entry.key, workflows) {
            Ok((name, places)) => steps.extend(step(&entry.value, inner, (name, places), workflows, problems)),
            Err(problem) => problems.problem(entry.key_at, path, problem),
        }
    }
    Some(steps)
}

/// The places that a name means in the workflows that have it.
fn places(name: &str, workflows: &Workflows) -> Result<(StepName, Vec<Place>), String> {
    let name: StepName = name.parse().map_err(|error| format!("{error}"))?;
    let places = workflows.all().filter_map(|definition| {
        let place = definition.find_step(&name).ok()?;
        Some(Place {
            workflow: definition.name.clone(),
            name: place.lane.map(|lane| definition.step_name(&lane, &place.path)),
            path: place.path,
        })
    });
    let places: Vec<Place> = places.collect();
    match (places.is_empty(), workflows.workflow.find_step(&name)) {
        (true, Err(error)) => Err(error.to_string()),
        _ => Ok((name, places)),
    }
}

fn step(
    node: &Node,
    path: Path<'_>,
    (name, places): (StepName, Vec<Place>),
    workflows: &Workflows,
    problems: &mut Problems,
) -> Option<ExpectedStep> {
    let error = |node: &Node, path: Path<'_>, problems: &mut Problems| error(node, path, workflows, problems);
    let outcome =
        |node: &Node, path: Path<'_>, problems: &mut Problems| document::word(node, path, OUTCOMES_OF_STEPS, problems);
    let attempts = |node: &Node, path: Path<'_>, problems: &mut Problems| {
        document::whole_number(node, path, 0..=ATTEMPTS, problems)
    };
    let mut step = ExpectedStep {
        name,
        places,
        outcome: None,
        error: None,
        attempts: None,
        input: None,
        outputs: None,
    };
    if node.as_text().is_some() {
        step.outcome = Some(outcome(node, path, problems)?);
        return Some(step);
    }
    let mut fields = Fields::of(node, &path, problems)?;
    step.outcome = fields.read("outcome", outcome, problems);
    step.error = fields.read("error", error, problems);
    step.attempts = fields.read("attempts", attempts, problems);
    step.input = fields.read("input", values, problems);
    step.outputs = fields.read("outputs", values, problems);
    fields.refuse_others(problems);
    if entries(node, path, problems)?.is_empty() {
        problems.problem(node.at, path, "is empty; expect an outcome, or leave the step out");
    }
    let has_more = step.error.is_some() || step.attempts.is_some() || step.input.is_some() || step.outputs.is_some();
    if step.outcome == Some(None) && has_more {
        let message =
            format!("a step that is {NOT_REACHED} has neither attempts nor outputs; expect nothing else of it");
        problems.problem(node.at, path, message);
    }
    Some(step)
}

/// A map of values of which at least these are expected.
fn values(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Value> {
    if entries(node, path, problems)?.is_empty() {
        problems.problem(node.at, path, "is empty; name a value, or leave it out");
    }
    Some(node.to_json())
}
