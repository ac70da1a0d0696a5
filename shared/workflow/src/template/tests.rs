use super::*;
use jiff::Timestamp;
use rstest::rstest;
use serde_json::json;

fn context() -> Context {
    let mut context = Context::new(
        json!({
            "id": "01F",
            "incident": {"title": "{{secrets.token}} ${7*7} {% raw %}", "number": 7, "urgency": "high", "priority": null,
                         "teams": [{"summary": "SRE"}]},
            "data": {}
        }),
        json!({"id": "run1"}),
        json!({"service": "PWIXJZS"}),
        Timestamp::UNIX_EPOCH,
    );
    context.set_variable("limit", json!(3));
    context.set_step(
        "ticket",
        json!({"outcome": "success", "outputs": {"incident_number": 19}}),
    );
    context.set_step("other", json!({"outcome": "skipped", "outputs": {}}));
    context
}

fn value(source: &str) -> Result<Value, String> {
    Template::from_text(source)
        .and_then(|template| template.evaluate(&context()))
        .map_err(|error| error.to_string())
}

#[rstest]
#[case("plain text", json!("plain text"))]
#[case("{{ event.incident.number }}", json!(7))]
#[case("{{ event.incident.teams }}", json!([{"summary": "SRE"}]))]
#[case("{{ event.incident.priority }}", json!(null))]
#[case("{{ vars.limit + 1 }}", json!(4))]
#[case("No {{ event.incident.number }}.", json!("No 7."))]
#[case("{{ event.id }} and {{ run.id }}", json!("01F and run1"))]
#[case("{{ steps.ticket.outputs.incident_number }}", json!(19))]
#[case("{% if vars.limit > 2 %}many{% else %}few{% endif %}", json!("many"))]
fn a_value_that_is_one_expression_keeps_its_type_and_all_else_is_text(#[case] source: &str, #[case] expected: Value) {
    assert_eq!(value(source), Ok(expected));
}

#[test]
fn t1_what_an_event_says_is_never_a_template() {
    assert_eq!(
        value("{{ event.incident.title }}"),
        Ok(json!("{{secrets.token}} ${7*7} {% raw %}"))
    );
    assert_eq!(
        value("> {{ event.incident.title }}"),
        Ok(json!("> {{secrets.token}} ${7*7} {% raw %}"))
    );
}

#[rstest]
#[case(
    "{{ event.incident.titel }}",
    "`event.incident.titel` is not defined; `event.incident` has"
)]
#[case("{{ event.incident.titel == 'x' }}", "`event.incident.titel` is not defined")]
#[case("a {{ vars.nope }}", "`vars.nope` is not defined")]
#[case("{{ steps.other.outputs.incident_id }}", "the step `other` was skipped")]
#[case("{{ event.incident.teams[9].summary }}", "undefined")]
#[case("{{ event.incident.teams[-9].summary }}", "undefined")]
#[case(
    "{{ event.incident.priority.summary == 'P1' }}",
    "because `event.incident.priority` is null; test"
)]
#[case("{{ 1 / 0 }}", "unable to calculate")]
#[case("{{ nope() }}", "nope")]
#[case("{{ event.", "syntax error")]
fn t5_what_is_not_there_is_an_error_that_names_it(#[case] source: &str, #[case] said: &str) {
    let error = value(source).unwrap_err();
    assert!(error.contains(said), "{error}");
}

#[rstest]
#[case("event.incident.priority is not none and event.incident.priority.summary == 'P1'")]
#[case("event.incident.priority == 'P1'")]
fn null_may_be_tested_and_what_is_not_reached_is_not_evaluated(#[case] condition: &str) {
    assert_eq!(Expression::condition(condition).unwrap().holds(&context()), Ok(false));
}

