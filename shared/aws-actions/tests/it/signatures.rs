//! Signatures.

use crate::{fields, ireland, of};
use aws_actions::{Operation, sign};
use aws_credential_types::Credentials;
use http::Request;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

fn signed(operation: Operation, input: &Value, secret: &str) -> Request<Vec<u8>> {
    let mut request = operation.request(&fields(input), None, &ireland()).unwrap();
    let credentials = Credentials::builder()
        .access_key_id("AKIDEXAMPLE")
        .secret_access_key(secret)
        .session_token("a token")
        .provider_name("test")
        .build();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_801_386_000);
    sign(&mut request, &operation.scope(&ireland()), &credentials, time).unwrap();
    request
}

fn header<'a>(request: &'a Request<Vec<u8>>, name: &str) -> &'a str {
    request.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[rstest]
#[case("aws.ecs.list_clusters", json!({}), "20270131/eu-west-1/ecs/aws4_request")]
#[case("aws.route53.list_hosted_zones", json!({}), "20270131/us-east-1/route53/aws4_request")]
#[case("aws.ecr.describe_registry", json!({}), "20270131/eu-west-1/ecr/aws4_request")]
#[case("aws.sesv2.get_account", json!({}), "20270131/eu-west-1/ses/aws4_request")]
#[case("aws.cloudwatch.list_metrics", json!({}), "20270131/eu-west-1/monitoring/aws4_request")]
fn a_signature_is_good_for_its_service_and_region_alone(
    #[case] action: &str,
    #[case] input: Value,
    #[case] scope: &str,
) {
    let request = signed(of(action), &input, "secret");

    let authorization = header(&request, "authorization");
    assert!(
        authorization.contains(&format!("Credential=AKIDEXAMPLE/{scope},")),
        "{authorization}"
    );
    assert_eq!(header(&request, "x-amz-date"), "20270131T090000Z");
    assert_eq!(header(&request, "x-amz-security-token"), "a token");
}

#[test]
fn only_a_request_to_s3_has_the_hash_of_its_body() {
    let to_s3 = signed(of("aws.s3.list_buckets"), &json!({}), "secret");
    let to_ecs = signed(of("aws.ecs.list_clusters"), &json!({}), "secret");

    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(header(&to_s3, "x-amz-content-sha256"), of_nothing);
    assert_eq!(header(&to_ecs, "x-amz-content-sha256"), "");
}

#[test]
fn a_signature_depends_on_the_body_and_the_secret() {
    let authorization = |input: Value, secret| {
        let request = signed(of("aws.ecs.update_service"), &input, secret);
        header(&request, "authorization").to_owned()
    };
    let one = authorization(json!({"service": "a"}), "secret");

    assert_eq!(one, authorization(json!({"service": "a"}), "secret"));
    assert_ne!(one, authorization(json!({"service": "b"}), "secret"));
    assert_ne!(one, authorization(json!({"service": "a"}), "another"));
}

#[test]
fn a_key_with_spaces_and_slashes_can_be_signed() {
    let request = signed(
        of("aws.s3.get_object"),
        &json!({"bucket": "logs", "key": "a b//c+d/é"}),
        "secret",
    );

    assert_eq!(request.uri().path(), "/a%20b//c%2Bd/%C3%A9");
}
