//! The planner, driven as the state machine drives it.

mod approval;
mod attempts;
mod blocks;
mod concurrency;
mod endings;
mod format;
mod guard;
mod jobs;
mod lanes;
mod limits;
mod nulls;
mod only_while;
mod properties;
mod replay;
mod rounds;
mod time;
mod waiting;
mod wanted;
mod watching;

use super::*;
use crate::action::tests::catalog;
use crate::{
    approval::{Answer as Given, Decider, Question, Refusal},
    definition::Definition,
    ids::{ApprovalId, RunId, WorkflowVersion},
    run::{RunCause, RunEvent, RunIdentity, RunInput},
    watch::{EventPlace, Wanted, Watch},
};
use serde_json::{Map, json};

const START: &str = "2026-11-22T10:00:00Z";

const CREATE: &str = r#"
  - id: ticket
    uses: pagerduty.create_incident
    with: { integration: prod, title: "{{ event.incident.title }}", service: PWIXJZS, escalation_policy: PT20YPA, from: a@b.c }
"#;

const RESOLVE: &str = r#"
  - id: close
    uses: pagerduty.resolve_incident
    with: { integration: prod, incident_id: "{{ steps.ticket.outputs.incident_id }}", from: a@b.c }
"#;

fn start() -> Timestamp {
    START.parse().unwrap()
}

/// A step that calls an action with a title, so that a test can see that it was come to.
fn page(title: &str) -> String {
    format!(
        "{{ uses: pagerduty.create_incident, with: {{ integration: prod, title: {title:?}, service: PWIXJZS, \
         escalation_policy: PT20YPA, from: a@b.c }} }}"
    )
}

fn definition(steps: &str) -> Definition {
    let source = format!(
        "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\ntimeout: 1h\nsteps:\n{steps}"
    );
    parsed(&source)
}

fn parsed(source: &str) -> Definition {
    match Definition::from_source(source, catalog()) {
        Ok(definition) => definition,
        Err(problems) => panic!("{problems}\n{source}"),
    }
}

fn created() -> Answer {
    Answer::Success(
        json!({"incident_id": "Q9", "title": "t", "incident_number": 3, "status": "triggered", "created_at": START}),
    )
}

fn failure(name: &str) -> Answer {
    Answer::Failure(Failure::from_text(name, "words"))
}

/// One execution of the state machine.
#[derive(Debug)]
struct Execution {
    input: RunInput,
    started_at: Timestamp,
    /// What the last Plan handed over.
    cursor: Option<Cursor>,
    answer: Option<Answer>,
    /// The lane's cursor in the table, where the execution takes it over or has opened it.
    found: Option<Found>,
}

#[derive(Debug)]
enum Found {
    Opener(Cursor),
    Left(Cursor),
}

/// A lane as it stands in the table.
#[derive(Debug, Clone)]
struct Lane {
    cursor: Cursor,
    end: Option<LaneEnd>,
}

/// The answers of the actions: the title of an incident, or the action's name, which call it is, and the time.
type Answers = Box<dyn FnMut(&str, usize, Timestamp) -> Answer>;

/// Plays the state machine, the journal and the clock.
struct World {
    definitions: BTreeMap<WorkflowId, Definition>,
    event: Value,
    now: Timestamp,
    /// How much later it is than Step Functions said when the Plan was begun.
    late_by: SignedDuration,
    lanes: BTreeMap<LaneKey, Lane>,
    results: BTreeMap<(RunId, LanePath, StepPath), StepResult>,
    /// When the steps of these results ended.
    ended: BTreeMap<(RunId, LanePath, StepPath), Timestamp>,
    marks: BTreeMap<RunId, BTreeSet<CancelMark>>,
    lock: LockView,
    trail: Trail,
    answers: Answers,
    /// The titles of the incidents that were asked for, and the names of other actions.
    calls: Vec<String>,
    /// The names of the executions that were started, in order.
    executions: Vec<String>,
    /// Executions that come to nothing, by their number in that order.
    lost: BTreeSet<usize>,
    /// The most that a Plan has read.
    most_read: usize,
    /// What is known of workflows besides that they are enabled.
    availability: BTreeMap<WorkflowId, Availability>,
    /// The most that a Plan has written.
    most_written: usize,
    /// The largest handed-over cursor and command, in bytes.
    largest: usize,
    plans: usize,
    approvals: BTreeMap<ApprovalId, Asked>,
    /// Events of incidents, with the time at which they come and the incident.
    events: Vec<(Timestamp, String, IncidentEvent)>,
    /// The incidents that lanes watch.
    watched: BTreeSet<(LaneKey, Watch)>,
}

