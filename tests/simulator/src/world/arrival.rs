//! Events that come in.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::Ingress;
use crate::pagerduty::Status;
use pagerduty_simulator::{IncidentId, ServiceId, Trigger};
use serde_json::json;

/// An event that comes in.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// Its id at PagerDuty.
    pub event_id: String,
    /// The title of its incident.
    pub title: String,
    /// The urgency of its incident.
    pub urgency: &'static str,
    /// True if PagerDuty says which number the incident has.
    pub has_number: bool,
    /// The `incident_key` of its incident, if it is to be a certain one.
    pub key: Option<String>,
    /// True if it comes late: its incident has been resolved meanwhile.
    pub is_late: bool,
    /// Bytes of a field that nobody reads.
    pub padding: usize,
    /// The number of times that it is delivered.
    pub deliveries: u32,
}

impl Ingress {
    /// The bytes of a delivery of PagerDuty about a new incident, which PagerDuty has from then on.
    ///
    /// # Panics
    /// If the simulated PagerDuty refuses to open it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the service is one of the account")]
    pub fn delivery(&self, arrival: &Arrival) -> Vec<u8> {
        let mut trigger = Trigger::new(arrival.title.clone(), ServiceId::new("PSVC8R2"));
        trigger.from = Some("manager@example.com".to_owned());
        trigger.key.clone_from(&arrival.key);
        let opened = self.inner.account.with(|rules, now| rules.trigger(trigger, now));
        let opened = opened.expect("an incident");
        let incident = &opened["incident"];
        if arrival.is_late {
            let id = IncidentId::new(incident["id"].as_str().unwrap_or_default());
            // Nobody else knows of it yet.
            let _ = self
                .inner
                .account
                .set_status(&id, Status::Resolved, "manager@example.com");
        }
        let now = self.inner.clock.now();
        let mut data = json!({
            "id": incident["id"],
            "type": "incident",
            "title": arrival.title,
            "status": "triggered",
            "urgency": arrival.urgency,
            "incident_key": incident["incident_key"],
            "created_at": now.to_string(),
            "html_url": incident["html_url"],
            "service": {"id": "PSVC8R2", "type": "service_reference", "summary": "Checkout"},
            "escalation_policy": {"id": "PT31ZQB", "type": "escalation_policy_reference", "summary": "Payments On-Call"},
            "priority": null,
            "teams": [{"id": "PGT9S2M", "type": "team_reference", "summary": "Payments"}],
            "assignees": [],
        });
        if arrival.has_number {
            data["number"] = incident["incident_number"].clone();
        }
        if arrival.padding > 0 {
            data["padding"] = self.padding(arrival.padding).into();
        }
        json!({
            "event": {
                "id": arrival.event_id,
                "event_type": "incident.triggered",
                "resource_type": "incident",
                "occurred_at": now.to_string(),
                "agent": null,
                "client": null,
                "data": data,
            },
        })
        .to_string()
        .into_bytes()
    }

    /// Text that does not get smaller when it is packed.
    fn padding(&self, bytes: usize) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let letter = |_| {
            let position = self.inner.chance.position(LETTERS.len());
            LETTERS.get(position).copied().map_or('-', char::from)
        };
        (0..bytes).map(letter).collect()
    }
}
