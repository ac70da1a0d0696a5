//! The API of the service.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn waiting() -> Value {
    one(wait(json!({})))
}

/// An input with which an execution waits for 100 seconds.
fn long(number: u32) -> Value {
    json!({"until": after(100), "number": number})
}

#[test]
fn a_name_that_runs_with_the_same_input_is_the_same_execution() {
    simulate(async {
        let (service, told) = service(&waiting(), Outside::of(echo()));
        let first = service.start_execution("run", long(1));
        assert_eq!(service.start_execution("run", long(1)), first);
        assert_eq!(service.executions().len(), 1);
        assert_eq!(told.history("run"), ["ExecutionStarted"]);
    });
}

#[test]
fn a_name_that_runs_with_another_input_is_refused() {
    simulate(async {
        let (service, _) = service(&waiting(), Outside::of(echo()));
        let arn = service.start_execution("run", long(1)).unwrap();
        assert_eq!(
            service.start_execution("run", long(2)),
            Err(StartError::AlreadyExists { arn })
        );
    });
}

#[test]
fn a_name_is_free_again_ninety_days_after_the_end() {
    simulate(async {
        let (service, _) = service(&waiting(), Outside::of(echo()));
        let arn = service.start_execution("run", long(1)).unwrap();
        service.ended(&arn).await.unwrap();
        tokio::time::sleep(Duration::from_secs(90 * 86_400 - 1)).await;
        assert_eq!(
            service.start_execution("run", long(1)),
            Err(StartError::AlreadyExists { arn: arn.clone() })
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(service.start_execution("run", long(1)).as_ref(), Ok(&arn));
        assert_eq!(service.executions().len(), 2);
        assert_eq!(service.describe(&arn).unwrap().status, Status::Running);
    });
}

#[test]
fn nothing_has_run_when_a_start_returns() {
    simulate(async {
        let (service, _) = service(&one(json!({"Type": "Pass"})), Outside::of(echo()));
        let arn = service.start_execution("run", json!({})).unwrap();
        let execution = service.describe(&arn).unwrap();
        assert_eq!((execution.status, execution.transitions), (Status::Running, 0));
    });
}

#[test]
fn a_stopped_execution_goes_no_further() {
    simulate(async {
        let (service, told) = service(&waiting(), Outside::of(echo()));
        let arn = service.start_execution("run", long(1)).unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        service.abort(&arn, Some("E"), Some("c")).unwrap();
        tokio::time::sleep(Duration::from_secs(1_000)).await;
        let execution = service.describe(&arn).unwrap();
        assert_eq!(execution.status, Status::Aborted);
        assert_eq!(
            (execution.error.as_deref(), execution.cause.as_deref()),
            (Some("E"), Some("c"))
        );
        assert_eq!(execution.stopped_at.unwrap().to_string(), "2026-11-05T09:00:10Z");
        assert_eq!(
            told.history("run"),
            ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
        );
    });
}

#[test]
fn stopping_an_execution_that_has_ended_changes_nothing() {
    simulate(async {
        let (service, told) = service(&one(json!({"Type": "Pass"})), Outside::of(echo()));
        let arn = service.start_execution("run", json!({})).unwrap();
        service.ended(&arn).await.unwrap();
        assert_eq!(service.abort(&arn, None, None), Ok(()));
        assert_eq!(service.describe(&arn).unwrap().status, Status::Succeeded);
        assert_eq!(told.changes.lock().unwrap().len(), 2);
    });
}

#[test]
fn stopping_needs_an_execution_and_short_texts() {
    simulate(async {
        let (service, _) = service(&waiting(), Outside::of(echo()));
        let arn = service.start_execution("run", long(1)).unwrap();
        let other = StateMachineArn::of("other").execution("run");
        assert_eq!(
            service.abort(&other, None, None),
            Err(AbortError::DoesNotExist { arn: other })
        );
        let long = "e".repeat(257);
        assert_eq!(service.abort(&arn, Some(&long), None), Err(AbortError::TextTooLong));
        let long = "c".repeat(32_769);
        assert_eq!(service.abort(&arn, None, Some(&long)), Err(AbortError::TextTooLong));
    });
}

#[test]
fn a_function_can_stop_its_own_execution() {
    simulate(async {
        let handle: Arc<Mutex<Option<StepFunctions>>> = Arc::default();
        let own = Arc::clone(&handle);
        let functions = answering(move |_, payload| {
            let service = own.lock().unwrap().clone().unwrap();
            let arn = service.executions()[0].arn().clone();
            service.abort(&arn, None, None).unwrap();
            Ok(payload)
        });
        let (service, told) = service(&one(lambda(json!({}))), Outside::of(functions));
        *handle.lock().unwrap() = Some(service.clone());
        let arn = service.start_execution("run", json!({})).unwrap();
        assert_eq!(service.ended(&arn).await.unwrap().status, Status::Aborted);
        tokio::task::yield_now().await;
        assert_eq!(
            told.history("run"),
            [
                "ExecutionStarted",
                "TaskStateEntered",
                "TaskScheduled",
                "TaskStarted",
                "ExecutionAborted"
            ]
        );
        *handle.lock().unwrap() = None;
    });
}

#[test]
fn every_change_of_status_is_told() {
    simulate(async {
        let definition = states(json!({
            "A": wait(json!({"Next": "B"})),
            "B": {"Type": "Fail", "Error": "E", "Cause": "c"},
        }));
        let (service, told) = service(&definition, Outside::of(echo()));
        let arn = service.start_execution("run", json!({"until": after(5)})).unwrap();
        service.ended(&arn).await.unwrap();
        let changes = told.changes.lock().unwrap();
        let expected = |status, stopped_at: Option<&str>| StatusChange {
            execution_arn: arn.clone(),
            name: "run".to_owned(),
            state_machine_arn: machine(),
            status,
            input: "{\"until\":\"2026-11-05T09:00:05Z\"}".to_owned(),
            output: None,
            error: stopped_at.map(|_| "E".to_owned()),
            cause: stopped_at.map(|_| "c".to_owned()),
            started_at: START.parse().unwrap(),
            stopped_at: stopped_at.map(|time| time.parse().unwrap()),
        };
        assert_eq!(
            *changes,
            [
                expected(Status::Running, None),
                expected(Status::Failed, Some("2026-11-05T09:00:05Z")),
            ]
        );
    });
}

#[test]
fn a_success_is_told_with_its_output() {
    let (_, told) = execute_with(&one(json!({"Type": "Pass"})), json!({"a": 1}), Outside::of(echo()));
    let detail = told.changes.lock().unwrap()[1].detail();
    assert_eq!(detail["status"], "SUCCEEDED");
    assert_eq!(detail["output"], "{\"a\":1}");
    assert_eq!(detail["startDate"], 1_793_869_200_000_i64);
}

#[test]
fn an_unknown_execution_is_nothing() {
    simulate(async {
        let (service, _) = service(&waiting(), Outside::of(echo()));
        let other = machine().execution("other");
        assert!(service.describe(&other).is_none());
        assert!(service.ended(&other).await.is_none());
    });
}

/// The message of the panic of a simulation.
fn panic_of(simulation: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(simulation)).expect_err("the simulation should panic");
    panic
        .downcast_ref::<String>()
        .cloned()
        .expect("a panic with a formatted message")
}

