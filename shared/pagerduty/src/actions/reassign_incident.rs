//! Assigns an incident to other users.
//!
//! PagerDuty tells those users each time, so an attempt of which it is not known whether it was made is never repeated.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Repeat};

use super::{
    IncidentOutput,
    call::Call,
    contract::{action, changes_incident, input},
};
use crate::{
    client::{ApiToken, Client, IncidentUpdate},
    error::Error,
    ids::{IdList, IncidentId, UserId},
};

input! {
    /// An incident, and who gets it.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        assignees: IdList<UserId> => "the ids of the users who get it";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Assigns an incident to other users, who are notified.".into(),
        effect: changes_incident(&["incident.reassigned", "incident.delegated"]),
        repeat: Repeat::IsForbidden {
            look: "who the incident is assigned to".into(),
        },
        on_repeat: "It would notify the users again.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
assignees: [PXPGF42, PAM4FGS]
"
        .into(),
        ..action::<Input, IncidentOutput>("pagerduty.reassign_incident")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::BegunLate`]; [`Error::OutcomeUnknown`], after which a person has to look.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<IncidentOutput, Error> {
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
