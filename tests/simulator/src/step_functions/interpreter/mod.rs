//! One execution: walks from state to state.

mod choice;
mod data;
mod map;
mod task;
mod wait;

use super::{
    context::Context,
    definition::{Catcher, Machine, Map, State, Task, Transition},
    execution::{Data, ExecutionArn, Identity, LimitViolation},
    failure::{self, TaskFailure},
    history::{EventKind, StateType},
    ledger::{Ended, Ending, ExecutionId, Ledger, Start},
    limits::EXECUTION_DURATION,
    outside::BoxFuture,
    panics,
    retry::Retries,
    service::StartError,
};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// Starts an execution, or finds the one that runs under this name with this input.
pub(super) fn start(
    ledger: &Arc<Ledger>,
    name: &str,
    input: Value,
    parent: Option<&ExecutionArn>,
) -> Result<ExecutionId, StartError> {
    let start = ledger.start(name, input, parent)?;
    if let Start::New(id) = start {
        let run = Run {
            identity: ledger.identity(id),
            ledger: Arc::clone(ledger),
            id,
        };
        // It cannot fail: an execution that has ended before its first event is driven nowhere.
        let _ = run.event(EventKind::ExecutionStarted, "");
        tokio::spawn(async move {
            if let Err(message) = panics::caught(run.drive()).await {
                run.ledger.panic(message);
            }
        });
    }
    Ok(start.id())
}

/// An execution that runs.
struct Run {
    ledger: Arc<Ledger>,
    id: ExecutionId,
    identity: Arc<Identity>,
}

/// The reason states are walked no further.
enum Halt {
    /// A state failed, and nothing caught it.
    Failed(TaskFailure),
    /// The execution has ended.
    Ended,
}

impl From<Ended> for Halt {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

impl From<TaskFailure> for Halt {
    fn from(failure: TaskFailure) -> Self {
        Self::Failed(failure)
    }
}

/// Where states are walked: the execution itself, or an iteration of a Map.
#[derive(Default)]
struct Frame {
    /// The state that is being visited.
    current: Mutex<Option<(StateType, String)>>,
}

impl Frame {
    fn at(&self, state: Option<(StateType, String)>) -> Option<(StateType, String)> {
        std::mem::replace(&mut self.current.lock().unwrap_or_else(PoisonError::into_inner), state)
    }
}

/// One visit to a state: what stays the same over its retries.
struct Visit<'a> {
    run: &'a Run,
    name: &'a str,
    kind: StateType,
    entered_at: jiff::Timestamp,
}

/// What a visit leads to.
enum Step<'a> {
    Next(&'a str, Value),
    End(Value),
}

impl Run {
    async fn drive(&self) {
        let definition = &self.ledger.definition;
        let frame = Frame::default();
        let ending = tokio::select! {
            biased;
            () = self.ledger.ended(self.id) => return,
            () = self.ledger.clock.sleep_until(self.identity.started_at + EXECUTION_DURATION) => {
                self.ledger.violated(self.id, LimitViolation::Duration);
                Ending::TimedOut
            }
            end = self.walk(&definition.machine, self.identity.input.clone(), &frame) => match end {
                Ok(output) => Ending::Succeeded(output),
                Err(Halt::Failed(failure)) => Ending::Failed(failure),
                Err(Halt::Ended) => return,
            },
        };
        self.ledger.end(self.id, ending);
    }

    /// Walks the states from the first to an end.
    fn walk<'a>(&'a self, machine: &'a Machine, input: Value, frame: &'a Frame) -> BoxFuture<'a, Result<Value, Halt>> {
        Box::pin(async move {
            let mut name = machine.start_at.as_str();
            let mut data = input;
            loop {
                let state = machine
                    .states
                    .get(name)
                    .ok_or_else(|| TaskFailure::runtime(name, "There is no such state."))?;
                let visit = Visit {
                    run: self,
                    name,
                    kind: state.kind(),
                    entered_at: self.ledger.clock.now(),
                };
                frame.at(Some((visit.kind, name.to_owned())));
                visit.event(EventKind::StateEntered(visit.kind))?;
                match visit.state(state, data).await? {
                    Step::Next(next, output) => (name, data) = (next, output),
                    Step::End(output) => return Ok(output),
                }
            }
        })
    }

    fn event(&self, kind: EventKind, state: &str) -> Result<(), Ended> {
        self.ledger.event(self.id, kind, state, None)
    }

    /// A failure with its texts cut as AWS cuts them.
    fn cut(&self, failure: &TaskFailure) -> TaskFailure {
        let cut = failure.clone().cut();
        if cut.error != failure.error {
            self.ledger.violated(self.id, LimitViolation::ErrorCut);
        }
        if cut.cause != failure.cause {
            self.ledger.violated(self.id, LimitViolation::CauseCut);
        }
        cut
    }
}

