//! `/incidents/{id}/notes`.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, MANAGER, column, invalid, text};

fn path(incident: &Value) -> String {
    format!("/incidents/{}/notes", text(&incident["id"]))
}

fn note(content: &str) -> Value {
    json!({"note": {"content": content}})
}

#[test]
fn a_note_is_answered_with_200_and_listed() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    desk.wait(SignedDuration::from_secs(9));
    desk = desk.from(MANAGER);

    let (status, body) = desk.post(&path(&incident), &note("Looking into it"));

    assert_eq!(status, 200);
    assert_eq!(body["note"]["content"], "Looking into it");
    assert_eq!(body["note"]["user"]["id"], "PUS2B8D");
    assert_eq!(body["note"]["created_at"], "2026-03-01T08:00:09Z");
    assert!(body["note"]["channel"]["summary"].is_string());
    assert_eq!(desk.get(&path(&incident)).1, json!({"notes": [body["note"]]}));
}

#[test]
fn notes_are_listed_all_at_once_in_the_order_of_writing() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    for number in 0..30 {
        desk.post(&path(&incident), &note(&number.to_string()));
    }

    let (_, body) = desk.get(&format!("{}?limit=5", path(&incident)));

    let expected: Vec<Value> = (0..30).map(|number| json!(number.to_string())).collect();
    assert_eq!(column(&body["notes"], "/content"), expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_note_changes_when_the_incident_was_updated_but_not_its_status() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    desk.wait(SignedDuration::from_secs(9));

    desk.post(&path(&incident), &note("Looking into it"));

    let after = desk.get("/incidents/1").1["incident"].clone();
    assert_eq!(after["updated_at"], "2026-03-01T08:00:09Z");
    assert_eq!(after["last_status_change_at"], "2026-03-01T08:00:00Z");
}

#[test]
fn a_resolved_incident_takes_notes() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    desk.change(&incident, json!({"status": "resolved"}));

    assert_eq!(desk.post(&path(&incident), &note("It was the cache")).0, 200);
}

#[rstest]
#[case::no_wrapper(json!({"content": "text"}), "Note cannot be empty.")]
#[case::no_content(json!({"note": {}}), "Content cannot be empty.")]
#[case::blank_content(json!({"note": {"content": " "}}), "Content cannot be empty.")]
#[case::too_long(json!({"note": {"content": "x".repeat(65_536)}}), "Content is too long (maximum is 65535 characters)")]
fn a_note_must_have_a_content(#[case] body: Value, #[case] explanation: &str) {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));

    assert_eq!(desk.post(&path(&incident), &body), (400, invalid(explanation)));
}

#[test]
fn an_incident_has_at_most_2000_notes() {
    let mut desk = Desk::with_seed(pagerduty_simulator::Seed {
        requests_per_minute: 5000,
        ..Default::default()
    });
    let incident = desk.create(json!({}));
    for _ in 0..2000 {
        assert_eq!(desk.post(&path(&incident), &note("again")).0, 200);
    }

    assert_eq!(desk.post(&path(&incident), &note("once too often")).0, 400);
}
