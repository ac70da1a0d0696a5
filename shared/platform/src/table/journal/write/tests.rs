//! How large items can get. DynamoDB refuses an item of more than 400 KB, and with it the whole transaction: a run whose item is full
//! is lost. The texts are the worst that there are, characters of four bytes.

use super::*;
use crate::table::items::{ITEM_BYTES, ItemMap, size};
use pagerduty::actions::Action;
use serde_json::json;
use workflow::{
    action::{Request, RequestEnd, Requests, Unanswered},
    ids::{EffectKey, RunId, StepPath},
    planner::{
        Changes, Cursor, EndedAttempt, Failure, INPUT_BYTES, LONGEST_QUEUE, MARKS_BYTES, MOST_ATTEMPTS, Outcome,
    },
};

const WORST: &str = "\u{10ffff}";

/// A run whose id is as long as one can be.
fn input() -> RunInput {
    let run = json!({"id": "r".repeat(64), "workflow": "w", "version": 1, "depth": 0});
    serde_json::from_value(json!({"run": run, "cause": {"hand": {}}, "inputs": {}})).unwrap()
}

/// A failure as an action may tell of it, and as an attempt keeps it.
fn failure() -> Failure {
    Failure {
        name: WORST.repeat(10_000),
        message: WORST.repeat(30_000),
        retry_after_seconds: None,
    }
    .of_an_attempt()
}

/// A call of as many requests to as long hosts as are kept.
fn call(attempt: u32, looks: u32) -> EndedCall {
    let mut requests = Requests::default();
    for _ in 0..9 {
        let end = RequestEnd::Unanswered(Unanswered::NotConnected);
        requests.add(Request::new("OPTIONS", &"h".repeat(253), end, u32::MAX));
    }
    EndedCall {
        attempt,
        looks,
        requests,
    }
}

#[test]
fn f35_the_record_of_a_step_that_fails_as_often_and_with_as_long_texts_as_it_can_has_room() {
    let now: Timestamp = "2026-11-20T09:30:00.123456789Z".parse().unwrap();
    let input = input();
    let path = StepPath::top(workflow::ids::Section::Steps, 0);
    let key = EffectKey::new(&input.run.id, 0, &LanePath::main(), &path);
    let given = json!({
        "integration": "prod", "title": WORST.repeat(1_000), "body": WORST.repeat(60_000), "service": "P1",
        "escalation_policy": "P2", "from": "a@b.c",
    });
    let admitted = Action::CreateIncident
        .spec()
        .admit(given, &[], INPUT_BYTES)
        .expect("an input");
    let cursor: Cursor = serde_json::from_value(json!({
        "lane": "main", "plans": 1, "started_at": now, "deadline": now, "run_deadline": now, "events": 1,
    }))
    .unwrap();
    let mut items = ItemMap::default();
    let mut take = |change: StepChange, call: Option<EndedCall>| {
        let record = StepRecord {
            id: Some("s".repeat(63).parse().unwrap()),
            title: WORST.repeat(200),
            at: now,
            change,
            call,
        };
        let entry = Entry {
            input: &input,
            event: None,
            execution: "e",
            previous_owner: None,
            started_at: now,
            now,
            cursor: &cursor,
            changes: &Changes::default(),
            concurrency_key: None,
            handover: "",
        };
        let write = step(Retention::default(), &entry, &path, &record);
        items.write(&write).expect("an item that DynamoDB takes");
    };
    for number in 1..=MOST_ATTEMPTS {
        let started = StepChange::AttemptStarted {
            number,
            input: admitted.input.clone(),
            adjusted: admitted.adjusted.clone(),
            effect_key: key.clone(),
        };
        take(started, None);
        let failed = StepChange::AttemptFailed {
            number,
            failure: failure(),
            retry_at: now,
        };
        take(failed, Some(call(number, 0)));
        let looked = StepChange::NotYet {
            failure: Some(failure()),
            next: now,
        };
        take(looked, Some(call(number, u32::MAX)));
        // The end of the attempt takes the place of the reason why its last look failed.
        if number < MOST_ATTEMPTS {
            take(StepChange::Waiting { until: now }, Some(call(number, u32::MAX)));
        }
    }
    let result = StepResult {
        outcome: Outcome::Failure,
        outputs: json!({"a": WORST.repeat(8_000)}),
        error: Some(StepError {
            name: WORST.repeat(25),
            message: WORST.repeat(2_100),
        }),
        cut: Default::default(),
    };
    let attempt = Some(EndedAttempt {
        number: MOST_ATTEMPTS,
        error: None,
    });
    take(StepChange::Finished { result, attempt }, None);
    let item = items.get(&keys::step(&input.run.id, &LanePath::main(), &path)).unwrap();
    let bytes = size(item);
    assert!((250_000..ITEM_BYTES).contains(&bytes), "{bytes} bytes");
}

#[test]
fn f35_the_longest_queue_of_a_lock_has_room() {
    let input = input();
    let run = |number: usize| -> RunId { format!("{}{number:05}", "r".repeat(59)).parse().unwrap() };
    let lock = Lock {
        version: u64::MAX,
        holder: Some(run(0)),
        queue: (0..LONGEST_QUEUE).map(run).collect(),
        until: Some("2026-11-30T00:00:00.123456789Z".parse().unwrap()),
    };
    let key = keys::lock(&input.run.workflow, &WORST.repeat(1_000));
    let bytes = size(&item("lock of a concurrency key", &key, &lock).unwrap());
    assert!((30_000..ITEM_BYTES).contains(&bytes), "{bytes} bytes");
}

/// Forty lanes may end at the same moment, each with a mark, and none sees the marks of the others.
#[test]
fn f35_the_marks_of_a_run_have_room() {
    let seen = (0..MARKS_BYTES / 6).map(|_| "00000:".to_owned());
    let beside = (0..40).map(|_| "m".repeat(2_048));
    let marks = AttributeValue::Ss(seen.chain(beside).collect());
    let bytes = size(&Item::from([("marks".to_owned(), marks)]));
    assert!((250_000..ITEM_BYTES).contains(&bytes), "{bytes} bytes");
}
