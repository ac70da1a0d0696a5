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
};

#[derive(Clone)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

struct Script {
    answers: VecDeque<Value>,
    asked: Vec<(String, Value)>,
}

impl Scripted {
    /// A DynamoDB of a script, and a table in it.
    pub(crate) async fn answering(answers: impl IntoIterator<Item = Value>) -> (Self, Table) {
        let (dynamodb, config) = Self::aws(answers).await;
        let table = Table::new(aws_sdk_dynamodb::Client::new(&config), "table".into());
        (dynamodb, table)
    }

    /// An AWS of a script, and the configuration of clients of it. An answer with the field `__type` is an error.
    pub(crate) async fn aws(answers: impl IntoIterator<Item = Value>) -> (Self, SdkConfig) {
        let aws = Self(Arc::new(Mutex::new(Script {
            answers: answers.into_iter().collect(),
            asked: Vec::new(),
        })));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(aws.clone());
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

    /// The answer to a write whose condition does not hold.
    pub(crate) fn condition_failed() -> Value {
        json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "it failed"})
    }
}

async fn answer(State(aws): State<Scripted>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit_once('.').unwrap().1.to_owned();
    let mut script = aws.0.lock().unwrap();
    script.asked.push((operation, serde_json::from_slice(&body).unwrap()));
    let answer = script
        .answers
        .pop_front()
        .expect("the script has an answer to everything");
    let status = match answer.get("__type") {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    (status, answer.to_string())
}
