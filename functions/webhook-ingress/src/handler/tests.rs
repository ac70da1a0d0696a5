//! What is let in, what is started, and what it costs.

use super::*;
use crate::fakes::{
    Call, FakeIngress, Message, SIGNING_SECRET, WORKFLOW, World, noise, now, signature as sign, signing_secrets, v2,
    v3, v3_with,
};
use jiff::ToSpan;
use platform::{
    body,
    secrets::SecretError,
    table::{KeyState, WorkflowRecord, WorkflowState},
};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};
use workflow::run::RunBody;

mod awaited;
mod bodies;

async fn take(ingress: &FakeIngress, message: &Message) -> Answer {
    ingress.take(&message.delivery(), now()).await
}

async fn take_after(ingress: &FakeIngress, message: &Message, seconds: i64) -> Answer {
    ingress.take(&message.delivery(), now() + seconds.seconds()).await
}

fn run(event_id: &str) -> RunId {
    RunId::for_event(&WORKFLOW.parse().unwrap(), event_id)
}

fn started(event_id: &str) -> EventAnswer {
    EventAnswer::Started { run: run(event_id) }
}

fn duplicate(event_id: &str) -> EventAnswer {
    EventAnswer::Duplicate { run: run(event_id) }
}

fn accepted<const N: usize>(events: [EventAnswer; N]) -> Answer {
    Answer::Accepted(events.into())
}

#[track_caller]
fn assert_unauthorized(answer: &Answer) {
    assert!(matches!(answer, Answer::Unauthorized { .. }), "{answer:?}");
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert!(matches!(answer, Answer::Unavailable { .. }), "{answer:?}");
}

/// A workflow that takes V2 deliveries.
fn v2_world() -> (World, ApiKey) {
    let (world, key) = World::new();
    world.takes_v2();
    (world, key)
}

// An accepted event.

#[tokio::test]
async fn an_accepted_event_starts_its_run_with_three_calls_cold_and_one_warm() {
    let (world, key) = World::new();
    let ingress = world.ingress();

    assert_eq!(
        take(&ingress, &Message::signed(&key, v3("01A"))).await,
        accepted([started("01A")])
    );
    assert_eq!(world.take_calls(), [Call::Trigger, Call::Secret, Call::Start]);

    assert_eq!(
        take(&ingress, &Message::signed(&key, v3("01B"))).await,
        accepted([started("01B")])
    );
    assert_eq!(world.take_calls(), [Call::Start]);
}

#[tokio::test]
async fn a_run_is_pinned_to_the_version_that_is_active_when_its_event_comes() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    take(&ingress, &Message::signed(&key, v3("01A"))).await;
    world.with(|state| state.workflow.active_version.0 += 1);

    take_after(&ingress, &Message::signed(&key, v3("01B")), 10).await;

    let versions: Vec<u32> = world.with(|state| state.runs.iter().map(|run| run.run.version.0).collect());
    assert_eq!(versions, [3, 4]);
}

#[tokio::test]
async fn f14_ten_deliveries_of_one_event_are_all_accepted_and_start_one_run() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    let message = Message::signed(&key, v3("01A"));

    assert_eq!(take(&ingress, &message).await, accepted([started("01A")]));
    for _ in 1..10 {
        assert_eq!(take(&ingress, &message).await, accepted([duplicate("01A")]));
    }
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn f15_a_redelivery_after_47_hours_is_accepted_and_starts_nothing() {
    let (world, key) = World::new();
    let message = Message::signed(&key, v3("01A"));
    take(&world.ingress(), &message).await;

    let answer = take_after(&world.ingress(), &message, 47 * 3600).await;

    assert_eq!(answer, accepted([duplicate("01A")]));
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn f16_an_event_that_is_played_back_after_91_days_starts_nothing() {
    let (world, key) = World::new();
    let answer = take_after(&world.ingress(), &Message::signed(&key, v3("01A")), 91 * 24 * 3600).await;

    assert_eq!(
        answer,
        accepted([EventAnswer::Ignored {
            reason: Ignored::TooOld
        }])
    );
    assert_eq!(world.runs(), 0);
}

#[tokio::test]
async fn f17_the_same_event_with_another_body_starts_no_second_run() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    take(&ingress, &Message::signed(&key, v3("01A"))).await;

    let trimmed = Message::signed(&key, v3_with("01A", json!({"title": "trimmed"})));

    assert_eq!(take(&ingress, &trimmed).await, accepted([duplicate("01A")]));
}

