//! What Pagerflow does in PagerDuty, each so that a repeat does no harm.
//!
//! Every input carries what the repeat of an action is recognised by. `idempotency_key` is the same for every attempt
//! at one effect; inside a run it is the step's effect key. `attempt` counts from 1 and tells whether an earlier attempt
//! may have left something behind; where it is missing, one may. `deadline` is when the action has to be over.
//!
//! An action does not wait and does not repeat: it makes the requests that one attempt needs and says in its error
//! whether another attempt makes sense. Who calls it waits.

pub mod create_incident;
mod deadline;
pub mod resolve_incident;
pub mod title;
