//! Actions on other systems over HTTP. Each system is a connector: one YAML file that says how to prove who asks, what its actions take
//! and give, and what a repeat of them would do. `docs/connectors.md` is the reference of the format.
//!
//! Nothing here knows AWS, and nothing reads a clock or opens a connection on its own account: secrets, the time of day and the network
//! are passed in.
//!
//! # Layout
//! - `connector` — a connector that was read, its actions, and the specs of them for the language of workflows.
//! - `format` — from a YAML file to a connector, with the place of each problem.
//! - `integration`, `account`, `host` — the fields of an account on a system, its secret, and the hosts that the secret is sent to.
//! - `call` — one attempt at an action.
//! - `error` — the reason that it failed, under stable names.
//! - [`openapi`] — drafts of connectors from OpenAPI documents.
//! - `catalogue` — the connectors that come with the program.

mod account;
mod call;
mod catalogue;
mod connector;
mod error;
mod format;
mod host;
mod integration;
mod name;
pub mod openapi;

pub use account::{Account, InvalidAccount};
pub use call::{AccessTokens, Asked, Call, HIDDEN, Performed, Preview, perform, preview};
pub use catalogue::{shipped, shipped_connector, shipped_source};
pub use connector::{Action, Choices, Connector};
pub use error::{Error, Failure, Refusal, Subject};
pub use host::{HostPattern, InvalidHost};
pub use integration::{FieldType, IntegrationField, IntegrationType, SIGNING_SECRET, STORED};
pub use name::{ConnectorName, InvalidName};
