//! Lists what happened to an incident.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    call::Call,
    input::action_input,
    output::{name, short, that_fit},
};
use crate::{
    client::{ApiToken, Client, LogEntry},
    error::Error,
    given::ListLimit,
    ids::IncidentId,
};

action_input! {
    /// Whose log is asked for.
    ListLogEntriesInput {
        /// The incident.
        incident_id: IncidentId,
        /// How many; 25 where it is missing.
        limit: Option<ListLimit>,
        /// Whether only the most important changes are asked for.
        is_overview: Option<bool>,
    }
}

/// The entries of the log, in PagerDuty's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEntries {
    /// The entries.
    pub log_entries: Vec<ListedLogEntry>,
    /// Whether there are more.
    pub more: bool,
}

/// One of them. What PagerDuty did not say is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedLogEntry {
    /// Its id.
    pub log_entry_id: String,
    /// What kind of thing happened, such as `trigger_log_entry`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What happened.
    pub summary: Option<String>,
    /// When it happened.
    pub created_at: Option<Timestamp>,
    /// The name of who or what did it.
    pub agent: Option<String>,
}

impl From<LogEntry> for ListedLogEntry {
    fn from(entry: LogEntry) -> Self {
        Self {
            log_entry_id: entry.id,
            kind: entry.kind,
            summary: entry.summary.map(short),
            created_at: entry.created_at,
            agent: name(entry.agent.as_ref()),
        }
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &ListLogEntriesInput,
    now: Timestamp,
) -> Result<LogEntries, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let is_overview = input.is_overview.unwrap_or(false);
    let limit = input.limit.unwrap_or_default();
    let found = call
        .account()?
        .list_log_entries(&input.incident_id, is_overview, limit)
        .await?;
    let (log_entries, more) = that_fit(found.list.into_iter().map(ListedLogEntry::from), found.more);
    Ok(LogEntries { log_entries, more })
}
