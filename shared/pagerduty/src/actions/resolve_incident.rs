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
use workflow::action::{ActionSpec, Repeat, Replayed, Unfit};

pub use super::note::is_note_of_a_run;
use super::{
    IncidentOutput,
    call::Call,
    contract::{SETTLING, action, changes_incident, input},
    note::{NOTE_LENGTH, OwnNote},
};
use crate::{
    client::{ApiToken, Client, IncidentUpdate},
    error::{Error, Failure},
    ids::IncidentId,
    incident::{Incident, IncidentStatus},
};

input! {
    /// An incident to resolve, and a note for it. A blank note counts as none.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        note: Option<String> => "a note that people see on the incident", prose(NOTE_LENGTH), unfit(Unfit::Cut);
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Resolves an incident, and may leave a note on it.".into(),
        effect: changes_incident(&["incident.resolved", "incident.annotated"]),
        // Resolving twice is harmless; its note is looked for before it is written again.
        repeat: Repeat::NeedsLook { settling: SETTLING },
        // Only whether it is resolved does an incident say itself.
        replayed: Some(Replayed::TwiceWith { input: "note".into() }),
        on_repeat:
            "An incident that is resolved already is a success; the note is looked for before it is written again."
                .into(),
        function: "ResolveIncident".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
note: The memory is back to normal.
"
        .into(),
        ..action::<Input, IncidentOutput>("pagerduty.resolve_incident")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any [`Error`]. [`Error::NoteMissing`] means that the incident is resolved; its name is that of the reason, so that
/// the same retries apply.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<IncidentOutput, Error> {
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

async fn resolve(call: &Call<'_>, input: &Input) -> Result<Incident, Error> {
    let Input { incident_id, from, .. } = input;
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
            if sabotage::breaks(sabotage::Break::ResolvedIsFailure) {
                return Err(Error::InvalidRequest(refusal));
            }
            // Where it is open, it was reopened since, which the end of this function reports.
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
