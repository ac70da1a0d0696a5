//! An AWS that gives the answers of a script, in order, and remembers what it was asked: the SDK's own clients speak
//! to it, so that a test sees the requests as they are sent.

use crate::{
    aws::{Patience, sdk_config},
    table::Table,
};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, retry::RetryConfig, timeout::TimeoutConfig};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Clone)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

/// The answer to an operation and its request.
type Answer = Box<dyn FnMut(&str, &Value) -> Value + Send>;

struct Script {
    answer: Answer,
    asked: Vec<(String, Value)>,
    takes: Duration,
}

impl Scripted {
    /// A DynamoDB of a script, and a table in it.
    pub(crate) async fn answering(answers: impl IntoIterator<Item = Value>) -> (Self, Table) {
        Self::answered_by(script(answers)).await
    }

    /// A DynamoDB that answers an operation and its request so, and a table in it.
    pub(crate) async fn answered_by(answer: impl FnMut(&str, &Value) -> Value + Send + 'static) -> (Self, Table) {
        let (dynamodb, config) = Self::start(answer).await;
        let table = Table::new(aws_sdk_dynamodb::Client::new(&config), "table".into());
        (dynamodb, table)
    }

    /// An AWS of a script, and the configuration of clients of it. An answer with the field `__type` is an error.
    pub(crate) async fn aws(answers: impl IntoIterator<Item = Value>) -> (Self, SdkConfig) {
        Self::start(script(answers)).await
    }

    async fn start(answer: impl FnMut(&str, &Value) -> Value + Send + 'static) -> (Self, SdkConfig) {
        let aws = Self(Arc::new(Mutex::new(Script {
            answer: Box::new(answer),
            asked: Vec::new(),
            takes: Duration::ZERO,
        })));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(serve).with_state(aws.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let lookup = |name: &str| match name {
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "AWS_ENDPOINT_URL" => Some(url.clone()),
            _ => None,
        };
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = sdk_config(lookup, Patience::Webhook).unwrap().into_builder();
        // The script counts requests, so none may be repeated.
        let config = config
            .timeout_config(TimeoutConfig::disabled())
            .retry_config(RetryConfig::disabled())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        (aws, config)
    }

    /// The operations so far, each with its request.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().asked.clone()
    }

    /// Has each further answer take so long.
    pub(crate) fn takes(&self, time: Duration) {
        self.0.lock().unwrap().takes = time;
    }

    /// The answer to a write whose condition does not hold.
    pub(crate) fn condition_failed() -> Value {
        Self::error("ConditionalCheckFailedException")
    }

    /// An error of DynamoDB.
    pub(crate) fn error(code: &str) -> Value {
        json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "it failed"})
    }

    /// The answer to a transaction that is cancelled, with the reason of each of its writes.
    pub(crate) fn cancelled(reasons: &[&str]) -> Value {
        let reasons: Vec<_> = reasons.iter().map(|code| json!({ "Code": code })).collect();
        let mut error = Self::error("TransactionCanceledException");
        error["CancellationReasons"] = json!(reasons);
        error
    }
}

/// What DynamoDB refuses in the expressions of a request, whatever is in the table: a name or a value that is not there or not
/// used.
fn malformed(request: &Value) -> Option<String> {
    match request {
        Value::Array(parts) => parts.iter().find_map(malformed),
        Value::Object(fields) => {
            let of_this = malformed_here(fields);
            of_this.or_else(|| fields.values().find_map(malformed))
        }
        _ => None,
    }
}

fn malformed_here(fields: &serde_json::Map<String, Value>) -> Option<String> {
    let expressions = fields.iter().filter(|(name, _)| name.ends_with("Expression"));
    let text: Vec<&str> = expressions.filter_map(|(_, text)| text.as_str()).collect();
    let is_end = |character: char| !(character.is_ascii_alphanumeric() || "_#:".contains(character));
    let used: std::collections::BTreeSet<&str> = text
        .iter()
        .flat_map(|text| text.split(is_end))
        .filter(|word| word.starts_with(['#', ':']))
        .collect();
    let given: std::collections::BTreeSet<&str> = ["ExpressionAttributeNames", "ExpressionAttributeValues"]
        .iter()
        .filter_map(|name| fields.get(*name)?.as_object())
        .flat_map(|given| given.keys().map(String::as_str))
        .collect();
    (used != given).then(|| format!("the expressions {text:?} use {used:?}, and given are {given:?}"))
}

fn script(answers: impl IntoIterator<Item = Value>) -> impl FnMut(&str, &Value) -> Value + Send + 'static {
    let mut answers: VecDeque<Value> = answers.into_iter().collect();
    move |_, _| answers.pop_front().expect("the script has an answer to everything")
}

async fn serve(State(aws): State<Scripted>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit_once('.').unwrap().1.to_owned();
    let request = serde_json::from_slice(&body).unwrap();
    let (answer, takes) = {
        let mut script = aws.0.lock().unwrap();
        let answer = match malformed(&request) {
            Some(problem) => json!({"__type": "ValidationException", "message": problem}),
            None => (script.answer)(&operation, &request),
        };
        script.asked.push((operation, request));
        (answer, script.takes)
    };
    tokio::time::sleep(takes).await;
    let status = match answer.get("__type") {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    (status, answer.to_string())
}
