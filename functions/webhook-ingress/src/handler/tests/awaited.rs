//! Events that runs wait for.

use super::*;
use platform::{awaited::AwaitedEvent, table::AwaitedTypes};
use workflow::watch::Watch;

/// Has a workflow wait for notes.
fn waits(workflow: &mut WorkflowRecord, integration: &str) {
    workflow.awaits = AwaitedTypes::from([(integration.parse().unwrap(), ["incident.annotated".to_owned()].into())]);
}

/// A world whose workflow waits for notes on incidents of its integration.
fn waiting_world() -> (World, ApiKey) {
    let (world, key) = World::new();
    world.with(|state| waits(&mut state.workflow, "prod"));
    (world, key)
}

/// A world in which `a` and `b` have routes, of which `b` only waits for notes.
fn world_with_waiting_route() -> (World, ApiKey) {
    let (world, key) = World::with_routes_to(&["a", "b"]);
    world.with(|state| {
        let waiting = &mut state.routes[1];
        waiting.trigger = None;
        waits(waiting, "prod");
    });
    (world, key)
}

/// A body that says that a note was written.
fn annotated(event_id: &str) -> String {
    let data = json!({
        "id": "PN1", "type": "incident_note", "content": "rollback", "incident": {"id": "Q1", "type": "incident_reference"},
    });
    v3_with(event_id, data).replace("incident.triggered", "incident.annotated")
}

fn told(world: &World) -> Vec<(String, String)> {
    let name = |event: AwaitedEvent| {
        assert_eq!(event.watch, Watch::new("prod".parse().unwrap(), "Q1").unwrap());
        (event.event.event_id, event.event.event_type)
    };
    world.with(|state| std::mem::take(&mut state.events).into_iter().map(name).collect())
}

fn note(event_id: &str) -> (String, String) {
    (event_id.to_owned(), "incident.annotated".to_owned())
}

#[tokio::test]
async fn an_event_that_a_workflow_waits_for_is_told_with_one_call_more_and_starts_nothing() {
    let (world, key) = waiting_world();
    let ingress = world.ingress();

    let answer = take(&ingress, &Message::signed(&key, annotated("01N"))).await;

    let reason = Ignored::EventType;
    assert_eq!(answer, accepted([EventAnswer::Ignored { reason }]));
    assert_eq!(world.take_calls(), [Call::Trigger, Call::Secret, Call::BufferEvents]);
    assert_eq!(told(&world), [note("01N")]);

    take(&ingress, &Message::signed(&key, v3("01A"))).await;
    assert_eq!(
        world.take_calls(),
        [Call::Start],
        "one that is not waited for costs nothing"
    );
    assert_eq!(told(&world), []);
}

#[tokio::test]
async fn an_event_can_start_a_run_and_be_waited_for() {
    let (world, key) = waiting_world();
    world.with(|state| {
        let trigger = state.workflow.trigger.as_mut().unwrap();
        trigger.events.push("incident.annotated".into());
    });

    let answer = take(&world.ingress(), &Message::signed(&key, annotated("01N"))).await;

    assert_eq!(answer, accepted([started("01N")]));
    assert_eq!((world.runs(), told(&world)), (1, vec![note("01N")]));
}

#[tokio::test]
async fn f21_an_event_that_the_queue_does_not_take_is_asked_for_again_and_its_run_starts_once() {
    let (world, key) = waiting_world();
    world.with(|state| {
        state
            .workflow
            .trigger
            .as_mut()
            .unwrap()
            .events
            .push("incident.annotated".into());
        state.down = vec![Call::BufferEvents];
    });
    let ingress = world.ingress();
    let message = Message::signed(&key, annotated("01N"));

    assert_unavailable(&take(&ingress, &message).await);
    world.with(|state| state.down.clear());

    assert_eq!(take(&ingress, &message).await, accepted([duplicate("01N")]));
    assert_eq!((world.runs(), told(&world)), (1, vec![note("01N")]));
}

#[rstest]
#[case::disabled(|workflow: &mut WorkflowRecord| workflow.state = WorkflowState::Disabled)]
#[case::of_another_integration(|workflow: &mut WorkflowRecord| waits(workflow, "staging"))]
#[tokio::test]
async fn what_the_workflow_of_the_url_does_not_wait_for_is_not_told(#[case] change: fn(&mut WorkflowRecord)) {
    let (world, key) = waiting_world();
    world.with(|state| change(&mut state.workflow));
    take(&world.ingress(), &Message::signed(&key, annotated("01N"))).await;
    assert_eq!(world.take_calls(), [Call::Trigger, Call::Secret]);
}

#[tokio::test]
async fn nothing_of_an_unauthentic_delivery_is_told() {
    let (world, key) = waiting_world();
    let mut message = Message::signed(&key, annotated("01N"));
    message.signature = Some(sign("another secret", &message.body));
    assert_unauthorized(&take(&world.ingress(), &message).await);
    assert_eq!(told(&world), []);
}

#[tokio::test]
async fn the_events_of_a_v2_delivery_are_told_in_one_call() {
    let (world, key) = waiting_world();
    world.takes_v2();
    let body = v2(&["m1", "m2"], &key)
        .replace("incident.trigger", "incident.annotate")
        .replace("Q1MEMORYALERT1", "Q1");

    take(&world.ingress(), &Message::new(&key, body)).await;

    assert_eq!(world.take_calls(), [Call::Trigger, Call::BufferEvents]);
    assert_eq!(told(&world), [note("m1"), note("m2")]);
}

#[tokio::test]
async fn an_event_at_the_url_of_an_integration_is_told_once_for_all_workflows_that_wait_for_it() {
    let (world, key) = world_with_waiting_route();
    world.with(|state| waits(&mut state.routes[0], "prod"));
    let message = Message::signed(&key, annotated("01N")).addressed_to("prod");

    let answer = take(&world.ingress(), &message).await;

    let ignored = |workflow: &str, reason| WorkflowAnswer {
        workflow: Some(workflow.parse().unwrap()),
        event: EventAnswer::Ignored { reason },
    };
    let expected = vec![ignored("a", Ignored::EventType), ignored("b", Ignored::OnlyWaits)];
    assert_eq!(answer, Answer::HandedOn(expected));
    assert_eq!(
        world.take_calls(),
        [Call::Key, Call::Secret, Call::Routes, Call::BufferEvents]
    );
    assert_eq!(told(&world), [note("01N")]);
}

#[tokio::test]
async fn a_ping_at_the_url_of_an_integration_that_workflows_only_wait_for_has_arrived() {
    let (world, key) = world_with_waiting_route();
    world.with(|state| drop(state.routes.remove(0)));
    let ping = r#"{"event":{"id":"01P","event_type":"pagey.ping","resource_type":"pagey","data":{"type":"ping"}}}"#;

    let answer = take(&world.ingress(), &Message::signed(&key, ping).addressed_to("prod")).await;

    let event = EventAnswer::Ignored { reason: Ignored::Ping };
    let workflow = Some("b".parse().unwrap());
    assert_eq!(answer, Answer::HandedOn(vec![WorkflowAnswer { workflow, event }]));
    assert_eq!(told(&world), []);
}
