//! Merges incidents into one.
//!
//! # How a repeat is made harmless
//! PagerDuty refuses to merge what is merged already (1019), and so resolved (1001). Then each source is looked at: those that went into the
//! target are done, and only the others, if there are any, are merged again.

use jiff::Timestamp;

use super::{IncidentOutput, call::Call, input::action_input};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    ids::{IdList, IncidentId},
};

action_input! {
    /// What is to be merged into what.
    MergeIncidentsInput {
        /// The incident that stays, which has to be open.
        incident_id: IncidentId,
        /// The incidents that go into it. They are resolved.
        source_incidents: IdList<IncidentId>,
    }
}

/// Runs one attempt. `now` is the time of day at which it begins. What is given is the incident that stays.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another attempt finds out what happened.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &MergeIncidentsInput,
    now: Timestamp,
) -> Result<IncidentOutput, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let target = &input.incident_id;
    let sources: Vec<&IncidentId> = input.source_incidents.as_ref().iter().collect();
    let merged = call
        .account()?
        .merge_incidents(input.from.as_ref(), target, &sources)
        .await;
    match merged {
        Err(Error::InvalidRequest(refusal)) if refusal.is_already_merged() || refusal.is_already_resolved() => {
            let rest = not_merged_yet(&call, target, &sources).await?;
            if rest.len() == sources.len() {
                // None went into this target: one was merged into another, or is over.
                return Err(Error::InvalidRequest(refusal));
            }
            if !rest.is_empty() {
                call.account()?
                    .merge_incidents(input.from.as_ref(), target, &rest)
                    .await?;
            }
        }
        outcome => outcome?,
    }
    Ok(call.account()?.get_incident(target).await?.into())
}

async fn not_merged_yet<'a>(
    call: &Call<'_>,
    target: &IncidentId,
    sources: &[&'a IncidentId],
) -> Result<Vec<&'a IncidentId>, Error> {
    let mut rest = Vec::new();
    for source in sources {
        let incident = call.account()?.get_incident(source).await?;
        if incident.merged_into.is_none_or(|into| into.id != target.as_str()) {
            rest.push(*source);
        }
    }
    Ok(rest)
}