// API keys.

#[rstest]
#[case::b1_none(|_: &ApiKey| None)]
#[case::b2_empty(|_: &ApiKey| Some(String::new()))]
#[case::b3_blank(|_: &ApiKey| Some("   ".into()))]
#[case::b4_huge(|_: &ApiKey| Some("x".repeat(100_000)))]
#[case::b5_wrong_checksum(|key: &ApiKey| Some(with_wrong_checksum(key)))]
#[case::b10_two_joined_into_one(|key: &ApiKey| Some(format!("{0},{0}", key.expose())))]
#[case::b11_trailing_newline(|key: &ApiKey| Some(format!("{}\n", key.expose())))]
#[case::b11_no_break_space(|key: &ApiKey| Some(format!("{}\u{a0}", key.expose())))]
#[tokio::test]
async fn b20_a_valid_signature_without_a_well_formed_key_costs_no_call(#[case] header: fn(&ApiKey) -> Option<String>) {
    let (world, key) = World::new();
    let message = Message {
        api_key: header(&key),
        ..Message::signed(&key, v3("01A"))
    };

    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(world.take_calls(), []);
}

fn with_wrong_checksum(key: &ApiKey) -> String {
    let (text, last) = key.expose().split_at(key.expose().len() - 1);
    format!("{text}{}", if last == "0" { "1" } else { "0" })
}

#[tokio::test]
async fn b9_a_key_in_the_body_opens_nothing() {
    let (world, key) = v2_world();
    let message = Message {
        api_key: None,
        ..Message::new(&key, v2(&["m1"], &key))
    };

    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(world.take_calls(), []);
}

#[rstest]
#[case::climbing("../admin")]
#[case::long(&"a".repeat(10_000))]
#[case::nul("memory%00alert")]
#[case::empty("")]
#[case::other_case("Memory-Alert")]
#[tokio::test]
async fn b39_a_malformed_workflow_id_costs_no_call(#[case] workflow: &str) {
    let (world, key) = World::new();
    let message = Message {
        workflow: workflow.into(),
        ..Message::signed(&key, v3("01A"))
    };

    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(world.take_calls(), []);
}

#[rstest]
#[case::b6_key_of_another_workflow(|world: &World, _: ApiKey| (WORKFLOW, world.new_key("other", KeyState::Active)))]
#[case::b7_revoked_key(|world: &World, _: ApiKey| (WORKFLOW, world.new_key(WORKFLOW, KeyState::Revoked)))]
#[case::unknown_key(|_: &World, _: ApiKey| (WORKFLOW, ApiKey::generate().unwrap()))]
#[case::unknown_workflow(|_: &World, key: ApiKey| ("no-such-workflow", key))]
#[tokio::test]
async fn b6_b7_all_wrong_credentials_are_answered_alike_with_the_same_calls(
    #[case] credentials: fn(&World, ApiKey) -> (&'static str, ApiKey),
) {
    let (world, key) = World::new();
    let (workflow, key) = credentials(&world, key);
    let message = Message {
        workflow: workflow.into(),
        ..Message::signed(&key, v3("01A"))
    };

    let answer = take(&world.ingress(), &message).await;

    let reason = Doubt::UnknownKey;
    assert_eq!(answer, Answer::Unauthorized { reason });
    assert_eq!(world.take_calls(), [Call::Trigger]);
}

#[tokio::test]
async fn b7_a_revoked_key_stops_working_within_ten_seconds() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    take(&ingress, &Message::signed(&key, v3("01A"))).await;
    world.with(|state| state.keys[0].state = KeyState::Revoked);

    assert_unauthorized(&take_after(&ingress, &Message::signed(&key, v3("01B")), 10).await);
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn b8_while_a_key_is_replaced_the_old_and_the_new_one_work() {
    let (world, old) = World::new();
    let new = world.new_key(WORKFLOW, KeyState::Active);
    let ingress = world.ingress();

    assert_eq!(
        take(&ingress, &Message::signed(&old, v3("01A"))).await,
        accepted([started("01A")])
    );
    assert_eq!(
        take(&ingress, &Message::signed(&new, v3("01B"))).await,
        accepted([started("01B")])
    );
}

