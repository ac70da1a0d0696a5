//! The actions of Pagerflow in PagerDuty, each so that a repeat does no harm.
//!
//! Every input carries what the repeat of an action is recognised by. `idempotency_key` is the same for every attempt
//! at one effect; inside a run it is the step's effect key. `attempt` counts from 1 and tells whether an earlier attempt
//! may have left something behind; where it is missing, one may. `deadline` is when the action has to be over.
//!
//! An action does not wait and does not repeat: it makes the requests that one attempt needs and says in its error
//! whether another attempt makes sense. Who calls it waits.

//!
//! # Layout
//! - a module for each action, with its contract, its input, its output and `run`; [`lists`] has those that list something and
//!   [`alerts`] those of the Events API
//! - [`registry`](Action) has a line for each
//! - `contract`, `output` and `call` have what is the same for many of them
//! - `deadline` and [`note`] have what makes a repeat harmless in many of them; the rest is told where it is done

pub mod acknowledge_incident;
pub mod add_note;
pub mod add_responders;
pub mod alerts;
mod call;
mod contract;
pub mod create_incident;
pub mod escalate_incident;
pub mod get_incident;
pub mod lists;
pub mod merge_incidents;
pub mod note;
mod output;
pub mod post_status_update;
pub mod reassign_incident;
mod registry;
pub mod resolve_incident;
pub mod run_incident_workflow;
pub mod set_custom_fields;
pub mod snooze_incident;
pub mod title;
pub mod update_incident;

pub use output::IncidentOutput;
pub use registry::{Action, Performer, catalog};
