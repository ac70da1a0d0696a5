//! Errors of services.

use crate::answer;
use aws_actions::Kind;
use rstest::rstest;

const QUERY: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>DBInstanceNotFound</Code><Message>no such\n  instance</Message></Error>\
                     <RequestId>r-1</RequestId></ErrorResponse>";
const EC2: &str = "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>none</Message></Error></Errors><RequestID>r-1</RequestID></Response>";
const S3: &str = "<Error><Code>NoSuchKey</Code><Message>none</Message><RequestId>r-1</RequestId></Error>";

#[rstest]
#[case::json("aws.ecs.describe_services", 400, &[("x-amzn-requestid", "r-1")], r#"{"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"Cluster not found."}"#,
    Kind::NotFound, "ClusterNotFoundException: Cluster not found. (request r-1)")]
#[case::json_by_a_header("aws.lambda.get_function", 404, &[("x-amzn-errortype", "ResourceNotFoundException:http://x.example/")], r#"{"Message":"none"}"#,
    Kind::NotFound, "ResourceNotFoundException: none")]
#[case::json_of_old_codes("aws.sqs.send_message", 400, &[("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
    r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"none"}"#, Kind::NotFound, "AWS.SimpleQueueService.NonExistentQueue: none")]
#[case::query("aws.rds.describe_db_instances", 404, &[], QUERY, Kind::NotFound, "DBInstanceNotFound: no such instance (request r-1)")]
#[case::ec2("aws.ec2.stop_instances", 400, &[], EC2, Kind::NotFound, "InvalidInstanceID.NotFound: none (request r-1)")]
#[case::xml("aws.s3.get_object", 404, &[], S3, Kind::NotFound, "NoSuchKey: none (request r-1)")]
#[case::xml_without_a_body("aws.s3.head_object", 404, &[("x-amz-request-id", "r-1")], "", Kind::NotFound, "Amazon S3 answered with status 404 (request r-1)")]
#[case::throttled("aws.ec2.stop_instances", 503, &[], "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow</Message></Error></Errors></Response>",
    Kind::RateLimited, "RequestLimitExceeded: slow")]
#[case::throttled_by_status("aws.lambda.invoke", 429, &[], "{}", Kind::RateLimited, "AWS Lambda answered with status 429")]
#[case::not_allowed("aws.ecs.update_service", 400, &[], r#"{"__type":"AccessDeniedException","Message":"User: x is not authorized"}"#,
    Kind::Forbidden, "AccessDeniedException: User: x is not authorized")]
#[case::expired("aws.ecs.update_service", 400, &[], r#"{"__type":"ExpiredTokenException","message":"old"}"#, Kind::Unauthorized, "ExpiredTokenException: old")]
#[case::refused("aws.ecs.update_service", 400, &[], r#"{"__type":"InvalidParameterException","message":"bad"}"#, Kind::InvalidRequest,
    "InvalidParameterException: bad")]
#[case::a_fault_while_reading("aws.ecs.describe_services", 500, &[], r#"{"__type":"ServerException","message":"oops"}"#, Kind::Unavailable, "ServerException: oops")]
#[case::a_fault_while_changing("aws.ecs.update_service", 500, &[], r#"{"__type":"ServerException","message":"oops"}"#, Kind::OutcomeUnknown, "ServerException: oops")]
#[case::something_in_front("aws.ecs.update_service", 502, &[], "<html><body>Bad Gateway</body></html>", Kind::OutcomeUnknown, "Amazon ECS answered with status 502")]
#[case::a_redirect("aws.s3.put_object", 301, &[], "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>", Kind::InvalidRequest,
    "PermanentRedirect: elsewhere")]
#[case::late("aws.s3.copy_object", 200, &[], "<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>late</Message></Error>", Kind::OutcomeUnknown,
    "InternalError: late")]
#[case::late_and_slow("aws.s3.copy_object", 200, &[], "<Error><Code>SlowDown</Code><Message>late</Message></Error>", Kind::RateLimited, "SlowDown: late")]
fn an_error_says_what_was_done(
    #[case] action: &str,
    #[case] status: u16,
    #[case] headers: &[(&str, &str)],
    #[case] body: &str,
    #[case] kind: Kind,
    #[case] told: &str,
) {
    let error = answer(action, status, headers, body).unwrap_err();

    assert_eq!((error.kind, error.to_string().as_str()), (kind, told));
}

#[test]
fn the_name_of_an_error_has_the_system_in_front() {
    let error = answer("aws.s3.get_object", 404, &[], S3).unwrap_err();

    assert_eq!(error.name().to_string(), "AWS.NotFound");
    assert!(!error.is_throttling() && !error.may_pass());
}

#[test]
fn an_object_that_looks_like_an_error_is_none() {
    let outputs = answer("aws.s3.get_object", 200, &[], "<Error><Code>NoSuchKey</Code></Error>");

    assert!(outputs.is_ok(), "{outputs:?}");
}

#[test]
fn long_words_are_cut_and_kept_on_one_line() {
    let body = format!("{{\"__type\":\"A\",\"message\":\"a\\n\\u0007{}\"}}", "b".repeat(5_000));
    let error = answer("aws.ecs.update_service", 400, &[], &body).unwrap_err();

    assert!(
        error.message.starts_with("a b") && error.message.chars().count() == 1_001,
        "{}",
        error.message.len()
    );
}