// Signatures.

#[rstest]
#[case::b12_none(|_: &[u8]| None)]
#[case::b12_no_digits(|_: &[u8]| Some("v1=".into()))]
#[case::b12_not_hexadecimal(|_: &[u8]| Some("v1=zz".into()))]
#[case::b12_odd_length(|body: &[u8]| Some(sign(SIGNING_SECRET, body)[..66].into()))]
#[case::b12_31_bytes(|body: &[u8]| Some(sign(SIGNING_SECRET, body)[..65].into()))]
#[case::b12_33_bytes(|body: &[u8]| Some(format!("{}00", sign(SIGNING_SECRET, body))))]
#[case::b14_ten_thousand(|body: &[u8]| Some(format!("{},", sign(SIGNING_SECRET, body)).repeat(10_000)))]
#[case::b15_other_version(|body: &[u8]| Some(sign(SIGNING_SECRET, body).replace("v1", "v2")))]
#[case::b15_upper_case_version(|body: &[u8]| Some(sign(SIGNING_SECRET, body).replace("v1", "V1")))]
#[case::b16_of_other_bytes(|body: &[u8]| {
    let value: Value = serde_json::from_slice(body).unwrap();
    Some(sign(SIGNING_SECRET, &serde_json::to_vec_pretty(&value).unwrap()))
})]
#[case::b19_by_the_secret_of_another_account(|body: &[u8]| Some(sign("another-secret", body)))]
#[case::by_the_empty_secret(|body: &[u8]| Some(sign("", body)))]
#[tokio::test]
async fn i4_a_v3_delivery_without_a_fitting_signature_starts_nothing(#[case] header: fn(&[u8]) -> Option<String>) {
    let (world, key) = World::new();
    let message = Message::signed(&key, v3("01A"));
    let message = Message {
        signature: header(&message.body),
        ..message
    };

    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(world.runs(), 0);
    assert!(
        !world.take_calls().contains(&Call::DeadLetter),
        "nothing unauthenticated is queued"
    );
}

#[tokio::test]
async fn b17_a_body_with_one_byte_changed_starts_nothing() {
    let (world, key) = World::new();
    let mut message = Message::signed(&key, v3("01A"));
    *message.body.last_mut().unwrap() ^= 1;

    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(world.runs(), 0);
}

#[tokio::test]
async fn b13_one_fitting_signature_of_ten_is_enough() {
    let (world, key) = World::new();
    let message = Message::signed(&key, v3("01A"));
    let good = message.signature.unwrap();
    let nine = format!("{},", sign("replaced-secret", &message.body)).repeat(9);
    let message = Message {
        signature: Some(format!("{nine}{good}")),
        ..message
    };

    assert_eq!(take(&world.ingress(), &message).await, accepted([started("01A")]));
}

#[tokio::test]
async fn f26_a_rotated_signing_secret_is_found_with_one_more_read() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    take(&ingress, &Message::signed(&key, v3("01A"))).await;
    world.with(|state| state.signing_secrets = Ok(signing_secrets(&["rotated-secret"])));
    world.take_calls();

    let body = v3("01B");
    let message = Message {
        signature: Some(sign("rotated-secret", body.as_bytes())),
        ..Message::new(&key, body)
    };

    assert_eq!(take_after(&ingress, &message, 40).await, accepted([started("01B")]));
    assert_eq!(world.take_calls(), [Call::Trigger, Call::Secret, Call::Start]);
    assert_eq!(take_after(&ingress, &message, 41).await, accepted([duplicate("01B")]));
    assert_eq!(world.take_calls(), [Call::Start], "the new secret is kept");
}

#[tokio::test]
async fn f26_forged_signatures_do_not_make_a_storm_of_reads() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    let forged = Message {
        signature: Some(sign("made-up", b"")),
        ..Message::signed(&key, v3("01A"))
    };

    for second in 0..60 {
        let answer = take_after(&ingress, &forged, second).await;
        match second % 5 {
            0 => assert_unauthorized(&answer),
            _ => assert_unavailable(&answer),
        }
    }

    let reads = world.take_calls().iter().filter(|call| **call == Call::Secret).count();
    assert_eq!(reads, 12, "one in five seconds");
}

