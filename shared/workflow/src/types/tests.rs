use crate::action::tests::catalog;
use crate::{
    action::{Field, OnNull},
    definition::Draft,
    template::Expression,
};
use rstest::rstest;

/// A workflow for events of these types, with this condition and this `set`.
fn workflow(events: &str, when: &str, value: &str) -> String {
    let when = serde_json::to_string(when).unwrap();
    let value = serde_json::to_string(value).unwrap();
    format!(
        "name: typed\non: {{ pagerduty: {{ integration: prod, events: [{events}], when: {when} }} }}\nsteps:\n  - set: {{ a: {value} }}\n"
    )
}

/// What is wrong with a workflow, and what it is warned of.
fn said(source: &str) -> (Vec<String>, Vec<String>) {
    let messages =
        |problems: &crate::definition::Problems| problems.iter().map(|problem| problem.message.clone()).collect();
    match Draft::from_source(source, catalog()) {
        Ok(draft) => (Vec::new(), messages(draft.warnings())),
        Err(problems) => (messages(&problems), Vec::new()),
    }
}

fn errors_of(events: &str, when: &str, value: &str) -> Vec<String> {
    said(&workflow(events, when, value)).0
}

const WHOLE: &str = "incident.triggered";
const NOTE: &str = "incident.annotated";

#[rstest]
#[case::name_of_a_reference(
    "event.incident.service.name == 'x'",
    "in `event.incident.service`, `name` is not known; did you mean `summary`?"
)]
#[case::misspelt("event.incident.sumary == 'x'", "`sumary` is not known")]
#[case::by_index("event.incident['titel'] == 'x'", "`titel` is not known; did you mean `title`?")]
#[case::deep(
    "event.incident.teams[0].name == 'x'",
    "`name` is not known; did you mean `summary`?"
)]
#[case::in_text(
    "event.incident.title.length > 3",
    "`event.incident.title` is text, with nothing in it"
)]
#[case::in_a_list(
    "event.incident.assignees.summary == 'x'",
    "`event.incident.assignees` is a list; take one of its entries"
)]
#[case::in_a_filter(
    "event.incident.teams | map(attribute='name') | join == 'x'",
    "in the entries of `event.incident.teams`, `name` is not known"
)]
#[case::in_selectattr(
    "event.incident.teams | selectattr('name', 'eq', 'x') | length > 0",
    "did you mean `summary`?"
)]
#[case::behind_a_guard(
    "event.incident.priority is not none and event.incident.priority.name == 'P1'",
    "did you mean `summary`?"
)]
#[case::in_a_choice("(event.incident.titel if true else 'x') == 'x'", "`titel` is not known")]
#[case::under_a_default("event.incident.titel | default('x') == 'x'", "`titel` is not known")]
fn a_field_that_is_not_there_is_refused_at_any_depth(#[case] when: &str, #[case] wanted: &str) {
    let said = errors_of(WHOLE, when, "x");
    assert!(said.iter().any(|message| message.contains(wanted)), "{said:#?}");
}

#[rstest]
#[case::no_service(
    NOTE,
    "event.incident.service.summary == 'Checkout'",
    "`event.incident.service` is always null here: events of the type `incident.annotated` only name"
)]
#[case::no_incident(
    "service.updated",
    "event.incident.title == 'x'",
    "`event.incident` is always null here: events of the type `service.updated` are about a service"
)]
#[case::no_note(WHOLE, "event.note.text == 'x'", "`event.note` is always null here")]
#[case::priority(
    WHOLE,
    "event.incident.priority.summary == 'P1'",
    "`event.incident.priority` can be null: not every incident has a priority; test `event.incident.priority is not none` first, or write `event.incident.priority.summary | default(…)`"
)]
#[case::agent(WHOLE, "event.agent.summary == 'x'", "`event.agent` can be null")]
#[case::one_of_several(
    "incident.triggered, incident.annotated",
    "event.incident.service.summary == 'x'",
    "`event.incident.service` can be null"
)]
#[case::ordering(
    WHOLE,
    "event.incident.incident_key < 'x'",
    "can be null, and null cannot be used with `<`"
)]
#[case::filter(
    WHOLE,
    "event.incident.incident_key | upper == 'X'",
    "can be null, and null cannot be used with `upper`"
)]
#[case::slice(
    WHOLE,
    "event.incident.incident_key[:3] == 'x'",
    "can be null, and null cannot be used with `cut`"
)]
#[case::search(
    WHOLE,
    "'x' in event.incident.incident_key",
    "can be null, and null cannot be used with `in`"
)]
#[case::guard_of_something_else(
    WHOLE,
    "event.agent is not none and event.incident.priority.summary == 'P1'",
    "can be null"
)]
#[case::wrong_side_of_the_guard(
    WHOLE,
    "event.incident.priority is none and event.incident.priority.summary == 'P1'",
    "can be null"
)]
#[case::either_is_no_guard(
    WHOLE,
    "event.incident.priority is not none or event.incident.priority.summary == 'P1'",
    "can be null"
)]
fn what_can_be_null_is_refused_where_it_is_used_as_if_it_were_there(
    #[case] events: &str,
    #[case] when: &str,
    #[case] wanted: &str,
) {
    let said = errors_of(events, when, "x");
    assert!(said.iter().any(|message| message.contains(wanted)), "{said:#?}");
}

