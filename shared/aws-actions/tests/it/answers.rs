//! Answers, in each of the protocols.

use crate::answer;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case::json("aws.ecs.describe_services", &[], r#"{"services":[{"serviceName":"checkout","desiredCount":6,"createdAt":1801386000.25,
    "deployments":[{"rolloutState":"COMPLETED"}],"newMember":1}],"failures":[],"ResponseMetadata":{}}"#,
    json!({"failures": [], "services": [{"service_name": "checkout", "desired_count": 6, "created_at": "2027-01-31T09:00:00.25Z",
        "deployments": [{"rollout_state": "COMPLETED"}]}]}))]
#[case::json_null_is_left_out("aws.ecs.describe_services", &[], r#"{"services":null,"failures":[{"reason":null,"arn":"a"}]}"#,
    json!({"failures": [{"arn": "a"}]}))]
#[case::json_maps_keep_their_keys("aws.dynamodb.get_item", &[], r#"{"Item":{"OrderId":{"S":"o-1"},"Data":{"B":"aGVsbG8="},"Is":{"BOOL":true}}}"#,
    json!({"item": {"OrderId": {"s": "o-1"}, "Data": {"b": "aGVsbG8="}, "Is": {"bool": true}}}))]
#[case::json_without_a_body("aws.sqs.purge_queue", &[], "", json!({}))]
#[case::query("aws.rds.describe_db_instances", &[], "<DescribeDBInstancesResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\">
    <DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier><AllocatedStorage>20</AllocatedStorage>
    <MultiAZ>true</MultiAZ><InstanceCreateTime>2027-01-31T09:00:00.123Z</InstanceCreateTime><Endpoint><Port>5432</Port></Endpoint>
    <ReadReplicaDBInstanceIdentifiers/></DBInstance></DBInstances></DescribeDBInstancesResult>
    <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeDBInstancesResponse>",
    json!({"db_instances": [{"db_instance_identifier": "orders", "allocated_storage": 20, "multi_az": true,
        "instance_create_time": "2027-01-31T09:00:00.123Z", "endpoint": {"port": 5432}, "read_replica_db_instance_identifiers": []}]}))]
#[case::query_maps("aws.sns.get_topic_attributes", &[], "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes>
    <entry><key>DisplayName</key><value>A &amp; B</value></entry><entry><key>Owner</key><value>1</value></entry></Attributes>
    </GetTopicAttributesResult></GetTopicAttributesResponse>", json!({"attributes": {"DisplayName": "A & B", "Owner": "1"}}))]
#[case::ec2("aws.ec2.describe_instances", &[], "<DescribeInstancesResponse><requestId>1</requestId><reservationSet><item>
    <instancesSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState><launchTime>2027-01-31T09:00:00.000Z</launchTime>
    <ebsOptimized>false</ebsOptimized><tagSet><item><key>Name</key><value>web</value></item></tagSet></item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
    json!({"reservations": [{"instances": [{"instance_id": "i-1", "state": {"code": 16, "name": "running"}, "launch_time": "2027-01-31T09:00:00Z",
        "ebs_optimized": false, "tags": [{"key": "Name", "value": "web"}]}]}]}))]
#[case::rest_json("aws.lambda.invoke", &[("x-amz-executed-version", "3"), ("x-amz-function-error", "Unhandled")], r#"{"a":1}"#,
    json!({"executed_version": "3", "function_error": "Unhandled", "payload": "eyJhIjoxfQ==", "status_code": 200}))]
#[case::rest_json_body("aws.eks.describe_cluster", &[], r#"{"cluster":{"name":"main","createdAt":1801386000,"status":"ACTIVE","tags":{"aB":"c"}}}"#,
    json!({"cluster": {"name": "main", "created_at": "2027-01-31T09:00:00Z", "status": "ACTIVE", "tags": {"aB": "c"}}}))]
