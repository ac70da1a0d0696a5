//! The time that an answer takes while AWS does not answer: the SDK's own clients with the time-outs that are deployed, on a clock
//! that costs no time.

use crate::{
    Answer, EventAnswer, Ingress, Ports,
    fakes::{Message, World, now, v3},
    http::TIME_LIMIT,
};
use aws_sdk_sqs::config::{
    Credentials, SharedCredentialsProvider, SharedHttpClient,
    http::{HttpRequest, HttpResponse},
};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use platform::{
    aws::{Patience, sdk_config},
    executions::StateMachine,
    start_buffer::SqsStartBuffer,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// An AWS for the SDK.
#[derive(Debug, Clone, Copy)]
enum Aws {
    After(Duration),
    Never,
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = *self;
        // Of SQS, which takes each message.
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let entries = body["Entries"].as_array().into_iter().flatten();
        let taken: Vec<_> = entries
            .map(|entry| json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "d"}))
            .collect();
        let answer = json!({"MessageId": "m", "Successful": taken, "Failed": [], "executionArn": "arn:execution", "startDate": 1.0});
        HttpConnectorFuture::new(async move {
            match aws {
                Self::After(delay) => tokio::time::sleep(delay).await,
                Self::Never => std::future::pending().await,
            }
            Ok(HttpResponse::new(200.try_into().unwrap(), answer.to_string().into()))
        })
    }
}

fn client(aws: Aws) -> SharedHttpClient {
    http_client_fn(move |_, _| SharedHttpConnector::new(aws))
}

/// The real starter of runs and the real queue, over an AWS that is as slow as a test asks; the other services are fakes.
enum SlowStarts {}

impl Ports for SlowStarts {
    type Triggers = World;
    type Secrets = World;
    type Executions = StateMachine;
    type StartBuffer = SqsStartBuffer;
    type Bodies = World;
    type DeadLetters = World;
}

/// An ingress whose workflows, keys and secrets are at hand.
fn ingress(world: &World, step_functions: Aws, sqs: Aws) -> Ingress<SlowStarts> {
    let region = |name: &str| (name == "AWS_REGION").then(|| "eu-west-1".to_owned());
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let config = sdk_config(region, Patience::Webhook).unwrap().into_builder();
    let config = config
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let executions = aws_sdk_sfn::config::Builder::from(&config).http_client(client(step_functions));
    let start_buffer = aws_sdk_sqs::config::Builder::from(&config).http_client(client(sqs));
    let known = world.ingress();
    Ingress {
        triggers: known.triggers,
        signing_secrets: known.signing_secrets,
        executions: StateMachine::new(aws_sdk_sfn::Client::from_conf(executions.build()), "arn:machine".into()),
        start_buffer: SqsStartBuffer::new(
            aws_sdk_sqs::Client::from_conf(start_buffer.build()),
            "https://queue".into(),
        ),
        bodies: known.bodies,
        dead_letters: known.dead_letters,
    }
}

#[tokio::test(start_paused = true)]
async fn f19_while_step_functions_does_not_answer_there_is_time_left_for_a_slow_start_buffer() {
    let (world, key) = World::new();
    let ingress = ingress(&world, Aws::Never, Aws::After(Duration::from_millis(1_100)));
    let begun = Instant::now();

    let answer = ingress.take(&Message::signed(&key, v3("01A")).delivery(), now()).await;

    assert!(
        matches!(&answer, Answer::Accepted(events) if matches!(events[..], [EventAnswer::Buffered { .. }])),
        "{answer:?}"
    );
    assert!(begun.elapsed() < TIME_LIMIT, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn f21_while_neither_answers_another_delivery_is_asked_for_in_time() {
    let (world, key) = World::new();
    let ingress = ingress(&world, Aws::Never, Aws::Never);
    let begun = Instant::now();

    let answer = ingress.take(&Message::signed(&key, v3("01A")).delivery(), now()).await;

    assert!(matches!(answer, Answer::Unavailable { .. }), "{answer:?}");
    assert!(begun.elapsed() < TIME_LIMIT, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_step_functions_has_no_time_for_reaches_a_slow_start_buffer_in_time() {
    let names: Vec<String> = (0..200).map(|number| format!("w{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (world, key) = World::with_routes_to(&names);
    let second = Aws::After(Duration::from_secs(1));
    let ingress = ingress(&world, second, Aws::After(Duration::from_millis(500)));
    let message = Message::signed(&key, v3("01A")).addressed_to("prod");
    let begun = Instant::now();

    let answer = ingress.take(&message.delivery(), now()).await;

    let Answer::HandedOn(answers) = &answer else {
        panic!("{answer:?}")
    };
    let buffered = answers
        .iter()
        .filter(|answer| matches!(answer.event, EventAnswer::Buffered { .. }));
    assert_eq!((answers.len(), buffered.count() >= 100), (200, true));
    assert!(begun.elapsed() <= Duration::from_secs(3), "{:?}", begun.elapsed());
}
