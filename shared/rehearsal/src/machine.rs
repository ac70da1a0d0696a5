//! Executions of the state machine, and the virtual clock.
//!
//! It does what the shipped state machine does with the commands of a Plan, as long as nothing goes wrong between the two: a
//! command is carried out at once, a wait moves the clock, and an execution that starts others comes back when all of them have
//! ended. What happens at the same moment happens in the order in which it was asked for, so that everything is the same each
//! time.

use crate::{
    account::Account,
    answer::{Answer, Planned, decider},
    intervention::Intervention,
    performer::{Callee, Performed, Performer},
    report::{Request, Took},
    signal::Signal,
    store::{Asked, Parking, Store, Tables},
};
use jiff::{SignedDuration, Timestamp};
use platform::{
    approvals::{self, Answered},
    metrics::Metrics,
    table::{
        Approvals, BodyCache, IncidentEvents, StoreError, Versions,
        journal::{Journal, OutsideEnd},
    },
    task::TaskError,
    wake,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use workflow::{
    action,
    ids::StepPath,
    planner::{Cursor, Failure, LaneKey, Pending, Wake},
    run::RunInput,
    watch::Watch,
};
use workflow_runner::Runner;

/// The most Plans of a rehearsal. The longest run that makes sense to look at has far fewer; this ends two runs that wait for each
/// other for a year.
const PLANS: u32 = 100_000;

/// An attempt of a step's action.
pub(crate) type AttemptKey = (LaneKey, StepPath, u32);

/// The state machine with its executions.
#[derive(Debug)]
pub(crate) struct Machine {
    runner: Runner<Store, Store, Store, Store>,
    store: Store,
    performer: Performer,
    interventions: Vec<Intervention>,
    answers: Vec<Answer>,
    signals: Vec<Signal>,
    /// The incidents of the events that have started runs.
    incidents: BTreeSet<String>,
    executions: Vec<Execution>,
    /// The decisions that are to come, or have come.
    decisions: Vec<(Asked, Planned)>,
    /// The things to do: when, in which order, and what.
    queue: BTreeSet<Place>,
    queued: u64,
    /// The places in the queue of the executions that a signal can wake, by their token.
    parked: BTreeMap<String, Place>,
    requests: BTreeMap<AttemptKey, Vec<Request>>,
    took: Took,
}

/// A place in the queue.
type Place = (Timestamp, u64, Next);

/// A thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// The next Plan of the execution of a number.
    Plan(usize),
    /// The decision of a number.
    Decision(usize),
    /// The signal of a number.
    Signal(usize),
}

#[derive(Debug)]
struct Execution {
    name: String,
    input: RunInput,
    started_at: Timestamp,
    /// The answer of the last Plan, and the result of its command.
    next: Option<Value>,
    /// The execution that waits for it.
    parent: Option<usize>,
    /// The number of executions that it waits for.
    children: usize,
}

/// A rehearsal cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stuck {
    #[error("the runs did not come to an end in {PLANS} Plans; do two of them wait for each other?")]
    Endless,
    #[error("the planner and the rehearsal do not understand each other: {0}")]
    Command(String),
}

impl Machine {
    pub(crate) fn new(
        store: Store,
        account: Arc<Account>,
        interventions: Vec<Intervention>,
        answers: Vec<Answer>,
        signals: Vec<Signal>,
    ) -> Self {
        Self {
            runner: Runner {
                versions: Versions::new(store.clone()),
                bodies: BodyCache::new(store.clone()),
                journal: store.clone(),
                executions: store.clone(),
                metrics: Metrics::discarded(),
            },
            store,
            performer: Performer::new(account),
            interventions,
            answers,
            signals,
            incidents: BTreeSet::new(),
            executions: Vec::new(),
            decisions: Vec::new(),
            queue: BTreeSet::new(),
            queued: 0,
            parked: BTreeMap::new(),
            requests: BTreeMap::new(),
            took: Took::default(),
        }
    }

