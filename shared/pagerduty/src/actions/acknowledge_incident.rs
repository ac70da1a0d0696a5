//! Acknowledges an incident.
//!
//! # How a repeat is made harmless
//! Acknowledging a resolved incident would reopen it. So each attempt looks first: what is acknowledged already, by
//! whomever, stays as it is and counts as success, and what is resolved is an error. PagerDuty offers no way to make the
//! look and the change one, so a person who resolves the incident between the two, within less than a second, sees it
//! opened again.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Repeat};

use super::{
    IncidentOutput,
    call::Call,
    contract::{SETTLING, action, changes_incident, input},
};
use crate::{
    client::{ApiToken, Client, IncidentUpdate},
    error::{Error, Failure},
    ids::IncidentId,
    incident::{Incident, IncidentStatus},
};

input! {
    /// An incident to acknowledge.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Acknowledges an incident. One that is resolved is left alone, because that would reopen it: the step fails with \
                  `PagerDuty.AlreadyResolved`."
            .into(),
        effect: changes_incident(&["incident.acknowledged"]),
        repeat: Repeat::SetsState { settling: SETTLING },
        on_repeat: "It looks at the incident first, and does nothing to one that is acknowledged.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
"
            .into(),
        ..action::<Input, IncidentOutput>("pagerduty.acknowledge_incident")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::AlreadyResolved`]; any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another attempt finds
/// out what happened.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<IncidentOutput, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let id = &input.incident_id;
    let found = call.account()?.get_incident(id).await?;
    if let Some(settled) = settled(found) {
        return settled;
    }
    let acknowledged = IncidentUpdate {
        status: Some(&IncidentStatus::Acknowledged),
        ..IncidentUpdate::default()
    };
    match call
        .account()?
        .update_incident(input.from.as_ref(), id, acknowledged)
        .await
    {
        Ok(incident) => {
            let status = incident.status.clone();
            settled(incident).unwrap_or(Err(Error::OutcomeUnknown {
                failure: Failure::NotAcknowledged(status),
            }))
        }
        // A person was faster.
        Err(Error::InvalidRequest(refusal)) if refusal.is_already_acknowledged() || refusal.is_already_resolved() => {
            let found = call.account()?.get_incident(id).await?;
            settled(found).unwrap_or(Err(Error::InvalidRequest(refusal)))
        }
        Err(error) => Err(error),
    }
}

/// The output of an incident that needs nothing more; `None` for one that has to be acknowledged.
fn settled(incident: Incident) -> Option<Result<IncidentOutput, Error>> {
    match incident.status {
        IncidentStatus::Acknowledged => Some(Ok(incident.into())),
        IncidentStatus::Resolved => Some(Err(Error::AlreadyResolved {
            incident_id: incident.id,
        })),
        IncidentStatus::Triggered | IncidentStatus::Other(_) => None,
    }
}
