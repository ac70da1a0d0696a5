//! The Events API v2: `/v2/enqueue` and `/v2/change/enqueue`, and the alerts that come of it.

use http::Method;
use jiff::SignedDuration;
use pagerduty_simulator::{Request, Seed};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column, event, event_types, merge, text};

/// Sends an event as a monitoring tool does: without a token.
fn send(desk: &mut Desk, event: &Value) -> (u16, Value) {
    desk.send(&Request::new(Method::POST, "/v2/enqueue").json(event))
}

fn trigger(key: &str) -> Value {
    json!({
        "routing_key": Seed::ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": key,
        "payload": {"summary": "Disk full", "source": "db-1", "severity": "error", "custom_details": {"free": "1 %"}},
        "client": "Watcher",
        "client_url": "https://watcher.example.com",
    })
}

fn about(action: &str, key: &str) -> Value {
    json!({"routing_key": Seed::ROUTING_KEY, "event_action": action, "dedup_key": key})
}

fn incidents(desk: &mut Desk) -> Value {
    desk.get("/incidents").1["incidents"].clone()
}

fn statuses(desk: &mut Desk) -> Vec<String> {
    let incidents = incidents(desk);
    column(&incidents, "/status")
        .into_iter()
        .map(|it| text(it).to_owned())
        .collect()
}

#[test]
fn a_trigger_opens_an_incident_with_an_alert() {
    let mut desk = Desk::new();

    let answer = send(&mut desk, &trigger("disk/db-1"));

    assert_eq!(
        answer,
        (
            202,
            json!({"status": "success", "message": "Event processed", "dedup_key": "disk/db-1"})
        )
    );
    let incident = incidents(&mut desk)[0].clone();
    assert_eq!(
        (&incident["title"], &incident["service"]["id"]),
        (&json!("Disk full"), &json!("PWIXJZS"))
    );
    assert_eq!(
        incident["alert_counts"],
        json!({"all": 1, "triggered": 1, "resolved": 0})
    );
    let (_, body) = desk.get(&format!("/incidents/{}/alerts", text(&incident["id"])));
    let alert = &body["alerts"][0];
    assert_eq!(
        (
            &alert["alert_key"],
            &alert["status"],
            &alert["severity"],
            &alert["summary"]
        ),
        (
            &json!("disk/db-1"),
            &json!("triggered"),
            &json!("error"),
            &json!("Disk full")
        )
    );
    assert_eq!(alert["body"]["details"]["free"], "1 %");
    assert_eq!(alert["incident"]["id"], incident["id"]);
}

#[test]
fn webhooks_of_an_alert_name_the_integration_and_have_no_incident_key() {
    let mut desk = Desk::new();
    desk.subscribe(json!({"type": "account_reference"}));

    send(&mut desk, &trigger("disk"));
    send(&mut desk, &about("resolve", "disk"));

    let parcels = desk.deliver(202);
    assert_eq!(event_types(&parcels), ["incident.triggered", "incident.resolved"]);
    let triggered = event(&parcels[0]);
    assert_eq!(triggered["data"]["incident_key"], Value::Null);
    assert_eq!(
        (&triggered["agent"]["type"], &triggered["agent"]["summary"]),
        (&json!("inbound_integration_reference"), &json!("CloudWatch"))
    );
    assert_eq!(
        triggered["client"],
        json!({"name": "Watcher", "url": "https://watcher.example.com"})
    );
    assert_eq!(event(&parcels[1])["agent"]["type"], "inbound_integration_reference");
}

#[test]
fn an_event_without_a_dedup_key_gets_one() {
    let mut desk = Desk::new();
    let mut event = trigger("x");
    event.as_object_mut().unwrap().remove("dedup_key");

    let (_, body) = send(&mut desk, &event);

    assert_eq!(text(&body["dedup_key"]).len(), 32);
}

