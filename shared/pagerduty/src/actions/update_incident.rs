//! Changes the title, the urgency or the priority of an incident.
//!
//! A repeat is harmless: the same values again change nothing.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    call::Call,
    input::action_input,
    output::{self, IncidentOutput},
    title::Title,
};
use crate::{
    client::{ApiToken, Client, IncidentUpdate},
    error::Error,
    given,
    ids::{IncidentId, PriorityId},
    incident::{Incident, Urgency},
};

action_input! {
    /// What is to be changed; at least one of the three.
    UpdateIncidentInput {
        /// The incident.
        incident_id: IncidentId,
        /// Its new title.
        title: Option<Title>,
        /// How urgent it is from now on.
        urgency: Option<given::Urgency>,
        /// How important it is from now on.
        priority: Option<PriorityId>,
    }
}

/// The incident as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdatedIncident {
    /// What every action says of an incident.
    #[serde(flatten)]
    pub incident: IncidentOutput,
    /// How urgent it is.
    pub urgency: Option<Urgency>,
    /// The id of its priority, if it has one.
    pub priority: Option<String>,
}

impl From<Incident> for UpdatedIncident {
    fn from(mut incident: Incident) -> Self {
        Self {
            urgency: incident.urgency.take(),
            priority: output::id(incident.priority.take()),
            incident: incident.into(),
        }
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] where nothing is to be changed; any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which
/// another attempt does no harm.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &UpdateIncidentInput,
    now: Timestamp,
) -> Result<UpdatedIncident, Error> {
    if input.title.is_none() && input.urgency.is_none() && input.priority.is_none() {
        return Err(Error::Input("give at least one of `title`, `urgency` and `priority`"));
    }
    let call = Call::new(client, token, input.deadline, now)?;
    let update = IncidentUpdate {
        title: input.title.as_ref().map(Title::as_str),
        urgency: input.urgency,
        priority: input.priority.as_ref(),
        ..IncidentUpdate::default()
    };
    let updated = call
        .account()?
        .update_incident(input.from.as_ref(), &input.incident_id, update)
        .await?;
    Ok(updated.into())
}
