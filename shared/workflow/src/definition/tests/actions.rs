//! The inputs of actions, as they are written down.

use super::{
    super::{schema::workflow_schema, *},
    problems, steps,
};
use crate::action::tests::catalog;
use crate::action::{ActionSpec, Admitted, Field, FieldKind, LINK, Pattern, Rule};
use jsonschema::Validator;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Map, json};
use std::sync::{Arc, LazyLock};

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&workflow_schema(catalog())).unwrap());

#[rstest]
#[case::rule(
    "escalate_incident",
    "incident_id: P1",
    "6:9: steps[0].with: one of `escalation_level` and `escalation_policy` is needed"
)]
#[case::word(
    "update_incident",
    "incident_id: P1, urgency: hihg",
    "6:56: steps[0].with.urgency: must be one of high, low; did you mean `high`?"
)]
#[case::entry(
    "reassign_incident",
    "incident_id: P1, assignees: [P2, '{{ run.id }}', '../P3']",
    "6:79: steps[0].with.assignees[2]: must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only"
)]
#[case::text_for_a_list(
    "reassign_incident",
    "incident_id: P1, assignees: '{{ run.id }}, {{ run.id }}'",
    "6:58: steps[0].with.assignees: is text with expressions in it, which never gives a list or a map; give one \
     expression only, as in `{{ vars.users }}`"
)]
#[case::field_of_a_map(
    "create_incident",
    "title: t, service: P1, conference_bridge: { conference_url: '{{ run.id }}', conference_numbr: '1' }",
    "6:106: steps[0].with.conference_bridge: `conference_numbr` is not known; did you mean `conference_number`?"
)]
fn what_is_wrong_with_an_input_is_told_where_it_stands(#[case] action: &str, #[case] with: &str, #[case] said: &str) {
    let step = format!("\n- id: a\n  uses: pagerduty.{action}\n  with: {{ integration: prod, {with} }}\n");
    assert_eq!(steps(&step), [said]);
}

#[rstest]
#[case::http("client_url: 'http://grafana.internal:3000/d/abc'", None)]
#[case::http_of_a_link("links: [{ href: 'http://prometheus:9090/graph?g0.expr=up', text: Graph }]", None)]
#[case::script(
    "client_url: 'javascript:alert(1)'",
    Some("client_url: must be a URL that begins with `https://` or `http://`")
)]
#[case::one_link_of_two(
    "links: [{ href: 'https://a.example' }, { href: grafana }]",
    Some("links: has an entry 1 that has problems: `href` must be a URL that begins with `https://` or `http://`")
)]
#[case::link_beside_an_expression(
    "links: [{ href: '{{ run.id }}' }, { text: nowhere }]",
    Some("links[1]: has problems: `href` is missing: the address that it opens")
)]
#[case::key(&format!("dedup_key: {}", "k".repeat(256)), Some("dedup_key: must be a key of 1 to 255 bytes, without line breaks"))]
#[case::time("timestamp: tomorrow", Some("timestamp: must be a time in RFC 3339"))]
#[case::relative_time("timestamp: -24h", None)]
#[case::relative_time_later("timestamp: +1h30m", None)]
#[case::number_for_a_time("timestamp: -24", Some("timestamp: must be a time in RFC 3339"))]
#[case::word("severity: fatal", Some("severity: must be one of critical, error, warning, info"))]
#[case::blank("source: ' '", Some("source: is empty"))]
#[case::long(&format!("summary: {}", "s".repeat(1025)), Some("summary: is longer than 1024 characters"))]
fn what_does_not_fit_and_is_the_same_in_every_run_is_refused_when_it_is_saved(
    #[case] field: &str,
    #[case] said: Option<&str>,
) {
    let name = field.split(':').next().unwrap();
    let needed = ["summary: s", "source: s", "severity: info"];
    let others = needed.iter().filter(|other| !other.starts_with(name)).copied();
    let fields = others.chain([field]).collect::<Vec<_>>().join(", ");
    let step = format!(
        "\n- uses: pagerduty.trigger_alert\n  with: {{ integration: prod, routing_key: checkout, {fields} }}\n"
    );
    let found: Vec<String> = steps(&step).into_iter().filter(|problem| !problem.is_empty()).collect();
    match said {
        None => assert_eq!(found, [""; 0]),
        Some(said) => assert!(
            found.len() == 1 && found[0].contains(&format!("with.{said}")),
            "{found:?}"
        ),
    }
}

