//! What touches AWS, and what ties the workflow language to PagerDuty.
//!
//! # Layout
//! - [`action`] — what the functions of actions share.
//! - [`settings`] — settings from environment variables, all problems at once.
//! - [`aws`] — the SDK's configuration, built by hand for a fast start.
//! - [`telemetry`] — logs.
//! - [`metrics`] — measurements, as lines of the log that CloudWatch makes metrics of.
//! - [`approvals`] — deciding about approvals.
//! - [`approval_links`] — the links by which people decide about approvals.
//! - [`api_key`] — the keys that senders of webhooks present.
//! - [`awaited`] — events of incidents that workflows wait for.
//! - [`intake`] — what becomes of an authentic delivery: ignored, or the input of a run.
//! - `catalog` — the actions of all systems, for whoever checks definitions that people write. No function does, so it is a feature.
//! - [`body`] — the compressed form of a delivery's body.
//! - [`cost`] — the cost of a run, as a model.
//! - [`table`] — the DynamoDB table: workflows, API keys, integrations, the journal of the runs.
//! - [`secrets`] — Secrets Manager and the cache before it.
//! - [`executions`] — starting a run with Step Functions.
//! - [`run_end`] — ends of runs that no Plan wrote.
//! - [`wake`] — waking lanes that wait.
//! - [`start_buffer`] — the queue of runs that wait for Step Functions, and of events that runs wait for.
//! - [`schedules`] — the schedules of workflows, and the message that one is due.
//! - [`dead_letters`] — the queue of authentic deliveries that cannot be read.
//! - [`delivery_log`] — what the log of the ingress tells of deliveries.
//! - [`task`] — errors as Step Functions and people see them.

pub mod action;
pub mod api_key;
pub mod approval_links;
pub mod approvals;
pub mod awaited;
pub mod aws;
pub mod body;
#[cfg(any(test, feature = "catalog"))]
mod catalog;
pub mod cost;
pub mod dead_letters;
pub mod delivery_log;
pub mod executions;
pub mod intake;
pub mod metrics;
pub mod run_end;
pub mod schedules;
#[cfg(test)]
mod scripted;
pub mod secrets;
pub mod settings;
pub mod start_buffer;
pub mod table;
pub mod task;
pub mod telemetry;
pub mod wake;

#[cfg(any(test, feature = "catalog"))]
pub use catalog::catalog;
