//! `pagerflow integration test`.

use crate::{
    error::Error,
    output::{Output, printable},
    pagerduty_account::PagerDutyAccount,
    stack::Stack,
};
use pagerduty::account_check::{AccountCheck, Finding, Level, check_account};
use serde_json::{Value, json};
use std::process::ExitCode;
use workflow::ids::IntegrationAlias;

pub(super) async fn run(alias: &IntegrationAlias, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let trying = output.working(format!("Trying the integration {alias}"));
    let account = PagerDutyAccount::of(alias, stack).await?;
    let connection = &account.connection;
    let check = check_account(account.regions(), &connection.token, connection.default_from.as_ref()).await;
    drop(trying);
    let text = render(alias, &check, output);
    output.result(&view(alias, &check), || text)?;
    Ok(match check.is_passed() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn view(alias: &IntegrationAlias, check: &AccountCheck) -> Value {
    let findings = check.findings.iter().map(|finding| {
        json!({
            "subject": finding.subject.to_string(), "level": finding.level.name(), "text": finding.text,
            "remedy": finding.remedy.as_ref().map(|remedy| with_alias(remedy, alias)),
        })
    });
    json!({ "integration": alias, "passed": check.is_passed(), "findings": findings.collect::<Vec<_>>() })
}

fn render(alias: &IntegrationAlias, check: &AccountCheck, output: &Output) -> String {
    let mut lines: Vec<String> = check
        .findings
        .iter()
        .flat_map(|finding| lines(finding, alias, output))
        .collect();
    let problems = check
        .findings
        .iter()
        .filter(|finding| finding.level == Level::Problem)
        .count();
    lines.push(String::new());
    lines.push(match problems {
        0 => format!("The integration {alias} works, as far as can be told."),
        1 => format!("The integration {alias} has 1 problem."),
        count => format!("The integration {alias} has {count} problems."),
    });
    lines.join("\n")
}

/// A remedy with the name of the integration in its commands.
pub(super) fn with_alias(remedy: &str, alias: &IntegrationAlias) -> String {
    remedy.replace("ALIAS", alias.as_str())
}

/// The finding behind its level, and what to do under it.
fn lines(finding: &Finding, alias: &IntegrationAlias, output: &Output) -> impl Iterator<Item = String> {
    const GREEN: u8 = 32;
    const YELLOW: u8 = 33;
    const RED: u8 = 31;
    const GREY: u8 = 90;
    let colour = match finding.level {
        Level::Ok => GREEN,
        Level::Unknown => GREY,
        Level::Warning => YELLOW,
        Level::Problem => RED,
    };
    let level = output.coloured(colour, &format!("{:<8}", finding.level.name()));
    let remedy = finding
        .remedy
        .as_ref()
        .map(|remedy| format!("{:10}{}", "", printable(&with_alias(remedy, alias))));
    std::iter::once(format!("{level}  {}", printable(&finding.text))).chain(remedy)
}

#[cfg(test)]
mod tests;