#[test]
fn what_must_not_be_repeated_needs_the_time_of_a_whole_call() {
    let source = |action: &str, timeout: &str| {
        format!(
            "name: a\nsteps:\n- uses: pagerduty.{action}\n  timeout: {timeout}\n  \
             with: {{ integration: prod, incident_id: P1, escalation_level: 2 }}\n"
        )
    };
    assert_eq!(
        problems(&source("escalate_incident", "59s")),
        ["4:12: steps[0].timeout: is too short for pagerduty.escalate_incident, which needs at least 1m"]
    );
    assert_eq!(problems(&source("escalate_incident", "1m")), [""; 0]);
}

/// Any JSON that is not null and has no expression in it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z0-9:/. -]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn text(value: &str) -> BoxedStrategy<Value> {
    Just(Value::from(value)).boxed()
}

/// A value of an input.
pub(crate) fn value_of_field(field: &Field) -> BoxedStrategy<Value> {
    match &field.pattern {
        Some(pattern) => text_of_form(pattern).prop_map(Value::from).boxed(),
        None => value_of(field.kind.clone()),
    }
}

/// A text of a form. The classes of a pattern have ASCII alone, and those of the generator all of Unicode.
pub(crate) fn text_of_form(pattern: &Pattern) -> impl Strategy<Value = String> + use<> {
    let pattern = String::from(pattern.clone());
    let ascii = pattern
        .replace(r"[\w", "[0-9A-Za-z_")
        .replace(r"\w", "[0-9A-Za-z_]")
        .replace(r"\d", "[0-9]");
    prop::string::string_regex(&ascii).expect("a pattern of which texts can be made")
}

/// A value of a type.
fn value_of(kind: FieldKind) -> BoxedStrategy<Value> {
    let list_of = |kind| {
        prop::collection::vec(value_of(kind), 1..4)
            .prop_map(Value::from)
            .boxed()
    };
    match kind {
        FieldKind::Text => "[a-zA-Z0-9 ]{0,12}".prop_map(Value::from).boxed(),
        FieldKind::Prose(_) | FieldKind::Key { .. } => "[a-zA-Z0-9]([a-zA-Z0-9 ]{0,12}[a-zA-Z0-9])?"
            .prop_map(Value::from)
            .boxed(),
        FieldKind::OneOf(words) => prop::sample::select(words).prop_map(|word| Value::from(&*word)).boxed(),
        FieldKind::Integer => any::<i64>().prop_map(Value::from).boxed(),
        FieldKind::Number => (-1e6..1e6).prop_map(Value::from).boxed(),
        FieldKind::Any => any_json().boxed(),
        FieldKind::Count { most } => (1..=most).prop_map(Value::from).boxed(),
        FieldKind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        FieldKind::Integration | FieldKind::Name => "[a-z][a-z0-9]{0,8}".prop_map(Value::from).boxed(),
        FieldKind::Id(_) => "[A-Z0-9]{1,14}".prop_map(Value::from).boxed(),
        FieldKind::UserEmail(_) => text("oncall@example.com"),
        FieldKind::Length { longest } => (1..=longest).prop_map(|seconds| format!("{seconds}s").into()).boxed(),
        FieldKind::Time => text("2027-01-31T09:00:00Z"),
        FieldKind::Url => text("https://meet.example.com/1"),
        FieldKind::Link => prop_oneof![text("https://meet.example.com/1"), text("http://[::]:9092/k?q=a%20b")].boxed(),
        FieldKind::Links { .. } => prop::collection::vec(fields_of(&LINK).prop_map(Value::Object), 0..4)
            .prop_map(Value::from)
            .boxed(),
        FieldKind::Map { .. } => any_json().prop_map(|value| json!({ "a": value })).boxed(),
        FieldKind::List => any_json().prop_map(|value| json!([value])).boxed(),
        FieldKind::Ids(system) => list_of(FieldKind::Id(system)),
        FieldKind::Words(words) => list_of(FieldKind::OneOf(words)),
        FieldKind::Object(fields) => fields_of(&fields).prop_map(Value::Object).boxed(),
        FieldKind::Entries(fields) => list_of(FieldKind::Object(fields)),
    }
}

