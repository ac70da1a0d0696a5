//! Requests of the ingress to AWS: the SDK's own clients against a server that counts requests.
//!
//! The other tests count calls of our own traits. These find whatever the SDK sends besides: a retry of an answer that
//! is final, a look-up of credentials or of an endpoint.

use crate::{
    Answer, EventAnswer, Ingress,
    fakes::{Message, SIGNING_SECRET, World, noise, now, signature, signing_secrets, v3, v3_with},
};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse};
use platform::{
    aws::{Patience, sdk_config},
    dead_letters::SqsDeadLetters,
    executions::StateMachine,
    secrets::{SecretNames, SecretsManager, SigningSecretsSource},
    start_buffer::SqsStartBuffer,
    table::{KeyState, Table, TriggerCache},
};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

type RealIngress = Ingress<crate::Aws>;

/// An AWS of one workflow and its key, which remembers the operations that it was asked for.
#[derive(Clone)]
struct Aws(Arc<Mutex<Asked>>);

struct Asked {
    items: Vec<Value>,
    routes: Vec<Value>,
    started: HashSet<String>,
    /// The bodies that are stored, by the partition key of their run.
    bodies: HashMap<String, Value>,
    operations: Vec<String>,
}

impl Aws {
    async fn serve(world: &World) -> (Self, RealIngress) {
        let (items, routes) = world.with(|state| {
            let keys = state
                .keys
                .iter()
                .map(|key| item(&json!(key), "KEYS", key.key_id.as_str()));
            let workflow = item(&json!(state.workflow), "WORKFLOWS", state.workflow.workflow.as_str());
            let items = std::iter::once(workflow).chain(keys);
            let routes = state.routes.iter();
            let routes = routes.map(|route| item(&json!(route), "ROUTES", route.workflow.as_str()));
            (items.collect(), routes.collect())
        });
        let aws = Self(Arc::new(Mutex::new(Asked {
            items,
            routes,
            started: HashSet::new(),
            bodies: HashMap::new(),
            operations: Vec::new(),
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
        let credentials = aws_sdk_dynamodb::config::Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = sdk_config(lookup, Patience::Webhook).unwrap().into_builder();
        // Requests are counted, so none may be repeated because this machine was slow.
        let config = config
            .timeout_config(TimeoutConfig::disabled())
            .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(credentials))
            .build();
        let table = Table::new(aws_sdk_dynamodb::Client::new(&config), "table".into());
        let secrets = SecretsManager::new(aws_sdk_secretsmanager::Client::new(&config));
        let ingress: RealIngress = Ingress {
            triggers: TriggerCache::new(table.clone()),
            signing_secrets: SigningSecretsSource::new(secrets, SecretNames::new("pagerflow")),
            executions: StateMachine::new(aws_sdk_sfn::Client::new(&config), "arn:machine".into()),
            start_buffer: SqsStartBuffer::new(aws_sdk_sqs::Client::new(&config), format!("{url}/start-buffer")),
            bodies: table,
            dead_letters: SqsDeadLetters::new(aws_sdk_sqs::Client::new(&config), format!("{url}/queue")),
        };
        (aws, ingress)
    }

    fn take_operations(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().operations)
    }
}

/// Answers a request of the SDK. Its operation stands in a header.
async fn answer(State(aws): State<Aws>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let operation = target.rsplit_once('.').unwrap().1.to_owned();
    let mut asked = aws.0.lock().unwrap();
    asked.operations.push(operation.clone());
    let body: Value = serde_json::from_slice(&body).unwrap();
    let (status, answer) = match operation.as_str() {
        "BatchGetItem" => (200, json!({"Responses": {"table": asked.items}, "UnprocessedKeys": {}})),
        "GetItem" => {
            let mut keys = asked.items.iter();
            let wanted = (&body["Key"]["pk"], &body["Key"]["sk"]);
            let key = keys.find(|item| (&item["pk"], &item["sk"]) == wanted);
            (200, json!({ "Item": key }))
        }
        "Query" => (200, json!({"Items": asked.routes})),
        "GetSecretValue" => {
            let secret = signing_secrets(&[SIGNING_SECRET]);
            (200, json!({"SecretString": secret.expose_secret()}))
        }
        "PutItem" => {
            let pk = body["Item"]["pk"]["S"].as_str().unwrap().to_owned();
            let only_new = body["ConditionExpression"] == "attribute_not_exists(#pk)";
            match asked.bodies.contains_key(&pk) && only_new {
                true => (
                    400,
                    json!({"__type": "ConditionalCheckFailedException", "message": "it exists"}),
                ),
                false => {
                    asked.bodies.insert(pk, body["Item"]["body"].clone());
                    (200, json!({}))
                }
            }
        }
        "StartExecution" if asked.started.insert(body["name"].as_str().unwrap().to_owned()) => (
            200,
            json!({"executionArn": "arn:execution", "startDate": 1_800_000_000.0}),
        ),
        "StartExecution" => (400, json!({"__type": "ExecutionAlreadyExists", "message": "it exists"})),
        "SendMessage" => (200, json!({"MessageId": "m"})),
        other => panic!("not expected: {other}"),
    };
    (axum::http::StatusCode::from_u16(status).unwrap(), answer.to_string())
}

/// A record as an item of DynamoDB.
fn item(record: &Value, pk: &str, sk: &str) -> Value {
    let mut fields: Map<String, Value> = record
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect();
    fields.insert("pk".into(), json!({"S": pk}));
    fields.insert("sk".into(), json!({"S": sk}));
    Value::Object(fields)
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(value) => json!({"BOOL": value}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(items) => json!({"L": items.iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(fields) => {
            json!({"M": fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>()})
        }
    }
}

fn outcome(answer: &Answer) -> &'static str {
    match answer {
        Answer::Accepted(events) => match events.first() {
            Some(EventAnswer::Started { .. }) => "started",
            Some(EventAnswer::Duplicate { .. }) => "duplicate",
            Some(EventAnswer::Buffered { .. }) => "buffered",
            Some(EventAnswer::Ignored { .. }) => "ignored",
            Some(EventAnswer::Unreadable { .. }) => "unreadable",
            None => "nothing",
        },
        Answer::HandedOn(_) => "handed on",
        Answer::Unauthorized { .. } => "unauthorized",
        Answer::TooLarge => "too large",
        Answer::Unavailable { .. } => "unavailable",
    }
}

#[tokio::test]
async fn an_accepted_webhook_takes_three_requests_cold_and_one_warm_and_garbage_takes_none() {
    let (world, key) = World::new();
    let (aws, ingress) = Aws::serve(&world).await;
    let take = async |message: Message| outcome(&ingress.take(&message.delivery(), now()).await);

    assert_eq!(take(Message::signed(&key, v3("cold"))).await, "started");
    assert_eq!(
        aws.take_operations(),
        ["BatchGetItem", "GetSecretValue", "StartExecution"]
    );

    assert_eq!(take(Message::signed(&key, v3("warm"))).await, "started");
    assert_eq!(aws.take_operations(), ["StartExecution"]);

    assert_eq!(take(Message::signed(&key, v3("warm"))).await, "duplicate");
    assert_eq!(aws.take_operations(), ["StartExecution"], "and no retry");

    let unwanted = v3("unwanted").replace("incident.triggered", "incident.resolved");
    assert_eq!(take(Message::signed(&key, unwanted)).await, "ignored");
    assert_eq!(aws.take_operations(), [""; 0]);

    let mut forged = Message::signed(&key, v3("forged"));
    forged.signature = Some(signature("another secret", &forged.body));
    assert_eq!(take(forged).await, "unauthorized");
    assert_eq!(aws.take_operations(), [""; 0]);

    let mut garbage = Message::signed(&key, v3("garbage"));
    garbage.api_key = Some("pgf_garbage".into());
    assert_eq!(take(garbage).await, "unauthorized");
    assert_eq!(aws.take_operations(), [""; 0]);

    assert_eq!(take(Message::signed(&key, "{}")).await, "unreadable");
    assert_eq!(aws.take_operations(), ["SendMessage"]);
}

#[tokio::test]
async fn a_webhook_that_runs_wait_for_takes_one_request_more() {
    let (world, key) = World::new();
    world.with(|state| {
        let types = ["incident.resolved".to_owned(), "incident.triggered".to_owned()].into();
        state.workflow.awaits = [("prod".parse().unwrap(), types)].into();
    });
    let (aws, ingress) = Aws::serve(&world).await;
    let take = async |message: Message| outcome(&ingress.take(&message.delivery(), now()).await);

    assert_eq!(take(Message::signed(&key, v3("cold"))).await, "started");
    aws.take_operations();

    assert_eq!(take(Message::signed(&key, v3("warm"))).await, "started");
    let mut operations = aws.take_operations();
    operations.sort();
    assert_eq!(operations, ["SendMessage", "StartExecution"]);

    let resolved = v3("resolved").replace("incident.triggered", "incident.resolved");
    assert_eq!(take(Message::signed(&key, resolved)).await, "ignored");
    assert_eq!(aws.take_operations(), ["SendMessage"]);

    let escalated = v3("escalated").replace("incident.triggered", "incident.escalated");
    assert_eq!(take(Message::signed(&key, escalated)).await, "ignored");
    assert_eq!(aws.take_operations(), [""; 0]);
}

#[rstest]
#[case::service(json!({"services": ["Checkout"]}), "service")]
#[case::team(json!({"teams": ["Platform"]}), "team")]
#[case::priority(json!({"priorities": ["P1"]}), "priority")]
#[case::urgency(json!({"urgency": "low"}), "urgency")]
#[tokio::test]
async fn an_event_that_passes_no_filter_costs_no_request(#[case] filters: Value, #[case] reason: &str) {
    let (world, key) = World::new();
    world.with(|state| {
        let trigger = state.workflow.trigger.as_mut().unwrap();
        trigger.filters = serde_json::from_value(filters).unwrap();
    });
    let (aws, ingress) = Aws::serve(&world).await;
    let wanted = json!({
        "service": {"id": "PSVC1", "summary": "Checkout"}, "teams": [{"id": "PT1", "summary": "Platform"}],
        "priority": {"id": "PP1", "summary": "P1"}, "urgency": "low",
    });
    let accepted = ingress
        .take(&Message::signed(&key, v3_with("wanted", wanted)).delivery(), now())
        .await;
    assert_eq!(outcome(&accepted), "started");
    aws.take_operations();

    let answer = ingress
        .take(&Message::signed(&key, v3("unwanted")).delivery(), now())
        .await;

    let Answer::Accepted(events) = &answer else {
        panic!("{answer:?}")
    };
    assert_eq!(json!(events), json!([{"outcome": "ignored", "reason": reason}]));
    assert_eq!(aws.take_operations(), [""; 0]);
}

#[tokio::test]
async fn a_webhook_of_an_integration_takes_two_reads_and_a_secret_cold_and_one_start_for_each_workflow() {
    let (world, key) = World::with_routes_to(&["a", "b", "unwanted"]);
    world.with(|state| state.routes[2].trigger.as_mut().unwrap().events.clear());
    let (aws, ingress) = Aws::serve(&world).await;
    let take = async |message: Message| ingress.take(&message.addressed_to("prod").delivery(), now()).await;

    for (event, reads) in [("cold", &["GetItem", "GetSecretValue", "Query"][..]), ("warm", &[])] {
        let answer = take(Message::signed(&key, v3(event))).await;
        assert!(matches!(answer, Answer::HandedOn(_)), "{answer:?}");
        let starts = ["StartExecution", "StartExecution"];
        assert_eq!(aws.take_operations(), [reads, &starts].concat());
    }

    let mut forged = Message::signed(&key, v3("forged"));
    forged.signature = Some(signature("another secret", &forged.body));
    assert!(matches!(take(forged).await, Answer::Unauthorized { .. }));
    assert_eq!(aws.take_operations(), [""; 0]);

    let wrong = world.new_key("a", KeyState::Active);
    let (aws, ingress) = Aws::serve(&world).await;
    let message = Message::signed(&wrong, v3("wrong key")).addressed_to("prod");
    let answer = ingress.take(&message.delivery(), now()).await;
    assert!(matches!(answer, Answer::Unauthorized { .. }), "{answer:?}");
    assert_eq!(aws.take_operations(), ["GetItem"]);
}

#[tokio::test]
async fn f17_another_large_body_of_the_same_event_does_not_replace_the_body_of_the_run() {
    let (world, key) = World::new();
    let (aws, ingress) = Aws::serve(&world).await;
    let take = async |data: Value| {
        let message = Message::signed(&key, v3_with("01A", data));
        outcome(&ingress.take(&message.delivery(), now()).await)
    };
    let bodies = || aws.0.lock().unwrap().bodies.clone();

    assert_eq!(take(json!({"noise": noise(256 * 1024)})).await, "started");
    let first = bodies();
    assert_eq!(take(json!({"noise": noise(250 * 1024)})).await, "duplicate");

    assert_eq!(first.len(), 1);
    assert_eq!(bodies(), first);
}
