//! What people read of each way in which AWS can fail, whichever service it is: the SDK's own clients are asked, with settings that
//! are wrong or against a socket that answers wrongly.

use super::*;
use aws_config::{
    BehaviorVersion, Region, SdkConfig, profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use rstest::rstest;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

/// What never reaches people: words of the SDK, and of its debug forms.
const RAW: [&str; 10] = [
    "dispatch failure",
    "service error",
    "response error",
    "construction failure",
    "timeout error",
    "unhandled",
    "Unhandled",
    "SdkBody",
    "Request {",
    "Err(",
];

/// The form of a service's refusal.
#[derive(Debug, Clone, Copy)]
enum Form {
    Json,
    /// JSON of a service that is asked by paths.
    RestJson,
    Xml,
    Cbor,
}

/// What keeps each client from its answer. One call of each service that the command speaks to.
async fn failures(config: &SdkConfig) -> BTreeMap<&'static str, AwsFailure> {
    macro_rules! failure {
        ($request:expr) => {
            AwsFailure::of(&$request.send().await.map(|_| ()).unwrap_err())
        };
    }
    BTreeMap::from([
        (
            "cloudformation",
            failure!(aws_sdk_cloudformation::Client::new(config).describe_stacks()),
        ),
        (
            "cloudwatch",
            failure!(aws_sdk_cloudwatch::Client::new(config).describe_alarms()),
        ),
        (
            "cloudwatchlogs",
            failure!(aws_sdk_cloudwatchlogs::Client::new(config).filter_log_events()),
        ),
        (
            "dynamodb",
            failure!(aws_sdk_dynamodb::Client::new(config).describe_table().table_name("t-1")),
        ),
        (
            "scheduler",
            failure!(aws_sdk_scheduler::Client::new(config).get_schedule().name("w")),
        ),
        (
            "secretsmanager",
            failure!(
                aws_sdk_secretsmanager::Client::new(config)
                    .get_secret_value()
                    .secret_id("s")
            ),
        ),
        (
            "sfn",
            failure!(
                aws_sdk_sfn::Client::new(config)
                    .describe_execution()
                    .execution_arn("arn")
            ),
        ),
        (
            "sqs",
            failure!(
                aws_sdk_sqs::Client::new(config)
                    .get_queue_attributes()
                    .queue_url("https://queue")
            ),
        ),
        ("sts", failure!(aws_sdk_sts::Client::new(config).get_caller_identity())),
    ])
}

fn form_of(service: &str) -> Form {
    match service {
        "cloudformation" | "sts" => Form::Xml,
        "cloudwatch" => Form::Cbor,
        "scheduler" => Form::RestJson,
        _ => Form::Json,
    }
}

/// Settings with which all clients would work at an endpoint.
async fn working(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(Duration::from_millis(700))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(aws_config().await.http_client().unwrap())
        .region(Region::new("eu-west-1"))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .load()
        .await
}

/// A socket that gives each request the answer that fits it; none if it keeps silent.
fn socket(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut silent = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let request = request(&mut connection);
            match answer(&request) {
                Some(answer) => connection.write_all(&answer).unwrap_or_default(),
                None => silent.push(connection),
            }
        }
    });
    url
}

/// Reads a request as a whole, so that its sender is not told off while it writes.
fn request(connection: &mut TcpStream) -> String {
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = connection.read(&mut buffer).unwrap_or_default();
        read.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&read).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                return text;
            }
            continue;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
        if body.len() >= length || count == 0 {
            return text;
        }
    }
}

fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A refusal in the form of the service that was asked, which the request tells.
fn refusal(request: &str, status: &str, code: &str, message: &str) -> Vec<u8> {
    if request.contains("rpc-v2-cbor") {
        let text = |text: &str| [&[0x78, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let body = [
            &[0xa2][..],
            &text("__type"),
            &text(code),
            &text("message"),
            &text(message),
        ]
        .concat();
        return answer(status, "application/cbor", &body);
    }
    if request.contains("x-amz-target") {
        let body = serde_json::json!({ "__type": code, "message": message }).to_string();
        return answer(status, "application/x-amz-json-1.0", body.as_bytes());
    }
    if request.starts_with("get /schedules/") {
        let body = serde_json::json!({ "__type": code, "Message": message }).to_string();
        return answer(status, "application/json", body.as_bytes());
    }
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>r</RequestId></ErrorResponse>"
    );
    answer(status, "text/xml", body.as_bytes())
}

fn assert_all(failures: &BTreeMap<&str, AwsFailure>, kind: AwsFailureKind, words: &str) {
    for (service, failure) in failures {
        let (shown, form) = (failure.to_string(), form_of(service));
        assert_eq!(failure.kind(), kind, "{service} ({form:?}): {shown}");
        assert!(shown.contains(words), "{service} ({form:?}): {shown}");
        for raw in RAW {
            assert!(!shown.contains(raw), "{service} ({form:?}): {shown}");
        }
    }
}

#[tokio::test]
async fn without_credentials_all_services_say_so() {
    let config = working("http://127.0.0.1:9").await.into_builder();
    let provider = ProviderConfig::without_region().with_http_client(aws_config().await.http_client().unwrap());
    let profile = ProfileFileCredentialsProvider::builder().configure(&provider);
    let profile = profile.profile_name("no-such-profile").build();
    let config = config
        .credentials_provider(SharedCredentialsProvider::new(profile))
        .build();
    assert_all(
        &failures(&config).await,
        AwsFailureKind::NoCredentials,
        "there are no AWS credentials",
    );

    let mut config = working("http://127.0.0.1:9").await.into_builder();
    config.set_credentials_provider(None);
    let failures = failures(&config.build()).await;
    assert_all(&failures, AwsFailureKind::NoCredentials, "there are no AWS credentials");
}

#[tokio::test]
async fn without_a_region_all_services_say_so() {
    for endpoint in [Some("http://127.0.0.1:9".to_owned()), None] {
        let mut config = working("http://127.0.0.1:9").await.into_builder();
        config.set_region(None);
        config.set_endpoint_url(endpoint);
        assert_all(
            &failures(&config.build()).await,
            AwsFailureKind::NoRegion,
            "no AWS region is set",
        );
    }
}

#[rstest]
#[case("notaurl")]
#[case("http://")]
#[case("127.0.0.1:4566")]
#[tokio::test]
async fn an_endpoint_that_is_no_url_is_said_to_be_none(#[case] endpoint: &str) {
    let config = working(endpoint).await;
    assert_all(
        &failures(&config).await,
        AwsFailureKind::BadEndpoint,
        "the endpoint is not a URL",
    );
}

#[tokio::test]
async fn where_nothing_listens_the_system_says_why() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = working(&format!("http://{closed}")).await;
    let failures = failures(&config).await;
    assert_all(&failures, AwsFailureKind::Unreachable, "Connection refused");
}

#[tokio::test]
async fn a_host_that_is_not_known_is_out_of_reach() {
    let config = working("http://no-such-host.invalid").await;
    assert_all(
        &failures(&config).await,
        AwsFailureKind::Unreachable,
        "no connection to AWS: ",
    );
}

#[tokio::test]
async fn what_does_not_answer_in_time_is_said_to_be_late() {
    let config = working(&socket(|_| None)).await;
    assert_all(
        &failures(&config).await,
        AwsFailureKind::TimedOut,
        "no answer came in time",
    );
}

#[rstest]
#[case::gateway("502 Bad Gateway", AwsFailureKind::Down, "status 502")]
#[case::login_page("200 OK", AwsFailureKind::NotAws, "status 200")]
#[case::proxy("407 Proxy Authentication Required", AwsFailureKind::NotAws, "status 407")]
#[tokio::test]
async fn an_answer_that_is_not_one_of_aws_is_told_with_its_status(
    #[case] status: &'static str,
    #[case] kind: AwsFailureKind,
    #[case] words: &str,
) {
    let config = working(&socket(move |_| Some(answer(status, "text/html", b"<html><h1>Hello")))).await;
    assert_all(&failures(&config).await, kind, words);
}

#[rstest]
#[case::denied(
    "403 Forbidden",
    "AccessDenied",
    "User: x is not authorized to perform: y",
    AwsFailureKind::Denied
)]
#[case::denied_too(
    "400 Bad Request",
    "AccessDeniedException",
    "User: x is not authorized",
    AwsFailureKind::Denied
)]
#[case::expired(
    "403 Forbidden",
    "ExpiredToken",
    "The security token included in the request is expired",
    AwsFailureKind::Expired
)]
#[case::expired_too(
    "400 Bad Request",
    "ExpiredTokenException",
    "The security token is expired",
    AwsFailureKind::Expired
)]
#[case::unknown_key(
    "403 Forbidden",
    "InvalidClientTokenId",
    "The token is invalid",
    AwsFailureKind::Unrecognized
)]
#[case::unknown_key_too(
    "400 Bad Request",
    "UnrecognizedClientException",
    "The token is invalid",
    AwsFailureKind::Unrecognized
)]
#[case::wrong_secret(
    "403 Forbidden",
    "SignatureDoesNotMatch",
    "It does not match",
    AwsFailureKind::Unrecognized
)]
#[case::wrong_clock(
    "403 Forbidden",
    "SignatureDoesNotMatch",
    "Signature expired: it is now earlier than",
    AwsFailureKind::WrongClock
)]
#[case::missing(
    "400 Bad Request",
    "ResourceNotFoundException",
    "Requested resource not found",
    AwsFailureKind::Missing
)]
#[case::throttled("400 Bad Request", "ThrottlingException", "Rate exceeded", AwsFailureKind::Throttled)]
#[case::down("500 Internal Server Error", "InternalFailure", "It failed", AwsFailureKind::Down)]
#[case::down_without_a_known_code("503 Slow", "SomethingNew", "It failed", AwsFailureKind::Down)]
#[case::refused(
    "400 Bad Request",
    "ValidationException",
    "1 validation error",
    AwsFailureKind::Refused
)]
#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_the_service(
    #[case] status: &'static str,
    #[case] code: &'static str,
    #[case] message: &'static str,
    #[case] kind: AwsFailureKind,
) {
    let config = working(&socket(move |request| Some(refusal(request, status, code, message)))).await;
    let failures = failures(&config).await;
    assert_all(&failures, kind, message);
    assert_all(&failures, kind, code);
}