#[rstest]
#[case::between_texts("P: {{ event.incident.priority }}.", "P: .")]
#[case::alone_in_a_block("{% if true %}{{ event.incident.priority }}{% endif %}", "")]
#[case::joined_to_text("{{ 'P' ~ event.incident.priority ~ '.' }}", "P.")]
#[case::joined_to_text_within_text("> {{ 'P' ~ event.incident.priority }}", "> P")]
#[case::made_text("{{ event.incident.priority | string }}", "")]
#[case::one_of_a_list("{{ [event.id, event.incident.priority] | join('/') }}", "01F/")]
#[case::formatted("{{ '%s of %s' | format(event.incident.priority, event.id) }}", " of 01F")]
#[case::chosen("{{ 'P' ~ (event.incident.priority if true else 'x') }}", "P")]
#[case::beside_the_word("None of {{ event.incident.priority }}us", "None of us")]
#[case::beside_the_word_and_joined("{{ 'None of ' ~ event.incident.priority ~ 'us' }}", "None of us")]
#[case::not_null("{{ 'None' if event.incident.priority is none else 'x' }}", "None")]
#[case::only_looked_at("{{ 'None' ~ (event.incident.priority == none) }}", "NoneTrue")]
fn null_in_text_is_nothing_however_it_comes_there(#[case] source: &str, #[case] text: &str) {
    assert_eq!(value(source), Ok(json!(text)));
}

#[rstest]
#[case("{{ vars.limit > 2 }}!", "true!")]
#[case("{{ event.incident.teams }}!", r#"[{"summary":"SRE"}]!"#)]
#[case("{{ {'a': none, 'b': [false]} }}!", r#"{"a":null,"b":[false]}!"#)]
#[case("{{ event.incident.teams | map(attribute='summary') }}!", r#"["SRE"]!"#)]
fn in_text_what_is_no_text_is_written_as_json(#[case] source: &str, #[case] text: &str) {
    assert_eq!(value(source), Ok(json!(text)));
}

/// Numbers as an event may have them, and the same in text.
#[rstest]
#[case::larger_than_floats_can_tell(json!(9_007_199_254_740_993_u64), "9007199254740993")]
#[case::largest(json!(u64::MAX), "18446744073709551615")]
#[case::smallest(json!(i64::MIN), "-9223372036854775808")]
#[case::fraction(json!(1.1), "1.1")]
#[case::whole_but_written_with_a_point(json!(2.0), "2.0")]
fn a_number_keeps_its_digits(#[case] number: Value, #[case] text: &str) {
    let mut context = context();
    context.set_variable("n", number.clone());
    let of = |source: &str| Template::from_text(source).unwrap().evaluate(&context);
    assert_eq!(of("{{ vars.n }}"), Ok(number.clone()));
    assert_eq!(of("{{ [vars.n, {'n': vars.n}] }}"), Ok(json!([number, {"n": number}])));
    assert_eq!(of("n={{ vars.n }}"), Ok(json!(format!("n={text}"))));
}

fn key(source: &str) -> Option<String> {
    Template::from_text(source).unwrap().evaluate_key(&context()).unwrap()
}

#[rstest]
#[case("{{ event.id }}", "01F")]
#[case("svc-{{ event.id }}", "svc-01F")]
#[case("same", "same")]
#[case("{{ event.incident.number }}", "7")]
#[case("{{ [event.id, 7] }}", r#"["01F",7]"#)]
#[case("{{ event.id }}{{ '-late' if false else '' }}", "01F")]
#[case("{% if event.incident.priority is none %}none{% endif %}", "none")]
#[case("{{ 'None' ~ event.id }}", "None01F")]
fn a_key_is_what_its_expressions_give(#[case] source: &str, #[case] expected: &str) {
    assert_eq!(key(source).as_deref(), Some(expected));
}

#[rstest]
#[case::null("{{ event.incident.priority }}")]
#[case::null_in_text("svc-{{ event.incident.priority }}")]
#[case::null_beside_another("{{ event.id }}-{{ event.incident.priority }}")]
#[case::null_joined_to_text("{{ 'svc-' ~ event.incident.priority }}")]
#[case::null_joined_to_text_in_text("svc-{{ event.id ~ event.incident.priority }}")]
#[case::null_in_a_list("{{ [event.id, event.incident.priority] }}")]
#[case::null_joined_in_a_list("{{ [event.id, event.incident.priority] | join('-') }}")]
#[case::empty("")]
#[case::empty_by_an_expression("{{ '' }}")]
#[case::blank("{{ ' ' }} \t")]
#[case::empty_list("{{ [] }}")]
#[case::empty_map("{{ event.data }}")]
#[case::empty_map_in_text("svc-{{ event.data }}")]
#[case::blank_in_a_list("{{ [event.id, ' '] }}")]
fn a_key_without_anything_to_tell_things_apart_by_is_none(#[case] source: &str) {
    assert_eq!(key(source), None);
}

