//! What the interpreter asks of the world around it.

use super::{execution::ExecutionArn, failure::TaskFailure, history::HistoryEvent, status_change::StatusChange};
use serde_json::Value;
use std::{fmt, pin::Pin, sync::Arc};

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The Lambda functions of the account.
pub trait Lambdas: Send + Sync {
    /// Invokes the function with the ARN `function`. The future is dropped where it stands when the Task times out or the
    /// execution ends; a real function would run on, so one that is to do so has to be a task of its own.
    fn invoke<'a>(&'a self, function: &'a str, payload: Value) -> BoxFuture<'a, Result<Value, TaskFailure>>;
}

/// Who is told of executions. Called at once, in the order in which things happen; whatever delays, doubles or loses a status
/// change on its way belongs to the observer.
pub trait Observer: Send + Sync {
    /// An execution started or ended.
    fn status_changed(&self, change: &StatusChange) {
        let _ = change;
    }

    /// An event was added to a history.
    fn history_event(&self, event: &HistoryEvent) {
        let _ = event;
    }
}

/// Faults of the Step Functions service itself.
pub trait Faults: Send + Sync {
    /// What goes wrong when `parent` starts the child execution `name`. Asked once for each attempt.
    fn child_start(&self, parent: &ExecutionArn, name: &str) -> Option<ChildStartFault> {
        let _ = (parent, name);
        None
    }

    /// True if the attempt to stop `child`, made because its parent was stopped, is lost.
    fn child_stop_is_lost(&self, child: &ExecutionArn) -> bool {
        let _ = child;
        false
    }
}

/// What goes wrong when a child execution starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChildStartFault {
    /// It does not start. [`TaskFailure::throttled`] is the usual reason.
    Refused(TaskFailure),
    /// It starts, but the Task fails; the execution knows nothing of its child, and does not stop it.
    AnswerLost(TaskFailure),
}

/// The table, as far as the state machine itself writes to it.
pub trait Items: Send + Sync {
    /// `UpdateItem` with these parameters.
    fn update<'a>(&'a self, execution: &'a ExecutionArn, parameters: Value) -> BoxFuture<'a, Result<(), TaskFailure>> {
        let _ = (execution, parameters);
        Box::pin(async { Ok(()) })
    }
}

/// Nobody is told, and nothing goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Observer for Nobody {}
impl Faults for Nobody {}
impl Items for Nobody {}

/// The random part of a retry's delay with full jitter: a number from 0 up to 1.
pub type Jitter = dyn Fn() -> f64 + Send + Sync;

/// The world around the interpreter.
#[derive(Clone)]
pub struct Outside {
    /// The functions that Tasks invoke.
    pub lambdas: Arc<dyn Lambdas>,
    /// Who is told of executions.
    pub observer: Arc<dyn Observer>,
    /// The table.
    pub items: Arc<dyn Items>,
    /// What goes wrong in Step Functions.
    pub faults: Arc<dyn Faults>,
    /// The randomness of retries.
    pub jitter: Arc<Jitter>,
}

impl Outside {
    /// A world with functions, in which nobody is told of executions, nothing goes wrong, and a retry with jitter waits for
    /// half of its delay.
    pub fn of(lambdas: impl Lambdas + 'static) -> Self {
        Self {
            lambdas: Arc::new(lambdas),
            observer: Arc::new(Nobody),
            items: Arc::new(Nobody),
            faults: Arc::new(Nobody),
            jitter: Arc::new(|| 0.5),
        }
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").finish_non_exhaustive()
    }
}
