//! Updates for the subscribers of an incident.

use jiff::Timestamp;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::Account;
use crate::{
    error::Error,
    ids::{IncidentId, UserEmail},
    lenient,
};

/// A status update that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NewStatusUpdate<'a> {
    /// The text.
    pub message: &'a str,
    /// The subject of its e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<&'a str>,
    /// The text of its e-mail instead of the message, as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html_message: Option<&'a str>,
}

/// A status update that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUpdate {
    pub id: Option<String>,
    /// The time when it was sent.
    pub created_at: Option<Timestamp>,
}

impl Account<'_> {
    /// `POST /incidents/{id}/status_updates`. The subscribers get an e-mail each time.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where it may have been sent.
    pub async fn post_status_update(
        &self,
        from: Option<&UserEmail>,
        id: &IncidentId,
        update: NewStatusUpdate<'_>,
    ) -> Result<StatusUpdate, Error> {
        let path = ["incidents", id.as_str(), "status_updates"];
        let answer = self.write(Method::POST, &path, from, &json!(update)).await?;
        let update = answer.get("status_update").unwrap_or(&Value::Null);
        Ok(StatusUpdate {
            id: lenient::text(update, "id"),
            created_at: lenient::time(update, "created_at"),
        })
    }
}