    /// Starts an execution at a time, or less than a second later: waits end at whole seconds, and what begins at one has waits of
    /// just the length that their author wrote.
    pub(crate) fn start(&mut self, input: RunInput, at: Timestamp) {
        let at = Wake::not_before(at).time();
        let name = input.run.id.to_string();
        if self.executions.is_empty() {
            let signals: Vec<Timestamp> = self.signals.iter().map(|signal| signal.at(at)).collect();
            for (number, at) in signals.into_iter().enumerate() {
                self.put(Next::Signal(number), at);
            }
        }
        self.execution(name, input, at, None);
    }

    /// Notes the incident of an event that starts runs.
    pub(crate) fn is_about(&mut self, incident: Option<String>) {
        self.incidents.extend(incident);
    }

    fn execution(&mut self, name: String, input: RunInput, at: Timestamp, parent: Option<usize>) {
        let number = self.executions.len();
        self.executions.push(Execution {
            name,
            input,
            started_at: at,
            next: None,
            parent,
            children: 0,
        });
        self.enqueue(number, at);
    }

    fn enqueue(&mut self, execution: usize, at: Timestamp) {
        self.put(Next::Plan(execution), at);
    }

    fn put(&mut self, next: Next, at: Timestamp) -> Place {
        let place = (at, self.queued, next);
        self.queue.insert(place);
        self.queued = self.queued.saturating_add(1);
        place
    }

    /// Lets all executions come to their ends, and gives the requests of each attempt, and what all of it took.
    pub(crate) async fn run(mut self) -> Result<(BTreeMap<AttemptKey, Vec<Request>>, Took), Stuck> {
        for _ in 0..PLANS {
            let Some((now, _, next)) = self.queue.pop_first() else {
                return Ok((self.requests, self.took));
            };
            match next {
                Next::Plan(execution) => {
                    self.go_on(execution, now).await?;
                    self.plan_decisions();
                }
                Next::Decision(number) => self.decide(number, now).await?,
                Next::Signal(number) => self.signal(number, now).await?,
            }
        }
        Err(Stuck::Endless)
    }

    async fn go_on(&mut self, number: usize, now: Timestamp) -> Result<(), Stuck> {
        let Some(execution) = self.executions.get(number) else {
            return Ok(());
        };
        self.took.plans += 1;
        let handover = match self.runner.plan(execution.payload(now)?, now).await {
            Ok(handover) => handover,
            Err(error) => {
                self.plan_failed(number, &error, now).await?;
                return Ok(());
            }
        };
        self.wake(now);
        let command = handover.get("command").cloned().unwrap_or_default();
        if let Some(execution) = self.executions.get_mut(number) {
            execution.next = Some(handover);
        }
        match command.get("type").and_then(Value::as_str).unwrap_or_default() {
            "wait" => {
                self.took.waits += 1;
                let until = field::<Timestamp>(&command, "until")?;
                self.enqueue(number, until.max(now));
            }
            kind if kind.starts_with("await_") => {
                self.took.waits += 1;
                let until = field::<Timestamp>(&command, "until")?;
                self.park(number, &command, until.max(now), now).await?;
            }
            "continue" => self.enqueue(number, now),
            "fork" => {
                let children: Vec<Child> = field(&command, "executions")?;
                if let Some(execution) = self.executions.get_mut(number) {
                    execution.children = children.len();
                }
                for child in children {
                    self.took.executions += 1;
                    self.execution(child.name, child.input, now, Some(number));
                }
            }
            "succeed" | "fail" => self.ended(number, now),
            kind => {
                let input = command.get("input").cloned().unwrap_or_default();
                let name = command.get("action").and_then(Value::as_str);
                let action = name
                    .and_then(|name| Callee::parse(name, &input))
                    .filter(|action| action.spec().function == kind)
                    .ok_or_else(|| Stuck::Command(format!("no command {kind:?}")))?;
                self.took.calls += 1;
                self.perform(number, action, input, now).await?;
                self.enqueue(number, now);
            }
        }
        Ok(())
    }

    /// Has an execution wait for a slice of time, unless there is a signal for it already.
    async fn park(&mut self, number: usize, command: &Value, until: Timestamp, now: Timestamp) -> Result<(), Stuck> {
        let text = |pointer: &str| {
            let text = command.pointer(pointer).and_then(Value::as_str);
            text.map(str::to_owned)
                .ok_or_else(|| Stuck::Command(format!("a wait without {pointer}")))
        };
        let wait = Parking {
            pk: text("/wait/pk")?,
            sk: text("/wait/sk")?,
            plan: text("/plan")?,
        };
        let token = self.queued.to_string();
        let parked = self.store.park(&wait, &token).await;
        if !parked.map_err(|error| Stuck::Command(error.to_string()))? {
            self.enqueue(number, now);
            return Ok(());
        }
        let place = self.put(Next::Plan(number), until);
        self.parked.insert(token, place);
        Ok(())
    }