#[test]
fn the_same_key_belongs_to_the_open_alert_and_opens_nothing() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));

    let (status, _) = send(&mut desk, &trigger("disk"));

    assert_eq!((status, statuses(&mut desk).len()), (202, 1));
}

#[test]
fn the_key_of_a_resolved_alert_opens_a_new_incident() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));
    send(&mut desk, &about("resolve", "disk"));

    send(&mut desk, &trigger("disk"));

    assert_eq!(statuses(&mut desk), ["resolved", "triggered"]);
}

#[test]
fn an_alert_is_acknowledged_and_resolved_by_its_key() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));

    send(&mut desk, &about("acknowledge", "disk"));
    assert_eq!(statuses(&mut desk), ["acknowledged"]);
    send(&mut desk, &about("resolve", "disk"));

    assert_eq!(statuses(&mut desk), ["resolved"]);
}

#[rstest]
#[case::never_triggered(Seed::ROUTING_KEY, "other")]
#[case::another_integrations(Seed::CHECKOUT_ROUTING_KEY, "disk")]
fn what_is_not_open_is_dropped_silently(#[case] routing_key: &str, #[case] key: &str) {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));

    for action in ["acknowledge", "resolve"] {
        let mut event = about(action, key);
        event["routing_key"] = json!(routing_key);
        assert_eq!(send(&mut desk, &event).0, 202);
    }

    assert_eq!(statuses(&mut desk), ["triggered"]);
}

#[test]
fn a_resolved_alert_can_not_be_acknowledged() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));
    send(&mut desk, &about("resolve", "disk"));

    assert_eq!(send(&mut desk, &about("acknowledge", "disk")).0, 202);

    assert_eq!(statuses(&mut desk), ["resolved"]);
}

#[test]
fn an_incident_is_resolved_with_the_last_of_its_alerts() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("one"));
    send(&mut desk, &trigger("other"));
    let both = incidents(&mut desk);
    desk.put(
        &format!("/incidents/{}/merge", text(&both[0]["id"])),
        &json!({"source_incidents": [{"id": both[1]["id"], "type": "incident_reference"}]}),
    );

    send(&mut desk, &about("resolve", "one"));
    let after_one = statuses(&mut desk)[0].clone();
    send(&mut desk, &about("resolve", "other"));

    assert_eq!(
        (after_one.as_str(), statuses(&mut desk)[0].as_str()),
        ("triggered", "resolved")
    );
}

#[test]
fn resolving_an_incident_resolves_its_alerts() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));
    let incident = incidents(&mut desk)[0].clone();

    let resolved = desk.change(&incident, json!({"status": "resolved"}));

    assert_eq!(
        resolved["alert_counts"],
        json!({"all": 1, "triggered": 0, "resolved": 1})
    );
}

#[test]
fn an_incident_is_found_by_the_key_of_any_of_its_alerts() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));
    let target = desk.create(json!({}));
    let source = desk.get("/incidents?incident_key=disk").1["incidents"][0].clone();
    desk.put(
        &format!("/incidents/{}/merge", text(&target["id"])),
        &json!({"source_incidents": [{"id": source["id"], "type": "incident_reference"}]}),
    );

    let (_, body) = desk.get("/incidents?incident_key=disk&statuses[]=triggered");

    assert_eq!(column(&body["incidents"], "/id"), [&target["id"]]);
}

#[test]
fn alerts_are_listed_by_status_and_key() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));
    let incident = incidents(&mut desk)[0].clone();
    let path = format!("/incidents/{}/alerts", text(&incident["id"]));

    let mut found = |query: &str| {
        desk.get(&format!("{path}?{query}")).1["alerts"]
            .as_array()
            .map(Vec::len)
    };

    assert_eq!(
        (
            found("statuses[]=triggered"),
            found("statuses[]=resolved"),
            found("alert_key=other")
        ),
        (Some(1), Some(0), Some(0))
    );
    assert_eq!(found("statuses[]=acknowledged"), None);
}

