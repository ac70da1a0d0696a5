//! Executions that a Task starts and waits for.

use super::*;
use rstest::rstest;
use std::collections::BTreeSet;

/// A machine that does what its input says.
fn family(task: Value) -> Value {
    let way = |word: &str, next: &str| json!({"Variable": "$.do", "StringEquals": word, "Next": next});
    states(json!({
        "A": {"Type": "Choice", "Choices": [
            way("child", "Child"),
            way("fork", "Fork"),
            way("wait", "Wait"),
            way("call", "Called"),
            way("fail", "Failed"),
        ], "Default": "Done"},
        "Child": merged(child(task), json!({"Next": "Done"})),
        "Fork": fork(),
        "Wait": wait(json!({"Next": "Done"})),
        "Called": lambda(json!({"Next": "Done"})),
        "Failed": {"Type": "Fail", "ErrorPath": "$.error"},
        "Done": {"Type": "Succeed"},
        "Caught": {"Type": "Succeed"},
    }))
}

/// The input with which a [`family`] starts a child.
fn parent_of(name: &str, input: &Value) -> Value {
    json!({"do": "child", "name": name, "input": input})
}

/// The input with which it starts several.
fn forking<const N: usize>(lanes: [(&str, Value); N]) -> Value {
    let lanes = lanes.map(|(name, input)| json!({"name": name, "input": input}));
    json!({"do": "fork", "lanes": lanes.to_vec()})
}

/// The input with which it waits until so many seconds after the start.
fn waiting(seconds: i64) -> Value {
    json!({"do": "wait", "until": after(seconds)})
}

/// The input with which it fails.
fn failing(error: &str) -> Value {
    json!({"do": "fail", "error": error})
}

/// The input with which it ends at once.
fn done() -> Value {
    json!({"do": "nothing"})
}

/// One child for each lane. No lane ends another.
fn fork() -> Value {
    let lane = child(json!({
        "ResultSelector": {},
        "ResultPath": null,
        "Retry": [{"ErrorEquals": ["StepFunctions.AWSStepFunctionsException"], "IntervalSeconds": 1, "MaxAttempts": 5}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "LaneEnded"}],
        "Next": "LaneEnded",
    }));
    json!({
        "Type": "Map",
        "ItemsPath": "$.lanes",
        "MaxConcurrency": 40,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Lane",
            "States": {"Lane": lane, "LaneEnded": {"Type": "Pass", "Result": {}, "End": true}},
        },
        "ResultPath": null,
        "Next": "Done",
    })
}

fn caught() -> Value {
    json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]})
}

/// Like [`execute_with`], with a catcher that catches nothing, so that `Caught` can be reached.
fn execute_family(input: Value) -> (Execution, Arc<Told>) {
    execute_with(&family(caught()), input, Outside::of(echo()))
}