    /// Lets the executions go on that the last Plan or the last decision has woken.
    fn wake(&mut self, now: Timestamp) {
        for token in self.store.take_woken() {
            if let Some(place) = self.parked.remove(&token)
                && self.queue.remove(&place)
            {
                self.put(place.2, now);
            }
        }
    }

    /// Puts the answers to the approvals that the last Plan has asked for into the queue.
    fn plan_decisions(&mut self) {
        for asked in self.store.with(Tables::take_asked) {
            let answers = &self.answers;
            let planned = self.store.with(|tables| {
                let definition = tables.definition_of_run(&asked.lane.run)?;
                Answer::find(answers, definition, &asked.lane.lane, &asked.step)
            });
            let Some(planned) = planned else {
                continue;
            };
            let at = asked.at.saturating_add(planned.after).unwrap_or(Timestamp::MAX);
            // The end of the run can cut the time of an approval short.
            if at >= asked.until {
                let left = SignedDuration::from_secs(asked.until.duration_since(asked.at).as_secs());
                let remark = format!(
                    "the --answer after {:#} is too late: only {left:#} of the run's time were left",
                    planned.after
                );
                self.store
                    .with(|tables| tables.remark(&asked.lane, &asked.step, remark));
                continue;
            }
            let number = self.decisions.len();
            self.decisions.push((asked, planned));
            self.put(Next::Decision(number), at);
        }
    }

    /// Decides about an approval, as a person does.
    async fn decide(&mut self, number: usize, now: Timestamp) -> Result<(), Stuck> {
        let Some((asked, planned)) = self.decisions.get(number) else {
            return Ok(());
        };
        let failed = |error: StoreError| Stuck::Command(error.to_string());
        let Some(approval) = self.store.approval(&asked.id).await.map_err(failed)? else {
            return Ok(());
        };
        let given = planned.given(&approval.question, now);
        let decider = decider(&approval.question);
        let answered = approvals::answer(approval, &given, &decider, &self.store, &self.store, now).await;
        let remark = match answered.map_err(failed)? {
            Answered::Decided(_) if given.form.is_empty() => None,
            Answered::Decided(_) => {
                let fields: Vec<&str> = given.form.keys().map(String::as_str).collect();
                Some(format!("made up in the form: {}", fields.join(", ")))
            }
            Answered::Refused(refusal) => Some(format!("the --answer was not taken: {refusal}")),
            Answered::Over(_) => Some("the --answer was too late: no decision was waited for any more".to_owned()),
        };
        if let Some(remark) = remark {
            self.store
                .with(|tables| tables.remark(&asked.lane, &asked.step, remark));
        }
        self.wake(now);
        Ok(())
    }

    /// Lets an event of incidents come, as the ingress and the start-buffer hand it on.
    async fn signal(&mut self, number: usize, now: Timestamp) -> Result<(), Stuck> {
        let Some(signal) = self.signals.get(number) else {
            return Ok(());
        };
        let failed = |error: StoreError| Stuck::Command(error.to_string());
        let incidents = &self.incidents;
        let watched = self.store.with(|tables| tables.watchable(incidents));
        let all = incidents.iter().map(String::as_str);
        let all: BTreeSet<&str> = all.chain(watched.iter().map(Watch::incident)).collect();
        for incident in all {
            self.performer.happens(incident, signal.event_type(), now);
        }
        for watch in watched {
            let Some(event) = signal.about(&watch, number, now) else {
                continue;
            };
            self.store.put_event(&event, now).await.map_err(failed)?;
            let watchers = self.store.watchers(&watch).await.map_err(failed)?;
            let woken = wake::watchers(&watchers, &self.store, &self.store).await;
            woken.map_err(|error| Stuck::Command(error.to_string()))?;
        }
        self.wake(now);
        Ok(())
    }

