use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::servicenow::{PASSWORD, ServiceNow, USER};

pub(crate) const SECRET: &str = PASSWORD;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another password", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<ServiceNow> {
    let fields = [("instance", "acme.service-now.com"), ("user", USER)];
    Contract::start("servicenow", ServiceNow::default(), &fields, secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("list_groups", json!({}))
}

pub(crate) async fn every_action(servicenow: &Contract<ServiceNow>) {
    let groups = servicenow.perform("list_groups", json!({})).await;
    assert_eq!(groups["groups"].as_array().unwrap().len(), 130);

    let input = json!({
        "short_description": "Checkout is down", "urgency": "1", "assignment_group": groups["groups"][0]["sys_id"],
        "category": "software",
    });
    let made = servicenow.attempt("create_incident", input.clone(), "key-1", 1).await.unwrap();
    assert_eq!(made["number"], "INC0010001");
    let record = servicenow.server.vendor(|servicenow| servicenow.incidents[0].clone());
    assert_eq!((&record["correlation_id"], &record["category"], &record["urgency"]), (&json!("key-1"), &json!("software"), &json!("1")));
    assert!(record.get("impact").is_none(), "what is left out is not sent: {record}");

    let found = servicenow.attempt("create_incident", input, "key-1", 2).await.unwrap();
    assert_eq!(found, made, "a repeat finds what was made");
    assert_eq!(servicenow.server.vendor(|servicenow| servicenow.incidents.len()), 1);
    assert_eq!(servicenow.attempt("find_by_correlation", json!({}), "key-1", 1).await.unwrap(), made);

    let id = made["sys_id"].clone();
    assert_eq!(servicenow.perform("get_incident", json!({"sys_id": id})).await["state"], "1");
    assert_eq!(servicenow.perform("find_incident", json!({"number": "INC0010001"})).await["sys_id"], id);
    assert_eq!(servicenow.perform("find_incident", json!({"number": "INC9"})).await["sys_id"], Value::Null);
    let update = json!({"sys_id": id, "state": "6", "close_code": "Solution provided", "close_notes": "Fixed"});
    assert_eq!(servicenow.perform("update_incident", update).await["state"], "6");
    let set = servicenow.perform("set_fields", json!({"sys_id": id, "fields": {"u_region": "eu"}})).await;
    assert_eq!(set["record"]["u_region"], "eu");
    servicenow.perform("add_comment", json!({"sys_id": id, "text": "Seen."})).await;
    servicenow.perform("add_comment", json!({"sys_id": id, "text": "Ours.", "kind": "work_notes"})).await;
    let record = servicenow.server.vendor(|servicenow| servicenow.incidents[0].clone());
    assert_eq!((&record["comments"], &record["work_notes"]), (&json!(["Seen."]), &json!(["Ours."])));
    let listed = servicenow.perform("list_incidents", json!({"query": "active=true^state=6"})).await;
    assert_eq!(listed["incidents"], json!([{"sys_id": id, "number": "INC0010001", "short_description": "Checkout is down", "state": "6"}]));

    let input = json!({
        "short_description": "Down", "description": "Since 8.", "impact": "2", "caller_id": "jane", "configuration_item": "web-1",
    });
    servicenow.perform("create_incident", input).await;
    let record = servicenow.server.vendor(|servicenow| servicenow.incidents[1].clone());
    assert_eq!((&record["impact"], &record["caller_id"], &record["cmdb_ci"]), (&json!("2"), &json!("jane"), &json!("web-1")));
    servicenow.perform("update_incident", json!({"sys_id": record["sys_id"], "assignment_group": "Database"})).await;
    let record = servicenow.server.vendor(|servicenow| servicenow.incidents[1].clone());
    assert_eq!((&record["assignment_group"], &record["description"]), (&json!("Database"), &json!("Since 8.")));
    let listed = servicenow.perform("list_incidents", json!({"query": "active=true", "fields": "number", "limit": 1})).await;
    assert_eq!(listed["incidents"], json!([{"number": "INC0010001"}]));
}

#[tokio::test]
async fn a_record_that_is_not_there_is_not_found() {
    let servicenow = contract(SECRET).await;
    let id = "1c741bd70b2322007518478d83673af3";
    servicenow.refused("get_incident", json!({"sys_id": id})).await.is("NotFound", "No Record found");
    servicenow.refused("update_incident", json!({"sys_id": id, "state": "2"})).await.is("NotFound", "ACL restricts");
}
