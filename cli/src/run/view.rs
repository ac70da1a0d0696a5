//! Runs and their steps, in words.

use crate::output::{Output, printable};
use jiff::Timestamp;
use platform::table::{RunStatus, RunView, StepState, StepView};
use serde_json::Value;
use workflow::ids::LanePath;

/// A run with the steps of one of its lanes.
pub(super) fn render(view: &RunView, lane: &LanePath, output: &Output) -> String {
    let steps = view.steps.iter().map(|step| step_line(view, step, output));
    let of_lane = (!lane.is_main()).then(|| format!("lane {lane}"));
    std::iter::once(head(view))
        .chain(of_lane)
        .chain(steps)
        .chain(std::iter::once(end(view, output)))
        .chain(hint(view, lane))
        .collect::<Vec<_>>()
        .join("\n")
}

/// How to look at a lane: at one that failed, if one did.
fn hint(view: &RunView, lane: &LanePath) -> Option<String> {
    let fork = view.steps.iter().find(|step| step.lanes.is_some())?;
    let ends = fork
        .outputs
        .as_ref()
        .and_then(|outputs| outputs.get("lanes")?.as_array());
    let failed = ends.and_then(|ends| {
        ends.iter()
            .position(|end| end.get("outcome").is_some_and(|it| it == "failure"))
    });
    let number = u32::try_from(failed.unwrap_or(0)).ok()?;
    let lane = lane.child(fork.path.clone(), number);
    Some(format!(
        "Look at a lane with `pagerflow run show {} --lane {lane}`.",
        view.run
    ))
}

/// What a run has done, for a sentence with "has".
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
    let by = match (&view.event_type, &view.called_by) {
        (_, Some(caller)) => format!("the run {caller}"),
        (Some(event_type), None) => printable(event_type),
        (None, None) => "hand".to_owned(),
    };
    format!(
        "{} {}, started by {by}{incident}\nrun {}",
        view.workflow, view.version, view.run
    )
}

/// One line for a step: when it began, what it is, how it stands, and what it gave or why it failed.
pub(super) fn step_line(view: &RunView, step: &StepView, output: &Output) -> String {
    let began = seconds(view.started_at, step.started_at);
    // Steps in a block stand a little to the right of it.
    let indent = "  ".repeat(step.path.indices().len() / 2);
    let name = match &step.id {
        Some(id) => format!("{indent}{id} ({})", step.title),
        None => format!("{indent}{}", step.title),
    };
    let took = step
        .ended_at
        .map(|ended_at| format!(" in {}", seconds(step.started_at, ended_at)))
        .unwrap_or_default();
    let attempts = match step.attempts.len() {
        0 | 1 => String::new(),
        count => format!(", {count} attempts"),
    };
    let (mark, colour, words) = match step.state {
        StepState::Running => ("·", 36, format!("running{attempts}{}", opened(step))),
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
        StepState::Success if step.lanes.is_some() => ("✓", 32, format!("done{took}{}", opened(step))),
        StepState::Success => ("✓", 32, format!("done{took}{attempts}{}", gave(step.outputs.as_ref()))),
        StepState::Failure => ("✗", 31, format!("failed{took}{attempts}{}", opened(step))),
        StepState::Skipped => ("-", 90, "skipped".to_owned()),
    };
    format!("{began:>8}  {} {name:<36} {words}", output.coloured(colour, mark))
}

/// The lanes or the run that a step has started, and what became of them as far as that is known.
fn opened(step: &StepView) -> String {
    if let Some(run) = &step.run {
        return format!(": run_id={run}");
    }
    let Some(lanes) = step.lanes else {
        return String::new();
    };
    let count = |name: &str| step.outputs.as_ref()?.get(name)?.as_u64().filter(|count| *count > 0);
    let counts = ["succeeded", "failed", "cancelled"].map(|name| count(name).map(|count| format!("{count} {name}")));
    let counts: Vec<_> = counts.into_iter().flatten().collect();
    match counts.as_slice() {
        [] => format!(": {lanes} lanes"),
        counts => format!(": of {lanes} lanes {}", counts.join(", ")),
    }
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
        .map(|(name, output)| format!("{name}={}", value(output)))
        .collect();
    let line: String = shown.join(" ").chars().take(160).collect();
    format!(": {line}")
}