/// A question and its outcome.
struct Asked {
    question: Question,
    decision: Option<Decision>,
    closed: Option<Closed>,
}

impl World {
    fn new(definition: Definition) -> Self {
        Self {
            definitions: BTreeMap::from([(definition.name.clone(), definition)]),
            event: json!({"id": "e", "incident": {"id": "P1", "title": "disk {{ full }}", "urgency": "high"}}),
            now: start(),
            late_by: SignedDuration::ZERO,
            lanes: BTreeMap::new(),
            results: BTreeMap::new(),
            ended: BTreeMap::new(),
            marks: BTreeMap::new(),
            lock: LockView::default(),
            trail: Trail::default(),
            answers: Box::new(|_, _, _| created()),
            calls: Vec::new(),
            executions: Vec::new(),
            lost: BTreeSet::new(),
            most_read: 0,
            availability: BTreeMap::new(),
            most_written: 0,
            largest: 0,
            plans: 0,
            approvals: BTreeMap::new(),
            events: Vec::new(),
            watched: BTreeSet::new(),
        }
    }

    /// A world for a workflow of these steps.
    fn of(steps: &str) -> Self {
        Self::new(definition(steps))
    }

    fn answering(mut self, answers: impl FnMut(&str, usize) -> Answer + 'static) -> Self {
        let mut answers = answers;
        self.answers = Box::new(move |name, call, _| answers(name, call));
        self
    }

    fn begin(&self) -> Execution {
        self.begin_with(Map::new())
    }

    fn begin_with(&self, inputs: Map<String, Value>) -> Execution {
        let workflow: WorkflowId = "w".parse().unwrap();
        let run = RunIdentity {
            id: RunId::for_event(&workflow, "e"),
            workflow,
            version: WorkflowVersion(1),
            depth: 0,
        };
        Execution {
            input: RunInput {
                run,
                cause: RunCause::Hand { by: None },
                inputs,
                part: None,
            },
            started_at: self.now,
            cursor: None,
            answer: None,
            found: None,
        }
    }

    /// Makes a Plan, twice, and writes it.
    fn plan(&mut self, execution: &mut Execution) -> Plan {
        let definition = self.definitions[&execution.input.run.workflow].clone();
        let standing = match (&execution.cursor, &execution.found) {
            (Some(cursor), _) => Standing::GoesOn(cursor),
            (None, Some(Found::Left(cursor))) => Standing::TakesOver(cursor),
            (None, Some(Found::Opener(cursor))) => Standing::BeginsLane(cursor),
            (None, None) => Standing::BeginsRun,
        };
        let known = self.read(&definition, &execution.input, standing);
        let situation = Situation {
            catalog: catalog(),
            definition: &definition,
            input: &execution.input,
            started_at: execution.started_at,
            event: &self.event,
            standing,
            answer: execution.answer.as_ref(),
            requests: &Requests::default(),
            known: &known,
            trouble: None,
            now: self.now,
            own_clock: self.now + self.late_by,
        };
        let plan = super::plan(&situation);
        assert_eq!(plan, super::plan(&situation), "a repeated Plan gives the same");
        self.write(&execution.input, &plan);
        // What travels through the state machine is text.
        let state = serde_json::to_string(&plan.cursor).unwrap();
        self.largest = self.largest.max(state.len() + json!(plan.command).to_string().len());
        execution.cursor = Some(serde_json::from_str(&state).unwrap());
        execution.answer = None;
        self.plans += 1;
        plan
    }

    fn read(&mut self, definition: &Definition, input: &RunInput, standing: Standing<'_>) -> Known {
        let needs = needs(definition, input, standing);
        self.most_read = self.most_read.max(needs.results.len() + needs.lanes.len());
        let run = &input.run.id;
        let result = |(lane, path): &(LanePath, StepPath)| {
            let result = self.results.get(&(run.clone(), lane.clone(), path.clone()))?;
            Some(((lane.clone(), path.clone()), result.clone()))
        };
        let end = |key: &LaneKey| Some((key.clone(), self.lanes.get(key)?.end.clone()?));
        let workflows = self.definitions.keys().filter(|id| needs.workflows.contains(*id));
        Known {
            events: needs.events.iter().flat_map(|wanted| self.events_for(wanted)).collect(),
            results: needs.results.iter().filter_map(result).collect(),
            lanes: needs.lanes.iter().filter_map(end).collect(),
            workflows: workflows
                .map(|id| {
                    let enabled = Availability::Enabled(WorkflowVersion(1));
                    (id.clone(), self.availability.get(id).copied().unwrap_or(enabled))
                })
                .collect(),
            lock: match needs.lock {
                true => self.lock.clone(),
                false => LockView::default(),
            },
            cancelled: self.marks.get(run).cloned().unwrap_or_default(),
            trail: match needs.trail {
                true => self.trail.clone(),
                false => Trail::default(),
            },
            decisions: needs
                .approval
                .into_iter()
                .filter_map(|id| Some((id.clone(), self.approvals.get(&id)?.decision.clone()?)))
                .collect(),
        }
    }

