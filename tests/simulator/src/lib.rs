//! A simulated world for the shipped code: virtual time, no network, and the same result for the same inputs.
//!
//! A [`Simulation`] is a seed. The seed makes up workflows, events, what people do and what goes wrong; the shipped state
//! machine, handlers and planner run in that world; and in the end it is looked at whether everything is as it must be.
//!
//! # Layout
//! - [`simulation`]: from a seed to a report.
//! - [`workflows`]: random workflows over the whole language.
//! - [`world`]: functions, people, Step Functions and EventBridge with their faults, put together.
//! - [`store`]: the table.
//! - [`mod@pagerduty`]: PagerDuty with latency, faults and a ledger.
//! - [`systems`]: Slack and Jira, on which connectors act.
//! - [`step_functions`]: an interpreter of the shipped state machine.
//! - [`reference`](mod@reference): a second reading of the language, to compare with.
//! - [`invariants`]: what must be true of every simulation.
//! - [`coverage`]: which construct met which fault.

pub mod coverage;
pub mod invariants;
pub mod pagerduty;
pub mod reference;
pub mod simulation;
pub mod step_functions;
pub mod store;
pub mod systems;
pub mod workflows;
pub mod world;

#[cfg(test)]
mod rehearsed;
#[cfg(test)]
mod scenarios;

pub use simulation::{Report, Scenario, Simulation};
