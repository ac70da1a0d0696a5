//! Writes a note on an incident. How a repeat is made harmless is told in [`note`](super::note).

use jiff::Timestamp;
use serde::Serialize;

use super::{call::Call, input::action_input, note::OwnNote};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    ids::IncidentId,
};

action_input! {
    /// What is to be noted.
    AddNoteInput {
        /// The incident.
        incident_id: IncidentId,
        /// What people shall read. One of more than 65,000 bytes is cut.
        note: String,
    }
}

/// The note that was written, or found to have been written by an earlier attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddedNote {
    /// The incident.
    pub incident_id: IncidentId,
    /// The note's id. Null only where PagerDuty did not say.
    pub note_id: Option<String>,
    /// When it was written. Null only where PagerDuty did not say.
    pub created_at: Option<Timestamp>,
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] for a note of nothing but blanks; any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which
/// another attempt with the same key finds out what happened; without a key a person has to look.
pub async fn run(client: &Client, token: &ApiToken, input: &AddNoteInput, now: Timestamp) -> Result<AddedNote, Error> {
    if input.note.trim().is_empty() {
        return Err(Error::Input("`note` is empty; give one that tells people something"));
    }
    let call = Call::new(client, token, input.deadline, now)?;
    let note = OwnNote {
        incident_id: &input.incident_id,
        from: input.from.as_ref(),
        content: &input.note,
        key: input.idempotency_key.as_ref(),
        attempt: input.attempt,
    };
    let written = note.write(&call).await?;
    Ok(AddedNote {
        incident_id: input.incident_id.clone(),
        note_id: written.id,
        created_at: written.created_at,
    })
}