#[test]
fn an_event_for_a_service_that_takes_none_is_taken_and_opens_nothing() {
    let mut seed = Seed::default();
    seed.routing_keys[0].service = seed.services[2].id.clone();
    let mut desk = Desk::with_seed(seed);

    assert_eq!(send(&mut desk, &trigger("disk")).0, 202);

    assert_eq!(incidents(&mut desk), json!([]));
}

#[rstest]
#[case::no_routing_key(json!({"routing_key": null}), "'routing_key' is missing or blank")]
#[case::short_routing_key(json!({"routing_key": "no such key"}), "Length of 'routing_key' is incorrect (should be 32 characters)")]
#[case::unknown_routing_key(json!({"routing_key": "0".repeat(32)}), "'routing_key' is invalid")]
#[case::no_action(json!({"event_action": null}), "'event_action' is missing or blank")]
#[case::wrong_action(json!({"event_action": "close"}), "'event_action' is not one of: trigger, acknowledge, resolve")]
#[case::no_payload(json!({"payload": null}), "'payload' is missing or blank")]
#[case::no_source(json!({"payload": {"summary": "x", "severity": "info"}}), "'payload.source' is missing or blank")]
#[case::no_summary(json!({"payload": {"source": "x", "severity": "info"}}), "'payload.summary' is missing or blank")]
#[case::wrong_severity(
    json!({"payload": {"summary": "x", "source": "x", "severity": "bad"}}),
    "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
)]
#[case::long_summary(
    json!({"payload": {"summary": "x".repeat(1025), "source": "x", "severity": "info"}}),
    "'summary' is too long (maiximum is 1024 characters)"
)]
#[case::long_dedup_key(json!({"dedup_key": "x".repeat(256)}), "'dedup_key' is too long (maximum is 255 characters)")]
fn an_event_that_lacks_something_is_refused(#[case] fields: Value, #[case] explanation: &str) {
    let mut desk = Desk::new();
    let mut event = trigger("disk");
    merge(&mut event, fields);

    let answer = send(&mut desk, &event);

    assert_eq!(
        answer,
        (
            400,
            json!({"status": "invalid event", "message": "Event object is invalid", "errors": [explanation]})
        )
    );
    assert_eq!(incidents(&mut desk), json!([]));
}

#[rstest]
#[case("acknowledge")]
#[case("resolve")]
fn only_a_trigger_may_lack_the_dedup_key(#[case] action: &str) {
    let (status, body) = send(
        &mut Desk::new(),
        &json!({"routing_key": Seed::ROUTING_KEY, "event_action": action}),
    );

    assert_eq!(
        (status, &body["errors"]),
        (400, &json!(["'dedup_key' is missing or blank"]))
    );
}

#[test]
fn a_summary_of_1024_characters_is_taken() {
    let mut event = trigger("disk");
    event["payload"]["summary"] = json!("ä".repeat(1024));

    assert_eq!(send(&mut Desk::new(), &event).0, 202);
}

#[test]
fn an_event_has_at_most_50_links() {
    let mut event = trigger("disk");
    event["links"] = json!(vec![json!({"href": "https://example.com"}); 51]);

    assert_eq!(
        send(&mut Desk::new(), &event),
        (400, json!({"error": ["links should have at most 50 item(s)"]}))
    );
}

#[test]
fn what_is_no_json_is_not_recognized() {
    let mut request = Request::new(Method::POST, "/v2/enqueue");
    request.body = b"{".to_vec();

    assert_eq!(
        Desk::new().send(&request),
        (
            400,
            json!({
                "status": "Unrecognized object",
                "message": "Event object format is unrecognized",
                "errors": ["JSON parse error"],
            })
        )
    );
}

#[test]
fn a_body_beyond_512_kilobytes_is_too_large() {
    let mut event = trigger("disk");
    event["payload"]["custom_details"] = json!("x".repeat(512 * 1024));

    assert_eq!(send(&mut Desk::new(), &event).0, 413);
}

