//! `pagerflow run show`: what happened, what failed, why, and what to do.

use super::{
    is_failure, known,
    names::Names,
    time::{between, clock},
    view::{adjusted, end, head, hint, step_line},
    whole::{self, Calls, Whole},
};
use crate::{
    error::Error,
    output::{Notices, Screen, View, printable},
    remedy::FailedStep,
    stack::Stack,
};
use jiff::Timestamp;
use platform::{
    cost::Cost,
    table::{AttemptView, ErrorView, QueuePlace, RunStatus, RunView, StepState, StepView},
};
use serde::{Serialize, Serializer};
use workflow::{
    action::Requests,
    error_name::needs_another_version,
    ids::{LanePath, RunId, Section},
    step_name::{LaneName, StepName},
};

/// A run, with the steps of one of its lanes.
#[derive(Debug)]
pub(super) struct Shown {
    view: RunView,
    lane: LanePath,
    names: Names,
    /// The remedy, if it failed.
    remedy: Option<String>,
    /// The step from which a replay would best begin, if it failed at a step.
    replay_from: Option<StepName>,
    calls: Vec<Calls>,
    cost: Cost,
    /// The number of lanes that calls and cost are without.
    unread: u64,
    /// The link to its execution in the AWS console.
    console_url: Option<String>,
    /// Its place in the queue of its concurrency key, if it waits there.
    queue: Option<QueuePlace>,
}

pub(super) async fn show(run: &RunId, lane: &LaneName, stack: &Stack, notices: Notices) -> Result<Shown, Error> {
    let view = known(run, stack, notices).await?;
    let _reading = notices.working(format!("Reading the run {run}"));
    let names = Names::of(&view, stack).await?;
    let path = names.find(lane, &view)?;
    let whole = whole::read(&view, stack).await?;
    let mut places = stack
        .table
        .queue_places(std::iter::once(&view), Timestamp::now())
        .await?;
    let mut shown = Shown::new(view, &whole, names);
    shown.queue = places.remove(run);
    if !path.is_main() {
        shown.view.steps = stack.table.lane_steps(run, &path).await?;
        if shown.view.steps.is_empty() {
            return Err(Error::NotFound(format!(
                "the run {run} has no lane `{lane}`, or it has not come to a step"
            )));
        }
        shown.lane = path;
    }
    Ok(shown)
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            #[serde(flatten)]
            view: &'a RunView,
            remedy: &'a Option<String>,
            replay_from: &'a Option<StepName>,
            calls: &'a [Calls],
            cost: &'a Cost,
            console_url: &'a Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            queue: &'a Option<QueuePlace>,
        }
        let fields = Fields {
            view: &self.view,
            remedy: &self.remedy,
            replay_from: &self.replay_from,
            calls: &self.calls,
            cost: &self.cost,
            console_url: &self.console_url,
            queue: &self.queue,
        };
        self.names.serialize(&fields, &self.view, &self.lane, serializer)
    }
}

impl View for Shown {
    fn text(&self, screen: Screen) -> String {
        let Self { view, lane, .. } = self;
        let mut parts = vec![self.outcome(screen), head(view)];
        let mut steps: Vec<String> = Vec::new();
        if !lane.is_main() {
            steps.push(format!("lane `{}`", self.names.lane(lane)));
        }
        for step in &view.steps {
            steps.push(step_line(view, lane, step, &self.names.step(lane, &step.path), screen));
            steps.extend(adjusted(step, screen));
            steps.extend(attempts(step));
            steps.extend(input_of_failed(step));
        }
        steps.extend(hint(view, lane, &self.names));
        if !steps.is_empty() {
            parts.push(steps.join("\n"));
        }
        parts.push(self.facts());
        parts.join("\n\n")
    }

    fn is_failure(&self) -> bool {
        is_failure(&self.view)
    }
}

impl Shown {
    /// A run whose main lane was read.
    fn new(view: RunView, whole: &Whole, names: Names) -> Self {
        let failed = view.error.as_ref().filter(|_| view.status != RunStatus::Succeeded);
        Self {
            remedy: failed.map(|error| remedy_of(&error.name, &view)),
            replay_from: failed.and_then(|_| failed_at(&view, &names)),
            calls: whole.calls(),
            cost: whole.cost(),
            unread: whole.unread(),
            console_url: console_url(&view.execution),
            queue: None,
            lane: LanePath::main(),
            names,
            view,
        }
    }

    /// The outcome, and the remedy.
    fn outcome(&self, screen: Screen) -> String {
        let mut lines = vec![end(&self.view, self.queue.as_ref(), screen)];
        if let Some(remedy) = &self.remedy {
            lines.push(format!("What to do: {remedy}"));
        }
        if let (Some(from), RunStatus::Failed) = (&self.replay_from, self.view.status) {
            let error = self.view.error.as_ref();
            let latest = match error.is_some_and(|error| needs_another_version(&error.name)) {
                true => " --latest",
                false => "",
            };
            lines.push(format!(
                "To go on from there: pagerflow run replay {} --from {from}{latest}",
                self.view.run
            ));
        }
        lines.join("\n")
    }

