//! The workflow language: what a definition says, how it is read, checked and written again.
//!
//! There is one grammar, `decode`. It reads a [`Node`], a tree of values that know where they stand; `source`
//! makes one from a person's YAML or JSON, `node` from stored JSON. All problems are collected, none ends the
//! reading; `check` then looks at what the parts say about each other.

pub(crate) mod check;
pub(crate) mod decode;
mod draft;
pub(crate) mod encode;
mod length;
pub(crate) mod node;
mod problem;
#[cfg(any(test, feature = "schema"))]
pub mod schema;
pub(crate) mod source;
mod yaml;

pub(crate) use crate::types::Severity;
pub use draft::{Draft, IntegrationReference, ThingReference, UseOfIntegration, Wanted};
pub use length::Length;
pub(crate) use length::length_of;
pub use node::{Node, Position};
pub use problem::{Problem, Problems};

use crate::{
    action::{ActionSpec, Catalog},
    error_name::NamedError,
    fingerprint::fingerprint,
    ids::{InputName, IntegrationAlias, LanePath, Section, StepId, StepPath, WorkflowId},
    planner::json_size,
    steps::{ActionStep, Each, Lanes, ParallelLane, RepeatStep, RunWorkflowStep, StepKind},
    template::{Expression, Template},
    triggers::{OnlyWhile, Trigger},
};
use decode::Names;
use draft::Meanings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The fields of `run`.
pub const RUN_FIELDS: &[&str] = &["id", "workflow", "version", "started_at"];

/// The fields of `failure`, which the steps of `on_failure` can see.
pub const FAILURE_FIELDS: &[&str] = &["step", "name", "message"];

/// The fields of `approval`, which the messages about an approval can see.
pub const APPROVAL_FIELDS: &[&str] = &["link", "until"];

/// Bounds of a definition. What is over them is refused when it is saved.
pub mod limits {
    /// A definition's source, in bytes.
    pub const SOURCE_BYTES: usize = 1024 * 1024;
    /// Lists and maps within each other. Stored definitions are read by a parser that goes 127 deep.
    pub const DEPTH: usize = 100;
    /// Steps of a workflow, wherever they stand.
    pub const STEPS: usize = 5_000;
    /// Results that one step may refer to; all of them are read in one call.
    pub const REFERENCES_PER_STEP: usize = 25;
    /// Branches of one `choose`: their conditions are evaluated in one Plan.
    pub const CHOICES: usize = 50;
    /// Lanes of one `parallel`.
    pub const PARALLEL_LANES: usize = 40;
    /// Lanes of one `for_each` that run at the same time: Step Functions runs no more iterations of an inline Map.
    pub const CONCURRENT_LANES: u32 = 40;
    /// Items of one `for_each`. This is checked when the step runs.
    pub const ITEMS: usize = 10_000;
    /// Rounds of one `repeat`. Each takes at least 34 events of the history of the execution that waits for it (a start of 21 and a slice of
    /// a wait of 13), so the lane is handed on after 147 of them at most: a thousand make a chain of some seven executions, which all last
    /// as long as the run.
    pub const ROUNDS: u32 = 1_000;
    /// Attempts that a `retry` may ask for.
    pub const ATTEMPTS: u32 = 100;
    /// Entries of one filter of a trigger. The ingress reads and compares all of them for each event.
    pub const FILTER_ENTRIES: usize = 100;
    /// Choices of an approval.
    pub const APPROVAL_CHOICES: usize = 10;
    /// Fields of the form of an approval.
    pub const APPROVAL_FORM: usize = 20;
    /// The form of an approval, in bytes of JSON. It is kept in one item of the table with the rest of the question.
    pub const APPROVAL_FORM_BYTES: usize = 16 * 1024;
    /// Approvers of an approval.
    pub const APPROVERS: usize = 50;
    /// Messages about an approval.
    pub const APPROVAL_MESSAGES: usize = 10;
    /// The integrations of whose incidents the steps of a workflow may wait for something. Each is a write more when it is applied.
    pub const AWAITED_INTEGRATIONS: usize = 20;
    /// Inputs of a workflow.
    pub const INPUTS: usize = 50;
    /// The longest wait and the longest run, in seconds: 364 days, because Step Functions ends an execution after one
    /// year.
    pub const LONGEST_SECONDS: i64 = 364 * 24 * 60 * 60;
    /// The time that a run may take if its workflow does not say, in seconds: a day.
    pub const DEFAULT_TIMEOUT_SECONDS: i64 = 24 * 60 * 60;

