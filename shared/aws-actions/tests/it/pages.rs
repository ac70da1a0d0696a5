//! Answers in several pages.

use crate::{fields, of};
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case::a_token("aws.ecs.list_services", json!({"cluster": "main"}), json!({"service_arns": ["a"], "next_token": "t"}),
    Some(json!({"cluster": "main", "next_token": "t"})))]
#[case::the_last_page("aws.ecs.list_services", json!({}), json!({"service_arns": ["a"], "next_token": null}), None)]
#[case::an_empty_token("aws.cloudwatch.describe_alarms", json!({}), json!({"next_token": ""}), None)]
#[case::a_marker("aws.rds.describe_db_instances", json!({}), json!({"marker": "m"}), Some(json!({"marker": "m"})))]
#[case::several_tokens("aws.route53.list_resource_record_sets", json!({"hosted_zone_id": "Z1"}),
    json!({"is_truncated": true, "next_record_name": "b.", "next_record_type": "A"}),
    Some(json!({"hosted_zone_id": "Z1", "start_record_name": "b.", "start_record_type": "A"})))]
#[case::no_more_results("aws.route53.list_resource_record_sets", json!({"hosted_zone_id": "Z1"}),
    json!({"is_truncated": false, "next_record_name": "b."}), None)]
#[case::within_a_structure("aws.cloudfront.list_distributions", json!({}), json!({"distribution_list": {"is_truncated": true, "next_marker": "m"}}),
    Some(json!({"marker": "m"})))]
#[case::an_alternative("aws.s3.list_objects", json!({"bucket": "logs"}), json!({"is_truncated": true, "contents": [{"key": "a"}, {"key": "b"}]}),
    Some(json!({"bucket": "logs", "marker": "b"})))]
#[case::a_step_that_asks_for_a_page_itself("aws.ecs.list_services", json!({"max_results": 10}), json!({"next_token": "t"}), None)]
#[case::a_step_that_goes_on_itself("aws.ecs.list_services", json!({"next_token": "s"}), json!({"next_token": "t"}), None)]
#[case::an_operation_without_pages("aws.ecs.describe_services", json!({}), json!({"next_token": "t"}), None)]
fn the_next_page_is_asked_for_as_the_model_says(
    #[case] action: &str,
    #[case] first: Value,
    #[case] answer: Value,
    #[case] next: Option<Value>,
) {
    let asked = of(action).next_page(&fields(&first), &fields(&answer));

    assert_eq!(asked.map(Value::Object), next);
}

#[test]
fn pages_are_joined_up_to_a_number_of_entries() {
    let operation = of("aws.ecs.list_services");
    let page = |names: &[&str], token: &str| fields(&json!({"service_arns": names, "next_token": token}));

    let joined = operation.join(page(&["a", "b"], "1"), page(&["c", "d"], "2"), 3);

    assert_eq!(
        Value::Object(joined.clone()),
        json!({"service_arns": ["a", "b", "c"], "next_token": "2"})
    );
    assert_eq!(operation.entries(&joined), 3);
}

#[test]
fn what_is_within_a_structure_is_joined_there() {
    let operation = of("aws.cloudfront.list_distributions");
    let page = |ids: Value| fields(&json!({"distribution_list": {"items": ids, "is_truncated": true}}));

    let joined = operation.join(page(json!([{"id": "a"}])), page(json!([{"id": "b"}])), 100);
    let items = &joined["distribution_list"]["items"];
    assert_eq!(items, &json!([{"id": "a"}, {"id": "b"}]));

    // The last page can be empty, without a list.
    let joined = operation.join(
        page(json!([{"id": "a"}])),
        fields(&json!({"distribution_list": null})),
        100,
    );
    assert_eq!(joined["distribution_list"]["items"], json!([{"id": "a"}]));
}

/// Every way to a token or a list leads to an output that there is.
#[test]
fn the_pages_of_every_operation_name_inputs_and_outputs_that_it_has() {
    let mut count = 0;
    for operation in aws_actions::services().flat_map(aws_actions::operations) {
        let spec = operation.spec();
        let outputs: Vec<&str> = spec.outputs.iter().map(|field| &*field.name).collect();
        for path in operation.page_results() {
            let first = path.split('.').next().unwrap().to_owned();
            assert!(
                outputs.contains(&first.as_str()),
                "{operation:?}: {path} of {outputs:?}"
            );
            count += 1;
        }
    }
    assert!(count > 500, "{count}");
}