#[rstest]
#[case::not_none("event.incident.priority is not none and event.incident.priority.summary == 'P1'")]
#[case::unequal_none("event.incident.priority != none and event.incident.priority.summary == 'P1'")]
#[case::truth("(true if event.incident.priority and event.incident.priority.summary == 'P1' else false)")]
#[case::none_or("event.incident.priority is none or event.incident.priority.summary == 'P1'")]
#[case::not_is_none("not (event.incident.priority is none) and event.incident.priority.summary == 'P1'")]
#[case::choice("event.incident.priority.summary == 'P1' if event.incident.priority is not none else false")]
#[case::default_of_the_field("event.incident.priority.summary | default('none') == 'P1'")]
#[case::default_of_the_map("(event.incident.priority | default({'summary': 'none'})).summary == 'P1'")]
#[case::equality_with_null("event.incident.incident_key == 'x'")]
#[case::type_of_test("event.incident.incident_key is string and event.incident.incident_key | upper == 'X'")]
#[case::unknown_data("event.data.custom_details.host == 'x'")]
#[case::entry("event.incident.teams | length > 0 and event.incident.teams[0].summary == 'SRE'")]
#[case::any_of_both(
    "(event.agent is not none and event.client is not none) and event.agent.id ~ event.client.name == 'x'"
)]
fn a_guard_or_a_default_is_enough(#[case] when: &str) {
    assert_eq!(errors_of(WHOLE, when, "x"), Vec::<String>::new(), "{when}");
}

#[rstest]
#[case("event.type == 'incident.annotated' and event.note is startingwith('x')")]
#[case("event.type in ['incident.annotated'] and event.note is startingwith('x')")]
#[case("event.type != 'incident.triggered' and event.note | length > 2")]
#[case("event.type == 'incident.triggered' and event.incident.service.summary == 'x'")]
fn a_test_of_the_type_of_the_event_says_what_the_event_carries(#[case] when: &str) {
    assert_eq!(
        errors_of("incident.triggered, incident.annotated", when, "x"),
        Vec::<String>::new()
    );
}

#[rstest]
#[case::text("event.incident.title", "gives text, but must give true or false")]
#[case::in_and(
    "event.incident.urgency == 'high' and event.incident.title",
    "gives text, but must give true or false"
)]
#[case::number_and_text("event.incident.number == '7'", "never the same")]
#[case::number_in_texts("event.incident.number in ['7', '8']", "never the same")]
#[case::sum("event.incident.title + 1 == 'x'", "`+` takes two of a kind")]
#[case::number_of_text("event.incident.title - 1 == 0", "takes numbers")]
#[case::a_map_times_what_may_be_anything(
    "event.incident * (event.incident.service.id | default(1)) == 'x'",
    "takes numbers"
)]
#[case::what_may_be_anything_plus_a_map(
    "(event.incident.service.id | default(1)) + event.incident == 'x'",
    "`+` takes two of a kind"
)]
#[case::upper_of_list("event.incident.teams | upper == 'x'", "takes text")]
#[case::length_of_number("event.incident.number | length == 1", "has no length")]
fn values_of_the_wrong_type_are_refused(#[case] when: &str, #[case] wanted: &str) {
    let said = errors_of(WHOLE, when, "x");
    assert!(said.iter().any(|message| message.contains(wanted)), "{said:#?}");
}

#[rstest]
#[case::status(
    "event.incident.status == 'open'",
    "`event.incident.status` is never `open`: it is triggered, acknowledged, resolved"
)]
#[case::case_matters("event.incident.urgency == 'High'", "did you mean `high`?")]
#[case::other_event("event.type == 'incident.resolved'", "is never `incident.resolved`")]
#[case::in_a_list("event.incident.status in ['open', 'triggered']", "is never `open`")]
#[case::entry("event.incident.assignees[0].summary == 'x'", "may be missing")]
#[case::first("(event.incident.assignees | first).summary == 'x'", "the list may be empty")]
fn what_is_probably_meant_otherwise_is_warned_of(#[case] when: &str, #[case] wanted: &str) {
    let (errors, warnings) = said(&workflow(WHOLE, when, "x"));
    assert_eq!(errors, Vec::<String>::new());
    assert!(warnings.iter().any(|message| message.contains(wanted)), "{warnings:#?}");
}

fn steps(steps: &str) -> (Vec<String>, Vec<String>) {
    said(&format!(
        "name: typed\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n{steps}"
    ))
}

const TICKET: &str = "  - id: ticket
    if: event.incident.urgency == \"high\"
    uses: pagerduty.get_incident
    with: { integration: prod, incident_id: Q1 }
";

#[rstest]
#[case::unguarded("  - set: { a: \"{{ steps.ticket.outputs.title }}\" }\n", true)]
#[case::guarded(
    "  - if: steps.ticket.outcome == \"success\"\n    set: { a: \"{{ steps.ticket.outputs.title }}\" }\n",
    false
)]
#[case::same_condition(
    "  - if: event.incident.urgency == \"high\"\n    set: { a: \"{{ steps.ticket.outputs.title }}\" }\n",
    false
)]
#[case::with_a_default("  - set: { a: \"{{ steps.ticket.outputs.title | default('') }}\" }\n", false)]
#[case::in_a_block(
    "  - if: steps.ticket.outcome == \"success\"\n    steps:\n      - set: { a: \"{{ steps.ticket.outputs.title }}\" }\n",
    false
)]
#[case::in_the_else(
    "  - if: steps.ticket.outcome == \"skipped\"\n    steps: [{ wait: 1s }]\n    else:\n      - set: { a: \"{{ steps.ticket.outputs.title }}\" }\n",
    true
)]
#[case::after_a_stop(
    "  - if: steps.ticket.outcome != \"success\"\n    stop: nothing to do\n  - set: { a: \"{{ steps.ticket.outputs.title }}\" }\n",
    false
)]
fn the_outputs_of_a_step_that_may_be_skipped_are_warned_of_unless_it_is_known_to_be_done(
    #[case] use_of_it: &str,
    #[case] is_warned: bool,
) {
    let (errors, warnings) = steps(&format!("{TICKET}{use_of_it}"));
    assert_eq!(errors, Vec::<String>::new());
    let said = warnings
        .iter()
        .any(|message| message.contains("may be missing: the step `ticket` has an `if`"));
    assert_eq!(said, is_warned, "{warnings:#?}");
}

