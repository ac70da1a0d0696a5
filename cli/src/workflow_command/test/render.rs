//! A rehearsal in words: a tree of steps with virtual times, requests and results.

use crate::{
    output::{Screen, printable, shell_word},
    remedy::FailedStep,
};
use jiff::{SignedDuration, Timestamp};
use rehearsal::report::{Attempt, Lane, NotStarted, Report, Request, Run, RunStatus, Step, StepState, Unanswered};
use serde_json::Value;
use std::fmt::Write;
use workflow::{planner::StepError, steps::REPEAT};

/// How many characters of a value are shown where there is one line for it and others.
const SHORT: usize = 80;

/// The number of rounds of a `repeat` that are shown from the first on.
const FIRST_ROUNDS: usize = 3;

/// Where requests go that need not be told.
const API_HOST: &str = "api.pagerduty.com";

/// Writes a rehearsal for people.
#[derive(Debug)]
pub(super) struct Renderer {
    screen: Screen,
    form: Form,
    lines: Vec<String>,
    /// The time when virtual time began.
    began: Timestamp,
}

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// All that happened.
    Whole,
    /// A line for each step, with what it would be given.
    Plan,
    /// The same without the numbers of steps, which a step more or less changes for all after it.
    Outline,
}

impl Renderer {
    pub(super) fn new(screen: Screen, form: Form) -> Self {
        Self {
            screen,
            form,
            lines: Vec::new(),
            began: Timestamp::UNIX_EPOCH,
        }
    }

    /// The whole rehearsal.
    pub(super) fn report(mut self, report: &Report) -> String {
        let first = report.runs.iter().map(|run| run.started_at).min();
        self.began = first.unwrap_or(self.began);
        for run in &report.runs {
            self.root(run);
        }
        for reason in &report.not_started {
            self.lines.push(not_started(reason));
        }
        self.lines.extend(report.unanswered.iter().map(unanswered));
        self.lines.join("\n")
    }

    /// A line for each step of a report, without what differs from rehearsal to rehearsal though nothing is different.
    pub(super) fn outline(report: &Report) -> Vec<String> {
        let mut renderer = Self::new(Screen::plain(), Form::Outline);
        for run in &report.runs {
            renderer.began = run.started_at;
            renderer.steps(&run.steps, 0);
            let end = run
                .error
                .as_ref()
                .map(|error| format!(": {}", error.name))
                .unwrap_or_default();
            renderer.lines.push(format!("{}{end}", words(run.status)));
        }
        renderer.lines.extend(report.not_started.iter().map(not_started));
        renderer.lines
    }

    fn root(&mut self, run: &Run) {
        let by = match (&run.event, run.scheduled_at) {
            (None, None) => "by hand".to_owned(),
            (None, Some(due)) => format!("by its schedule, due at {due}"),
            (Some(event), _) => {
                let incident = event.incident_id.as_ref().map(|id| format!(" for {}", printable(id)));
                let title = event
                    .incident_title
                    .as_ref()
                    .map(|title| format!(" \"{}\"", printable(title)));
                let about = [incident, title].into_iter().flatten().collect::<String>();
                format!("by {}{about}", printable(&event.event_type))
            }
        };
        self.lines.push(format!("{}, started {by}", run.workflow));
        self.lines
            .push(format!("run {}, begins {}", run.run, clock(run.started_at)));
        self.steps(&run.steps, 0);
        match self.form {
            Form::Whole => self.end(run),
            Form::Plan | Form::Outline => self.planned_end(run),
        }
    }

