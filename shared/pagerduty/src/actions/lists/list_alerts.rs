//! Lists the alerts of an incident.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    call::Call,
    input::action_input,
    output::{short, that_fit},
};
use crate::{
    client::{Alert, ApiToken, Client},
    error::Error,
    given::{AlertStatus, ListLimit},
    ids::IncidentId,
};

action_input! {
    /// Which alerts are asked for.
    ListAlertsInput {
        /// The incident.
        incident_id: IncidentId,
        /// Where they stand; any where it is missing.
        statuses: Option<Vec<AlertStatus>>,
        /// How many; 25 where it is missing.
        limit: Option<ListLimit>,
    }
}

/// The alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alerts {
    /// The alerts.
    pub alerts: Vec<ListedAlert>,
    /// Whether there are more.
    pub more: bool,
}

/// One of them. What PagerDuty did not say is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedAlert {
    /// Its id.
    pub alert_id: String,
    /// What monitoring knows it by: the `dedup_key` of its events.
    pub alert_key: Option<String>,
    /// Where it stands.
    pub status: Option<String>,
    /// How bad it is.
    pub severity: Option<String>,
    /// What is wrong.
    pub summary: Option<String>,
    /// When it was opened.
    pub created_at: Option<Timestamp>,
}

impl From<Alert> for ListedAlert {
    fn from(alert: Alert) -> Self {
        Self {
            alert_id: alert.id,
            alert_key: alert.key,
            status: alert.status,
            severity: alert.severity,
            summary: alert.summary.map(short),
            created_at: alert.created_at,
        }
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(client: &Client, token: &ApiToken, input: &ListAlertsInput, now: Timestamp) -> Result<Alerts, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let statuses = input.statuses.as_deref().unwrap_or_default();
    let limit = input.limit.unwrap_or_default();
    let found = call.account()?.list_alerts(&input.incident_id, statuses, limit).await?;
    let (alerts, more) = that_fit(found.list.into_iter().map(ListedAlert::from), found.more);
    Ok(Alerts { alerts, more })
}
