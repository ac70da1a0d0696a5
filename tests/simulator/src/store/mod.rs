//! The table in memory, behind the traits that the real one has, with its conditions, in virtual time.
//!
//! What the real table asks of DynamoDB is asked here of plain maps: the fence by number and owner of a lane, one end for each
//! lane and run, the version of a lock. A write is one step in virtual time, as a transaction is. Whatever DynamoDB would
//! refuse for good, because the request itself is wrong, is kept as a mistake, which no simulation may have.
//!
//! Whether a read sees the last write is asked of the real table, kind by kind (`Read::consistency`): one that need not may see
//! the state of some seconds ago, as the ingress does, and the index of the open runs is behind now and then. All that a Plan reads
//! must, so only a deliberate break shows the difference there.
//!
//! A call can be refused, slow, or unanswered, and a write can be done after its caller was told that it is not known. A
//! transaction can meet another one (a conflict) or a throttled index; what the reasons mean is the real table's code
//! (`Reason`, `Verdict`).
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
pub use service::{Contended, Store, StoreFault, StoreOdds};
pub use tables::{LaneItem, RunItem, StepItem, Tables};
