//! Hosts and regions.

use crate::{fields, of};
use aws_actions::Place;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case("aws.ecs.list_clusters", "eu-west-1", "ecs.eu-west-1.amazonaws.com", "eu-west-1")]
#[case(
    "aws.ecs.list_clusters",
    "cn-north-1",
    "ecs.cn-north-1.amazonaws.com.cn",
    "cn-north-1"
)]
#[case(
    "aws.ecs.list_clusters",
    "us-gov-west-1",
    "ecs.us-gov-west-1.amazonaws.com",
    "us-gov-west-1"
)]
#[case(
    "aws.ecs.list_clusters",
    "eusc-de-east-1",
    "ecs.eusc-de-east-1.amazonaws.eu",
    "eusc-de-east-1"
)]
#[case(
    "aws.cloudwatch.list_metrics",
    "eu-west-1",
    "monitoring.eu-west-1.amazonaws.com",
    "eu-west-1"
)]
#[case(
    "aws.ecr.describe_repositories",
    "eu-west-1",
    "api.ecr.eu-west-1.amazonaws.com",
    "eu-west-1"
)]
#[case("aws.route53.list_hosted_zones", "eu-west-1", "route53.amazonaws.com", "us-east-1")]
#[case(
    "aws.route53.list_hosted_zones",
    "us-gov-east-1",
    "route53.us-gov.amazonaws.com",
    "us-gov-west-1"
)]
#[case(
    "aws.route53.list_hosted_zones",
    "cn-north-1",
    "route53.amazonaws.com.cn",
    "cn-northwest-1"
)]
#[case(
    "aws.cloudfront.list_distributions",
    "ap-south-1",
    "cloudfront.amazonaws.com",
    "us-east-1"
)]
#[case(
    "aws.health.describe_events",
    "eusc-de-east-1",
    "health.eusc-de-east-1.api.amazonwebservices.eu",
    "eusc-de-east-1"
)]
#[case(
    "aws.sts.get_caller_identity",
    "eu-west-1",
    "sts.eu-west-1.amazonaws.com",
    "eu-west-1"
)]
#[case("aws.s3.list_buckets", "eu-west-1", "s3.eu-west-1.amazonaws.com", "eu-west-1")]
fn a_service_has_a_host_in_each_region(
    #[case] action: &str,
    #[case] region: &str,
    #[case] host: &str,
    #[case] signed: &str,
) {
    let place = Place::region(region).unwrap();
    let request = of(action).request(&fields(&json!({})), None, &place).unwrap();

    assert_eq!(request.uri().host(), Some(host));
    assert_eq!(of(action).scope(&place).region, signed);
}

#[rstest]
#[case(json!({"bucket": "logs"}), "https://logs.s3.eu-west-1.amazonaws.com/")]
#[case(json!({"bucket": "Logs"}), "https://s3.eu-west-1.amazonaws.com/Logs")]
#[case(json!({"bucket": "a.b"}), "https://s3.eu-west-1.amazonaws.com/a.b")]
#[case(json!({"bucket": "evil.example/x"}), "https://s3.eu-west-1.amazonaws.com/evil.example%2Fx")]
#[case(json!({"bucket": "evil@example"}), "https://s3.eu-west-1.amazonaws.com/evil%40example")]
fn a_bucket_leads_to_no_other_host(#[case] input: Value, #[case] uri: &str) {
    let place = Place::region("eu-west-1").unwrap();
    let request = of("aws.s3.head_bucket").request(&fields(&input), None, &place).unwrap();

    assert_eq!(request.uri().to_string(), uri);
}
