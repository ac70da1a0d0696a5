//! The runner: reads what a Plan needs, asks the planner, writes the journal and hands the command to the state machine.
//!
//! A warm Plan makes two calls however long the run is: one read of what the next steps refer to and wait for, and one
//! fenced write. One more comes with the first Plan of an execution that another one started (how its lane stands), one
//! with the first fork of a run (the body of the event is put into the table), one with a wait (a second look at what may end it), and
//! two with each look at a concurrency key. A lane that watches an incident reads the events of it with each look.
//!
//! The same function hears of executions that ended from outside, and writes the final record of their runs;
//! it starts the runs that the ingress had to leave in the start-buffer, and those of schedules that are due; and it keeps the events that
//! runs wait for, and wakes the lanes that watch their incident.

#[cfg(test)]
mod fakes;
mod footing;
mod handler;
mod invocation;
mod open_runs;
mod outside;
mod room;
mod schedule;
mod start_buffer;
mod state;
#[cfg(test)]
mod state_machine;
mod waiting;

pub use handler::Runner;
