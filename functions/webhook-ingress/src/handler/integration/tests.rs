//! Many workflows behind one URL.

use super::*;
use crate::fakes::{Call, FakeIngress, Message, WORKFLOW, World, noise, now, signature as sign, v2, v3, v3_with};
use jiff::ToSpan;
use platform::table::{KeyState, WorkflowState};
use rstest::rstest;
use serde_json::json;
use workflow::ids::RunId;

async fn take(ingress: &FakeIngress, message: &Message) -> Answer {
    ingress.take(&message.delivery(), now()).await
}

fn signed(key: &ApiKey, body: impl Into<Vec<u8>>) -> Message {
    Message::signed(key, body).addressed_to("prod")
}

fn run(workflow: &str, event_id: &str) -> RunId {
    RunId::for_event(&workflow.parse().unwrap(), event_id)
}

fn answer(workflow: &str, event: EventAnswer) -> WorkflowAnswer {
    WorkflowAnswer {
        workflow: Some(workflow.parse().unwrap()),
        event,
    }
}

fn started(workflow: &str) -> WorkflowAnswer {
    let run = run(workflow, "01A");
    answer(workflow, EventAnswer::Started { run })
}

fn duplicate(workflow: &str) -> WorkflowAnswer {
    let run = run(workflow, "01A");
    answer(workflow, EventAnswer::Duplicate { run })
}

fn ignored(workflow: &str, reason: Ignored) -> WorkflowAnswer {
    answer(workflow, EventAnswer::Ignored { reason })
}

#[track_caller]
fn assert_handed_on<const N: usize>(answer: &Answer, expected: [WorkflowAnswer; N]) {
    assert_eq!(answer, &Answer::HandedOn(expected.into()));
}

#[track_caller]
fn assert_unauthorized(answer: &Answer) {
    assert!(matches!(answer, Answer::Unauthorized { .. }), "{answer:?}");
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert!(matches!(answer, Answer::Unavailable { .. }), "{answer:?}");
}

#[tokio::test]
async fn one_delivery_starts_every_workflow_with_two_reads_and_a_secret_cold_and_one_start_each_warm() {
    let (world, key) = World::with_routes_to(&["a", "b"]);
    let ingress = world.ingress();

    assert_handed_on(
        &take(&ingress, &signed(&key, v3("01A"))).await,
        [started("a"), started("b")],
    );
    let cold = [Call::Key, Call::Secret, Call::Routes, Call::Start, Call::Start];
    assert_eq!(world.take_calls(), cold);

    assert_handed_on(
        &take(&ingress, &signed(&key, v3("01A"))).await,
        [duplicate("a"), duplicate("b")],
    );
    assert_eq!(world.take_calls(), [Call::Start, Call::Start]);
}

#[tokio::test]
async fn f22_a_redelivery_starts_only_the_workflows_that_are_missing() {
    let (world, key) = World::with_routes_to(&["a", "b", "c", "d", "e"]);
    let ingress = world.ingress();
    world.with(|state| {
        state.starts_left = 3;
        state.down = vec![Call::Buffer];
    });
    assert_unavailable(&take(&ingress, &signed(&key, v3("01A"))).await);
    let before: Vec<RunId> = world.with(|state| state.runs.iter().map(|input| input.run.id.clone()).collect());
    assert_eq!(before.len(), 3);

    world.with(|state| {
        state.starts_left = usize::MAX;
        state.down.clear();
    });

    let expected = ["a", "b", "c", "d", "e"].map(|workflow| match before.contains(&run(workflow, "01A")) {
        true => duplicate(workflow),
        false => started(workflow),
    });
    assert_handed_on(&take(&ingress, &signed(&key, v3("01A"))).await, expected);
    assert_eq!(world.runs(), 5);
}

#[tokio::test]
async fn f20_a_start_whose_answer_was_lost_is_one_run_when_the_delivery_comes_again() {
    let (world, key) = World::with_routes_to(&["a", "b"]);
    let ingress = world.ingress();
    world.with(|state| {
        state.answers_are_lost = true;
        state.down = vec![Call::Buffer];
    });

    assert_unavailable(&take(&ingress, &signed(&key, v3("01A"))).await);

    assert_eq!(
        world.runs(),
        1,
        "after one that failed there is no time to wait for another"
    );
    world.with(|state| {
        state.answers_are_lost = false;
        state.down.clear();
    });
    assert_handed_on(
        &take(&ingress, &signed(&key, v3("01A"))).await,
        [duplicate("a"), started("b")],
    );
}