impl<'a> Visit<'a> {
    fn event(&self, kind: EventKind) -> Result<(), Ended> {
        self.run.event(kind, self.name)
    }

    fn context(&self) -> Context<'_> {
        Context {
            execution: &self.run.identity,
            state: self.name,
            entered_at: self.entered_at,
            token: None,
        }
    }

    fn runtime(&self, cause: impl std::fmt::Display) -> TaskFailure {
        TaskFailure::runtime(self.name, cause)
    }

    async fn state(&self, state: &'a State, input: Value) -> Result<Step<'a>, Halt> {
        let context = self.context();
        match state {
            State::Task(task) => self.attempts(task, input, &context).await,
            State::Map(map) => {
                let output = self.map_state(map, &input, &context).await?;
                self.exit(&map.next, output)
            }
            State::Choice(choice) => {
                self.measured(Data::Input, &input)?;
                let next = self.choose(choice, &input, &context)?;
                self.event(EventKind::StateExited(self.kind))?;
                Ok(Step::Next(next, input))
            }
            State::Wait(wait) => {
                self.measured(Data::Input, &input)?;
                self.wait(wait, &input, &context).await?;
                self.exit(&wait.next, input)
            }
            State::Pass(pass) => {
                self.measured(Data::Input, &input)?;
                let output = self.pass(pass, input)?;
                self.exit(&pass.next, output)
            }
            State::Succeed { output } => {
                self.measured(Data::Input, &input)?;
                let output = self.find(output, &input, &context)?;
                self.exit(&Transition::End, output)
            }
            State::Fail { error, cause } => {
                self.measured(Data::Input, &input)?;
                let failure = TaskFailure {
                    error: self.text(error, &input, &context)?,
                    cause: self.text(cause, &input, &context)?,
                };
                Err(Halt::Failed(self.run.cut(&failure)))
            }
        }
    }

    fn exit<'b>(&self, transition: &'b Transition, output: Value) -> Result<Step<'b>, Halt> {
        self.event(EventKind::StateExited(self.kind))?;
        Ok(match transition {
            Transition::Next(next) => Step::Next(next, output),
            Transition::End => Step::End(output),
        })
    }

    /// Tries a Task until it succeeds, is caught, or fails.
    async fn attempts(&self, task: &'a Task, input: Value, context: &Context<'_>) -> Result<Step<'a>, Halt> {
        let mut retries = Retries::new(&task.handlers.retry);
        loop {
            let failure = match self.attempt(task, &input, context).await {
                Ok(output) => return self.exit(&task.next, output),
                Err(Halt::Ended) => return Err(Halt::Ended),
                Err(Halt::Failed(failure)) => self.run.cut(&failure),
            };
            if let Some(delay) = retries.next(&failure.error, || (self.run.ledger.outside.jitter)()) {
                tokio::time::sleep(delay).await;
                self.run.ledger.retried(self.run.id);
                continue;
            }
            return self.catch(&task.handlers.catch, failure, input);
        }
    }

    async fn attempt(&self, task: &Task, input: &Value, context: &Context<'_>) -> Result<Value, Halt> {
        self.measured(Data::Input, input)?;
        self.task(task, input, context).await
    }

    async fn map_state(&self, map: &Map, input: &Value, context: &Context<'_>) -> Result<Value, Halt> {
        self.measured(Data::Input, input)?;
        let end = self.map(map, input, context).await;
        // Recorded on AWS: a Map that fails for its own paths has no such event.
        if matches!(&end, Err(Halt::Failed(failure)) if failure.error != failure::RUNTIME) {
            self.event(EventKind::MapStateFailed)?;
        }
        end
    }

    fn catch(&self, catchers: &'a [Catcher], failure: TaskFailure, input: Value) -> Result<Step<'a>, Halt> {
        let catcher = catchers
            .iter()
            .find(|catcher| catcher.errors.iter().any(|name| failure::takes(name, &failure.error)));
        let Some(catcher) = catcher else {
            return Err(Halt::Failed(failure));
        };
        let output = self.placed(&catcher.result_place, input, failure.error_output())?;
        self.measured(Data::Output, &output)?;
        self.event(EventKind::StateExited(self.kind))?;
        Ok(Step::Next(&catcher.next, output))
    }
}
