//! Bodies that are authentic and odd: each starts its run, or is kept for a person, and nothing breaks.

use super::*;
use pagerduty::webhook::v3 as v3_webhook;
use platform::intake::stored_event;
use std::collections::BTreeSet;

/// Delivers a signed body and gives the answer to its one event.
async fn taken(world: &World, key: &ApiKey, body: impl Into<Vec<u8>>) -> EventAnswer {
    let answer = take(&world.ingress(), &Message::signed(key, body)).await;
    let Answer::Accepted(mut events) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// A body with bytes in place of a text that is in it once.
fn replaced(body: &str, text: &str, bytes: &[u8]) -> Vec<u8> {
    let (before, after) = body.split_once(text).unwrap();
    [before.as_bytes(), bytes, after.as_bytes()].concat()
}

/// A delivery of which objects and lists lie so deep in one another. Three are there already.
fn nested(depth: usize) -> String {
    let lists = "[".repeat(depth - 3) + &"]".repeat(depth - 3);
    v3("01A").replacen("\"data\":{", &format!("\"data\":{{\"deep\":{lists},"), 1)
}

#[rstest]
#[case::b24_as_deep_as_it_may_be(nested(126))]
#[case::b25_byte_order_mark(format!("\u{feff}{}", v3("01A")))]
#[case::b25_byte_that_is_not_utf8(replaced(&v3("01A"), "Memory", b"\xffemory"))]
#[case::b26_event_twice(v3("01A").replacen('{', "{\"event\":{},", 1))]
#[case::b26_id_twice(v3("01A").replacen("\"event\":{", "\"event\":{\"\\u0069d\":\"01B\",", 1))]
#[case::b27_overflow(v3_with("01A", json!({"number": 7})).replace(":7", ":1e999"))]
#[case::b27_long_number(v3_with("01A", json!({"number": 7})).replace(":7", ":123456789012345678901234567890"))]
#[case::b27_minus_zero(v3_with("01A", json!({"number": 7})).replace(":7", ":-0"))]
#[case::b28_nul(v3_with("01A", json!({"title": "a\u{0}b"})))]
#[case::b28_raw_control_characters(v3("01A").replace("Memory", "\t\u{1b}[31m\r\n"))]
#[case::b28_lone_surrogate(v3("01A").replace("Memory", "\\ud83d"))]
#[case::b28_right_to_left(v3_with("01A", json!({"title": "\u{202e}txt.exe"})))]
#[case::b28_long_title(v3_with("01A", json!({"title": "x".repeat(200_000)})))]
#[case::b31_names_that_mean_something_elsewhere(
    v3_with("01A", json!({"__proto__": {"admin": true}, "constructor": {}, "$ref": "#/"}))
)]
#[case::b32_fields_of_the_future(v3("01A").replacen("\"event\":{", "\"schema\":9,\"event\":{\"quantum\":{},", 1))]
#[tokio::test]
async fn an_odd_body_starts_its_run_and_the_runner_reads_the_same_event(#[case] body: impl Into<Vec<u8>>) {
    let (world, key) = World::new();
    let body = body.into();
    let event = v3_webhook::parse(&body).unwrap();

    assert_eq!(taken(&world, &key, body).await, started("01A"));
    assert_eq!((world.runs(), world.with(|state| state.dead_letters.len())), (1, 0));
    let (input, stored) = world.with(|state| (state.runs[0].clone(), state.bodies.first().cloned()));
    assert_eq!(
        stored_event(input.event().unwrap(), stored.as_ref().map(|(_, body)| body.as_slice())),
        Ok(event)
    );
}

