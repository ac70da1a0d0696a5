//! The actions of AWS as a state machine calls them, through the network, against an AWS that checks each signature.

mod calls;
mod refusals;
mod roles;
mod world;

use super::*;
use world::{World, restart};