#[test]
fn a_key_that_cannot_be_evaluated_is_an_error_and_not_a_missing_key() {
    let template = Template::from_text("svc-{{ event.incident.titel }}").unwrap();
    assert!(template.evaluate_key(&context()).is_err());
}

#[test]
fn a_default_may_be_given_for_what_may_be_missing() {
    assert_eq!(value("{{ event.data.nope | default('none') }}"), Ok(json!("none")));
    assert_eq!(value("{{ event.data.nope is defined }}"), Ok(json!(false)));
}

#[rstest]
#[case("{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}")]
#[case("{{ 'x' * 10000000 }}")]
#[case("a{{ 'x' * 10000000 }}")]
fn t6_a_result_that_is_too_large_or_takes_too_long_ends_in_an_error(#[case] source: &str) {
    let error = value(source).unwrap_err();
    assert!(
        error.contains("too long") || error.contains("more than") || error.contains("invalid operation"),
        "{error}"
    );
}

#[rstest]
#[case::chain_of_fields(".a", "operators, dots and brackets")]
#[case::chain_of_filters("|e", "operators, dots and brackets")]
#[case::chain_of_indices("[0]", "operators, dots and brackets")]
#[case::chain_of_texts("~1", "operators, dots and brackets")]
#[case::chain_of_tests(" is odd", "operators, dots and brackets")]
#[case::chain_of_choices(" if 1 else 1", "operators, dots and brackets")]
#[case::chain_of_additions("+1", "additions")]
fn t6_a_chain_that_would_exhaust_the_stack_is_refused_and_a_shorter_one_is_not(#[case] link: &str, #[case] said: &str) {
    let longest = (1..1000)
        .take_while(|length| Template::from_text(&format!("{{{{ event{} }}}}", link.repeat(*length))).is_ok())
        .last()
        .unwrap();
    assert!(longest >= 30, "{longest}");
    let _value_or_error = value(&format!("{{{{ event{} }}}}", link.repeat(longest)));
    let error = value(&format!("{{{{ event{} }}}}", link.repeat(longest + 1))).unwrap_err();
    assert!(error.contains(said), "{error}");
}

#[rstest]
#[case::a_value_in_itself(
    "{% set a = namespace(b=1) %}{% set a.b = a %}{{ a }}",
    "unknown function `namespace`"
)]
#[case::lists_that_double("{% for a in [[1]] recursive %}{{ loop([a + a]) }}{% endfor %}", "`recursive`")]
fn t6_a_value_that_grows_without_end_cannot_be_made(#[case] source: &str, #[case] said: &str) {
    let error = value(source).unwrap_err();
    assert!(error.contains(said), "{error}");
}

#[rstest]
#[case("{{ event.incident.title | regex_match('(a+)+$') }}", "regex_match")]
#[case("{{ event.incident.title is matching('(a+)+$') }}", "matching")]
#[case("{{ event.incident.title.match('(a+)+$') }}", "match")]
fn t7_no_expression_takes_a_pattern_that_could_run_for_ever(#[case] source: &str, #[case] said: &str) {
    let error = value(source).unwrap_err();
    assert!(error.contains("unknown") && error.contains(said), "{error}");
}

#[test]
fn a_condition_must_be_true_or_false() {
    let error = Expression::condition("event.incident.urgency")
        .unwrap()
        .holds(&context())
        .unwrap_err()
        .to_string();
    assert!(error.contains("must give true or false"), "{error}");
    assert_eq!(
        Expression::condition("{{ event.incident.number == 7 }}")
            .unwrap()
            .holds(&context()),
        Ok(true)
    );
}

#[test]
fn the_names_that_a_template_refers_to_are_known_before_it_runs() {
    let template = Template::from_text("{{ steps.ticket.outputs.incident_id }} {{ vars.a }} {{ range(3) }}").unwrap();
    let names: Vec<String> = template
        .expressions()
        .iter()
        .flat_map(|e| e.references())
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["steps.ticket.outputs.incident_id", "vars.a"]);
}