#[tokio::test]
async fn b20_a_delivery_of_a_new_subscription_is_not_refused_because_the_secrets_were_read_before_it_was_made() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    take(&ingress, &Message::signed(&key, v3("01A"))).await;
    world.with(|state| state.signing_secrets = Ok(signing_secrets(&["rotated-secret"])));
    let body = v3("01B");
    let message = Message {
        signature: Some(sign("rotated-secret", body.as_bytes())),
        ..Message::new(&key, body)
    };

    assert_unavailable(&take_after(&ingress, &message, 1).await);

    assert_eq!(take_after(&ingress, &message, 5).await, accepted([started("01B")]));
}

// What is our own fault is never told as 401.

#[tokio::test]
async fn f25_with_secrets_manager_down_a_cold_ingress_asks_for_another_delivery() {
    let (world, key) = World::new();
    world.with(|state| state.down = vec![Call::Secret]);

    assert_unavailable(&take(&world.ingress(), &Message::signed(&key, v3("01A"))).await);
    assert_eq!(world.runs(), 0);
}

#[tokio::test]
async fn f25_with_secrets_manager_down_a_warm_ingress_goes_on() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    take(&ingress, &Message::signed(&key, v3("01A"))).await;
    world.with(|state| state.down = vec![Call::Secret]);

    let answer = take_after(&ingress, &Message::signed(&key, v3("01B")), 3600).await;

    assert_eq!(answer, accepted([started("01B")]));
}

#[rstest]
#[case::deleted(Err(SecretError::NotFound("n".into())))]
#[case::empty(Err(SecretError::Invalid { name: "n".into(), reason: "it is empty".into() }))]
#[case::malformed(Ok("example-signing-secret".into()))]
#[case::without_any_secret(Ok(signing_secrets(&[])))]
#[case::with_an_empty_secret(Ok(signing_secrets(&[""])))]
#[tokio::test]
async fn f28_a_signing_secret_that_cannot_be_used_loses_no_delivery(#[case] stored: Result<SecretString, SecretError>) {
    let (world, key) = World::new();
    world.with(|state| state.signing_secrets = stored);
    let message = Message::signed(&key, v3("01A"));

    assert_unavailable(&take(&world.ingress(), &message).await);
    assert_eq!(world.runs(), 0);

    world.with(|state| state.signing_secrets = Ok(signing_secrets(&[SIGNING_SECRET])));
    assert_eq!(take(&world.ingress(), &message).await, accepted([started("01A")]));
}

#[tokio::test]
async fn f23_with_dynamodb_down_a_cold_ingress_asks_for_another_delivery() {
    let (world, key) = World::new();
    world.with(|state| state.down = vec![Call::Trigger]);

    assert_unavailable(&take(&world.ingress(), &Message::signed(&key, v3("01A"))).await);
    assert_eq!(world.take_calls(), [Call::Trigger]);
}

// What Step Functions does not start waits in the start-buffer.

fn buffered(event_id: &str) -> EventAnswer {
    EventAnswer::Buffered { run: run(event_id) }
}

#[tokio::test]
async fn f19_a_run_that_step_functions_does_not_start_waits_in_the_start_buffer_as_it_would_have_started() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    let message = Message::signed(&key, v3("01A"));
    world.with(|state| state.down = vec![Call::Start]);

    assert_eq!(take(&ingress, &message).await, accepted([buffered("01A")]));
    assert_eq!(
        world.take_calls(),
        [Call::Trigger, Call::Secret, Call::Start, Call::Buffer]
    );

    world.with(|state| state.down.clear());
    take(&world.ingress(), &message).await;
    assert_eq!(
        world.with(|state| state.buffered.clone()),
        world.with(|state| state.runs.clone())
    );
}

#[tokio::test]
async fn f19_a_run_that_step_functions_refuses_for_our_own_fault_waits_too() {
    let (world, key) = World::new();
    world.with(|state| state.refuses = true);

    let answer = take(&world.ingress(), &Message::signed(&key, v3("01A"))).await;

    assert_eq!(answer, accepted([buffered("01A")]));
}