const KINDS: [AwsFailureKind; 14] = [
    AwsFailureKind::NoCredentials,
    AwsFailureKind::NoRegion,
    AwsFailureKind::BadEndpoint,
    AwsFailureKind::Unreachable,
    AwsFailureKind::TimedOut,
    AwsFailureKind::NotAws,
    AwsFailureKind::Expired,
    AwsFailureKind::Unrecognized,
    AwsFailureKind::Denied,
    AwsFailureKind::Missing,
    AwsFailureKind::Throttled,
    AwsFailureKind::Down,
    AwsFailureKind::WrongClock,
    AwsFailureKind::Refused,
];

fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    let lookup = |name: &str| {
        let variable = variables.iter().find(|(variable, _)| *variable == name);
        variable.map(|(_, value)| (*value).to_owned())
    };
    Surroundings {
        caller: Some("arn:aws:sts::123456789012:assumed-role/on-call/ada".to_owned()),
        region: Some("eu-west-1".to_owned()),
        ..Surroundings::known(lookup, "pagerflow".to_owned())
    }
}

#[test]
fn each_kind_of_failure_names_account_region_and_credentials_and_a_command_or_what_to_do() {
    let surroundings = surroundings(&[("AWS_REGION", "eu-west-1"), ("AWS_PROFILE", "work")]);
    let told: Vec<String> = KINDS
        .iter()
        .map(|kind| told(&format!("{kind:?}"), *kind, &surroundings))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn it_is_said_which_variable_or_profile_a_setting_comes_from() {
    let line = |variables: &[(&str, &str)]| surroundings(variables).line(AwsFailureKind::Denied);
    assert_eq!(
        line(&[
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        ]),
        "AWS: account 123456789012 as arn:aws:sts::123456789012:assumed-role/on-call/ada, region eu-west-1 (from \
         AWS_DEFAULT_REGION), credentials from AWS_ACCESS_KEY_ID."
    );
    let by_profile = line(&[("AWS_PROFILE", "work")]);
    assert!(
        by_profile.contains("region eu-west-1 (from profile work, by AWS_PROFILE)"),
        "{by_profile}"
    );
    assert!(line(&[]).contains("credentials from profile default"));
    let secret = line(&[
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
    ]);
    assert!(
        !secret.contains("AKIDEXAMPLE") && !secret.contains("s3cret"),
        "{secret}"
    );
}

#[test]
fn a_table_that_a_forgotten_variable_names_is_told_with_the_variable() {
    let surroundings = surroundings(&[
        ("PAGERFLOW_TABLE_NAME", "old"),
        ("PAGERFLOW_WEBHOOK_URL", "https://old"),
    ]);
    let told = told("no table", AwsFailureKind::Missing, &surroundings);
    assert!(
        told.contains("PAGERFLOW_TABLE_NAME, PAGERFLOW_WEBHOOK_URL say"),
        "{told}"
    );
}

#[test]
fn an_error_of_aws_is_found_in_each_error_that_carries_one() {
    let failure = || AwsFailure::from("x");
    let name = || "pagerflow".to_owned();
    for error in [
        Error::CloudFormation {
            name: name(),
            cause: failure(),
        },
        Error::Resources {
            name: name(),
            cause: failure(),
        },
        platform::table::StoreError::Unavailable {
            operation: "read",
            cause: failure(),
        }
        .into(),
        platform::secrets::ChangeError::Write(platform::secrets::WriteError {
            name: name(),
            cause: failure(),
        })
        .into(),
        platform::secrets::RemoveError {
            name: name(),
            cause: failure(),
        }
        .into(),
        platform::executions::StartError::OutOfReach {
            run: "abc".parse().unwrap(),
            cause: failure(),
        }
        .into(),
        platform::executions::StartError::Refused {
            run: "abc".parse().unwrap(),
            cause: failure(),
        }
        .into(),
        platform::table::ApplyError::Store(platform::table::StoreError::Unavailable {
            operation: "x",
            cause: failure(),
        })
        .into(),
        platform::table::StateError::Store(platform::table::StoreError::Unavailable {
            operation: "x",
            cause: failure(),
        })
        .into(),
        Error::Unusable {
            alias: "prod".parse().unwrap(),
            cause: platform::secrets::SecretError::Unavailable {
                name: name(),
                cause: failure(),
            },
        },
    ] {
        assert_eq!(kind_of(&error), Some(AwsFailureKind::Refused), "{error:?}");
    }
    assert_eq!(kind_of(&Error::NoStack { name: name() }), Some(AwsFailureKind::Missing));
    assert_eq!(kind_of(&Error::Invalid(name())), None);
}
