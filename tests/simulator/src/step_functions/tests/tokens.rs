//! Tasks that write an item with their token in it, and wait until the token comes back.

use super::*;
use crate::step_functions::failure::TIMEOUT;
use std::sync::Mutex;

/// A table that keeps the tokens that it is given, or refuses them.
#[derive(Default)]
struct Table {
    tokens: Mutex<Vec<String>>,
    refuses: Option<&'static str>,
}

impl Items for Table {
    fn update<'a>(&'a self, _: &'a ExecutionArn, parameters: Value) -> BoxFuture<'a, Result<(), TaskFailure>> {
        let token = parameters["ExpressionAttributeValues"][":token"]["S"].as_str().unwrap();
        self.tokens.lock().unwrap().push(token.to_owned());
        let answer = match self.refuses {
            Some(error) => Err(failure(error)),
            None => Ok(()),
        };
        Box::pin(async move { answer })
    }
}

/// A Task that waits for its token for ten seconds, and then gives the names of what it caught.
fn waits() -> Value {
    states(json!({
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken",
            "Parameters": {"TableName": "t", "ExpressionAttributeValues": {":token": {"S.$": "$$.Task.Token"}}},
            "TimeoutSeconds": 10,
            "ResultPath": "$.result",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "B"}],
            "Next": "B",
        },
        "B": {"Type": "Succeed"},
    }))
}

/// Starts an execution, does something after so many seconds, and gives the output, the seconds that it took and its history.
fn play(table: &Arc<Table>, seconds: u64, act: impl FnOnce(&StepFunctions, &str)) -> (Value, f64, Vec<String>) {
    let outside = Outside {
        items: Arc::clone(table) as Arc<dyn Items>,
        ..Outside::of(echo())
    };
    simulate(async {
        let (service, told) = service(&waits(), outside);
        let arn = service.start_execution("run", json!({})).unwrap();
        tokio::time::sleep(Duration::from_secs(seconds) + Duration::from_millis(1)).await;
        let token = table.tokens.lock().unwrap().last().cloned().unwrap();
        act(&service, &token);
        let ended = service.ended(&arn).await.unwrap();
        let took = ended
            .stopped_at
            .unwrap()
            .duration_since(ended.started_at())
            .as_secs_f64();
        (ended.output.unwrap(), took, told.history("run"))
    })
}

#[test]
fn a_task_ends_when_its_token_comes_back() {
    let (output, took, history) = play(&Arc::default(), 3, |service, token| {
        service.send_task_success(token, json!({"woken": true})).unwrap();
    });
    assert_eq!(output, json!({"result": {"woken": true}}));
    assert!((3.0..3.1).contains(&took), "{took}");
    assert_eq!(
        history,
        [
            "ExecutionStarted",
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
fn a_task_whose_token_does_not_come_back_times_out() {
    let (output, took, _) = play(&Arc::default(), 0, |_, _| {});
    assert_eq!(output["caught"]["Error"], TIMEOUT);
    assert!((10.0..10.1).contains(&took), "{took}");
}

#[test]
fn a_token_is_good_for_one_task_and_once() {
    let table = Arc::default();
    play(&table, 3, |service, token| {
        assert_eq!(service.send_task_success("another", json!({})), Err(TaskDoesNotExist));
        service.send_task_success(token, json!({})).unwrap();
        assert_eq!(service.send_task_success(token, json!({})), Err(TaskDoesNotExist));
    });
    let used: Arc<Table> = Arc::default();
    let (_, took, _) = play(&used, 11, |service, token| {
        assert_eq!(
            service.send_task_success(token, json!({})),
            Err(TaskDoesNotExist),
            "it has timed out"
        );
    });
    assert!((10.0..10.1).contains(&took), "{took}");
}

#[test]
fn a_write_that_is_refused_is_the_failure_of_the_task() {
    let table = Arc::new(Table {
        refuses: Some("DynamoDb.ConditionalCheckFailedException"),
        ..Table::default()
    });
    let (output, took, _) = play(&table, 0, |_, _| {});
    assert_eq!(output["caught"]["Error"], "DynamoDb.ConditionalCheckFailedException");
    assert!(took < 0.1, "{took}");
}

#[test]
fn a_task_that_waits_for_no_token_has_none() {
    let definition = one(lambda(
        json!({"Parameters": {"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}}}),
    ));
    assert_eq!(execute(&definition, json!({})).error.as_deref(), Some("States.Runtime"));
}
