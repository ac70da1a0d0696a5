//! `pagerflow integration test`.

use crate::{
    aws_account,
    connector_account::{ConnectorAccount, Tried, Verdict},
    error::Error,
    output::{Notices, Screen, View, printable},
    pagerduty_account::PagerDutyAccount,
    stack::Stack,
};
use pagerduty::account_check::{AccountCheck, Level, check_account};
use platform::table::{ConnectorAccount as Recorded, IntegrationKind};
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
    let record = stack.known_integration(alias).await?;
    let _trying = notices.working(format!("Trying the integration {alias}"));
    match &record.kind {
        IntegrationKind::PagerDuty { .. } => {
            let account = PagerDutyAccount::of(alias, stack).await?;
            let connection = &account.connection;
            let check = check_account(account.regions(), &connection.token, connection.default_from.as_ref()).await;
            Ok(Checked::of_pagerduty(alias, check))
        }
        IntegrationKind::Connector(recorded) if recorded.type_name.as_str() == aws_actions::integration::TYPE => Ok(
            Checked::of_tried(alias, "role", aws_account::tried(alias, stack).await, None),
        ),
        IntegrationKind::Connector(recorded) => {
            let account = ConnectorAccount::of(alias, recorded, stack).await?;
            let tried = account.tried().await;
            Ok(Checked::of_connector(alias, &account, recorded, tried))
        }
    }
}

impl Checked {
    fn of_pagerduty(alias: &IntegrationAlias, check: AccountCheck) -> Self {
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

    fn of_connector(
        alias: &IntegrationAlias,
        account: &ConnectorAccount<'_>,
        recorded: &Recorded,
        tried: Tried,
    ) -> Self {
        let used = &account.account;
        let hosts: Vec<String> = used.hosts.iter().map(ToString::to_string).collect();
        let differs = used.fields != recorded.fields || hosts != recorded.hosts;
        let other = differs.then(|| Shown {
            subject: "fields".to_owned(),
            level: Level::Warning,
            text: "The fields in the table are not those beside the secret, which are the ones that are used."
                .to_owned(),
            remedy: Some(format!("Store it again with `pagerflow integration add {alias}`.")),
        });
        Self::of_tried(alias, "secret", tried, other)
    }

    fn of_tried(alias: &IntegrationAlias, subject: &str, tried: Tried, other: Option<Shown>) -> Self {
        let finding = Shown {
            subject: subject.to_owned(),
            level: match tried.verdict {
                Verdict::Accepted => Level::Ok,
                Verdict::NotKnown => Level::Unknown,
                Verdict::Failed => Level::Problem,
            },
            text: tried.text,
            remedy: tried.remedy.map(|remedy| with_alias(&remedy, alias)),
        };
        Self {
            integration: alias.clone(),
            passed: tried.verdict != Verdict::Failed,
            findings: std::iter::once(finding).chain(other).collect(),
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