/// A map with these fields; one that may be left out is not always there.
fn fields_of(fields: &[Field]) -> BoxedStrategy<Map<String, Value>> {
    let each = fields.iter().map(|field| {
        let there = if field.optional {
            any::<bool>().boxed()
        } else {
            Just(true).boxed()
        };
        (Just(field.name.clone()), there, value_of_field(field))
    });
    let fields = each.collect::<Vec<_>>().prop_map(|fields| {
        let there = fields.into_iter().filter(|(_, there, _)| *there);
        there.map(|(name, _, value)| (name.into_owned(), value)).collect()
    });
    fields.boxed()
}

/// An action, and an input for it that keeps to its rules.
fn calls() -> impl Strategy<Value = (Arc<ActionSpec>, Map<String, Value>)> {
    let all: Vec<_> = catalog().actions().cloned().collect();
    prop::sample::select(all).prop_flat_map(|spec| {
        let one_of_rules: Vec<_> = spec
            .rules
            .iter()
            .map(|rule| {
                let value = |name: &str| {
                    spec.input(name)
                        .map_or_else(|| value_of(FieldKind::Text), value_of_field)
                };
                let values: Vec<_> = rule
                    .fields()
                    .iter()
                    .map(|name| (Just(name.clone()), value(name)))
                    .collect();
                (Just(rule.clone()), values, 0..rule.fields().len(), any::<bool>())
            })
            .collect();
        (fields_of(&spec.inputs), one_of_rules).prop_map(move |(mut input, rules)| {
            for (rule, mut values, chosen, is_given) in rules {
                if !matches!(rule, Rule::AtLeastOne(_)) {
                    input.retain(|field, _| !rule.fields().iter().any(|of_rule| of_rule == field));
                }
                let values = match rule {
                    Rule::AllOrNone(_) if is_given => values,
                    Rule::AllOrNone(_) => Vec::new(),
                    _ => vec![values.swap_remove(chosen)],
                };
                input.extend(values.into_iter().map(|(name, value)| (name.into_owned(), value)));
            }
            (Arc::clone(&spec), input)
        })
    })
}

fn definition_of(action: &ActionSpec, with: &Map<String, Value>) -> Value {
    json!({"name": "a", "steps": [{"uses": action.name, "with": with}]})
}

proptest! {
    #[test]
    fn every_input_of_the_right_types_is_taken_by_the_grammar_the_schema_and_the_function((action, input) in calls()) {
        let definition = definition_of(&action, &input);
        prop_assert_eq!(Definition::from_json(&definition, catalog()).map(|_| ()), Ok(()));
        prop_assert!(VALIDATOR.is_valid(&definition), "{}", definition);
        prop_assert_eq!(action.check_input(&Value::Object(input), &[]), Ok(()));
    }

    #[test]
    fn an_input_that_fits_is_sent_as_it_is((action, input) in calls()) {
        let input = Value::Object(input);
        let sent = action.admit(input.clone(), &[], usize::MAX);
        prop_assert_eq!(sent, Ok(Admitted { input, adjusted: vec![] }));
    }

    #[test]
    fn p1_an_input_with_anything_in_it_is_refused_by_the_grammar_just_as_by_the_function(
        (action, mut input) in calls(),
        which in any::<prop::sample::Index>(),
        value in prop::option::of(any_json()),
    ) {
        let name = &*which.get(&action.inputs).name;
        match value {
            Some(value) => input.insert(name.to_owned(), value),
            None => input.remove(name),
        };
        let definition = definition_of(&action, &input);
        let is_taken = Definition::from_json(&definition, catalog()).is_ok();
        prop_assert_eq!(is_taken, action.check_input(&Value::Object(input), &[]).is_ok());
        prop_assert!(!is_taken || VALIDATOR.is_valid(&definition), "what is taken validates");
    }
}
