//! The file of cases. Each has the words of the options of `workflow test`: an event or inputs, failures, results, answers, signals.

use super::{
    super::{
        events::{self, Events, PassedOver},
        invalid,
        sample::{self, NoSample},
        signal,
    },
    Checked, CheckedCase,
    expectation::Expectation,
};
use crate::{error::Error, text_file, workflow_command::files};
use jiff::Timestamp;
use rehearsal::{Answer, Intervention, InvalidIntervention, Rehearsal, Signal, Start, delivery::Delivery};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, path::Path as FilePath};
use workflow::{
    action::Catalog,
    definition::Definition,
    document::{self, Content, Entry, Fields, Node, Path, ProblemSink, Problems},
    planner::resolve_inputs,
    triggers::Trigger,
};

/// The time of a case that does not say one: noon of a Monday in UTC. With the clock of the day, a case could pass in the morning and
/// fail at night.
const NOON: Timestamp = Timestamp::constant(1_799_064_000, 0);

/// The cases of a file.
#[derive(Debug)]
pub(in super::super) struct Cases {
    cases: Vec<Case>,
    passed_over: Vec<PassedOver>,
}

/// One event, or one start by hand, with what is expected of it.
#[derive(Debug)]
struct Case {
    name: String,
    rehearsal: Rehearsal,
    start: Start,
    expectation: Expectation,
}

/// The workflows that the cases are for.
#[derive(Debug)]
pub(super) struct Workflows {
    pub(super) workflow: Definition,
    others: Vec<Definition>,
    /// The actions that there are.
    pub(super) catalog: Catalog,
}

impl Workflows {
    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Definition> + Clone {
        std::iter::once(&self.workflow).chain(&self.others)
    }
}

impl Cases {
    /// Reads a file of cases for a workflow, beside others that it may run. Files of events go by their way from its folder.
    pub(in super::super) fn read(
        file: &FilePath,
        workflow: Definition,
        others: Vec<Definition>,
        catalog: &Catalog,
    ) -> Result<Self, Error> {
        let workflows = Workflows {
            workflow,
            others,
            catalog: catalog.clone(),
        };
        // Two workflows of one name are no fault of a case.
        Rehearsal::new(workflows.workflow.clone(), workflows.others.clone(), Vec::new()).map_err(invalid)?;
        let source = text_file::read(file)?;
        let mut reader = Reader {
            workflows: &workflows,
            folder: file.parent().unwrap_or_else(|| FilePath::new("")),
            passed_over: Vec::new(),
            names: BTreeSet::new(),
        };
        let cases = document::read(&source, "file of cases", |node, problems| reader.file(node, problems));
        Ok(Self {
            cases: cases.map_err(|problems| files::told(file, &problems))?,
            passed_over: reader.passed_over,
        })
    }

    /// Plays all of them.
    pub(in super::super) async fn play(self) -> Checked {
        let mut checked = Vec::new();
        for case in self.cases {
            let report = case
                .rehearsal
                .play(&case.start)
                .await
                .map_err(|error| error.to_string());
            let mismatches = case.expectation.mismatches(&report);
            checked.push(CheckedCase {
                name: case.name,
                passed: mismatches.is_empty(),
                mismatches,
                report,
            });
        }
        Checked {
            cases: checked,
            passed_over: self.passed_over,
        }
    }
}

/// Reads the file.
struct Reader<'a> {
    workflows: &'a Workflows,
    /// The folder of the file.
    folder: &'a FilePath,
    passed_over: Vec<PassedOver>,
    /// The names of the cases so far.
    names: BTreeSet<String>,
}

/// The events of one case: one delivery after another, or of a folder each for itself, with the name of its file.
enum Given {
    One(Start),
    Each(Vec<(String, Start)>),
}

