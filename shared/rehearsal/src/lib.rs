//! A whole workflow on one machine: without AWS, without a network and in virtual time.
//!
//! # What is real
//! The runner and the functions of the actions are the shipped ones, called as the state machine calls them. So the steps
//! that are taken, the waits between attempts and the requests to PagerDuty are those that a run on AWS would have. What
//! stands around them is in memory: a journal, a state machine that knows the commands of a Plan, a clock that jumps to
//! the next thing to do, and an account of PagerDuty that accepts whatever it is asked. Actions on other systems are shown with
//! their requests, and what such a system would answer is made up.
//!
//! An action takes no time, and nothing goes wrong by itself. What is to go wrong is said with an [`Intervention`], and
//! what is decided about an approval with an [`Answer`], and what happens to an incident that a run watches with a [`Signal`];
//! without them its time runs out.
//!
//! # Layout
//! - [`Rehearsal`] — what is rehearsed, and for which delivery.
//! - [`Answer`] — decisions about approvals.
//! - [`Signal`] — events of incidents that runs watch.
//! - [`delivery`] — deliveries as they are found in files.
//! - [`report`] — what happened, as a tree of runs, steps, lanes and requests.
//! - `machine` — executions and the virtual clock.
//! - `store` — the journal.
//! - `account` — PagerDuty.
//! - `performer` — the actions, with what is made to go wrong.
//! - `made_up` — the outputs of actions on other systems.

mod account;
mod answer;
pub mod delivery;
mod intervention;
mod machine;
mod made_up;
mod performer;
mod rehearsal;
pub mod report;
mod signal;
mod store;

pub use answer::Answer;
pub use intervention::{Intervention, InvalidIntervention, known_error};
pub use rehearsal::{Rehearsal, RehearsalError, Start};
pub use signal::Signal;
