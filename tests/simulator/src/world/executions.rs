//! What Step Functions tells of executions.

use super::chance::Chance;
use crate::step_functions::{Status, StatusChange};
use jiff::Timestamp;
use platform::executions::{
    DescribeError, ExecutionView, ExecutionViews, Executions, FailedExecution, StartError, Started,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use workflow::run::RunInput;

/// The share of the questions that Step Functions does not answer, from 0 to 1.
const UNANSWERED: f64 = 0.05;

/// All executions as they stood when they last changed. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct KnownExecutions {
    known: Arc<Mutex<BTreeMap<String, StatusChange>>>,
    chance: Arc<Chance>,
}

impl KnownExecutions {
    pub(super) fn new(chance: Chance) -> Self {
        Self {
            known: Arc::default(),
            chance: Arc::new(chance),
        }
    }

    /// Takes in a change.
    pub(super) fn changed(&self, change: &StatusChange) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(change.execution_arn.as_str().to_owned(), change.clone());
    }

    /// Looks at all of them, unless Step Functions does not answer.
    fn ask<T>(&self, about: &str, look: impl FnOnce(&BTreeMap<String, StatusChange>) -> T) -> Result<T, DescribeError> {
        if self.chance.happens(UNANSWERED) {
            return Err(DescribeError::new(about, "ThrottlingException".into()));
        }
        Ok(look(&self.known.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn view(change: &StatusChange) -> ExecutionView {
    ExecutionView {
        is_running: change.status == Status::Running,
        status: change.status.to_string(),
        started_at: change.started_at,
        ended_at: change.stopped_at,
        input: Some(change.input.clone()),
        error: change
            .error
            .clone()
            .map(|error| (error, change.cause.clone().unwrap_or_default())),
    }
}

impl ExecutionViews for KnownExecutions {
    async fn execution(&self, arn: &str) -> Result<Option<ExecutionView>, DescribeError> {
        self.ask(arn, |known| known.get(arn).map(view))
    }

    async fn failed_since(&self, since: Timestamp) -> Result<Vec<FailedExecution>, DescribeError> {
        self.ask("executions", |known| {
            let failed = known.iter().filter(|(_, change)| {
                change.started_at >= since
                    && matches!(change.status, Status::Failed | Status::TimedOut | Status::Aborted)
            });
            let failed = failed.map(|(arn, change)| FailedExecution {
                arn: arn.clone(),
                name: change.name.clone(),
            });
            failed.collect()
        })
    }
}

/// The start of runs by the runner. There is none: the simulated ingress tries again itself, and has no start-buffer.
impl Executions for KnownExecutions {
    async fn start(&self, input: &RunInput) -> Result<Started, StartError> {
        Err(StartError::Refused {
            run: input.run.id.clone(),
            cause: "the simulation has no start-buffer".into(),
        })
    }
}