    /// The time that a run may take whose workflow says this.
    #[must_use]
    pub fn run_timeout(timeout: Option<super::Length>) -> jiff::SignedDuration {
        match timeout {
            Some(timeout) => timeout.duration(),
            None => jiff::SignedDuration::from_secs(DEFAULT_TIMEOUT_SECONDS),
        }
    }
}

/// A workflow as it is defined.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name, which is its id.
    pub name: WorkflowId,
    /// The purpose, in a person's words.
    pub description: Option<String>,
    /// The trigger, besides people and other workflows.
    pub trigger: Option<Trigger>,
    /// The inputs that a run is started with.
    pub inputs: BTreeMap<InputName, Input>,
    /// The time that a run may take.
    pub timeout: Option<Length>,
    /// The runs of it that exclude each other.
    pub concurrency: Option<Concurrency>,
    /// The steps, in order. Never empty.
    pub steps: Vec<Step>,
    /// The steps for a run that failed.
    pub on_failure: Vec<Step>,
}

/// An input of a workflow. It has a default where a webhook can start the workflow, because a webhook brings no inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: InputKind,
    /// The meaning, in a person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The value if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// The type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    Text,
    /// A whole number.
    Integer,
    Number,
    /// True or false.
    Boolean,
    List,
    Map,
    /// Text in RFC 3339; in expressions a time.
    Time,
    /// Text such as `15m`; in expressions a duration.
    Duration,
}

/// The rule by which runs of a workflow exclude each other: those of the same key.
#[derive(Debug, Clone, PartialEq)]
pub struct Concurrency {
    /// The key: text with expressions over `event`, `run` and `inputs`, such as `{{ event.incident.id }}`.
    pub key: Template,
    /// The policy for a run whose key another run holds.
    pub policy: ConcurrencyPolicy,
}

/// The policy for a run while another run of the same concurrency key goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConcurrencyPolicy {
    /// It waits until it is its turn; the oldest comes first.
    #[default]
    Wait,
    /// It ends at once and does nothing.
    Skip,
    /// The older run is cancelled.
    Cancel,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The id by which later steps refer to it.
    pub id: Option<StepId>,
    /// The step is skipped when this is false.
    pub condition: Option<Expression>,
    /// The rule for further attempts at its action. Only a step that calls an action has it.
    pub retry: Option<Retry>,
    /// The time that it may take, with all attempts and the waits between. Only a step that calls an action, opens lanes or runs
    /// a workflow has it.
    pub timeout: Option<Length>,
    /// True if the run goes on when the step fails.
    pub continue_on_error: bool,
    /// The kind of step.
    pub kind: StepKind,
}

/// The rules for further attempts at an action. Waiting for a rate limit does not count as an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// The number of attempts in all, 1 to [`limits::ATTEMPTS`].
    pub max_attempts: u32,
    /// The wait after the first attempt.
    pub interval: Length,
    /// By how much each wait is longer than the one before, 1 to 10.
    pub backoff: f64,
    /// The longest wait.
    pub max_interval: Length,
    /// True if up to a fifth is added to each wait, so that the runs of one outage do not come back together.
    pub jitter: bool,
    /// The errors that are tried again; without it all that may pass.
    pub errors: Option<BTreeSet<NamedError>>,
}

impl Default for Retry {
    /// Eight attempts that span about a quarter of an hour.
    fn default() -> Self {
        Self {
            max_attempts: 8,
            interval: Length::literal::<10>(),
            backoff: 2.0,
            max_interval: Length::literal::<300>(),
            jitter: true,
            errors: None,
        }
    }
}

