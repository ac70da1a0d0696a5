//! Tells the subscribers of an incident how it stands.
//!
//! They get an e-mail each time, so an attempt of which it is not known whether it was made is never repeated.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Longest, Repeat, Rule, Unfit};

use super::{
    call::Call,
    contract::{action, changes_incident, fields, input},
};
use crate::{
    client::{ApiToken, Client, NewStatusUpdate},
    error::Error,
    ids::IncidentId,
};

input! {
    /// A status update.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        message: String => "the update", prose(Longest::Unlimited), unfit(Unfit::Cut);
        subject: Option<String> => "the subject of the e-mail", unfit(Unfit::Cut);
        // HTML that is cut is broken.
        html_message: Option<String> => "the e-mail as HTML", unfit(Unfit::LeaveOut);
    }
}

fields! {
    /// The status update that was sent.
    Output {
        incident_id: IncidentId => "its id";
        status_update_id: Option<String> => "the id of the status update", id();
        created_at: Option<Timestamp> => "when it was published, RFC 3339";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Publishes a status update of an incident, which is sent to its subscribers.".into(),
        rules: vec![Rule::AllOrNone(vec!["subject".into(), "html_message".into()])],
        effect: changes_incident(&["incident.status_update_published"]),
        repeat: Repeat::IsForbidden {
            look: "whether the incident's status updates have it".into(),
        },
        on_repeat: "It would be sent to the subscribers again.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
message: \"We are working on {{ event.incident.title }}.\"
"
        .into(),
        ..action::<Input, Output>("pagerduty.post_status_update")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] for a message of nothing but blanks, or half of an e-mail; any of [`Error`]'s refusals; [`Error::BegunLate`];
/// [`Error::OutcomeUnknown`], after which a person has to look.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
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
    Ok(Output {
        incident_id: input.incident_id.clone(),
        status_update_id: posted.id,
        created_at: posted.created_at,
    })
}
