use super::*;
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
#[case("plain")]
#[case("{{ event.id }}")]
#[case("x {{ event.id }}")]
fn a_template_is_written_as_it_was_read(#[case] source: &str) {
    assert_eq!(Template::from_text(source).unwrap().to_json(), json!(source));
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_template_or_refused_and_its_evaluation_ends(source in "(\\{\\{|\\}\\}|\\{%|%\\}|event|vars|for|in|\\PC){0,30}") {
        if let Ok(template) = Template::from_text(&source) {
            let _value_or_error = template.evaluate(&context());
        }
    }
}
