//! The whole system on a local AWS, driven from outside: PagerDuty sends webhooks, people use `pagerflow`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod approvals;
mod aws;
mod aws_actions;
mod bad_input;
mod connectors;
mod definitions;
mod deliveries;
mod doctor;
mod executions;
mod front_door;
mod integrations;
mod journal;
mod lambda;
mod lanes;
mod like_simulated;
mod memory;
mod outage;
mod rights;
mod rounds;
mod runs;
mod scenario;
mod schedules;
mod secrets;
mod standalone;
mod tour;
mod waits;
mod watching;
mod webhooks;
mod workflows;
