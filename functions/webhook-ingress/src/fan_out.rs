//! A delivery that starts many runs, on a clock that costs no time.
//!
//! PagerDuty waits five seconds. Whatever Step Functions takes for a start, and however many there are, the delivery is answered
//! with 202 within three: what cannot be started by then waits in the start-buffer.

use crate::{
    Answer, EventAnswer,
    fakes::{Call, FakeIngress, Message, SIGNING_SECRET, WORKFLOW, World, noise, now, signature, v2, v3, v3_with},
};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;
use workflow::{ids::RunId, run::RunBody};

/// The time within which an answer is wanted.
const WANTED: Duration = Duration::from_secs(3);

/// A URL that many runs start from.
#[derive(Debug, Clone, Copy)]
enum Url {
    /// Of a workflow that takes V2 deliveries: with so many messages.
    Workflow,
    /// Of an integration: with so many workflows.
    Integration,
}

/// A delivery that starts many runs, and where it is taken.
struct FanOut {
    world: World,
    ingress: FakeIngress,
    message: Message,
    runs: BTreeSet<RunId>,
}

impl FanOut {
    fn new(url: Url, count: usize) -> Self {
        let names: Vec<String> = (0..count).map(|number| format!("w{number:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (world, message, runs) = match url {
            Url::Workflow => {
                let (world, key) = World::new();
                world.takes_v2();
                let message = Message::new(&key, v2(&names, &key));
                (world, message, names.iter().map(|event| run(WORKFLOW, event)).collect())
            }
            Url::Integration => {
                let (world, key) = World::with_routes_to(&names);
                let message = Message::signed(&key, v3("01A")).addressed_to("prod");
                (
                    world,
                    message,
                    names.iter().map(|workflow| run(workflow, "01A")).collect(),
                )
            }
        };
        let ingress = world.ingress();
        world.with(|state| state.buffer_takes = Duration::from_millis(100));
        Self {
            world,
            ingress,
            message,
            runs,
        }
    }

    /// Takes the delivery, so long after it was first sent. Gives the answer and how long it took.
    async fn take(&self, after: SignedDuration) -> (Answer, Duration) {
        let begun = Instant::now();
        let answer = self.ingress.take(&self.message.delivery(), now() + after).await;
        (answer, begun.elapsed())
    }

    fn started(&self) -> BTreeSet<RunId> {
        self.world
            .with(|state| state.runs.iter().map(|input| input.run.id.clone()).collect())
    }

    fn buffered(&self) -> BTreeSet<RunId> {
        self.world
            .with(|state| state.buffered.iter().map(|input| input.run.id.clone()).collect())
    }

    /// Expects every run to be started or to wait, none to be started twice, and none to wait twice.
    #[track_caller]
    fn assert_all_there_once(&self) {
        let all: BTreeSet<RunId> = self.started().union(&self.buffered()).cloned().collect();
        assert_eq!(all, self.runs, "none is lost");
        assert_eq!(self.world.runs(), self.started().len());
        assert_eq!(self.world.with(|state| state.buffered.len()), self.buffered().len());
    }
}

fn run(workflow: &str, event: &str) -> RunId {
    RunId::for_event(&workflow.parse().unwrap(), event)
}

/// The outcome of each run, in the order of the delivery.
#[track_caller]
fn events(answer: &Answer) -> Vec<&EventAnswer> {
    match answer {
        Answer::Accepted(events) => events.iter().collect(),
        Answer::HandedOn(events) => events.iter().map(|answer| &answer.event).collect(),
        other => panic!("not acknowledged: {other:?}"),
    }
}

#[rstest]
#[tokio::test(start_paused = true)]
async fn however_many_runs_a_delivery_starts_it_is_answered_in_time_and_none_is_lost(
    #[values(
        (Url::Workflow, 1), (Url::Workflow, 10), (Url::Workflow, 30), (Url::Workflow, 100),
        (Url::Integration, 1), (Url::Integration, 60), (Url::Integration, 212), (Url::Integration, 500),
        (Url::Integration, 1_000),
    )]
    (url, count): (Url, usize),
    #[values(0, 20, 45, 50, 200, 1_000, 1_999, 10_000)] start_takes: u64,
) {
    let fan_out = FanOut::new(url, count);
    fan_out
        .world
        .with(|state| state.start_takes = Duration::from_millis(start_takes));

    let (answer, took) = fan_out.take(SignedDuration::ZERO).await;

    assert!(took <= WANTED, "{took:?}: {answer:?}");
    let answered: Vec<_> = events(&answer)
        .into_iter()
        .map(|event| match event {
            EventAnswer::Started { run } | EventAnswer::Buffered { run } => run.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(answered.len(), count);
    assert_eq!(answered.into_iter().collect::<BTreeSet<_>>(), fan_out.runs);
    fan_out.assert_all_there_once();
}

#[rstest]
#[tokio::test(start_paused = true)]
async fn with_a_start_buffer_that_drops_some_nothing_is_acknowledged_that_is_not_kept_and_a_redelivery_makes_it_good(
    #[values((Url::Workflow, 100), (Url::Integration, 1_000))] (url, count): (Url, usize),
    #[values(3, 1_000)] drops: usize,
) {
    let fan_out = FanOut::new(url, count);
    fan_out.world.with(|state| {
        state.start_takes = Duration::from_millis(1_900);
        state.buffer_drops = Some(drops.min(count / 2));
    });

    let (answer, took) = fan_out.take(SignedDuration::ZERO).await;
    assert!(matches!(answer, Answer::Unavailable { .. }), "{answer:?}");
    assert!(took <= WANTED, "{took:?}");
    let kept = fan_out.started().len() + fan_out.buffered().len();
    assert!(kept >= count / 2, "{kept}");

    fan_out.world.with(|state| state.buffer_drops = None);
    let (answer, _) = fan_out.take(SignedDuration::from_mins(5)).await;
    assert_eq!(events(&answer).len(), count);
    let all: BTreeSet<RunId> = fan_out.started().union(&fan_out.buffered()).cloned().collect();
    assert_eq!(all, fan_out.runs);
    assert_eq!(
        fan_out.world.runs(),
        fan_out.started().len(),
        "nothing is started twice"
    );
}

/// PagerDuty sends again at times that are not known before, and at regular ones.
#[rstest]
#[tokio::test(start_paused = true)]
async fn while_the_start_buffer_is_out_of_reach_each_delivery_starts_some_more_until_all_are_started(
    #[values(
        (Url::Workflow, 30, 2_000), (Url::Workflow, 100, 1_500), (Url::Integration, 60, 1_200), (Url::Integration, 215, 400),
        (Url::Integration, 1_000, 50), (Url::Integration, 1_000, 200),
    )]
    (url, count, start_takes): (Url, usize, u64),
    #[values(1_000, 60_000, 61_237, 600_000, 3_600_000)] every: i64,
) {
    let fan_out = FanOut::new(url, count);
    fan_out.world.with(|state| {
        state.start_takes = Duration::from_millis(start_takes);
        state.down = vec![Call::Buffer];
    });
    let mut before = 0;
    for delivery in 0..20 {
        let (answer, took) = fan_out.take(SignedDuration::from_millis(every * delivery)).await;
        assert!(took <= WANTED, "{took:?}");
        let started = fan_out.started().len();
        assert_eq!(fan_out.world.runs(), started, "nothing is started twice");
        assert!(
            started > before || started == count,
            "delivery {delivery} made no progress at {started} of {count}: {answer:?}"
        );
        if started == count {
            return;
        }
        before = started;
    }
    panic!("{before} of {count} after 20 deliveries");
}