impl Reader<'_> {
    fn file(&mut self, node: &Node, problems: &mut Problems) -> Option<Vec<Case>> {
        let root = Path::Root;
        let mut fields = Fields::of(node, &root, problems)?;
        let node = fields.required("cases", "what is played, and what is expected of it", problems);
        fields.refuse_others(problems);
        let (node, path) = (node?, root.field("cases"));
        let items = document::items(node, path, None, problems)?;
        if items.is_empty() {
            problems.problem(node.at, path, "is empty; there must be at least one case");
        }
        let mut cases = Vec::new();
        for (index, item) in items.iter().enumerate() {
            cases.extend(self.case(item, path.item(index), problems).unwrap_or_default());
        }
        Some(cases)
    }

    /// Reads a case; one with a folder of events is several.
    fn case(&mut self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<Case>> {
        let mut fields = Fields::of(node, &path, problems)?;
        let name = fields.required("name", "what the case shows, in a few words", problems);
        let name = name.and_then(|node| self.name(node, path.field("name"), problems));
        let source = Source {
            event: fields.optional("event"),
            sample: fields.optional("sample"),
            set: fields.optional("set"),
            input: fields.optional("input"),
            at: fields.optional("at"),
        };
        let given = self.given(&source, node, path, problems);
        let fails = fields.read(
            "fail",
            |node, path, problems| self.fails(node, path, problems),
            problems,
        );
        let results = fields.read(
            "result",
            |node, path, problems| self.results(node, path, problems),
            problems,
        );
        let answers = fields.read(
            "answer",
            |node, path, problems| self.answers(node, path, problems),
            problems,
        );
        let signals = fields.read("signal", signals, problems);
        let expected = fields.required("expect", "the outcome, steps or requests", problems);
        let expectation =
            expected.and_then(|node| Expectation::read(node, path.field("expect"), self.workflows, problems));
        fields.refuse_others(problems);

        let interventions = fails.into_iter().chain(results).flatten().collect();
        let rehearsal = self.rehearsal(interventions, answers.unwrap_or_default(), signals.unwrap_or_default());
        let rehearsal = rehearsal
            .map_err(|problem| problems.problem(node.at, path, problem))
            .ok();
        let (name, given, rehearsal, expectation) = (name?, given?, rehearsal?, expectation?);
        let case = |name, start| Case {
            name,
            rehearsal: rehearsal.clone(),
            start,
            expectation: expectation.clone(),
        };
        Some(match given {
            Given::One(start) => vec![case(name, start)],
            Given::Each(starts) => {
                let starts = starts.into_iter();
                starts
                    .map(|(file, start)| case(format!("{name}: {file}"), start))
                    .collect()
            }
        })
    }

    fn name(&mut self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<String> {
        let name = document::text(node, path, problems)?;
        if name.trim().is_empty() {
            problems.problem(node.at, path, "is empty");
        } else if !self.names.insert(name.to_owned()) {
            problems.problem(node.at, path, format!("another case has the name `{name:.80}`"));
        }
        Some(name.to_owned())
    }

    fn rehearsal(
        &self,
        interventions: Vec<Intervention>,
        answers: Vec<Answer>,
        signals: Vec<Signal>,
    ) -> Result<Rehearsal, String> {
        let Workflows { workflow, others, .. } = self.workflows;
        let rehearsal = Rehearsal::new(workflow.clone(), others.clone(), interventions);
        let rehearsal = rehearsal.and_then(|rehearsal| rehearsal.with_answers(answers));
        let rehearsal = rehearsal.and_then(|rehearsal| rehearsal.with_signals(signals));
        rehearsal.map_err(|error| error.to_string())
    }

    fn fails(&self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<Intervention>> {
        Self::of_steps(node, path, problems, |entry, path, problems| {
            let error = document::text(&entry.value, path, problems)?;
            let failure = Intervention::fails(&format!("{}={error}", entry.key), &self.workflows.catalog);
            Some(failure.and_then(|failure| self.checked(failure)))
        })
    }

    fn results(&self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<Intervention>> {
        Self::of_steps(node, path, problems, |entry, _, _| {
            let outputs = Intervention::gives(&format!("{}={}", entry.key, entry.value.to_json()));
            Some(outputs.and_then(|outputs| self.checked(outputs)))
        })
    }

    fn checked(&self, intervention: Intervention) -> Result<Intervention, InvalidIntervention> {
        intervention.check(self.workflows.all()).map(|()| intervention)
    }

    fn answers(&self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<Answer>> {
        Self::of_steps(node, path, problems, |entry, path, problems| {
            let choice = document::text(&entry.value, path, problems)?;
            let answer = Answer::read(&format!("{}={choice}", entry.key));
            Some(answer.and_then(|answer| answer.check(self.workflows.all()).map(|()| answer)))
        })
    }

    /// Reads a map whose keys are names of steps.
    fn of_steps<T>(
        node: &Node,
        path: Path<'_>,
        problems: &mut Problems,
        read: impl Fn(&Entry, Path<'_>, &mut Problems) -> Option<Result<T, InvalidIntervention>>,
    ) -> Option<Vec<T>> {
        let mut all = Vec::new();
        for entry in entries(node, path, problems)? {
            let path = path.field(&entry.key);
            match read(entry, path, problems) {
                Some(Ok(read)) => all.push(read),
                Some(Err(problem)) => problems.problem(entry.value.at, path, problem.to_string()),
                None => {}
            }
        }
        Some(all)
    }

    /// Reads what starts the runs of a case.
    fn given(&mut self, source: &Source<'_>, case: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Given> {
        let named = source.named();
        if let [(one, _), (other, node), ..] = named.as_slice() {
            let message = format!("`{one}` and `{other}` exclude each other; give only one of them");
            problems.problem(node.at, path, message);
            return None;
        }
        if let (Some(set), None) = (source.set, source.sample) {
            problems.problem(set.at, path.field("set"), "changes a `sample`, and there is none");
        }
        if let (Some(at), Some(_)) = (source.at, source.event) {
            let message = "is for `sample` and `input`; an event in a file happens at its own time";
            problems.problem(at.at, path.field("at"), message);
        }
        let at = match source.at {
            Some(node) => time(node, path.field("at"), problems)?,
            None => NOON,
        };
        let trigger = self.workflows.workflow.trigger.as_ref();
        let name = &self.workflows.workflow.name;
        match (named.first(), trigger.and_then(Trigger::pagerduty)) {
            (Some((field @ ("event" | "sample"), node)), None) => {
                let message = format!("no event starts the workflow {name}; give its inputs with `input`");
                problems.problem(node.at, path.field(field), message);
                None
            }
            (Some(("event", node)), Some(_)) => self.event(node, path.field("event"), at, problems),
            (Some(("sample", node)), Some(_)) => {
                let delivery = self.sample((node, source.set), path, at, problems)?;
                Some(Given::One(deliveries(vec![delivery], at)))
            }
            (None, Some(_)) => {
                let message = format!(
                    "an event starts the workflow {name}; give one with `event` or `sample`, or start it by hand with `input`"
                );
                problems.problem(case.at, path, message);
                None
            }
            (Some((_, node)), _) => {
                let path = path.field("input");
                let inputs = entries(node, path, problems)?;
                let inputs = inputs.iter().map(|entry| (entry.key.clone(), entry.value.to_json()));
                self.by_hand(inputs.collect(), at)
                    .map_err(|problem| problems.problem(node.at, path, problem))
                    .ok()
            }
            (None, None) if matches!(trigger, Some(Trigger::Schedule(_))) && source.at.is_some() => {
                Some(Given::One(Start::Scheduled { at }))
            }
            (None, None) => self
                .by_hand(Map::new(), at)
                .map_err(|problem| problems.problem(case.at, path, problem))
                .ok(),
        }
    }

    fn by_hand(&self, inputs: Map<String, Value>, at: Timestamp) -> Result<Given, String> {
        let checked = resolve_inputs(&self.workflows.workflow, &inputs);
        checked.map_err(|failure| failure.message)?;
        Ok(Given::One(Start::ByHand { inputs, at }))
    }

    fn sample(
        &self,
        (sample, set): (&Node, Option<&Node>),
        path: Path<'_>,
        at: Timestamp,
        problems: &mut Problems,
    ) -> Option<Delivery> {
        let event_type = document::text(sample, path.field("sample"), problems)?;
        let set = match set {
            Some(node) => entries(node, path.field("set"), problems)?,
            None => &[],
        };
        let changes = set
            .iter()
            .map(|entry| sample::Change::new(&entry.key, entry.value.to_json()));
        let changes: Vec<_> = changes.collect();
        match sample::delivery(event_type, &changes, &self.workflows.workflow, at) {
            Ok(delivery) => Some(delivery),
            Err(NoSample::Change { path: of, problem }) => {
                let at = set.iter().find(|entry| entry.key == of).and_then(|entry| entry.key_at);
                problems.problem(at, path.field("set").field(&of), problem);
                None
            }
            Err(NoSample::V2) => {
                let message =
                    "samples are V3 webhooks, and the workflow takes Generic V2 ones; give a delivery with `event`";
                problems.problem(sample.at, path.field("sample"), message);
                None
            }
            Err(other @ (NoSample::UnknownType(_) | NoSample::Unreadable(_) | NoSample::Schedule(_))) => {
                problems.problem(sample.at, path.field("sample"), other.to_string());
                None
            }
        }
    }

    /// Reads a file, several that are delivered one after another, or a folder.
    fn event(&mut self, node: &Node, path: Path<'_>, at: Timestamp, problems: &mut Problems) -> Option<Given> {
        if let Content::List(items) = &node.content {
            if items.is_empty() {
                problems.problem(node.at, path, "is empty; there must be at least one file");
            }
            let read = (0..).zip(items).map(|(index, item)| {
                let path = path.item(index);
                let file = self.folder.join(document::text(item, path, problems)?);
                self.delivery(&file, item, path, problems)
            });
            let read: Vec<_> = read.collect();
            let all: Option<Vec<Delivery>> = read.into_iter().collect();
            return all.map(|all| Given::One(deliveries(all, at)));
        }
        let file = self.folder.join(document::text(node, path, problems)?);
        match file.is_dir() {
            true => self.folder_of_events(&file, node, path, at, problems),
            false => {
                let delivery = self.delivery(&file, node, path, problems)?;
                Some(Given::One(deliveries(vec![delivery], at)))
            }
        }
    }

    fn delivery(&self, file: &FilePath, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Delivery> {
        if file.is_dir() {
            let message = "a folder is given alone: each of its events is a case of its own";
            problems.problem(node.at, path, message);
            return None;
        }
        let delivery = events::delivery(file);
        delivery
            .map_err(|error| problems.problem(node.at, path, error.to_string()))
            .ok()
    }

    fn folder_of_events(
        &mut self,
        folder: &FilePath,
        node: &Node,
        path: Path<'_>,
        at: Timestamp,
        problems: &mut Problems,
    ) -> Option<Given> {
        let Events { files, passed_over } = Events::read(&[folder.to_owned()])
            .map_err(|error| problems.problem(node.at, path, error.to_string()))
            .ok()?;
        self.passed_over.extend(passed_over);
        let mut starts = Vec::new();
        for file in files {
            match file.delivery {
                Ok(delivery) => starts.push((file.name, deliveries(vec![delivery], at))),
                Err(problem) => problems.problem(node.at, path, format!("{}: {problem}", file.name)),
            }
        }
        Some(Given::Each(starts))
    }
}

/// The fields of a case that say what starts its runs.
struct Source<'a> {
    event: Option<&'a Node>,
    sample: Option<&'a Node>,
    set: Option<&'a Node>,
    input: Option<&'a Node>,
    at: Option<&'a Node>,
}

impl<'a> Source<'a> {
    /// Those of which a case has one at most.
    fn named(&self) -> Vec<(&'static str, &'a Node)> {
        let all = [("event", self.event), ("sample", self.sample), ("input", self.input)];
        all.into_iter().filter_map(|(name, node)| Some((name, node?))).collect()
    }
}

fn deliveries(deliveries: Vec<Delivery>, otherwise: Timestamp) -> Start {
    Start::Deliveries { deliveries, otherwise }
}

fn time(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Timestamp> {
    let text = document::text(node, path, problems)?;
    let time = text.parse().ok();
    if time.is_none() {
        problems.problem(
            node.at,
            path,
            "must be a time in RFC 3339, such as 2027-01-31T09:00:00Z",
        );
    }
    time
}

/// The entries of a node that must be a map.
pub(super) fn entries<'a>(node: &'a Node, path: Path<'_>, problems: &mut Problems) -> Option<&'a [Entry]> {
    match &node.content {
        Content::Map(entries) => Some(entries),
        Content::Scalar(_) | Content::List(_) => {
            problems.problem(node.at, path, format!("must be a map, but is {}", node.type_name()));
            None
        }
    }
}

/// Reads a list of what happens to an incident meanwhile.
fn signals(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<Signal>> {
    let items = document::items(node, path, None, problems)?;
    let mut signals = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(text) = document::text(item, path, problems) else {
            continue;
        };
        match signal::read(text) {
            Ok(signal) => signals.push(signal),
            Err(problem) => problems.problem(item.at, path, problem),
        }
    }
    Some(signals)
}
