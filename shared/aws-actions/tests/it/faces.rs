//! Operations with names and inputs of their own.

use crate::{fields, ireland};
use aws_actions::{Action, Answered, FACES};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::HeaderMap;
use rstest::rstest;
use serde_json::{Value, json};

fn action(name: &str) -> Action {
    Action::named(name).unwrap_or_else(|| panic!("no action {name}"))
}

fn sent(name: &str, input: &Value) -> http::Request<Vec<u8>> {
    action(name).request(&fields(input), Some("k"), &ireland()).unwrap()
}

fn refused(name: &str, input: &Value) -> Vec<String> {
    action(name)
        .request(&fields(input), Some("k"), &ireland())
        .unwrap_err()
        .problems
}

#[test]
fn a_function_is_invoked_with_json_and_waited_for() {
    let input = json!({"integration": "prod", "function_name": "restart:live", "payload": {"incident": "Q1"}});
    let request = sent("aws.invoke_lambda", &input);

    assert_eq!(
        request.uri(),
        "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/restart%3Alive/invocations"
    );
    assert_eq!(request.headers()["x-amz-invocation-type"], "RequestResponse");
    assert_eq!(request.body(), br#"{"incident":"Q1"}"#);
}

#[test]
fn a_function_that_is_not_waited_for_is_an_event() {
    let request = sent(
        "aws.invoke_lambda",
        &json!({"integration": "prod", "function_name": "f", "wait": false}),
    );

    assert_eq!(request.headers()["x-amz-invocation-type"], "Event");
    assert!(request.body().is_empty());
}

#[rstest]
#[case::json(200, None, r#"{"tasks": 3}"#, Ok(json!({"tasks": 3})))]
#[case::nothing(200, None, "null", Ok(Value::Null))]
#[case::accepted(202, None, "", Ok(Value::Null))]
#[case::text(200, None, "no JSON", Ok(json!("no JSON")))]
#[case::it_failed(
    200,
    Some("Unhandled"),
    r#"{"errorType": "KeyError", "errorMessage": "'cluster'"}"#,
    Err("AWS.JobFailed: Unhandled: the function failed: KeyError: 'cluster'")
)]
#[case::it_took_too_long(
    200,
    Some("Unhandled"),
    r#"{"errorMessage": "Task timed out after 3.00 seconds"}"#,
    Err("AWS.JobFailed: Unhandled: the function failed: Task timed out after 3.00 seconds")
)]
#[case::there_is_none(
    404,
    None,
    r#"{"Message": "Function not found"}"#,
    Err("AWS.NotFound: Function not found")
)]
fn the_result_of_a_function_is_what_it_returned(
    #[case] status: u16,
    #[case] error: Option<&str>,
    #[case] body: &str,
    #[case] meaning: Result<Value, &str>,
) {
    let mut headers = HeaderMap::new();
    if let Some(error) = error {
        headers.insert("x-amz-function-error", error.parse().unwrap());
    }
    let answered = match action("aws.invoke_lambda").answer(status, &headers, body.as_bytes()) {
        Answered::Done(outputs) => Ok(outputs["result"].clone()),
        Answered::Failed(error) => Err(format!("{}: {error}", error.name())),
        Answered::NotYet { .. } => panic!("it is no wait"),
    };
    assert_eq!(answered, meaning.map_err(str::to_owned));
}

#[test]
fn an_email_becomes_a_message_of_ses() {
    let input = json!({
        "integration": "prod", "from": "oncall@example.com", "to": ["a@example.com"], "subject": "Checkout\n is down",
        "text": "look", "reply_to": ["b@example.com"],
    });
    let request = sent("email.send", &input);

    assert_eq!(
        request.uri(),
        "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
    );
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        body,
        json!({
            "FromEmailAddress": "oncall@example.com",
            "Destination": {"ToAddresses": ["a@example.com"]},
            "ReplyToAddresses": ["b@example.com"],
            "Content": {"Simple": {
                "Subject": {"Data": "Checkout is down", "Charset": "UTF-8"},
                "Body": {"Text": {"Data": "look", "Charset": "UTF-8"}},
            }},
        })
    );
    let answered = action("email.send").answer(200, &HeaderMap::new(), br#"{"MessageId": "m-1"}"#);
    assert_eq!(answered, Answered::Done(fields(&json!({"message_id": "m-1"}))));
}

#[rstest]
#[case::no_message("email.send", json!({"integration": "p", "from": "a@b.c", "to": ["a@b.c"], "subject": "s"}),
    "at least one of `text` and `html` is needed")]
#[case::an_address_that_is_no_text("email.send",
    json!({"integration": "p", "from": "a@b.c", "to": [{}], "subject": "s", "text": "t"}),
    "`destination.to_addresses[0]` must be text")]
#[case::no_function("aws.invoke_lambda", json!({"integration": "p"}),
    "`function_name` is missing: the function, by its name or its ARN; the name can have an alias behind it, as in `restart:live`")]
fn an_input_that_is_not_taken_says_why(#[case] name: &str, #[case] input: Value, #[case] problem: &str) {
    assert_eq!(refused(name, &input), [problem]);
}

#[rstest]
#[case("aws.invoke_lambda", "lambda:InvokeFunction")]
#[case("email.send", "ses:SendEmail")]
fn the_rights_are_those_of_the_operation(#[case] name: &str, #[case] right: &str) {
    assert_eq!(action(name).iam_actions(), [right]);
}

#[test]
fn every_face_has_one_of_the_prefixes() {
    let names: Vec<String> = FACES
        .iter()
        .flat_map(|prefix| Action::faces(prefix))
        .map(|face| face.name())
        .collect();
    assert_eq!(names, ["aws.invoke_lambda", "email.send"]);
}

#[test]
fn a_payload_is_given_to_the_operation_in_base64() {
    // The operation alone takes bytes, so that what it has is not lost.
    let payload = BASE64.encode("x");
    let request = sent(
        "aws.lambda.invoke",
        &json!({"integration": "p", "function_name": "f", "payload": payload}),
    );
    assert_eq!(request.body(), b"x");
}
