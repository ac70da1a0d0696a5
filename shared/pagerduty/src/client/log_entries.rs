//! The history of an incident, as PagerDuty logs it.

use jiff::Timestamp;
use serde_json::Value;

use super::{Account, Entries, MAX_ANSWER};
use crate::{error::Error, given::ListLimit, ids::IncidentId, lenient, reference::Reference};

/// An entry of an incident's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub id: String,
    /// The kind of entry, such as `trigger_log_entry`.
    pub kind: Option<String>,
    /// The summary, in PagerDuty's words.
    pub summary: Option<String>,
    /// The time when it happened.
    pub created_at: Option<Timestamp>,
    /// The person or system that did it.
    pub agent: Option<Reference>,
}

impl LogEntry {
    fn from_json(object: &Value) -> Option<Self> {
        Some(Self {
            id: lenient::text(object, "id")?,
            kind: lenient::text(object, "type"),
            summary: lenient::text(object, "summary"),
            created_at: lenient::time(object, "created_at"),
            agent: lenient::reference(object, "agent"),
        })
    }
}

impl Account<'_> {
    /// `GET /incidents/{id}/log_entries`; with `is_overview` only those that show the most important changes.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn list_log_entries(
        &self,
        id: &IncidentId,
        is_overview: bool,
        limit: ListLimit,
    ) -> Result<Entries<LogEntry>, Error> {
        let limit = limit.get().to_string();
        let mut query = vec![("limit", limit.as_str())];
        if is_overview {
            query.push(("is_overview", "true"));
        }
        let answer = self
            .read(&["incidents", id.as_str(), "log_entries"], &query, MAX_ANSWER)
            .await?;
        Entries::read(answer, "log_entries", LogEntry::from_json)
    }
}
