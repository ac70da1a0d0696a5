//! Merges incidents into one.
//!
//! # How a repeat is made harmless
//! PagerDuty refuses to merge what is merged already: as merged (1019), as resolved (1001), or only as arguments that it does not
//! take (2002). Then each source is looked at: those that went into the target are done, and only the others, if there are any,
//! are merged again.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Effect, Repeat};

use super::{
    IncidentOutput,
    call::Call,
    contract::{SETTLING, action, input},
};
use crate::{
    client::{ApiToken, Client},
    error::{Error, Refusal},
    ids::{IdList, IncidentId},
};

input! {
    /// The incidents to merge, and the one to merge them into.
    rest Input {
        incident_id: IncidentId => "the id of the incident that stays";
        source_incidents: IdList<IncidentId> => "the ids of the incidents that go into it";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Merges incidents into one that is open. The others are resolved.".into(),
        // It changes the sources, not the incident that stays: each gets `incident.resolved`. No mark is needed for these, because a
        // merged incident is never merged again; a loop would need new incidents, and they carry the depth.
        effect: Effect::Other,
        repeat: Repeat::SetsState { settling: SETTLING },
        on_repeat: "Incidents that are merged already are a success.".into(),
        example: "integration: prod
incident_id: Q1N25UZR80IMPW
source_incidents: [\"{{ event.incident.id }}\"]
"
        .into(),
        ..action::<Input, IncidentOutput>("pagerduty.merge_incidents")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins. What is given is the incident that stays.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another attempt finds out what happened.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<IncidentOutput, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let target = &input.incident_id;
    let sources: Vec<&IncidentId> = input.source_incidents.as_ref().iter().collect();
    let merged = call
        .account()?
        .merge_incidents(input.from.as_ref(), target, &sources)
        .await;
    match merged {
        Err(Error::InvalidRequest(refusal)) if may_be_merged(&refusal) => {
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

/// True if a source may have been merged by an earlier attempt.
fn may_be_merged(refusal: &Refusal) -> bool {
    refusal.is_already_merged() || refusal.is_already_resolved() || refusal.is_about_arguments()
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

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::scripted::{Answer, PagerDuty, token};

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn incident(id: &str, merged_into: Option<&str>) -> Answer {
        let reason = merged_into.map(|id| json!({"type": "merge_resolve_reason", "incident": {"id": id}}));
        Answer::json(
            200,
            &json!({"incident": {"id": id, "status": "resolved", "resolve_reason": reason}}),
        )
    }

    fn refused(code: u32, message: &str) -> Answer {
        Answer::json(400, &json!({"error": {"message": message, "code": code, "errors": []}}))
    }

    fn already_merged() -> Answer {
        refused(1019, "Incident Already Merged")
    }

    async fn merge(answers: Vec<Answer>) -> (Result<IncidentOutput, Error>, PagerDuty) {
        let pagerduty = PagerDuty::that_answers(answers).await;
        let input = serde_json::from_value(json!({
            "integration": "prod", "incident_id": "PTARGET", "source_incidents": ["PONE", "PTWO"],
        }));
        let outcome = run(&pagerduty.client, &token(), &input.unwrap(), NOW).await;
        (outcome, pagerduty)
    }

    fn sources(pagerduty: &PagerDuty, request: usize) -> Value {
        pagerduty.requests()[request].json()["source_incidents"].clone()
    }

    #[rstest]
    #[case::merged(already_merged())]
    #[case::resolved(refused(1001, "Incident Already Resolved"))]
    #[case::arguments(refused(2002, "Arguments Caused Error"))]
    #[tokio::test]
    async fn what_went_into_the_target_already_is_done_and_only_the_rest_is_merged(#[case] refusal: Answer) {
        let (outcome, pagerduty) = merge(vec![
            refusal,
            incident("PONE", Some("PTARGET")),
            incident("PTWO", None),
            Answer::json(
                200,
                &json!({"incident": {"id": "PTARGET", "type": "incident_reference"}}),
            ),
            incident("PTARGET", None),
        ])
        .await;

        assert_eq!(outcome.unwrap().incident_id.as_str(), "PTARGET");
        assert_eq!(
            sources(&pagerduty, 3),
            json!([{"id": "PTWO", "type": "incident_reference"}])
        );
    }

    #[tokio::test]
    async fn a_refusal_for_another_reason_is_a_refusal() {
        let (outcome, pagerduty) = merge(vec![refused(2001, "Invalid Input Provided")]).await;

        assert_eq!(outcome.unwrap_err().name(), "PagerDuty.InvalidRequest");
        assert_eq!(pagerduty.requests().len(), 1);
    }

    #[tokio::test]
    async fn what_was_merged_into_another_incident_is_refused_in_pagerdutys_words() {
        let (outcome, pagerduty) = merge(vec![
            already_merged(),
            incident("PONE", Some("PANOTHER")),
            incident("PTWO", None),
        ])
        .await;

        let error = outcome.unwrap_err();
        assert_eq!(error.name(), "PagerDuty.InvalidRequest");
        assert!(error.to_string().contains("Already Merged"), "{error}");
        assert_eq!(pagerduty.requests().len(), 3);
    }
}
