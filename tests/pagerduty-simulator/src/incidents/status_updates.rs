//! `POST /incidents/{id}/status_updates`.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Agent;
use super::transitions::Transition;
use crate::access::Call;
use crate::account::Account;
use crate::clock::seconds;
use crate::directory::shapes::user_reference;
use crate::exchange::Answer;
use crate::fields;
use crate::ids::UserId;
use crate::refusal::Refusal;

/// A status update: a message to all who subscribed to an incident.
#[derive(Debug, Clone)]
pub(crate) struct StatusUpdate {
    pub(crate) id: String,
    pub(crate) message: String,
    subject: Option<String>,
    html_message: Option<String>,
    sender: UserId,
    created_at: Timestamp,
}

impl StatusUpdate {
    fn shape(&self, account: &Account) -> Value {
        let mut shape = json!({
            "id": self.id,
            "message": self.message,
            "sender": user_reference(account, &self.sender),
            "created_at": seconds(self.created_at),
        });
        if let (Some(fields), Some(subject), Some(html)) = (shape.as_object_mut(), &self.subject, &self.html_message) {
            fields.insert("subject".to_owned(), json!(subject));
            fields.insert("html_message".to_owned(), json!(html));
        }
        shape
    }
}

/// Publishes a status update. `subject` and `html_message` need each other. Which words refuse what is UNVERIFIED.
pub(crate) fn publish(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let sender = call.requester(account)?;
    let incident = account.incident(id)?.clone();
    let message = fields::text(&body, "message")?.filter(|message| !message.trim().is_empty());
    let message = message.ok_or_else(|| Refusal::invalid("Message cannot be empty."))?;
    let subject = fields::text(&body, "subject")?;
    let html_message = fields::text(&body, "html_message")?;
    if subject.is_some() != html_message.is_some() {
        return Err(Refusal::invalid("subject and html_message must be given together"));
    }
    let update = StatusUpdate {
        id: account.ids.object(),
        message: message.to_owned(),
        subject: subject.map(str::to_owned),
        html_message: html_message.map(str::to_owned),
        sender: sender.clone(),
        created_at: call.now,
    };
    let answer = json!({"status_update": update.shape(account)});
    Transition {
        account,
        incident,
        agent: Agent::User(sender),
        now: call.now,
    }
    .publish_status(update);
    Ok(Answer::json(StatusCode::OK, answer))
}