#[test]
fn a_task_waits_for_its_child_and_gives_its_description() {
    let (execution, told) = execute_family(parent_of("c", &waiting(5)));
    let output = execution.output.unwrap();
    assert_eq!(
        output,
        json!({
            "ExecutionArn": "arn:aws:states:us-east-1:000000000000:execution:pagerflow:c",
            "Input": waiting(5),
            "InputDetails": {"Included": true},
            "Name": "c",
            "Output": waiting(5),
            "OutputDetails": {"Included": true},
            "StartDate": 1_793_869_200_000_i64,
            "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:pagerflow",
            "Status": "SUCCEEDED",
            "StopDate": 1_793_869_205_000_i64,
        })
    );
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[test]
fn a_child_knows_its_parent() {
    simulate(async {
        let (service, _) = service(&family(caught()), Outside::of(echo()));
        let parent = service.start_execution("run", parent_of("c", &done())).unwrap();
        service.ended(&parent).await.unwrap();
        let executions = service.executions();
        let parents: Vec<_> = executions
            .iter()
            .map(|execution| (execution.name(), execution.parent()))
            .collect();
        assert_eq!(parents, [("run", None), ("c", Some(&parent))]);
    });
}

#[test]
fn the_input_of_a_child_gets_no_additions() {
    simulate(async {
        let (service, _) = service(&family(caught()), Outside::of(echo()));
        let parent = service
            .start_execution("run", parent_of("c", &json!({"do": "nothing", "x": 1})))
            .unwrap();
        service.ended(&parent).await.unwrap();
        assert_eq!(service.executions()[1].input(), &json!({"do": "nothing", "x": 1}));
    });
}

#[test]
fn a_child_that_fails_fails_the_task_with_its_description() {
    let (execution, told) = execute_family(parent_of("c", &failing("E")));
    let output = execution.output.unwrap();
    assert_eq!(output["Error"], "States.TaskFailed");
    let cause: Value = serde_json::from_str(output["Cause"].as_str().unwrap()).unwrap();
    assert_eq!(cause["Status"], "FAILED");
    assert_eq!(cause["Error"], "E");
    assert_eq!(cause["Input"], failing("E").to_string());
    assert!(told.history("run").contains(&"TaskFailed".to_owned()));
}

#[test]
fn a_child_that_is_stopped_fails_the_task() {
    simulate(async {
        let (service, _) = service(&family(caught()), Outside::of(echo()));
        let parent = service.start_execution("run", parent_of("c", &waiting(100))).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let child = service.executions()[1].arn().clone();
        service.abort(&child, Some("E"), Some("c")).unwrap();
        let parent = service.ended(&parent).await.unwrap();
        let output = parent.output.unwrap();
        assert_eq!(output["Error"], "States.TaskFailed");
        assert!(output["Cause"].as_str().unwrap().contains("\"Status\":\"ABORTED\""));
    });
}

#[rstest]
#[case::with_another_input(parent_of("run", &done()), "StepFunctions.ExecutionAlreadyExistsException")]
#[case::with_a_bad_name(parent_of("a b", &done()), "StepFunctions.InvalidNameException")]
fn a_child_that_cannot_start_fails_the_task(#[case] input: Value, #[case] error: &str) {
    let (execution, told) = execute_family(input);
    assert_eq!(execution.output.unwrap()["Error"], error);
    assert!(told.history("run").contains(&"TaskSubmitFailed".to_owned()));
}

#[test]
fn a_child_of_another_machine_does_not_start() {
    let mut task = caught();
    task["Parameters"] = json!({"StateMachineArn": "arn:other", "Name": "c", "Input": {}});
    let (execution, _) = execute_with(&family(task), parent_of("c", &done()), Outside::of(echo()));
    assert_eq!(
        execution.output.unwrap()["Error"],
        "StepFunctions.StateMachineDoesNotExistException"
    );
}

#[test]
fn a_child_whose_name_has_ended_is_refused() {
    simulate(async {
        let (service, _) = service(&family(caught()), Outside::of(echo()));
        let first = service.start_execution("c", done()).unwrap();
        service.ended(&first).await.unwrap();
        let parent = service.start_execution("run", parent_of("c", &done())).unwrap();
        let parent = service.ended(&parent).await.unwrap();
        assert_eq!(
            parent.output.unwrap()["Error"],
            "StepFunctions.ExecutionAlreadyExistsException"
        );
    });
}

/// Faults of child starts, by name, each once.
#[derive(Default)]
struct Trouble {
    starts: Mutex<Vec<(&'static str, ChildStartFault)>>,
    stops_are_lost: bool,
}

impl Faults for Trouble {
    fn child_start(&self, _: &ExecutionArn, name: &str) -> Option<ChildStartFault> {
        let mut starts = self.starts.lock().unwrap();
        let position = starts.iter().position(|(other, _)| *other == name)?;
        Some(starts.remove(position).1)
    }

    fn child_stop_is_lost(&self, _: &ExecutionArn) -> bool {
        self.stops_are_lost
    }
}

fn troubled(trouble: Trouble) -> Outside {
    Outside {
        faults: Arc::new(trouble),
        ..Outside::of(echo())
    }
}

#[test]
fn a_throttled_start_can_be_retried() {
    let refused = || ("l1", ChildStartFault::Refused(TaskFailure::throttled()));
    let outside = troubled(Trouble {
        starts: Mutex::new(vec![refused(), refused()]),
        ..Trouble::default()
    });
    let lanes = forking([("l0", done()), ("l1", done())]);
    let (execution, told) = execute_with(&family(caught()), lanes, outside);
    assert_eq!(execution.status, Status::Succeeded);
    assert_eq!(execution.retries, 2);
    assert_eq!(told.seconds(EventKind::TaskSubmitted), [0.0, 3.0]);
}

#[test]
fn a_start_whose_answer_is_lost_is_found_by_the_retry_while_the_child_runs() {
    let outside = troubled(Trouble {
        starts: Mutex::new(vec![("l0", ChildStartFault::AnswerLost(TaskFailure::throttled()))]),
        ..Trouble::default()
    });
    let lanes = forking([("l0", waiting(60))]);
    let (execution, told) = execute_with(&family(caught()), lanes, outside);
    assert_eq!(execution.retries, 1);
    assert_eq!(execution.stopped_at.unwrap().to_string(), "2026-11-05T09:01:00Z");
    assert_eq!(
        told.seconds(EventKind::ExecutionStarted),
        [0.0, 0.0],
        "one parent and one child"
    );
}

#[test]
fn a_child_whose_answer_was_lost_runs_on_after_its_task_failed() {
    simulate(async {
        let outside = troubled(Trouble {
            starts: Mutex::new(vec![("c", ChildStartFault::AnswerLost(failure("E")))]),
            ..Trouble::default()
        });
        let (service, _) = service(&family(caught()), outside);
        let parent = service.start_execution("run", parent_of("c", &waiting(60))).unwrap();
        assert_eq!(service.ended(&parent).await.unwrap().output.unwrap()["Error"], "E");
        let child = service.executions()[1].clone();
        assert_eq!(child.status, Status::Running);
        assert_eq!(service.ended(child.arn()).await.unwrap().status, Status::Succeeded);
    });
}

#[test]
fn forty_children_run_at_once() {
    let lanes: Vec<_> = (0..100)
        .map(|lane| json!({"name": format!("lane-{lane}"), "input": {"do": "call"}}))
        .collect();
    let functions = Outside::of(slow(Duration::from_secs(10)));
    let (execution, told) = execute_with(&family(caught()), json!({"do": "fork", "lanes": lanes}), functions);
    assert_eq!(execution.status, Status::Succeeded);
    let starts: Vec<_> = told.seconds(EventKind::TaskSubmitted);
    assert_eq!(starts.iter().filter(|&&start| start == 0.0).count(), 40);
    assert_eq!(starts.iter().filter(|&&start| start == 10.0).count(), 40);
    assert_eq!(starts.iter().filter(|&&start| start == 20.0).count(), 20);
}

/// Starts a run with lanes of which one has a child, and gives who ran when it was stopped and who was stopped.
fn stop_family(trouble: Trouble) -> (BTreeSet<String>, BTreeSet<String>) {
    simulate(async {
        let (service, _) = service(&family(caught()), troubled(trouble));
        let input = forking([
            ("l0", waiting(100)),
            ("l1", parent_of("l1-child", &waiting(100))),
            ("l2", done()),
        ]);
        let run = service.start_execution("run", input).unwrap();
        service.start_execution("other", waiting(50)).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let named = |status| {
            let executions = service.executions().into_iter();
            executions
                .filter(|execution| execution.status == status)
                .map(|execution| execution.name().to_owned())
                .collect()
        };
        let running = named(Status::Running);
        service.abort(&run, None, None).unwrap();
        tokio::time::sleep(Duration::from_secs(1_000)).await;
        (running, named(Status::Aborted))
    })
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn stopping_an_execution_stops_its_children_and_theirs() {
    let (running, aborted) = stop_family(Trouble::default());
    assert_eq!(running, names(&["run", "l0", "l1", "l1-child", "other"]));
    assert_eq!(aborted, names(&["run", "l0", "l1", "l1-child"]));
}

#[test]
fn the_attempt_to_stop_a_child_may_be_lost() {
    let (_, aborted) = stop_family(Trouble {
        stops_are_lost: true,
        ..Trouble::default()
    });
    assert_eq!(aborted, names(&["run"]));
}

#[test]
fn an_execution_that_times_out_stops_its_children() {
    simulate(async {
        let (service, _) = service(&family(caught()), Outside::of(echo()));
        let two_years = 2 * 365 * 86_400;
        let run = service
            .start_execution("run", parent_of("c", &waiting(two_years)))
            .unwrap();
        tokio::time::sleep(Duration::from_secs(366 * 86_400)).await;
        let statuses: Vec<_> = service.executions().iter().map(|execution| execution.status).collect();
        // The child's own time would be up at the same moment, but its parent came first.
        assert_eq!(statuses, [Status::TimedOut, Status::Aborted]);
        assert_eq!(service.describe(&run).unwrap().status, Status::TimedOut);
    });
}

#[test]
fn a_failed_iteration_stops_the_children_of_the_others() {
    let lane = child(json!({"End": true}));
    let definition = states(json!({
        "A": {"Type": "Choice", "Choices": [
            {"Variable": "$.do", "StringEquals": "fork", "Next": "Fork"},
            {"Variable": "$.do", "StringEquals": "fail", "Next": "Failed"},
        ], "Default": "Wait"},
        "Fork": {
            "Type": "Map", "ItemsPath": "$.lanes", "Next": "Wait", "ResultPath": null,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Lane", "States": {"Lane": lane}},
        },
        "Failed": {"Type": "Fail", "ErrorPath": "$.error"},
        "Wait": wait(json!({"End": true})),
    }));
    simulate(async {
        let (service, _) = service(&definition, Outside::of(echo()));
        let lanes = forking([("l0", waiting(60)), ("l1", failing("E"))]);
        let run = service.start_execution("run", lanes).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let statuses: Vec<_> = service.executions().iter().map(|execution| execution.status).collect();
        assert_eq!(statuses, [Status::Failed, Status::Aborted, Status::Failed]);
        assert_eq!(
            service.ended(&run).await.unwrap().error.as_deref(),
            Some("States.TaskFailed")
        );
    });
}

#[test]
fn a_task_that_times_out_leaves_its_child_running() {
    simulate(async {
        let task = merged(caught(), json!({"TimeoutSeconds": 5}));
        let (service, _) = service(&family(task), Outside::of(echo()));
        let run = service.start_execution("run", parent_of("c", &waiting(60))).unwrap();
        let run = service.ended(&run).await.unwrap();
        assert_eq!(run.output.unwrap()["Error"], "States.Timeout");
        assert_eq!(service.executions()[1].status, Status::Running);
    });
}
