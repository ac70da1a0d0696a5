use super::*;
use crate::action::{
    Admitted,
    tests::{action, catalog, of_pagerduty},
};
use rstest::rstest;
use serde_json::json;

const ROOM: usize = 48 * 1024;

fn alert_with(field: &str, value: Value) -> Value {
    let mut input = json!({
        "integration": "prod", "routing_key": "checkout", "summary": "Disk full", "source": "db-1", "severity": "error",
    });
    input[field] = value;
    input
}

fn admitted(name: &str, input: &Value) -> Admitted {
    let admitted = action(name).admit(input.clone(), &[], ROOM);
    admitted.unwrap_or_else(|problems| panic!("{name}: {problems:?}"))
}

fn said(adjusted: &[Adjustment]) -> Vec<String> {
    adjusted.iter().map(ToString::to_string).collect()
}

/// What becomes of an input of an alert, and what is said of it.
fn adjusted(field: &str, value: Value) -> (Value, Vec<String>) {
    let Admitted { input, adjusted } = admitted("pagerduty.trigger_alert", &alert_with(field, value));
    (input[field].clone(), said(&adjusted))
}

#[rstest]
#[case::monitor("http://[::]:9092/kapacitor/v1")]
#[case::query("http://prometheus-0:9090/graph?g0.expr=up#x")]
#[case::https("https://user@grafana.example.com:3000/d/abc")]
#[case::address("http://10.0.0.7")]
#[case::label_that_begins_with_a_digit("https://db.1password/x")]
#[case::international("https://www.m\u{fc}ller.example/")]
fn a_link_that_a_browser_can_open_is_kept(#[case] url: &str) {
    assert_eq!(adjusted("client_url", json!(url)), (json!(url), vec![]));
    let links = json!([{"href": url}]);
    assert_eq!(adjusted("links", links.clone()), (links, vec![]));
}

#[rstest]
#[case::script("javascript:alert(1)")]
#[case::other_scheme("ftp://a.example/x")]
#[case::no_host("https:///x")]
#[case::no_scheme("grafana.internal:3000")]
#[case::space("http://prometheus:9090/graph?g0.expr=up == 0")]
#[case::open_bracket("http://[::1")]
#[case::port("http://a.example:99999/")]
#[case::half_an_address("http://10.0.0/")]
#[case::nothing("")]
#[case::too_long(&format!("https://a.example/{}", "x".repeat(2100)))]
fn a_link_that_no_browser_can_open_is_left_out(#[case] url: &str) {
    let wanted = "must be a URL that begins with `https://` or `http://`";
    assert_eq!(
        adjusted("client_url", json!(url)),
        (Value::Null, vec![format!("`client_url` was left out: it {wanted}")])
    );
    assert_eq!(
        adjusted("links", json!([{"href": "http://ok"}, {"href": url}])),
        (
            json!([{"href": "http://ok"}]),
            vec![format!("`links[1]` was left out: its `href` {wanted}")]
        )
    );
}

#[test]
fn only_the_links_that_do_not_fit_are_left_out_and_each_is_told() {
    let links = json!([
        {"href": "https://a.example", "text": 7},
        {"text": "nowhere"},
        "https://b.example",
        {"href": "https://c.example", "rel": "x", "text": "C\u{0}"},
        null,
    ]);
    assert_eq!(
        adjusted("links", links),
        (
            json!([{"href": "https://a.example"}, {"href": "https://c.example", "text": "C\u{fffd}"}]),
            vec![
                "`links[0].text` was left out: it is a number, but must be text".to_owned(),
                "`links[1]` was left out: it has no `href`".to_owned(),
                "`links[2]` was left out: it is text, but must be a map".to_owned(),
                "`links[3].rel` was left out: it is not known".to_owned(),
                "`links[3].text`: 1 control character was replaced by U+FFFD".to_owned(),
                "`links[4]` was left out: it is null, but must be a map".to_owned(),
            ]
        )
    );
    assert_eq!(adjusted("links", json!([7])).0, Value::Null, "nothing is left of it");

    let many: Vec<Value> = (0..60)
        .map(|index| json!({"href": format!("https://a.example/{index}")}))
        .collect();
    assert_eq!(
        adjusted("links", json!(many)),
        (
            json!(many[..50]),
            vec!["`links` was cut: its last 10 entries were left out, because no more than 50 are taken".to_owned()]
        )
    );
}

