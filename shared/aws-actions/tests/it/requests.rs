//! Requests, in each of the protocols.

use crate::{fields, ireland, of, request, shown};
use aws_actions::Place;
use rstest::rstest;
use serde_json::{Value, json};

/// The cases are named by the protocol and what they are about.
#[rstest]
#[case::json_1_1_members_are_the_body("aws.ecs.update_service", json!({
    "cluster": "main", "service": "checkout", "desired_count": 6, "force_new_deployment": true,
    "deployment_configuration": {"minimum_healthy_percent": 50}, "capacity_provider_strategy": [{"capacity_provider": "spot", "weight": 2}],
}))]
#[case::json_1_0_maps_keep_their_keys("aws.dynamodb.put_item", json!({
    "table_name": "orders", "item": {"OrderId": {"s": "o-1"}, "total_price": {"n": "12.5"}, "Blob": {"b": "aGVsbG8="}},
}))]
#[case::json_times_are_seconds("aws.cloudwatch.get_metric_statistics", json!({
    "namespace": "AWS/ECS", "metric_name": "CPUUtilization", "start_time": "2027-01-31T08:00:00Z", "end_time": "2027-01-31T09:00:00.5Z",
    "period": 60, "statistics": ["Average", "Maximum"],
}))]
#[case::json_an_operation_without_input_has_an_empty_body("aws.ecr.describe_registry", json!({}))]
#[case::json_that_was_query_says_so("aws.sqs.purge_queue", json!({"queue_url": "https://sqs.eu-west-1.amazonaws.com/1/q"}))]
#[case::json_a_token_is_filled_from_the_idempotency_key("aws.secretsmanager.rotate_secret", json!({"secret_id": "db"}))]
#[case::json_a_token_that_is_given_stays("aws.secretsmanager.rotate_secret", json!({
    "secret_id": "db", "client_request_token": "0123456789abcdef0123456789abcdef",
}))]
#[case::query_lists_and_maps_are_numbered("aws.sns.publish", json!({
    "topic_arn": "arn:aws:sns:eu-west-1:1:alerts", "message": "50 % & more", "message_attributes": {
        "severity": {"data_type": "String", "string_value": "high"}, "trace": {"data_type": "Binary", "binary_value": "AQID"},
    },
}))]
#[case::query_entries_are_called_member("aws.autoscaling.create_or_update_tags", json!({
    "tags": [{"resource_id": "web", "key": "paused", "value": "yes", "propagate_at_launch": false}, {"key": "b"}],
}))]
#[case::query_a_list_can_be_empty("aws.cloudformation.update_stack", json!({
    "stack_name": "web", "notification_arns": [], "use_previous_template": true,
}))]
#[case::query_a_name_can_be_another("aws.rds.describe_db_instances", json!({
    "filters": [{"name": "engine", "values": ["postgres", "mysql"]}],
}))]
#[case::query_a_time_is_iso_8601("aws.rds.restore_db_instance_to_point_in_time", json!({
    "target_db_instance_identifier": "copy", "restore_time": "2027-01-31T10:00:00+01:00",
}))]
#[case::ec2_names_begin_with_a_capital_and_lists_are_flat("aws.ec2.describe_instances", json!({
    "filters": [{"name": "tag:Name", "values": ["web 1", "web 2"]}], "max_results": 5,
}))]
#[case::ec2_a_token_is_filled("aws.ec2.run_instances", json!({
    "image_id": "ami-1", "min_count": 1, "max_count": 1, "instance_type": "m9.new-this-week",
    "network_interfaces": [{"device_index": 0, "ipv6_addresses": [{"ipv6_address": "::1"}]}],
}))]
#[case::rest_json_members_have_their_places("aws.lambda.invoke", json!({
    "function_name": "my fun/ction", "invocation_type": "Event", "qualifier": "PROD v1", "payload": "eyJhIjoxfQ==",
}))]
#[case::rest_json_the_rest_is_the_body("aws.eks.update_nodegroup_config", json!({
    "cluster_name": "main", "nodegroup_name": "n", "scaling_config": {"desired_size": 5},
}))]
#[case::rest_json_lists_repeat_in_the_query("aws.lambda.untag_resource", json!({"resource": "arn:aws:lambda:eu-west-1:1:function:f", "tag_keys": ["a", "b c"]}))]
#[case::rest_json_a_body_without_fields_is_there("aws.batch.describe_job_queues", json!({}))]
#[case::rest_json_a_host_can_have_a_prefix("aws.stepfunctions.start_sync_execution", json!({"state_machine_arn": "arn:aws:states:eu-west-1:1:stateMachine:s"}))]
#[case::rest_xml_a_bucket_is_a_part_of_the_host("aws.s3.put_object", json!({
    "bucket": "logs", "key": "2027/a b+c.txt", "body": "aGVsbG8=", "metadata": {"origin": "run 1"}, "content_type": "text/plain",
    "expires": "2027-01-31T09:00:00Z",
}))]
#[case::rest_xml_a_bucket_with_a_dot_is_a_part_of_the_path("aws.s3.get_object", json!({"bucket": "logs.example.com", "key": "a", "range": "bytes=0-99"}))]
#[case::rest_xml_a_query_is_fixed("aws.s3.list_objects_v2", json!({"bucket": "logs", "prefix": "2027/", "max_keys": 10}))]
#[case::rest_xml_a_body_has_its_checksum("aws.s3.delete_objects", json!({
    "bucket": "logs", "delete": {"objects": [{"key": "a&b"}, {"key": "c\nd", "version_id": "3"}], "quiet": true},
}))]
#[case::rest_xml_attributes_and_namespaces("aws.s3.put_object_acl", json!({
    "bucket": "logs", "key": "a", "access_control_policy": {"grants": [{"grantee": {"id": "1", "type": "CanonicalUser"}, "permission": "READ"}]},
}))]
#[case::rest_xml_a_global_service_has_one_host("aws.route53.change_resource_record_sets", json!({
    "hosted_zone_id": "Z1", "change_batch": {"changes": [{"action": "UPSERT", "resource_record_set": {
        "name": "www.example.com.", "type": "CNAME", "ttl": 60, "resource_records": [{"value": "standby.example.com"}],
    }}]},
}))]
#[case::rest_xml_an_id_of_an_answer_can_be_given("aws.route53.get_hosted_zone", json!({"id": "/hostedzone/Z1"}))]
#[case::rest_xml_lists_have_their_entries_names("aws.cloudfront.create_invalidation", json!({
    "distribution_id": "E1", "invalidation_batch": {"paths": {"quantity": 2, "items": ["/", "/a*"]}, "caller_reference": "run-1"},
}))]
fn a_request_is_written_as_the_service_reads_it(#[case] action: &str, #[case] input: Value) {
    let request = request(action, &input).unwrap();

    // Each case has a snapshot of its own, whatever its number.
    let case = std::thread::current()
        .name()
        .unwrap()
        .rsplit("::")
        .next()
        .unwrap()
        .to_owned();
    let case = case
        .trim_start_matches("case_")
        .trim_start_matches(|c: char| c.is_ascii_digit());
    insta::assert_snapshot!(case.trim_start_matches('_'), shown(&request));
}

