//! Every action as a state machine calls it, against a PagerDuty that keeps PagerDuty's rules.

mod fitting;
mod outputs;
mod refusals;
mod repeats;
mod requests;
mod world;

use super::*;
use world::{World, example};

/// The actions of this function.
fn actions() -> impl Iterator<Item = Action> {
    ours()
}