#[rstest]
#[case::other_case("severity", json!(" Critical"), json!("critical"), "`severity` was replaced by `critical`: it is written like this")]
#[case::other_word(
    "severity", json!("fatal"), json!("critical"),
    "`severity` was replaced by `critical`: it must be one of critical, error, warning, info"
)]
#[case::no_severity("severity", json!(null), json!("critical"), "`severity` was replaced by `critical`: it has no value")]
#[case::no_source("source", json!(" "), json!("unknown"), "`source` was replaced by `unknown`: it is empty")]
#[case::time("timestamp", json!("tomorrow"), json!(null), "`timestamp` was left out: it must be a time in RFC 3339, such as `2027-01-31T09:00:00Z`, or one relative to now, such as `-24h` or `+30m`")]
#[case::list_for_text("component", json!(["a"]), json!(null), "`component` was left out: it is a list, but must be text")]
#[case::text_for_map("custom_details", json!("full"), json!(null), "`custom_details` was left out: it is text, but must be a map")]
#[case::terminal_codes("summary", json!("\u{1b}[31mred\u{0}"), json!("\u{fffd}[31mred\u{fffd}"), "`summary`: 2 control characters were replaced by U+FFFD")]
#[case::blank_key("dedup_key", json!(" "), json!(null), "`dedup_key` was left out: it must be a key of 1 to 255 bytes, without line breaks and control characters, and without spaces at its ends")]
fn what_only_decorates_stops_no_alert_and_the_record_says_so(
    #[case] field: &str,
    #[case] given: Value,
    #[case] sent: Value,
    #[case] sentence: &str,
) {
    assert_eq!(adjusted(field, given), (sent, vec![sentence.to_owned()]));
}

#[rstest]
#[case::title("pagerduty.create_incident", json!({"integration": "prod", "service": "P1", "title": "é".repeat(2000)}), "title", 1024)]
#[case::summary("pagerduty.trigger_alert", alert_with("summary", json!("é".repeat(2000))), "summary", 1024)]
fn a_line_that_is_too_long_is_cut_and_ends_in_an_ellipsis(
    #[case] action: &str,
    #[case] input: Value,
    #[case] field: &str,
    #[case] length: usize,
) {
    let Admitted { input, adjusted } = admitted(action, &input);
    let text = input[field].as_str().unwrap();
    assert_eq!((text.chars().count(), text.ends_with('…')), (length, true));
    assert_eq!(
        said(&adjusted),
        [format!("`{field}` was cut: it is longer than {length} characters")]
    );
}

#[rstest]
#[case::empty(json!(""), "`title` is empty")]
#[case::blank(json!(" \n"), "`title` is empty")]
#[case::list(json!(["a"]), "`title` is a list, but must be text")]
#[case::null(json!(null), "`title` is missing: the incident's title, 1 to 1024 characters")]
fn without_its_message_an_incident_is_not_opened(#[case] title: Value, #[case] problem: &str) {
    let input = json!({"integration": "prod", "service": "P1", "title": title});
    let refused = action("pagerduty.create_incident").admit(input, &[], ROOM);
    assert_eq!(refused, Err(vec![problem.to_owned()]));
}

#[test]
fn an_update_of_which_nothing_is_left_fails_and_says_what_was_left_out() {
    let input = json!({"integration": "prod", "incident_id": "P1", "title": " "});
    assert_eq!(
        action("pagerduty.update_incident").admit(input, &[], ROOM),
        Err(vec![
            "at least one of `title`, `urgency` and `priority` is needed".to_owned(),
            "`title` was left out: it is empty".to_owned(),
        ])
    );
}

/// The key that each action sends which takes one, for a key that an expression gave.
fn keys_of(key: &str) -> Vec<(&'static str, String)> {
    let inputs = [
        (
            "pagerduty.trigger_alert",
            "dedup_key",
            alert_with("dedup_key", json!(key)),
        ),
        (
            "pagerduty.acknowledge_alert",
            "dedup_key",
            json!({"integration": "prod", "routing_key": "checkout", "dedup_key": key}),
        ),
        (
            "pagerduty.resolve_alert",
            "dedup_key",
            json!({"integration": "prod", "routing_key": "checkout", "dedup_key": key}),
        ),
        (
            "pagerduty.create_incident",
            "incident_key",
            json!({"integration": "prod", "service": "P1", "title": "t", "incident_key": key}),
        ),
    ];
    let sent = inputs.map(|(action, field, input)| {
        let Admitted { input, adjusted } = admitted(action, &input);
        assert_eq!(adjusted.is_empty(), input[field] == key, "{adjusted:?}");
        (action, input[field].as_str().unwrap().to_owned())
    });
    sent.into()
}

#[rstest]
#[case::long(&"disk ".repeat(100))]
#[case::long_of_wide_characters(&"é😀".repeat(100))]
#[case::line_break("disk\nfull")]
#[case::space_at_its_end("disk ")]
#[case::fine("disk full: db-1")]
fn a_key_is_the_same_in_every_action_however_it_is_shortened(#[case] key: &str) {
    let keys = keys_of(key);
    assert!(keys.iter().all(|(_, sent)| *sent == keys[0].1), "{keys:?}");
    assert!(FieldKind::Key { longest: 255 }.check(&json!(keys[0].1)).is_ok());
}

#[test]
fn the_hash_of_a_key_never_changes_because_it_names_alerts_that_are_open() {
    assert_eq!(hashed("disk\nfull "), "disk full~ddbaf43j6pfjujvos3zlo47pfdwuw7t6");
}