#[rstest]
#[case::missing("aws.ecs.update_service", json!({"cluster": "main"}), "`service` is missing")]
#[case::missing_within("aws.ecs.run_task", json!({"task_definition": "t", "tags": [{"key": "a"}], "placement_constraints": [{"tipe": 1}]}),
    "in `placement_constraints[0]`, `tipe` is not known; did you mean `type`?")]
#[case::not_known("aws.ecs.update_service", json!({"service": "s", "desiredCount": 1}), "`desiredCount` is not known; did you mean `desired_count`?")]
#[case::of_another_type("aws.ecs.update_service", json!({"service": "s", "desired_count": "many"}), "`desired_count` must be a whole number")]
#[case::not_base64("aws.lambda.invoke", json!({"function_name": "f", "payload": "{}"}), "`payload` must be bytes in Base64")]
#[case::no_time("aws.cloudtrail.lookup_events", json!({"start_time": "yesterday"}),
    "`start_time` must be a time in RFC 3339, such as `2027-01-31T09:00:00Z`")]
#[case::a_number_is_no_time("aws.cloudtrail.lookup_events", json!({"start_time": 1}),
    "`start_time` must be a time in RFC 3339, such as `2027-01-31T09:00:00Z`")]
#[case::deep("aws.cloudwatch.get_metric_data", json!({
    "metric_data_queries": [{"id": "a", "metric_stat": {"metric": {"dimensions": [{"name": "n", "value": []}]}, "period": 1, "stat": "Sum"}}],
    "start_time": "2027-01-31T09:00:00Z", "end_time": "2027-01-31T09:00:00Z",
}), "`metric_data_queries[0].metric_stat.metric.dimensions[0].value` must be text; \
     `metric_data_queries[0].metric_stat.metric.dimensions[0].value` is missing")]
