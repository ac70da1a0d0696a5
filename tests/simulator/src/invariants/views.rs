//! The views of a run for people, against the decisions.

use super::{Evidence, Violations};
use crate::{
    reference::Place,
    store::{RunItem, StepItem},
};
use platform::table::{RunView, StepState, StepView};
use workflow::{ids::RunId, planner::LaneKey};

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    for (run, item) in &evidence.tables.runs {
        let view = evidence.views.runs.get(run);
        if view.is_none_or(|view| !shows_run(view, item)) {
            violations.add(
                "a run is read as it was written",
                format!("{run} is {view:?}, and was written as {item:?}"),
            );
        }
    }
    for (place, item) in &evidence.tables.steps {
        let view = step(evidence, place);
        if view.is_none_or(|view| !shows_step(view, item)) {
            violations.add(
                "a step is read as it was written",
                format!("{place:?} is {view:?}, and was written as {item:?}"),
            );
        }
    }
}

fn step<'a>(evidence: &'a Evidence<'_>, place: &Place) -> Option<&'a StepView> {
    let lane = LaneKey {
        run: place.run.clone(),
        lane: place.lane.clone(),
    };
    let steps = evidence.views.steps.get(&lane)?;
    steps.iter().find(|step| step.path == place.step)
}

fn shows_run(view: &RunView, item: &RunItem) -> bool {
    let of = |run: &RunId| Some(run.clone());
    let error = |name: &str, message: &str| (name.to_owned(), message.to_owned());
    let (shown, written) = (view.error.as_ref(), item.error.as_ref());
    view.status.into_str() == item.status
        && view.ended_at == item.ended_at
        && view.started_at == item.started_at
        && view.deadline == item.deadline
        && view.execution == item.execution
        && view.workflow == item.input.run.workflow
        && view.version == item.input.run.version
        && view.called_by == item.input.called_by().and_then(|by| of(&by.run))
        && view.replay_of == item.input.replay_of().and_then(|replay| of(&replay.run))
        && shown.map(|shown| error(&shown.name, &shown.message))
            == written.map(|written| error(&written.name, &written.message))
}

fn shows_step(view: &StepView, item: &StepItem) -> bool {
    let result = item.result.as_ref();
    result.map_or(view.state.is_open(), |result| view.state == StepState::of(result))
        && view.ended_at.is_some() == result.is_some()
        && view.outputs.as_ref() == result.map(|result| &result.outputs)
        && view.error.as_ref().map(|error| &error.name)
            == result.and_then(|result| result.error.as_ref()).map(|error| &error.name)
        && result.is_none_or(|result| view.cut == result.cut)
        && u32::try_from(view.attempts.len()) == Ok(item.attempts)
        && view.input == item.input
        && view.lanes == item.lanes
        && view.run == item.run
}
