//! Resolves an incident and, where there is one, adds a note.
//!
//! # How a repeat is made harmless
//! An incident that is already resolved counts as success: PagerDuty either accepts the request again or refuses it
//! with code 1001, and then a look at the incident settles it.
//!
//! The note is known again by its marker, as told in [`note`](super::note). It comes after the resolving, because during
//! an outage the silence matters more than the record; if it then fails, the error says that the incident is resolved, and
//! another attempt adds only the note.
//!
//! The note is a note of its own rather than the request's `resolution`, which PagerDuty does not show to people.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use super::note::is_note_of_a_run;
use super::{IncidentOutput, call::Call, note::OwnNote};
use crate::{
    client::{ApiToken, Client, IncidentUpdate},
    error::{Error, Failure},
    ids::{IdempotencyKey, IncidentId, UserEmail},
    incident::{Incident, IncidentStatus},
};

/// What is to be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveIncidentInput {
    /// The alias of the integration whose account the incident is in.
    pub integration: String,
    /// The incident.
    pub incident_id: IncidentId,
    /// The user who counts as the one who resolved it. The token of a user needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<UserEmail>,
    /// What to note on the incident. A blank one counts as none; one of more than 65,000 bytes is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The same for every attempt at this. Without it, every call adds the note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<IdempotencyKey>,
    /// Which attempt this is, from 1. Where it is missing, an earlier one is taken to be possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// When the action has to be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any [`Error`]. [`Error::NoteMissing`] means that the incident is resolved; its name is that of the reason, so that
/// the same retries apply.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &ResolveIncidentInput,
    now: Timestamp,
) -> Result<IncidentOutput, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let incident = resolve(&call, input).await?;
    if let Some(note) = input.note.as_deref().filter(|note| !note.trim().is_empty()) {
        let note = OwnNote {
            incident_id: &input.incident_id,
            from: input.from.as_ref(),
            content: note,
            key: input.idempotency_key.as_ref(),
            attempt: input.attempt,
        };
        let written = note.write(&call).await;
        written.map_err(|reason| Error::NoteMissing {
            incident_id: incident.id.clone(),
            reason: Box::new(reason),
        })?;
    }
    Ok(incident.into())
}

async fn resolve(call: &Call<'_>, input: &ResolveIncidentInput) -> Result<Incident, Error> {
    let ResolveIncidentInput { incident_id, from, .. } = input;
    let resolved = IncidentUpdate {
        status: Some(&IncidentStatus::Resolved),
        ..IncidentUpdate::default()
    };
    let incident = match call
        .account()?
        .update_incident(from.as_ref(), incident_id, resolved)
        .await
    {
        Err(Error::InvalidRequest(refusal)) if refusal.is_already_resolved() => {
            #[cfg(feature = "sabotage")]
            if sabotage::breaks(sabotage::Break::ResolvedIsFailure) {
                return Err(Error::InvalidRequest(refusal));
            }
            // Where it is open, somebody has reopened it since, which the end of this function tells.
            call.account()?.get_incident(incident_id).await?
        }
        outcome => outcome?,
    };
    match incident.status {
        IncidentStatus::Resolved => Ok(incident),
        status => Err(Error::OutcomeUnknown {
            failure: Failure::NotResolved(status),
        }),
    }
}

#[cfg(test)]
mod tests;
