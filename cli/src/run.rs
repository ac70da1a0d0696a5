//! `pagerflow run`.

use crate::{
    error::Error,
    output::{Output, printable},
    stack::Stack,
};
use clap::Subcommand;
use jiff::Timestamp;
use platform::table::{RunStatus, RunView, StepState, StepView};
use serde_json::Value;
use std::{collections::HashMap, process::ExitCode, time::Duration};
use workflow::ids::{RunId, StepPath};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a run and its steps.
    Show {
        /// The run.
        run: RunId,
    },
    /// Follow a run until it ends. The exit code is 1 if it fails.
    Watch {
        /// The run.
        run: RunId,
    },
}

/// How often the table is asked while a run is followed.
const POLL: Duration = Duration::from_millis(300);

/// How long to wait for a run to appear: its first Plan writes it, a moment after its webhook was answered.
const APPEARS_WITHIN: Duration = Duration::from_secs(30);

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Show { run } => {
            let view = stack.table.run(&run).await?.ok_or_else(|| unknown(&run))?;
            let text = render(&view, output);
            output.result(&view, || text)?;
            Ok(exit_code(&view))
        }
        Command::Watch { run } => watch(&run, stack, output).await,
    }
}

fn unknown(run: &RunId) -> Error {
    Error::NotFound(format!("there is no run {run}"))
}

fn exit_code(view: &RunView) -> ExitCode {
    if view.status == RunStatus::Failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

async fn watch(run: &RunId, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let mut told: HashMap<StepPath, String> = HashMap::new();
    let mut waited = Duration::ZERO;
    let mut headed = false;
    loop {
        match stack.table.run(run).await? {
            None if waited >= APPEARS_WITHIN => return Err(unknown(run)),
            None => waited += POLL,
            Some(view) => {
                if !output.is_json() {
                    if !headed {
                        output.line(&head(&view))?;
                        headed = true;
                    }
                    for step in &view.steps {
                        let line = step_line(&view, step, output);
                        if told.get(&step.path) != Some(&line) {
                            output.line(&line)?;
                            told.insert(step.path.clone(), line);
                        }
                    }
                }
                if view.status != RunStatus::Running {
                    let text = end(&view, output);
                    output.result(&view, || text)?;
                    return Ok(exit_code(&view));
                }
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

fn render(view: &RunView, output: &Output) -> String {
    let steps = view.steps.iter().map(|step| step_line(view, step, output));
    std::iter::once(head(view))
        .chain(steps)
        .chain(std::iter::once(end(view, output)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn head(view: &RunView) -> String {
    let incident = match (&view.incident_id, &view.incident_title) {
        (Some(id), Some(title)) => format!(" for {id} \"{}\"", printable(title)),
        (Some(id), None) => format!(" for {id}"),
        _ => String::new(),
    };
    format!(
        "{} {}, started by {}{incident}\nrun {}",
        view.workflow,
        view.version,
        printable(&view.event_type),
        view.run
    )
}

/// One line for a step: when it began, what it is, how it stands, and what it gave or why it failed.
fn step_line(view: &RunView, step: &StepView, output: &Output) -> String {
    let began = seconds(view.started_at, step.started_at);
    let name = match &step.id {
        Some(id) => format!("{id} ({})", step.title),
        None => step.title.clone(),
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
        StepState::Running => ("·", 36, format!("running{attempts}")),
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
        StepState::Success => ("✓", 32, format!("done{took}{attempts}{}", gave(step.outputs.as_ref()))),
        StepState::Failure => ("✗", 31, format!("failed{took}{attempts}")),
        StepState::Skipped => ("-", 90, "skipped".to_owned()),
    };
    format!("{began:>8}  {} {name:<36} {words}", output.coloured(colour, mark))
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

fn end(view: &RunView, output: &Output) -> String {
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
        render(&view(status, &step(state)), &Output::new(false))
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
