//! PagerDuty as Pagerflow sees it: models, the REST client, webhook deliveries and the rules of the actions.
//!
//! Nothing here knows AWS, and nothing reads a clock or the environment on its own account: tokens, secrets and the
//! time of day are passed in.
//!
//! # Layout
//! - [`ids`] has ids and addresses that were checked once and may then stand in a URL or a header
//! - [`given`] has the words and numbers that an input may have, and no others
//! - [`reference`](mod@reference) and [`incident`] are what the REST API answers
//! - [`webhook_subscriptions`] lists what gets webhooks
//! - [`json`] reads all JSON that PagerDuty sends
//! - [`webhook`] reads deliveries of both generations into one form and checks their signature
//! - [`client`] makes the requests
//! - [`directory`] lists what a person may choose from
//! - [`account_check`] finds out what an integration can do
//! - [`error`] tells what went wrong, under stable names and with what to do
//! - [`actions`] does things in PagerDuty so that a repeat does no harm

pub mod account_check;
pub mod actions;
pub mod client;
pub mod directory;
pub mod error;
pub mod given;
pub mod ids;
pub mod incident;
pub mod json;
mod lenient;
pub mod reference;
pub mod webhook;
pub mod webhook_subscriptions;

pub use error::Error;

/// The system, as people call it, and as it begins the names of its errors.
pub const SYSTEM: &str = "PagerDuty";

#[cfg(test)]
mod scripted;
