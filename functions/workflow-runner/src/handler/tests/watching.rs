//! Events of incidents on their way to the lanes that wait for them.

use super::{
    buffered::{batch, undone},
    tree::{Tree, workflow},
    *,
};
use platform::{awaited::AwaitedEvent, body};
use workflow::{
    run::{RunBody, RunEvent},
    watch::Watch,
};

const WAITS: &str = "  - id: news\n    wait_for: { integration: prod, incident_id: Q1, events: [incident.annotated], \
                     when: \"event.note == 'rollback'\", timeout: 1h }\n";

/// A note on an incident, so many seconds after the run began.
fn annotated(incident: &str, seconds: i64, note: &str) -> AwaitedEvent {
    let occurred_at = start() + seconds.seconds();
    let body = json!({"event": {
        "id": "01N", "event_type": "incident.annotated", "resource_type": "incident", "occurred_at": occurred_at,
        "data": {"id": "PN", "type": "incident_note", "content": note, "incident": {"id": incident}},
    }});
    AwaitedEvent {
        watch: Watch::new("prod".parse().unwrap(), incident).unwrap(),
        occurred_at,
        event: RunEvent {
            webhook: WebhookKind::V3,
            event_id: "01N".into(),
            event_type: "incident.annotated".into(),
            body: RunBody::Input {
                data: body::to_text(&body::compress(body.to_string().as_bytes())).into(),
            },
            filter_error: None,
        },
    }
}

fn rollback() -> AwaitedEvent {
    annotated("Q1", 60, "rollback")
}

/// Has the runner take an event from the start-buffer.
async fn tell(store: &Store, event: &AwaitedEvent) -> Value {
    let message = json!({ "incident_event": event }).to_string();
    runner(store).take(batch(&[message]), start()).await.unwrap()
}

/// A run that has come to a wait for an event.
struct Waiting {
    tree: Tree,
    state: Value,
    command: Value,
}

impl Waiting {
    async fn new() -> Self {
        Self::after(|_| {}).await
    }

    /// After something that happens before the run has looked whether it is to wait.
    async fn after(happens: impl FnOnce(&Tree)) -> Self {
        let mut tree = Tree::new(&workflow(&format!("{WAITS}  - wait: 1s\n")));
        happens(&tree);
        let mut state = tree.input.clone();
        let command = tree.plan(&tree.run_id().to_string(), &mut state).await.unwrap();
        Self { tree, state, command }
    }

    /// Does what the state machine does: gives whether the execution waits then.
    fn parks(&self) -> bool {
        let text = |pointer: &str| self.command.pointer(pointer).and_then(Value::as_str).unwrap();
        let table = self.tree.store.table();
        at_once(table.park(text("/wait/pk"), text("/wait/sk"), text("/plan"), "token"))
    }

    fn woken(&self) -> Vec<String> {
        self.tree.store.with(|state| std::mem::take(&mut state.woken))
    }

    /// The event that has ended the wait, when the lane plans so many seconds after it began.
    async fn found(&mut self, seconds: i64) -> Option<String> {
        self.tree.now = start() + seconds.seconds();
        let name = self.tree.run_id().to_string();
        self.tree.plan(&name, &mut self.state).await.unwrap();
        let lane = self.tree.lane("main");
        let path = StepPath::top(Section::Steps, 0);
        let mut finished = lane.steps.iter().filter_map(|(of, record)| match &record.change {
            StepChange::Finished { result, .. } if *of == path => Some(&result.outputs),
            _ => None,
        });
        finished.next()?["event"]["id"].as_str().map(str::to_owned)
    }
}

#[tokio::test]
async fn an_event_is_kept_and_wakes_the_lane_that_watches_its_incident() {
    let mut waiting = Waiting::new().await;
    assert!(waiting.parks());
    waiting.tree.store.take_calls();

    assert_eq!(tell(&waiting.tree.store, &rollback()).await, undone(&[]));

    let calls = waiting.tree.store.take_calls();
    let expected = [Call::PutEvent, Call::Watchers, Call::Waits, Call::Signal, Call::Wake];
    assert_eq!(calls, expected, "it is kept before it is looked who watches");
    assert_eq!(waiting.woken(), ["token"]);
    assert_eq!(waiting.found(61).await.as_deref(), Some("01N"));
}

