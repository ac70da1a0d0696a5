use super::*;
use crate::scripted::Scripted;
use rstest::rstest;
use serde_json::{Map, Value, json};
use workflow::{
    ids::WorkflowVersion,
    run::{RunBody, RunCause, RunEvent, RunIdentity, WebhookKind},
    watch::Watch,
};

/// The input of a run with a body of so many bytes.
fn input(run: &str, bytes: usize) -> RunInput {
    RunInput {
        run: RunIdentity {
            id: run.parse().unwrap(),
            workflow: "memory-alert".parse().unwrap(),
            version: WorkflowVersion(3),
            depth: 0,
        },
        cause: RunCause::Event(RunEvent {
            webhook: WebhookKind::V3,
            event_id: "01A".into(),
            event_type: "incident.triggered".into(),
            body: RunBody::Input {
                data: "A".repeat(bytes).into(),
            },
            filter_error: None,
        }),
        inputs: Map::new(),
        part: None,
    }
}

fn inputs(count: usize, bytes: usize) -> Vec<RunInput> {
    (0..count)
        .map(|number| input(&format!("run-{number}"), bytes))
        .collect()
}

/// SQS's answer: which of the entries it has taken, and which it has not.
fn answer(taken: &[usize], refused: &[usize]) -> Value {
    let taken = taken
        .iter()
        .map(|place| json!({"Id": place.to_string(), "MessageId": "m", "MD5OfMessageBody": "d"}));
    let refused = refused.iter().map(
        |place| json!({"Id": place.to_string(), "SenderFault": false, "Code": "InternalError", "Message": "try again"}),
    );
    json!({"Successful": taken.collect::<Vec<_>>(), "Failed": refused.collect::<Vec<_>>()})
}

/// What SQS is sent, and what becomes of it.
async fn put(inputs: &[RunInput], answers: Vec<Value>) -> (Vec<Vec<Value>>, Result<(), BufferError>) {
    let (aws, config) = Scripted::aws(answers).await;
    let queue_url = config.endpoint_url().unwrap().to_owned() + "/start-buffer";
    let buffer = SqsStartBuffer::new(aws_sdk_sqs::Client::new(&config), queue_url);
    let result = buffer.put(&inputs.iter().collect::<Vec<_>>()).await;
    let requests = aws
        .asked()
        .into_iter()
        .map(|(operation, mut request)| match operation.as_str() {
            "SendMessage" => vec![request],
            "SendMessageBatch" => serde_json::from_value(request["Entries"].take()).unwrap(),
            other => panic!("not expected: {other}"),
        });
    (requests.collect(), result)
}

fn runs(request: &[Value]) -> Vec<String> {
    let run = |entry: &Value| {
        let input: RunInput = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
        input.run.id.to_string()
    };
    request.iter().map(run).collect()
}

#[tokio::test]
async fn f44_a_run_waits_in_the_group_of_its_workflow_so_that_none_waits_for_the_storm_of_another() {
    let input = input("a", 10);

    let (requests, result) = put(std::slice::from_ref(&input), vec![json!({"MessageId": "m"})]).await;

    result.unwrap();
    let [entry] = &requests[0][..] else {
        panic!("{requests:?}")
    };
    assert_eq!(entry["MessageGroupId"], "memory-alert");
    let message: RunInput = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(message, input);
}

/// An event of an incident.
fn event(incident: &str) -> AwaitedEvent {
    let event = input("a", 10).event().cloned().unwrap();
    AwaitedEvent {
        watch: Watch::new("prod".parse().unwrap(), incident).unwrap(),
        occurred_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        event,
    }
}

#[tokio::test]
async fn f44_an_event_waits_in_the_group_of_its_incident_and_not_behind_a_storm_of_runs() {
    let (aws, config) = Scripted::aws([json!({"MessageId": "m"})]).await;
    let queue_url = config.endpoint_url().unwrap().to_owned() + "/start-buffer";
    let buffer = SqsStartBuffer::new(aws_sdk_sqs::Client::new(&config), queue_url);

    buffer.put_events(&[&event("Q1")]).await.unwrap();

    let (operation, request) = aws.asked().remove(0);
    assert_eq!(operation, "SendMessage");
    assert_eq!(request["MessageGroupId"], "Q1");
    let message: Message = request["MessageBody"].as_str().unwrap().parse().unwrap();
    assert_eq!(message, Message::IncidentEvent(Box::new(event("Q1"))));
}

