//! Lists the newest notes of an incident.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    call::Call,
    input::action_input,
    output::{name, short, that_fit},
};
use crate::{
    client::{ApiToken, Client, Note},
    error::Error,
    ids::IncidentId,
};

/// How many notes are given. PagerDuty gives all of them, up to 2000.
const MOST: usize = 25;

action_input! {
    /// Whose notes are asked for.
    ListNotesInput {
        /// The incident.
        incident_id: IncidentId,
    }
}

/// The notes, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notes {
    /// The notes.
    pub notes: Vec<ListedNote>,
    /// Whether there are more.
    pub more: bool,
}

/// One of them. What PagerDuty did not say is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedNote {
    /// Its id.
    pub note_id: Option<String>,
    /// What it says.
    pub content: String,
    /// When it was written.
    pub created_at: Option<Timestamp>,
    /// The name of who wrote it.
    pub user: Option<String>,
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

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(client: &Client, token: &ApiToken, input: &ListNotesInput, now: Timestamp) -> Result<Notes, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let mut found = call.account()?.notes(&input.incident_id).await?;
    // PagerDuty documents no order. Notes of the same second stay in the order in which they came.
    found.sort_by_key(|note| Reverse(note.created_at));
    let more = found.len() > MOST;
    let (notes, more) = that_fit(found.into_iter().take(MOST).map(ListedNote::from), more);
    Ok(Notes { notes, more })
}
