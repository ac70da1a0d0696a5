//! The JSON Schema: that the committed one is the generated one, and that it agrees with the grammar.

use super::{
    super::{decode::words, schema::workflow_schema, *},
    GOOD,
    strategy::definitions,
};
use crate::{action::tests::catalog, steps};
use jsonschema::Validator;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;
use std::{collections::BTreeSet, env, fs, path::Path, sync::LazyLock};

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&workflow_schema(catalog())).unwrap());

/// What the schema says of a value.
fn said(value: &Value) -> Vec<String> {
    VALIDATOR
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn the_committed_schema_is_what_the_types_say() {
    let file = root().join("schema/workflow.schema.json");
    let wanted = serde_json::to_string_pretty(&workflow_schema(catalog())).unwrap() + "\n";
    if env::var_os("PAGERFLOW_WRITE_SCHEMA").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == wanted,
        "schema/workflow.schema.json is stale; write it anew with \
         `PAGERFLOW_WRITE_SCHEMA=1 cargo test -p workflow committed_schema`"
    );
}

#[rstest]
#[case::an_action_of_a_service("aws.ec2.stop_instances", true, true)]
#[case::an_unknown_action_of_a_service_that_is_listed("aws.ecs.update_servise", true, false)]
#[case::an_action_of_a_service_that_is_listed("aws.ecs.update_service", true, true)]
#[case::no_action("aws.ecs", false, false)]
fn actions_that_are_not_listed_have_a_pattern_of_their_names(
    #[case] uses: &str,
    #[case] by_pattern: bool,
    #[case] by_list: bool,
) {
    let listing = catalog()
        .clone()
        .with_unlisted_system("aws.ec2", |_| Vec::new())
        .listing(&["aws.ecs"]);
    let listing = jsonschema::validator_for(&workflow_schema(&listing)).unwrap();
    let with = json!({"integration": "prod-aws", "service": "checkout", "instance_ids": ["i-1"]});
    let with = match uses {
        "aws.ecs.update_service" => json!({"integration": "prod-aws", "service": "checkout"}),
        _ => with,
    };
    let definition = json!({"name": "w", "steps": [{"uses": uses, "with": with}]});
    assert_eq!(VALIDATOR.is_valid(&definition), by_pattern, "{:?}", said(&definition));
    assert_eq!(listing.is_valid(&definition), by_list);
}

#[test]
fn every_example_is_read_and_validates() {
    let examples = fs::read_dir(root().join("examples")).unwrap();
    let examples = examples.map(|entry| entry.unwrap().path());
    let examples: Vec<_> = examples.filter(|path| path.is_file()).collect();
    assert!(examples.len() >= 4, "{examples:?}");
    for example in examples {
        let source = fs::read_to_string(&example).unwrap();
        let definition =
            Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{example:?}:\n{problems}"));
        assert_eq!(said(&source::parse(&source).unwrap().to_json()), [""; 0], "{example:?}");
        assert_eq!(said(&definition.to_json()), [""; 0], "{example:?}");
        assert_eq!(example.file_stem().unwrap(), definition.name.as_str());
    }
}

proptest! {
    #[test]
    fn every_definition_validates(definition in definitions()) {
        prop_assert_eq!(said(&definition.to_json()), [""; 0]);
    }
}

/// A definition with one step.
fn with_step(step: Value) -> Value {
    json!({"name": "a", "steps": Value::Array(vec![step])})
}