#[tokio::test]
async fn f19_while_step_functions_is_out_of_reach_the_runs_of_all_workflows_wait_in_the_start_buffer() {
    let (world, key) = World::with_routes_to(&["a", "b"]);
    let ingress = world.ingress();
    world.with(|state| state.down = vec![Call::Start]);
    let buffered = |workflow: &str| {
        let run = run(workflow, "01A");
        answer(workflow, EventAnswer::Buffered { run })
    };

    assert_handed_on(
        &take(&ingress, &signed(&key, v3("01A"))).await,
        [buffered("a"), buffered("b")],
    );
    assert_eq!(world.with(|state| state.buffered.len()), 2);
}

#[tokio::test]
async fn each_workflow_decides_for_itself() {
    let (world, key) = World::with_routes_to(&["condition", "disabled", "starts", "type"]);
    world.with(|state| {
        state.routes[0].trigger.as_mut().unwrap().when = Some("event.incident.title == 'disk full'".into());
        // As a release that knew no routes may leave it.
        state.routes[1].state = WorkflowState::Disabled;
        state.routes[3].trigger.as_mut().unwrap().events = vec!["incident.resolved".into()];
    });

    assert_handed_on(
        &take(&world.ingress(), &signed(&key, v3("01A"))).await,
        [
            ignored("condition", Ignored::Condition),
            ignored("disabled", Ignored::WorkflowDisabled),
            answer(
                "starts",
                EventAnswer::Started {
                    run: run("starts", "01A"),
                },
            ),
            ignored("type", Ignored::EventType),
        ],
    );
}

#[tokio::test]
async fn an_event_that_no_workflow_waits_for_is_accepted_with_the_reason() {
    let (world, key) = World::with_routes_to(&[]);
    let event = EventAnswer::Ignored {
        reason: Ignored::NoWorkflow,
    };

    assert_handed_on(
        &take(&world.ingress(), &signed(&key, v3("01A"))).await,
        [WorkflowAnswer { workflow: None, event }],
    );
    assert_eq!(world.runs(), 0);
}

#[tokio::test]
async fn a_change_of_the_routes_is_seen_within_ten_seconds() {
    let (world, key) = World::with_routes_to(&["a", "b"]);
    let ingress = world.ingress();
    take(&ingress, &signed(&key, v3("01A"))).await;
    world.with(|state| state.routes.truncate(1));

    let later = ingress
        .take(&signed(&key, v3("01A")).delivery(), now() + 10.seconds())
        .await;

    assert_handed_on(&later, [duplicate("a")]);
}

/// A key of a scope.
fn key_of(world: &World, scope: KeyScope) -> ApiKey {
    world.key_of(scope, KeyState::Active)
}

#[rstest]
#[case::b6_key_of_a_workflow(|world: &World, _: ApiKey| ("prod", key_of(world, KeyScope::Workflow("a".parse().unwrap()))))]
#[case::b6_key_of_a_workflow_of_that_name(|world: &World, _: ApiKey| ("prod", key_of(world, KeyScope::Workflow("prod".parse().unwrap()))))]
#[case::b19_key_of_another_integration(|world: &World, _: ApiKey| ("prod", key_of(world, KeyScope::Integration("staging".parse().unwrap()))))]
#[case::b7_revoked_key(|world: &World, _: ApiKey| ("prod", world.key_of(KeyScope::Integration("prod".parse().unwrap()), KeyState::Revoked)))]
#[case::unknown_key(|_: &World, _: ApiKey| ("prod", ApiKey::generate().unwrap()))]
#[case::unknown_integration(|_: &World, key: ApiKey| ("no-such-integration", key))]
#[tokio::test]
async fn b6_b7_b19_all_wrong_credentials_are_answered_alike_with_the_same_calls(
    #[case] credentials: fn(&World, ApiKey) -> (&'static str, ApiKey),
) {
    let (world, key) = World::with_routes_to(&["a"]);
    let (alias, key) = credentials(&world, key);
    let message = Message::signed(&key, v3("01A")).addressed_to(alias);

    let answer = take(&world.ingress(), &message).await;

    let reason = Doubt::UnknownKey;
    assert_eq!(answer, Answer::Unauthorized { reason });
    assert_eq!(world.take_calls(), [Call::Key]);
}

#[tokio::test]
async fn b6_the_key_of_an_integration_does_not_open_the_url_of_its_workflow() {
    let (world, key) = World::with_routes_to(&[WORKFLOW]);

    assert_unauthorized(&take(&world.ingress(), &Message::signed(&key, v3("01A"))).await);
    assert_eq!(world.runs(), 0);
}

#[rstest]
#[case::climbing("../admin")]
#[case::long(&"a".repeat(10_000))]
#[case::empty("")]
#[tokio::test]
async fn b39_a_malformed_alias_costs_no_call(#[case] alias: &str) {
    let (world, key) = World::with_routes_to(&["a"]);
    let message = Message::signed(&key, v3("01A")).addressed_to(alias);

    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(world.take_calls(), []);
}

