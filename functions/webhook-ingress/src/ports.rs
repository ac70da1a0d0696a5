//! The services that the ingress needs.

use platform::{
    dead_letters::{DeadLetters, SqsDeadLetters},
    executions::{Executions, StateMachine},
    secrets::{SecretStore, SecretsManager},
    start_buffer::{SqsStartBuffer, StartBuffer},
    table::{Bodies, Table, TriggerSource},
};

/// The services that the ingress needs: one set of types for AWS, and one for each test and simulation.
pub trait Ports {
    /// The source of workflows and API keys.
    type Triggers: TriggerSource;
    /// The source of the secrets with which PagerDuty signs.
    type Secrets: SecretStore;
    /// The starter of runs.
    type Executions: Executions;
    /// The queue of runs that Step Functions does not start, and of events that runs wait for.
    type StartBuffer: StartBuffer;
    /// The store of large bodies.
    type Bodies: Bodies;
    /// The queue of deliveries that cannot be read.
    type DeadLetters: DeadLetters;
}

/// The services of AWS.
#[derive(Debug)]
pub enum Aws {}

impl Ports for Aws {
    type Triggers = Table;
    type Secrets = SecretsManager;
    type Executions = StateMachine;
    type StartBuffer = SqsStartBuffer;
    type Bodies = Table;
    type DeadLetters = SqsDeadLetters;
}
