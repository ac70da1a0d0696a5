//! The alerts of an incident.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Account, Entries, MAX_ANSWER};
use crate::{
    error::Error,
    given::{AlertStatus, ListLimit},
    ids::IncidentId,
    lenient,
};

/// An alert of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub id: String,
    /// The key for monitoring: the `dedup_key` of its events.
    pub key: Option<String>,
    /// The status, in PagerDuty's word.
    pub status: Option<String>,
    /// The severity, in PagerDuty's word.
    pub severity: Option<String>,
    /// The problem.
    pub summary: Option<String>,
    /// The time when it was opened.
    pub created_at: Option<Timestamp>,
    /// The data of monitoring: `details`, a map or a text, beside `type`, `contexts` and, undocumented, `cef_details`.
    pub body: Option<Map<String, Value>>,
}

impl Alert {
    fn from_json(object: &Value) -> Option<Self> {
        Some(Self {
            id: lenient::text(object, "id")?,
            key: lenient::text(object, "alert_key"),
            status: lenient::text(object, "status"),
            severity: lenient::text(object, "severity"),
            summary: lenient::text(object, "summary"),
            created_at: lenient::time(object, "created_at"),
            body: object.get("body").and_then(Value::as_object).cloned(),
        })
    }
}

impl Account<'_> {
    /// `GET /incidents/{id}/alerts`. No status leaves none out.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn list_alerts(
        &self,
        id: &IncidentId,
        statuses: &[AlertStatus],
        limit: ListLimit,
    ) -> Result<Entries<Alert>, Error> {
        let limit = limit.get().to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(statuses.iter().map(|status| ("statuses[]", status.into_str())));
        let answer = self
            .read(&["incidents", id.as_str(), "alerts"], &query, MAX_ANSWER)
            .await?;
        Entries::read(answer, "alerts", Alert::from_json)
    }
}
