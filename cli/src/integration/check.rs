//! `pagerflow integration test`.

use crate::{
    error::Error,
    output::{Notices, Screen, View, printable},
    pagerduty_account::PagerDutyAccount,
    stack::Stack,
};
use pagerduty::account_check::{AccountCheck, Level, check_account};
use serde::Serialize;
use workflow::ids::IntegrationAlias;

/// An integration that was tried.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    integration: IntegrationAlias,
    /// True if nothing keeps the integration from working.
    passed: bool,
    findings: Vec<Shown>,
}

/// A finding as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    subject: String,
    level: Level,
    text: String,
    remedy: Option<String>,
}

pub(super) async fn check(alias: &IntegrationAlias, stack: &Stack, notices: Notices) -> Result<Checked, Error> {
    let _trying = notices.working(format!("Trying the integration {alias}"));
    let account = PagerDutyAccount::of(alias, stack).await?;
    let connection = &account.connection;
    let check = check_account(account.regions(), &connection.token, connection.default_from.as_ref()).await;
    Ok(Checked::new(alias, check))
}

impl Checked {
    fn new(alias: &IntegrationAlias, check: AccountCheck) -> Self {
        Self {
            integration: alias.clone(),
            passed: check.is_passed(),
            findings: check
                .findings
                .into_iter()
                .map(|finding| Shown {
                    subject: finding.subject.to_string(),
                    level: finding.level,
                    remedy: finding.remedy.map(|remedy| with_alias(&remedy, alias)),
                    text: finding.text,
                })
                .collect(),
        }
    }
}

impl View for Checked {
    fn text(&self, screen: Screen) -> String {
        let alias = &self.integration;
        let mut lines: Vec<String> = self.findings.iter().flat_map(|finding| finding.lines(screen)).collect();
        let is_problem = |finding: &&Shown| finding.level == Level::Problem;
        lines.push(String::new());
        lines.push(match self.findings.iter().filter(is_problem).count() {
            0 => format!("The integration {alias} works, as far as can be told."),
            1 => format!("The integration {alias} has 1 problem."),
            count => format!("The integration {alias} has {count} problems."),
        });
        lines.join("\n")
    }

    fn is_failure(&self) -> bool {
        !self.passed
    }
}

/// A remedy with the name of the integration in its commands.
pub(super) fn with_alias(remedy: &str, alias: &IntegrationAlias) -> String {
    remedy.replace("ALIAS", alias.as_str())
}

impl Shown {
    /// The finding behind its level, and the remedy under it.
    fn lines(&self, screen: Screen) -> impl Iterator<Item = String> {
        const GREEN: u8 = 32;
        const YELLOW: u8 = 33;
        const RED: u8 = 31;
        const GREY: u8 = 90;
        let colour = match self.level {
            Level::Ok => GREEN,
            Level::Unknown => GREY,
            Level::Warning => YELLOW,
            Level::Problem => RED,
        };
        let level = screen.coloured(colour, &format!("{:<8}", self.level));
        let remedy = self
            .remedy
            .as_ref()
            .map(|remedy| format!("{:10}{}", "", printable(remedy)));
        std::iter::once(format!("{level}  {}", printable(&self.text))).chain(remedy)
    }
}

#[cfg(test)]
mod tests;
