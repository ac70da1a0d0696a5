//! Runs that come from the start-buffer.

use super::*;
use platform::table::WorkflowState;
use workflow::{ids::RunId, run::RunInput};

/// The input of the run for an event.
fn input(event: &str) -> RunInput {
    let id = RunId::for_event(&"w".parse().unwrap(), event);
    let run = json!({"id": id, "workflow": "w", "version": 3, "depth": 0});
    serde_json::from_value(json!({"run": run, "cause": {"hand": {}}, "inputs": {}})).unwrap()
}

/// A batch as Lambda hands it over, with messages numbered from 0.
pub(super) fn batch(bodies: &[String]) -> Value {
    let sent = (start() - 2.seconds()).as_millisecond();
    let message = |(number, body): (usize, &String)| {
        json!({
            "messageId": format!("m{number}"), "receiptHandle": "AQEB", "body": body, "md5OfBody": "",
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent.to_string()}, "messageAttributes": {}, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:start-buffer", "awsRegion": "eu-west-1",
        })
    };
    json!({ "Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>() })
}

pub(super) fn of(events: &[&str]) -> Vec<String> {
    let text = |event: &&str| serde_json::to_string(&input(event)).unwrap();
    events.iter().map(text).collect()
}

pub(super) fn undone(messages: &[&str]) -> Value {
    let items: Vec<Value> = messages.iter().map(|id| json!({"itemIdentifier": id})).collect();
    json!({ "batchItemFailures": items })
}

pub(super) async fn drain(store: &Store, bodies: &[String]) -> Value {
    runner(store).take(batch(bodies), start()).await.unwrap()
}

#[tokio::test]
async fn f19_each_run_of_a_batch_starts_with_the_input_that_the_ingress_made() {
    let store = Store::default();

    assert_eq!(drain(&store, &of(&["01A", "01B"])).await, undone(&[]));

    assert_eq!(store.with(|state| state.started.clone()), [input("01A"), input("01B")]);
    assert_eq!(store.take_calls(), [Call::Start, Call::Start]);
}

#[tokio::test]
async fn f20_a_run_that_exists_already_is_done() {
    let store = Store::default();
    store.with(|state| state.started.push(input("01A")));

    assert_eq!(drain(&store, &of(&["01A"])).await, undone(&[]));
    assert_eq!(store.with(|state| state.started.len()), 1);
}

#[tokio::test]
async fn f19_a_run_that_does_not_start_comes_back() {
    let store = Store::default();
    store.with(|state| state.down = Some(Call::Start));
    assert_eq!(drain(&store, &of(&["01A", "01B"])).await, undone(&["m0", "m1"]));

    store.with(|state| state.down = None);
    assert_eq!(drain(&store, &of(&["01A", "01B"])).await, undone(&[]));
    assert_eq!(store.with(|state| state.started.len()), 2);
}

#[rstest]
#[case::text("poison")]
#[case::another_object(r#"{"event": {}}"#)]
#[case::empty("")]
#[tokio::test]
async fn f43_a_poison_message_comes_back_alone_and_the_others_start(#[case] poison: &str) {
    let store = Store::default();
    let mut bodies = of(&["01A", "01B"]);
    bodies.insert(1, poison.to_owned());

    assert_eq!(drain(&store, &bodies).await, undone(&["m1"]));
    assert_eq!(store.with(|state| state.started.len()), 2);
}

#[tokio::test(start_paused = true)]
async fn f19_while_step_functions_does_not_answer_a_batch_comes_back_before_the_function_runs_out_of_time() {
    let store = Store::default();
    store.with(|state| state.hangs = true);
    let begun = tokio::time::Instant::now();

    assert_eq!(
        drain(&store, &of(&["01A", "01B", "01C"])).await,
        undone(&["m0", "m1", "m2"])
    );
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
}

/// What a person finds of a run that did nothing.
#[track_caller]
fn assert_skipped(machine: &Machine, command: &Value, reason: &str) {
    assert_eq!(
        (&command["type"], &command["output"]["outcome"]),
        (&json!("succeed"), &json!("skipped"))
    );
    let reason = reason.to_owned();
    assert_eq!(machine.run().end, Some(RunEnd::OfMainLane(LaneEnd::Skipped { reason })));
    assert_eq!(
        machine.store.take_calls(),
        [Call::Version, Call::Known, Call::Write],
        "no call more than for a run that goes on"
    );
}

#[rstest]
#[case::disabled(WorkflowState::Disabled, "the workflow w was disabled when the run began")]
#[case::deleted(WorkflowState::Deleted, "the workflow w was deleted when the run began")]
#[tokio::test]
async fn a_run_that_waited_until_its_workflow_was_not_enabled_any_more_does_nothing(
    #[case] state: WorkflowState,
    #[case] reason: &str,
) {
    let mut machine = Machine::new(CREATE);
    assert_eq!(drain(&machine.store, &[machine.state.to_string()]).await, undone(&[]));
    machine.store.set_state(&"w".parse().unwrap(), state);
    machine.store.take_calls();

    let command = machine.plan().await;

    assert_skipped(&machine, &command, reason);
}

#[tokio::test]
async fn a_run_that_waited_for_more_than_a_week_does_nothing() {
    let machine = Machine::new(CREATE);
    let later = start() + (7 * 24 * 3600 + 1).seconds();
    let mut payload = machine.payload();
    payload["execution"]["started_at"] = json!(later);
    payload["entered_at"] = json!(later);

    let handover = machine.runner.plan(payload, start()).await.unwrap();

    let reason = "the event happened more than a week before the run began";
    assert_skipped(&machine, &handover["command"], reason);
}