#[test]
fn a_routing_key_that_sends_too_often_has_to_wait_and_others_have_not() {
    let mut desk = Desk::with_seed(Seed {
        events_per_minute: 1,
        ..Seed::default()
    });
    send(&mut desk, &trigger("one"));

    let refused = send(&mut desk, &trigger("two"));
    let mut other = trigger("two");
    other["routing_key"] = json!(Seed::CHECKOUT_ROUTING_KEY);
    let others = send(&mut desk, &other).0;
    desk.wait(SignedDuration::from_secs(60));
    let later = send(&mut desk, &trigger("two")).0;

    assert_eq!(
        (refused.0, &refused.1["message"]),
        (429, &json!("Request Limit Exceeded"))
    );
    assert_eq!((others, later), (202, 202));
}

#[test]
fn a_change_event_is_remembered_and_opens_nothing() {
    let mut desk = Desk::new();
    let change = json!({
        "routing_key": Seed::ROUTING_KEY,
        "payload": {"summary": "Deployed 1.2.3", "source": "pipeline"},
        "links": [{"href": "https://example.com", "text": "Build"}],
    });

    let answer = desk.send(&Request::new(Method::POST, "/v2/change/enqueue").json(&change));

    assert_eq!(
        answer,
        (202, json!({"status": "success", "message": "Change event processed"}))
    );
    let remembered = desk.pagerduty.change_events();
    assert_eq!((remembered.len(), &remembered[0]["payload"]), (1, &change["payload"]));
    assert_eq!(incidents(&mut desk), json!([]));
}

#[test]
fn an_event_about_an_alert_is_remembered_whatever_comes_of_it() {
    let mut desk = Desk::new();
    let mut nameless = trigger("");
    nameless["dedup_key"] = Value::Null;
    let refused = json!({"routing_key": Seed::ROUTING_KEY, "event_action": "resolve"});

    let made_up = send(&mut desk, &nameless).1["dedup_key"].clone();
    send(&mut desk, &about("resolve", "nobody's"));
    send(&mut desk, &refused);

    let remembered = json!(desk.pagerduty.alert_events());
    let shown = |pointer| column(&remembered, pointer).into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(shown("/event_action"), ["trigger", "resolve"]);
    assert_eq!(shown("/dedup_key"), [made_up, json!("nobody's")]);
    assert_eq!(shown("/service"), ["PWIXJZS", "PWIXJZS"]);
    assert_eq!(remembered[0]["payload"], nameless["payload"]);
}

#[test]
fn a_change_event_needs_a_summary_and_no_source() {
    let mut desk = Desk::new();
    let mut send = |payload: Value| {
        let change = json!({"routing_key": Seed::ROUTING_KEY, "payload": payload});
        desk.send(&Request::new(Method::POST, "/v2/change/enqueue").json(&change))
            .0
    };

    assert_eq!(
        (send(json!({"summary": "x"})), send(json!({"source": "x"}))),
        (202, 400)
    );
}

#[test]
fn no_routing_key_is_remembered() {
    let mut desk = Desk::new();
    send(&mut desk, &trigger("disk"));
    desk.send(&Request::new(Method::POST, "/v2/change/enqueue").json(&trigger("disk")));

    let remembered = format!(
        "{} {:?} {:?}",
        desk.pagerduty.received(),
        desk.pagerduty.change_events(),
        desk.pagerduty
    );

    assert!(!remembered.contains(Seed::ROUTING_KEY));
}

#[test]
fn an_account_knows_the_events_that_are_for_it() {
    let desk = Desk::new();
    let mut event = trigger("disk");
    let known = desk
        .pagerduty
        .knows_token_of(&Request::new(Method::POST, "/v2/enqueue").json(&event));
    event["routing_key"] = json!("another account's");
    let unknown = desk
        .pagerduty
        .knows_token_of(&Request::new(Method::POST, "/v2/enqueue").json(&event));

    assert!(known && !unknown);
}
