//! Any operation of the AWS services that are compiled in, as an action: `aws.ecs.update_service`.
//!
//! Each service has a model: its operations, and the members of what they take and give. The models come from botocore
//! (see `models/README.md`). Each is packed on its own and read when it is first asked for, so a call to ECS never unpacks EC2.
//!
//! Nothing here has a network, a clock or credentials. [`Action::request`] gives a request, [`sign`] signs it for a time that it is
//! given, something else sends it, and [`Action::answer`] reads what came back.
//!
//! # Layout
//! - `shipped` — the models, and the first use of each.
//! - [`model`] — the parts of a model, and the form in which it is kept.
//! - `action` — an action: an operation, a wait, or an operation under a face of its own.
//! - `operation` — an operation: its request and its answer.
//! - `wait` — waits for a state, made of questions with an operation.
//! - `face` — operations with names and inputs of their own: `aws.invoke_lambda`, `email.send`.
//! - [`integration`] — integrations with AWS: a role and a region.
//! - `input` — the input of an action, read as the model has it.
//! - `protocol` — how requests are written and answers are read.
//! - `endpoint` — regions, partitions and hosts.
//! - `sign` — signatures.
//! - `assume_role` — credentials of a role.
//! - `pages` — answers in several pages.
//! - `error` — what went wrong, and what that means.
//! - `reads` — the operations that change nothing.
//! - `permissions` — the IAM actions that an operation needs.
//! - `spec` — an operation as an action of the workflow language.
//! - `name`, `time` — names and times as workflows have them.

mod action;
mod assume_role;
mod endpoint;
mod error;
mod face;
mod input;
pub mod integration;
pub mod model;
mod name;
mod operation;
mod pages;
mod permissions;
mod protocol;
mod reads;
mod shipped;
mod sign;
mod spec;
mod time;
mod wait;

pub use action::{Action, Answered, FACES};
pub use assume_role::AssumeRole;
pub use endpoint::{InvalidPlace, Place};
pub use error::{AwsError, Kind};
pub use input::InvalidInput;
pub use name::snake_case;
pub use operation::Operation;
pub use shipped::{operation, operations, services};
pub use sign::{NotSigned, Scope, sign};
pub use spec::{FUNCTION, SYSTEM};
