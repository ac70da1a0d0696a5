//! Notes on an incident.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Account, Entries};
use crate::{
    error::Error,
    ids::{IncidentId, UserEmail},
    lenient,
    reference::Reference,
};

/// The largest list of notes that is read, in bytes. PagerDuty sends up to 2000 notes at once.
const MAX_NOTES_ANSWER: usize = 16 * 1024 * 1024;

/// A note on an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub id: Option<String>,
    /// The text.
    pub content: String,
    /// The time when it was written.
    pub created_at: Option<Timestamp>,
    /// The author.
    pub user: Option<Reference>,
}

impl Note {
    fn from_json(object: &Value) -> Option<Self> {
        Some(Self {
            id: lenient::text(object, "id"),
            content: lenient::text(object, "content")?,
            created_at: lenient::time(object, "created_at"),
            user: lenient::reference(object, "user"),
        })
    }
}

/// A note that was just written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenNote {
    pub id: Option<String>,
    /// The time when it was written.
    pub created_at: Option<Timestamp>,
}

impl Account<'_> {
    /// `GET /incidents/{id}/notes`: all of them, PagerDuty does not page this list.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn notes(&self, id: &IncidentId) -> Result<Vec<Note>, Error> {
        let answer = self
            .read(&["incidents", id.as_str(), "notes"], &[], MAX_NOTES_ANSWER)
            .await?;
        Ok(Entries::read(answer, "notes", Note::from_json)?.list)
    }

    /// `POST /incidents/{id}/notes`. PagerDuty accepts a second note with the same text.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where the note may have been added.
    pub async fn add_note(
        &self,
        from: Option<&UserEmail>,
        id: &IncidentId,
        content: &str,
    ) -> Result<WrittenNote, Error> {
        let body = json!({ "note": { "content": content } });
        let answer = self
            .write(Method::POST, &["incidents", id.as_str(), "notes"], from, &body)
            .await?;
        let note = answer.get("note").unwrap_or(&Value::Null);
        Ok(WrittenNote {
            id: lenient::text(note, "id"),
            created_at: lenient::time(note, "created_at"),
        })
    }
}
