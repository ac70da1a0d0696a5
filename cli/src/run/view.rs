//! Runs and their steps, in words.

use super::{
    names::Names,
    time::{between, clock, date},
};
use crate::output::{Screen, printable, shell_word};
use platform::table::{Cancellation, LooksView, QueuePlace, RunStatus, RunView, StepState, StepView};
use serde_json::{Map, Value};
use workflow::{
    ids::{ApprovalId, LanePath},
    step_name::StepName,
    steps::{APPROVAL, REPEAT},
};

/// The command that shows a lane: one that failed, if one did.
pub(super) fn hint(view: &RunView, lane: &LanePath, names: &Names) -> Option<String> {
    let fork = view.steps.iter().find(|step| step.lanes.is_some())?;
    let ends = fork
        .outputs
        .as_ref()
        .and_then(|outputs| outputs.get("lanes")?.as_array());
    let failed = ends.and_then(|ends| {
        ends.iter()
            .position(|end| end.get("outcome").is_some_and(|it| it == "failure"))
    });
    let number = match failed {
        // Of rounds the last one tells most.
        None if fork.title == REPEAT => fork.lanes.unwrap_or(1).saturating_sub(1),
        failed => u32::try_from(failed.unwrap_or(0)).ok()?,
    };
    let lane = names.lane(&lane.child(fork.path.clone(), number));
    Some(format!(
        "Look at a lane with `pagerflow run show {} --lane {}`.",
        view.run,
        shell_word(&lane.to_string())
    ))
}

/// The state of a run, for a sentence with "has".
pub(super) fn words(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "not ended",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "been cancelled",
        RunStatus::Skipped => "been skipped",
    }
}

pub(super) fn head(view: &RunView) -> String {
    let incident = match (&view.incident_id, &view.incident_title) {
        (Some(id), Some(title)) => format!(" for {id} \"{}\"", printable(title)),
        (Some(id), None) => format!(" for {id}"),
        _ => String::new(),
    };
    let by = match (&view.called_by, &view.event_type, view.scheduled_at) {
        (Some(caller), ..) => format!("the run {caller}"),
        (None, Some(event_type), _) => printable(event_type),
        (None, None, Some(due)) => format!("its schedule, due at {}", date(due)),
        (None, None, None) => "hand".to_owned(),
    };
    let replay = match &view.replay_of {
        Some(run) => format!(", a replay of {run}"),
        None => String::new(),
    };
    format!(
        "{} {}, started by {by}{incident}, {}\nrun {}{replay}",
        view.workflow,
        view.version,
        date(view.started_at),
        view.run
    )
}

/// One line for a step: when it began, what it is, how it stands, and what it gave or why it failed.
pub(super) fn step_line(view: &RunView, lane: &LanePath, step: &StepView, name: &StepName, screen: Screen) -> String {
    let began = between(view.started_at, step.started_at);
    // Steps in a block stand a little to the right of it.
    let indent = "  ".repeat(step.path.indices().len() / 2);
    let name = format!("{indent}{name} ({})", step.title);
    let took = step
        .ended_at
        .map(|ended_at| format!(" in {}", between(step.started_at, ended_at)))
        .unwrap_or_default();
    let attempts = match step.attempts.len() {
        0 | 1 => String::new(),
        count => format!(", {count} attempts"),
    };
    let attempts = match step.looks() {
        Some(looks) => format!("{attempts}, {}", looked(looks)),
        None => attempts,
    };
    let (mark, colour, words) = match step.state {
        StepState::Running => ("·", 36, format!("running{attempts}{}", opened(step))),
        StepState::Waiting if step.title == APPROVAL => (
            "·",
            36,
            format!(
                "waiting for a decision until {}: pagerflow approval show {}",
                clock(step.until),
                ApprovalId::of(&view.run, lane, &step.path)
            ),
        ),
        StepState::Waiting if step.title == REPEAT => (
            "·",
            36,
            format!("waiting{}, the next one at {}", opened(step), clock(step.until)),
        ),
        StepState::Waiting if step.looks().is_some() => {
            let failed = step.looks().and_then(|looks| looks.error.as_ref());
            let failed =
                failed.map(|error| format!("; the last look failed: {}: {}", error.name, printable(&error.message)));
            let looked = step.looks().map(looked).unwrap_or_default();
            (
                "·",
                36,
                format!(
                    "{looked}, next look at {}{}",
                    clock(step.until),
                    failed.unwrap_or_default()
                ),
            )
        }
        StepState::Waiting => ("·", 36, format!("waiting until {}", clock(step.until))),
        StepState::Retrying => {
            let failure = step.attempts.last().and_then(|attempt| attempt.error.as_ref());
            let why = failure
                .map(|error| format!("{}: {}", error.name, printable(&error.message)))
                .unwrap_or_default();
            (
                "!",
                33,
                format!(
                    "attempt {} failed, next at {}: {why}",
                    step.attempts.len(),
                    clock(step.until)
                ),
            )
        }
        StepState::Success | StepState::Failure | StepState::Cancelled | StepState::Skipped if step.kept => {
            ("=", 90, format!("kept{}", gave(step.outputs.as_ref())))
        }
        StepState::Success if step.lanes.is_some() => ("✓", 32, format!("done{took}{}", opened(step))),
        StepState::Success => ("✓", 32, format!("done{took}{attempts}{}", gave(step.outputs.as_ref()))),
        StepState::Failure => ("✗", 31, format!("failed{took}{attempts}{}", opened(step))),
        StepState::Cancelled => ("⊘", 33, format!("cancelled{took}{attempts}{}", opened(step))),
        StepState::Skipped => ("-", 90, "skipped".to_owned()),
    };
    format!("{began:>8}  {} {name:<36} {words}", screen.coloured(colour, mark))
}

