//! The table: the shipped code of the journal, of workflows and of bodies over items in memory, in virtual time.
//!
//! The items are those of `platform::table::items::Memory`, under the conditions that DynamoDB gets. Only the way to them is
//! simulated. A call can be refused, slow, or unanswered, and a write can be done after its caller gave up. A
//! transaction can meet another one (a conflict) or a throttled index. Whether a read sees the last write is asked of the table,
//! kind by kind (`Read::consistency`), and the index of open runs is behind now and then. Whatever DynamoDB would refuse for
//! good, because the request itself is wrong, is kept as a mistake, which no simulation may have.
//!
//! A witness notes each write of the journal that was done, in the words of the planner. The invariants are checked on its notes,
//! and these against what people read of the items.
//!
//! # Layout
//! - `service`: the table, and what is done to it without a function.
//! - `way`: the way to the items and back.
//! - `tables`: what the witness knows.
//! - `log`: every change, in order.

mod log;
mod service;
mod tables;
mod way;

#[cfg(test)]
mod tests;

pub use log::{Change, Logged};
pub use service::{Store, Views};
pub use tables::{LaneItem, Question, RunItem, StepItem, Tables};
pub use way::{Contended, StoreFault, StoreOdds};