#[test]
fn a_condition_over_the_time_does_not_hold_again_because_it_held_before() {
    let condition = "now | within('09:00-17:00')";
    let (errors, warnings) = steps(&format!(
        "  - id: ticket\n    if: {condition}\n    uses: pagerduty.get_incident\n    with: {{ integration: prod, incident_id: Q1 }}\n  - if: {condition}\n    set: {{ a: \"{{{{ steps.ticket.outputs.title }}}}\" }}\n"
    ));
    assert_eq!(errors, Vec::<String>::new());
    assert!(
        warnings.iter().any(|message| message.contains("may be missing")),
        "{warnings:?}"
    );
}

#[rstest]
#[case::stop("  - if: event.incident.priority is none\n    stop: no priority\n")]
#[case::fail("  - if: event.incident.priority is none\n    fail: no priority\n")]
#[case::block("  - if: event.incident.priority is none\n    steps:\n      - wait: 1s\n      - stop: no priority\n")]
fn what_follows_a_step_that_ends_the_run_knows_that_its_condition_did_not_hold(#[case] guard: &str) {
    let used = "  - set: { a: \"{{ event.incident.priority.summary }}\" }\n";
    assert_eq!(steps(&format!("{guard}{used}")).0, Vec::<String>::new());
    assert_ne!(steps(used).0, Vec::<String>::new());
}

#[test]
fn what_a_trigger_asks_for_is_known_in_the_steps() {
    let with = |trigger: &str| {
        said(&format!(
            "name: typed\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered], {trigger} }} }}\nsteps:\n  - set: {{ a: \"{{{{ \
             event.incident.priority.summary }}}}\" }}\n"
        ))
        .0
    };
    assert_eq!(with("priorities: [P1]"), Vec::<String>::new());
    assert_eq!(with("when: event.incident.priority is not none"), Vec::<String>::new());
    assert_ne!(with("urgency: high"), Vec::<String>::new());
}

#[rstest]
#[case::unset_where_null(
    "  - set: { p: \"{{ event.incident.priority }}\" }\n  - if: vars.p is none\n    set: { p: { summary: none yet } }\n  - set: { a: \"{{ vars.p.summary }}\" }\n",
    ""
)]
#[case::null_in_a_variable(
    "  - set: { p: \"{{ event.incident.priority }}\" }\n  - set: { a: \"{{ vars.p.summary }}\" }\n",
    "`vars.p` can be null"
)]
#[case::forgotten(
    "  - set: { p: { summary: x } }\n  - if: vars.p.summary == \"x\"\n    steps:\n      - set: { p: \"{{ event.incident.priority }}\" }\n      - set: { a: \"{{ vars.p.summary }}\" }\n",
    "`vars.p` can be null"
)]
#[case::text_of_a_variable(
    "  - set: { p: text }\n  - set: { a: \"{{ vars.p.summary }}\" }\n",
    "`vars.p` is text"
)]
#[case::items(
    "  - for_each: \"{{ event.incident.teams }}\"\n    steps:\n      - set: { a: \"{{ item.name }}\" }\n",
    "did you mean `summary`?"
)]
#[case::no_list(
    "  - for_each: \"{{ event.incident.title }}\"\n    steps: [{ wait: 1s }]\n",
    "gives text, but must be a list"
)]
#[case::outputs(
    "  - id: now\n    uses: pagerduty.get_incident\n    with: { integration: prod, incident_id: Q1 }\n  - set: { a: \"{{ steps.now.outputs.priority | upper }}\" }\n",
    "can be null"
)]
#[case::nested_outputs(
    "  - id: all\n    uses: pagerduty.list_incidents\n    with: { integration: prod }\n  - for_each: \"{{ steps.all.outputs.incidents }}\"\n    steps:\n      - set: { a: \"{{ item.titel }}\" }\n",
    "did you mean `title`?"
)]
#[case::outcome(
    "  - id: w\n    wait: 1s\n  - if: steps.w.outcome == \"succeeded\"\n    wait: 1s\n",
    "`steps.w.outcome` is never `succeeded`"
)]
#[case::lanes(
    "  - id: all\n    parallel:\n      - steps: [{ wait: 1s }]\n        output: { title: x }\n  - set: { a: \"{{ steps.all.outputs.lanes[0].outptu }}\" }\n",
    "did you mean `output`?"
)]
#[case::end_of_rounds(
    "  - id: check\n    repeat: { every: 1m, at_most: 2 }\n    steps: [{ wait: 1s }]\n  - if: steps.check.outputs.ended_by == \"until\"\n    wait: 1s\n",
    "`steps.check.outputs.ended_by` is never `until`"
)]
#[case::output_of_rounds(
    "  - id: check\n    repeat: { every: 1m, at_most: 2 }\n    steps: [{ wait: 1s }]\n    output: { title: x }\n  - set: { a: \"{{ steps.check.outputs.output.title }}\" }\n",
    "can be null: only a round that succeeded, and has an `output`, gives one"
)]
#[case::until(
    "  - repeat: { every: 1m, at_most: 2, until: steps.now.outputs.status }\n    steps:\n      - id: now\n        uses: pagerduty.get_incident\n        with: { integration: prod, incident_id: Q1 }\n",
    "but must give true or false"
)]
#[case::list_for_text(
    "  - uses: pagerduty.add_note\n    with: { integration: prod, incident_id: Q1, note: \"{{ event.incident.teams }}\" }\n",
    "gives a list, but must be text"
)]
#[case::null_for_what_is_needed(
    "  - uses: pagerduty.add_note\n    with: { integration: prod, incident_id: Q1, note: \"{{ event.incident.incident_key }}\" }\n",
    "can be null, and `note` is needed"
)]
#[case::null_for_what_is_optional(
    "  - uses: pagerduty.create_incident\n    with: { integration: prod, title: x, service: Q1, priority: \"{{ event.incident.priority.id | default(none) }}\" }\n",
    ""
)]
#[case::always_empty(
    "  - uses: pagerduty.create_incident\n    with: { integration: prod, title: \" \", service: Q1 }\n",
    "is empty"
)]
#[case::wrong_word(
    "  - uses: pagerduty.create_incident\n    with: { integration: prod, title: x, service: Q1, urgency: \"{{ event.incident.status }}\" }\n",
    "must be one of high, low"
)]
#[case::time("  - wait: { until: \"{{ event.incident.number }}\" }\n", "must be a time")]
#[case::loop_in_a_text(
    "  - set: { a: \"{% for team in event.incident.teams %}{{ team.name }}{% endfor %}\" }\n",
    "did you mean `summary`?"
)]
#[case::guard_in_a_text(
    "  - set: { a: \"{% if event.incident.priority %}{{ event.incident.priority.summary }}{% endif %}!\" }\n",
    ""
)]
fn types_follow_values_through_steps(#[case] source: &str, #[case] wanted: &str) {
    let (errors, _) = steps(source);
    match wanted {
        "" => assert_eq!(errors, Vec::<String>::new()),
        wanted => assert!(errors.iter().any(|message| message.contains(wanted)), "{errors:#?}"),
    }
}