fn panicking() -> impl Lambdas + 'static {
    answering(|_, _| panic!("a bug"))
}

#[test]
fn a_panic_of_a_function_fails_who_waits_for_the_execution() {
    let message = panic_of(|| {
        execute_with(&one(lambda(json!({}))), json!({}), Outside::of(panicking()));
    });
    assert_eq!(message, "the simulated world panicked: a bug");
}

#[test]
fn a_panic_of_a_function_fails_who_waits_for_another_execution() {
    let definition = states(json!({
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.do", "StringEquals": "wait", "Next": "B"}], "Default": "C"},
        "B": wait(json!({"End": true})),
        "C": lambda(json!({"End": true})),
    }));
    let message = panic_of(|| {
        simulate(async {
            let (service, _) = service(&definition, Outside::of(panicking()));
            let waiting = service
                .start_execution("waiting", json!({"do": "wait", "until": after(100)}))
                .unwrap();
            service.start_execution("run", json!({"do": "call"})).unwrap();
            service.ended(&waiting).await;
        });
    });
    assert_eq!(message, "the simulated world panicked: a bug");
}

#[test]
fn a_panic_of_a_function_that_nobody_waits_for_fails_the_simulation() {
    let message = panic_of(|| {
        simulate(async {
            let (service, _) = service(&one(lambda(json!({}))), Outside::of(panicking()));
            service.start_execution("run", json!({})).unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        });
    });
    assert_eq!(message, "the simulated world panicked: a bug");
}
