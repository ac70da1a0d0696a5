//! The answer to one question about an installation.

use crate::output::{Screen, View, printable};
use serde::Serialize;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// It is as it should be.
    Ok,
    /// It could not be found out, which need not mean anything.
    NotChecked,
    /// Something is not as it should be, and most works all the same.
    Warning,
    /// Something does not work.
    Problem,
}

impl Level {
    /// The name and its colour, for people.
    fn shown(self) -> (&'static str, u8) {
        match self {
            Self::Ok => ("ok", 32),
            Self::NotChecked => ("not checked", 90),
            Self::Warning => ("warning", 33),
            Self::Problem => ("problem", 31),
        }
    }
}

/// The answer to one question, in sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// The subject: a stable word, and where there are several of a kind the name of one.
    area: String,
    level: Level,
    /// The finding and its meaning.
    text: String,
    /// The remedy.
    remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(area: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(area, Level::Ok, text, None)
    }

    pub(super) fn not_checked(area: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(area, Level::NotChecked, text, None)
    }

    /// Something that is in order, and that one may want to do all the same.
    pub(super) fn hint(area: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(area, Level::Ok, text, Some(remedy.into()))
    }

    pub(super) fn warning(area: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(area, Level::Warning, text, Some(remedy.into()))
    }

    pub(super) fn problem(area: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(area, Level::Problem, text, Some(remedy.into()))
    }

    fn new(area: impl Into<String>, level: Level, text: impl Into<String>, remedy: Option<String>) -> Self {
        let (area, text) = (area.into(), text.into());
        Self {
            area,
            level,
            text,
            remedy,
        }
    }

    /// The finding behind its level, and what to do under it.
    fn lines(&self, screen: Screen) -> String {
        const WIDTH: usize = 11;
        let (name, colour) = self.level.shown();
        let level = screen.coloured(colour, &format!("{name:<WIDTH$}"));
        let lines = |text: &str| {
            let lines: Vec<_> = text.lines().map(printable).collect();
            lines.join(&format!("\n{:WIDTH$}  ", ""))
        };
        let remedy = self
            .remedy
            .as_ref()
            .map(|remedy| format!("\n{:WIDTH$}  {}", "", lines(remedy)));
        format!("{level}  {}{}", lines(&self.text), remedy.unwrap_or_default())
    }
}

/// The findings about an installation.
#[derive(Debug, Serialize)]
pub(crate) struct Findings {
    /// True if nothing was found that does not work.
    passed: bool,
    findings: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        Self {
            passed: findings.iter().all(|finding| finding.level != Level::Problem),
            findings,
        }
    }
}

impl View for Findings {
    fn text(&self, screen: Screen) -> String {
        text(&self.findings, screen)
    }

    fn is_failure(&self) -> bool {
        !self.passed
    }
}

/// The findings for people.
pub(super) fn text(findings: &[Finding], screen: Screen) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let told = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let counts = [
        told(count(Level::Problem), "problem", "problems"),
        told(count(Level::Warning), "warning", "warnings"),
        told(
            count(Level::NotChecked),
            "question not answered",
            "questions not answered",
        ),
    ];
    let counts: Vec<_> = counts.into_iter().flatten().collect();
    let summary = match counts.is_empty() {
        true => "Nothing is wrong.".to_owned(),
        false => format!("{}.", counts.join(", ")),
    };
    let lines = findings.iter().map(|finding| finding.lines(screen));
    lines.chain([String::new(), summary]).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;

    #[test]
    fn findings_stand_behind_their_level_with_what_to_do_under_them() {
        let findings = [
            Finding::ok("table", "The table can be used."),
            Finding::not_checked("alarms", "CloudWatch did not answer."),
            Finding::warning("table", "Something\nis \u{1b}[31modd.", "Run this:\n  aws …"),
            Finding::problem("secrets", "It is gone.", "Store it again."),
        ];
        insta::assert_snapshot!(text(&findings, Screen::plain()), @"
        ok           The table can be used.
        not checked  CloudWatch did not answer.
        warning      Something
                     is �[31modd.
                     Run this:
                       aws …
        problem      It is gone.
                     Store it again.

        1 problem, 1 warning, 1 question not answered.
        ");
        insta::assert_snapshot!(as_json(&Findings::new(findings[3..].to_vec())), @r#"{"findings":[{"area":"secrets","level":"problem","remedy":"Store it again.","text":"It is gone."}],"passed":false}"#);
    }

    #[test]
    fn only_a_problem_fails_an_installation() {
        let small = Findings::new(vec![Finding::warning("a", "b", "c"), Finding::not_checked("a", "b")]);
        assert!(!small.is_failure());
        let serious = Findings::new(vec![Finding::ok("a", "b"), Finding::problem("a", "b", "c")]);
        assert!(serious.is_failure());
        assert!(text(&[Finding::ok("a", "b")], Screen::plain()).ends_with("\nNothing is wrong."));
    }
}
