//! The table in memory, behind the traits that the real one has, with its conditions, in virtual time.
//!
//! What the real table asks of DynamoDB is asked here of plain maps: the fence by number and owner of a lane, one end for each
//! lane and run, the version of a lock. A write is one step in virtual time, as a transaction is. Whatever DynamoDB would
//! refuse for good, because the request itself is wrong, is kept as a mistake, which no simulation may have.
//!
//! Every read of the real table is consistent, so none here is stale. A call can be refused, slow, or unanswered, and a
//! write can be done after its caller was told that it is not known.
//!
//! # Layout
//! - `tables`: the items and what a write does to them.
//! - `service`: the way there and back.
//! - `log`: every change, in order.

mod log;
mod service;
mod tables;

#[cfg(test)]
mod tests;

pub use log::{Change, Logged};
pub use service::{Store, StoreFault, StoreOdds};
pub use tables::{LaneItem, RunItem, StepItem, Tables};