/// The origin of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// From a person, or a program that writes one: everything is checked.
    Written,
    /// From the table. It was checked when it was saved; a run asks only whether it can be read.
    Stored,
}

/// A definition that was read.
struct Read {
    definition: Definition,
    /// The texts that stand for things in a system, where names are allowed.
    references: Vec<ThingReference>,
    /// The integrations that it names.
    integrations: Vec<IntegrationReference>,
    /// The warnings: valid, but perhaps not intended.
    warnings: Problems,
}

impl Definition {
    /// Reads a definition from YAML or JSON, and checks it. It has ids of things in a system; one in which names may stand
    /// for them is a [`Draft`].
    ///
    /// # Errors
    /// All problems that were found, in the order of the source.
    pub fn from_source(source: &str, catalog: &Catalog) -> Result<Self, Problems> {
        let read = Self::read(&source::parse(source)?, catalog, Names::None, Origin::Written)?;
        Ok(read.definition)
    }

    /// Reads a stored definition from the JSON that [`Self::to_json`] gave. `catalog` has the actions that it uses; those of other systems
    /// it need not have.
    ///
    /// # Errors
    /// All problems that were found.
    pub fn from_json(stored: &serde_json::Value, catalog: &Catalog) -> Result<Self, Problems> {
        let read = Self::read(&Node::from_json(stored), catalog, Names::None, Origin::Stored)?;
        Ok(read.definition)
    }

    /// Reads a definition in which names may stand for things in a system: as it is written, or with their meanings.
    fn with_names(node: &Node, catalog: &Catalog, meanings: Option<&Meanings>) -> Result<Read, Problems> {
        let names = meanings.map_or(Names::AsWritten, Names::Meaning);
        Self::read(node, catalog, names, Origin::Written)
    }

    fn read(node: &Node, catalog: &Catalog, names: Names<'_>, origin: Origin) -> Result<Read, Problems> {
        let mut problems = Problems::default();
        let decoded = decode::definition(node, catalog, names, origin, &mut problems);
        let warnings = decoded
            .as_ref()
            .map(|decoded| check::definition(decoded, origin, &mut problems));
        match (decoded, warnings) {
            (Some(decoded), Some(warnings)) if problems.is_empty() => Ok(Read {
                definition: decoded.definition,
                references: decoded.references,
                integrations: decoded.integrations,
                warnings: warnings.in_order(),
            }),
            _ => Err(problems.in_order()),
        }
    }