#[test]
fn two_long_keys_that_begin_alike_stay_apart() {
    let long = "k".repeat(300);
    assert_ne!(hashed(&format!("{long}1")), hashed(&format!("{long}2")));
    assert!(hashed(&long).starts_with("kkkk"));
}

#[test]
fn the_depth_of_a_run_is_read_from_our_own_keys_only() {
    let long = format!("pgf-4-{}", "a".repeat(300));
    assert_eq!(crate::ids::EffectKey::depth_of(&hashed(&long)), None);
}

#[test]
fn details_that_have_no_room_are_cut_with_a_mark_and_the_rest_of_the_alert_is_whole() {
    let mut input = alert_with(
        "custom_details",
        json!({"firing": "alert line\n".repeat(7000), "host": "db-1"}),
    );
    input["links"] = json!([{"href": "https://a.example"}]);
    let Admitted { input: sent, adjusted } = admitted("pagerduty.trigger_alert", &input);
    let firing = sent["custom_details"]["firing"].as_str().unwrap();
    assert!(firing.len() > 40_000 && firing.ends_with("… [cut]"), "{}", firing.len());
    assert_eq!(sent["custom_details"]["host"], "db-1");
    assert_eq!(
        said(&adjusted),
        ["`custom_details` was cut: all inputs together have room for 49152 bytes"]
    );
    for field in ["summary", "source", "severity", "links"] {
        assert_eq!(sent[field], input[field]);
    }
}

#[test]
fn what_cannot_be_cut_is_refused_by_name_where_it_has_no_room() {
    let input =
        json!({"integration": "prod", "incident_id": "P1", "fields": {"a": "x".repeat(50_000)}, "from": "a@b.c"});
    let problems = action("pagerduty.set_custom_fields")
        .admit(input, &[], ROOM)
        .unwrap_err();
    assert!(
        problems[0].starts_with("the input has more than 49152 bytes, most of them in `fields`"),
        "{problems:?}"
    );
}

#[test]
fn of_many_adjustments_the_first_are_told_and_the_rest_is_counted() {
    let links: Vec<Value> = (0..50).map(|_| json!({"href": "x"})).collect();
    let (_, said) = adjusted("links", json!(links));
    assert_eq!((said.len(), said.last().unwrap().as_str()), (20, "31 more adjustments"));
}

#[test]
fn an_adjustment_does_not_tell_the_value() {
    let secret = "u+secret-token";
    for spec in catalog().actions() {
        for field in &spec.inputs {
            for value in [
                json!(secret),
                json!([secret]),
                json!([{"href": secret}]),
                json!({"conference_url": secret}),
            ] {
                let input = Map::from_iter([(field.name.to_string(), value)]);
                let (_, adjusted) = fit(spec, input, ROOM);
                assert!(
                    !said(&adjusted).concat().contains(secret),
                    "{} {}: {adjusted:?}",
                    spec.name,
                    field.name
                );
            }
        }
    }
}

/// Inputs of a free form that are refused nevertheless, each with its reason.
const REFUSED: &[(&str, &str)] = &[
    // The values are the message, and the names of the fields are what is acted on.
    ("pagerduty.set_custom_fields", "fields"),
    // A filter that is left out gives everything.
    ("pagerduty.list_incidents", "since"),
    ("pagerduty.list_incidents", "until"),
    ("pagerduty.list_oncalls", "since"),
    ("pagerduty.list_oncalls", "until"),
];

#[test]
fn every_input_of_a_free_form_says_what_becomes_of_a_value_that_does_not_fit() {
    let mut refused = Vec::new();
    for spec in of_pagerduty() {
        for field in &spec.inputs {
            let is_of_closed_form = matches!(
                field.kind,
                FieldKind::OneOf(_)
                    | FieldKind::Integration
                    | FieldKind::Name
                    | FieldKind::Id(_)
                    | FieldKind::Ids(_)
                    | FieldKind::Words(_)
                    | FieldKind::Count { .. }
                    | FieldKind::Number
                    | FieldKind::Boolean
                    | FieldKind::Length { .. }
            );
            match &field.unfit {
                Unfit::Refuse if !is_of_closed_form => refused.push((&*spec.name, &*field.name)),
                Unfit::Hash => assert!(
                    matches!(field.kind, FieldKind::Key { .. }),
                    "{} {}",
                    spec.name,
                    field.name
                ),
                Unfit::LeaveOut | Unfit::LeaveOutEntries => assert!(field.optional, "{} {}", spec.name, field.name),
                Unfit::Replace(by) => {
                    assert!(
                        !field.optional && field.kind.check(&Value::from(&**by)).is_ok(),
                        "{} {}",
                        spec.name,
                        field.name
                    );
                }
                _ => {}
            }
        }
    }
    refused.sort_unstable();
    let mut wanted = REFUSED.to_vec();
    wanted.sort_unstable();
    assert_eq!(refused, wanted);
}