#[test]
fn what_narrows_a_list_is_needed_in_every_list() {
    let narrows = |field: &&Field| field.null == OnNull::Refuse;
    let mut tried = 0;
    for spec in catalog().actions() {
        let incident = spec.input("incident_id").map_or("", |_| "incident_id: Q1, ");
        for field in spec.inputs.iter().filter(narrows) {
            let given = |value: &str| {
                format!(
                    "  - uses: {}\n    with: {{ integration: prod, {incident}{}: \"{{{{ {value} }}}}\" }}\n",
                    spec.name, field.name
                )
            };
            let (errors, _) = steps(&given("event.incident.incident_key"));
            let wanted = format!("can be null, and `{}` is needed", field.name);
            assert!(
                errors.iter().any(|message| message.contains(&wanted)),
                "{}: {errors:#?}",
                spec.name
            );
            let (errors, _) = steps(&given("event.data"));
            assert!(
                !errors.iter().any(|message| message.contains("can be null")),
                "{errors:#?}"
            );
            tried += 1;
        }
    }
    assert_eq!(tried, 13);
}

#[rstest]
#[case("{{ event.incident.incident_key }}", true)]
#[case("service {{ event.incident.incident_key }}", true)]
#[case("{{ event.incident.id }}", false)]
#[case("{{ event.incident.service.id }}-{{ event.incident.urgency }}", false)]
fn a_concurrency_key_that_can_be_null_is_warned_of(#[case] key: &str, #[case] is_warned: bool) {
    let source = format!(
        "name: typed\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nconcurrency: {{ key: \"{key}\" }}\nsteps: [{{ wait: 1s }}]\n"
    );
    let (errors, warnings) = said(&source);
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(
        warnings.iter().any(|message| message.contains("excludes no other")),
        is_warned,
        "{warnings:#?}"
    );
}

#[test]
fn a_stored_definition_is_not_checked_for_types_again() {
    let written = workflow(WHOLE, "event.incident.urgency == 'high'", "x");
    let mut stored = crate::definition::Definition::from_source(&written, catalog())
        .unwrap()
        .to_json();
    stored["on"]["pagerduty"]["when"] = "event.incident.service.name == 'x'".into();
    assert!(crate::definition::Definition::from_json(&stored, catalog()).is_ok());
}

#[rstest]
#[case("007", true)]
#[case("1.10", true)]
#[case("9007199254740993", true)]
#[case("12345678901234567890", true)]
#[case("1e3", true)]
#[case("7", false)]
#[case("-7", false)]
#[case("1.5", false)]
#[case("9007199254740992", false)]
#[case("\"1.10\"", false)]
fn a_number_that_may_be_meant_as_text_is_warned_of_in_free_maps(#[case] written: &str, #[case] is_warned: bool) {
    for place in [
        format!("  - set: {{ version: {written} }}\n"),
        format!(
            "  - uses: pagerduty.set_custom_fields\n    with: {{ integration: prod, incident_id: Q1, fields: {{ a: [{{ version: {written} }}] }} }}\n"
        ),
    ] {
        let (errors, warnings) = steps(&place);
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(
            warnings.iter().any(|message| message.contains("is a number here")),
            is_warned,
            "{warnings:?}"
        );
    }
}

mod soundness {
    //! What is accepted without a warning does not fail, whatever an event of these types may be.