#[rstest]
#[case::cut("{{ steps.ticket.outputs.title[:40] }}", &["steps.ticket.outputs.title"])]
#[case::cut_by_names("{{ 'x'[vars.a:vars.b:vars.c] }}", &["vars.a", "vars.b", "vars.c"])]
#[case::set_to_something_of_its_own_name("{% set event = event.incident %}{{ event.id }}", &["event.incident"])]
#[case::filter_of_a_block("{% filter replace('x', vars.a) %}{{ event.id }}{% endfilter %}", &["event.id", "vars.a"])]
#[case::filter_of_a_name("{% set x | default(vars.a) %}{% endset %}{{ x }}", &["vars.a"])]
#[case::names_of_its_own("{% for a, b in event.data | items %}{{ a }}{{ b }}{{ loop.index }}{% endfor %}", &["event.data"])]
#[case::names_that_end_with_their_block("{% for event in vars.a %}{{ event }}{% endfor %}{{ event.id }}", &["event.id", "vars.a"])]
#[case::functions_and_methods("{% for a in range(3) %}{{ loop.cycle(vars.a) }}{{ dict(b=vars.b) }}{% endfor %}", &["vars.a", "vars.b"])]
#[case::whole_names_beside_parts("{{ event }}{{ event.id }}{{ event['a'].b }}", &["event", "event.id"])]
fn the_names_are_all_that_it_takes_from_outside_and_nothing_else(#[case] source: &str, #[case] expected: &[&str]) {
    let template = Template::from_text(source).unwrap();
    let names: Vec<String> = template
        .expressions()
        .iter()
        .flat_map(|e| e.references())
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, expected);
}

#[rstest]
#[case::of_a_function("{{ dict(**event) }}")]
#[case::of_a_filter("{{ 'x' | format(*vars.a) }}")]
#[case::of_a_test("{{ 1 is in(*vars.a) }}")]
fn an_argument_that_stands_for_as_many_as_a_list_has_is_refused(#[case] source: &str) {
    let error = value(source).unwrap_err();
    assert!(error.contains("`*` before an argument is not supported"), "{error}");
}

#[rstest]
#[case::at_most("{{ {'a': [1]} | tojson(indent=8) }}", None)]
#[case::wider(
    "{{ {'a': [1]} | tojson(indent=9) }}",
    Some("the indent of `tojson` is 9, and at most 8")
)]
#[case::wider_by_position("{{ {'a': [1]} | tojson(9) }}", Some("the indent of `tojson` is 9"))]
#[case::larger_than_any_number("{{ {'a': [1]} | tojson(indent=1e99) }}", Some("`"))]
fn json_is_indented_by_a_few_spaces(#[case] source: &str, #[case] refused: Option<&str>) {
    match (value(source), refused) {
        (Ok(_), None) => {}
        (Err(error), Some(said)) => assert!(error.contains(said), "{error}"),
        other => panic!("{other:?}"),
    }
}

/// The instructions jump to the same places with the scales in between.
#[rstest]
#[case("{{ 'a' if (event.id == '01F' and vars.limit < 4) or vars.nope else 'b' }}", "a")]
#[case(
    "{% for a in [1, 2, 3] %}{% if a == 2 %}{{ a ~ '' }}{% elif a in [3] %}three{% else %}{{ a + 1 }}{% endif %}{% else %}none{% endfor %}",
    "22three"
)]
#[case("{% for a in [] %}{{ a }}{% else %}{{ 'no' ~ 'ne' }}{% endfor %}", "none")]
#[case("{% for a in [1, 2, 3, 4] if a > 1 and a != 3 %}{{ a }}{% endfor %}", "24")]
#[case("{{ 1 < 2 < 3 < 2 }}{{ 1 < 2 <= 2 in [2] }}", "falsetrue")]
#[case(
    "{% filter upper %}{% for a in 'xy' %}{{ a ~ '-' }}{% endfor %}{% endfilter %}",
    "X-Y-"
)]
#[case("{{ {'b': [1, {'c': 2 * 3}]}['b'][1:][0].c }}", "6")]
#[case(
    "{{ range(3) | map('string') | join(',') }}{{ ([1] * 2 + [3]) | map('int', default=0) | sum }}",
    "0,1,25"
)]
#[case(
    "{% for row in [[1, 2], [3, 4]] %}{% for a in row %}{{ loop.index }}{{ loop.changed(a) }}{% endfor %}{% endfor %}",
    "1true2true1true2true"
)]
fn what_is_weighed_computes_the_same(#[case] source: &str, #[case] text: &str) {
    let said = value(&format!("{source}{{# #}}"));
    assert_eq!(said, Ok(json!(text)));
}

#[rstest]
#[case("plain")]
#[case("{{ event.id }}")]
#[case("x {{ event.id }}")]
fn a_template_is_written_as_it_was_read(#[case] source: &str) {
    assert_eq!(Template::from_text(source).unwrap().to_json(), json!(source));
}

