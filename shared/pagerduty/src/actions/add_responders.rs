//! Asks more people to help with an incident.
//!
//! PagerDuty pages them each time, so an attempt of which it is not known whether it was made is never repeated.
//!
//! PagerDuty wants the id of the user who asks. Where the input has none, it is looked up: by the e-mail `from`, or else
//! as the user whose token it is.

use jiff::Timestamp;
use serde::Serialize;

use super::{call::Call, input::action_input};
use crate::{
    client::{ApiToken, Client, NewResponderRequest},
    error::Error,
    ids::{EscalationPolicyId, IdList, IncidentId, UserId},
};

action_input! {
    /// Who is to be asked for what; users, escalation policies or both.
    AddRespondersInput {
        /// The incident.
        incident_id: IncidentId,
        /// What they are told.
        message: String,
        /// The users who are asked.
        users: Option<IdList<UserId>>,
        /// The escalation policies whose users on call are asked.
        escalation_policies: Option<IdList<EscalationPolicyId>>,
        /// The user who asks.
        requester: Option<UserId>,
    }
}

/// The request for help that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestedResponders {
    /// The incident.
    pub incident_id: IncidentId,
    /// When it was made. Null where PagerDuty did not say.
    pub requested_at: Option<Timestamp>,
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`], [`Error::NoSuchUser`] or [`Error::NobodyAsks`]; any of [`Error`]'s refusals; [`Error::BegunLate`];
/// [`Error::OutcomeUnknown`], after which a person has to look.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &AddRespondersInput,
    now: Timestamp,
) -> Result<RequestedResponders, Error> {
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
    Ok(RequestedResponders {
        incident_id: input.incident_id.clone(),
        requested_at: requested.requested_at,
    })
}

async fn requester(call: &Call<'_>, input: &AddRespondersInput) -> Result<UserId, Error> {
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