    fn facts(&self) -> String {
        let calls: Vec<String> = self.calls.iter().map(Calls::shown).collect();
        let calls = match calls.as_slice() {
            [] => "none".to_owned(),
            calls => calls.join("; "),
        };
        let more = match self.unread {
            0 => String::new(),
            unread => format!(" (without the steps of {unread} more lanes)"),
        };
        let mut lines = vec![
            format!("calls    {calls}{more}"),
            format!("cost     {}{more}", self.cost.shown()),
        ];
        lines.extend(self.console_url.iter().map(|url| format!("console  {url}")));
        lines.join("\n")
    }
}

/// The remedy for the error of a run, with the names of the run and of the step that failed in its commands.
pub(super) fn remedy_of(error: &str, view: &RunView) -> String {
    let failed = view.steps.iter().rfind(|step| step.state == StepState::Failure);
    let step = failed.map(|step| FailedStep {
        action: Some(step.title.as_str()),
        input: step.input.as_ref(),
    });
    let remedy = step.unwrap_or_default().remedy(error);
    remedy.replace("run show RUN", &format!("run show {}", view.run))
}

/// The step of the main lane at which a run failed, as a replay names it.
fn failed_at(view: &RunView, names: &Names) -> Option<StepName> {
    let of_main = |step: &&StepView| step.path.section() == Section::Steps && step.path.indices().len() == 1;
    let failed = view
        .steps
        .iter()
        .filter(of_main)
        .rfind(|step| step.state == StepState::Failure)?;
    Some(names.step(&LanePath::main(), &failed.path))
}

/// The attempts of a step, where there is more to say of them than that the only one went well.
fn attempts(step: &StepView) -> Vec<String> {
    if step.attempts.iter().all(|attempt| attempt.error.is_none()) && step.state != StepState::Failure {
        return step.attempts.iter().flat_map(requests).collect();
    }
    let lines = step.attempts.iter().flat_map(|attempt| {
        let took = attempt
            .ended_at
            .map(|ended_at| format!(", {}", between(attempt.started_at, ended_at)));
        let result = match &attempt.error {
            Some(ErrorView { name, message }) => format!("{name}: {}", printable(message)),
            None if attempt.ended_at.is_some() => "done".to_owned(),
            None => "no answer yet".to_owned(),
        };
        let (number, at) = (attempt.number, clock(Some(attempt.started_at)));
        let line = format!(
            "            attempt {number} at {at}{}: {result}",
            took.unwrap_or_default()
        );
        std::iter::once(line).chain(requests(attempt))
    });
    let mut lines: Vec<String> = lines.collect();
    // A step that failed before it called anything.
    if let ([], Some(error)) = (step.attempts.as_slice(), &step.error) {
        lines.push(format!("            {}: {}", error.name, printable(&error.message)));
    }
    lines
}

/// The requests of an attempt, and those of its last look.
fn requests(attempt: &AttemptView) -> Vec<String> {
    let line = |of: &str, requests: &Requests| {
        let requests = (!requests.is_empty()).then(|| printable(&requests.to_string()));
        requests.map(|requests| format!("            {of}{requests}"))
    };
    let of_look = attempt
        .looks
        .as_ref()
        .and_then(|looks| line("last look: ", &looks.requests));
    line("", &attempt.requests).into_iter().chain(of_look).collect()
}

/// The input of a step that failed.
fn input_of_failed(step: &StepView) -> Option<String> {
    let input = step.input.as_ref().filter(|_| step.state == StepState::Failure)?;
    let fields = input.as_object()?.iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), quoted);
        format!("{name}={value}")
    });
    let fields = fields.collect::<Vec<_>>().join(" ");
    Some(format!(
        "            with {}",
        fields.chars().take(200).collect::<String>()
    ))
}

/// Text in quotes where that is needed to see its end.
fn quoted(text: &str) -> String {
    match text.contains(char::is_whitespace) {
        true => format!("{:?}", printable(text)),
        false => printable(text),
    }
}

/// The link to an execution in the AWS console, by its ARN.
fn console_url(execution: &str) -> Option<String> {
    let parts: Vec<_> = execution.split(':').collect();
    let ["arn", partition, "states", region, _, "execution", ..] = parts.as_slice() else {
        return None;
    };
    let console = match *partition {
        "aws" => "console.aws.amazon.com",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => return None,
    };
    Some(format!(
        "https://{region}.{console}/states/home?region={region}#/v2/executions/details/{execution}"
    ))
}

#[cfg(test)]
mod tests;