    use super::super::{Absence, Facts, Kind, Roots, Type, of_condition};
    use crate::triggers::{Filters, PagerDutyTrigger, Trigger, pagerduty::event};
    use crate::{
        run::WebhookKind,
        template::{Context, Expression},
    };
    use jiff::Timestamp;
    use proptest::{prelude::*, sample::Index};
    use serde_json::{Value, json};
    use std::{cell::Cell, sync::LazyLock};

    const TYPES: [&str; 4] = [
        "incident.triggered",
        "incident.resolved",
        "incident.annotated",
        "service.updated",
    ];

    fn roots(types: &[&str]) -> Roots {
        let trigger = PagerDutyTrigger {
            integration: "prod".parse().unwrap(),
            webhook: WebhookKind::V3,
            events: types.iter().map(|name| (*name).to_owned()).collect(),
            filters: Filters::default(),
            when: None,
            only_while: None,
        };
        Roots::new(Some(Trigger::PagerDuty(trigger)))
    }

    /// The ways to all values of a type.
    fn paths(of: &Type, way: &str, found: &mut Vec<String>) {
        found.push(way.to_owned());
        match &of.kind {
            Kind::Record(record) => {
                for (name, field) in record.fields.iter().filter(|(name, _)| name != "data") {
                    paths(field, &format!("{way}.{name}"), found);
                }
            }
            Kind::List(item) => paths(item, &format!("{way}[0]"), found),
            _ => {}
        }
    }

    static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut found = Vec::new();
        paths(&roots(&TYPES).event(&Facts::default()), "event", &mut found);
        found
    });

    /// Values with a default of their own type. Nothing is known of a value that can be of one type or another.
    static WITH_DEFAULTS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let roots = roots(&TYPES);
        let with_default = |path: &String| {
            let read = Expression::condition(path).unwrap();
            let (of, _) = super::super::of_template(&read, &roots, &Facts::default());
            let default = match of.kind {
                Kind::Text | Kind::Words(_) => "'x'",
                Kind::Integer | Kind::Number => "7",
                Kind::List(_) => "[]",
                _ => return None,
            };
            Some(format!("({path} | default({default}))"))
        };
        PATHS.iter().filter_map(with_default).collect()
    });

    /// A value of a type; `choices` says which.
    fn value(of: &Type, choices: &mut impl Iterator<Item = usize>) -> Value {
        let choice = choices.next().unwrap_or_default();
        match (&of.absence, &of.kind) {
            (Some(Absence::Null(_)), _) if choice.is_multiple_of(2) => Value::Null,
            (_, Kind::Null) => Value::Null,
            (_, Kind::Boolean) => json!(choice % 4 > 1),
            (_, Kind::Integer | Kind::Number) => json!(choice % 5),
            (_, Kind::Text) => json!(["", "high", "Checkout", "P1", "7"][choice % 5]),
            (_, Kind::Words(words)) => json!(words.known[choice % words.known.len()]),
            (_, Kind::List(item)) => (0..choice % 3).map(|_| value(item, choices)).collect(),
            (_, Kind::Record(record)) => {
                let fields = record.fields.iter();
                fields
                    .map(|(name, field)| (name.to_string(), value(field, choices)))
                    .collect()
            }
            (_, Kind::Map | Kind::Unknown) => json!({}),
            (_, Kind::Time | Kind::Duration) => unreachable!("events are JSON"),
        }
    }

    fn operand() -> impl Strategy<Value = String> {
        let path = any::<Index>().prop_map(|index| index.get(PATHS.as_slice()).clone());
        let with_default = any::<Index>().prop_map(|index| index.get(WITH_DEFAULTS.as_slice()).clone());
        let literal = prop::sample::select(vec!["'high'", "'P1'", "7", "true", "none", "['high', 'P1']", "[]"]);
        let temporal = prop::sample::select(vec![
            "now",
            "time('2026-11-30T08:00:00Z')",
            "duration('15m')",
            "duration('-2d')",
        ]);
        let simple = prop_oneof![
            5 => path,
            2 => with_default,
            2 => literal.prop_map(str::to_owned),
            2 => temporal.prop_map(str::to_owned),
        ];
        simple.prop_recursive(2, 6, 2, |inner| {
            let filters = vec![
                "upper",
                "length",
                "first",
                "join(', ')",
                "map(attribute='summary') | list",
                "list | length",
                "string",
                "tojson",
                "sort(attribute='id')",
                "replace('a', 'b')",
                "last",
                "unique | list",
                "trim",
                "in_zone('Europe/Berlin')",
                "format_time('%H:%M')",
                "within('09:00-17:00', days='mon-fri')",
                "seconds",
            ];
            prop_oneof![
                (inner.clone(), prop::sample::select(filters)).prop_map(|(a, filter)| format!("({a} | {filter})")),
                (
                    inner.clone(),
                    inner.clone(),
                    prop::sample::select(vec!["+", "-", "*", "~"])
                )
                    .prop_map(|(a, b, operator)| format!("({a} {operator} {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} if {b} is not none else {a})")),
                inner.prop_map(|a| format!("({a})[:2]")),
            ]
        })
    }

    fn condition() -> impl Strategy<Value = String> {
        let comparison = (
            operand(),
            prop::sample::select(vec!["==", "!=", "<", ">=", "in", "not in"]),
            operand(),
        );
        let comparison = comparison.prop_map(|(a, operator, b)| format!("{a} {operator} {b}"));
        let test = (
            operand(),
            prop::sample::select(vec![
                "none",
                "not none",
                "defined",
                "string",
                "sequence",
                "startingwith('h')",
            ]),
        );
        let test = test.prop_map(|(a, test)| format!("{a} is {test}"));
        // A guard and what it guards name the same value.
        let guarded = (
            any::<Index>(),
            prop::sample::select(vec!["is not none and", "is none or", "!= none and", "is defined and"]),
        );
        let guarded = guarded.prop_flat_map(|(index, guard)| {
            let path = index.get(PATHS.as_slice()).clone();
            let uses = vec![
                format!("{path} | length > 0"),
                format!("{path}.summary == 'x'"),
                format!("{path}.summary | upper == 'X'"),
                format!("{path}[0].id == 'x'"),
                format!("{path} < 'x'"),
                format!("'x' in {path}"),
                format!("{path} | first == 'x'"),
            ];
            prop::sample::select(uses).prop_map(move |used| format!("({path} {guard} {used})"))
        });
        let of_type = prop::sample::select(TYPES.to_vec()).prop_map(|name| format!("event.type == '{name}'"));
        prop_oneof![comparison, test, guarded, of_type].prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or ({b})")),
                inner.clone().prop_map(|a| format!("not ({a})")),
                (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("(({a}) if ({b}) else ({c}))")),
            ]
        })
    }

    #[test]
    fn what_is_accepted_does_not_fail_on_any_event() {
        let accepted = Cell::new(0);
        let config = ProptestConfig {
            cases: 6_000,
            max_global_rejects: 1_000_000,
            ..ProptestConfig::default()
        };
        proptest!(config, |(source in condition(), choices in prop::collection::vec(any::<usize>(), 60), which in 0..TYPES.len())| {
            let types = &TYPES[..=which];
            let roots = roots(types);
            let condition = Expression::condition(&source).unwrap();
            if of_condition(&condition, &roots, &Facts::default()).is_empty() {
                accepted.set(accepted.get() + 1);
                for (turn, event_type) in types.iter().enumerate() {
                    let of = event::of(event_type, WebhookKind::V3);
                    let event = value(&of, &mut choices.iter().copied().cycle().skip(turn * 7));
                    let holds = condition.holds(&Context::of_event(event.clone(), Timestamp::UNIX_EPOCH));
                    prop_assert!(holds.is_ok(), "{source}\n{}\n{event}", holds.unwrap_err());
                }
            }
        });
        // A checker that refuses everything would pass as well.
        assert!(accepted.get() > 300, "{}", accepted.get());
    }
}

