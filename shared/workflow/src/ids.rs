//! Names of things, as types: an id that exists is well formed.

use crate::fingerprint::fingerprint;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The reason a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}: {rule}")]
pub struct InvalidId {
    kind: &'static str,
    rule: &'static str,
    text: String,
}

impl InvalidId {
    fn new(kind: &'static str, rule: &'static str, text: &str) -> Self {
        // An id can come from a URL or an API; an error about it must not carry ten kilobytes of it on.
        Self {
            kind,
            rule,
            text: text.chars().take(80).collect(),
        }
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(InvalidId::new($kind, $rule, &text)) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// A lower-case name as DNS labels have it: `a-z`, `0-9` and `-`, starting with a letter, at most 63 characters.
pub(crate) fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A name that an expression can refer to: a letter or `_`, then letters, digits and `_`, at most 63 characters.
fn is_identifier(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

text_id!(
    /// A workflow's name, which is also its id: it stands in the webhook's URL.
    WorkflowId, "workflow name",
    "use lower-case letters, digits and '-', start with a letter, at most 63 characters", is_label
);

text_id!(
    /// The alias of an integration: a named account on a system.
    IntegrationAlias, "integration alias",
    "use lower-case letters, digits and '-', start with a letter, at most 63 characters", is_label
);

text_id!(
    /// The type of an integration, by the system that it is an account on. The names of the actions that use it begin with it.
    IntegrationTypeName, "type of integrations",
    "use lower-case letters, digits and '_', start with a letter, at most 63 characters",
    |text| text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
);

impl IntegrationTypeName {
    /// The type of the integrations that an action uses: `slack` of `slack.post_message`.
    #[must_use]
    pub fn of_action(action: &str) -> Option<Self> {
        let (system, _) = action.split_once('.')?;
        system.parse().ok()
    }
}

text_id!(
    /// The name under which an integration keeps a routing key.
    RoutingKeyName, "name of a routing key",
    "use lower-case letters, digits and '-', start with a letter, at most 63 characters", is_label
);

text_id!(
    /// The id by which other steps refer to a step: `steps.<id>`.
    StepId, "step id",
    "use letters, digits and '_', start with a letter or '_', at most 63 characters", is_identifier
);

text_id!(
    /// The name of a variable: `vars.<name>`.
    VariableName, "variable name",
    "use letters, digits and '_', start with a letter or '_', at most 63 characters", is_identifier
);

text_id!(
    /// The name of an input of a workflow: `inputs.<name>`.
    InputName, "input name",
    "use letters, digits and '_', start with a letter or '_', at most 63 characters", is_identifier
);

text_id!(
    /// The id of a run, which is also the name of its execution: 1 to 64 characters of `a-z`, `0-9` and `-`.
    RunId, "run id", "use lower-case letters, digits and '-', at most 64 characters",
    |text| !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);

text_id!(
    /// The id of an approval: 32 characters of `a-z` and `2-7`.
    ApprovalId, "id of an approval", "it has 32 lower-case letters and digits",
    |text| text.len() == 32 && text.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
);

impl ApprovalId {
    /// The id of the approval that a step of a lane asks for.
    #[must_use]
    pub fn of(run: &RunId, lane: &LanePath, step: &StepPath) -> Self {
        Self(fingerprint(
            "approval",
            &[run.as_str(), &lane.to_string(), &step.to_string()],
        ))
    }
}

impl RunId {
    /// The id of the run that `event_id` starts of `workflow`.
    ///
    /// The same event gives the same id however often it is delivered, so that Step Functions itself refuses the
    /// second execution. Nothing but these two goes in: not the workflow's version (an edit between two deliveries
    /// must not start a second run) and not the body (the system may trim it).
    #[must_use]
    pub fn for_event(workflow: &WorkflowId, event_id: &str) -> Self {
        Self(fingerprint("run", &[workflow.as_str(), event_id]))
    }

    /// The id of the run that a workflow's schedule starts for a time at which it is due.
    ///
    /// The schedule sends a time at least once, so that a message that comes again, also after an edit, gives the same id. Nothing but
    /// these two goes in, as for [events](Self::for_event).
    #[must_use]
    pub fn for_schedule(workflow: &WorkflowId, scheduled_at: Timestamp) -> Self {
        let time = match sabotage::breaks(sabotage::Break::ScheduleWithoutTime) {
            true => String::new(),
            false => scheduled_at.to_string(),
        };
        Self(fingerprint("run-of-schedule", &[workflow.as_str(), &time]))
    }

    /// The id of the run that a step of another run starts. The step is named by its effect key, so that it starts one run
    /// however often it is tried.
    #[must_use]
    pub fn for_step(effect_key: &EffectKey) -> Self {
        Self(fingerprint("run-of-step", &[effect_key.as_str()]))
    }

    /// The id of the `number`-th replay of a run, counted from 1. Two people who replay a run at the same moment start one
    /// replay, because Step Functions takes the name once.
    #[must_use]
    pub fn for_replay(run: &Self, number: u32) -> Self {
        Self(fingerprint("replay", &[run.as_str(), &number.to_string()]))
    }
}

/// The number of a workflow's version. Versions are immutable and count up from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkflowVersion(pub u32);

impl fmt::Display for WorkflowVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A list of steps that a definition has at its top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// `only_while` of a trigger: one step, which the definition itself makes.
    OnlyWhile,
    /// `steps`.
    Steps,
    /// `on_failure`.
    OnFailure,
}

/// The way from the root of a definition to a step: the section, then in turn the index of a step in its list and the
/// number of a list in that step, outermost first. So it has an odd number of indices.
///
/// It names a step of one version for good, whether or not the step has an id. What lists a step has, and in which order,
/// is told by [`Step::lists`](crate::definition::Step::lists).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StepPath {
    section: Section,
    indices: Vec<u32>,
}

impl StepPath {
    /// The path of the `index`-th step of a section, counted from 0.
    #[must_use]
    pub fn top(section: Section, index: u32) -> Self {
        Self {
            section,
            indices: vec![index],
        }
    }

