//! Stand-ins for the systems that the shipped connectors act on: real HTTP servers with state, written after the documentation of the
//! vendors and not after the connectors, so that a mistake made there is not repeated here. They know what the connectors need, and
//! nothing was compared with a live account.
//!
//! # Layout
//! - `server` — the socket, a log of requests, and answers that a test plans.
//! - `request`, `answer` — what a vendor sees and gives.
//! - `course` — what goes on after the request that has started it.
//! - a file for each vendor: who may ask, what is refused in which words, and what is kept.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value gives null for what it lacks, and a panic of a stand-in fails the test"
)]

mod answer;
mod course;
mod request;
mod server;

pub mod aws;
pub mod azure;
pub mod confluence;
pub mod datadog;
pub mod elasticsearch;
pub mod github;
pub mod gitlab;
pub mod google_cloud;
pub mod grafana;
pub mod http;
pub mod jenkins;
pub mod jira;
pub mod kubernetes;
pub mod microsoft_teams;
pub mod new_relic;
pub mod opsgenie;
pub mod servicenow;
pub mod slack;
pub mod splunk;
pub mod splunk_hec;
pub mod statuspage;
pub mod terraform_cloud;
pub mod webhook;
pub mod zoom;

pub use answer::{Answer, unix_time};
pub use course::Course;
pub use request::{Request, field, is_number};
pub use server::{Server, Vendor};
