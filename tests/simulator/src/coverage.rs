//! Which construct of the language met which fault, and how often.

use crate::{
    invariants::Evidence,
    reference::Place,
    store::Change,
    world::{Fault, Site},
};
use pagerduty::actions::Action;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use strum::{IntoStaticStr, VariantArray};
use workflow::{
    definition::{ConcurrencyPolicy, Definition, Step},
    ids::{LanePath, RunId, Section, StepPath},
    planner::{Cursor, LaneKey, Pending},
    run::RunCause,
    steps::{ActionStep, BlockStep, ChooseStep, ForEachStep, Goal, OnLaneFailure, ParallelStep, StepKind, WaitStep},
};

/// A part of the language, or of how the engine does it, in a few words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(const_into_str)]
pub enum Construct {
    #[strum(serialize = "create_incident")]
    Create,
    #[strum(serialize = "resolve_incident")]
    Resolve,
    #[strum(serialize = "resolve with a note")]
    Note,
    #[strum(serialize = "acknowledge_incident")]
    Acknowledge,
    #[strum(serialize = "update_incident")]
    Update,
    #[strum(serialize = "add_note")]
    AddNote,
    #[strum(serialize = "add_responders")]
    AddResponders,
    #[strum(serialize = "get_incident")]
    Get,
    #[strum(serialize = "trigger_alert")]
    TriggerAlert,
    #[strum(serialize = "acknowledge_alert")]
    AcknowledgeAlert,
    #[strum(serialize = "resolve_alert")]
    ResolveAlert,
    #[strum(serialize = "send_change_event")]
    SendChange,
    #[strum(serialize = "slack.post_message")]
    PostMessage,
    #[strum(serialize = "slack.set_topic")]
    SetTopic,
    #[strum(serialize = "jira.create_issue")]
    CreateIssue,
    #[strum(serialize = "jira.get_issue")]
    GetIssue,
    #[strum(serialize = "only_while")]
    OnlyWhile,
    #[strum(serialize = "retry")]
    Retry,
    #[strum(serialize = "timeout of an action")]
    Timeout,
    #[strum(serialize = "wait")]
    Wait,
    #[strum(serialize = "wait until")]
    WaitUntil,
    #[strum(serialize = "wait_for: status")]
    WaitForStatus,
    #[strum(serialize = "wait_for: events")]
    WaitForEvents,
    #[strum(serialize = "approval")]
    Approval,
    #[strum(serialize = "message of an approval")]
    Message,
    #[strum(serialize = "set")]
    Set,
    #[strum(serialize = "steps")]
    Block,
    #[strum(serialize = "else")]
    Otherwise,
    #[strum(serialize = "choose")]
    Choose,
    #[strum(serialize = "choose: default")]
    Default,
    #[strum(serialize = "parallel")]
    Parallel,
    #[strum(serialize = "for_each")]
    ForEach,
    #[strum(serialize = "repeat")]
    Repeat,
    #[strum(serialize = "max_concurrency")]
    MaxConcurrency,
    #[strum(serialize = "output of a lane")]
    Output,
    #[strum(serialize = "timeout of lanes")]
    ForkTimeout,
    #[strum(serialize = "on_lane_failure: finish")]
    Finish,
    #[strum(serialize = "on_lane_failure: cancel")]
    CancelLanes,
    #[strum(serialize = "on_lane_failure: ignore")]
    Ignore,
    #[strum(serialize = "stop")]
    Stop,
    #[strum(serialize = "fail")]
    Fail,
    #[strum(serialize = "run_workflow")]
    RunWorkflow,
    #[strum(serialize = "if")]
    Condition,
    #[strum(serialize = "continue_on_error")]
    ContinueOnError,
    #[strum(serialize = "on_failure")]
    OnFailure,
    #[strum(serialize = "in a lane")]
    InLane,
    #[strum(serialize = "in a lane of a lane")]
    InLanes,
    #[strum(serialize = "in a called run")]
    InCalledRun,
    #[strum(serialize = "inputs")]
    Inputs,
    #[strum(serialize = "replay")]
    Replay,
    #[strum(serialize = "schedule")]
    Schedule,
    #[strum(serialize = "timeout of a workflow")]
    RunTimeout,
    #[strum(serialize = "concurrency: wait")]
    WaitsForTurn,
    #[strum(serialize = "concurrency: skip")]
    SkipsTurn,
    #[strum(serialize = "concurrency: cancel")]
    CancelsOlder,
    #[strum(serialize = "waiting for a turn")]
    Queues,
    #[strum(serialize = "first Plan of a run")]
    FirstPlan,
    #[strum(serialize = "first Plan of a lane")]
    FirstPlanOfLane,
    #[strum(serialize = "last Plan of a lane")]
    LastPlan,
    #[strum(serialize = "continued execution")]
    Handoff,
}