    /// The path of the `index`-th step of the `list`-th list of this step, both counted from 0.
    #[must_use]
    pub fn inside(&self, list: u32, index: u32) -> Self {
        let mut path = self.clone();
        path.indices.extend([list, index]);
        path
    }

    #[must_use]
    pub fn section(&self) -> Section {
        self.section
    }

    /// The indices, outermost first: of a step, of a list in it, of a step in that, and so on.
    #[must_use]
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The path of the next step in the same list, if the list goes on.
    #[must_use]
    pub fn sibling(&self) -> Self {
        let mut path = self.clone();
        if let Some(last) = path.indices.last_mut() {
            *last = last.saturating_add(1);
        }
        path
    }

    /// True if it is a step of the `list`-th list of `outer`, or of a list further in.
    #[must_use]
    pub fn is_inside(&self, outer: &Self, list: u32) -> bool {
        self.section == outer.section
            && self
                .indices
                .strip_prefix(outer.indices.as_slice())
                .is_some_and(|rest| rest.first() == Some(&list))
    }

    /// The step that this one is in, and the number of its list; none for a step of a section.
    #[must_use]
    pub fn parent(&self) -> Option<(Self, u32)> {
        match self.indices.as_slice() {
            [outer @ .., list, _] if !outer.is_empty() => Some((
                Self {
                    section: self.section,
                    indices: outer.to_vec(),
                },
                *list,
            )),
            _ => None,
        }
    }
}

/// The words that the paths of steps outside of `steps` begin with.
const SECTIONS: &[(&str, Section)] = &[("only_while", Section::OnlyWhile), ("on_failure", Section::OnFailure)];

impl fmt::Display for StepPath {
    /// Each index has five digits, so that the text sorts as the steps run: `00003`, `00003.00000.00001`,
    /// `on_failure.00000`. Only `only_while.00000`, which comes first, sorts last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((word, _)) = SECTIONS.iter().find(|(_, section)| *section == self.section) {
            write!(f, "{word}.")?;
        }
        for (depth, index) in self.indices.iter().enumerate() {
            if depth > 0 {
                f.write_str(".")?;
            }
            write!(f, "{index:05}")?;
        }
        Ok(())
    }
}

impl FromStr for StepPath {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let in_section = SECTIONS.iter().find_map(|(word, section)| {
            let numbers = text.strip_prefix(word)?.strip_prefix('.')?;
            Some((*section, numbers))
        });
        let (section, numbers) = in_section.unwrap_or((Section::Steps, text));
        let invalid = || InvalidId::new("step path", "an odd count of numbers joined by '.'", text);
        let indices: Vec<u32> = numbers
            .split('.')
            .map(|index| index.parse().map_err(|_| invalid()))
            .collect::<Result<_, _>>()?;
        match indices.len() % 2 {
            1 => Ok(Self { section, indices }),
            _ => Err(invalid()),
        }
    }
}

