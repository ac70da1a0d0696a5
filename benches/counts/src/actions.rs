//! The requests to PagerDuty of each action, when all goes well.

use figures::Table;
use jiff::Timestamp;
use rehearsal::{Rehearsal, Start, report::Step};
use serde_json::Map;
use workflow::{
    action::{Action, Function},
    definition::Definition,
};

use crate::Error;

/// The fields of each action beside those that many have, as they stand in a workflow.
fn fields(action: Action) -> &'static str {
    match action {
        Action::CreateIncident => "title: Memory, service: PWIXJZS, escalation_policy: PT20YPA",
        Action::ResolveIncident => "note: Done.",
        Action::UpdateIncident => "urgency: low",
        Action::ReassignIncident => "assignees: [PUS2B8D]",
        Action::EscalateIncident => "escalation_level: 2",
        Action::SnoozeIncident => "duration: 4h",
        Action::MergeIncidents => "source_incidents: [Q2OTHER0000000]",
        Action::AddNote => "note: Looking into it.",
        Action::PostStatusUpdate => "message: We look into it.",
        Action::AddResponders => "message: Please help., users: [PUS2B8D]",
        Action::SetCustomFields => "fields: { environment: production }",
        Action::RunIncidentWorkflow => "incident_workflow: PWF1MAN",
        Action::TriggerAlert => "summary: Heap full, source: web-1, severity: critical",
        Action::AcknowledgeAlert | Action::ResolveAlert => "dedup_key: heap",
        Action::SendChangeEvent => "summary: The limit was raised.",
        Action::GetIncident
        | Action::AcknowledgeIncident
        | Action::ListIncidents
        | Action::ListAlerts
        | Action::ListNotes
        | Action::ListLogEntries
        | Action::ListOncalls => "",
    }
}

/// What many actions have.
const SHARED: [(&str, &str); 3] = [
    ("from", "from: oncall@example.com"),
    ("incident_id", "incident_id: Q1MEMORYALERT1"),
    ("routing_key", "routing_key: memory"),
];

pub(crate) async fn table() -> Result<String, Error> {
    let mut table = Table::new(&["action", "requests", "which"]);
    for action in Function::ALL.iter().copied().flat_map(Function::actions) {
        let requests = requests(action).await?;
        let name = action.spec().name;
        table.row([format!("`{name}`"), requests.len().to_string(), requests.join(", ")]);
    }
    Ok(table.to_string())
}

/// The methods of the requests that a first attempt makes.
async fn requests(action: Action) -> Result<Vec<String>, Error> {
    let name = action.spec().name;
    let shared = SHARED
        .into_iter()
        .filter(|(field, _)| action.spec().input(field).is_some())
        .map(|(_, line)| line);
    let lines = ["integration: prod", fields(action)];
    let all: Vec<&str> = lines
        .into_iter()
        .filter(|line| !line.is_empty())
        .chain(shared)
        .collect();
    let source = format!(
        "name: counted\nsteps:\n  - uses: {name}\n    with: {{ {} }}\n",
        all.join(", ")
    );
    let definition = Definition::from_source(&source).map_err(Error::at(name))?;
    let rehearsal = Rehearsal::new(definition, Vec::new(), Vec::new()).map_err(Error::at(name))?;
    let start = Start::ByHand {
        inputs: Map::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    let report = rehearsal.play(&start).await.map_err(Error::at(name))?;
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
