//! The stable names of errors.
//!
//! A name is a promise: Retry and Catch of a state machine, `steps.<id>.error.name` in a workflow and people's searches match
//! on it. A name is never renamed; what happened in the single case stands in the message.
//!
//! # Layout
//! - here — the names of our own errors.
//! - `system` — errors of the systems that actions ask, and [`NamedError`], which is of either kind.
//! - `remedy` — what to do about each.

#[cfg(test)]
mod manual;
mod remedy;
mod system;

pub use remedy::{needs_another_version, remedy};
pub use system::{NamedError, SystemError, SystemName};

use std::fmt;

/// The conclusion that the planner may draw from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The same call would fail again. The step has failed.
    Permanent,
    /// The system knows no such thing: the step has failed, unless the id is so new that the system may not know it yet.
    NotFound,
    /// Nothing was done, and a later call may succeed.
    Transient,
    /// Nothing was done, because the system asks to be left alone for a while.
    RateLimited,
    /// The call went out and no answer came back: it may or may not have been done.
    UnknownOutcome,
}

impl FailureClass {
    /// True if it may pass by itself.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self {
            Self::Transient | Self::RateLimited | Self::UnknownOutcome => true,
            Self::Permanent | Self::NotFound => false,
        }
    }
}

/// The source of an error's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The function of an action.
    Action,
    /// The planner, or workflow-runner around it.
    Runner,
    /// Either of them.
    ActionOrRunner,
    /// The state machine itself.
    StateMachine,
}

macro_rules! error_names {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal, $class:ident, $source:ident;)*) => {
        /// The stable name of an error of ours.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorName { $($(#[doc = $doc])* $variant,)* }

        impl ErrorName {
            /// All names.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as it is matched on.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The conclusion that the planner may draw from it.
            #[must_use]
            pub const fn class(self) -> FailureClass {
                match self { $(Self::$variant => FailureClass::$class,)* }
            }

            /// The source of the error.
            #[must_use]
            pub const fn source(self) -> Source {
                match self { $(Self::$variant => Source::$source,)* }
            }

            /// The cause, in a sentence or two.
            #[must_use]
            pub const fn cause(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)*).trim_ascii_start(),)* }
            }
        }
    };
}

error_names! {
    /// There is no integration of that alias.
    IntegrationNotFound = "Integration.NotFound", Permanent, Action;
    /// The secret of the integration cannot be used: deleted, empty or malformed.
    IntegrationInvalid = "Integration.Invalid", Permanent, Action;
    /// Secrets Manager could not be reached and nothing is cached.
    IntegrationUnavailable = "Integration.Unavailable", Transient, Action;
    /// The input of an action is not what the action takes.
    InputInvalid = "Input.Invalid", Permanent, ActionOrRunner;
    /// A template or an expression could not be evaluated.
    TemplateError = "Template.Error", Permanent, Runner;
    /// The attempt began after its deadline, because the call to it was held up, and did nothing.
    StepDeadlineExceeded = "Step.DeadlineExceeded", Transient, Action;
    /// The step's `timeout` passed.
    StepTimedOut = "Step.TimedOut", Permanent, Runner;
    /// A step of the kind `fail` was come to.
    StepFailed = "Step.Failed", Permanent, Runner;
    /// An output that a step refers to was too large to be kept.
    StepOutputTooLarge = "Step.OutputTooLarge", Permanent, Runner;
    /// One or more lanes of a `parallel` or a `for_each` failed, or a round of a `repeat`.
    LaneFailed = "Lane.Failed", Permanent, Runner;
    /// The execution of a lane ended from outside as often as it was started again.
    LaneLost = "Lane.Lost", Permanent, Runner;
    /// The lane was cancelled because another lane of the same step failed.
    LaneCancelled = "Lane.Cancelled", Permanent, Runner;
    /// Too many runs wait for the same concurrency key.
    RunQueueFull = "Run.QueueFull", Permanent, Runner;
    /// The run was cancelled.
    RunCancelled = "Run.Cancelled", Permanent, Runner;
    /// The execution of the run ended from outside: it was stopped, or Step Functions could not go on with it.
    RunAborted = "Run.Aborted", Permanent, Runner;
    /// The run that a step started failed.
    RunFailed = "Run.Failed", Permanent, Runner;
    /// The run's deadline passed.
    RunDeadlineExceeded = "Run.DeadlineExceeded", Permanent, Runner;
    /// The run was started by an incident that runs of ours had led to, too many of them one after another.
    RunLoopStopped = "Run.LoopStopped", Permanent, Runner;
    /// Another execution holds this run; this one stops.
    RunSuperseded = "Run.Superseded", Permanent, Runner;
    /// The planner gave a command that the deployed state machine does not know.
    RunUnknownCommand = "Run.UnknownCommand", Permanent, StateMachine;
    /// The event that started the run cannot be read any more.
    EventUnreadable = "Event.Unreadable", Permanent, Runner;
    /// The version of the workflow that the run is pinned to does not exist.
    WorkflowNotFound = "Workflow.NotFound", Permanent, Runner;
    /// The stored definition of the workflow cannot be read by this release.
    WorkflowInvalid = "Workflow.Invalid", Permanent, Runner;
    /// DynamoDB could not be reached or refused the call.
    StoreUnavailable = "Store.Unavailable", Transient, Runner;
}

impl ErrorName {
    /// The name that `text` is, if it is one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.as_str() == text)
    }
}

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
