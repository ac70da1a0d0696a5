//! What a test counts, what people do in the web app, and lists that lag behind.

use http::Method;
use jiff::SignedDuration;
use pagerduty_simulator::{Effect, EffectKind, IncidentId, Refusal, ServiceId, Status, Trigger, UserId};
use serde_json::{Value, json};

use crate::desk::{Desk, MANAGER, ONCALL, STAKEHOLDER, column, text};

fn id(incident: &Value) -> IncidentId {
    IncidentId::new(text(&incident["id"]))
}

fn kinds(desk: &Desk) -> Vec<EffectKind> {
    desk.pagerduty
        .effects()
        .iter()
        .map(|effect| effect.kind.clone())
        .collect()
}

fn created(key: &str) -> EffectKind {
    EffectKind::Created {
        key: key.to_owned(),
        service: ServiceId::new("PWIXJZS"),
        title: "Memory at 97 %".to_owned(),
    }
}

#[test]
fn every_effect_is_counted_with_its_time_and_its_user() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({"incident_key": "one"}));
    desk.wait(SignedDuration::from_secs(5));
    desk.change(&incident, json!({"status": "resolved"}));
    desk.post(
        &format!("/incidents/{}/notes", id(&incident)),
        &json!({"note": {"content": "Done"}}),
    );

    let effect = |at: &str, kind: EffectKind| Effect {
        at: at.parse().unwrap(),
        incident: id(&incident),
        by: Some(UserId::new("PUS1A7C")),
        kind,
    };
    assert_eq!(
        desk.pagerduty.effects(),
        [
            effect("2026-03-01T08:00:00Z", created("one")),
            effect("2026-03-01T08:00:05Z", EffectKind::Status(Status::Resolved)),
            effect("2026-03-01T08:00:05Z", EffectKind::Note("Done".to_owned())),
        ]
    );
}

#[test]
fn what_is_refused_or_changes_nothing_is_not_counted() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({"incident_key": "one"}));

    let (status, _) = desk.post("/incidents", &crate::desk::incident(json!({"incident_key": "one"})));
    desk.change(&incident, json!({"status": "triggered"}));

    assert_eq!(status, 400);
    assert_eq!(kinds(&desk), [created("one")]);
}

#[test]
fn an_incident_that_a_monitoring_tool_opens_is_counted_as_nobodys() {
    let mut desk = Desk::new();

    let trigger = Trigger::new("Disk full", ServiceId::new("PWIXJZS"));
    desk.pagerduty.trigger(trigger, desk.now).unwrap();

    assert_eq!(desk.pagerduty.effects()[0].by, None);
}

#[test]
fn a_person_changes_the_status_of_an_incident() {
    let mut desk = Desk::new();
    let incident = id(&desk.create(json!({"incident_key": "one"})));

    for status in [Status::Acknowledged, Status::Resolved, Status::Triggered] {
        desk.pagerduty.set_status(&incident, status, MANAGER, desk.now).unwrap();
    }

    assert_eq!(
        kinds(&desk)[1..],
        [Status::Acknowledged, Status::Resolved, Status::Triggered].map(EffectKind::Status)
    );
    assert_eq!(desk.pagerduty.effects()[1].by, Some(UserId::new("PUS2B8D")));
}

#[test]
fn a_person_is_bound_to_the_rules_of_pagerduty() {
    let mut desk = Desk::new();
    let incident = id(&desk.create(json!({})));
    let now = desk.now;
    desk.pagerduty
        .set_status(&incident, Status::Resolved, ONCALL, now)
        .unwrap();

    let mut resolve = |incident: &IncidentId, email| desk.pagerduty.set_status(incident, Status::Resolved, email, now);

    assert_eq!(resolve(&incident, ONCALL), Err(Refusal::AlreadyResolved));
    assert_eq!(resolve(&incident, STAKEHOLDER), Err(Refusal::RequesterNotAuthorized));
    assert_eq!(
        resolve(&incident, "nobody@example.com"),
        Err(Refusal::RequesterNotFound)
    );
    assert_eq!(resolve(&IncidentId::new("PNONE"), ONCALL), Err(Refusal::NotFound));
}

#[test]
fn lists_that_lag_do_not_show_what_is_too_young_and_everything_else_does() {
    let mut desk = Desk::new();
    desk.create(json!({"incident_key": "old"}));
    desk.wait(SignedDuration::from_secs(10));
    let young = id(&desk.create(json!({"incident_key": "young"})));
    let notes = format!("/incidents/{young}/notes");
    desk.post(&notes, &json!({"note": {"content": "Young too"}}));

    let get = |desk: &mut Desk, target: &str, lag: i64| {
        let request = desk.request(Method::GET, target);
        let lag = SignedDuration::from_secs(lag);
        desk.pagerduty.receive_lagging(&request, desk.now, lag).body.into_json()
    };

    let keys = |list: &Value| {
        column(&list["incidents"], "/incident_key")
            .into_iter()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&get(&mut desk, "/incidents", 10)), ["old"]);
    assert_eq!(keys(&get(&mut desk, "/incidents", 0)), ["old", "young"]);
    assert_eq!(get(&mut desk, &notes, 10), json!({"notes": []}));
    assert_eq!(
        get(&mut desk, &format!("/incidents/{young}"), 10)["incident"]["incident_key"],
        "young"
    );
}
