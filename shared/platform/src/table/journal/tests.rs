//! What is written of a step is what is read of it, and the clock of whoever writes decides nothing.

use super::*;
use crate::{
    scripted::Scripted,
    table::{Bodies, tests as all},
};
use pagerduty::actions::Action;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use workflow::{
    ids::{EffectKey, LanePath, Section, StepPath},
    planner::{EndedCall, Failure, Outcome, StepChange, StepRecord, StepResult},
};

fn step() -> StepPath {
    StepPath::top(Section::Steps, 0)
}

/// The item that an update makes where there is none: what it sets under the attribute's own name.
fn made(update: &Value) -> Value {
    let values = update["ExpressionAttributeValues"].as_object().unwrap();
    let mut item = update["Key"].clone();
    for (placeholder, name) in update["ExpressionAttributeNames"].as_object().unwrap() {
        if let Some(value) = values.get(&placeholder.replace('#', ":")) {
            item[name.as_str().unwrap()] = value.clone();
        }
    }
    item
}

/// The item of a step after this change of it.
async fn written(change: StepChange) -> Value {
    made(&update_after(change, None).await)
}

/// The update of a step for this change of it, with which this call has ended.
async fn update_after(change: StepChange, call: Option<EndedCall>) -> Value {
    let (dynamodb, table) = Scripted::answered_by(all::read).await;
    let record = StepRecord {
        id: None,
        title: "a step".into(),
        at: all::now(),
        change,
        call,
    };
    let changes = Changes {
        steps: BTreeMap::from([(step(), record)]),
        ..Changes::default()
    };
    all::write(&table, 2, &changes).await.unwrap();
    let (_, request) = dynamodb.asked().pop().unwrap();
    request["TransactItems"][1]["Update"].clone()
}

/// Numbers that a floating-point number of 64 bits does not hold, and some that it does.
fn numbers() -> Value {
    json!([
        9_007_199_254_740_993_u64,
        -9_007_199_254_740_993_i64,
        u64::MAX,
        i64::MIN,
        0,
        1.5,
        1e300
    ])
}

#[tokio::test]
async fn numbers_above_two_to_the_53rd_keep_their_digits_in_inputs_and_outputs() {
    let outputs = json!({"incident_number": 9_007_199_254_740_993_u64, "numbers": numbers()});
    let result = StepResult {
        outcome: Outcome::Success,
        outputs: outputs.clone(),
        error: None,
        cut: BTreeSet::new(),
    };
    for change in [
        StepChange::Finished {
            result: result.clone(),
            attempt: None,
        },
        StepChange::Kept { result },
    ] {
        let item = written(change).await;
        let answered = item.clone();
        let (_, table) = Scripted::answered_by(move |operation, _| match operation {
            "BatchGetItem" => json!({"Responses": {"table": [answered]}, "UnprocessedKeys": {}}),
            _ => json!({"Items": [answered]}),
        })
        .await;

        let shown = table
            .lane_steps(&"r".parse().unwrap(), &LanePath::main())
            .await
            .unwrap();
        assert_eq!(shown[0].outputs.as_ref(), Some(&outputs));

        let needs = Needs {
            results: [(LanePath::main(), step())].into(),
            ..Needs::default()
        };
        let (run, workflow) = ("r".parse().unwrap(), "memory-alert".parse().unwrap());
        let question = Question {
            run: &run,
            workflow: &workflow,
            needs: &needs,
            concurrency_key: None,
            incident: None,
            own_key: None,
            now: all::now(),
        };
        let known = table.known(&question).await.unwrap();
        assert_eq!(known.results[&(LanePath::main(), step())].outputs, outputs);
    }
}

#[tokio::test]
async fn what_was_adjusted_of_an_input_is_shown_as_it_was_written_and_forgotten_by_an_attempt_without() {
    let input = json!({"integration": "prod", "title": "x".repeat(2_000), "service": "PS", "details": numbers()});
    let admitted = Action::CreateIncident
        .spec()
        .admit(input, &["details"], 48 * 1024)
        .unwrap();
    assert_eq!(admitted.adjusted.len(), 1);
    let attempt = |number: u32, adjusted| StepChange::AttemptStarted {
        number,
        input: admitted.input.clone(),
        adjusted,
        effect_key: EffectKey::new(&"r".parse().unwrap(), 0, &LanePath::main(), &step()),
    };

    let mut item = written(attempt(1, admitted.adjusted.clone())).await;
    // It is a list of attempts that grows.
    item.as_object_mut().unwrap().remove("attempts");
    let (_, table) = Scripted::answering([json!({"Items": [item]})]).await;
    let shown = table
        .lane_steps(&"r".parse().unwrap(), &LanePath::main())
        .await
        .unwrap();
    let sentences: Vec<String> = admitted.adjusted.iter().map(ToString::to_string).collect();
    assert_eq!(shown[0].adjusted, sentences);
    assert_eq!(shown[0].input.as_ref().unwrap()["details"], numbers());

    let again = written(attempt(2, Vec::new())).await;
    assert!(again.get("adjusted").is_none(), "{again}");
}