#[case::up_the_path("aws.lambda.invoke", json!({"function_name": ".."}),
    "`function_name` has `.` or `..` as a part of the request's path, which cannot be sent")]
#[case::up_the_path_of_a_key("aws.s3.get_object", json!({"bucket": "logs", "key": "a/../../other/b"}),
    "`key` has `.` or `..` as a part of the request's path, which cannot be sent")]
#[case::empty_in_the_path("aws.s3.get_object", json!({"bucket": "", "key": "a"}), "`bucket` is empty, but is a part of the request's path")]
#[case::a_line_break_in_a_header("aws.s3.put_object", json!({"bucket": "logs", "key": "a", "metadata": {"a": "b\r\nx-amz-acl: public-read"}}),
    "`x-amz-meta-a` cannot be sent as a header")]
#[case::no_name_of_a_header("aws.s3.put_object", json!({"bucket": "logs", "key": "a", "metadata": {"a b": "c"}}),
    "`x-amz-meta-a b` cannot be sent as a header")]
#[case::two_of_a_union("aws.ssm_incidents.create_response_plan", json!({"name": "n", "incident_template": {"impact": 1, "title": "t"},
    "chat_channel": {"chatbot_sns": ["a"], "empty": {}}}), "`chat_channel` has 2 fields, of which only one can be given")]
fn an_input_that_cannot_be_sent_is_told(#[case] action: &str, #[case] input: Value, #[case] problem: &str) {
    assert_eq!(request(action, &input).unwrap_err().to_string(), problem);
}

#[test]
fn null_counts_as_left_out_at_every_depth() {
    let with = json!({"service": "s", "cluster": null, "capacity_provider_strategy": [null, {"capacity_provider": "spot", "weight": null}]});
    let without = json!({"service": "s", "capacity_provider_strategy": [{"capacity_provider": "spot"}]});

    let request = |input: &Value| shown(&request("aws.ecs.update_service", input).unwrap());
    assert_eq!(request(&with), request(&without));
}

#[test]
fn text_that_an_expression_gives_becomes_what_the_service_wants() {
    let as_text = json!({"service": "s", "desired_count": "6", "force_new_deployment": "true"});
    let as_they_are = json!({"service": "s", "desired_count": 6, "force_new_deployment": true});

    let request = |input: &Value| shown(&request("aws.ecs.update_service", input).unwrap());
    assert_eq!(request(&as_text), request(&as_they_are));
}

#[test]
fn integration_and_region_are_not_sent() {
    let request = request(
        "aws.ecs.list_clusters",
        &json!({"integration": "prod-aws", "region": "us-east-1"}),
    )
    .unwrap();

    assert_eq!(request.body(), b"{}");
    assert_eq!(request.uri().host(), Some("ecs.eu-west-1.amazonaws.com"));
}

#[test]
fn the_same_key_gives_the_same_request_and_another_key_another() {
    let input = fields(&json!({"secret_id": "db"}));
    let request = |key| {
        of("aws.secretsmanager.rotate_secret")
            .request(&input, Some(key), &ireland())
            .unwrap()
    };

    assert_eq!(request("a").body(), request("a").body());
    assert_ne!(request("a").body(), request("b").body());
}

#[test]
fn at_an_address_of_its_own_a_bucket_stays_in_the_path() {
    let local = Place::region("eu-west-1")
        .unwrap()
        .at("http://localhost:4566/")
        .unwrap();
    let input = fields(&json!({"bucket": "logs", "key": "a/b"}));

    let request = of("aws.s3.get_object").request(&input, None, &local).unwrap();
    assert_eq!(request.uri(), "http://localhost:4566/logs/a/b");
}