#[case::rest_xml_a_stream_and_headers("aws.s3.get_object", &[("content-length", "5"), ("last-modified", "Sun, 31 Jan 2027 09:00:00 GMT"),
    ("x-amz-meta-origin", "run 1"), ("etag", "\"e\""), ("x-amz-delete-marker", "false")], "hello",
    json!({"body": "aGVsbG8=", "content_length": 5, "last_modified": "2027-01-31T09:00:00Z", "metadata": {"origin": "run 1"}, "e_tag": "\"e\"", "delete_marker": false}))]
#[case::rest_xml_flat_lists("aws.s3.list_objects_v2", &[], "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
    <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>logs</Name><IsTruncated>false</IsTruncated>
    <Contents><Key>a</Key><Size>3</Size></Contents><Contents><Key>b &lt;</Key><Size>4</Size></Contents></ListBucketResult>",
    json!({"name": "logs", "is_truncated": false, "contents": [{"key": "a", "size": 3}, {"key": "b <", "size": 4}]}))]
#[case::rest_xml_the_text_of_the_root("aws.s3.get_bucket_location", &[],
    "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">eu-west-1</LocationConstraint>", json!({"location_constraint": "eu-west-1"}))]
#[case::rest_xml_no_text_at_the_root("aws.s3.get_bucket_location", &[],
    "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>", json!({}))]
#[case::rest_xml_attributes("aws.s3.get_bucket_acl", &[], "<AccessControlPolicy><AccessControlList><Grant>
    <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>1</ID></Grantee><Permission>READ</Permission>
    </Grant></AccessControlList></AccessControlPolicy>", json!({"grants": [{"grantee": {"id": "1", "type": "CanonicalUser"}, "permission": "READ"}]}))]
#[case::rest_xml_a_payload("aws.route53.get_hosted_zone", &[], "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name>
    </HostedZone><VPCs><VPC><VPCId>vpc-1</VPCId></VPC></VPCs></GetHostedZoneResponse>",
    json!({"hosted_zone": {"id": "/hostedzone/Z1", "name": "example.com."}, "vpcs": [{"vpc_id": "vpc-1"}]}))]
fn an_answer_is_read_under_the_names_of_workflows(
    #[case] action: &str,
    #[case] headers: &[(&str, &str)],
    #[case] body: &str,
    #[case] outputs: Value,
) {
    assert_eq!(answer(action, 200, headers, body).unwrap(), outputs);
}

#[test]
fn an_output_that_is_not_there_is_null() {
    let outputs = crate::of("aws.ecs.describe_services")
        .answer(200, &http::HeaderMap::new(), b"{}")
        .unwrap();

    assert_eq!(Value::Object(outputs), json!({"services": null, "failures": null}));
}

#[rstest]
#[case::json(
    "aws.ecs.describe_services",
    "<html>",
    "the answer cannot be read: it is not JSON: expected value at line 1 column 1"
)]
#[case::another_json("aws.ecs.describe_services", "[]", "the answer cannot be read: it is not a map")]
#[case::xml(
    "aws.ec2.describe_instances",
    "{}",
    "the answer cannot be read: it is not XML: unknown token at 1:1"
)]
#[case::entities(
    "aws.ec2.describe_instances",
    "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "the answer cannot be read: it is not XML: XML with DTD detected"
)]
fn an_answer_that_cannot_be_read_is_told(#[case] action: &str, #[case] body: &str, #[case] told: &str) {
    assert_eq!(answer(action, 200, &[], body).unwrap_err().to_string(), told);
}

#[rstest]
#[case::json("aws.dynamodb.get_item", &format!("{{\"Item\":{{\"a\":{}{}}}}}", "{\"L\":[".repeat(60), "]}".repeat(60)))]
#[case::xml("aws.route53.get_hosted_zone", &format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)))]
fn an_answer_that_is_deep_breaks_nothing(#[case] action: &str, #[case] body: &str) {
    let _ = answer(action, 200, &[], body);
}
