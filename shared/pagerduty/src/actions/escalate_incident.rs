//! Escalates an incident: to a level of its escalation policy, or to another policy.
//!
//! PagerDuty pages those who are on call there, so an attempt of which it is not known whether it was made is never
//! repeated.

use jiff::Timestamp;

use super::{IncidentOutput, call::Call, input::action_input};
use crate::{
    client::{ApiToken, Client, IncidentUpdate},
    error::Error,
    given::EscalationLevel,
    ids::{EscalationPolicyId, IncidentId},
};

action_input! {
    /// What is to be escalated, and where to; exactly one of the two.
    EscalateIncidentInput {
        /// The incident.
        incident_id: IncidentId,
        /// The level of its own policy.
        escalation_level: Option<EscalationLevel>,
        /// Another policy, which begins at its first level.
        escalation_policy: Option<EscalationPolicyId>,
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`]; any of [`Error`]'s refusals; [`Error::BegunLate`]; [`Error::OutcomeUnknown`], after which a person
/// has to look.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &EscalateIncidentInput,
    now: Timestamp,
) -> Result<IncidentOutput, Error> {
    if input.escalation_level.is_some() == input.escalation_policy.is_some() {
        return Err(Error::Input("give one of `escalation_level` and `escalation_policy`"));
    }
    let call = Call::reaching_people(client, token, input.deadline, now)?;
    let update = IncidentUpdate {
        escalation_level: input.escalation_level,
        escalation_policy: input.escalation_policy.as_ref(),
        ..IncidentUpdate::default()
    };
    let escalated = call
        .account()?
        .update_incident(input.from.as_ref(), &input.incident_id, update)
        .await?;
    Ok(escalated.into())
}
