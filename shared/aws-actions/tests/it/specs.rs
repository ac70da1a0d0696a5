//! Operations as actions of the workflow language.

use crate::{fields, of};
use aws_actions::{InvalidInput, Operation, operation, operations, services};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use workflow::action::{Effect, Field, FieldKind, Repeat, Replayed};

fn all() -> impl Iterator<Item = Operation> {
    services().flat_map(operations)
}

fn field<'a>(fields: &'a [Field], name: &str) -> &'a Field {
    fields
        .iter()
        .find(|field| field.name == name)
        .unwrap_or_else(|| panic!("no field {name}"))
}

#[test]
fn an_operation_is_an_action_with_typed_inputs_and_outputs() {
    let spec = of("aws.ecs.update_service").spec();

    let kind = |name| field(&spec.inputs, name).kind.clone();
    assert_eq!(
        (&*spec.name, &*spec.system, &*spec.function),
        ("aws.ecs.update_service", "AWS", "CallAws")
    );
    assert_eq!(
        spec.summary,
        "UpdateService of Amazon ECS: https://docs.aws.amazon.com/goto/WebAPI/ecs-2014-11-13/UpdateService"
    );
    assert_eq!(
        (&*spec.inputs[0].name, &*spec.inputs[1].name),
        ("integration", "region")
    );
    assert_eq!(kind("desired_count"), FieldKind::Integer);
    assert_eq!(kind("force_new_deployment"), FieldKind::Boolean);
    assert_eq!(kind("service"), FieldKind::Text);
    assert!(!field(&spec.inputs, "service").optional && field(&spec.inputs, "cluster").optional);
    assert_eq!(
        kind("availability_zone_rebalancing"),
        FieldKind::OneOf(vec!["ENABLED".into(), "DISABLED".into()])
    );
    assert!(matches!(kind("deployment_configuration"), FieldKind::Object(_)));
    assert!(matches!(kind("capacity_provider_strategy"), FieldKind::Entries(_)));
    let FieldKind::Object(service) = &field(&spec.outputs, "service").kind else {
        panic!("{:?}", spec.outputs);
    };
    assert_eq!(field(service, "created_at").kind, FieldKind::Time);
}

#[rstest]
#[case::reads("aws.ecs.describe_services", Effect::Reads, "IsHarmless", Replayed::Harmless)]
#[case::has_a_token("aws.ec2.run_instances", Effect::Other, "IsHarmless", Replayed::Twice)]
#[case::has_none("aws.sns.publish", Effect::Other, "IsForbidden", Replayed::PagesTwice)]
fn a_repeat_is_as_harmless_as_the_operation_makes_it(
    #[case] action: &str,
    #[case] effect: Effect,
    #[case] repeat: &str,
    #[case] replayed: Replayed,
) {
    let spec = of(action).spec();

    assert_eq!((&spec.effect, spec.replayed()), (&effect, replayed));
    assert!(format!("{:?}", spec.repeat).starts_with(repeat), "{:?}", spec.repeat);
    assert_eq!(effect == Effect::Reads, spec.only_reads());
    if let Repeat::IsForbidden { look } = spec.repeat {
        assert_eq!(look, "Amazon SNS in the AWS console");
    }
}

#[test]
fn a_null_does_not_widen_what_is_listed() {
    let spec = of("aws.ec2.describe_instances").spec();
    let problems = |input: Value| spec.check_input(&input, &[]).err().unwrap_or_default();

    assert_eq!(problems(json!({"integration": "prod", "max_results": null})), [""; 0]);
    assert_eq!(problems(json!({"integration": "prod", "instance_ids": null})).len(), 1);
}

#[test]
fn a_structure_that_is_a_part_of_itself_ends_as_a_map() {
    let spec = of("aws.dynamodb.put_item").spec();

    assert_eq!(field(&spec.inputs, "item").kind, FieldKind::Map { may_be_empty: true });
    let spec = of("aws.wafv2.create_web_acl").spec();
    let text = serde_json::to_string(&spec).unwrap();
    assert!(text.len() < 200_000, "{}", text.len());
}

#[test]
fn a_text_of_many_words_takes_others_as_well() {
    let spec = of("aws.ec2.run_instances").spec();

    let field = field(&spec.inputs, "instance_type");
    assert_eq!(field.kind, FieldKind::Text);
    assert!(
        field.summary.starts_with("`InstanceType`, such as "),
        "{}",
        field.summary
    );
}

#[test]
fn every_operation_has_a_name_of_its_own_that_leads_back_to_it() {
    let mut names = BTreeSet::new();
    for known in all() {
        let name = known.action_name();
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte));
        assert!(is_name, "{name}");
        assert_eq!(operation(&name).unwrap().name(), known.name(), "{name}");
        assert!(names.insert(name.clone()), "{name} twice");
    }
    assert!(names.len() > 3_000, "{}", names.len());
}