    fn end(&mut self, run: &Run) {
        let took = elapsed(run.started_at, run.ended_at.unwrap_or(run.started_at));
        let requests = run.requests_by_system().into_iter().map(|(system, count)| match count {
            1 => format!("1 request to {system}"),
            count => format!("{count} requests to {system}"),
        });
        let requests = match requests.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "nothing sent".to_owned(),
            requests => requests,
        };
        let status = self.screen.coloured(colour(run.status), words(run.status));
        let mut line = match (&run.error, &run.reason) {
            (Some(error), _) => format!("{status} after {took}: {}", why(run, error)),
            (None, Some(reason)) => format!("{status}: {}", printable(reason)),
            (None, None) => format!("{status} in {took}"),
        };
        let _infallible = write!(line, "\n{requests}");
        self.lines.push(line);
    }

    /// The end of a run, where it would not just succeed.
    fn planned_end(&mut self, run: &Run) {
        match (&run.error, &run.reason) {
            (Some(error), _) => {
                let failed = self.screen.coloured(colour(run.status), "would fail");
                self.lines.push(format!("{failed}: {}", why(run, error)));
            }
            (None, Some(reason)) => self
                .lines
                .push(format!("would be {}: {}", words(run.status), printable(reason))),
            (None, None) => {}
        }
    }

    fn steps(&mut self, steps: &[Step], depth: usize) {
        for step in steps {
            self.step(step, depth);
            self.steps(&step.steps, depth + 1);
            match step.title == REPEAT {
                true => self.rounds(&step.lanes, depth + 1),
                false => step.lanes.iter().for_each(|lane| self.lane("lane", lane, depth + 1)),
            }
            if let Some(run) = &step.run {
                self.called(run, depth + 1);
            }
        }
    }

    fn step(&mut self, step: &Step, depth: usize) {
        let name = match (self.form, &step.id) {
            (Form::Outline, Some(id)) => format!("{id} ({})", step.title),
            (Form::Outline, None) => step.title.clone(),
            (Form::Whole | Form::Plan, _) => format!("{} ({})", step.path, step.title),
        };
        if self.form != Form::Whole {
            let with = step
                .input
                .as_ref()
                .map(|input| format!("  {}", on_one_line(input)))
                .unwrap_or_default();
            let skipped = if step.state == StepState::Skipped {
                "  skipped"
            } else {
                ""
            };
            self.line(step.started_at, depth, &format!("{name}{with}{skipped}"));
            return;
        }
        let (mark, colour) = match step.state {
            StepState::Success => ("✓", 32),
            StepState::Failure => ("✗", 31),
            StepState::Cancelled => ("⊘", 33),
            StepState::Skipped => ("-", 90),
            StepState::Running | StepState::Waiting | StepState::Retrying => ("·", 36),
        };
        let words = words_of(step);
        let mark = self.screen.coloured(colour, mark);
        self.line(step.started_at, depth, &format!("{mark} {name}{words}"));
        if let Some(Value::Object(input)) = &step.input {
            for (field, value) in input {
                self.detail(depth, &format!("{field}: {}", text(value)));
            }
        }
        for remark in step.adjusted.iter().chain(&step.remarks) {
            let mark = self.screen.coloured(33, "!");
            self.detail(depth, &format!("{mark} {}", printable(remark)));
        }
        for (variable, value) in &step.variables {
            self.detail(depth, &format!("{variable} = {}", text(value)));
        }
        for attempt in &step.attempts {
            self.attempt(attempt, step.attempts.len() > 1, depth);
        }
        // Lanes and runs tell of themselves.
        let outputs = step
            .outputs
            .as_ref()
            .filter(|_| (step.lanes.is_empty() || step.title == REPEAT) && step.run.is_none());
        if let Some(outputs) = outputs.map(on_one_line).filter(|line| !line.is_empty()) {
            self.detail(depth, &format!("gave {outputs}"));
        }
        if let Some(error) = step
            .error
            .as_ref()
            .filter(|_| step.attempts.len() <= 1 && step.lanes.is_empty())
            .filter(|_| step.steps.iter().all(|inner| inner.error.is_none()))
        {
            self.detail(depth, &told(error));
        }
    }

    fn attempt(&mut self, attempt: &Attempt, is_one_of_many: bool, depth: usize) {
        if is_one_of_many {
            let at = elapsed(self.began, attempt.started_at);
            self.detail(depth, &format!("attempt {} at +{at}", attempt.number));
        }
        for request in &attempt.requests {
            self.request(request, depth);
        }
        if let (true, Some(error)) = (is_one_of_many, &attempt.error) {
            let next = attempt
                .retry_at
                .map(|at| format!("; next at +{}", elapsed(self.began, at)));
            self.detail(depth, &format!("{}{}", told(error), next.unwrap_or_default()));
        }
    }

    fn request(&mut self, request: &Request, depth: usize) {
        let from = request
            .from
            .as_ref()
            .map(|from| format!(" from {}", printable(from)))
            .unwrap_or_default();
        let status = match request.status {
            Some(status) => format!("→ {status}"),
            None => "→ no answer".to_owned(),
        };
        let line = format!("{}{from} {status}", printable(&in_short(request)));
        self.detail(depth, &self.screen.coloured(36, &line));
        if !request.body.is_null() {
            self.detail(depth, &format!("  {}", printable(&request.body.to_string())));
        }
    }

    /// The rounds of a `repeat`: of many the first ones, those that failed, and the last one.
    fn rounds(&mut self, rounds: &[Lane], depth: usize) {
        let is_told = |index: usize, round: &Lane| {
            index < FIRST_ROUNDS || index + 1 == rounds.len() || round.outcome != Some("success")
        };
        let mut left_out: usize = 0;
        for (index, round) in rounds.iter().enumerate() {
            if !is_told(index, round) {
                left_out += 1;
                continue;
            }
            if left_out > 0 {
                let words = if left_out == 1 { "round" } else { "rounds" };
                self.lines
                    .push(format!("{:>9}  {}… {left_out} more {words}", "", "  ".repeat(depth)));
                left_out = 0;
            }
            self.lane("round", round, depth);
        }
    }

    fn lane(&mut self, word: &str, lane: &Lane, depth: usize) {
        let item = lane
            .item
            .as_ref()
            .map(|item| format!(": {}", short(&text(item))))
            .unwrap_or_default();
        let began = lane.steps.first().map_or(self.began, |step| step.started_at);
        let mut line = format!("{word} {}{item}", lane.path);
        if self.form == Form::Whole {
            let outcome = match lane.outcome {
                Some("success") | None => String::new(),
                Some(outcome) => format!("  {outcome}"),
            };
            line = format!("{line}{outcome}");
        }
        self.line(began, depth, &line);
        self.steps(&lane.steps, depth + 1);
    }

    fn called(&mut self, run: &Run, depth: usize) {
        let inputs = on_one_line(&Value::Object(run.inputs.clone()));
        let inputs = if inputs.is_empty() {
            inputs
        } else {
            format!("  {inputs}")
        };
        self.line(run.started_at, depth, &format!("run of {}{inputs}", run.workflow));
        self.steps(&run.steps, depth + 1);
    }

    fn line(&mut self, at: Timestamp, depth: usize, text: &str) {
        let at = format!("+{}", elapsed(self.began, at));
        self.lines.push(format!("{at:>9}  {}{text}", "  ".repeat(depth)));
    }

    fn detail(&mut self, depth: usize, text: &str) {
        self.lines.push(format!("{:>9}    {}{text}", "", "  ".repeat(depth)));
    }
}

