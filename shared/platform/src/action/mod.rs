//! The shared part of the functions of actions: reading the input, and acting on the right account.
//!
//! # Layout
//! - `input` — the input of a call, checked before anything is sent.
//! - `call` — a call from its begin to its end: the link of its approval, and its line in the log.
//! - `way` — the way to a system.
//! - `pagerduty` — the actions of PagerDuty.
//! - `connectors` — the actions of all connectors.
//!
//! A function of one action names the code of that action itself, so nothing here that is shared knows the code of any.

mod call;
mod connectors;
mod input;
mod pagerduty;
mod way;

pub use self::{
    call::{APPROVAL, MessageAbout},
    connectors::Connectors,
    input::input_of,
    pagerduty::PagerDuty,
};

/// A function cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);
