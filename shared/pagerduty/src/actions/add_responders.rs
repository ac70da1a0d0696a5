//! Asks more people to help with an incident.
//!
//! PagerDuty pages them each time, so an attempt of which it is not known whether it was made is never repeated.
//!
//! PagerDuty wants the id of the user who asks. Where the input has none, it is looked up: by the e-mail `from`, or else
//! as the user whose token it is.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Longest, Repeat, Rule, Unfit};

use super::{
    call::Call,
    contract::{action, changes_incident, fields, input},
};
use crate::{
    client::{ApiToken, Client, NewResponderRequest},
    error::Error,
    ids::{EscalationPolicyId, IdList, IncidentId, UserId},
};

input! {
    /// The people to ask for help: users, escalation policies or both.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        message: String => "the message to them", prose(Longest::Unlimited), unfit(Unfit::Replace("Please help with this incident.".into()));
        users: Option<IdList<UserId>> => "the ids of users";
        escalation_policies: Option<IdList<EscalationPolicyId>> => "the ids of escalation policies";
        requester: Option<UserId> => "the id of the user who asks; else the user of `from`, or the token's own user", unfit(Unfit::LeaveOut);
    }
}

fields! {
    /// The request for help that was made.
    Output {
        incident_id: IncidentId => "its id";
        requested_at: Option<Timestamp> => "when they were asked, RFC 3339";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Asks users, or those on call for escalation policies, to help with an incident.".into(),
        rules: vec![Rule::AtLeastOne(vec!["users".into(), "escalation_policies".into()])],
        effect: changes_incident(&["incident.responder.added"]),
        repeat: Repeat::IsForbidden {
            look: "whether the incident's responders have them".into(),
        },
        on_repeat: "It would page the people again.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
message: \"Please join: {{ event.incident.title }}\"
escalation_policies: [PT20YPA]
"
        .into(),
        ..action::<Input, Output>("pagerduty.add_responders")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`], [`Error::NoSuchUser`] or [`Error::NobodyAsks`]; any of [`Error`]'s refusals; [`Error::BegunLate`];
/// [`Error::OutcomeUnknown`], after which a person has to look.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
    if input.users.is_none() && input.escalation_policies.is_none() {
        return Err(Error::Input("give at least one of `users` and `escalation_policies`"));
    }
    let call = Call::reaching_people(client, token, input.deadline, now)?;
    let requester = requester(&call, input).await?;
    let request = NewResponderRequest {
        requester: &requester,
        message: &input.message,
        users: input.users.as_ref().map(AsRef::as_ref).unwrap_or_default(),
        escalation_policies: input
            .escalation_policies
            .as_ref()
            .map(AsRef::as_ref)
            .unwrap_or_default(),
    };
    let requested = call.account()?.request_responders(&input.incident_id, request).await?;
    Ok(Output {
        incident_id: input.incident_id.clone(),
        requested_at: requested.requested_at,
    })
}

async fn requester(call: &Call<'_>, input: &Input) -> Result<UserId, Error> {
    match (&input.requester, &input.from) {
        (Some(user), _) => Ok(user.clone()),
        (None, Some(email)) => {
            let user = call.account()?.find_user(email).await?;
            user.ok_or_else(|| Error::NoSuchUser { email: email.clone() })
        }
        (None, None) => match call.account()?.own_user().await {
            Err(Error::InvalidRequest(refusal)) if refusal.is_of_account_token() => Err(Error::NobodyAsks),
            outcome => outcome,
        },
    }
}