#[tokio::test]
async fn f19_a_large_body_is_stored_before_its_run_waits() {
    let (world, key) = World::new();
    world.with(|state| state.down = vec![Call::Start]);
    let body = v3_with("01A", json!({"noise": noise(256 * 1024)}));

    let answer = take(&world.ingress(), &Message::signed(&key, body)).await;

    assert_eq!(answer, accepted([buffered("01A")]));
    assert_eq!(world.with(|state| (state.bodies.len(), state.buffered.len())), (1, 1));
}

#[tokio::test]
async fn f19_step_functions_is_asked_once_for_a_delivery_of_several_events_that_it_does_not_start() {
    let (world, key) = v2_world();
    world.with(|state| state.down = vec![Call::Start]);

    let answer = take(&world.ingress(), &Message::new(&key, v2(&["m1", "m2", "m3"], &key))).await;

    assert_eq!(answer, accepted([buffered("m1"), buffered("m2"), buffered("m3")]));
    let asked = [Call::Trigger, Call::Start, Call::Buffer];
    assert_eq!(world.take_calls(), asked);
}

#[tokio::test]
async fn f21_with_step_functions_and_the_start_buffer_down_nothing_is_acknowledged_and_the_next_delivery_starts_the_run()
 {
    let (world, key) = World::new();
    let ingress = world.ingress();
    let message = Message::signed(&key, v3("01A"));
    world.with(|state| state.down = vec![Call::Start, Call::Buffer]);
    assert_unavailable(&take(&ingress, &message).await);

    world.with(|state| state.down.clear());

    assert_eq!(take(&ingress, &message).await, accepted([started("01A")]));
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn f20_a_start_whose_answer_was_lost_is_one_run() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    let message = Message::signed(&key, v3("01A"));
    world.with(|state| state.answers_are_lost = true);
    assert_eq!(take(&ingress, &message).await, accepted([buffered("01A")]));
    assert_eq!(
        world.with(|state| state.buffered.clone()),
        world.with(|state| state.runs.clone()),
        "what starts again is the same run"
    );

    assert_eq!(take(&ingress, &message).await, accepted([duplicate("01A")]));
    assert_eq!(world.runs(), 1);
}

// Generic V2 extensions.

#[tokio::test]
async fn a_v2_endpoint_asks_for_the_key_alone() {
    let (world, key) = v2_world();

    let answer = take(&world.ingress(), &Message::new(&key, v2(&["m1"], &key))).await;

    assert_eq!(answer, accepted([started("m1")]));
    assert_eq!(world.take_calls(), [Call::Trigger, Call::Start]);
}

#[tokio::test]
async fn b36_a_v3_body_on_a_v2_endpoint_is_kept_for_a_person() {
    let (world, key) = v2_world();

    let answer = take(&world.ingress(), &Message::signed(&key, v3("01A"))).await;

    let (reason, body) = world.with(|state| state.dead_letters.remove(0));
    assert_eq!(answer, accepted([EventAnswer::Unreadable { reason: reason.clone() }]));
    assert!(
        reason.contains("V3 delivery") && reason.contains("set the endpoint to V3"),
        "{reason}"
    );
    assert_eq!(body, v3("01A").into_bytes());
    assert_eq!(world.runs(), 0);
}

#[rstest]
#[case::unsigned(false)]
#[case::signed(true)]
#[tokio::test]
async fn b36_a_v2_body_does_not_get_round_the_signature_of_a_v3_endpoint(#[case] signed: bool) {
    let (world, key) = World::new();
    let body = v2(&["m1"], &key);
    let message = if signed {
        Message::signed(&key, body)
    } else {
        Message::new(&key, body)
    };

    let answer = take(&world.ingress(), &message).await;

    assert_eq!(matches!(answer, Answer::Accepted(_)), signed);
    assert_eq!(world.with(|state| state.dead_letters.len()), usize::from(signed));
    assert_eq!(world.runs(), 0);
}

