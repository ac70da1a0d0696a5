//! Handing a lane on to another execution, because the history of this one has become long; and waiting for that other
//! one. Its name is new for each start, and an execution that takes a lane over fences off the one before.

use super::{
    ChildExecution, Command, Cursor, Failure, LaneEnd, LaneKey, Pending, Plan, Situation, ending, going::Planner, later,
};
use crate::{
    error_name::ErrorName,
    ids::LanePath,
    run::{Part, RunInput},
};
use jiff::SignedDuration;

/// The number of times that an execution for a lane is started before the lane is given up.
pub(super) const STARTS: u32 = 6;

/// The wait before the second start, in seconds; it doubles with each further one.
const FIRST_REST_SECONDS: i64 = 5;

/// The pause after a start that came to nothing.
pub(super) fn rest(attempt: u32) -> SignedDuration {
    SignedDuration::from_secs(FIRST_REST_SECONDS << attempt.saturating_sub(1).min(6))
}

/// An execution for a lane of the run of `input`.
pub(super) fn execution(input: &RunInput, part: Part) -> ChildExecution {
    ChildExecution {
        name: part.execution_name(&input.run.id),
        input: RunInput {
            run: input.run.clone(),
            cause: input.cause.handed_on(&part.lane),
            // They are in the cursor of the lane that opened this one.
            inputs: serde_json::Map::new(),
            part: Some(part),
        },
    }
}

fn start(input: &RunInput, lane: &LanePath, generation: u32, attempt: u32) -> Command {
    let part = Part {
        lane: lane.clone(),
        generation,
        attempt,
    };
    Command::Fork {
        executions: vec![execution(input, part)],
    }
}

impl Planner<'_> {
    /// Hands the lane on. The other execution takes up what is pending, or goes on with the next step.
    pub(super) fn hand_off(&mut self, resume: Option<Pending>) -> Command {
        self.cursor.generation = self.cursor.generation.saturating_add(1);
        self.cursor.pending = Some(Pending::Handoff {
            attempt: 1,
            resting_until: None,
            resume: resume.map(Box::new),
        });
        start(self.situation.input, &self.cursor.lane, self.cursor.generation, 1)
    }
}

/// A Plan of an execution that has handed its lane on. The lane is not its own any more, so it writes nothing.
pub(super) fn watch(situation: &Situation<'_>, cursor: &Cursor) -> Plan {
    let input = situation.input;
    let key = LaneKey {
        run: input.run.id.clone(),
        lane: cursor.lane.clone(),
    };
    let mut cursor = cursor.clone();
    let command = match situation.known.lanes.get(&key) {
        Some(end) => told(input, end),
        None => again(situation, &mut cursor),
    };
    Plan {
        cursor,
        command,
        changes: None,
    }
}

fn told(input: &RunInput, end: &LaneEnd) -> Command {
    match end.failure() {
        Some(failure) => ending::command_of_failure(input, failure),
        None => ending::done(input, end.outcome()),
    }
}

/// The other execution has come to nothing: it could not be started, or was stopped.
fn again(situation: &Situation<'_>, cursor: &mut Cursor) -> Command {
    let (lane, generation, deadline) = (cursor.lane.clone(), cursor.generation, cursor.run_deadline);
    let Some(Pending::Handoff {
        attempt, resting_until, ..
    }) = &mut cursor.pending
    else {
        return Command::Continue;
    };
    if resting_until.take().is_some() {
        return start(situation.input, &lane, generation, *attempt);
    }
    if *attempt >= STARTS {
        let failure = lost(*attempt);
        return Command::Fail {
            error: failure.name,
            cause: failure.message,
        };
    }
    let until = later(situation.now, rest(*attempt)).min(deadline);
    *attempt = attempt.saturating_add(1);
    *resting_until = Some(until);
    Command::wait(until)
}

/// A lane whose executions came to nothing.
pub(super) fn lost(starts: u32) -> Failure {
    Failure::new(
        ErrorName::LaneLost,
        format!(
            "its execution ended from outside, or could not be started, {starts} times; look at the executions in Step \
             Functions, and start the run again"
        ),
    )
}