pub(super) fn end(view: &RunView, output: &Output) -> String {
    let took = view
        .ended_at
        .map(|ended_at| seconds(view.started_at, ended_at))
        .unwrap_or_default();
    match (view.status, &view.error) {
        (RunStatus::Running, _) => format!(
            "{} until {} at the latest",
            output.coloured(36, "running"),
            clock(Some(view.deadline))
        ),
        (RunStatus::Succeeded, _) => format!("{} in {took}", output.coloured(32, "succeeded")),
        (RunStatus::Failed, Some(error)) => {
            format!(
                "{} after {took}: {}\n{}",
                output.coloured(31, "failed"),
                error.name,
                printable(&error.message)
            )
        }
        (RunStatus::Failed, None) => format!("{} after {took}", output.coloured(31, "failed")),
        (RunStatus::Cancelled, _) => format!("{} after {took}", output.coloured(31, "cancelled")),
        (RunStatus::Skipped, _) => format!(
            "{}: {}",
            output.coloured(90, "skipped"),
            view.reason.as_deref().unwrap_or("another run goes on")
        ),
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> String {
    let millis = to.duration_since(from).as_millis().max(0);
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

/// A time of day, in UTC.
fn clock(time: Option<Timestamp>) -> String {
    time.map(|time| time.strftime("%H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view(status: &str, step: &Value) -> RunView {
        serde_json::from_value(json!({
            "run": "abc", "workflow": "memory-alert", "version": 3, "event_id": "e", "event_type": "incident.triggered",
            "incident_id": "P1", "incident_title": "disk\u{1b}full", "execution": "arn", "status": status,
            "started_at": "2026-11-22T10:00:00Z", "deadline": "2026-11-23T10:00:00Z", "ended_at": "2026-11-22T10:00:07.4Z",
            "error": {"name": "PagerDuty.NotFound", "message": "no such incident"}, "steps": [step]
        }))
        .unwrap()
    }

    fn step(state: &str) -> Value {
        json!({
            "path": "00000", "id": "ticket", "title": "pagerduty.create_incident", "state": state,
            "started_at": "2026-11-22T10:00:01.2Z", "ended_at": "2026-11-22T10:00:01.9Z", "until": "2026-11-22T10:00:11Z",
            "outputs": "{\"incident_id\":\"Q9\",\"incident_number\":19}",
            "attempts": [{"number": 1, "started_at": "2026-11-22T10:00:01.2Z",
                          "error": {"name": "PagerDuty.Unavailable", "message": "no connection"}}]
        })
    }

    fn shown(status: &str, state: &str) -> String {
        render(&view(status, &step(state)), &LanePath::main(), &Output::new(false))
    }

    fn shown_with(step: &Value, changes: &Value) -> String {
        let mut view = json!(view("running", step));
        for (name, value) in changes.as_object().unwrap() {
            view[name] = value.clone();
        }
        // The inputs and outputs of steps are kept as text.
        view["steps"] = json!([step]);
        let view: RunView = serde_json::from_value(view).unwrap();
        render(&view, &LanePath::main(), &Output::new(false))
    }

    fn fork(state: &str, outputs: &Value) -> Value {
        json!({
            "path": "00003", "title": "for_each", "state": state, "started_at": "2026-11-22T10:00:01Z",
            "ended_at": "2026-11-22T10:00:03Z", "lanes": 5, "outputs": outputs.to_string(),
        })
    }

    #[test]
    fn a_step_with_lanes_says_how_they_ended_and_how_to_look_at_one_that_failed() {
        let lanes = [json!({"outcome": "success"}), json!({"outcome": "failure"})];
        let outputs = json!({"count": 5, "succeeded": 3, "failed": 1, "cancelled": 1, "lanes": lanes});
        let text = shown_with(&fork("failure", &outputs), &json!({}));
        assert!(
            text.contains("failed in 2.0 s: of 5 lanes 3 succeeded, 1 failed, 1 cancelled"),
            "{text}"
        );
        assert!(
            text.ends_with("Look at a lane with `pagerflow run show abc --lane 00003:00001`."),
            "{text}"
        );
    }

    #[test]
    fn a_step_whose_lanes_run_says_how_many_there_are() {
        let text = shown_with(&fork("running", &json!({})), &json!({}));
        assert!(text.contains("running: 5 lanes"), "{text}");
    }

    #[test]
    fn a_step_that_runs_a_workflow_names_the_run() {
        let mut step = step("running");
        step["run"] = json!("r-1");
        assert!(shown_with(&step, &json!({})).contains("running: run_id=r-1"));
    }

    #[test]
    fn a_run_says_who_started_it() {
        let by_run = shown_with(&step("success"), &json!({"called_by": "caller"}));
        assert!(by_run.contains("started by the run caller"), "{by_run}");
        let by_hand = shown_with(&step("success"), &json!({"event_type": null, "incident_id": null}));
        assert!(by_hand.contains("started by hand\n"), "{by_hand}");
    }

    #[test]
    fn a_skipped_run_says_why() {
        let text = shown_with(
            &step("success"),
            &json!({"status": "skipped", "reason": "the run x goes on"}),
        );
        assert!(text.ends_with("skipped: the run x goes on"), "{text}");
    }

    #[test]
    fn a_step_in_a_block_stands_to_the_right_of_it() {
        let mut step = step("success");
        step["path"] = json!("00001.00000.00002");
        assert!(shown_with(&step, &json!({})).contains("✓   ticket (pagerduty"));
    }

    #[test]
    fn a_run_that_succeeded_says_so_with_what_its_steps_gave() {
        assert_eq!(
            shown("succeeded", "success"),
            "memory-alert v3, started by incident.triggered for P1 \"disk\u{fffd}full\"\nrun abc\n   \
             1.2 s  ✓ ticket (pagerduty.create_incident)   done in 0.7 s: incident_id=Q9 incident_number=19\n\
             succeeded in 7.4 s"
        );
    }

    #[test]
    fn a_run_that_failed_says_why_in_its_last_line() {
        assert!(shown("failed", "failure").ends_with("failed after 7.4 s: PagerDuty.NotFound\nno such incident"));
    }

    #[test]
    fn a_step_that_is_tried_again_says_why_and_when() {
        let text = shown("running", "retrying");
        assert!(
            text.contains("attempt 1 failed, next at 10:00:11 UTC: PagerDuty.Unavailable: no connection"),
            "{text}"
        );
    }
}
