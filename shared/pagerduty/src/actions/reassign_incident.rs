//! Assigns an incident to other users.
//!
//! PagerDuty tells those users each time, so an attempt of which it is not known whether it was made is never repeated.

use jiff::Timestamp;

use super::{IncidentOutput, call::Call, input::action_input};
use crate::{
    client::{ApiToken, Client, IncidentUpdate},
    error::Error,
    ids::{IdList, IncidentId, UserId},
};

action_input! {
    /// Who is to get what.
    ReassignIncidentInput {
        /// The incident.
        incident_id: IncidentId,
        /// The users who get it. PagerDuty refuses a resolved incident.
        assignees: IdList<UserId>,
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::BegunLate`]; [`Error::OutcomeUnknown`], after which a person has to look.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &ReassignIncidentInput,
    now: Timestamp,
) -> Result<IncidentOutput, Error> {
    let call = Call::reaching_people(client, token, input.deadline, now)?;
    let update = IncidentUpdate {
        assignees: Some(input.assignees.as_ref()),
        ..IncidentUpdate::default()
    };
    let reassigned = call
        .account()?
        .update_incident(input.from.as_ref(), &input.incident_id, update)
        .await?;
    Ok(reassigned.into())
}
