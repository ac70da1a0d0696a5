//! Escalates an incident: to a level of its escalation policy, or to another policy.
//!
//! PagerDuty pages those who are on call there, so an attempt of which it is not known whether it was made is never
//! repeated.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Repeat, Rule};

use super::{
    IncidentOutput,
    call::Call,
    contract::{action, changes_incident, input},
};
use crate::{
    client::{ApiToken, Client, IncidentUpdate},
    error::Error,
    given::EscalationLevel,
    ids::{EscalationPolicyId, IncidentId},
};

input! {
    /// An incident, and where it is escalated to; exactly one of the two.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        escalation_level: Option<EscalationLevel> => "the level of the incident's own policy";
        escalation_policy: Option<EscalationPolicyId> => "the id of another policy, which begins at its first level";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Escalates an incident to a level of its escalation policy, or to another policy.".into(),
        rules: vec![Rule::ExactlyOne(vec![
            "escalation_level".into(),
            "escalation_policy".into(),
        ])],
        effect: changes_incident(&["incident.escalated", "incident.reassigned", "incident.delegated"]),
        repeat: Repeat::IsForbidden {
            look: "at which level of which escalation policy the incident is".into(),
        },
        on_repeat: "It would notify the people of that level again.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
escalation_level: 2
"
        .into(),
        ..action::<Input, IncidentOutput>("pagerduty.escalate_incident")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`]; any of [`Error`]'s refusals; [`Error::BegunLate`]; [`Error::OutcomeUnknown`], after which a person
/// has to look.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<IncidentOutput, Error> {
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
