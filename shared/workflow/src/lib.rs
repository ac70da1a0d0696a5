//! The language of workflows, and the next step of a run: pure code, with no AWS, no network and no clock of its own.
//!
//! # Layout
//! - [`ids`], [`fingerprint`] — names of workflows, steps, runs and effects, and the hashes that make them stable.
//! - [`definition`] — the workflow language; a definition is read from YAML or JSON and checked as a whole.
//! - [`document`] — other documents that people write in YAML, read with the places of their problems.
//! - [`steps`] — the kinds of steps, a file for each.
//! - [`triggers`] — the kinds of triggers, a folder for each.
//! - [`action`] — the actions a step may use, with their typed inputs and outputs.
//! - [`approval`] — questions to people, the people who may decide, and their decisions.
//! - [`characters`] — characters that cannot be seen and that change what is seen.
//! - [`template`] — expressions and templates over the event, the variables and the results so far.
//! - [`types`] — the types of what expressions see, by which they are checked when a definition is saved.
//! - [`graph`] — a workflow as people look at it: an outline, a tree, a flowchart.
//! - [`planner`] — from a definition, a cursor and the results so far to the next command.
//! - [`run`] — the input that a run is started with.
//! - [`replay`] — what a replay of a run keeps, and what it would do again.
//! - [`step_name`] — names of steps and lanes, as people read and type them.
//! - [`watch`] — incidents that runs watch while they wait, and their events.
//! - [`error_name`] — the stable names of errors that people and state machines match on.

pub mod action;
pub mod approval;
pub mod characters;
#[cfg(test)]
mod committed;
pub mod definition;
pub mod document;
pub mod error_name;
pub mod fingerprint;
pub mod graph;
pub mod ids;
pub mod planner;
pub mod replay;
pub mod run;
pub mod step_name;
pub mod steps;
pub mod template;
pub mod triggers;
pub mod types;
pub mod watch;
