//! The first Plan of a run and of a lane.

use super::{
    Command, Cursor, Failure, FreshIds, Item, LaneEnd, Pending, Situation,
    going::{Planner, VARIABLES_BYTES, json_size},
    guard, inputs, later, only_while, wanted, watching, window,
};
use crate::{
    definition::{Definition, Step, limits},
    error_name::ErrorName,
    ids::LanePath,
    steps::{Each, NESTING},
    template::Context,
};
use jiff::{SignedDuration, Timestamp};

/// The most of a run's time that `on_failure` has.
const LONGEST_RESERVE: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn first_cursor(
    lane: LanePath,
    started_at: Timestamp,
    deadline: Timestamp,
    run_deadline: Timestamp,
) -> Cursor {
    Cursor {
        lane,
        plans: 0,
        started_at,
        deadline,
        run_deadline,
        depth: 0,
        generation: 0,
        events: 0,
        next: None,
        pending: None,
        inputs: serde_json::Map::new(),
        variables: std::collections::BTreeMap::new(),
        item: None,
        round: None,
        failed: None,
        asking: None,
        watching: None,
        heard: None,
        fresh: FreshIds::default(),
        kept: None,
    }
}

/// The cursor before the first Plan of a run. The steps of a workflow with `on_failure` leave a tenth of the run's time to
/// those, so that a run that takes too long can still say so.
pub(super) fn of_run(situation: &Situation<'_>) -> Cursor {
    let definition = situation.definition;
    let timeout = limits::run_timeout(definition.timeout);
    let reserve = match definition.on_failure.is_empty() {
        true => SignedDuration::ZERO,
        false => (timeout / 10).min(LONGEST_RESERVE),
    };
    let mut run_deadline = later(situation.started_at, timeout);
    if let Some(by) = situation.input.called_by() {
        run_deadline = run_deadline.min(by.deadline);
    }
    let deadline = run_deadline.checked_sub(reserve).unwrap_or(run_deadline);
    let mut cursor = first_cursor(LanePath::main(), situation.started_at, deadline, run_deadline);
    cursor.depth = guard::depth(situation);
    cursor.next = only_while::first_of_run(definition, situation.input);
    cursor.heard = definition
        .awaits_events()
        .then(|| watching::first_place(situation.input, situation.event, situation.started_at));
    if let Some(replay) = situation.input.replay_of() {
        cursor.next = replay.from.clone().or(cursor.next);
        cursor.variables = replay.variables.clone();
        cursor.kept = (!replay.kept.is_empty()).then_some(0);
    }
    cursor
}

/// The cursor before the first Plan of a lane.
pub(super) fn of_lane(situation: &Situation<'_>, opener: &Cursor) -> Cursor {
    let deadline = match &opener.pending {
        Some(Pending::Fork(fork)) => fork.deadline,
        _ => opener.deadline,
    };
    let mut cursor = first_cursor(situation.input.lane(), opener.started_at, deadline, opener.run_deadline);
    cursor.next = window::first_of(situation.definition, &cursor.lane);
    cursor.depth = opener.depth;
    cursor.inputs = opener.inputs.clone();
    cursor.variables = opener.variables.clone();
    cursor.item = opener.item.clone();
    cursor.round = opener.round;
    cursor.failed = opener.failed.clone();
    cursor.fresh = opener.fresh.clone();
    cursor.heard = opener.heard.clone();
    cursor
}

