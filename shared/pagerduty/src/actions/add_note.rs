//! Writes a note on an incident. How a repeat is made harmless is told in [`note`](super::note).

use jiff::Timestamp;
use workflow::action::{ActionSpec, Repeat, Unfit};

use super::{
    call::Call,
    contract::{SETTLING, action, changes_incident, fields, input},
    note::{NOTE_LENGTH, OwnNote},
};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    ids::IncidentId,
};

input! {
    /// A note, and the incident that it is for.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        note: String => "the note", prose(NOTE_LENGTH), unfit(Unfit::Cut);
    }
}

fields! {
    /// The note that was written, or found to have been written by an earlier attempt.
    Output {
        incident_id: IncidentId => "its id";
        note_id: Option<String> => "the id of the note", id();
        created_at: Option<Timestamp> => "when it was written, RFC 3339";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Writes a note on an incident.".into(),
        effect: changes_incident(&["incident.annotated"]),
        // PagerDuty has no key for notes; the note carries a marker, by which a repeat finds it.
        repeat: Repeat::NeedsLook { settling: SETTLING },
        on_repeat:
            "It looks among the notes for that of the first time, by a marker at its end, and writes no second one."
                .into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
note: \"Seen by {{ run.workflow }}.\"
"
        .into(),
        ..action::<Input, Output>("pagerduty.add_note")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] for a note of nothing but blanks; any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which
/// another attempt with the same key finds out what happened; without a key a person has to look.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
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
    Ok(Output {
        incident_id: input.incident_id.clone(),
        note_id: written.id,
        created_at: written.created_at,
    })
}