#[test]
fn a_message_says_by_its_one_field_that_it_is_an_event_and_is_the_input_of_a_run_otherwise() {
    let input = input("a", 10);
    assert_eq!(
        input.text().unwrap().parse::<Message>().unwrap(),
        Message::Run(Box::new(input))
    );
    let text = event("Q1").text().unwrap();
    let fields: Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["incident_event"]);
    for poison in ["", "poison", "{}", r#"{"incident_event": {}}"#, r#"{"event": {}}"#] {
        assert!(poison.parse::<Message>().is_err(), "{poison}");
    }
}

/// Messages that have waited since the release before are read.
#[test]
fn an_event_is_read_in_the_form_in_which_it_was_written_first() {
    let text = r#"{"incident_event":{"watch":{"integration":"prod","incident":"Q1"},"occurred_at":"2026-11-22T10:00:00Z",
        "event":{"webhook":"v3","event_id":"01A","event_type":"incident.triggered","body":{"in":"input","data":"AAAAAAAAAA"}}}}"#;
    assert_eq!(
        text.parse::<Message>().unwrap(),
        Message::IncidentEvent(Box::new(event("Q1")))
    );
}

#[rstest]
#[case::none(0, 10, &[])]
#[case::one(1, 10, &[1])]
#[case::ten(10, 10, &[10])]
#[case::eleven(11, 10, &[10, 1])]
#[case::the_largest_that_can_be(20, 128 * 1024, &[7, 7, 6])]
fn a_request_has_ten_messages_and_a_megabyte_at_most(
    #[case] count: usize,
    #[case] bytes: usize,
    #[case] expected: &[usize],
) {
    let inputs = inputs(count, bytes);
    let inputs: Vec<&RunInput> = inputs.iter().collect();

    let batches = batches(&inputs).unwrap();

    let sizes: Vec<usize> = batches
        .iter()
        .map(|batch| batch.len())
        .filter(|size| *size > 0)
        .collect();
    assert_eq!(sizes, expected);
    assert_eq!(batches.concat(), inputs);
    for batch in batches {
        let bytes: usize = batch.iter().map(|input| message(*input).unwrap().len()).sum();
        assert!(bytes <= 1024 * 1024, "{bytes}");
    }
}

#[tokio::test]
async fn what_sqs_does_not_take_while_it_takes_others_is_sent_once_more() {
    let (requests, result) = put(&inputs(4, 10), vec![answer(&[0, 2], &[1, 3]), answer(&[0, 1], &[])]).await;

    result.unwrap();
    let requests: Vec<_> = requests.iter().map(|request| runs(request)).collect();
    assert_eq!(
        requests,
        [vec!["run-0", "run-1", "run-2", "run-3"], vec!["run-1", "run-3"]]
    );
}

#[rstest]
#[case::refused(answer(&[0], &[1, 2]), answer(&[1], &[0]), "InternalError: try again")]
#[case::not_spoken_of(answer(&[0], &[]), answer(&[1], &[]), "does not say")]
#[tokio::test]
async fn a_run_that_sqs_does_not_take_is_told(#[case] first: Value, #[case] second: Value, #[case] said: &str) {
    let (_, result) = put(&inputs(3, 10), vec![first, second]).await;

    let error = result.unwrap_err();
    assert_eq!(error.subject, MessageSubject::Run("run-1".parse().unwrap()));
    assert!(error.to_string().contains(said), "{error}");
}

#[tokio::test]
async fn one_batch_that_is_not_taken_keeps_no_other_from_being_sent() {
    let refused = answer(&[], &(0..10).collect::<Vec<_>>());
    let answers = vec![refused.clone(), answer(&(0..10).collect::<Vec<_>>(), &[]), refused];

    let (requests, result) = put(&inputs(20, 10), answers).await;

    assert!(result.is_err());
    assert_eq!(requests.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 10]);
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_asked_once_for_each_request_under_way() {
    let missing = json!({"__type": "AWS.SimpleQueueService.NonExistentQueue", "message": "no such queue"});
    let (requests, result) = put(&inputs(1_000, 10), vec![missing; 100]).await;

    assert!(result.is_err());
    assert!(requests.len() <= REQUESTS_AT_ONCE, "{}", requests.len());
}
