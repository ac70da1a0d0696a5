//! By what the ingress reaches the world.

use platform::{
    dead_letters::{DeadLetters, SqsDeadLetters},
    executions::{Executions, StateMachine},
    secrets::{SecretStore, SecretsManager},
    start_buffer::{SqsStartBuffer, StartBuffer},
    table::{Bodies, Table, TriggerSource},
};

/// By what the ingress reaches the world: one set of types for AWS, and one for each test and simulation.
pub trait Ports {
    /// Where workflows and API keys are read.
    type Triggers: TriggerSource;
    /// Where the secrets are read with which PagerDuty signs.
    type Secrets: SecretStore;
    /// What starts runs.
    type Executions: Executions;
    /// Where runs wait that Step Functions does not start.
    type StartBuffer: StartBuffer;
    /// Where large bodies go.
    type Bodies: Bodies;
    /// Where unreadable deliveries go.
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