fn assert_distinct(fields: &[Field], of: &Operation) {
    let names: BTreeSet<&str> = fields.iter().map(|field| &*field.name).collect();
    assert_eq!(
        names.len(),
        fields.len(),
        "{of:?}: {:?}",
        fields.iter().map(|field| &*field.name).collect::<Vec<_>>()
    );
    for field in fields {
        if let FieldKind::Object(inner) | FieldKind::Entries(inner) = &field.kind {
            assert_distinct(inner, of);
        }
    }
}

fn count(fields: &[Field]) -> usize {
    let inner = |field: &Field| match &field.kind {
        FieldKind::Object(inner) | FieldKind::Entries(inner) => count(inner),
        _ => 0,
    };
    fields.iter().map(|field| 1 + inner(field)).sum()
}

#[test]
fn the_fields_of_every_action_have_names_of_their_own_and_are_not_too_many() {
    for operation in all() {
        let spec = operation.spec();
        assert_distinct(&spec.inputs, &operation);
        assert_distinct(&spec.outputs, &operation);
        assert!(
            count(&spec.inputs) <= 1_000 && count(&spec.outputs) <= 1_000,
            "{operation:?}"
        );
    }
}

#[test]
fn the_example_of_every_action_is_an_input_that_it_takes() {
    for operation in all() {
        let spec = operation.spec();
        let mut example = serde_json::Map::new();
        for line in spec.example.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            example.insert(name.to_owned(), value);
        }
        let kinds = |name: &str| &field(&spec.inputs, name).kind;
        let example: serde_json::Map<String, Value> = example
            .into_iter()
            .map(|(name, value)| match kinds(&name) {
                FieldKind::Time => (name, json!("2027-01-31T09:00:00Z")),
                _ => (name, value),
            })
            .collect();
        let text = serde_json::to_string(&example)
            .unwrap()
            .replace("\"-1h\"", "\"2027-01-31T09:00:00Z\"");
        let example: Value = serde_json::from_str(&text).unwrap();
        if let Err(problems) = spec.check_input(&example, &[]) {
            panic!("{operation:?}: {problems:?}");
        }
    }
}

/// The specification promises what the request keeps: an input that the one takes, the other can write.
#[test]
fn what_a_specification_takes_can_be_sent() {
    let mut refused = Vec::new();
    for operation in all() {
        let spec = operation.spec();
        let mut input = fields(&json!({}));
        for field in spec.inputs.iter().filter(|field| !field.optional) {
            input.insert(field.name.clone().into_owned(), good(&field.kind));
        }
        let place = crate::ireland();
        if let Err(InvalidInput { problems }) = operation.request(&input, Some("k"), &place) {
            refused.push(format!("{operation:?}: {problems:?}"));
        }
    }
    // Lists and maps of any form can hold what the service does not take.
    let other: Vec<_> = refused
        .iter()
        .filter(|problem| !problem.contains("must be") && !problem.contains("is missing"))
        .collect();
    assert!(other.is_empty(), "{other:#?}");
    assert!(refused.len() < 100, "{refused:#?}");
}

fn good(kind: &FieldKind) -> Value {
    let required = |fields: &[Field]| -> Value {
        let required = fields.iter().filter(|field| !field.optional);
        required
            .map(|field| (field.name.clone().into_owned(), good(&field.kind)))
            .collect()
    };
    match kind {
        FieldKind::Integration => json!("prod"),
        FieldKind::OneOf(words) => json!(words[0]),
        FieldKind::Words(words) => json!([words[0]]),
        FieldKind::Integer => json!(1),
        FieldKind::Number => json!(0.5),
        FieldKind::Boolean => json!(true),
        FieldKind::Time => json!("2027-01-31T09:00:00Z"),
        FieldKind::Map { .. } => json!({}),
        FieldKind::List => json!(["aGVsbG8="]),
        FieldKind::Object(fields) => required(fields),
        FieldKind::Entries(fields) => json!([required(fields)]),
        // It is text, and bytes in Base64.
        _ => json!("abcd"),
    }
}

#[test]
fn an_input_that_is_called_as_what_every_call_has_gets_another_name() {
    let input = json!({
        "function_name": "restart", "statement_id": "s", "action_of_request": "lambda:InvokeFunction", "principal": "sns.amazonaws.com",
    });

    let request = crate::request("aws.lambda.add_permission", &input).unwrap();

    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["Action"], "lambda:InvokeFunction");
    let of_calls = ["action", "attempt", "caller", "deadline", "idempotency_key", "look"];
    for operation in all() {
        let spec = operation.spec();
        let taken = spec.inputs.iter().find(|input| of_calls.contains(&&*input.name));
        assert!(taken.is_none(), "{spec}: {taken:?}");
    }
}