/// The obstacle in the way of a run before its first step.
pub(super) fn obstacle(situation: &Situation<'_>, cursor: &mut Cursor) -> Option<Failure> {
    // Before all else, because a run that fails for another reason still does what its `on_failure` says.
    if let Some(failure) = guard::loop_stopped(situation, cursor.depth) {
        return Some(failure);
    }
    if let Some(trouble) = situation.trouble {
        return Some(trouble.clone());
    }
    let run = &situation.input.run;
    if situation.input.called_by().is_some_and(|by| by.nesting > NESTING) {
        let message = format!(
            "{NESTING} runs have called each other, so this one does nothing: look which `run_workflow` of the workflow {} \
             leads back to it",
            run.workflow
        );
        return Some(Failure::new(ErrorName::RunLoopStopped, message));
    }
    match inputs::resolve(situation.definition, &situation.input.inputs) {
        Ok(inputs) if json_size(&inputs) > VARIABLES_BYTES => Some(Failure::new(
            ErrorName::InputInvalid,
            format!("the inputs of the run have more than {VARIABLES_BYTES} bytes together; give it less"),
        )),
        Ok(inputs) => {
            cursor.inputs = inputs;
            None
        }
        Err(failure) => Some(failure),
    }
}

/// The item that a lane is for, if it is one of a `for_each`.
pub(super) fn item(
    situation: &Situation<'_>,
    opener: &Cursor,
    lane: &LanePath,
    context: &Context,
) -> Result<Option<Item>, Failure> {
    let Some((_, fork, index)) = lane.opener() else {
        return Ok(None);
    };
    let Some(items) = situation.definition.step(fork).and_then(Step::items) else {
        return Ok(opener.item.clone());
    };
    // The list is that of which the lanes were counted, so it is made at the same time.
    let opened_at = match &opener.pending {
        Some(Pending::Fork(fork)) => fork.opened_at,
        _ => None,
    };
    let context = &context.at(opened_at.unwrap_or(situation.now));
    let value = items
        .evaluate_item(context, usize::try_from(index).unwrap_or(usize::MAX))
        .map_err(|error| Failure::new(ErrorName::TemplateError, error.to_string()))?;
    match value {
        Some(value) => Ok(Some(Item { value, index })),
        None => Err(Failure::new(
            ErrorName::WorkflowInvalid,
            format!("the list of the for_each has no item {index} any more; start the run again"),
        )),
    }
}

/// The number of the round that a lane is in, if no list of items is between.
pub(super) fn round(definition: &Definition, opener: &Cursor, lane: &LanePath) -> Option<u32> {
    let (_, fork, index) = lane.opener()?;
    match definition.step(fork)?.lanes()?.each {
        Each::Round(_) => Some(index),
        Each::Item { .. } => None,
        Each::List(_) => opener.round,
    }
}

impl Planner<'_> {
    /// The first Plan of a run.
    pub(super) fn begin_run(&mut self, obstacle: Option<Failure>) -> Command {
        if let Some(reason) = wanted::unwanted(self.situation) {
            return self.end_with(LaneEnd::Skipped { reason });
        }
        let is_stopped = |failure: &Failure| failure.name == ErrorName::RunLoopStopped.as_str();
        if !obstacle.as_ref().is_some_and(is_stopped) {
            self.changes.counted = guard::counted(self.situation);
        }
        match obstacle {
            // Whatever `on_failure` does could feed the loop.
            Some(failure) if is_stopped(&failure) => self.end_failed(failure),
            Some(failure) => self.run_failed(failure),
            None => match &self.cursor.next {
                Some(first) if only_while::precedes_turn(self.situation.definition, first) => self.go_on(),
                _ => self.take_turn(),
            },
        }
    }

    /// The first Plan of a lane.
    pub(super) fn begin_lane(&mut self, obstacle: Option<Failure>) -> Command {
        if let Some(failure) = obstacle {
            return self.end_failed(failure);
        }
        let cursor = &self.cursor;
        if json_size(&cursor.item) + json_size(&cursor.variables) + json_size(&cursor.inputs) > VARIABLES_BYTES {
            let message = format!(
                "the item, the variables and the inputs have more than {VARIABLES_BYTES} bytes together; let the list hold less for \
                 each item"
            );
            return self.end_failed(Failure::new(ErrorName::TemplateError, message));
        }
        self.go_on()
    }
}
