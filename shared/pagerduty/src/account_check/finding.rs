//! The answer to one question about an integration.

use serde::Serialize;
use std::fmt;

/// The subject of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// The token, and its owner.
    Token,
    /// The service region that answers.
    Region,
    /// A list that can be read or not, by PagerDuty's name for it.
    Reads(&'static str),
    /// The abilities of the account's plan.
    Abilities,
    /// The right to change incidents.
    Writes,
    /// The default user, and the right to respond.
    DefaultFrom,
}

/// A stable name, for programs.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("token"),
            Self::Region => f.write_str("region"),
            Self::Reads(list) => write!(f, "read:{list}"),
            Self::Abilities => f.write_str("abilities"),
            Self::Writes => f.write_str("write"),
            Self::DefaultFrom => f.write_str("default_from"),
        }
    }
}

/// The severity of a finding, with a stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// It can not be told, which need not mean anything.
    Unknown,
    /// Something does not work, and most works all the same.
    Warning,
    /// Workflows will fail.
    Problem,
}

/// The answer to one question about an integration, in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// What it means.
    pub level: Level,
    /// What was found.
    pub text: String,
    /// The remedy, or the consequence.
    pub remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(subject: Subject, text: impl Into<String>) -> Self {
        Self::new(subject, Level::Ok, text, None)
    }

    pub(super) fn unknown(subject: Subject, text: impl Into<String>) -> Self {
        Self::new(subject, Level::Unknown, text, None)
    }

    pub(super) fn warning(subject: Subject, text: impl Into<String>, remedy: &str) -> Self {
        Self::new(subject, Level::Warning, text, Some(remedy))
    }

    pub(super) fn problem(subject: Subject, text: impl Into<String>, remedy: &str) -> Self {
        Self::new(subject, Level::Problem, text, Some(remedy))
    }

    fn new(subject: Subject, level: Level, text: impl Into<String>, remedy: Option<&str>) -> Self {
        Self {
            subject,
            level,
            text: text.into(),
            remedy: remedy.map(str::to_owned),
        }
    }
}
