//! What the examples cost.

use ::tests::figures::Table;
use jiff::Timestamp;
use platform::catalog;
use platform::cost::{PUBLISHED, Share, Work, shares};
use rehearsal::{Rehearsal, Start, delivery::Delivery, report::Took};
use serde_json::{Map, Value, json};
use workflow::definition::Definition;

use crate::Error;

const DELIVERY: &str = include_str!("../../../../events/pagerduty/webhook-v3-incident-triggered.json");
const PAGE_TEAMS: &str = include_str!("../../../../examples/page-teams.yaml");

/// An example, and what of the sample delivery is replaced by what, so that it starts a run.
struct Example {
    name: &'static str,
    source: &'static str,
    changes: &'static [(&'static str, &'static str)],
    /// What a person gives, where a person starts it.
    inputs: Option<Value>,
}

fn examples() -> [Example; 6] {
    let started_by_event = |name, source, changes| Example {
        name,
        source,
        changes,
        inputs: None,
    };
    [
        started_by_event(
            "memory-alert",
            include_str!("../../../../examples/memory-alert.yaml"),
            &[],
        ),
        started_by_event(
            "alert-storm, of one incident",
            include_str!("../../../../examples/alert-storm.yaml"),
            &[("CloudWatch-Memory-Alert", "Checkout")],
        ),
        started_by_event(
            "database-outage, of high urgency",
            include_str!("../../../../examples/database-outage.yaml"),
            &[("CloudWatch-Memory-Alert", "Database")],
        ),
        started_by_event(
            "incident-response",
            include_str!("../../../../examples/incident-response.yaml"),
            &[
                ("incident.triggered", "incident.priority_updated"),
                ("\"P2\"", "\"P1\""),
            ],
        ),
        Example {
            inputs: Some(json!({"what": "the database", "ends_at": "2026-11-20T12:00:00Z"})),
            ..started_by_event(
                "maintenance-window",
                include_str!("../../../../examples/maintenance-window.yaml"),
                &[],
            )
        },
        Example {
            inputs: Some(json!({"title": "The database is down"})),
            ..started_by_event("page-teams, of one team", PAGE_TEAMS, &[])
        },
    ]
}

pub(crate) async fn table() -> Result<String, Error> {
    let mut table = Table::new(&[
        "a million runs of",
        "Plans each",
        "actions",
        "US dollars",
        "of it transitions",
        "Lambda",
        "DynamoDB",
        "API",
        "logs",
    ]);
    for example in examples() {
        let took = took(&example).await?;
        let work = Work {
            plans: took.plans,
            calls: took.calls,
            waits: took.waits,
            lanes: took.executions,
        };
        let shares = shares(work, u64::from(example.inputs.is_none()));
        let of = |service: &str| million(shares.iter().filter(|share| share.what.starts_with(service)));
        table.row([
            example.name.to_owned(),
            took.plans.to_string(),
            took.calls.to_string(),
            million(shares.iter()),
            of("Step Functions"),
            of("Lambda"),
            of("DynamoDB"),
            of("API"),
            of("CloudWatch"),
        ]);
    }
    Ok(format!("{table}\nPrices: {PUBLISHED}.\n"))
}

/// The cost of a million runs, in whole dollars.
fn million<'a>(shares: impl Iterator<Item = &'a Share>) -> String {
    let dollars: f64 = shares.map(|share| share.dollars).sum();
    format!("{:.0}", dollars * 1e6)
}

/// The event that starts a run, when these texts of the sample delivery are others.
fn changed_event(name: &str, changes: &[(&str, &str)]) -> Result<Start, Error> {
    let changed = changes
        .iter()
        .fold(DELIVERY.to_owned(), |text, (from, to)| text.replace(from, to));
    Ok(Start::Deliveries {
        deliveries: vec![Delivery::read(changed.as_bytes()).map_err(Error::at(name))?],
        otherwise: AT,
    })
}

/// The sample event.
pub(crate) fn event(name: &str) -> Result<Start, Error> {
    changed_event(name, &[])
}

const AT: Timestamp = Timestamp::constant(1_795_167_000, 0);

async fn took(example: &Example) -> Result<Took, Error> {
    let name = example.name;
    let definition = Definition::from_source(example.source, catalog()).map_err(Error::at(name))?;
    let pages = Definition::from_source(PAGE_TEAMS, catalog()).map_err(Error::at("page-teams"))?;
    let others = match definition.name == pages.name {
        true => Vec::new(),
        false => vec![pages],
    };
    let rehearsal = Rehearsal::new(definition, others, Vec::new()).map_err(Error::at(name))?;
    let start = match &example.inputs {
        Some(inputs) => Start::ByHand {
            inputs: inputs.as_object().cloned().unwrap_or_else(Map::new),
            at: AT,
        },
        None => changed_event(name, example.changes)?,
    };
    let report = rehearsal.play(&start).await.map_err(Error::at(name))?;
    match report.runs.is_empty() {
        true => Err(Error {
            what: name.to_owned(),
            cause: format!("no run started: {:?}", report.not_started),
        }),
        false => Ok(report.took),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_example_has_a_run_that_calls_an_action() {
        for example in examples() {
            let took = took(&example).await.unwrap();
            assert!(took.plans > took.calls && took.calls > 0, "{}: {took:?}", example.name);
        }
    }
}
