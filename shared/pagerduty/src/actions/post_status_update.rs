//! Tells the subscribers of an incident how it stands.
//!
//! They get an e-mail each time, so an attempt of which it is not known whether it was made is never repeated.

use jiff::Timestamp;
use serde::Serialize;

use super::{call::Call, input::action_input};
use crate::{
    client::{ApiToken, Client, NewStatusUpdate},
    error::Error,
    ids::IncidentId,
};

action_input! {
    /// What is to be told.
    PostStatusUpdateInput {
        /// The incident.
        incident_id: IncidentId,
        /// What it says.
        message: String,
        /// The subject of its e-mail.
        subject: Option<String>,
        /// What its e-mail says instead of the message, as HTML.
        html_message: Option<String>,
    }
}

/// The status update that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PostedStatusUpdate {
    /// The incident.
    pub incident_id: IncidentId,
    /// The status update's id. Null only where PagerDuty did not say.
    pub status_update_id: Option<String>,
    /// When it was sent. Null only where PagerDuty did not say.
    pub created_at: Option<Timestamp>,
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] for a message of nothing but blanks, or half of an e-mail; any of [`Error`]'s refusals; [`Error::BegunLate`];
/// [`Error::OutcomeUnknown`], after which a person has to look.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &PostStatusUpdateInput,
    now: Timestamp,
) -> Result<PostedStatusUpdate, Error> {
    if input.message.trim().is_empty() {
        return Err(Error::Input("`message` is empty; give one that tells people something"));
    }
    if input.subject.is_some() != input.html_message.is_some() {
        return Err(Error::Input("give `subject` and `html_message` together, or neither"));
    }
    let call = Call::reaching_people(client, token, input.deadline, now)?;
    let update = NewStatusUpdate {
        message: &input.message,
        subject: input.subject.as_deref(),
        html_message: input.html_message.as_deref(),
    };
    let posted = call
        .account()?
        .post_status_update(input.from.as_ref(), &input.incident_id, update)
        .await?;
    Ok(PostedStatusUpdate {
        incident_id: input.incident_id.clone(),
        status_update_id: posted.id,
        created_at: posted.created_at,
    })
}
