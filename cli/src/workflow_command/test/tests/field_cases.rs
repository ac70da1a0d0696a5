//! The cases in `tests/field-cases`: each is refused or warned of when it is saved, or does what its author meant.

use super::{Shown, root};
use platform::catalog;
use rstest::rstest;
use serde_json::{Value, json};
use std::fs;
use workflow::definition::Draft;

fn path(file: &str) -> String {
    root().join("tests/field-cases").join(file).display().to_string()
}

fn draft(file: &str) -> Result<Draft, String> {
    let source = fs::read_to_string(path(file)).unwrap();
    Draft::from_source(&source, catalog()).map_err(|problems| problems.to_string())
}

async fn played(words: &[&str]) -> Shown {
    let is_file = |word: &&str| word.ends_with(".yaml") || word.ends_with(".json");
    let words: Vec<String> = words
        .iter()
        .map(|word| if is_file(word) { path(word) } else { (*word).to_owned() })
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    super::played(&words).await.unwrap()
}

/// What was sent to PagerDuty, in order.
fn sent(told: &Value) -> Vec<&Value> {
    match told {
        Value::Object(fields) => {
            let own = fields.get("requests").and_then(Value::as_array).into_iter().flatten();
            let own: Vec<&Value> = own.filter_map(|request| request.get("body")).collect();
            own.into_iter().chain(fields.values().flat_map(sent)).collect()
        }
        Value::Array(items) => items.iter().flat_map(sent).collect(),
        _ => Vec::new(),
    }
}

#[rstest]
#[case("truncated-condition/workflow.yaml", &["use `and`", "use `not`"])]
#[case("unknown-filter/workflow-no-when.yaml", &["unknown filter `truncate`; use `x[:40]`"])]
#[case("unknown-filter/workflow-when.yaml", &["unknown test `match`"])]
#[case("partial-events/when-service.yaml", &["`event.incident.service` is always null here", "pagerduty.get_incident"])]
#[case("service-name/workflow.yaml", &["`name` is not known; did you mean `summary`?", "`email` is not known"])]
#[case("default-null/workflow-c.yaml", &["`event.incident.priority` can be null", "| default(…)"])]
#[case("unquoted-braces/workflow.yaml", &["put the expression in quotes"])]
#[case("unquoted-braces/workflow-2.yaml", &["put the expression in quotes"])]
#[case("multi-docs/two.yaml", &["more than one document"])]
#[case("multi-docs/empty.yaml", &["empty"])]
#[case("multi-docs/comment-only.yaml", &["empty"])]
fn what_would_do_something_else_is_refused_with_what_to_write(#[case] file: &str, #[case] said: &[&str]) {
    let problems = draft(file).unwrap_err();
    for said in said {
        assert!(problems.contains(said), "{problems}");
    }
}

#[rstest]
#[case("multi-docs/trailing-marker.yaml")]
#[case("multi-docs/end-marker.yaml")]
#[case("http-links/workflow-literal.yaml")]
fn what_is_right_is_accepted_without_a_warning(#[case] file: &str) {
    let draft = draft(file).unwrap();
    assert!(draft.warnings().is_empty(), "{}", draft.warnings());
}

#[rstest]
#[case("null-concurrency/workflow.yaml", "can be null, and such a run excludes no other")]
#[case("http-links/workflow.yaml", "`event.client` can be null")]
#[case("alert-details/workflow.yaml", "`steps.alerts.outputs.alerts[0]` may be missing")]
fn what_may_be_null_or_missing_is_warned_of(#[case] file: &str, #[case] said: &str) {
    let draft = draft(file).unwrap();
    assert!(draft.warnings().to_string().contains(said), "{}", draft.warnings());
}

#[rstest]
#[case("default-null/workflow.yaml", "[no priority] Disk full on db-1")]
#[case("default-null/workflow-b.yaml", "[no priority] unknown host")]
#[tokio::test]
async fn a_default_stands_for_what_is_null_or_missing(#[case] file: &str, #[case] title: &str) {
    let played = played(&[file, "--event", "default-null/event.json"]).await;
    assert_eq!(sent(&played.json)[0]["incident"]["title"], title);
}