#[tokio::test]
async fn an_attempt_without_adjustments_takes_those_of_the_one_before_away() {
    let (dynamodb, table) = Scripted::answered_by(all::read).await;
    let record = StepRecord {
        id: None,
        title: "a step".into(),
        at: all::now(),
        change: StepChange::AttemptStarted {
            number: 2,
            input: json!({}),
            adjusted: Vec::new(),
            effect_key: EffectKey::new(&"r".parse().unwrap(), 0, &LanePath::main(), &step()),
        },
        call: None,
    };
    let changes = Changes {
        steps: BTreeMap::from([(step(), record)]),
        ..Changes::default()
    };
    all::write(&table, 2, &changes).await.unwrap();
    let (_, request) = dynamodb.asked().pop().unwrap();
    let update = request["TransactItems"][1]["Update"]["UpdateExpression"]
        .as_str()
        .unwrap();
    let (_, removed) = update.split_once(" REMOVE ").unwrap();
    assert!(removed.split(", ").any(|name| name == "#adjusted"), "{update}");
}

/// Two functions whose clocks are a day apart write the first Plan of a run.
#[tokio::test]
async fn where_a_run_is_listed_and_how_long_it_is_kept_does_not_depend_on_the_clock_of_its_writer() {
    let mut items = Vec::new();
    for now in ["2026-11-22T10:00:01Z", "2026-11-23T10:00:01Z", "2026-11-21T10:00:01Z"] {
        let (dynamodb, table) = Scripted::answered_by(all::read).await;
        let (input, cursor) = (all::input(), all::cursor("main", 1));
        let entry = Entry {
            input: &input,
            event: None,
            execution: "E1",
            previous_owner: None,
            started_at: all::now(),
            now: now.parse().unwrap(),
            cursor: &cursor,
            changes: &Changes::default(),
            concurrency_key: None,
            handover: "{}",
        };
        table.write(&entry).await.unwrap();
        let (_, request) = dynamodb.asked().pop().unwrap();
        let run = &request["TransactItems"][1]["Update"];
        let expression = run["UpdateExpression"].as_str().unwrap();
        for name in [
            "started_at",
            "deadline",
            "expires_at",
            "gsi1pk",
            "gsi1sk",
            "gsi2pk",
            "gsi2sk",
        ] {
            let once = format!("#{name} = if_not_exists(#{name}, :{name})");
            assert!(expression.contains(&once), "{name}: {expression}");
        }
        items.push(made(run));
    }
    assert_eq!(items[0], items[1]);
    assert_eq!(items[0], items[2]);
    assert_eq!(items[0]["gsi2sk"], json!({"S": "2026-11-22T10:00:00.000000000Z#r"}));
}

#[tokio::test]
async fn the_body_of_a_run_that_has_one_stays_as_it_is() {
    let (dynamodb, table) = Scripted::answering([Scripted::condition_failed()]).await;
    table
        .put_body(&"r".parse().unwrap(), vec![1], all::now())
        .await
        .unwrap();
    assert_eq!(
        dynamodb.asked()[0].1["ConditionExpression"],
        "attribute_not_exists(#pk)"
    );
}

fn ended(looks: u32) -> Option<EndedCall> {
    Some(EndedCall {
        attempt: 2,
        looks,
        requests: "GET ci.example.com 200 in 90 ms".parse().unwrap(),
    })
}

fn not_yet(failure: Option<Failure>) -> StepChange {
    StepChange::NotYet {
        failure,
        next: all::now(),
    }
}

#[tokio::test]
async fn a_job_that_has_been_started_waits_with_its_attempt() {
    let update = update_after(not_yet(None), ended(0)).await;
    let values = &update["ExpressionAttributeValues"];
    assert_eq!(values[":state"], json!({"S": "waiting"}));
    assert_eq!(
        values[":attempts_requests"],
        json!({"S": "GET ci.example.com 200 in 90 ms"})
    );
    assert_eq!(values[":attempts_looks"], json!({"M": {"number": {"N": "0"}}}));
}

#[tokio::test]
async fn a_look_is_kept_with_its_attempt_and_leaves_the_requests_of_the_start_alone() {
    let failure = Failure::from_text("Ci.Unavailable", "no connection");
    let update = update_after(not_yet(Some(failure)), ended(7)).await;
    let values = &update["ExpressionAttributeValues"];
    assert_eq!(values.get(":attempts_requests"), None);
    assert_eq!(
        values[":attempts_looks"],
        json!({"M": {
            "number": {"N": "7"},
            "requests": {"S": "GET ci.example.com 200 in 90 ms"},
            "error": {"M": {"name": {"S": "Ci.Unavailable"}, "message": {"S": "no connection"}}},
        }})
    );
}
