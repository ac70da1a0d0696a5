//! A delivery that starts many runs, on a clock that costs no time.
//!
//! PagerDuty waits five seconds. Whatever Step Functions takes for a start, and however many there are, the delivery is answered
//! with 202 within three: what cannot be started by then waits in the start-buffer.

use crate::{
    Answer, EventAnswer,
    fakes::{FakeIngress, Message, WORKFLOW, World, now, v2, v3},
};
use jiff::SignedDuration;
use rstest::rstest;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;
use workflow::ids::RunId;

/// How soon an answer is wanted.
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
                (world, message, names.iter().map(|workflow| run(workflow, "01A")).collect())
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
        self.world.with(|state| state.runs.iter().map(|input| input.run.id.clone()).collect())
    }

    fn buffered(&self) -> BTreeSet<RunId> {
        self.world.with(|state| state.buffered.iter().map(|input| input.run.id.clone()).collect())
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

/// What became of each run, in the order of the delivery.
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
    fan_out.world.with(|state| state.start_takes = Duration::from_millis(start_takes));

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