#[tokio::test(start_paused = true)]
async fn once_step_functions_is_out_of_reach_no_more_starts_are_tried_than_are_under_way() {
    let fan_out = FanOut::new(Url::Integration, 1_000);
    fan_out.world.with(|state| state.hangs = true);

    let (answer, took) = fan_out.take(SignedDuration::ZERO).await;

    assert!(took <= WANTED, "{took:?}");
    assert_eq!(events(&answer).len(), 1_000);
    let calls = fan_out.world.take_calls();
    let starts = calls.iter().filter(|call| **call == Call::Start).count();
    assert!(starts <= 50, "{starts}");
    fan_out.assert_all_there_once();
}

#[tokio::test(start_paused = true)]
async fn the_runs_of_one_event_share_its_body() {
    let fan_out = FanOut::new(Url::Integration, 1_000);
    let big = v3_with("01A", json!({"noise": noise(90 * 1024)}));
    let message = Message {
        signature: Some(signature(SIGNING_SECRET, big.as_bytes())),
        body: big.into_bytes(),
        ..fan_out.message.clone()
    };

    fan_out.ingress.take(&message.delivery(), now()).await;

    let bodies: BTreeSet<_> = fan_out.world.with(|state| {
        let bodies = state.runs.iter().filter_map(|input| match &input.event()?.body {
            RunBody::Input { data } => Some(data.as_ptr()),
            RunBody::Table {} => None,
        });
        bodies.collect()
    });
    assert_eq!((fan_out.world.runs(), bodies.len()), (1_000, 1));
}