impl TryFrom<String> for StepPath {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<StepPath> for String {
    fn from(path: StepPath) -> Self {
        path.to_string()
    }
}

/// The way from the main lane of a run to a lane: for each fork on the way the step that forked and the number of the
/// lane in it. The main lane's path is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LanePath(Vec<(StepPath, u32)>);

impl LanePath {
    /// The main lane of a run.
    #[must_use]
    pub fn main() -> Self {
        Self::default()
    }

    /// True if it is the main lane.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.0.is_empty()
    }

    /// The `index`-th lane that the step at `fork` of this lane opens, counted from 0.
    #[must_use]
    pub fn child(&self, fork: StepPath, index: u32) -> Self {
        let mut path = self.0.clone();
        path.push((fork, index));
        Self(path)
    }

    /// The lane that opened this one, the step that did, and the number of this lane in it; none for the main lane.
    #[must_use]
    pub fn opener(&self) -> Option<(Self, &StepPath, u32)> {
        let (last, outer) = self.0.split_last()?;
        Some((Self(outer.to_vec()), &last.0, last.1))
    }

    /// This lane and the lanes around it, innermost first. The last is the main lane.
    pub fn outwards(&self) -> impl Iterator<Item = Self> {
        (0..=self.0.len())
            .rev()
            .map(|length| Self(self.0.iter().take(length).cloned().collect()))
    }
}

impl fmt::Display for LanePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("main");
        }
        for (depth, (fork, index)) in self.0.iter().enumerate() {
            if depth > 0 {
                f.write_str("/")?;
            }
            write!(f, "{fork}:{index:05}")?;
        }
        Ok(())
    }
}

