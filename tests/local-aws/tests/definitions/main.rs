//! What `template.yaml` and `statemachine/workflow.asl.json` promise.
//!
//! The local AWS enforces some of it too late, and some not at all: it does not look at `dynamodb:LeadingKeys`, at the
//! role of a state machine, at `TimeoutSecondsPath` or at resource policies.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "Clippy exempts the tests themselves, but not the functions that they share"
)]

mod files;
mod partitions;
mod runbook;
mod state_machine;
mod template;