#[rstest]
#[case("default-null/workflow-d.yaml", "[no priority] key= who=")]
#[case("default-null/workflow-e.yaml", "[no priority]")]
#[tokio::test]
async fn null_is_nothing_in_a_text(#[case] file: &str, #[case] message: &str) {
    let played = played(&[file, "--event", "default-null/event.json"]).await;
    assert!(played.text.contains(message), "{}", played.text);
}

#[rstest]
#[case("null-concurrency/workflow.yaml")]
#[case("null-concurrency/bh-lock.yaml")]
#[case("null-concurrency/bh-lockc.yaml")]
#[tokio::test]
async fn incidents_without_a_key_do_not_stop_each_other(#[case] file: &str) {
    let events = [
        "--event",
        "null-concurrency/event-a.json",
        "--event",
        "null-concurrency/event-b.json",
    ];
    let line: Vec<&str> = [file].into_iter().chain(events).collect();
    let played = played(&line).await;
    let runs = played.json["runs"].as_array().unwrap();
    let ends: Vec<&Value> = runs.iter().map(|run| &run["status"]).collect();
    assert_eq!(ends, [&json!("succeeded"), &json!("succeeded")], "{}", played.text);
}

#[tokio::test]
async fn links_of_a_private_network_are_sent() {
    let played = played(&["http-links/workflow.yaml", "--event", "http-links/event.json"]).await;
    let alert = sent(&played.json)[0];
    assert_eq!(alert["client_url"], "http://[::]:9092/kapacitor/v1");
    assert_eq!(alert["links"][0]["href"], "http://prometheus-0:9090/graph?g0.expr=up");
}

#[rstest]
#[case::fits(30_000, false)]
#[case::too_much(70_000, true)]
#[tokio::test]
async fn an_alert_with_huge_details_is_sent(#[case] bytes: usize, #[case] is_cut: bool) {
    let mut event: Value = serde_json::from_slice(&fs::read(path("default-null/event.json")).unwrap()).unwrap();
    event["event"]["data"]["firing"] = "alert line with labels\n".repeat(bytes / 23).into();
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    fs::write(file.path(), event.to_string()).unwrap();
    let workflow = path("huge-details/workflow.yaml");
    let line = [workflow.as_str(), "--event", file.path().to_str().unwrap()];
    let played = super::played(&line).await.unwrap();
    let firing = sent(&played.json)[0]["payload"]["custom_details"]["firing"]
        .as_str()
        .unwrap();
    assert_eq!(firing.ends_with("… [cut]"), is_cut);
    assert!(firing.len() > 25_000, "{}", firing.len());
    assert_eq!(
        played.text.contains("`custom_details` was cut"),
        is_cut,
        "{}",
        played.text
    );
}

#[rstest]
#[case("lone-surrogate/event.json")]
#[case("lone-surrogate/control-characters.json")]
#[case("lone-surrogate/huge-number.json")]
#[case("lone-surrogate/same-field-twice.json")]
#[tokio::test]
async fn an_odd_event_starts_its_run(#[case] event: &str) {
    let played = played(&["multi-docs/end-marker.yaml", "--event", event]).await;
    assert_eq!(played.json["outcome"], "succeeded", "{}", played.text);
}

#[tokio::test]
async fn the_details_of_an_alert_can_be_used() {
    let alerts =
        r#"alerts={"alerts":[{"alert_id":"Q1","status":"triggered","body":{"details":{"host":"db-1"}}}],"more":false}"#;
    let line = [
        "alert-details/workflow.yaml",
        "--event",
        "alert-details/event.json",
        "--result",
        alerts,
    ];
    let played = played(&line).await;
    assert!(
        sent(&played.json).last().unwrap()["note"]["content"]
            .as_str()
            .unwrap()
            .starts_with("Host db-1")
    );
}

#[tokio::test]
async fn json_in_a_note_is_readable() {
    let played = played(&["tojson/workflow.yaml", "--event", "tojson/event.json"]).await;
    let note = sent(&played.json)[0]["note"]["content"].as_str().unwrap();
    assert!(note.contains(r#""query": "rate(errors) > 5 && env='prod'""#), "{note}");
}

#[tokio::test]
async fn an_incident_that_pagerduty_does_not_know_yet_is_resolved_all_the_same() {
    let line = ["404-after-create/workflow.yaml", "--fail", "close=PagerDuty.NotFound:3"];
    let played = played(&line).await;
    assert_eq!(played.json["outcome"], "succeeded", "{}", played.text);
}