impl FromStr for LanePath {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text == "main" {
            return Ok(Self::main());
        }
        let invalid = || InvalidId::new("lane path", "`main`, or `<step path>:<number>` joined by '/'", text);
        text.split('/')
            .map(|fork| {
                let (step, index) = fork.split_once(':').ok_or_else(invalid)?;
                Ok((
                    step.parse().map_err(|_| invalid())?,
                    index.parse().map_err(|_| invalid())?,
                ))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TryFrom<String> for LanePath {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<LanePath> for String {
    fn from(path: LanePath) -> Self {
        path.to_string()
    }
}

/// The key that makes an effect recognisable as ours and as the same: one for each step in each lane of each run.
///
/// The system gets it as the incident's key. Every attempt of the step uses the same key. It carries the depth of the run
/// (how many runs of ours stand between it and an event from outside), so that people see it in the
/// incident.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectKey(String);

impl EffectKey {
    const PREFIX: &'static str = "pgf-";

    /// The key of the effect of the step at `step` in `lane` of `run`.
    #[must_use]
    pub fn new(run: &RunId, depth: u32, lane: &LanePath, step: &StepPath) -> Self {
        let hash = fingerprint("effect", &[run.as_str(), &lane.to_string(), &step.to_string()]);
        Self(format!("{}{depth}-{hash}", Self::PREFIX))
    }

    /// The depth that an `incident_key` carries, if it has the form of ours. Anybody can write that form: whether a run has given the key
    /// out, the table knows alone (see the loop guard).
    #[must_use]
    pub fn depth_of(incident_key: &str) -> Option<u32> {
        let (depth, hash) = incident_key.strip_prefix(Self::PREFIX)?.split_once('-')?;
        (hash.len() == 32).then(|| depth.parse().ok()).flatten()
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("")]
    #[case("Memory")]
    #[case("../admin")]
    #[case("a%00")]
    #[case("-a")]
    #[case("a-")]
    #[case("1a")]
    #[case("é")]
    fn a_workflow_name_that_could_not_stand_in_a_url_is_refused(#[case] text: &str) {
        assert!(text.parse::<WorkflowId>().is_err());
    }

    #[test]
    fn an_error_about_an_id_says_the_rule_and_does_not_repeat_a_long_text() {
        let error = "X".repeat(10_000).parse::<WorkflowId>().unwrap_err().to_string();
        assert!(error.contains("lower-case letters"), "{error}");
        assert!(error.len() < 250);
    }

    #[test]
    fn two_events_whose_ids_differ_only_in_case_or_normalisation_are_two_runs() {
        let workflow: WorkflowId = "memory-alert".parse().unwrap();
        let run = |event: &str| RunId::for_event(&workflow, event);
        assert_ne!(run("01abc"), run("01ABC"));
        assert_ne!(run("\u{e9}"), run("e\u{301}"));
        assert_eq!(run("01abc"), run("01abc"));
    }

    #[test]
    fn each_time_of_a_schedule_is_a_run_of_its_own_of_each_workflow_and_no_event() {
        let (one, other): (WorkflowId, WorkflowId) = ("nightly".parse().unwrap(), "hourly".parse().unwrap());
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let run = RunId::for_schedule(&one, time("2026-12-01T08:00:00Z"));
        assert_eq!(run, RunId::for_schedule(&one, time("2026-12-01T09:00:00+01:00")));
        assert_ne!(run, RunId::for_schedule(&one, time("2026-12-01T08:15:00Z")));
        assert_ne!(run, RunId::for_schedule(&other, time("2026-12-01T08:00:00Z")));
        assert_ne!(run, RunId::for_event(&one, "2026-12-01T08:00:00Z"));
    }

    #[test]
    fn an_effect_key_is_its_own_for_each_run_lane_and_step_and_tells_its_depth() {
        let run = RunId::for_event(&"w".parse().unwrap(), "e");
        let lane = LanePath::main();
        let key = EffectKey::new(&run, 2, &lane, &StepPath::top(Section::Steps, 0));
        assert_eq!(EffectKey::depth_of(key.as_str()), Some(2));
        assert_ne!(key, EffectKey::new(&run, 2, &lane, &StepPath::top(Section::Steps, 1)));
        assert_ne!(
            key,
            EffectKey::new(
                &run,
                2,
                &lane.child(StepPath::top(Section::Steps, 0), 0),
                &StepPath::top(Section::Steps, 0)
            )
        );
        assert_ne!(
            key,
            EffectKey::new(
                &RunId::for_event(&"w".parse().unwrap(), "f"),
                2,
                &lane,
                &StepPath::top(Section::Steps, 0)
            )
        );
    }

    #[test]
    fn a_step_path_knows_the_steps_around_it() {
        let outer = StepPath::top(Section::OnFailure, 4);
        let inner = outer.inside(1, 0);
        assert_eq!(inner.to_string(), "on_failure.00004.00001.00000");
        assert_eq!(inner.parent(), Some((outer.clone(), 1)));
        assert_eq!(inner.sibling(), outer.inside(1, 1));
        assert_eq!(outer.parent(), None);
    }

    #[rstest]
    #[case("")]
    #[case("1.2")]
    #[case("x")]
    #[case("on_failure")]
    fn what_is_no_step_path_is_refused(#[case] text: &str) {
        assert!(text.parse::<StepPath>().is_err());
    }

    #[test]
    fn a_lane_path_reads_back_and_knows_the_lanes_around_it() {
        let fork = StepPath::top(Section::Steps, 3);
        let outer = LanePath::main().child(fork.clone(), 12);
        let inner = outer.child(fork.inside(0, 2), 0);
        assert_eq!(inner.to_string(), "00003:00012/00003.00000.00002:00000");
        assert_eq!(inner.to_string().parse(), Ok(inner.clone()));
        assert_eq!("main".parse(), Ok(LanePath::main()));
        assert_eq!(inner.opener(), Some((outer.clone(), &fork.inside(0, 2), 0)));
        let around: Vec<_> = inner.outwards().collect();
        assert_eq!(around, [inner, outer, LanePath::main()]);
    }

    #[rstest]
    #[case("baf7cf21b1da41b4b0221008339ff361")]
    #[case("pgf-2-short")]
    #[case("pgf-x-abcdefghijklmnopqrstuvwxyzabcdef")]
    fn a_key_that_is_not_ours_has_no_depth(#[case] key: &str) {
        assert_eq!(EffectKey::depth_of(key), None);
    }

    #[test]
    fn step_paths_sort_as_the_steps_run_and_read_back() {
        let texts = ["00002", "00010", "00010.00001.00003", "00011", "on_failure.00000"];
        let paths: Vec<StepPath> = texts.iter().map(|text| text.parse().unwrap()).collect();
        assert!(paths.is_sorted() && texts.is_sorted());
        assert_eq!(paths.iter().map(ToString::to_string).collect::<Vec<_>>(), texts);
    }
}
