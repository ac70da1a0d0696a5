//! Creates an incident, at most once.
//!
//! # How a repeat is made harmless
//! The idempotency key becomes PagerDuty's `incident_key`. While an incident with that key is open on the service,
//! PagerDuty refuses a second one; once it is resolved, the key is free again, and only a look-up can tell.
//!
//! ```text
//! first attempt:  POST ──201──────────────────────────────────────────────> created
//!                   └──400 "matching dedup key"── look up ──found─────────> adopted
//!                                                    └──not shown yet─────> outcome unknown
//! any other:      look up (open or resolved, by key and service) ──found──> adopted
//!                   └──not found── POST, as in the first attempt
//! ```
//!
//! So a first attempt whose answer was lost is found again even if somebody resolved the incident in between: it is
//! adopted with the status that it has. PagerDuty's look-ups can lag behind its writes by seconds; for an open incident
//! the refusal closes that gap, and for one that was also resolved within those seconds the caller has to leave
//! some time (10 s) between two attempts. Without a key there is one POST and nothing is looked up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{deadline::Deadline, title::Title};
use crate::{
    client::{Account, ApiToken, Client, NewIncident},
    error::{Error, Failure},
    ids::{EscalationPolicyId, IdempotencyKey, IncidentId, ServiceId, UserEmail},
    incident::{Incident, IncidentStatus},
};

/// What is to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateIncidentInput {
    /// The alias of the integration whose account it is created in.
    pub integration: String,
    /// Its title.
    pub title: Title,
    /// The service that it is for.
    pub service: ServiceId,
    /// The escalation policy that says who is called.
    pub escalation_policy: EscalationPolicyId,
    /// The user who counts as its creator.
    pub from: UserEmail,
    /// The same for every attempt at this incident. Without it, every call creates an incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<IdempotencyKey>,
    /// Which attempt this is, from 1. Where it is missing, an earlier one is taken to be possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// When the action has to be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

/// The incident that was created, or found to have been created by an earlier attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedIncident {
    /// When it was created. Null only where PagerDuty did not say.
    pub created_at: Option<Timestamp>,
    /// Its id.
    pub incident_id: IncidentId,
    /// Its title, as PagerDuty has it.
    pub title: Option<String>,
    /// The number that people use.
    pub incident_number: Option<u64>,
    /// Where it stands: `triggered` for a new one.
    pub status: IncidentStatus,
}

impl From<Incident> for CreatedIncident {
    fn from(incident: Incident) -> Self {
        Self {
            created_at: incident.created_at,
            incident_id: incident.id,
            title: incident.title,
            incident_number: incident.number,
            status: incident.status,
        }
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any [`Error`] but [`Error::NoteMissing`]. After [`Error::OutcomeUnknown`] another attempt with the same key finds out
/// what happened; without a key a person has to look.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &CreateIncidentInput,
    now: Timestamp,
) -> Result<CreatedIncident, Error> {
    let attempt = Attempt {
        account: client.account(token),
        deadline: Deadline::new(input.deadline, now)?,
        input,
    };
    let incident = match &input.idempotency_key {
        None => attempt.create().await?,
        Some(key) => attempt.create_or_adopt(key).await?,
    };
    Ok(incident.into())
}

struct Attempt<'a> {
    account: Account<'a>,
    deadline: Deadline,
    input: &'a CreateIncidentInput,
}

impl Attempt<'_> {
    async fn create_or_adopt(&self, key: &IdempotencyKey) -> Result<Incident, Error> {
        let may_be_there = self.input.attempt != Some(1) || self.deadline.begins_late();
        if may_be_there && let Some(incident) = self.look_up(key).await? {
            return Ok(incident);
        }
        match self.create().await {
            Err(Error::InvalidRequest(refusal)) if refusal.is_key_taken() => {
                let found = self.look_up(key).await?;
                found.ok_or(Error::OutcomeUnknown {
                    failure: Failure::NotVisibleYet,
                })
            }
            outcome => outcome,
        }
    }

    async fn create(&self) -> Result<Incident, Error> {
        let incident = NewIncident {
            title: self.input.title.as_str(),
            service: &self.input.service,
            escalation_policy: &self.input.escalation_policy,
            incident_key: self.input.idempotency_key.as_ref(),
        };
        let account = self.account.with_time_limit(self.deadline.time_limit()?);
        account.create_incident(&self.input.from, incident).await
    }

    /// The open incident with the key, of which there can be only one, or else the newest.
    async fn look_up(&self, key: &IdempotencyKey) -> Result<Option<Incident>, Error> {
        #[cfg(feature = "sabotage")]
        if sabotage::breaks(sabotage::Break::CreateWithoutLooking) {
            return Ok(None);
        }
        let account = self.account.with_time_limit(self.deadline.time_limit()?);
        let mut found = account.find_incidents_by_key(&self.input.service, key).await?;
        let open = found
            .iter()
            .position(|incident| incident.status != IncidentStatus::Resolved);
        Ok(if found.is_empty() {
            None
        } else {
            Some(found.swap_remove(open.unwrap_or(0)))
        })
    }
}

#[cfg(test)]
mod tests;