#[rstest]
#[case::of_another_incident(annotated("Q2", 60, "rollback"), &[])]
#[case::that_its_condition_passes_over(annotated("Q1", 60, "looking"), &["token"])]
#[tokio::test]
async fn an_event_that_a_lane_does_not_wait_for_does_not_end_its_wait(
    #[case] event: AwaitedEvent,
    #[case] woken: &[&str],
) {
    let mut waiting = Waiting::new().await;
    assert!(waiting.parks());
    assert_eq!(tell(&waiting.tree.store, &event).await, undone(&[]));
    assert_eq!(waiting.woken(), woken);
    assert_eq!(waiting.found(61).await, None);
}

#[tokio::test]
async fn an_event_that_comes_before_the_run_has_come_to_its_wait_counts() {
    let mut waiting = Waiting::after(|tree| at_once(tree.store.table().put_event(&rollback(), start()))).await;
    assert!(!waiting.parks(), "it has looked once more and found the event");
    assert_eq!(waiting.found(61).await.as_deref(), Some("01N"));
}

#[tokio::test]
async fn an_event_that_comes_while_the_wait_is_written_is_found_by_the_second_look() {
    let mut waiting = Waiting::after(|tree| {
        tree.store
            .meddle(|store| at_once(store.table().put_event(&rollback(), start())));
    })
    .await;
    assert!(!waiting.parks(), "it has looked once more and found the event");
    assert_eq!(waiting.found(61).await.as_deref(), Some("01N"));
}

#[rstest]
#[case::event(Call::PutEvent, &["m0"])]
#[case::watchers(Call::Watchers, &["m0"])]
#[case::waits(Call::Waits, &[])]
#[case::signal(Call::Signal, &[])]
#[case::wake(Call::Wake, &[])]
#[tokio::test]
async fn an_event_comes_back_until_it_is_kept_and_its_watchers_are_known_and_a_wake_that_fails_is_only_slow(
    #[case] down: Call,
    #[case] back: &[&str],
) {
    let mut waiting = Waiting::new().await;
    assert!(waiting.parks());
    waiting.tree.store.with(|state| state.down = Some(down));
    assert_eq!(tell(&waiting.tree.store, &rollback()).await, undone(back));
    waiting.tree.store.with(|state| state.down = None);
    if !back.is_empty() {
        assert_eq!(tell(&waiting.tree.store, &rollback()).await, undone(&[]));
        assert_eq!(waiting.woken(), ["token"]);
    }
    assert_eq!(
        waiting.found(900).await.as_deref(),
        Some("01N"),
        "at the end of its slice"
    );
}

#[tokio::test]
async fn an_event_that_comes_twice_wakes_again_and_ends_one_wait() {
    let mut waiting = Waiting::new().await;
    assert!(waiting.parks());
    tell(&waiting.tree.store, &rollback()).await;
    tell(&waiting.tree.store, &rollback()).await;
    assert_eq!(waiting.found(61).await.as_deref(), Some("01N"));
    assert_eq!(at_once(waiting.tree.store.table().watchers(&rollback().watch)), []);
}

#[tokio::test]
async fn only_a_lane_that_watches_reads_events_once_for_each_look() {
    let waiting = Waiting::new().await;
    let [(_, _, calls)] = &waiting.tree.plans[..] else {
        panic!("{:?}", waiting.tree.plans)
    };
    let second_look = [Call::Known, Call::Events];
    assert_eq!(
        calls[..],
        [&[Call::Version, Call::Known, Call::Write][..], &second_look].concat()
    );

    let mut waiting = waiting;
    waiting.found(60).await;
    let (_, _, calls) = waiting.tree.plans.last().unwrap();
    assert_eq!(
        calls[..],
        [Call::Known, Call::Events, Call::Write, Call::Known, Call::Events]
    );
    tell(&waiting.tree.store, &rollback()).await;
    waiting.found(70).await;
    waiting.found(80).await;
    let (_, _, calls) = waiting.tree.plans.last().unwrap();
    assert_eq!(calls[..], [Call::Known, Call::Write]);
}

#[tokio::test]
async fn an_event_that_no_lane_watches_is_kept_and_wakes_none() {
    let store = Store::default();
    assert_eq!(tell(&store, &rollback()).await, undone(&[]));
    assert_eq!(store.take_calls(), [Call::PutEvent, Call::Watchers]);
    assert!(store.has("INCIDENT#prod#Q1"));
}