    /// The definition as JSON, in the words of the language.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        encode::definition(self)
    }

    /// The definition as YAML, in the words of the language and the order in which people write them.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::written(&self.to_json())
    }

    /// A hash of what it says, the same however it is written.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut stored = self.to_json();
        // The order of keys depends on features of a crate that other crates of a build may turn on.
        stored.sort_all_objects();
        fingerprint("definition", &[&stored.to_string()])
    }

    /// About how many bytes of memory it takes; rather too many. A definition takes many times what it takes as JSON, most where it has
    /// many short steps and expressions.
    #[must_use]
    pub fn weight(&self) -> usize {
        /// The memory per byte of an action as JSON.
        const SPEC: usize = 4;
        fn weight(value: &serde_json::Value) -> usize {
            /// The memory of a step, a field or an entry, with its place.
            const ENTRY: usize = 640;
            /// The memory per byte of text: an expression is kept with the names in it.
            const BYTE: usize = 16;
            ENTRY
                + match value {
                    serde_json::Value::String(text) => text.len() * BYTE,
                    serde_json::Value::Array(entries) => entries.iter().map(weight).sum(),
                    serde_json::Value::Object(fields) => fields
                        .iter()
                        .map(|(name, field)| name.len() * BYTE + weight(field))
                        .sum(),
                    _ => 0,
                }
        }
        let actions = self.actions().into_values();
        let of_actions = actions.map(|action| json_size(&**action).saturating_mul(SPEC));
        of_actions.fold(weight(&self.to_json()), usize::saturating_add)
    }

    /// The step at a path.
    #[must_use]
    pub fn step(&self, path: &StepPath) -> Option<&Step> {
        let mut step = None::<&Step>;
        let mut list = self.section(path.section());
        // A step's index, then in turn the number of a list in it and an index in that.
        for (depth, index) in path.indices().iter().enumerate() {
            let index = usize::try_from(*index).ok()?;
            if depth % 2 == 0 {
                step = list.get(index);
                step?;
            } else {
                list = step?.lists().get(index).copied()?;
            }
        }
        step
    }

    /// The step at a path of a lane as messages name it: its name and what it does.
    #[must_use]
    pub fn name_of(&self, lane: &LanePath, path: &StepPath) -> String {
        let title = self.step(path).map(Step::title).unwrap_or_default();
        format!("{} ({title})", self.step_name(lane, path).in_words())
    }

    /// The step at a path as messages name it, whichever the lane.
    #[must_use]
    pub fn name_in_any_lane(&self, path: &StepPath) -> String {
        self.name_of(&LanePath::main(), path)
    }

    /// The steps of a section.
    #[must_use]
    pub fn section(&self, section: Section) -> &[Step] {
        match section {
            Section::OnlyWhile => match self.only_while() {
                Some(only_while) => std::slice::from_ref(only_while.look()),
                None => &[],
            },
            Section::Steps => &self.steps,
            Section::OnFailure => &self.on_failure,
        }
    }

    /// The guard against late events.
    #[must_use]
    pub fn only_while(&self) -> Option<&OnlyWhile> {
        self.trigger.as_ref()?.only_while()
    }

    /// The step that looks at the event's incident, if the workflow has a guard against late events. Its author does not
    /// write it, so [`Self::walk`] passes it over.
    #[must_use]
    pub fn look(&self) -> Option<(StepPath, &Step)> {
        let path = StepPath::top(Section::OnlyWhile, 0);
        let step = self.step(&path)?;
        Some((path, step))
    }

    /// The types of events of incidents that its steps wait for, by the integration that the events come from.
    #[must_use]
    pub fn awaited_events(&self) -> BTreeMap<IntegrationAlias, BTreeSet<&'static str>> {
        let mut all: BTreeMap<IntegrationAlias, BTreeSet<&'static str>> = BTreeMap::new();
        for (integration, types) in self.walk().filter_map(|(_, step)| step.kind.behaviour().awaits()) {
            all.entry(integration.clone()).or_default().extend(types);
        }
        all
    }

    /// True if a step waits for something about an incident.
    #[must_use]
    pub fn awaits_events(&self) -> bool {
        self.walk().any(|(_, step)| step.kind.behaviour().awaits().is_some())
    }

    /// The actions that its steps call, by name: what its author wrote, and looks at incidents of its own.
    #[must_use]
    pub fn actions(&self) -> BTreeMap<&str, &Arc<ActionSpec>> {
        let look = self.look().map(|(_, step)| step);
        let steps = self.walk().map(|(_, step)| step).chain(look);
        let calls = steps.filter_map(Step::call);
        calls.map(|call| (&*call.uses.name, &call.uses)).collect()
    }

    /// The path of the step that follows the one at `path` in its list, if there is one.
    #[must_use]
    pub fn following(&self, path: &StepPath) -> Option<StepPath> {
        let next = path.sibling();
        self.step(&next).is_some().then_some(next)
    }

    /// All steps that the author has written, with their paths, in the order of the source.
    pub fn walk(&self) -> impl Iterator<Item = (StepPath, &Step)> {
        let tops = [Section::Steps, Section::OnFailure].into_iter().flat_map(|section| {
            let indexed = (0..).zip(self.section(section));
            indexed.map(move |(index, step)| (StepPath::top(section, index), step))
        });
        tops.flat_map(|(path, step)| Walk {
            rest: vec![(path, step)],
        })
    }

    /// The path of the step of an id.
    #[must_use]
    pub fn path_of(&self, id: &StepId) -> Option<StepPath> {
        self.walk()
            .find(|(_, step)| step.id.as_ref() == Some(id))
            .map(|(path, _)| path)
    }

    /// The lane that the step at `path` runs in, seen from the lane `here`: `here` itself or one around it. The main lane
    /// if the step is in none of them.
    #[must_use]
    pub fn lane_of(&self, path: &StepPath, here: &LanePath) -> LanePath {
        let mut around = here.outwards();
        let lane = around.find(|lane| {
            lane.opener().is_some_and(|(_, fork, index)| {
                let list = self.step(fork).and_then(|step| step.lane_list(index));
                list.is_some_and(|list| path.is_inside(fork, list))
            })
        });
        lane.unwrap_or_default()
    }
}