#[rstest]
#[case::sum(
    "now + 1 == now",
    "`now` is a time and `1` is a whole number, and `+` cannot be used with these; it takes a time and a duration"
)]
#[case::sum_of_times(
    "now + now == now",
    "`now` is a time and `now` is a time, and `+` cannot be used with these"
)]
#[case::difference("now - 5 == now", "`-` cannot be used with these; it takes two times")]
#[case::difference_of_text(
    "now - event.incident.title == now",
    "`event.incident.title` is text, and `-` cannot be used with these"
)]
#[case::product("now * 2 == now", "`*` cannot be used with these; it takes a duration and a number")]
#[case::quotient(
    "duration('1h') / 2 == 1",
    "is a duration, but `/` takes numbers; take its seconds with `| seconds`"
)]
#[case::select(
    "['2026-11-30'] | select('lt', now) | list | length > 0",
    "is text, and `now` is a time, which cannot be compared"
)]
#[case::select_by_a_field(
    "[{'at': 'x'}] | selectattr('at', 'lt', now) | list | length > 0",
    "is text, and `now` is a time"
)]
#[case::reject_durations(
    "[duration('1h')] | reject('gt', 3600) | list | length > 0",
    "is a duration, and `3600` is a whole number"
)]
#[case::negation("-now == now", "`-` cannot be used with a time alone")]
#[case::text(
    "now > '2026-11-30T08:00:00Z'",
    "which cannot be compared; make a time of text with `time(…)`"
)]
#[case::field(
    "event.occurred_at < now",
    "which cannot be compared; make a time of text with `time(…)`"
)]
#[case::equality("now == 7", "`now` is a time and `7` is a whole number, which cannot be compared")]
#[case::test("now is eq('x')", "which cannot be compared")]
#[case::test_of_order("now is gt('x')", "which cannot be compared")]
#[case::number(
    "duration('1h') > 3600",
    "`duration(…)` is a duration and `3600` is a whole number, which cannot be compared"
)]
#[case::list("now in ['2026-11-30']", "which cannot be compared")]
#[case::map("now in event.incident", "`now` is a time, which can only be looked for in a list")]
#[case::condition("now", "`now` gives a time, but must give true or false")]
#[case::field_of_a_time(
    "now.hour == 9",
    "`now` is a time, which has no fields until a zone is named, as in `(now | in_zone('Europe/Berlin')).hour`"
)]
#[case::field_of_a_clock("(now | in_zone('UTC')).hours == 9", "`hours` is not known; did you mean `hour`?")]
#[case::weekday("(now | in_zone('UTC')).weekday == 'Monday'", "is never `Monday`: it is mon, tue")]
#[case::part("now[:10] == 'x'", "`now` is a time, which has no parts")]
#[case::length("now | length > 2", "`now` is a time, which has no length")]
#[case::int("now | int > 2", "`now` is a time, but `int` takes a number or text")]
#[case::sum_of_durations("[duration('1h')] | sum > 2", "but `sum` takes numbers; add durations with `+`")]
#[case::filter_of_text(
    "event.occurred_at | within('09:00-17:00')",
    "is text, but `within` takes a time; make one of it with `time(…)`"
)]
#[case::filter_of_a_difference(
    "(now - now) | format_time('%H') == 'x'",
    "is a duration, but `format_time` takes a time"
)]
#[case::seconds(
    "now | seconds > 1",
    "`now` is a time, but `seconds` takes a duration, such as `now - time(x)`"
)]
#[case::zone(
    "now | within('09:00-17:00', zone='Berlin')",
    "unknown time zone `Berlin`; did you mean `Europe/Berlin`?"
)]
#[case::zone_of_clock(
    "(now | in_zone('Berlin')).hour == 9",
    "unknown time zone `Berlin`; did you mean `Europe/Berlin`?"
)]
#[case::zone_of_time("time(event.incident.title, zone='CEST') < now", "unknown time zone `CEST`")]
#[case::hours("now | within('9-17')", "`9-17` is not a range of hours; write it like 09:00-17:00")]
#[case::days("now | within('09:00-17:00', days='monday')", "`monday` is not a day of the week")]
#[case::format("now | format_time('%!') == 'x'", "the format `%!` cannot be used")]
#[case::time("now > time('tomorrow')", "`tomorrow` is not a time")]
#[case::time_without_zone("now > time('2026-11-30T08:00')", "names no time zone")]
#[case::time_of_a_list(
    "now > time([1])",
    "`time` takes text like 2026-11-30T08:00:00Z, or a number of seconds since 1970"
)]
#[case::time_of_null(
    "now > time(event.incident.incident_key)",
    "can be null, and null cannot be used with `time`"
)]
#[case::milliseconds("now > time(1796025600000)", "if they are milliseconds, divide by 1000")]
#[case::duration("now - duration('10') > now", "`10` is not a duration")]
#[case::duration_of_a_number("now - duration(10) > now", "`10` is a whole number, but `duration` takes text")]
#[case::too_many(
    "now > time('2026-11-30T08:00', 'UTC')",
    "`time` has too many arguments; write it like `time('2026-11-30T08:00:00Z')`"
)]
#[case::too_few("now | within", "`within` lacks an argument; write it like `now | within(")]
#[case::none_at_all("now > time()", "`time` lacks an argument")]
#[case::named_otherwise(
    "now | within('09:00-17:00', day='mon')",
    "`within` has no argument with the name `day`"
)]
#[case::named_where_none_is(
    "(now | in_zone(zone='UTC')).hour == 9",
    "`in_zone` has no argument with the name `zone`; write it like"
)]
#[case::argument_of_a_number("now | within(9)", "`9` is a whole number, but `hours` must be text")]
fn a_mistake_with_times_is_found_when_a_workflow_is_saved(#[case] when: &str, #[case] wanted: &str) {
    let said = errors_of(WHOLE, when, "x");
    assert!(said.iter().any(|message| message.contains(wanted)), "{said:#?}");
}