/// A request by its method and where it goes: `POST /incidents`.
pub(super) fn in_short(request: &Request) -> String {
    let host = Some(request.host.as_str())
        .filter(|host| *host != API_HOST)
        .unwrap_or_default();
    format!("{} {host}{}", request.method, request.path)
}

fn not_started(reason: &NotStarted) -> String {
    format!("no run would start: {}", printable(&reason.message))
}

/// The way to play a decision about an approval that had no answer.
pub(super) fn unanswered(approval: &Unanswered) -> String {
    let answers = approval.choices.iter();
    let answers = answers.map(|choice| format!("--answer {}", shell_word(&format!("{}={choice}", approval.step))));
    let answers: Vec<String> = answers.collect();
    format!("no answer for {}: try {}", approval.step, answers.join(" or "))
}

/// The reason a run failed, and what to do.
fn why(run: &Run, error: &StepError) -> String {
    let failed = failed_step(&run.steps).map(|step| FailedStep {
        action: Some(step.title.as_str()),
        input: step.input.as_ref(),
    });
    format!(
        "{}\n{}\nWhat to do: {}",
        error.name,
        printable(&error.message),
        failed.unwrap_or_default().remedy(&error.name)
    )
}

/// The last step that failed, in whatever it stands.
fn failed_step(steps: &[Step]) -> Option<&Step> {
    let failed = steps.iter().rfind(|step| step.state == StepState::Failure)?;
    Some(failed_step(&failed.steps).unwrap_or(failed))
}

fn told(error: &StepError) -> String {
    format!("{}: {}", error.name, printable(&error.message))
}

/// What a run has done, in a word.
pub(super) fn words(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "not ended",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
        RunStatus::Skipped => "skipped",
    }
}

fn colour(status: RunStatus) -> u8 {
    match status {
        RunStatus::Succeeded => 32,
        RunStatus::Failed | RunStatus::Cancelled => 31,
        RunStatus::Running | RunStatus::Skipped => 90,
    }
}

/// The outcome of a step, if its mark does not say all.
fn words_of(step: &Step) -> String {
    let took = step.ended_at.filter(|ended_at| *ended_at > step.started_at);
    let took = took
        .map(|ended_at| format!(", took {}", elapsed(step.started_at, ended_at)))
        .unwrap_or_default();
    match step.state {
        StepState::Skipped => "  skipped".to_owned(),
        StepState::Failure => format!("  failed{took}"),
        StepState::Cancelled => format!("  cancelled{took}"),
        _ => took,
    }
}

/// The fields of a value on one line.
fn on_one_line(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    let fields: Vec<String> = fields
        .map(|(name, value)| format!("{name}={}", short(&text(value))))
        .collect();
    fields.join(" ")
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The virtual clock, in UTC.
fn clock(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The time between two moments, such as `0s`, `1m30s` or `2d4h`.
pub(super) fn elapsed(from: Timestamp, to: Timestamp) -> String {
    let between = to.duration_since(from).max(SignedDuration::ZERO);
    let seconds = between.as_secs();
    let tenths = between.subsec_millis() / 100;
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
    ];
    let mut text: String = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    match (seconds % 60, tenths) {
        (0, 0) if !text.is_empty() => {}
        (seconds, 0) => text.push_str(&format!("{seconds}s")),
        (seconds, tenths) => text.push_str(&format!("{seconds}.{tenths}s")),
    }
    text
}
