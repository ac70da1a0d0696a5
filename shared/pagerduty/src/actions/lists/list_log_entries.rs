//! Lists what happened to an incident.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Unfit};

use super::super::{
    call::Call,
    contract::{action, fields, input},
    output::{name, short, that_fit},
};
use crate::{
    client::{ApiToken, Client, LogEntry},
    error::Error,
    given::ListLimit,
    ids::IncidentId,
};

input! {
    /// Whose log to list.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        limit: Option<ListLimit> => "how many at most, 1 to 100; 25 if it does not say", unfit(Unfit::LeaveOut);
        is_overview: Option<bool> => "whether only the most important entries are given", unfit(Unfit::LeaveOut);
    }
}

fields! {
    /// The entries of the log, in PagerDuty's order.
    Output {
        log_entries: Vec<ListedLogEntry> => "the entries";
        more: bool => "whether there are more than these";
    }
}

fields! {
    /// One of them. What PagerDuty did not say is null.
    ListedLogEntry {
        log_entry_id: String => "its id", id();
        r#type: Option<String> => "what happened, such as `acknowledge_log_entry`";
        summary: Option<String> => "what happened, in words";
        created_at: Option<Timestamp> => "when it was made, RFC 3339";
        agent: Option<String> => "the name of who did it";
    }
}

impl From<LogEntry> for ListedLogEntry {
    fn from(entry: LogEntry) -> Self {
        Self {
            log_entry_id: entry.id,
            r#type: entry.kind,
            summary: entry.summary.map(short),
            created_at: entry.created_at,
            agent: name(entry.agent.as_ref()),
        }
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Lists what happened to an incident.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
is_overview: true
limit: 50
"
        .into(),
        ..action::<Input, Output>("pagerduty.list_log_entries")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let is_overview = input.is_overview.unwrap_or(false);
    let limit = input.limit.unwrap_or_default();
    let found = call
        .account()?
        .list_log_entries(&input.incident_id, is_overview, limit)
        .await?;
    let (log_entries, more) = that_fit(found.list.into_iter().map(ListedLogEntry::from), found.more);
    Ok(Output { log_entries, more })
}