/// The number of times that each construct met each fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<(Construct, Fault), u64>);

impl Coverage {
    /// What met what in a simulation.
    #[must_use]
    pub fn of(evidence: &Evidence<'_>) -> Self {
        let seen = Seen::of(evidence);
        let mut coverage = Self::default();
        for ((fault, site), count) in &evidence.mishaps {
            let mut constructs = seen.at(site);
            // The end of a lane's execution is met by the step that opened the lane, too.
            if let (Fault::Aborted | Fault::ChildStopLost, Site::Plan { run, lane, .. }) = (fault, site) {
                constructs.extend(seen.of_opener(run, lane));
            }
            for construct in constructs {
                *coverage.0.entry((construct, *fault)).or_default() += count;
            }
        }
        coverage
    }

    /// Adds what was met in another simulation.
    pub fn add(&mut self, other: &Self) {
        for (met, count) in &other.0 {
            *self.0.entry(*met).or_default() += count;
        }
    }

    /// The number of times that a construct met a fault.
    #[must_use]
    pub fn count(&self, construct: Construct, fault: Fault) -> u64 {
        self.0.get(&(construct, fault)).copied().unwrap_or(0)
    }

    /// What never met, and could have. What people do comes at any moment of a run, and which step it meets is chance: of that each
    /// construct has to meet one thing.
    #[must_use]
    pub fn gaps(&self) -> Vec<(Construct, Fault)> {
        let all = Construct::VARIANTS
            .iter()
            .flat_map(|construct| Fault::VARIANTS.iter().map(move |fault| (*construct, *fault)));
        all.filter(|(construct, fault)| impossible(*construct, *fault).is_none() && !self.has_met(*construct, *fault))
            .collect()
    }

    fn has_met(&self, construct: Construct, fault: Fault) -> bool {
        let same = match OF_PEOPLE.contains(&fault) {
            true => OF_PEOPLE,
            false => &[fault],
        };
        same.iter().any(|fault| self.count(construct, *fault) > 0)
    }
}

impl fmt::Display for Coverage {
    /// A table with a line for each construct and a column for each fault. A `-` stands where the two cannot meet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for faults in Fault::VARIANTS.chunks(11) {
            for (number, fault) in faults.iter().enumerate() {
                writeln!(f, "{}{} {}", " ".repeat(24), "| ".repeat(number), fault.into_str())?;
            }
            for construct in Construct::VARIANTS {
                write!(f, "{:24}", construct.into_str())?;
                for fault in faults {
                    match (self.count(*construct, *fault), impossible(*construct, *fault)) {
                        (0, Some(_)) => write!(f, " {:>7}", "-")?,
                        (count, _) => write!(f, " {count:>7}")?,
                    }
                }
                writeln!(f)?;
            }
            writeln!(f)?;
        }
        writeln!(f, "What cannot meet:")?;
        let reasons: BTreeSet<&str> = Construct::VARIANTS
            .iter()
            .flat_map(|construct| {
                Fault::VARIANTS
                    .iter()
                    .filter_map(|fault| impossible(*construct, *fault))
            })
            .collect();
        for reason in reasons {
            writeln!(f, "- {reason}")?;
        }
        Ok(())
    }
}

/// What people do while a run goes on.
const OF_PEOPLE: &[Fault] = &[
    Fault::Aborted,
    Fault::ChildStopLost,
    Fault::Cancelled,
    Fault::Edited,
    Fault::Disabled,
];