#[rstest]
#[case::unknown_field(json!({"name": "a", "steps": [{"wait": "1s"}], "stesp": []}))]
#[case::no_name(json!({"steps": [{"wait": "1s"}]}))]
#[case::bad_name(json!({"name": "Memory Alert", "steps": [{"wait": "1s"}]}))]
#[case::no_steps(json!({"name": "a", "steps": []}))]
#[case::null(json!({"name": "a", "description": null, "steps": [{"wait": "1s"}]}))]
#[case::no_on_failure(json!({"name": "a", "steps": [{"wait": "1s"}], "on_failure": []}))]
#[case::event_type(json!({
    "name": "a", "steps": [{"wait": "1s"}], "on": {"pagerduty": {"integration": "p", "events": ["incident.trigered"]}}
}))]
#[case::no_default(json!({
    "name": "a", "steps": [{"wait": "1s"}], "inputs": {"x": {"type": "text"}},
    "on": {"pagerduty": {"integration": "p", "events": ["incident.triggered"]}}
}))]
#[case::input_type(json!({"name": "a", "steps": [{"wait": "1s"}], "inputs": {"x": {"type": "string"}}}))]
#[case::input_name(json!({"name": "a", "steps": [{"wait": "1s"}], "inputs": {"x-y": {"type": "text"}}}))]
#[case::default_of_another_type(json!({
    "name": "a", "steps": [{"wait": "1s"}], "inputs": {"x": {"type": "integer", "default": "1"}}
}))]
#[case::policy(json!({"name": "a", "steps": [{"wait": "1s"}], "concurrency": {"key": "x", "policy": "queue"}}))]
#[case::does_nothing(with_step(json!({"id": "a"})))]
#[case::does_two_things(with_step(json!({"wait": "1s", "stop": "x"})))]
#[case::unknown_word(with_step(json!({"wait": "1s", "unless": "x"})))]
#[case::bad_id(with_step(json!({"id": "my-step", "wait": "1s"})))]
#[case::wait_number(with_step(json!({"wait": 10})))]
#[case::wait_word(with_step(json!({"wait": "soon"})))]
#[case::wait_without_unit(with_step(json!({"wait": "10"})))]
#[case::wait_until(with_step(json!({"wait": {"until": "tomorrow"}})))]
#[case::unknown_action(with_step(json!({"uses": "pagerduty.create", "with": {}})))]
#[case::action_without_input(with_step(json!({"uses": "pagerduty.resolve_incident"})))]
#[case::unknown_input(with_step(json!({
    "uses": "pagerduty.resolve_incident", "with": {"integration": "p", "incident_id": "P1", "from": "a@b.c", "nota": "x"}
})))]
#[case::missing_input(with_step(json!({
    "uses": "pagerduty.resolve_incident", "with": {"integration": "p", "from": "a@b.c"}
})))]
#[case::inputs_that_exclude_each_other(with_step(json!({
    "uses": "pagerduty.create_incident",
    "with": {"integration": "p", "title": "t", "service": "P1", "escalation_policy": "P2", "assignee": "P3"}
})))]
#[case::one_too_many_of_exactly_one(with_step(json!({
    "uses": "pagerduty.escalate_incident",
    "with": {"integration": "p", "incident_id": "P1", "escalation_policy": "P2", "escalation_level": 2}
})))]
#[case::none_of_exactly_one(with_step(json!({
    "uses": "pagerduty.escalate_incident", "with": {"integration": "p", "incident_id": "P1"}
})))]
#[case::none_of_at_least_one(with_step(json!({
    "uses": "pagerduty.update_incident", "with": {"integration": "p", "incident_id": "P1"}
})))]
#[case::word_of_a_list(with_step(json!({
    "uses": "pagerduty.list_incidents", "with": {"integration": "p", "statuses": ["open"]}
})))]
#[case::word_beside_an_expression(with_step(json!({
    "uses": "pagerduty.list_incidents", "with": {"integration": "p", "statuses": ["{{ event.type }}", "open"]}
})))]
#[case::id_instead_of_a_list(with_step(json!({
    "uses": "pagerduty.reassign_incident", "with": {"integration": "p", "incident_id": "P1", "assignees": "P2"}
})))]
#[case::p1_id_beside_an_expression(with_step(json!({
    "uses": "pagerduty.list_oncalls", "with": {"integration": "p", "schedules": ["../P2", "{{ event.type }}"]}
})))]
#[case::number_as_text(with_step(json!({
    "uses": "pagerduty.list_incidents", "with": {"integration": "p", "limit": "25"}
})))]
#[case::number_out_of_range(with_step(json!({
    "uses": "pagerduty.list_incidents", "with": {"integration": "p", "limit": 101}
})))]
#[case::field_of_a_map(with_step(json!({
    "uses": "pagerduty.create_incident",
    "with": {"integration": "p", "title": "t", "service": "P1", "conference_bridge": {"url": "{{ event.type }}"}}
})))]
#[case::url_of_http(with_step(json!({
    "uses": "pagerduty.create_incident",
    "with": {
        "integration": "p", "title": "t", "service": "P1", "conference_bridge": {"conference_url": "http://a.example"}
    }
})))]
#[case::no_custom_fields(with_step(json!({
    "uses": "pagerduty.set_custom_fields", "with": {"integration": "p", "incident_id": "P1", "fields": {}}
})))]
#[case::input_of_another_type(with_step(json!({
    "uses": "pagerduty.resolve_incident", "with": {"integration": "p", "incident_id": 7, "from": "a@b.c"}
})))]
#[case::malformed_input(with_step(json!({
    "uses": "pagerduty.resolve_incident", "with": {"integration": "p", "incident_id": "../P1", "from": "a@b.c"}
})))]
#[case::retry_of_a_wait(with_step(json!({"wait": "1s", "retry": {}})))]
#[case::timeout_of_a_wait(with_step(json!({"wait": "1s", "timeout": "5s"})))]
#[case::else_without_if(with_step(json!({"steps": [{"wait": "1s"}], "else": [{"wait": "1s"}]})))]
#[case::default_without_choose(with_step(json!({"wait": "1s", "default": [{"wait": "1s"}]})))]
#[case::variable_name(with_step(json!({"set": {"1x": 1}})))]
#[case::branch_without_condition(with_step(json!({"choose": [{"steps": [{"wait": "1s"}]}]})))]
#[case::empty_branch(with_step(json!({"choose": [{"when": "true", "steps": []}]})))]
#[case::lanes_without_steps(with_step(json!({"parallel": [{"wait": "1s"}]})))]
#[case::lane_policy(with_step(json!({"parallel": [{"steps": [{"wait": "1s"}]}], "on_lane_failure": "stop"})))]
#[case::loop_over_a_map(with_step(json!({"for_each": {"a": 1}, "steps": [{"wait": "1s"}]})))]
#[case::loop_over_text(with_step(json!({"for_each": "teams", "steps": [{"wait": "1s"}]})))]
#[case::loop_without_steps(with_step(json!({"for_each": [1]})))]
#[case::repeat_without_steps(with_step(json!({"repeat": {"every": "5m", "at_most": 3}})))]
#[case::repeat_without_end(with_step(json!({"repeat": {"every": "5m"}, "steps": [{"wait": "1s"}]})))]
#[case::too_many_rounds(with_step(json!({"repeat": {"every": "1s", "at_most": 1001}, "steps": [{"wait": "1s"}]})))]
#[case::too_many_at_the_same_time(with_step(json!({"for_each": [1], "steps": [{"wait": "1s"}], "max_concurrency": 41})))]
#[case::deep_inside(with_step(json!({"steps": [{"for_each": [1], "steps": [{"parallel": [{"steps": [{"wiat": "1s"}]}]}]}]})))]
#[case::workflow_name(with_step(json!({"run_workflow": "Other"})))]
#[case::workflow_input(with_step(json!({"run_workflow": "other", "with": {"x-y": 1}})))]
fn w1_a_typical_mistake_does_not_validate_and_is_not_read(#[case] value: Value) {
    assert_ne!(said(&value), [""; 0]);
    assert!(Definition::from_json(&value, catalog()).is_err());
}