#[rstest]
#[case::b24_too_deep(nested(128))]
#[case::b24_far_too_deep(nested(10_000))]
#[case::b25_overlong([b"{\"event\":\"\xc0\xaf\"}".as_slice(), v3("01A").as_bytes()].concat())]
#[case::b25_utf_16(v3("01A").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())]
#[case::b27_not_a_number(v3_with("01A", json!({"number": 7})).replace(":7", ":NaN"))]
#[case::b27_id_is_a_number(v3("01A").replace("\"01A\"", "1"))]
#[case::b29_something_follows(v3("01A") + "x")]
#[case::b29_comment(format!("/* */{}", v3("01A")))]
#[case::b29_single_quotes(v3("01A").replace('"', "'"))]
#[case::b30_multipart(format!("--x\r\ncontent-disposition: form-data\r\n\r\n{}\r\n--x--", v3("01A")))]
#[case::b33_empty_id(v3(""))]
#[case::b33_id_of_2000_characters(v3(&"x".repeat(2_000)))]
#[tokio::test]
async fn a_body_that_can_not_be_read_is_kept_as_it_came(#[case] body: impl Into<Vec<u8>>) {
    let (world, key) = World::new();
    let body = body.into();

    let answer = taken(&world, &key, body.clone()).await;

    assert!(matches!(answer, EventAnswer::Unreadable { .. }), "{answer:?}");
    assert_eq!(world.runs(), 0);
    let letters = world.with(|state| state.dead_letters.clone());
    assert_eq!(letters.into_iter().map(|(_, body)| body).collect::<Vec<_>>(), [body]);
}

#[tokio::test]
async fn b24_a_million_brackets_are_not_even_looked_at() {
    let (world, key) = World::new();

    let answer = take(&world.ingress(), &Message::signed(&key, "[".repeat(1_000_000))).await;

    assert_eq!(answer, Answer::TooLarge);
    assert_eq!(world.take_calls(), []);
}

#[rstest]
#[case::long("x".repeat(500))]
#[case::what_no_name_may_have("a/b:c*?\"<>| \u{7f}\n".to_owned())]
#[tokio::test]
async fn b33_any_id_of_an_event_gives_a_name_that_step_functions_takes(#[case] id: String) {
    let (world, key) = World::new();

    assert_eq!(taken(&world, &key, v3_with(&id, json!({}))).await, started(&id));

    let name = world.with(|state| state.runs[0].run.id.to_string());
    assert!(
        name.len() <= 80 && name.chars().all(|c| c.is_ascii_alphanumeric()),
        "{name}"
    );
}

#[tokio::test]
async fn b34_events_whose_ids_differ_by_case_or_normal_form_are_runs_of_their_own() {
    let (world, key) = World::new();

    for id in ["01abc", "01ABC", "\u{e9}", "e\u{301}"] {
        assert_eq!(taken(&world, &key, v3(id)).await, started(id));
    }

    let names = world.with(|state| state.runs.iter().map(|run| run.run.id.clone()).collect::<BTreeSet<_>>());
    assert_eq!(names.len(), 4);
}

#[tokio::test]
async fn b35_a_delivery_without_messages_starts_nothing() {
    let (world, key) = v2_world();
    let message = Message::new(&key, json!({"messages": []}).to_string());

    let answer = take(&world.ingress(), &message).await;

    let nothing = EventAnswer::Ignored {
        reason: Ignored::NoMessage,
    };
    assert_eq!(answer, accepted([nothing]));
    assert_eq!((world.runs(), world.with(|state| state.dead_letters.len())), (0, 0));
}

#[tokio::test]
async fn b35_a_message_without_an_incident_is_kept_with_its_delivery_and_the_others_start_runs() {
    let (world, key) = v2_world();
    let body = v2(&["m1", "m2"], &key).replacen("\"incident\":", "\"accident\":", 1);

    let answer = take(&world.ingress(), &Message::new(&key, body)).await;

    let Answer::Accepted(events) = &answer else {
        panic!("{answer:?}")
    };
    assert!(
        matches!(&events[..], [one, EventAnswer::Unreadable { .. }] if *one == started("m2")),
        "{events:?}"
    );
    assert_eq!((world.runs(), world.with(|state| state.dead_letters.len())), (1, 1));
}

#[tokio::test]
async fn b35_of_too_many_messages_a_hundred_start_runs_and_the_delivery_is_kept_for_the_rest() {
    let (world, key) = v2_world();
    let message =
        |number: u32| json!({"id": number.to_string(), "event": "incident.trigger", "incident": {"id": "PINC001"}});
    let body = json!({"messages": (0..5_000).map(message).collect::<Vec<_>>()}).to_string();

    let answer = take(&world.ingress(), &Message::new(&key, body)).await;

    let Answer::Accepted(events) = &answer else {
        panic!("{answer:?}")
    };
    assert_eq!(events.len(), 101);
    assert!(
        matches!(&events[100], EventAnswer::Unreadable { .. }),
        "{:?}",
        events[100]
    );
    assert_eq!((world.runs(), world.with(|state| state.dead_letters.len())), (100, 1));
}