    fn write(&mut self, input: &RunInput, plan: &Plan) {
        let Some(changes) = &plan.changes else { return };
        let run = &input.run.id;
        let key = |lane: &LanePath| LaneKey {
            run: run.clone(),
            lane: lane.clone(),
        };
        self.most_written = self.most_written.max(changes.steps.len() + changes.lost.len());
        let lane = key(&plan.cursor.lane);
        let before = self.lanes.get(&lane);
        assert!(
            before.is_none_or(|lane| lane.end.is_none()),
            "an ended lane does not change"
        );
        assert_eq!(before.map_or(0, |lane| lane.cursor.plans) + 1, plan.cursor.plans);
        self.lanes.insert(
            lane,
            Lane {
                cursor: plan.cursor.clone(),
                end: changes.end.clone(),
            },
        );
        for (path, record) in &changes.steps {
            if let StepChange::Finished { result, .. } | StepChange::Kept { result } = &record.change {
                let key = (run.clone(), plan.cursor.lane.clone(), path.clone());
                self.ended.insert(key.clone(), record.at);
                self.results.insert(key, result.clone());
            }
        }
        for (path, end) in &changes.lost {
            if let Some(lane) = self.lanes.get_mut(&key(path)) {
                lane.end = Some(end.clone());
            }
        }
        self.marks
            .entry(run.clone())
            .or_default()
            .extend(changes.cancels.clone());
        for other in &changes.cancels_runs {
            self.marks.entry(other.clone()).or_default().insert(CancelMark::run());
        }
        for change in &changes.watches {
            let key = key(&plan.cursor.lane);
            match change {
                // A second wait for the same incident may begin in the Plan that ends the first one.
                WatchChange::Begins(watch) => _ = self.watched.insert((key, watch.clone())),
                WatchChange::Ends(watch) => assert!(self.watched.remove(&(key, watch.clone()))),
            }
        }
        for change in &changes.approvals {
            match change {
                ApprovalChange::Asked { id, question, .. } => {
                    let asked = Asked {
                        question: (**question).clone(),
                        decision: None,
                        closed: None,
                    };
                    assert!(self.approvals.insert(id.clone(), asked).is_none(), "it is asked once");
                }
                ApprovalChange::Closed { id, reason } => {
                    let asked = self.approvals.get_mut(id).expect("what is closed has been asked");
                    assert_eq!((&asked.decision, asked.closed), (&None, None));
                    asked.closed = Some(*reason);
                }
            }
        }
        if let Some(lock) = &changes.lock {
            assert_eq!(lock.version, self.lock.lock.version + 1);
            self.lock.lock = lock.clone();
        }
    }

    fn events_for(&self, wanted: &Wanted) -> Vec<IncidentEvent> {
        let kept = self.events.iter().filter(|(at, incident, event)| {
            *at <= self.now && incident == wanted.watch.incident() && wanted.has(&event.event_type, &event.place)
        });
        let mut events: Vec<IncidentEvent> = kept.map(|(_, _, event)| event.clone()).collect();
        events.sort_by(|one, other| one.place.cmp(&other.place));
        events
    }

    /// True if an event that has come before a Plan was written ends its wait, as the runner finds by its second look.
    fn is_ended_at_once(&self, execution: &Execution) -> bool {
        let Some(cursor) = &execution.cursor else { return false };
        let definition = &self.definitions[&execution.input.run.workflow];
        let Some(wanted) = events_wanted(definition, cursor) else {
            return false;
        };
        let known = Known {
            events: self.events_for(&wanted),
            ..Known::default()
        };
        has_been_ended(&execution.input.run.id, cursor, &known)
    }

