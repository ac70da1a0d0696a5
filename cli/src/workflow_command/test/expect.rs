//! `--expect`: the cases of a file, each with its expectation.
//!
//! # Layout
//! - `cases` — the file: what each case plays.
//! - `expectation` — the expectation of a case, and the differences of a report from it.

mod cases;
mod expectation;

pub(super) use cases::Cases;

use super::{
    Told,
    events::PassedOver,
    render::{Form, Renderer},
};
use crate::output::{Screen, printable};
use expectation::Mismatch;
use rehearsal::report::{Outcome, Report};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::json;

/// The cases that were played.
#[derive(Debug)]
pub(crate) struct Checked {
    cases: Vec<CheckedCase>,
    passed_over: Vec<PassedOver>,
}

/// A case that was played.
#[derive(Debug, Serialize)]
struct CheckedCase {
    name: String,
    passed: bool,
    /// The differences from what was expected.
    mismatches: Vec<Mismatch>,
    #[serde(serialize_with = "told")]
    report: Result<Report, String>,
}

impl Serialize for Checked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Checked", 3)?;
        fields.serialize_field("passed", &self.has_passed())?;
        fields.serialize_field("cases", &self.cases)?;
        fields.serialize_field("passed_over", &self.passed_over)?;
        fields.end()
    }
}

fn told<S: Serializer>(report: &Result<Report, String>, serializer: S) -> Result<S::Ok, S::Error> {
    match report {
        Ok(report) => Told::from(report).serialize(serializer),
        Err(error) => json!({ "outcome": Outcome::Failed, "error": error }).serialize(serializer),
    }
}

impl Checked {
    /// True if all cases have passed.
    pub(super) fn has_passed(&self) -> bool {
        self.cases.iter().all(|case| case.passed)
    }

    /// A line for each case; below one that has not passed, what is different and what happened.
    pub(super) fn text(&self, screen: Screen) -> String {
        let mut lines: Vec<String> = self.cases.iter().flat_map(|case| case.lines(screen)).collect();
        let mark = screen.coloured(90, "-");
        let passed_over = self.passed_over.iter();
        lines.extend(passed_over.map(|it| format!("{mark} {}  passed over: {}", it.file, it.in_short)));
        let passed = self.cases.iter().filter(|case| case.passed).count();
        lines.push(format!("{passed} of {} passed", self.cases.len()));
        lines.join("\n")
    }
}

impl CheckedCase {
    fn lines(&self, screen: Screen) -> Vec<String> {
        let mark = match self.passed {
            true => screen.coloured(32, "✓"),
            false => screen.coloured(31, "✗"),
        };
        let mut lines = vec![format!("{mark} {}", printable(&self.name))];
        if self.passed {
            return lines;
        }
        lines.extend(self.mismatches.iter().flat_map(|mismatch| mismatch.lines(screen)));
        match &self.report {
            Ok(report) => {
                let timeline = Renderer::new(screen, Form::Whole).report(report);
                lines.extend(timeline.lines().map(str::to_owned));
            }
            Err(error) => lines.push(printable(error)),
        }
        let indented = lines.iter().skip(1).map(|line| format!("    {line}"));
        std::iter::once(lines.first().cloned().unwrap_or_default())
            .chain(indented)
            .collect()
    }
}
