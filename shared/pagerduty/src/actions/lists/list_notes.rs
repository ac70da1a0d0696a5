//! Lists the newest notes of an incident.

use std::cmp::Reverse;

use jiff::Timestamp;
use workflow::action::ActionSpec;

use super::super::{
    call::Call,
    contract::{action, fields, input},
    output::{name, short, that_fit},
};
use crate::{
    client::{ApiToken, Client, Note},
    error::Error,
    ids::IncidentId,
};

/// The number of notes that are given. PagerDuty gives all of them, up to 2000.
const MOST: usize = 25;

input! {
    /// Whose notes to list.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
    }
}

fields! {
    /// The notes, newest first.
    Output {
        notes: Vec<ListedNote> => "the notes";
        more: bool => "whether there are more than these";
    }
}

fields! {
    /// One of them. What PagerDuty did not say is null.
    ListedNote {
        note_id: Option<String> => "its id", id();
        content: String => "what it says, its first 2000 characters";
        created_at: Option<Timestamp> => "when it was made, RFC 3339";
        user: Option<String> => "the name of who wrote it";
    }
}

impl From<Note> for ListedNote {
    fn from(note: Note) -> Self {
        Self {
            note_id: note.id,
            content: short(note.content),
            created_at: note.created_at,
            user: name(note.user.as_ref()),
        }
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Lists the newest 25 notes of an incident.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
"
        .into(),
        ..action::<Input, Output>("pagerduty.list_notes")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let mut found = call.account()?.notes(&input.incident_id).await?;
    // PagerDuty documents no order. Output of the same second stay in the order in which they came.
    found.sort_by_key(|note| Reverse(note.created_at));
    let more = found.len() > MOST;
    let (notes, more) = that_fit(found.into_iter().take(MOST).map(ListedNote::from), more);
    Ok(Output { notes, more })
}
