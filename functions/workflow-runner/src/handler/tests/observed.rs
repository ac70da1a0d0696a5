//! What the log and CloudWatch's metrics tell of runs.

use super::{
    outside::event,
    tree::{MACHINE, Tree, workflow},
    *,
};

/// What is measured of runs or steps: the values, and what they are told apart by.
fn measured(metric: &str) -> Vec<Value> {
    let mut lines = Log::lines_with(metric);
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        assert!(line.remove("_aws").unwrap()["Timestamp"].is_u64());
        assert_eq!(line.remove("Stack").unwrap(), "pagerflow");
    }
    lines
}

#[rstest]
#[case::succeeded("  - wait: 1s\n", "succeeded")]
#[case::failed("  - fail: as it should\n", "failed")]
#[tokio::test]
async fn the_end_of_a_run_is_counted_once_however_often_its_last_plan_is_made(
    #[case] steps: &str,
    #[case] outcome: &str,
) {
    let mut machine = Machine::new(steps);
    for _ in 0..10 {
        let state = machine.state.clone();
        let ended = ["succeed", "fail"].contains(&machine.plan().await["type"].as_str().unwrap());
        if ended {
            machine.state = state;
            machine.try_plan().await.unwrap();
            break;
        }
    }

    assert_eq!(measured("RunsEnded"), [json!({"RunsEnded": 1, "Outcome": outcome})]);
}

#[tokio::test]
async fn the_end_of_a_lane_is_not_that_of_its_run() {
    let mut tree = Tree::new(&workflow(
        "  - parallel:\n      - steps: [ { wait: 1s } ]\n      - steps: [ { wait: 1s } ]\n",
    ));
    tree.play().await;

    assert!(tree.started.len() > 1, "lanes have executions of their own");
    assert_eq!(measured("RunsEnded"), [json!({"RunsEnded": 1, "Outcome": "succeeded"})]);
}

#[tokio::test]
async fn i7_a_run_that_ended_from_outside_is_counted_once_and_one_that_had_ended_before_is_not() {
    let mut tree = Tree::new(&workflow("  - wait: 1h\n"));
    let name = tree.run_id().to_string();
    let mut state = tree.input.clone();
    tree.plan(&name, &mut state).await.unwrap();
    let event = event("ABORTED", &format!("{MACHINE}:{name}"), Some(&tree.input.to_string()));

    for _ in 0..2 {
        tree.runner.take(event.clone(), start()).await.unwrap();
    }

    assert_eq!(measured("RunsEnded"), [json!({"RunsEnded": 1, "Outcome": "failed"})]);
}

#[tokio::test]
async fn an_end_that_was_not_written_is_not_counted() {
    let mut machine = Machine::new("  - wait: 1s\n");
    machine.plan().await;
    machine.store.with(|state| state.down = Some(Call::Write));

    machine.try_plan().await.unwrap_err();

    assert_eq!(measured("RunsEnded"), [] as [Value; 0]);
}

#[tokio::test]
async fn the_latency_of_a_step_is_the_time_since_its_first_attempt_was_written_down() {
    let mut machine = Machine::new(CREATE);
    machine.plan().await;
    machine.now += SignedDuration::from_millis(2_500);
    let unavailable = json!({"Error": "PagerDuty.Unavailable", "Cause": "PagerDuty could not be reached"});
    machine.plan_after(unavailable).await;
    assert_eq!(measured("StepLatency"), [] as [Value; 0], "it goes on");
    let waited = machine.now.duration_since(start());
    assert!(
        waited > SignedDuration::from_millis(2_500),
        "it waits for its second attempt"
    );
    machine.plan().await;
    machine.now += SignedDuration::from_millis(400);

    machine.plan_after(created()).await;

    let milliseconds = u64::try_from(waited.as_millis() + 400).unwrap();
    let [line] = measured("StepLatency").try_into().unwrap();
    assert_eq!(
        (&line["StepLatency"], &line["Action"]),
        (&json!(milliseconds), &json!("pagerduty.create_incident"))
    );
    assert_eq!(
        line["RunsEnded"], 1,
        "the run ended with the step, so one line tells of both"
    );
}

#[tokio::test]
async fn the_log_tells_of_each_plan_with_the_ids_of_its_run_workflow_event_lane_and_step() {
    let mut machine = Machine::new(CREATE);
    machine.plan().await;

    let [line] = Log::lines_with("command").try_into().unwrap();

    let expected = json!({
        "level": "INFO", "message": "planned", "target": "workflow_runner::handler",
        "run": machine.state["run"]["id"], "workflow": "w", "event_id": "01A", "lane": "main", "step": "00000",
        "command": "pagerduty.create_incident", "duration_ms": line["duration_ms"],
    });
    assert_eq!(line, expected);
    assert!(line["duration_ms"].is_u64());
}

#[tokio::test]
async fn a_plan_that_fails_is_logged_once_with_its_ids_and_the_whole_cause() {
    let mut machine = Machine::new(CREATE);
    machine.plan().await;
    machine.store.with(|state| state.down = Some(Call::Write));
    machine.state["next"]["result"] = created();

    machine.try_plan().await.unwrap_err();

    let [line] = Log::lines_with("error").try_into().unwrap();
    assert_eq!(
        (&line["level"], &line["message"]),
        (&json!("ERROR"), &json!("not planned"))
    );
    assert_eq!(
        (&line["run"], &line["workflow"], &line["event_id"], &line["step"]),
        (&machine.state["run"]["id"], &json!("w"), &json!("01A"), &json!("00000"))
    );
    let error = line["error"].as_str().unwrap();
    assert!(
        error.starts_with("Store.Unavailable") && error.contains("ThrottlingException"),
        "{error}"
    );
}

#[rstest]
#[case::a_state_that_is_none(json!({"state": 1}))]
#[case::an_event_that_is_none(json!({"detail-type": "Step Functions Execution Status Change"}))]
#[case::messages_that_are_none(json!({"Records": [{"eventSource": "aws:sqs"}]}))]
#[tokio::test]
async fn what_cannot_be_read_is_logged_once(#[case] payload: Value) {
    let machine = Machine::new(CREATE);

    machine.runner.take(payload, start()).await.unwrap_err();

    let [line] = Log::lines_with("error").try_into().unwrap();
    assert_eq!(line["level"], "ERROR");
    assert!(line["error"].as_str().unwrap().starts_with("Input.Invalid"), "{line}");
}

#[tokio::test]
async fn no_line_holds_what_the_event_or_the_step_says() {
    let mut machine = Machine::new(CREATE);
    machine.plan().await;
    machine.plan_after(created()).await;

    let log: Vec<_> = Log::lines_with("level");

    assert_eq!(log.len(), 2);
    for line in log {
        let line = line.to_string();
        assert!(
            !line.contains("disk") && !line.contains("a@b.c") && !line.contains("PWIXJZS"),
            "{line}"
        );
    }
}