/// The reason a construct cannot meet a fault, if it cannot.
#[must_use]
pub fn impossible(construct: Construct, fault: Fault) -> Option<&'static str> {
    use Construct as C;
    use Fault as F;
    let is_of_action = matches!(
        fault,
        F::ActionThrottled
            | F::ActionCrashedBefore
            | F::ActionCrashedDuring
            | F::ActionCrashedAfter
            | F::ActionAnswerLost
            | F::ActionTwice
            | F::ActionLate
            | F::SecretsUnavailable
            | F::Unreachable
            | F::ErrorBefore
            | F::ErrorAfter
            | F::RateLimited
            | F::ResetBefore
            | F::ResetAfter
            | F::SilentBefore
            | F::SilentAfter
            | F::RequestLate
            | F::AnswerCut
            | F::AnswerShortened
            | F::RequestTwice
            | F::StaleList
    );
    let may_be_of_action = matches!(
        construct,
        C::Create
            | C::Resolve
            | C::Note
            | C::Acknowledge
            | C::Update
            | C::AddNote
            | C::AddResponders
            | C::Get
            | C::TriggerAlert
            | C::AcknowledgeAlert
            | C::ResolveAlert
            | C::SendChange
            | C::PostMessage
            | C::SetTopic
            | C::CreateIssue
            | C::GetIssue
            | C::OnlyWhile
            | C::WaitForStatus
            | C::Message
            | C::Retry
            | C::Timeout
            | C::Condition
            | C::ContinueOnError
            | C::OnFailure
            | C::InLane
            | C::InLanes
            | C::InCalledRun
            | C::Inputs
            | C::Replay
            | C::Schedule
            | C::RunTimeout
            | C::WaitsForTurn
            | C::SkipsTurn
            | C::CancelsOlder
    );
    if is_of_action && !may_be_of_action {
        return Some("faults of actions and of systems: steps that call no action, and Plans");
    }
    let is_event = matches!(
        construct,
        C::TriggerAlert | C::AcknowledgeAlert | C::ResolveAlert | C::SendChange
    );
    if fault == F::StaleList && is_event {
        return Some("lists that are behind: the Events API, which has none");
    }
    let starts_children = matches!(
        construct,
        C::Parallel
            | C::ForEach
            | C::Repeat
            | C::MaxConcurrency
            | C::Output
            | C::ForkTimeout
            | C::Finish
            | C::CancelLanes
            | C::Ignore
            | C::RunWorkflow
            | C::Handoff
            | C::Condition
            | C::ContinueOnError
            | C::OnFailure
            | C::InLane
            | C::InLanes
            | C::InCalledRun
            | C::Inputs
            | C::Replay
            | C::Schedule
            | C::RunTimeout
            | C::WaitsForTurn
            | C::SkipsTurn
            | C::CancelsOlder
    );
    if matches!(fault, F::ChildRefused | F::ChildAnswerLost) && !starts_children {
        return Some("faults of the starts of child executions: steps that start none");
    }
    let is_of_run = matches!(
        fault,
        F::StatusLate
            | F::StatusLost
            | F::StatusTwice
            | F::StartedTwice
            | F::StartUnanswered
            | F::StartRefused
            | F::StartSlow
            | F::BufferRefused
            | F::BufferUnanswered
            | F::BufferedTwice
            | F::DeadLetter
            | F::IngressCrashed
    );
    let describes_run = matches!(
        construct,
        C::Inputs | C::RunTimeout | C::WaitsForTurn | C::SkipsTurn | C::CancelsOlder | C::Schedule
    );
    if construct == C::Schedule && matches!(fault, F::BufferRefused | F::BufferUnanswered | F::IngressCrashed) {
        return Some("faults of the ingress: runs of schedules, which begin in the start-buffer");
    }
    if is_of_run && !describes_run {
        return Some("faults of starts and of status changes: they come to runs as a whole, not to steps");
    }
    let is_of_lane = matches!(construct, C::Output | C::InLane | C::InLanes | C::FirstPlanOfLane);
    if fault == F::IndexThrottled && is_of_lane {
        return Some("a throttled index: Plans of lanes, which write nothing but approvals that stands in one");
    }
    let waits = matches!(
        construct,
        C::Wait | C::WaitUntil | C::Approval | C::Message | C::Repeat | C::Retry | C::Queues
    );
    if fault == F::WaitUnwritten && !waits {
        return Some("waits that are not written: steps that do not wait");
    }
    if fault == F::Unwoken && construct != C::LastPlan {
        return Some("signals without a wake: Plans that send none");
    }
    let is_of_people = OF_PEOPLE.contains(&fault);
    let takes_no_time = matches!(
        construct,
        C::Set
            | C::Stop
            | C::Fail
            | C::Choose
            | C::Default
            | C::Otherwise
            | C::Block
            | C::FirstPlan
            | C::LastPlan
            | C::FirstPlanOfLane
    );
    if is_of_people && takes_no_time {
        return Some("what people do: steps that take no time, and single Plans");
    }
    None
}

