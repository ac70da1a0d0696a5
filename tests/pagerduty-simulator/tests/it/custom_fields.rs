//! `/incidents/{id}/custom_fields/values`.

use pagerduty_simulator::{CustomField, DataType, FieldId, Seed};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column, event, event_types, text};

fn path(incident: &Value) -> String {
    format!("/incidents/{}/custom_fields/values", text(&incident["id"]))
}

fn set(desk: &mut Desk, incident: &Value, fields: &Value) -> (u16, Value) {
    desk.put(&path(incident), &json!({"custom_fields": fields}))
}

#[test]
fn a_field_is_set_by_its_name_or_its_id_and_the_answer_has_the_named_ones() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));

    let by_name = set(
        &mut desk,
        &incident,
        &json!([{"name": "environment", "value": "production"}]),
    );
    let by_id = set(
        &mut desk,
        &incident,
        &json!([{"id": "PCF2RUN", "value": "https://wiki.example.com"}]),
    );

    assert_eq!(
        by_name,
        (
            201,
            json!({"custom_fields": [{
                "id": "PCF1ENV", "type": "field_value", "name": "environment", "display_name": "Environment",
                "description": null, "data_type": "string", "field_type": "single_value_fixed", "value": "production",
            }]})
        )
    );
    assert_eq!(column(&by_id.1["custom_fields"], "/name"), ["runbook"]);
    let (_, all) = desk.get(&path(&incident));
    assert_eq!(
        column(&all["custom_fields"], "/value"),
        ["production", "https://wiki.example.com"]
    );
}

#[test]
fn a_field_without_a_value_is_null_and_can_be_emptied_again() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    set(
        &mut desk,
        &incident,
        &json!([{"name": "environment", "value": "staging"}]),
    );

    let (status, _) = set(&mut desk, &incident, &json!([{"name": "environment", "value": null}]));

    assert_eq!(status, 201);
    let (_, all) = desk.get(&path(&incident));
    assert_eq!(column(&all["custom_fields"], "/value"), [&Value::Null, &Value::Null]);
}

#[test]
fn webhooks_tell_the_values_of_now_and_those_that_were_there_before() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    set(
        &mut desk,
        &incident,
        &json!([{"name": "environment", "value": "staging"}]),
    );
    desk.subscribe(json!({"type": "account_reference"}));

    set(
        &mut desk,
        &incident,
        &json!([{"name": "environment", "value": "production"}]),
    );
    set(
        &mut desk,
        &incident,
        &json!([{"name": "environment", "value": "production"}]),
    );

    let parcels = desk.deliver(202);
    assert_eq!(event_types(&parcels), ["incident.custom_field_values.updated"]);
    let data = &event(&parcels[0])["data"];
    assert_eq!(
        (&data["type"], &data["incident"]["id"]),
        (&json!("incident_field_values"), &incident["id"])
    );
    assert_eq!(column(&data["custom_fields"], "/value"), ["production"]);
    assert_eq!(column(&data["changed_custom_fields"], "/value"), ["staging"]);
}

#[rstest]
#[case::unknown(json!([{"name": "colour", "value": "red"}]))]
#[case::unnamed(json!([{"value": "red"}]))]
#[case::no_option(json!([{"name": "environment", "value": "moon"}]))]
#[case::no_text(json!([{"name": "runbook", "value": 7}]))]
#[case::a_list(json!([{"name": "runbook", "value": ["a"]}]))]
#[case::no_value(json!([{"name": "runbook"}]))]
#[case::one_of_two(json!([{"name": "runbook", "value": "a"}, {"name": "colour", "value": "red"}]))]
#[case::none(json!([]))]
fn what_a_field_can_not_have_is_refused_and_nothing_changes(#[case] fields: Value) {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));

    let (status, body) = set(&mut desk, &incident, &fields);

    assert_eq!((status, &body["error"]["code"]), (400, &json!(2001)));
    let (_, all) = desk.get(&path(&incident));
    assert_eq!(column(&all["custom_fields"], "/value"), [&Value::Null, &Value::Null]);
}

#[rstest]
#[case(DataType::Boolean, json!(true), json!("true"))]
#[case(DataType::Integer, json!(7), json!(7.5))]
#[case(DataType::Float, json!(7.5), json!("7.5"))]
#[case(DataType::Datetime, json!("2026-03-01T08:00:00Z"), json!("tomorrow"))]
#[case(DataType::Url, json!("https://example.com/a"), json!("not a link"))]
fn values_have_the_type_of_their_field(#[case] data_type: DataType, #[case] good: Value, #[case] bad: Value) {
    let mut desk = Desk::with_seed(Seed {
        custom_fields: vec![CustomField {
            id: FieldId::new("PCF9"),
            name: "it".to_owned(),
            display_name: "It".to_owned(),
            data_type,
            multiple: false,
            options: Vec::new(),
        }],
        ..Seed::default()
    });
    let incident = desk.create(json!({}));

    assert_eq!(
        set(&mut desk, &incident, &json!([{"name": "it", "value": good}])).0,
        201
    );
    assert_eq!(set(&mut desk, &incident, &json!([{"name": "it", "value": bad}])).0, 400);
}

#[test]
fn no_from_is_needed_and_then_nobody_did_it() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    desk.subscribe(json!({"type": "account_reference"}));
    desk = desk.without_from();

    let (status, _) = set(
        &mut desk,
        &incident,
        &json!([{"name": "environment", "value": "staging"}]),
    );

    assert_eq!(status, 201);
    assert_eq!(event(&desk.deliver(202)[0])["agent"], Value::Null);
}
