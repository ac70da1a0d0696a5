//! The events of a folder, each for itself; and what is different from another definition.

use super::{
    Told,
    events::{EventFile, Events, PassedOver},
    is_failure,
    render::{Renderer, elapsed, unanswered, words},
};
use crate::output::Screen;
use jiff::Timestamp;
use rehearsal::{
    Rehearsal, Start,
    report::{Outcome, Report},
};
use serde::{Serialize, Serializer};
use similar::{ChangeTag, TextDiff};

/// What became of all events.
#[derive(Debug, Serialize)]
pub(crate) struct Suite {
    events: Vec<Case>,
    passed_over: Vec<PassedOver>,
}

/// What became of one event.
#[derive(Debug, Serialize)]
struct Case {
    event: String,
    #[serde(serialize_with = "told")]
    report: Result<Report, String>,
    /// With the other definition, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "told_if_any")]
    against: Option<Result<Report, String>>,
    /// The lines that are different, with a `+` or a `-` before them.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Vec<String>>,
}

fn told<S: Serializer>(report: &Result<Report, String>, serializer: S) -> Result<S::Ok, S::Error> {
    match report {
        Ok(report) => Told::from(report).serialize(serializer),
        Err(error) => serde_json::json!({ "outcome": Outcome::Failed, "error": error }).serialize(serializer),
    }
}

fn told_if_any<S: Serializer>(report: &Option<Result<Report, String>>, serializer: S) -> Result<S::Ok, S::Error> {
    match report {
        Some(report) => told(report, serializer),
        None => serializer.serialize_none(),
    }
}

/// Plays all events, each for itself.
pub(super) async fn play(rehearsal: &Rehearsal, before: Option<&Rehearsal>, events: Events, at: Timestamp) -> Suite {
    let mut cases = Vec::new();
    for event in &events.files {
        let report = play_one(rehearsal, event, at).await;
        let against = match before {
            Some(before) => Some(play_one(before, event, at).await),
            None => None,
        };
        let difference = against.as_ref().map(|against| difference(against, &report));
        cases.push(Case {
            event: event.name.clone(),
            report,
            against,
            difference,
        });
    }
    Suite {
        events: cases,
        passed_over: events.passed_over,
    }
}

async fn play_one(rehearsal: &Rehearsal, event: &EventFile, at: Timestamp) -> Result<Report, String> {
    let delivery = event.delivery.as_ref().map_err(Clone::clone)?;
    let start = Start::Deliveries {
        deliveries: vec![delivery.clone()],
        otherwise: at,
    };
    rehearsal.play(&start).await.map_err(|error| error.to_string())
}

fn difference(before: &Result<Report, String>, after: &Result<Report, String>) -> Vec<String> {
    let outline = |report: &Result<Report, String>| match report {
        Ok(report) => Renderer::outline(report),
        Err(error) => vec![error.clone()],
    };
    let (before, after) = (outline(before), outline(after));
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    let changes = TextDiff::from_slices(&before, &after);
    let changes = changes.iter_all_changes().filter_map(|change| match change.tag() {
        ChangeTag::Equal => None,
        ChangeTag::Delete => Some(format!("- {}", change.value())),
        ChangeTag::Insert => Some(format!("+ {}", change.value())),
    });
    changes.collect()
}

impl Suite {
    /// True if a run failed or was cancelled, or an event could not be read.
    pub(super) fn has_failed(&self) -> bool {
        self.events.iter().any(Case::has_failed)
    }

    /// A line for each event, with what is different below it, and how many there are.
    pub(super) fn text(&self, screen: Screen) -> String {
        let names = self.events.iter().map(|case| &case.event);
        let names = names.chain(self.passed_over.iter().map(|it| &it.file));
        let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
        let mut lines: Vec<String> = self.events.iter().flat_map(|case| case.lines(width, screen)).collect();
        let mark = screen.coloured(90, "-");
        let passed_over = self.passed_over.iter();
        lines.extend(passed_over.map(|it| format!("{mark} {:<width$}  passed over: {}", it.file, it.in_short)));
        lines.push(self.summary());
        lines.extend(self.unanswered());
        lines.join("\n")
    }

    /// A line for each approval that had no answer.
    fn unanswered(&self) -> Vec<String> {
        let reports = self.events.iter().filter_map(|case| case.report.as_ref().ok());
        let mut lines: Vec<String> = Vec::new();
        for line in reports.flat_map(|report| report.unanswered.iter().map(unanswered)) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    fn summary(&self) -> String {
        let failed = self.events.iter().filter(|case| case.has_failed()).count();
        let started = self.events.iter().filter(|case| case.starts_a_run()).count();
        let count = match self.events.len() {
            1 => "1 event".to_owned(),
            count => format!("{count} events"),
        };
        let different = self.events.iter().filter(|case| case.is_different()).count();
        let different = match self.events.iter().any(|case| case.against.is_some()) {
            true => format!(", {different} different"),
            false => String::new(),
        };
        let passed_over = match self.passed_over.len() {
            0 => String::new(),
            1 => "; 1 file passed over".to_owned(),
            count => format!("; {count} files passed over"),
        };
        format!("{count}: {started} started a run, {failed} failed{different}{passed_over}")
    }
}

impl Case {
    fn has_failed(&self) -> bool {
        self.report.as_ref().map_or(true, |report| is_failure(report.outcome()))
    }

    fn starts_a_run(&self) -> bool {
        self.report.as_ref().is_ok_and(|report| !report.runs.is_empty())
    }

    fn is_different(&self) -> bool {
        self.difference
            .as_ref()
            .is_some_and(|difference| !difference.is_empty())
    }

    fn lines(&self, width: usize, screen: Screen) -> Vec<String> {
        let outcome = self.report.as_ref().map_or(Outcome::Failed, Report::outcome);
        let (mark, colour) = match outcome {
            Outcome::Succeeded => ("✓", 32),
            Outcome::NotStarted | Outcome::Skipped => ("-", 90),
            Outcome::Failed | Outcome::Cancelled => ("✗", 31),
        };
        let mark = screen.coloured(colour, mark);
        let mut lines = vec![format!("{mark} {:<width$}  {}", self.event, sentence(&self.report))];
        if let (true, Some(before)) = (self.is_different(), &self.against) {
            lines.push(format!("    was: {}", sentence(before)));
        }
        for line in self.difference.iter().flatten() {
            let colour = if line.starts_with('+') { 32 } else { 31 };
            lines.push(format!("    {}", screen.coloured(colour, line)));
        }
        lines
    }
}

/// A report in one line.
fn sentence(report: &Result<Report, String>) -> String {
    let report = match report {
        Ok(report) => report,
        Err(error) => return error.clone(),
    };
    let runs = report.runs.iter().map(|run| {
        let took = elapsed(run.started_at, run.ended_at.unwrap_or(run.started_at));
        let requests = run.requests();
        match &run.error {
            Some(error) => format!(
                "{} after {took}: {}, requests: {requests}",
                words(run.status),
                error.name
            ),
            None => format!("{} in {took}, requests: {requests}", words(run.status)),
        }
    });
    let reasons = report.not_started.iter().map(|it| format!("no run: {}", it.message));
    runs.chain(reasons).collect::<Vec<_>>().join("; ")
}
