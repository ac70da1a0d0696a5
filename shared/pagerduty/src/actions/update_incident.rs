//! Changes the title, the urgency or the priority of an incident.
//!
//! A repeat is harmless: the same values again change nothing.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Repeat, Rule, Unfit};

use super::{
    call::Call,
    contract::{SETTLING, action, changes_incident, fields, input},
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

input! {
    /// The changes; at least one of the three.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        title: Option<Title> => "the new title, 1 to 1024 characters", unfit(Unfit::Cut);
        urgency: Option<given::Urgency> => "high or low";
        priority: Option<PriorityId> => "the id of the priority";
    }
}

fields! {
    /// The incident as it is now.
    Output {
        ..incident: IncidentOutput;
        urgency: Option<Urgency> => "high or low";
        priority: Option<String> => "the id of its priority", id();
    }
}

impl From<Incident> for Output {
    fn from(mut incident: Incident) -> Self {
        Self {
            urgency: incident.urgency.take(),
            priority: output::id(incident.priority.take()),
            incident: incident.into(),
        }
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Changes the title, the urgency or the priority of an incident.".into(),
        rules: vec![Rule::AtLeastOne(vec![
            "title".into(),
            "urgency".into(),
            "priority".into(),
        ])],
        effect: changes_incident(&[
            "incident.priority_updated",
            "incident.title_updated",
            "incident.urgency_updated",
        ]),
        repeat: Repeat::SetsState { settling: SETTLING },
        on_repeat: "The same values again change nothing.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
urgency: high
priority: P53ZZH5
"
        .into(),
        ..action::<Input, Output>("pagerduty.update_incident")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] where nothing is to be changed; any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which
/// another attempt does no harm.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
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
