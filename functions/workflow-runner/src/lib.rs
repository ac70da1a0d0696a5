//! The runner: reads what a Plan needs, asks the planner, writes the journal and hands the command to the state machine.
//!
//! A warm Plan makes two calls however long the run is: one read of the results that the next steps refer to, and one
//! fenced write. A Plan whose steps refer to no result makes one.

#[cfg(test)]
mod fakes;
mod handler;
mod state;
#[cfg(test)]
mod state_machine;

pub use handler::Runner;