#[rstest]
#[case("now | within('09:00-17:00', days='mon-fri', zone='Europe/Berlin')")]
#[case("not (now | within('22:00-06:00', zone='America/New_York'))")]
#[case("now - time(event.occurred_at | default('2026-01-01T00:00:00Z')) > duration('30m')")]
#[case("(now | in_zone('Europe/Berlin')).is_weekend")]
#[case("(now | in_zone('Europe/Berlin')).weekday in ['sat', 'sun']")]
#[case("(now - time(0) | default(duration('1h'))) | seconds > 60")]
#[case("now is not none and now == time(now)")]
#[case("[now, time(0)] | select('lt', now) | reject('in', [time(1)]) | list | length > 0")]
#[case("[{'at': '2026'}] | selectattr('at', 'lt', now | string) | list | length > 0")]
#[case("(now | in_zone('UTC')).hour < 9 or (now | format_time('%H', zone='UTC')) == '10'")]
#[case("time('2026-03-29T02:30', zone='Europe/Berlin') < now")]
#[case("time(event.data.at) < now and duration(event.data.wait) * 2 < now - time(event.data.at)")]
#[case("event.data.at + duration('1h') == now and now - event.data.wait < now")]
fn what_people_ask_of_times_is_accepted(#[case] when: &str) {
    assert_eq!(errors_of(WHOLE, when, "x"), Vec::<String>::new(), "{when}");
}

#[rstest]
#[case::variable(
    "  - set: { at: \"{{ now }}\" }\n  - set: { b: \"{{ now - vars.at }}\" }\n",
    "`vars.at` is text"
)]
#[case::variable_read_again(
    "  - set: { at: \"{{ now }}\" }\n  - set: { b: \"{{ now - time(vars.at) }}\" }\n",
    ""
)]
#[case::part_of_a_variable(
    "  - set: { a: { at: [\"{{ now }}\"] } }\n  - set: { b: \"{{ now in vars.a.at }}\" }\n",
    "cannot be compared"
)]
#[case::item(
    "  - for_each: \"{{ [now, now] }}\"\n    steps: [{ set: { b: \"{{ item + duration('1h') }}\" } }]\n",
    "`item` is text"
)]
#[case::output(
    "  - id: all\n    parallel: [{ steps: [{ wait: 1s }], output: \"{{ now }}\" }]\n  - set: { b: \"{{ steps.all.outputs.lanes[0].output - now }}\" }\n",
    "is text"
)]
#[case::wait("  - wait: { until: \"{{ now + duration('1h') }}\" }\n", "")]
#[case::wait_for_a_duration(
    "  - wait: { until: \"{{ duration('1h') }}\" }\n",
    "gives a duration, but must be a time in RFC 3339"
)]
#[case::text_of_an_action(
    "  - uses: pagerduty.add_note\n    with: { integration: prod, incident_id: Q1, note: \"{{ now }}\" }\n",
    ""
)]
#[case::list_of_an_action(
    "  - uses: pagerduty.create_incident\n    with: { integration: prod, title: x, service: Q1, urgency: \"{{ now }}\" }\n",
    "gives a time, but must be"
)]
fn a_time_is_text_for_the_next_expression(#[case] source: &str, #[case] wanted: &str) {
    let (errors, _) = steps(source);
    match wanted {
        "" => assert_eq!(errors, Vec::<String>::new()),
        wanted => assert!(errors.iter().any(|message| message.contains(wanted)), "{errors:#?}"),
    }
}