/// What stands in the place of all that a template does not name.
const UNSEEN: &str = "unseen";

/// A context of a tree of values.
fn context_of(values: &Value) -> Context {
    let group = |name: &str| values[name].clone();
    let mut context = Context::new(group("event"), group("run"), group("inputs"), Timestamp::UNIX_EPOCH);
    let entries = |name: &str| values[name].as_object().cloned().unwrap_or_default();
    for (name, value) in entries("vars") {
        context.set_variable(&name, value);
    }
    for (id, result) in entries("steps") {
        context.set_step(&id, result);
    }
    context
}

/// The values without what none of the names refers to.
fn only(values: &Value, names: &[&[&str]]) -> Value {
    match values {
        _ if names.iter().any(|name| name.is_empty()) => values.clone(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| {
                let inner = names.iter().filter_map(|name| name.strip_prefix(&[key.as_str()]));
                (key.clone(), only(field, &inner.collect::<Vec<_>>()))
            })
            .collect(),
        _ => json!(UNSEEN),
    }
}

/// Expressions over names that are there, names that are not, and what minijinja has besides.
fn expressions() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::{prelude::*, sample::select};
    let name = select(vec![
        "event",
        "event.incident",
        "event.incident.title",
        "event['incident'].number",
        "event.data.a",
        "run.id",
        "inputs.team",
        "inputs",
        "vars.a",
        "vars.b.c",
        "steps.one.outcome",
        "steps.one.outputs.n",
        "steps.two.outputs",
        "item",
        "env",
        "self",
        "loop",
        "range(3)",
        "dict(a=1)",
        "z",
        "secrets.token",
        "1",
        "'x'",
    ]);
    name.prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
        let of_one = select(vec![
            "EXPR|string",
            "EXPR|tojson",
            "EXPR|list",
            "EXPR|items|list",
            "EXPR.title",
            "EXPR['n']",
            "[EXPR]",
            "{'k': EXPR}",
            "EXPR is defined",
            "EXPR|default('d')",
            "EXPR|length",
            "EXPR|map(attribute='a')|list",
            "(EXPR)",
            "(EXPR)[:1]",
            "(EXPR)[::-1]",
            "-(EXPR)",
            "EXPR|replace('x', EXPR)",
        ]);
        let of_two = select(vec![
            "LEFT ~ RIGHT",
            "LEFT == RIGHT",
            "LEFT if RIGHT else 1",
            "LEFT or RIGHT",
            "LEFT[RIGHT]",
            "LEFT in RIGHT",
        ]);
        prop_oneof![
            (of_one, inner.clone()).prop_map(|(form, inner)| form.replace("EXPR", &inner)),
            (of_two, inner.clone(), inner)
                .prop_map(|(form, left, right)| form.replace("LEFT", &left).replace("RIGHT", &right)),
        ]
    })
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_template_reads_nothing_but_what_it_names(
        expression in expressions(),
        form in proptest::sample::select(vec![
            "{{ EXPR }}", "text {{ EXPR }} text", "{% for z in EXPR %}{{ z }}{% endfor %}", "{% set z = EXPR %}{{ z }}",
            "{% with z = EXPR %}{{ z }}{% endwith %}", "{% if EXPR %}{{ EXPR }}{% endif %}",
            "{% set event = EXPR %}{{ event }}", "{% with event = EXPR %}{{ event }}{% endwith %}",
            "{% filter default(EXPR) %}{{ EXPR }}{% endfilter %}", "{% set z | default(EXPR) %}x{% endset %}{{ z }}",
            "{% for event in EXPR if EXPR %}{{ event }}{% else %}{{ EXPR }}{% endfor %}", "{% autoescape EXPR %}x{% endautoescape %}",
        ]),
    ) {
        let values = json!({
            "event": {"id": "e", "incident": {"title": "t", "number": 7, "teams": [{"a": 1}]}, "data": {"a": "d"}},
            "run": {"id": "r"},
            "inputs": {"team": "ops", "n": 3},
            "vars": {"a": "va", "b": {"c": [1, 2]}},
            "steps": {"one": {"outcome": "success", "outputs": {"n": 1}}, "two": {"outcome": "failure", "outputs": {"a": {}}}},
        });
        let Ok(template) = Template::from_text(&form.replace("EXPR", &expression)) else {
            return Ok(());
        };
        let expressions = template.expressions();
        let names: Vec<Vec<&str>> = expressions.iter().flat_map(|e| e.references()).map(Reference::parts).collect();
        let names: Vec<&[&str]> = names.iter().map(Vec::as_slice).collect();
        let all = template.evaluate(&context_of(&values)).ok();
        let named = template.evaluate(&context_of(&only(&values, &names))).ok();
        proptest::prop_assert_eq!(&all, &named);
        let given = all.map(|value| value.to_string()).unwrap_or_default();
        proptest::prop_assert!(!given.contains(UNSEEN), "{}", given);
    }
}

