//! The shared part of the functions of actions: reading the input, and acting on the right account.
//!
//! # Layout
//! - `input` — the input of a call, checked before anything is sent.
//! - `call` — a call from its begin to its end: the link of its approval, and its line in the log.
//! - `requests` — taking note of the requests of a call.
//! - `outputs` — the part of an answer that a run gets.
//! - `reach` — the settings of a function that asks other systems.
//! - `way` — the way to a system.
//! - `pagerduty` — the actions of PagerDuty.
//! - `connectors` — the actions of all connectors; `own` — those of connectors that come with the call.
//! - `aws` — the actions on AWS.
//!
//! A function of one action names the code of that action itself, so nothing here that is shared knows the code of any.

mod aws;
mod call;
mod connectors;
mod input;
mod outputs;
mod own;
mod pagerduty;
mod reach;
mod requests;
mod way;

pub use self::{
    aws::AwsAccounts,
    call::{APPROVAL, MessageAbout},
    connectors::Connectors,
    input::{input_of, not_performed},
    pagerduty::PagerDuty,
};

/// A function cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);