/// The number of looks, in words.
pub(super) fn looked(looks: &LooksView) -> String {
    match looks.number {
        0 => "started".to_owned(),
        1 => "looked once".to_owned(),
        number => format!("looked {number} times"),
    }
}

/// A line for each thing that was changed so that PagerDuty takes the input of a step.
pub(super) fn adjusted(step: &StepView, screen: Screen) -> Vec<String> {
    let lines = step.adjusted.iter();
    let lines = lines.map(|line| format!("{:>8}  {} {}", "", screen.coloured(33, "!"), printable(line)));
    lines.collect()
}

/// The lanes or the run that a step has started, and what became of them as far as that is known.
fn opened(step: &StepView) -> String {
    if let Some(run) = &step.run {
        return format!(": run_id={run}");
    }
    let Some(lanes) = step.lanes else {
        return String::new();
    };
    if step.title == REPEAT {
        return rounds(lanes, step.outputs.as_ref());
    }
    let count = |name: &str| step.outputs.as_ref()?.get(name)?.as_u64().filter(|count| *count > 0);
    let counts = ["succeeded", "failed", "cancelled"].map(|name| count(name).map(|count| format!("{count} {name}")));
    let counts: Vec<_> = counts.into_iter().flatten().collect();
    match counts.as_slice() {
        [] => format!(": {lanes} lanes"),
        counts => format!(": of {lanes} lanes {}", counts.join(", ")),
    }
}

/// The rounds of a step so far, and of one that has ended also why there are no more and what they gave.
fn rounds(begun: u32, outputs: Option<&Value>) -> String {
    let count = |count: u64| match count {
        1 => "1 round".to_owned(),
        count => format!("{count} rounds"),
    };
    let output = |name: &str| outputs?.get(name);
    let number = |name: &str| output(name).and_then(Value::as_u64);
    let mut parts = vec![count(number("rounds").unwrap_or(begun.into()))];
    let ended_by = output("ended_by").and_then(Value::as_str);
    parts.extend(ended_by.map(|why| format!("ended by `{}`", printable(why))));
    let failed = number("failed").filter(|failed| *failed > 0);
    parts.extend(failed.map(|failed| format!("{failed} failed")));
    let gave = output("output").filter(|output| !output.is_null());
    let gave = gave.and_then(|output| gave_one("output", output));
    parts.extend(gave);
    format!(": {}", parts.join(", "))
}

/// An output in a line.
fn gave_one(name: &str, value: &Value) -> Option<String> {
    let line = gave(Some(&Value::Object(Map::from_iter([(name.to_owned(), value.clone())]))));
    line.strip_prefix(": ").map(str::to_owned)
}

/// The outputs that fit on a line.
fn gave(outputs: Option<&Value>) -> String {
    let Some(Value::Object(outputs)) = outputs else {
        return String::new();
    };
    if outputs.is_empty() {
        return String::new();
    }
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), printable);
    let shown: Vec<_> = outputs
        .iter()
        .map(|(name, screen)| format!("{name}={}", value(screen)))
        .collect();
    let line: String = shown.join(" ").chars().take(160).collect();
    format!(": {line}")
}

/// The place of a run in the queue of its concurrency key: "queued behind RUN, 3rd of 7".
pub(super) fn queued(queue: &QueuePlace) -> String {
    let behind = match &queue.behind {
        Some(run) => format!(" behind {run}"),
        None => String::new(),
    };
    format!("queued{behind}, {} of {}", ordinal(queue.place), queue.of)
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// The person who has asked a run to end, and why: "asked by NAME at TIME: REASON".
fn asked(cancel: &Cancellation) -> String {
    let by = match &cancel.by {
        // Of an ARN the last part tells people who it is.
        Some(by) => format!(" by {}", printable(by.rsplit(':').next().unwrap_or(by))),
        None => String::new(),
    };
    let reason = match &cancel.reason {
        Some(reason) => format!(": {}", printable(reason)),
        None => String::new(),
    };
    format!("asked{by} at {}{reason}", clock(Some(cancel.at)))
}

/// The state of a run, and why it is in it.
pub(super) fn end(view: &RunView, queue: Option<&QueuePlace>, screen: Screen) -> String {
    let took = view
        .ended_at
        .map(|ended_at| between(view.started_at, ended_at))
        .unwrap_or_default();
    match (view.status, &view.error) {
        (RunStatus::Running, _) => match (&view.cancel, queue) {
            (Some(cancel), _) => format!("{}, {}", screen.coloured(33, "cancelling"), asked(cancel)),
            (None, Some(queue)) => screen.coloured(36, &queued(queue)),
            (None, None) => format!(
                "{} until {} at the latest",
                screen.coloured(36, "running"),
                clock(Some(view.deadline))
            ),
        },
        (RunStatus::Succeeded, _) => format!("{} in {took}", screen.coloured(32, "succeeded")),
        (RunStatus::Failed, Some(error)) => {
            format!(
                "{} after {took}: {}\n{}",
                screen.coloured(31, "failed"),
                error.name,
                printable(&error.message)
            )
        }
        (RunStatus::Failed, None) => format!("{} after {took}", screen.coloured(31, "failed")),
        (RunStatus::Cancelled, _) => {
            let asked = view.cancel.as_ref().map(|cancel| format!(", {}", asked(cancel)));
            format!(
                "{} after {took}{}",
                screen.coloured(31, "cancelled"),
                asked.unwrap_or_default()
            )
        }
        (RunStatus::Skipped, _) => format!(
            "{}: {}",
            screen.coloured(90, "skipped"),
            view.reason.as_deref().unwrap_or("another run goes on")
        ),
    }
}