/// A step and all steps in it.
struct Walk<'a> {
    /// The steps to come, the next one last.
    rest: Vec<(StepPath, &'a Step)>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = (StepPath, &'a Step);

    fn next(&mut self) -> Option<Self::Item> {
        let (path, step) = self.rest.pop()?;
        let waiting = self.rest.len();
        for (list, steps) in (0..).zip(step.lists()) {
            for (index, inner) in (0..).zip(steps) {
                self.rest.push((path.inside(list, index), inner));
            }
        }
        if let Some(inner) = self.rest.get_mut(waiting..) {
            inner.reverse();
        }
        Some((path, step))
    }
}

impl Step {
    /// The lists of steps in it, as paths count them: of a block `steps` and `else`, of a choice its branches and then its
    /// default, of a `parallel` its lanes, of a `for_each` and a `repeat` its steps.
    #[must_use]
    pub fn lists(&self) -> Vec<&[Step]> {
        self.kind.behaviour().lists()
    }

    /// The lanes that it opens.
    pub(crate) fn lanes(&self) -> Option<Lanes<'_>> {
        self.kind.behaviour().lanes()
    }

    /// The number of the list of the step that the `index`-th lane does, if the step opens lanes.
    #[must_use]
    pub fn lane_list(&self, index: u32) -> Option<u32> {
        self.lanes().map(|lanes| lanes.list(index))
    }

    /// The lanes of a `parallel`; none of any other step.
    #[must_use]
    pub fn parallel_lanes(&self) -> &[ParallelLane] {
        match self.lanes().map(|lanes| lanes.each) {
            Some(Each::List(lanes)) => lanes,
            Some(Each::Item { .. } | Each::Round(_)) | None => &[],
        }
    }

    /// The list of a `for_each`.
    #[must_use]
    pub fn items(&self) -> Option<&Template> {
        self.lanes()?.items()
    }

    /// The step, if it does its steps in rounds.
    #[must_use]
    pub fn rounds(&self) -> Option<&RepeatStep> {
        self.lanes()?.rounds()
    }

    /// The expressions that are evaluated in the lane that the step stands in, when it begins.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.condition.iter().chain(self.kind.behaviour().expressions())
    }

    /// The output of the lane whose steps are the `list`-th list of the step.
    #[must_use]
    pub fn lane_output(&self, list: u32) -> Option<&Template> {
        self.lanes()?.output(list)
    }

    /// The call of an action, if the step is one.
    #[must_use]
    pub fn action(&self) -> Option<&ActionStep> {
        match &self.kind {
            StepKind::Action(action) => Some(action),
            _ => None,
        }
    }

    /// The call of an action that the step makes: the one that its author wrote, or a look of its own.
    #[must_use]
    pub fn call(&self) -> Option<&ActionStep> {
        self.kind.behaviour().call()
    }

    /// The run of another workflow, if the step starts one.
    #[must_use]
    pub fn workflow(&self) -> Option<&RunWorkflowStep> {
        match &self.kind {
            StepKind::RunWorkflow(run) => Some(run),
            _ => None,
        }
    }

    /// True if nothing in its lane follows it once it is done.
    pub(crate) fn ends_lane(&self) -> bool {
        self.kind.behaviour().ends_lane(self.continue_on_error)
    }

    /// The step in a word or two, as a person would call it: its action, `wait 10m` or `set`.
    #[must_use]
    pub fn title(&self) -> String {
        self.kind.behaviour().title()
    }
}

#[cfg(test)]
pub(crate) mod tests;
