//! Errors of the command, each with a remedy.

use platform::{aws::AwsFailure, secrets::SecretError};
use std::{io, path::PathBuf};
use workflow::ids::IntegrationAlias;

impl From<connectors::Error> for Error {
    fn from(error: connectors::Error) -> Self {
        Self::System(Box::new(error))
    }
}

/// The reason a command did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such stack.
    #[error("there is no stack {name}")]
    NoStack { name: String },
    /// The stack was not looked up.
    #[error("the stack {name} could not be looked up: {cause}")]
    CloudFormation {
        /// The stack's name.
        name: String,
        /// The reason.
        #[source]
        cause: AwsFailure,
    },
    /// The stack lacks an output.
    #[error("the stack {name} has no output {output}; is it a stack of this release?")]
    NoOutput { name: String, output: &'static str },
    /// A file could not be read.
    #[error("{path} could not be read: {cause}")]
    File {
        path: PathBuf,
        /// The reason.
        cause: io::Error,
    },
    /// A secret could not be read from the terminal or standard input.
    #[error("the secret could not be read: {0}\nGive it on standard input, or in a file.")]
    SecretInput(io::Error),
    /// A question could not be asked.
    #[error("the question could not be asked: {0}")]
    Question(#[source] io::Error),
    /// Output could not be written.
    #[error("the result could not be printed: {0}")]
    Print(#[from] io::Error),
    /// A result could not be written as JSON.
    #[error("the result could not be printed as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A thing that does not exist.
    #[error("{0}")]
    NotFound(String),
    /// A secret was refused.
    #[error("{0}")]
    Secret(String),
    /// Definitions do not check.
    #[error("{0}")]
    Invalid(String),
    /// The table.
    #[error(transparent)]
    Store(#[from] platform::table::StoreError),
    /// A workflow was not applied.
    #[error(transparent)]
    Apply(#[from] platform::table::ApplyError),
    /// A connector was not added or removed.
    #[error(transparent)]
    ChangeConnector(#[from] platform::table::ConnectorChangeError),
    /// A workflow was not enabled, disabled or deleted.
    #[error(transparent)]
    ChangeState(#[from] platform::table::StateError),
    /// A run was not started.
    #[error(transparent)]
    Start(#[from] platform::executions::StartError),
    /// Step Functions did not tell about an execution.
    #[error(transparent)]
    Describe(#[from] platform::executions::DescribeError),
    /// A run cannot be replayed so.
    #[error(transparent)]
    Replay(#[from] workflow::replay::ReplayError),
    /// A workflow has no step or lane of a name.
    #[error(transparent)]
    Step(#[from] workflow::step_name::UnknownName),
    /// PagerDuty did not do as it was asked.
    #[error("{what}: {cause}.")]
    PagerDuty {
        /// The operation that failed.
        what: String,
        /// The cause, and the remedy.
        cause: Box<pagerduty::Error>,
    },
    /// PagerDuty cannot be asked at all.
    #[error("PagerDuty cannot be asked: {0}")]
    PagerDutyClient(String),
    /// A system did not do as it was asked.
    #[error("{0}.")]
    System(Box<connectors::Error>),
    /// The system of a connector cannot be asked at all.
    #[error("the systems of connectors cannot be asked: {0}")]
    Systems(String),
    /// The resources of a stack were not looked up.
    #[error("the resources of the stack {name} could not be looked up: {cause}")]
    Resources {
        /// The stack's name.
        name: String,
        /// The reason.
        #[source]
        cause: AwsFailure,
    },
    /// The stored part of an integration cannot be used.
    #[error("integration {alias}: {}", .cause.told_with(&format!("pagerflow integration set-token {alias}")))]
    Unusable {
        alias: IntegrationAlias,
        /// The reason.
        #[source]
        cause: SecretError,
    },
    /// A webhook subscription was not made.
    #[error(transparent)]
    NotSubscribed(#[from] crate::webhook::NotMade),
    /// The secret of an integration was not read or changed.
    #[error(transparent)]
    ChangeSecret(#[from] platform::secrets::ChangeError),
    /// EventBridge Scheduler did not do as it was asked.
    #[error(transparent)]
    Scheduler(#[from] platform::schedules::SchedulerError),
    /// The schedule of a workflow does not follow the table.
    #[error(transparent)]
    NotFollowed(crate::schedules::NotFollowed),
    /// The secret of an integration was not removed.
    #[error(transparent)]
    RemoveSecret(#[from] platform::secrets::RemoveError),
}