#[tokio::test]
async fn f22_a_redelivery_starts_only_the_runs_that_are_missing() {
    let (world, key) = v2_world();
    let ingress = world.ingress();
    let message = Message::new(&key, v2(&["m1", "m2", "m3", "m4", "m5"], &key));
    world.with(|state| {
        state.starts_left = 3;
        state.down = vec![Call::Buffer];
    });
    assert_unavailable(&take(&ingress, &message).await);
    let before: Vec<RunId> = world.with(|state| state.runs.iter().map(|input| input.run.id.clone()).collect());
    assert_eq!(before.len(), 3);

    world.with(|state| {
        state.starts_left = usize::MAX;
        state.down.clear();
    });

    let expected = ["m1", "m2", "m3", "m4", "m5"].map(|event| match before.contains(&run(event)) {
        true => duplicate(event),
        false => started(event),
    });
    assert_eq!(take(&ingress, &message).await, accepted(expected));
    assert_eq!(world.runs(), 5);
}

#[tokio::test]
async fn b35_each_message_of_a_v2_delivery_gets_its_own_answer() {
    let (world, key) = v2_world();
    let body = v2(&["m1", "m2"], &key).replacen("incident.trigger", "incident.resolve", 1);

    let answer = take(&world.ingress(), &Message::new(&key, body)).await;

    assert_eq!(
        answer,
        accepted([
            EventAnswer::Ignored {
                reason: Ignored::EventType
            },
            started("m2")
        ])
    );
}

// What is authentic and cannot be read.

#[rstest]
#[case::b22_empty(b"")]
#[case::b22_null(b"null")]
#[case::b22_list(b"[]")]
#[case::b22_text(b"\"str\"")]
#[case::b22_empty_object(b"{}")]
#[case::b25_not_utf8(b"{\"event\":\"\xff\"}")]
#[case::b29_two_documents(b"{} {}")]
#[case::b30_gzip(b"\x1f\x8b\x08\x00\x00\x00\x00\x00")]
#[case::b33_without_an_event_id(
    br#"{"event":{"event_type":"incident.triggered","data":{"id":"P1","type":"incident"}}}"#
)]
#[tokio::test]
async fn an_authentic_delivery_that_cannot_be_read_is_accepted_and_kept(#[case] body: &[u8]) {
    let (world, key) = World::new();

    let answer = take(&world.ingress(), &Message::signed(&key, body)).await;

    assert_eq!(world.take_calls(), [Call::Trigger, Call::Secret, Call::DeadLetter]);
    let (reason, kept) = world.with(|state| state.dead_letters.remove(0));
    assert_eq!(answer, accepted([EventAnswer::Unreadable { reason }]));
    assert_eq!(kept, body);
}