/// A piece of a key: its source, and what it gives; nothing for null.
fn piece_of_key() -> impl proptest::strategy::Strategy<Value = (&'static str, Option<&'static str>)> {
    proptest::sample::select(vec![
        ("{{ event.id }}", Some("01F")),
        ("{{ event.incident.number }}", Some("7")),
        ("{{ event.incident.priority }}", None),
        ("{{ '-' ~ event.incident.priority }}", None),
        ("{{ event.incident.priority | string }}", None),
        ("{{ '' }}", Some("")),
        ("{{ 'None' }}", Some("None")),
        ("svc", Some("svc")),
        ("None", Some("None")),
    ])
}

proptest::proptest! {
    #[test]
    fn a_key_is_none_as_a_whole_if_an_expression_in_it_gives_null_and_text_is_without_its_nulls(
        pieces in proptest::collection::vec(piece_of_key(), 1..6),
    ) {
        let sources: String = pieces.iter().map(|(source, _)| *source).collect();
        let all: Option<String> = pieces.iter().map(|(_, gives)| *gives).collect();
        let dashes = pieces.iter().map(|(source, gives)| gives.unwrap_or(if source.contains('~') { "-" } else { "" }));
        let text: String = dashes.collect();
        proptest::prop_assert_eq!(value(&format!("key {sources}")), Ok(json!(format!("key {text}"))));
        proptest::prop_assert_eq!(key(&format!("key {sources}")), all.map(|all| format!("key {all}")));
    }

    #[test]
    fn any_text_is_a_template_or_refused_and_its_evaluation_ends(source in "(\\{\\{|\\}\\}|\\{%|%\\}|event|vars|for|in|\\PC){0,30}") {
        if let Ok(template) = Template::from_text(&source) {
            let _value_or_error = template.evaluate(&context());
        }
    }
}

#[rstest]
#[case("{{ vars.limit }}")]
#[case("{{- vars.limit }}")]
#[case("{{ vars.limit -}}")]
#[case("{{- vars.limit -}}")]
fn the_dashes_of_one_expression_do_not_change_its_value(#[case] source: &str) {
    assert_eq!(
        Template::from_text(source).unwrap().evaluate(&context()).unwrap(),
        json!(3)
    );
}

#[rstest]
#[case("{{ [10, 20, 30] }}", Some(json!(20)))]
#[case("{{ range(5) }}", Some(json!(1)))]
#[case("{{ 'text' }}", None)]
#[case("{{ {'a': 1, 'b': 2} }}", None)]
#[case("{{ [10] }}", None)]
fn one_item_of_a_list_is_what_the_whole_list_has_there(#[case] source: &str, #[case] item: Option<Value>) {
    let template = Template::from_text(source).unwrap();
    assert_eq!(template.evaluate_item(&context(), 1).unwrap(), item);
    let whole = template.evaluate(&context()).unwrap();
    assert_eq!(whole.as_array().and_then(|items| items.get(1)).cloned(), item);
}

