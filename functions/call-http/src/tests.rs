//! The actions of connectors as a state machine calls them, through the network, against a Slack that keeps Slack's rules.

mod approvals;
mod calls;
mod own;
mod refusals;
mod secrets;
mod world;

use super::*;
use world::{World, post};