/// What each Plan did.
struct Seen<'a, 'e> {
    evidence: &'a Evidence<'e>,
    /// The steps that a Plan changed.
    touched: BTreeMap<(&'a LaneKey, u64), Vec<&'a Place>>,
    /// The Plans that ended their lane.
    last: BTreeSet<(&'a LaneKey, u64)>,
    /// Where lanes stood after Plans.
    handovers: BTreeMap<(&'a LaneKey, u64), &'a str>,
}

impl<'a, 'e> Seen<'a, 'e> {
    fn of(evidence: &'a Evidence<'e>) -> Self {
        let mut seen = Self {
            evidence,
            touched: BTreeMap::new(),
            last: BTreeSet::new(),
            handovers: BTreeMap::new(),
        };
        let mut now = None;
        for logged in &evidence.tables.log {
            match &logged.change {
                Change::Planned {
                    lane, number, handover, ..
                } => {
                    now = Some((lane, *number));
                    seen.handovers.insert((lane, *number), handover);
                }
                // They are written with the Plan before them.
                Change::Step { place, .. } => {
                    if let Some(now) = now {
                        seen.touched.entry(now).or_default().push(place);
                    }
                }
                Change::LaneEnded { lane, .. } => {
                    if let Some(now) = now.filter(|(own, _)| *own == lane) {
                        seen.last.insert(now);
                    }
                }
                _ => {}
            }
        }
        seen
    }

    fn at(&self, site: &Site) -> BTreeSet<Construct> {
        match site {
            Site::Step(place) => self.of_step(place),
            Site::Run(run) => self.of_run(run),
            Site::Plan { run, lane, number } => {
                let key = LaneKey {
                    run: run.clone(),
                    lane: lane.clone(),
                };
                let mut constructs = self.of_run(run);
                constructs.extend(self.of_lane(run, lane));
                for place in self.touched.get(&(&key, *number)).into_iter().flatten() {
                    constructs.extend(self.of_step(place));
                }
                if *number <= 1 {
                    constructs.insert(match lane.is_main() {
                        true => Construct::FirstPlan,
                        false => Construct::FirstPlanOfLane,
                    });
                }
                if self.last.contains(&(&key, *number)) {
                    constructs.insert(Construct::LastPlan);
                }
                // What it waited for, and what it waits for now.
                for number in [number.saturating_sub(1), *number] {
                    constructs.extend(self.of_pending(&key, number));
                }
                constructs
            }
        }
    }

    fn definition(&self, run: &RunId) -> Option<&'a Definition> {
        let run = &self.evidence.tables.runs.get(run)?.input.run;
        self.evidence.tables.versions.get(&(run.workflow.clone(), run.version))
    }

    fn of_pending(&self, key: &LaneKey, number: u64) -> Vec<Construct> {
        let handover = self.handovers.get(&(key, number));
        let handover: Option<serde_json::Value> = handover.and_then(|text| serde_json::from_str(text).ok());
        let cursor =
            handover.and_then(|handover| serde_json::from_value::<Cursor>(handover.get("cursor")?.clone()).ok());
        let Some(cursor) = cursor else { return Vec::new() };
        let place = |step: &StepPath| Place {
            run: key.run.clone(),
            lane: key.lane.clone(),
            step: step.clone(),
        };
        let mut constructs: Vec<Construct> = match cursor.pending {
            Some(Pending::Lock { .. }) => vec![Construct::Queues],
            Some(Pending::Action(attempts) | Pending::Backoff { attempts, .. }) => {
                self.of_step(&place(&attempts.step)).into_iter().collect()
            }
            Some(Pending::Wait { step, .. } | Pending::Approval { step, .. } | Pending::Watch { step, .. }) => {
                self.of_step(&place(&step)).into_iter().collect()
            }
            Some(Pending::Fork(fork)) => self.of_step(&place(&fork.step)).into_iter().collect(),
            Some(Pending::Handoff { .. }) | None => Vec::new(),
        };
        constructs.extend((cursor.generation > 0).then_some(Construct::Handoff));
        constructs
    }

    fn of_run(&self, run: &RunId) -> BTreeSet<Construct> {
        let mut constructs = BTreeSet::new();
        let item = self.evidence.tables.runs.get(run);
        constructs.extend(item.and_then(|item| item.input.replay_of()).map(|_| Construct::Replay));
        let is_by_schedule = item.is_some_and(|item| matches!(item.input.cause, RunCause::Schedule { .. }));
        constructs.extend(is_by_schedule.then_some(Construct::Schedule));
        if let Some(definition) = self.definition(run) {
            constructs.extend((!definition.inputs.is_empty()).then_some(Construct::Inputs));
            constructs.extend(definition.timeout.map(|_| Construct::RunTimeout));
            constructs.extend(
                definition
                    .concurrency
                    .as_ref()
                    .map(|concurrency| match concurrency.policy {
                        ConcurrencyPolicy::Wait => Construct::WaitsForTurn,
                        ConcurrencyPolicy::Skip => Construct::SkipsTurn,
                        ConcurrencyPolicy::Cancel => Construct::CancelsOlder,
                    }),
            );
        }
        let item = self.evidence.tables.runs.get(run);
        if item.is_some_and(|item| item.input.called_by().is_some()) {
            constructs.insert(Construct::InCalledRun);
        }
        constructs
    }

    fn of_lane(&self, run: &RunId, lane: &LanePath) -> BTreeSet<Construct> {
        let mut constructs = BTreeSet::new();
        let depth = lane.outwards().count();
        constructs.extend((depth > 1).then_some(Construct::InLane));
        constructs.extend((depth > 2).then_some(Construct::InLanes));
        let output = lane.opener().and_then(|(_, fork, index)| {
            let step = self.definition(run)?.step(fork)?;
            step.lane_output(step.lane_list(index)?)
        });
        constructs.extend(output.map(|_| Construct::Output));
        constructs
    }

    /// Of the step that opened a lane, or that started the run whose main lane it is.
    fn of_opener(&self, run: &RunId, lane: &LanePath) -> BTreeSet<Construct> {
        let tables = self.evidence.tables;
        let caller = tables.runs.get(run).and_then(|item| item.input.called_by());
        let opener = match (lane.opener(), caller) {
            (Some((opener, step, _)), _) => Some((run, opener, step)),
            (None, Some(caller)) => Some((&caller.run, caller.lane.clone(), &caller.step)),
            (None, None) => None,
        };
        opener.map_or_else(BTreeSet::new, |(run, lane, step)| {
            self.of_step(&Place {
                run: run.clone(),
                lane,
                step: step.clone(),
            })
        })
    }

    fn of_step(&self, place: &Place) -> BTreeSet<Construct> {
        let mut constructs = self.of_run(&place.run);
        constructs.extend(self.of_lane(&place.run, &place.lane));
        match place.step.section() {
            Section::OnFailure => {
                constructs.insert(Construct::OnFailure);
            }
            // It calls `get_incident`, but its author wrote no such step.
            Section::OnlyWhile => {
                constructs.insert(Construct::OnlyWhile);
                return constructs;
            }
            Section::Steps => {}
        }
        let Some(definition) = self.definition(&place.run) else {
            return constructs;
        };
        let Some(step) = definition.step(&place.step) else {
            return constructs;
        };
        let around = place.step.parent().and_then(|(around, _)| definition.step(&around));
        if around.is_some_and(|around| matches!(around.kind, StepKind::Approval(_))) {
            constructs.insert(Construct::Message);
        }
        constructs.extend(Construct::of(step));
        constructs
    }
}

impl Construct {
    /// What a step is and has.
    pub(crate) fn of(step: &Step) -> BTreeSet<Self> {
        let mut constructs = BTreeSet::new();
        constructs.extend(step.condition.as_ref().map(|_| Construct::Condition));
        constructs.extend(step.retry.as_ref().map(|_| Construct::Retry));
        constructs.extend(step.continue_on_error.then_some(Construct::ContinueOnError));
        let mut add = |construct| {
            constructs.insert(construct);
        };
        match &step.kind {
            StepKind::Action(ActionStep { uses, with }) => {
                let of_system = match &*uses.name {
                    "slack.post_message" => Some(Construct::PostMessage),
                    "slack.set_topic" => Some(Construct::SetTopic),
                    "jira.create_issue" => Some(Construct::CreateIssue),
                    "jira.get_issue" => Some(Construct::GetIssue),
                    _ => None,
                };
                let of_pagerduty = || match Action::parse(&uses.name) {
                    Some(Action::CreateIncident) => Construct::Create,
                    Some(Action::ResolveIncident) => Construct::Resolve,
                    Some(Action::AcknowledgeIncident) => Construct::Acknowledge,
                    Some(Action::UpdateIncident) => Construct::Update,
                    Some(Action::AddNote) => Construct::AddNote,
                    Some(Action::AddResponders) => Construct::AddResponders,
                    Some(Action::TriggerAlert) => Construct::TriggerAlert,
                    Some(Action::AcknowledgeAlert) => Construct::AcknowledgeAlert,
                    Some(Action::ResolveAlert) => Construct::ResolveAlert,
                    Some(Action::SendChangeEvent) => Construct::SendChange,
                    // The random workflows use no others.
                    _ => Construct::Get,
                };
                add(of_system.unwrap_or_else(of_pagerduty));
                if with.contains_key("note") {
                    add(Construct::Note);
                }
                if step.timeout.is_some() {
                    add(Construct::Timeout);
                }
            }
            StepKind::Wait(WaitStep::For(_)) => add(Construct::Wait),
            StepKind::Wait(WaitStep::Until(_)) => add(Construct::WaitUntil),
            StepKind::WaitFor(wait) => add(match wait.goal {
                Goal::Status(_) => Construct::WaitForStatus,
                Goal::Event { .. } => Construct::WaitForEvents,
            }),
            StepKind::Approval(_) => add(Construct::Approval),
            StepKind::Set(_) => add(Construct::Set),
            StepKind::Block(BlockStep { otherwise, .. }) => {
                add(Construct::Block);
                if !otherwise.is_empty() {
                    add(Construct::Otherwise);
                }
            }
            StepKind::Choose(ChooseStep { default, .. }) => {
                add(Construct::Choose);
                if !default.is_empty() {
                    add(Construct::Default);
                }
            }
            StepKind::Parallel(ParallelStep { on_lane_failure, .. }) => {
                add(Construct::Parallel);
                add(of_policy(*on_lane_failure));
                if step.timeout.is_some() {
                    add(Construct::ForkTimeout);
                }
            }
            StepKind::ForEach(ForEachStep {
                max_concurrency,
                on_lane_failure,
                ..
            }) => {
                add(Construct::ForEach);
                add(of_policy(*on_lane_failure));
                if max_concurrency.is_some() {
                    add(Construct::MaxConcurrency);
                }
                if step.timeout.is_some() {
                    add(Construct::ForkTimeout);
                }
            }
            StepKind::Repeat(repeat) => {
                add(Construct::Repeat);
                add(of_policy(repeat.on_lane_failure));
                if step.timeout.is_some() {
                    add(Construct::ForkTimeout);
                }
            }
            StepKind::Stop(_) => add(Construct::Stop),
            StepKind::Fail(_) => add(Construct::Fail),
            StepKind::RunWorkflow(_) => add(Construct::RunWorkflow),
        }
        constructs
    }
}

fn of_policy(policy: OnLaneFailure) -> Construct {
    match policy {
        OnLaneFailure::Finish => Construct::Finish,
        OnLaneFailure::Cancel => Construct::CancelLanes,
        OnLaneFailure::Ignore => Construct::Ignore,
    }
}