    async fn perform(&mut self, number: usize, action: Callee, input: Value, now: Timestamp) -> Result<(), Stuck> {
        let Some(execution) = self.executions.get_mut(number) else {
            return Ok(());
        };
        let next = execution.next.as_mut();
        let cursor: Cursor = field(next.as_deref().unwrap_or(&Value::Null), "cursor")?;
        let Some(Pending::Action(attempts)) = cursor.pending else {
            return Err(Stuck::Command(format!("{} is called by no step", action.spec())));
        };
        let run = &execution.input.run;
        let store = &self.store;
        let interventions = self.interventions.iter().filter(|intervention| {
            store.with(|tables| {
                let definition = tables.definition(&run.workflow);
                definition.is_some_and(|it| intervention.is_about(it, &cursor.lane, &attempts.step))
            })
        });
        let performed = self
            .performer
            .perform(action, input, attempts.attempt, interventions, now)
            .await;
        let Performed {
            result,
            requests,
            made_up,
        } = performed;
        if let Some(next) = next.and_then(Value::as_object_mut) {
            next.insert("result".to_owned(), answer(result));
        }
        let lane = LaneKey {
            run: run.id.clone(),
            lane: cursor.lane,
        };
        if !made_up.is_empty() {
            let remark = format!("made up in the answer: {}", made_up.join(", "));
            self.store.with(|tables| tables.remark(&lane, &attempts.step, remark));
        }
        let of_attempt = self.requests.entry((lane, attempts.step, attempts.attempt));
        match attempts.job {
            None => *of_attempt.or_default() = requests,
            // Looks belong to the attempt that has started what they look at.
            Some(_) => of_attempt.or_default().extend(requests),
        }
        Ok(())
    }

    /// A Plan that is not made ends its execution. The execution that started it finds how the lane stands.
    async fn plan_failed(&mut self, number: usize, error: &TaskError, now: Timestamp) -> Result<(), Stuck> {
        if let Some(execution) = self.executions.get(number).filter(|it| it.input.part.is_none()) {
            let end = OutsideEnd {
                input: &execution.input,
                execution: &execution.name,
                started_at: execution.started_at,
                ended_at: now,
                failure: error.failure(),
            };
            let ended = self.store.end_from_outside(&end).await;
            ended.map_err(|error| Stuck::Command(error.to_string()))?;
        }
        self.ended(number, now);
        Ok(())
    }

    fn ended(&mut self, number: usize, now: Timestamp) {
        let Some(parent) = self.executions.get(number).and_then(|execution| execution.parent) else {
            return;
        };
        let Some(waiting) = self.executions.get_mut(parent) else {
            return;
        };
        waiting.children = waiting.children.saturating_sub(1);
        if waiting.children == 0 {
            self.enqueue(parent, now);
        }
    }
}

/// An execution that another one starts.
#[derive(serde::Deserialize)]
struct Child {
    name: String,
    input: RunInput,
}

impl Execution {
    /// The message of the state machine to the runner: the input with the answer of the last Plan in it, and the execution.
    fn payload(&self, now: Timestamp) -> Result<Value, Stuck> {
        let mut state = serde_json::to_value(&self.input).map_err(|error| Stuck::Command(error.to_string()))?;
        if let (Some(state), Some(next)) = (state.as_object_mut(), &self.next) {
            state.insert("next".to_owned(), next.clone());
        }
        Ok(json!({
            "execution": { "arn": self.name, "started_at": self.started_at },
            "entered_at": now,
            "state": state,
        }))
    }
}

/// The result of the state of an action.
fn answer(result: Result<action::Answer, Failure>) -> Value {
    match result {
        Ok(answer) => json!({ "output": answer.payload() }),
        Err(failure) => {
            let cause = json!({ "errorType": failure.name, "errorMessage": failure.to_text() });
            json!({ "Error": failure.name, "Cause": cause.to_string() })
        }
    }
}

fn field<T: serde::de::DeserializeOwned>(value: &Value, name: &str) -> Result<T, Stuck> {
    let field = value.get(name).cloned().unwrap_or_default();
    serde_json::from_value(field).map_err(|error| Stuck::Command(format!("{name}: {error}")))
}
