//! Resolves an incident and, where there is one, adds a note.
//!
//! # How a repeat is made harmless
//! An incident that is already resolved counts as success: PagerDuty either accepts the request again or refuses it
//! with code 1001, and then a look at the incident settles it.
//!
//! PagerDuty accepts the same note twice. So a note ends in a short marker made from the idempotency key, and every
//! attempt but the first looks through the incident's notes for that marker before it writes. The note comes after the
//! resolving, because during an outage the silence matters more than the record; if it then fails, the error says that
//! the incident is resolved, and another attempt adds only the note. Without a key the note has no marker, and every
//! call writes it.
//!
//! The note is a note of its own rather than the request's `resolution`, which PagerDuty does not show to people.

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::deadline::Deadline;
use crate::{
    client::{Account, ApiToken, Client},
    error::{Error, Failure},
    ids::{IdempotencyKey, IncidentId, UserEmail},
    incident::{Incident, IncidentStatus},
};

/// How long a note may be without its marker, in bytes. PagerDuty takes 65,535.
const MAX_NOTE_LENGTH: usize = 65_000;

/// What stands where a note was cut.
const CUT: &str = "… [cut]";

/// What is to be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveIncidentInput {
    /// The alias of the integration whose account the incident is in.
    pub integration: String,
    /// The incident.
    pub incident_id: IncidentId,
    /// The user who counts as the one who resolved it.
    pub from: UserEmail,
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

/// The incident, which is now resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedIncident {
    /// Its id.
    pub incident_id: IncidentId,
    /// Its title. Null only where PagerDuty did not say.
    pub title: Option<String>,
    /// The number that people use.
    pub incident_number: Option<u64>,
    /// Always `resolved`.
    pub status: IncidentStatus,
}

impl From<Incident> for ResolvedIncident {
    fn from(incident: Incident) -> Self {
        Self {
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
/// Any [`Error`]. [`Error::NoteMissing`] means that the incident is resolved; its name is that of the reason, so that
/// the same retries apply.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &ResolveIncidentInput,
    now: Timestamp,
) -> Result<ResolvedIncident, Error> {
    let attempt = Attempt {
        account: client.account(token),
        deadline: Deadline::new(input.deadline, now)?,
        input,
    };
    let incident = attempt.resolve().await?;
    if let Some(note) = input.note.as_deref().filter(|note| !note.trim().is_empty()) {
        attempt.add_note(note).await.map_err(|reason| Error::NoteMissing {
            incident_id: incident.id.clone(),
            reason: Box::new(reason),
        })?;
    }
    Ok(incident.into())
}

struct Attempt<'a> {
    account: Account<'a>,
    deadline: Deadline,
    input: &'a ResolveIncidentInput,
}

impl Attempt<'_> {
    /// The account with what is left of the time.
    fn account(&self) -> Result<Account<'_>, Error> {
        Ok(self.account.with_time_limit(self.deadline.time_limit()?))
    }

    async fn resolve(&self) -> Result<Incident, Error> {
        let ResolveIncidentInput { incident_id, from, .. } = self.input;
        let incident = match self
            .account()?
            .set_status(from, incident_id, &IncidentStatus::Resolved)
            .await
        {
            Err(Error::InvalidRequest(refusal)) if refusal.is_already_resolved() => {
                #[cfg(feature = "sabotage")]
                if sabotage::breaks(sabotage::Break::ResolvedIsFailure) {
                    return Err(Error::InvalidRequest(refusal));
                }
                let incident = self.account()?.get_incident(incident_id).await?;
                if incident.status != IncidentStatus::Resolved {
                    return Err(Error::InvalidRequest(refusal));
                }
                incident
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

    async fn add_note(&self, note: &str) -> Result<(), Error> {
        let ResolveIncidentInput {
            incident_id,
            from,
            idempotency_key,
            attempt,
            ..
        } = self.input;
        let Some(key) = idempotency_key else {
            return self.account()?.add_note(from, incident_id, &text(note)).await;
        };
        let marker = marker(key);
        let may_be_there = *attempt != Some(1) || self.deadline.begins_late();
        #[cfg(feature = "sabotage")]
        let may_be_there = may_be_there && !sabotage::breaks(sabotage::Break::NoteWithoutLooking);
        if may_be_there {
            let notes = self.account()?.notes(incident_id).await?;
            if notes.iter().any(|note| note.content.contains(&marker)) {
                return Ok(());
            }
        }
        self.account()?
            .add_note(from, incident_id, &format!("{}\n\n{marker}", text(note)))
            .await
    }
}

/// How a marker begins.
const MARKER: &str = "[pagerflow ";

/// How many characters of the key's hash a marker has.
const MARKER_LENGTH: usize = 13;

/// Whether a note was left by a run: it ends in a marker.
#[must_use]
pub fn is_note_of_a_run(note: &str) -> bool {
    let marker = note.trim_end().strip_suffix(']');
    let hash = marker.and_then(|note| note.rsplit_once(MARKER)).map(|(_, hash)| hash);
    let is_of_hash = |c: char| matches!(c, 'A'..='Z' | '2'..='7');
    hash.is_some_and(|hash| hash.len() == MARKER_LENGTH && hash.chars().all(is_of_hash))
}

/// 65 bits of the key's hash: short enough not to be in people's way, long enough not to meet another by chance.
fn marker(key: &IdempotencyKey) -> String {
    let hash = BASE32_NOPAD.encode(&Sha256::digest(key.as_str()));
    let short: String = hash.chars().take(MARKER_LENGTH).collect();
    format!("{MARKER}{short}]")
}

/// What people shall read, within PagerDuty's limit and without control characters other than line breaks and tabs.
fn text(note: &str) -> String {
    let shown = |c: char| {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            ' '
        } else {
            c
        }
    };
    let clean: String = note.trim().chars().map(shown).collect();
    if clean.len() <= MAX_NOTE_LENGTH {
        return clean;
    }
    let end = clean.floor_char_boundary(MAX_NOTE_LENGTH - CUT.len());
    format!("{}{CUT}", clean.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests;
