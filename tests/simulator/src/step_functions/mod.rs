//! AWS Step Functions, as far as the shipped state machine uses it: an interpreter of its definition in virtual time.
//!
//! All waiting is done on the clock of a tokio runtime with one thread and paused time, so that a year's wait takes no time,
//! and every execution is a task of that runtime. The same definition, inputs and outside world give the same sequence of
//! events at the same times.
//!
//! ```ignore
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! runtime.block_on(async {
//!     let service = StepFunctions::new(StateMachineArn::of("pagerflow"), definition, clock, Outside::of(lambdas));
//!     let arn = service.start_execution("run-1", input)?;
//!     let execution = service.ended(&arn).await;
//! });
//! ```
//!
//! # Layout
//! - [`Definition`]: the parts of the Amazon States Language that are simulated. Everything else is refused, so that the
//!   shipped file cannot begin to use what nobody simulates.
//! - [`StepFunctions`]: the service's API.
//! - [`Outside`]: the world that is passed in: functions, an observer, faults, randomness.
//! - [`limits`]: what AWS allows.
//! - `interpreter`: one execution.
//! - `ledger`: what all executions share.
//!
//! # Sources
//! The rules are those of the Amazon States Language and of AWS's developer guide. Where these leave a question open, the
//! answer comes from real executions that LocalStack's tests recorded on AWS, and the code says so. Not played: throttled
//! `StartExecution` calls from outside (the caller plays them), redrives, versions and aliases.

mod clock;
mod context;
mod definition;
mod execution;
mod failure;
mod history;
mod interpreter;
mod ledger;
pub mod limits;
mod outside;
mod panics;
mod path;
mod retry;
mod service;
mod status_change;
mod template;

#[cfg(test)]
mod tests;

pub use clock::Clock;
pub use definition::{Definition, Problem, SubstitutionError, Unsupported, substitute};
pub use execution::{Data, Execution, ExecutionArn, LimitViolation, StateMachineArn, Status};
pub use failure::TaskFailure;
pub use history::{EventKind, HistoryEvent, StateType};
pub use outside::{BoxFuture, ChildStartFault, Faults, Items, Jitter, Lambdas, Nobody, Observer, Outside};
pub use path::PathProblem;
pub use service::{AbortError, StartError, StepFunctions, TaskDoesNotExist};
pub use status_change::StatusChange;