#[rstest]
#[case("event.data.details.host | default('unknown')", json!("unknown"))]
#[case("event.incident.priority.summary | default('none')", json!("none"))]
#[case("event.incident.priority | default('none')", json!("none"))]
#[case("event.incident.title | d('none') | length > 4", json!(true))]
#[case("event.incident.teams[0].summary | default('none')", json!("SRE"))]
#[case("event.incident.teams[3].summary | default('none')", json!("none"))]
#[case("event['data']['a b'].c | default(event.data.x.y | default('deep'))", json!("deep"))]
#[case("event.data.a.b.c is defined", json!(false))]
#[case("event.data.a.b.c is undefined and event.incident.number is defined", json!(true))]
#[case("'' | default('x', true)", json!("x"))]
#[case("'' | default('x')", json!(""))]
fn a_default_helps_wherever_a_chain_of_names_ends(#[case] source: &str, #[case] expected: Value) {
    assert_eq!(value(&format!("{{{{ {source} }}}}")).as_ref(), Ok(&expected));
    let in_text = format!("{{% if true %}}[{{{{ {source} }}}}]{{% endif %}}");
    let printed = match &expected {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    assert_eq!(value(&in_text), Ok(json!(format!("[{printed}]"))));
}

#[test]
fn json_in_a_text_is_readable() {
    let mut context = context();
    context.set_variable(
        "odd",
        json!({"a": "x > 5 && y = 'z' <b>", "b": "\\u003c \\ \" \n é", "c": [1, null, true]}),
    );
    let written = Template::from_text("{{ vars.odd | tojson }}")
        .unwrap()
        .evaluate(&context)
        .unwrap();
    let written = written.as_str().unwrap();
    assert!(written.contains(r#""x > 5 && y = 'z' <b>""#), "{written}");
    let read: Value = serde_json::from_str(written).unwrap();
    assert_eq!(
        read,
        json!({"a": "x > 5 && y = 'z' <b>", "b": "\\u003c \\ \" \n é", "c": [1, null, true]})
    );
    let indented = Template::from_text("{{ vars.odd | tojson(indent=2) }}")
        .unwrap()
        .evaluate(&context)
        .unwrap();
    assert!(indented.as_str().unwrap().starts_with("{\n  \"a\""), "{indented}");
}

proptest::proptest! {
    #[test]
    fn json_in_a_text_is_read_as_what_was_written(text in ".{0,40}|(\\\\|u003c|<|'|\"|&){0,12}") {
        let mut context = context();
        context.set_variable("text", json!(text));
        let written = Template::from_text("{{ vars.text | tojson }}").unwrap().evaluate(&context).unwrap();
        let read: Value = serde_json::from_str(written.as_str().unwrap()).unwrap();
        proptest::prop_assert_eq!(read, json!(text));
    }
}

#[rstest]
#[case::a_field("{{ body.ok }}", json!(null))]
#[case::a_field_of_nothing("{{ body.error.code }}", json!(null))]
#[case::an_entry_of_nothing("{{ body.rows[0].id }}", json!(null))]
#[case::a_field_of_null("{{ body.nothing.at.all }}", json!(null))]
#[case::a_field_of_text("{{ body.name.first }}", json!(null))]
#[case::one_that_is_there("{{ body.name }}", json!("Ada"))]
#[case::an_entry_that_is_there("{{ body.list[0].id }}", json!(1))]
#[case::by_a_name_that_is_no_word("{{ body['x-id'] }}", json!(7))]
#[case::in_a_condition("{{ not body.ok }}", json!(true))]
#[case::beside_another("{{ body.name if body.ok else body.error.code }}", json!(null))]
#[case::with_a_default("{{ body.error.code | default('none') }}", json!("none"))]
#[case::a_test("{{ body.ok is defined }}", json!(false))]
#[case::a_test_that_holds("{{ body.name is defined }}", json!(true))]
#[case::a_filter("{{ body.name | upper }}", json!("ADA"))]
#[case::in_text("{{ body.name }}, {{ body.error.code }}!", json!("Ada, !"))]
#[case::in_a_loop("{% for row in body.list %}{{ row.id }}{{ row.no }}{% endfor %}", json!("1"))]
#[case::an_argument("{{ [1] | join(body.error.code | default('')) }}", json!("1"))]
fn a_field_that_is_missing_can_be_null(#[case] source: &str, #[case] expected: Value) {
    let body = json!({"name": "Ada", "nothing": null, "list": [{"id": 1}], "x-id": 7});
    let context = Context::of_values([("body", body)], Timestamp::UNIX_EPOCH);
    let template = Template::from_text(source).unwrap().null_where_missing();
    assert_eq!(template.evaluate(&context), Ok(expected));
}

#[test]
fn a_context_can_have_other_names() {
    let context = Context::of_values([("status", json!(204))], Timestamp::UNIX_EPOCH);
    let evaluated = |source| Template::from_text(source).unwrap().evaluate(&context);
    assert_eq!(evaluated("{{ status + 1 }}"), Ok(json!(205)));
    assert!(evaluated("{{ event.id }}").is_err());
}