    /// Runs an execution to its end.
    fn run(&mut self, execution: &mut Execution) -> Command {
        loop {
            let plan = self.plan(execution);
            assert!(self.plans < 200_000, "the run does not end");
            match plan.command {
                Command::Action { action, input, .. } => {
                    let name = match input.get("title") {
                        Some(title) => title.as_str().unwrap().to_owned(),
                        None => action.to_string(),
                    };
                    execution.answer = Some((self.answers)(&name, self.calls.len(), self.now));
                    self.calls.push(name);
                }
                Command::Wait { until } => self.now = self.now.max(until.time()),
                Command::Await { until, .. } => {
                    let is_watching = execution
                        .cursor
                        .as_ref()
                        .is_some_and(|cursor| cursor.watching.is_some());
                    let coming = self.events.iter().map(|(at, ..)| *at);
                    let coming = coming.filter(|at| is_watching && *at > self.now).min();
                    let woken = coming.map_or(until.time(), |at| at.min(until.time()));
                    if !self.is_ended_at_once(execution) {
                        self.now = self.now.max(woken);
                    }
                }
                Command::Fork { executions } => {
                    assert!((1..=40).contains(&executions.len()), "{}", executions.len());
                    for child in executions {
                        self.run_child(child);
                    }
                }
                Command::Continue => {}
                end @ (Command::Succeed { .. } | Command::Fail { .. }) => return end,
            }
        }
    }

    fn run_child(&mut self, child: ChildExecution) {
        assert!(
            !self.executions.contains(&child.name),
            "a name is taken once: {:?}",
            child.input.part
        );
        let number = self.executions.len();
        self.executions.push(child.name);
        if self.lost.contains(&number) {
            return;
        }
        let mut execution = self.child(&child.input);
        if let Some(execution) = &mut execution {
            let end = self.run(execution);
            assert!(matches!(end, Command::Succeed { .. } | Command::Fail { .. }));
        }
    }

    /// An execution that another one has started; none if its lane has ended.
    fn child(&self, input: &RunInput) -> Option<Execution> {
        let text = serde_json::to_string(input).unwrap();
        let input: RunInput = serde_json::from_str(&text).unwrap();
        let lane = input.lane();
        let of = |lane: LanePath| {
            self.lanes.get(&LaneKey {
                run: input.run.id.clone(),
                lane,
            })
        };
        let found = match of(lane.clone()) {
            Some(own) if own.end.is_some() => return None,
            Some(own) => Some(Found::Left(own.cursor.clone())),
            None => {
                let opener = lane.opener().and_then(|(opener, ..)| of(opener));
                opener.map(|opener| Found::Opener(opener.cursor.clone()))
            }
        };
        Some(Execution {
            input,
            started_at: self.now,
            cursor: None,
            answer: None,
            found,
        })
    }

    /// Runs the workflow from its start to its end, and gives how the main lane ended.
    fn finish(&mut self) -> LaneEnd {
        let mut execution = self.begin();
        self.run(&mut execution);
        self.end_of(&execution)
    }

    fn end_of(&self, execution: &Execution) -> LaneEnd {
        let key = LaneKey {
            run: execution.input.run.id.clone(),
            lane: LanePath::main(),
        };
        self.lanes[&key].end.clone().expect("the main lane has ended")
    }

    /// The result of a step of the main lane.
    fn result(&self, id: &str) -> Option<&StepResult> {
        let definition = &self.definitions[&"w".parse::<WorkflowId>().unwrap()];
        let path = definition.path_of(&id.parse().unwrap()).unwrap();
        let run = RunId::for_event(&"w".parse().unwrap(), "e");
        self.results.get(&(run, LanePath::main(), path))
    }

    fn outputs(&self, id: &str) -> Value {
        self.result(id).map(|result| result.outputs.clone()).unwrap()
    }
}

fn success() -> LaneEnd {
    LaneEnd::Success { output: Value::Null }
}

#[track_caller]
fn why(end: &LaneEnd) -> (&str, &str) {
    let failure = end.failure().expect("it failed");
    (&failure.name, &failure.message)
}

/// The time until which a Plan has its lane wait, however many slices that is.
fn wake_of(plan: &Plan) -> Option<Timestamp> {
    let until = match (&plan.command, &plan.cursor.pending) {
        (Command::Wait { until }, _) => return Some(until.time()),
        (Command::Await { .. }, Some(Pending::Lock { until })) => Some(*until),
        (Command::Await { .. }, Some(pending)) => pending.not_before(),
        _ => None,
    };
    until.map(|until| Wake::not_before(until.min(plan.cursor.deadline)).time())
}
