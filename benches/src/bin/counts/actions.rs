//! The requests to PagerDuty of each action, when all goes well.

use crate::{Error, examples::event};
use ::tests::figures::Table;
use pagerduty::actions::Action;
use platform::catalog;
use rehearsal::{Rehearsal, report::Step};
use std::fmt::Write as _;
use workflow::definition::Definition;

pub(crate) async fn table() -> Result<String, Error> {
    let mut table = Table::new(&["action", "requests", "which"]);
    for action in Action::ALL.iter().copied() {
        let requests = requests(action).await?;
        table.row([format!("`{action}`"), requests.len().to_string(), requests.join(", ")]);
    }
    Ok(table.to_string())
}

/// The methods of the requests that a first attempt makes, with the input that the manual shows.
async fn requests(action: Action) -> Result<Vec<String>, Error> {
    let spec = action.spec();
    let name = &*spec.name;
    let mut source = format!(
        "name: counted\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n  - uses: {name}\n    \
         with:\n"
    );
    let from = spec.input("from").filter(|_| !spec.example.contains("from:"));
    for line in spec.example.lines().chain(from.map(|_| "from: oncall@example.com")) {
        let _ = writeln!(source, "      {line}");
    }
    let definition = Definition::from_source(&source, catalog()).map_err(Error::at(name))?;
    let rehearsal = Rehearsal::new(definition, Vec::new(), Vec::new()).map_err(Error::at(name))?;
    let report = rehearsal.play(&event(name)?).await.map_err(Error::at(name))?;
    let step: Option<&Step> = report.runs.first().and_then(|run| run.steps.first());
    let attempt = step.and_then(|step| step.attempts.first());
    let attempt = attempt.filter(|attempt| attempt.error.is_none()).ok_or_else(|| Error {
        what: name.to_owned(),
        cause: format!("it was not done: {step:?}"),
    })?;
    Ok(attempt.requests.iter().map(|request| request.method.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_action_can_be_counted() {
        let table = table().await.unwrap();
        assert!(
            table.contains("| `pagerduty.acknowledge_incident` | 2 | GET, PUT |"),
            "{table}"
        );
        assert!(table.contains("| `pagerduty.get_incident` | 1 | GET |"), "{table}");
    }
}
