//! The rules of PagerDuty, one test each. All but the last module drive the simulator without a network and with a clock
//! of their own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test may fail like the test itself; the lints are lifted only inside of test functions"
)]

mod access;
mod creating_incidents;
mod custom_fields;
mod delivery;
mod desk;
mod directory;
mod effects;
mod events_api;
mod extensions;
mod faults;
mod faults_over_http;
mod incident_workflows;
mod listing_incidents;
mod merging_incidents;
mod notes;
mod oncalls;
mod over_http;
mod rate_limit;
mod recording;
mod snoozing_incidents;
mod subscriptions;
mod telling_people;
mod updating_incidents;
mod webhooks;
