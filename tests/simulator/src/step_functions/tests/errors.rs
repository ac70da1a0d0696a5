//! Retries, catchers and time-outs.

use super::*;
use rstest::rstest;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A function that fails with these errors in turn, and then succeeds.
fn failing(errors: &'static [&'static str]) -> impl Lambdas + 'static {
    let calls = AtomicUsize::new(0);
    answering(move |_, _| match errors.get(calls.fetch_add(1, Ordering::Relaxed)) {
        Some(error) => Err(failure(error)),
        None => Ok(json!("done")),
    })
}

fn attempts(told: &Told) -> Vec<f64> {
    told.seconds(EventKind::TaskScheduled)
}

#[test]
fn a_retry_waits_longer_each_time() {
    let task = lambda(json!({"Retry": [{
        "ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 2.0, "MaxDelaySeconds": 10, "MaxAttempts": 5,
    }]}));
    let (execution, told) = execute_with(&one(task), json!({}), Outside::of(failing(&["E"; 5])));
    assert_eq!(execution.output, Some(json!({"result": "done"})));
    assert_eq!(attempts(&told), [0.0, 2.0, 6.0, 14.0, 24.0, 34.0]);
    assert_eq!((execution.retries, execution.transitions), (5, 6));
}

#[test]
fn a_retrier_tries_three_times_from_one_second_on_by_default() {
    let task = lambda(json!({"Retry": [{"ErrorEquals": ["E"]}]}));
    let (execution, told) = execute_with(&one(task), json!({}), Outside::of(failing(&["E"; 9])));
    assert_eq!(execution.error.as_deref(), Some("E"));
    assert_eq!(attempts(&told), [0.0, 1.0, 3.0, 7.0]);
}

#[test]
fn full_jitter_takes_a_random_part_of_the_delay() {
    let task = lambda(json!({"Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 8, "JitterStrategy": "FULL"}]}));
    let outside = Outside {
        jitter: Arc::new(|| 0.25),
        ..Outside::of(failing(&["E", "E"]))
    };
    let (_, told) = execute_with(&one(task), json!({}), outside);
    assert_eq!(attempts(&told), [0.0, 2.0, 6.0]);
}

#[test]
fn a_failed_task_has_these_events() {
    let task = lambda(json!({"Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}]}));
    let (execution, told) = execute_with(&one(task), json!({}), Outside::of(failing(&["E", "E"])));
    assert_eq!(
        (execution.error.as_deref(), execution.cause.as_deref()),
        (Some("E"), Some("because"))
    );
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskFailed",
            "TaskScheduled",
            "TaskStarted",
            "TaskFailed",
            "ExecutionFailed"
        ]
    );
}

#[test]
fn an_error_that_must_not_be_retried_goes_to_the_catcher() {
    let definition = states(json!({
        "A": lambda(json!({
            "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.result", "Next": "B"}],
            "End": true,
        })),
        "B": {"Type": "Succeed"},
    }));
    let (execution, told) = execute_with(&definition, json!({"a": 1}), Outside::of(failing(&["E"])));
    assert_eq!(
        execution.output,
        Some(json!({"a": 1, "result": {"Error": "E", "Cause": "because"}}))
    );
    assert_eq!(execution.retries, 0);
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskFailed",
            "TaskStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[rstest]
#[case::by_default(json!({}), json!({"Error": "E", "Cause": "because"}))]
#[case::and_are_dropped(json!({"ResultPath": null}), json!({"a": 1}))]
fn a_catcher_places_the_error(#[case] fields: Value, #[case] output: Value) {
    let catcher = merged(json!({"ErrorEquals": ["E"], "Next": "B"}), fields);
    let definition = states(json!({
        "A": lambda(json!({"Catch": [catcher], "End": true})),
        "B": {"Type": "Succeed"},
    }));
    let (execution, _) = execute_with(&definition, json!({"a": 1}), Outside::of(failing(&["E"])));
    assert_eq!(execution.output, Some(output));
}

#[test]
fn the_first_catcher_that_takes_the_error_wins() {
    let definition = states(json!({
        "A": lambda(json!({"Catch": [
            {"ErrorEquals": ["X"], "Next": "B"},
            {"ErrorEquals": ["E", "F"], "Next": "C"},
            {"ErrorEquals": ["States.ALL"], "Next": "B"},
        ], "End": true})),
        "B": {"Type": "Fail"},
        "C": {"Type": "Succeed"},
    }));
    let (execution, _) = execute_with(&definition, json!({}), Outside::of(failing(&["E"])));
    assert_eq!(execution.status, Status::Succeeded);
}

#[rstest]
#[case::fixed(json!({"TimeoutSeconds": 5}))]
#[case::by_a_path(json!({"TimeoutSecondsPath": "$.timeout"}))]
fn a_task_that_takes_too_long_times_out(#[case] fields: Value) {
    let definition = one(lambda(fields));
    let (execution, told) = execute_with(
        &definition,
        json!({"timeout": 5}),
        Outside::of(slow(Duration::from_secs(6))),
    );
    assert_eq!(execution.error.as_deref(), Some("States.Timeout"));
    assert_eq!(told.seconds(EventKind::TaskTimedOut), [5.0]);
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskTimedOut",
            "ExecutionFailed"
        ]
    );
}

#[test]
fn a_task_that_just_makes_it_succeeds() {
    let definition = one(lambda(json!({"TimeoutSeconds": 5})));
    let (execution, _) = execute_with(&definition, json!({}), Outside::of(slow(Duration::from_secs(5))));
    assert_eq!(execution.status, Status::Succeeded);
}

#[rstest]
#[case::zero(json!(0))]
#[case::a_fraction(json!(1.5))]
#[case::a_text(json!("5"))]
#[case::nothing(Value::Null)]
fn a_timeout_is_a_positive_integer(#[case] timeout: Value) {
    let definition = one(lambda(json!({"TimeoutSecondsPath": "$.timeout"})));
    let execution = execute(&definition, json!({"timeout": timeout}));
    assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
}

#[test]
fn a_function_whose_task_timed_out_is_dropped() {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let dropped = Arc::clone(&drops);
    let functions = Script(move |_: &str, _| {
        let guard = Dropped(Arc::clone(&dropped));
        Box::pin(async move {
            let _guard = guard;
            std::future::pending().await
        }) as BoxFuture<'static, Answer>
    });
    let task = lambda(json!({"TimeoutSeconds": 1, "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]}));
    execute_with(&one(task), json!({}), Outside::of(functions));
    assert_eq!(drops.load(Ordering::Relaxed), 2);
}