#[rstest]
#[case::text(b"")]
#[case::b25_not_utf8(b"\xff")]
#[tokio::test]
async fn i5_a_dead_letter_holds_neither_the_api_key_nor_other_headers_of_the_sender(#[case] before: &[u8]) {
    let (world, key) = v2_world();
    let without_id = v2(&["m1"], &key).replace(r#""id":"m1""#, r#""id":null"#);
    let body = [before, without_id.as_bytes()].concat();

    take(&world.ingress(), &Message::new(&key, body)).await;

    let (reason, kept) = world.with(|state| state.dead_letters.remove(0));
    let kept = String::from_utf8_lossy(&kept).into_owned();
    assert!(
        !kept.contains(key.expose()) && !reason.contains(key.expose()),
        "{reason} {kept}"
    );
    assert!(kept.contains("Q1MEMORYALERT1"), "the rest is there: {kept}");
    assert!(!kept.contains("headers"), "{kept}");
}

#[tokio::test]
async fn a_delivery_that_the_queue_does_not_take_is_not_acknowledged() {
    let (world, key) = World::new();
    world.with(|state| state.down = vec![Call::DeadLetter]);

    assert_unavailable(&take(&world.ingress(), &Message::signed(&key, "{}")).await);
}

// Sizes.

#[tokio::test]
async fn b23_a_body_of_more_than_384_kb_costs_no_call() {
    let (world, key) = World::new();
    let message = Message::signed(&key, vec![b' '; 384 * 1024 + 1]);

    assert_eq!(take(&world.ingress(), &message).await, Answer::TooLarge);
    assert_eq!(world.take_calls(), []);
}

#[tokio::test]
async fn b23_a_body_of_384_kb_is_taken() {
    let (world, key) = World::new();
    let rest = 384 * 1024 - v3_with("01A", json!({"noise": ""})).len();
    let body = v3_with("01A", json!({"noise": "x".repeat(rest)}));
    assert_eq!(body.len(), 384 * 1024);

    assert_eq!(
        take(&world.ingress(), &Message::signed(&key, body)).await,
        accepted([started("01A")])
    );
}

#[tokio::test]
async fn b23_a_body_that_does_not_fit_into_the_input_is_stored_before_its_run_starts() {
    let (world, key) = World::new();
    let body = v3_with("01A", json!({"noise": noise(256 * 1024)}));

    let answer = take(&world.ingress(), &Message::signed(&key, body.clone())).await;

    assert_eq!(answer, accepted([started("01A")]));
    assert_eq!(
        world.take_calls(),
        [Call::Trigger, Call::Secret, Call::Body, Call::Start]
    );
    world.with(|state| {
        assert_eq!(state.runs[0].event().unwrap().body, RunBody::Table {});
        let (owner, stored) = &state.bodies[0];
        assert_eq!(
            (owner, body::decompress(stored).unwrap()),
            (&run("01A"), body.into_bytes())
        );
    });
}

#[tokio::test]
async fn a_run_whose_body_could_not_be_stored_is_not_started() {
    let (world, key) = World::new();
    world.with(|state| state.down = vec![Call::Body]);
    let body = v3_with("01A", json!({"noise": noise(256 * 1024)}));

    assert_unavailable(&take(&world.ingress(), &Message::signed(&key, body)).await);
    assert_eq!(world.runs(), 0);
}

// What nobody asked for.

#[rstest]
#[case::b32_ping(
    |_: &mut WorkflowRecord| {},
    r#"{"event":{"id":"01P","event_type":"pagey.ping","resource_type":"pagey","data":{"type":"ping"}}}"#.into(),
    Ignored::Ping
)]
#[case::b32_unknown_event_type(
    |_: &mut WorkflowRecord| {},
    v3("01A").replace("incident.triggered", "incident.invented"),
    Ignored::EventType
)]
#[case::f31_disabled(
    |workflow: &mut WorkflowRecord| workflow.state = WorkflowState::Disabled,
    v3("01A"),
    Ignored::WorkflowDisabled
)]
#[case::f31_deleted(
    |workflow: &mut WorkflowRecord| workflow.state = WorkflowState::Deleted,
    v3("01A"),
    Ignored::WorkflowDeleted
)]
#[case::filtered(
    |workflow: &mut WorkflowRecord| {
        workflow.trigger.as_mut().unwrap().when = Some("event.incident.title == 'disk full'".into());
    },
    v3("01A"),
    Ignored::Condition
)]
#[tokio::test]
async fn an_event_that_nobody_asked_for_is_accepted_with_the_reason_and_starts_nothing(
    #[case] change: fn(&mut WorkflowRecord),
    #[case] body: String,
    #[case] reason: Ignored,
) {
    let (world, key) = World::new();
    world.with(|state| change(&mut state.workflow));

    let answer = take(&world.ingress(), &Message::signed(&key, body)).await;

    assert_eq!(answer, accepted([EventAnswer::Ignored { reason }]));
    assert_eq!(world.take_calls(), [Call::Trigger, Call::Secret]);
}

#[tokio::test]
async fn a_workflow_that_no_webhook_starts_accepts_its_key_and_starts_nothing_and_refuses_every_other() {
    let (world, key) = World::new();
    let stranger = world.new_key("another-workflow", KeyState::Active);
    world.with(|state| state.workflow.trigger = None);

    let answer = take(&world.ingress(), &Message::signed(&key, v3("01A"))).await;
    let reason = Ignored::NoTrigger;
    assert_eq!(answer, accepted([EventAnswer::Ignored { reason }]));
    assert_eq!(world.take_calls(), [Call::Trigger]);

    assert_unauthorized(&take(&world.ingress(), &Message::signed(&stranger, v3("01A"))).await);
    assert_eq!(world.runs(), 0);
}

#[test]
fn i5_a_delivery_shows_neither_its_key_nor_its_signature_nor_its_body() {
    let (_, key) = World::new();
    let message = Message::signed(&key, v3("01A"));

    let shown = format!("{:?}", message.delivery());

    assert!(shown.contains(WORKFLOW), "{shown}");
    for hidden in [key.expose(), message.signature.as_deref().unwrap(), "01A", "pgf_"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