/// So many levels of a form, checked. If each took twice as long as the one in it, that would not end.
#[rstest]
#[case::differences("now", "ALL - now")]
#[case::numbers("1", "ALL - 1")]
#[case::signs("1", "-ALL")]
#[case::sums("now", "ALL + duration('1h')")]
#[case::brackets("now", "(now - ALL)")]
#[case::functions("now", "time(ALL)")]
#[case::zones("'UTC'", "time('2026-11-30T08:00', zone=ALL)")]
#[case::filters("'UTC'", "(now | in_zone(ALL)).date")]
#[case::formats("'%H'", "(now | format_time(ALL, zone=ALL2))")]
#[case::tests("now", "ALL is eq(now)")]
#[case::tests_of_order("now", "ALL is lt(now)")]
#[case::comparisons("now", "(now < ALL < now)")]
fn types_are_found_once_however_deep_an_expression_is(#[case] innermost: &str, #[case] form: &str) {
    let form = form.replace("ALL2", "'UTC'");
    let nested = |depth| (0..depth).fold(innermost.to_owned(), |inner, _| form.replace("ALL", &inner));
    let accepted = (1..80).take_while(|depth| Expression::condition(&nested(*depth)).is_ok());
    let deepest = accepted.last().unwrap();
    assert!(deepest >= 30, "{deepest}");
    let _found = errors_of(WHOLE, &nested(deepest), "x");
}

mod of_times {
    //! The type of an expression over times is that of its value, and what is refused would have failed.

    use super::super::{Facts, Roots, Severity, of_template};
    use crate::template::{Context, Template, time::TimeError};
    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::json;

    fn expression() -> impl Strategy<Value = String> {
        let simple = prop::sample::select(vec![
            "now",
            "time('2028-02-29T12:00:00Z')",
            "time(86400)",
            "duration('15m')",
            "duration('-2d')",
            "2",
            "(duration('1h') * 0.5)",
            "true",
            "'2026-11-30T08:00:00Z'",
            "[now, time(0)]",
            "[duration('1h')]",
        ]);
        simple.prop_map(str::to_owned).prop_recursive(3, 12, 2, |inner| {
            let of_one = prop::sample::select(vec![
                "(-EXPR)",
                "(EXPR | seconds)",
                "(EXPR | in_zone('Asia/Tokyo')).hour",
                "(EXPR | in_zone('Asia/Tokyo')).date",
                "(EXPR | in_zone('Asia/Tokyo'))",
                "(EXPR | format_time('%F', zone='Asia/Tokyo'))",
                "(EXPR | within('09:00-17:00'))",
                "(EXPR | string)",
                "[EXPR]",
                "{'a': EXPR}",
                "{'a': EXPR}.a",
            ]);
            let of_two = prop::sample::select(vec![
                "(LEFT + RIGHT)",
                "(LEFT - RIGHT)",
                "(LEFT * RIGHT)",
                "(LEFT == RIGHT)",
                "(LEFT < RIGHT)",
                "(LEFT in [RIGHT])",
                "(LEFT ~ RIGHT)",
            ]);
            prop_oneof![
                (of_one, inner.clone()).prop_map(|(form, inner)| form.replace("EXPR", &inner)),
                (of_two, inner.clone(), inner)
                    .prop_map(|(form, left, right)| form.replace("LEFT", &left).replace("RIGHT", &right)),
            ]
        })
    }

    fn is_out_of_range(error: &str) -> bool {
        let ranges = [TimeError::TimeOutOfRange, TimeError::DurationOutOfRange];
        ranges.iter().any(|range| error.contains(&range.to_string()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn the_type_of_an_expression_is_that_of_its_value(source in expression()) {
            let Ok(Template::Expression(expression)) = Template::from_text(&format!("{{{{ {source} }}}}")) else {
                return Ok(());
            };
            let context = Context::of_event(json!({}), "2026-11-30T08:00:00Z".parse::<Timestamp>().unwrap());
            let (of, findings) = of_template(&expression, &Roots::new(None), &Facts::default());
            match expression.evaluate(&context) {
                Ok(value) => prop_assert_eq!(of.admits(&value), Ok(()), "{}: {:?}", source, of),
                // How far a time or a duration goes is a matter of values and not of types.
                Err(error) if is_out_of_range(&error.to_string()) => {}
                Err(error) => prop_assert!(
                    findings.iter().any(|finding| finding.severity == Severity::Error),
                    "accepted, but {}", error
                ),
            }
            // Of what is not about times, the checks refuse more than fails.
            if let Some(finding) = findings.iter().find(|finding| finding.message.contains("cannot be compared")
                || finding.message.contains("cannot be used with these")
                || finding.message.contains("takes a time")
                || finding.message.contains("takes a duration")) {
                prop_assert!(expression.evaluate(&context).is_err(), "{}: {}", source, finding.message);
            }
        }
    }
}
