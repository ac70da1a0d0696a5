//! The notes of an incident. They are not paginated.

use http::StatusCode;
use serde_json::{Value, json};

use super::transitions::Transition;
use super::{Agent, shapes};
use crate::access::Call;
use crate::account::Account;
use crate::exchange::Answer;
use crate::fields;
use crate::refusal::Refusal;

/// The most notes that an incident can have.
const MOST_NOTES: usize = 2000;
/// The longest note, in bytes.
const LONGEST_NOTE: usize = 65_535;

pub(crate) fn all(account: &Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let notes: Vec<Value> = account
        .incident(id)?
        .notes
        .iter()
        .filter(|note| call.shows(note.created_at))
        .map(|note| shapes::note(account, note))
        .collect();
    Ok(Answer::json(StatusCode::OK, json!({"notes": notes})))
}

/// Adds a note, also to a resolved incident. The words of the refusals are UNVERIFIED.
pub(crate) fn add(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let requester = call.requester(account)?;
    let incident = account.incident(id)?.clone();
    let note = fields::object(&body, "note")?.ok_or_else(|| Refusal::invalid("Note cannot be empty."))?;
    let content = fields::text(note, "content")?.filter(|content| !content.trim().is_empty());
    let content = content
        .ok_or_else(|| Refusal::invalid("Content cannot be empty."))?
        .to_owned();
    if content.len() > LONGEST_NOTE {
        return Err(Refusal::invalid(format!(
            "Content is too long (maximum is {LONGEST_NOTE} characters)"
        )));
    }
    if incident.notes.len() >= MOST_NOTES {
        return Err(Refusal::invalid(format!(
            "Incident has reached its limit of {MOST_NOTES} notes"
        )));
    }
    let note = Transition {
        account,
        incident,
        agent: Agent::User(requester.clone()),
        now: call.now,
    }
    .annotate(requester, content);
    Ok(Answer::json(
        StatusCode::OK,
        json!({"note": shapes::note(account, &note)}),
    ))
}
