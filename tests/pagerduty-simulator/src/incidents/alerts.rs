//! The alerts of incidents: what monitoring tools sent.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Incident, shapes};
use crate::access::Call;
use crate::account::Account;
use crate::clock::seconds;
use crate::directory::shapes::{API, service_reference};
use crate::exchange::Answer;
use crate::ids::AlertId;
use crate::page::Page;
use crate::refusal::Refusal;

#[derive(Debug, Clone)]
pub(crate) struct Alert {
    pub(crate) id: AlertId,
    /// Its dedup key.
    pub(crate) key: String,
    /// Which of the account's routing keys it came by; none for one that a test opened.
    pub(crate) integration: Option<usize>,
    /// The name of what sent it.
    pub(crate) sender: String,
    pub(crate) summary: String,
    pub(crate) severity: Severity,
    /// What the event carried, as it came.
    pub(crate) details: Value,
    pub(crate) created_at: Timestamp,
    pub(crate) resolved_at: Option<Timestamp>,
}

/// How bad an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Critical,
    Error,
    Warning,
    Info,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Critical, Self::Error, Self::Warning, Self::Info]
            .into_iter()
            .find(|severity| severity.name() == name)
    }
}

impl Alert {
    /// Resolves the alert, unless it is resolved already.
    pub(crate) fn resolve(&mut self, now: Timestamp) {
        self.resolved_at.get_or_insert(now);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }

    fn status(&self) -> &'static str {
        if self.is_open() { "triggered" } else { "resolved" }
    }

    fn shape(&self, account: &Account, incident: &Incident) -> Value {
        json!({
            "id": self.id,
            "type": "alert",
            "summary": self.summary,
            "self": format!("{API}/incidents/{}/alerts/{}", incident.id, self.id),
            "html_url": account.page(&format!("alerts/{}", self.id)),
            "created_at": seconds(self.created_at),
            "resolved_at": self.resolved_at.map(seconds),
            "status": self.status(),
            "alert_key": self.key,
            "severity": self.severity.name(),
            "suppressed": false,
            "service": service_reference(account, &incident.service),
            "incident": shapes::incident_reference(account, incident),
            "integration": shapes::integration(account, incident, &self.sender),
            "body": {"type": "alert_body", "contexts": [], "details": self.details},
        })
    }
}

/// The alerts of an incident that match `statuses[]` and `alert_key`, oldest first unless `sort_by` asks otherwise.
pub(crate) fn all(account: &Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let incident = account.incident(id)?;
    let statuses = call.request.parameters("statuses[]");
    if let Some(unknown) = statuses.iter().find(|name| !["triggered", "resolved"].contains(name)) {
        return Err(Refusal::invalid(format!("{unknown} is not a status of alerts")));
    }
    let key = call.request.parameter("alert_key");
    let mut rows: Vec<&Alert> = incident
        .alerts
        .iter()
        .filter(|alert| call.shows(alert.created_at))
        .filter(|alert| statuses.is_empty() || statuses.contains(&alert.status()))
        .filter(|alert| key.is_none_or(|key| alert.key == key))
        .collect();
    match call.request.parameter("sort_by") {
        Some("created_at:desc") => rows.reverse(),
        Some("resolved_at" | "resolved_at:asc") => rows.sort_by_key(|alert| alert.resolved_at),
        Some("resolved_at:desc") => rows.sort_by_key(|alert| std::cmp::Reverse(alert.resolved_at)),
        _ => {}
    }
    let body = Page::of(call.request)?.body("alerts", &rows, |alert| alert.shape(account, incident));
    Ok(Answer::json(StatusCode::OK, body))
}