#[tokio::test]
async fn b5_a_key_with_a_wrong_checksum_costs_no_call() {
    let (world, key) = World::with_routes_to(&["a"]);
    let message = Message {
        api_key: Some(key.expose().replacen("pgf_", "pgf_x", 1)),
        ..signed(&key, v3("01A"))
    };

    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(world.take_calls(), []);
}

#[rstest]
#[case::none(None)]
#[case::b12_malformed(Some("v1=zz".to_owned()))]
#[case::b19_by_the_secret_of_another_account(Some(sign("another-secret", v3("01A").as_bytes())))]
#[tokio::test]
async fn without_a_fitting_signature_nothing_is_started_and_no_route_is_read(#[case] signature: Option<String>) {
    let (world, key) = World::with_routes_to(&["a"]);
    let message = Message {
        signature,
        ..signed(&key, v3("01A"))
    };

    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(world.runs(), 0);
    assert!(!world.take_calls().contains(&Call::Routes));
}

#[rstest]
#[case::b36_v2(|key: &ApiKey| v2(&["m1"], key))]
#[case::b22_empty_object(|_: &ApiKey| "{}".to_owned())]
#[tokio::test]
async fn what_is_authentic_and_cannot_be_read_is_kept_once(#[case] body: fn(&ApiKey) -> String) {
    let (world, key) = World::with_routes_to(&["a", "b"]);

    let answer = take(&world.ingress(), &signed(&key, body(&key))).await;

    let (reason, kept) = world.with(|state| state.dead_letters.remove(0));
    let event = EventAnswer::Unreadable { reason };
    assert_handed_on(&answer, [WorkflowAnswer { workflow: None, event }]);
    assert!(!String::from_utf8_lossy(&kept).contains(key.expose()));
    assert_eq!(world.take_calls(), [Call::Key, Call::Secret, Call::DeadLetter]);
}

#[rstest]
#[case::f23_the_key(Call::Key)]
#[case::f23_the_routes(Call::Routes)]
#[case::f25_the_secret(Call::Secret)]
#[tokio::test]
async fn what_is_our_own_fault_is_never_told_as_401(#[case] down: Call) {
    let (world, key) = World::with_routes_to(&["a"]);
    world.with(|state| state.down = vec![down]);

    assert_unavailable(&take(&world.ingress(), &signed(&key, v3("01A"))).await);
    assert_eq!(world.runs(), 0);
}

#[tokio::test]
async fn f23_with_dynamodb_down_a_warm_ingress_goes_on_for_a_quarter_of_an_hour() {
    let (world, key) = World::with_routes_to(&["a"]);
    let ingress = world.ingress();
    take(&ingress, &signed(&key, v3("01A"))).await;
    world.with(|state| state.down = vec![Call::Key, Call::Routes]);
    let message = signed(&key, v3("01A"));

    let soon = ingress.take(&message.delivery(), now() + 14.minutes()).await;
    assert_handed_on(&soon, [duplicate("a")]);
    assert_unavailable(&ingress.take(&message.delivery(), now() + 15.minutes()).await);
}

#[tokio::test]
async fn b23_a_large_body_is_stored_for_each_run() {
    let (world, key) = World::with_routes_to(&["a", "b"]);
    let body = v3_with("01A", json!({"noise": noise(256 * 1024)}));

    assert_handed_on(
        &take(&world.ingress(), &signed(&key, body)).await,
        [started("a"), started("b")],
    );

    let mut owners: Vec<_> = world.with(|state| state.bodies.iter().map(|(run, _)| run.clone()).collect());
    owners.sort();
    let mut runs = vec![run("a", "01A"), run("b", "01A")];
    runs.sort();
    assert_eq!(owners, runs);
}

#[tokio::test]
async fn more_workflows_than_are_seen_to_at_once_are_all_started() {
    let names: Vec<String> = (0..25).map(|number| format!("w{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (world, key) = World::with_routes_to(&names);

    let answer = take(&world.ingress(), &signed(&key, v3("01A"))).await;

    assert_eq!(
        answer,
        Answer::HandedOn(names.iter().map(|name| started(name)).collect())
    );
}

#[test]
fn an_answer_names_its_workflow_beside_the_outcome() {
    let shown = |answer: &WorkflowAnswer| serde_json::to_value(answer).unwrap();
    let event = EventAnswer::Unreadable { reason: "r".into() };

    assert_eq!(
        shown(&started("a")),
        json!({"workflow": "a", "outcome": "started", "run": run("a", "01A")})
    );
    assert_eq!(
        shown(&WorkflowAnswer { workflow: None, event }),
        json!({"outcome": "unreadable", "reason": "r"})
    );
}
