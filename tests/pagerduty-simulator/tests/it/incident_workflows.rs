//! `/incident_workflows`: workflows that PagerDuty itself runs.

use pagerduty_simulator::{EffectKind, Seed, WorkflowId};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column, event, event_types};

fn start(desk: &mut Desk, workflow: &str, incident: &Value) -> (u16, Value) {
    let instance = json!({
        "type": "incident_workflow_instance",
        "incident": {"id": incident["id"], "type": "incident_reference"},
    });
    desk.post(
        &format!("/incident_workflows/{workflow}/instances"),
        &json!({"incident_workflow_instance": instance}),
    )
}

#[test]
fn workflows_are_listed_by_name_and_found_by_a_part_of_it() {
    let mut desk = Desk::new();

    let (_, all) = desk.get("/incident_workflows");
    let (_, found) = desk.get("/incident_workflows?query=vendor");

    assert_eq!(
        column(&all["incident_workflows"], "/name"),
        ["Open a War Room", "Page the Vendor"]
    );
    assert_eq!(column(&found["incident_workflows"], "/id"), ["PWF2AUT"]);
}

#[test]
fn a_started_workflow_is_told_to_webhooks_when_it_starts_and_when_it_is_complete() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    desk.subscribe(json!({"type": "account_reference"}));

    let (status, body) = start(&mut desk, "PWF1MAN", &incident);

    let instance = &body["incident_workflow_instance"];
    assert_eq!((status, &instance["incident"]["id"]), (201, &incident["id"]));
    let parcels = desk.deliver(202);
    assert_eq!(
        event_types(&parcels),
        ["incident.workflow.started", "incident.workflow.completed"]
    );
    let started = event(&parcels[0]);
    assert!(
        started["id"]
            .as_str()
            .unwrap()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
    );
    let data = &started["data"];
    assert_eq!(
        (&data["type"], &data["id"]),
        (&json!("incident_workflow_instance"), &instance["id"])
    );
    assert_eq!(
        (
            &data["incident"]["id"],
            &data["incident_workflow"]["id"],
            &data["service"]["id"]
        ),
        (&incident["id"], &json!("PWF1MAN"), &json!("PWIXJZS"))
    );
    assert_eq!(
        desk.pagerduty.effects().last().unwrap().kind,
        EffectKind::Workflow(WorkflowId::new("PWF1MAN"))
    );
}

#[test]
fn an_instance_can_be_given_an_id() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));

    let (_, body) = desk.post(
        "/incident_workflows/PWF1MAN/instances",
        &json!({"incident_workflow_instance": {
            "id": "PMINE", "incident": {"id": incident["id"], "type": "incident_reference"},
        }}),
    );

    assert_eq!(body["incident_workflow_instance"]["id"], "PMINE");
}

#[rstest]
#[case::unknown_workflow("PNOSUCH", json!({}), 404, 2100)]
#[case::no_manual_trigger("PWF2AUT", json!({}), 400, 2001)]
#[case::unknown_incident("PWF1MAN", json!({"id": "PNOSUCH"}), 404, 5001)]
fn what_can_not_start_is_refused(#[case] workflow: &str, #[case] other: Value, #[case] status: u16, #[case] code: u32) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    let incident = if other["id"].is_null() { created } else { other };

    let (answered, body) = start(&mut desk, workflow, &incident);

    assert_eq!((answered, &body["error"]["code"]), (status, &json!(code)));
}

#[test]
fn an_account_without_workflows_has_the_feature_switched_off() {
    let mut desk = Desk::with_seed(Seed {
        incident_workflows: Vec::new(),
        ..Seed::default()
    });

    assert_eq!(desk.get("/incident_workflows").0, 402);
}