#[rstest]
#[case(json!({"retry": {"max_attempts": 101}}))]
#[case(json!({"retry": {"backoff": 11}}))]
#[case(json!({"retry": {"interval": 10}}))]
#[case(json!({"retry": {"errors": ["Nope"]}}))]
#[case(json!({"retry": {"errors": []}}))]
#[case(json!({"retry": {"attempts": 1}}))]
fn w2_a_retry_that_makes_no_sense_does_not_validate(#[case] more: Value) {
    let mut step = json!({
        "uses": "pagerduty.resolve_incident",
        "with": {"integration": "{{ inputs.x }}", "incident_id": "P1", "from": "a@b.c"},
    });
    assert_eq!(said(&with_step(step.clone())), [""; 0]);
    step["retry"] = more["retry"].clone();
    assert_ne!(said(&with_step(step.clone())), [""; 0]);
    assert!(Definition::from_json(&with_step(step), catalog()).is_err());
}

#[test]
fn the_good_definition_validates() {
    assert_eq!(said(&source::parse(GOOD).unwrap().to_json()), [""; 0]);
}

#[test]
fn a_validator_is_quick_at_the_depth_that_is_allowed() {
    let depth = 24;
    let source = format!(
        "{{name: a, steps: [{}wait: 1s{}]}}",
        "{choose: [{when: true, steps: [".repeat(depth),
        "]}]}".repeat(depth)
    );
    assert_eq!(said(&source::parse(&source).unwrap().to_json()), [""; 0]);
}

/// The words of an enum in the schema.
fn enum_of(name: &str) -> BTreeSet<String> {
    let schema = workflow_schema(catalog());
    let choices = schema["definitions"][name]["oneOf"].as_array().unwrap();
    choices
        .iter()
        .map(|choice| choice["const"].as_str().unwrap().to_owned())
        .collect()
}

fn words_of<T>(words: &[(&str, T)]) -> BTreeSet<String> {
    words.iter().map(|(word, _)| (*word).to_owned()).collect()
}

#[test]
fn the_words_of_the_schema_are_those_of_the_grammar() {
    assert_eq!(enum_of("InputKind"), words_of(words::INPUT_KINDS));
    assert_eq!(enum_of("Policy"), words_of(words::POLICIES));
    assert_eq!(enum_of("OnLaneFailure"), words_of(steps::ON_LANE_FAILURE));
    let schema = workflow_schema(catalog());
    let fields = schema["definitions"]["Step"]["properties"].as_object().unwrap();
    let fields: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
    let companions = steps::KINDS.iter().flat_map(|kind| kind.companions);
    let known = steps::WORDS.iter().chain(companions).copied();
    assert_eq!(fields, known.chain(["id", "if", "continue_on_error"]).collect());
}

#[test]
fn every_field_has_a_description_that_an_editor_can_show() {
    let schema = workflow_schema(catalog());
    let types = schema["definitions"].as_object().unwrap().values().chain([&schema]);
    for fields in types.filter_map(|kind| kind["properties"].as_object()) {
        for (name, field) in fields {
            assert!(field["description"].is_string(), "{name}: {field}");
        }
    }
}
