//! The table "Null and empty values" of docs/workflows.md, row by row.

use super::*;
use crate::action::tests::catalog;
use crate::{
    action::{Field, OnNull, Rule, Unfit},
    definition::tests::actions::value_of_field,
    steps::{ActionStep, StepKind},
    template::Template,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use std::{fs, path::Path};

/// Where a null can meet the language, as the table names it, and the proof of what the table says there.
const PLACES: &[(&str, fn())] = &[
    ("a condition: `if`, `when`, `until`", conditions),
    ("text around `{{ }}`", text),
    ("an input of an action", inputs_of_actions),
    (
        "an input that narrows what is listed, such as `services` of `pagerduty.list_incidents`",
        filters,
    ),
    (
        "an entry of a list of ids or words, a field of `conference_bridge`",
        entries,
    ),
    ("inside of a free map or list, such as `custom_details`", free_maps),
    ("`incident_key`, `dedup_key`", keys_of_actions),
    ("`concurrency.key`", concurrency_keys),
    ("`for_each`", lists),
    ("`wait: { until }`", times),
    ("`set`, `output`", variables_and_outputs),
    ("`with` of `run_workflow`, an input of a run", inputs_of_runs),
    ("`stop`, `fail`", reasons),
];

#[test]
fn each_place_where_a_null_can_be_does_with_it_what_the_documentation_says() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/workflows.md");
    let docs = fs::read_to_string(docs).unwrap();
    let (_, section) = docs.split_once("## Null and empty values").expect("the section");
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows: Vec<&str> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('|').nth(1).unwrap().trim())
        .collect();
    let places: Vec<&str> = PLACES.iter().map(|(place, _)| *place).collect();
    assert_eq!(rows, places);
    for (_, proof) in PLACES {
        proof();
    }
}

/// A world of these steps in which `event.incident.priority` is null and `event.data` empty.
fn world(steps: &str) -> World {
    world_of(definition(steps))
}

fn world_of(definition: Definition) -> World {
    let mut world = World::new(definition);
    world.event = json!({"id": "e", "data": {}, "incident": {"id": "P1", "title": "disk full", "priority": null}});
    world
}

/// Only the run knows that it is null: what is known to be so is refused where a value is needed.
const NULL: &str = "{{ dict(a=event.incident.priority).a }}";

/// What the first step of these asks PagerDuty for, or why it does not.
fn asked(steps: &str) -> Result<Value, String> {
    asked_in(&mut world(steps))
}

fn asked_in(world: &mut World) -> Result<Value, String> {
    let mut execution = world.begin();
    loop {
        match world.plan(&mut execution).command {
            Command::Action { input, .. } => return Ok(input),
            Command::Continue => {}
            Command::Fail { error, cause } => return Err(format!("{error}: {cause}")),
            other => panic!("{other:?}"),
        }
    }
}

fn conditions() {
    for (step, name) in [
        (
            "{ if: dict(a=event.incident.priority).a, set: { a: 1 } }",
            "Template.Error",
        ),
        (
            "{ choose: [{ when: dict(a=event.incident.priority).a, steps: [{ set: { a: 1 } }] }] }",
            "Template.Error",
        ),
        (
            "{ repeat: { every: 1s, until: dict(a=event.incident.priority).a, at_most: 2 }, steps: [{ set: { a: 1 } }] }",
            "Lane.Failed",
        ),
    ] {
        let end = world(&format!("  - {step}\n")).finish();
        assert_eq!(why(&end).0, name);
        assert!(
            why(&end).1.contains("gives null, but must give true or false"),
            "{end:?}"
        );
    }
}

fn text() {
    let title = |title: &str| asked(&format!("  - {}\n", page(title))).unwrap()["title"].clone();
    assert_eq!(
        title("P{{ event.incident.priority }}: {{ event.incident.title }}"),
        "P: disk full"
    );
    assert_eq!(title("{{ 'P' ~ event.incident.priority ~ '!' }}"), "P!");
    assert_eq!(
        title("of {{ [event.incident.priority, {'a': event.incident.priority}] }}"),
        r#"of [null,{"a":null}]"#
    );
}

/// For every input of every action: null comes to the same as if it were not there, also where it must be; or it is refused.
fn inputs_of_actions() {
    let mut runner = TestRunner::deterministic();
    let mut sample = |field: &Field| value_of_field(field).new_tree(&mut runner).unwrap().current();
    for spec in catalog().actions() {
        let required = spec.inputs.iter().filter(|field| !field.optional);
        let needing = spec.rules.iter().filter(|rule| !matches!(rule, Rule::AllOrNone(_)));
        let of_rules = needing.filter_map(|rule| spec.input(&rule.fields()[0]));
        let with: Map<String, Value> = required
            .chain(of_rules)
            .map(|field| (field.name.to_string(), sample(field)))
            .collect();
        let step = json!({"name": "w", "steps": [{"uses": spec.name, "with": with}]});
        let definition =
            Definition::from_json(&step, catalog()).unwrap_or_else(|problems| panic!("{problems}\n{step}"));
        for field in &spec.inputs {
            let outcome = |value: Option<&str>| {
                let mut definition = definition.clone();
                let StepKind::Action(ActionStep { with, .. }) = &mut definition.steps[0].kind else {
                    panic!("no action");
                };
                with.remove(&*field.name);
                if let Some(value) = value {
                    with.insert(field.name.to_string(), Template::from_text(value).unwrap());
                }
                asked_in(&mut world_of(definition))
            };
            let (null, left_out) = (outcome(Some(NULL)), outcome(None));
            if field.null == OnNull::Refuse {
                let error = null.unwrap_err();
                let told = format!("`{}` is null", field.name);
                assert!(
                    error.contains("Input.Invalid") && error.contains(&told),
                    "{spec}: {error}"
                );
                continue;
            }
            assert_eq!(null, left_out, "{spec}: {}", field.name);
            // What has a stand-in is never missing.
            if !field.optional && !matches!(field.unfit, Unfit::Replace(_)) {
                let error = null.unwrap_err();
                assert!(error.contains(&format!("`{}` is missing", field.name)), "{error}");
            }
        }
    }
}

/// What each list gives less of, as the catalogue has it: all that may be left out, and is not about how much is shown.
fn filters() {
    let lists = catalog().actions();
    let lists: Vec<_> = lists.filter(|spec| spec.name.starts_with("pagerduty.list_")).collect();
    assert!(lists.len() >= 5, "{}", lists.len());
    for spec in catalog().actions() {
        for field in &spec.inputs {
            let is_of_list = spec.name.starts_with("pagerduty.list_");
            let shows = ["limit", "is_overview", "from"].contains(&&*field.name);
            let expected = is_of_list && field.optional && !shows;
            assert_eq!(field.null == OnNull::Refuse, expected, "{}: {}", spec.name, field.name);
            // Nor does a value that does not fit vanish.
            let stays = matches!(field.unfit, Unfit::Refuse | Unfit::Hash);
            assert!(!expected || stays, "{}: {}", spec.name, field.name);
        }
    }
    let listed = |field: &str, value: &str| {
        asked(&format!(
            "  - uses: pagerduty.list_incidents\n    with: {{ integration: prod, {field}: {value:?} }}\n"
        ))
    };
    let in_text = format!("svc-{NULL}");
    for blank in [NULL, &in_text, "{{ '' }}", "{{ ' ' }}"] {
        let error = listed("incident_key", blank).unwrap_err();
        assert!(error.contains("`incident_key` is null"), "{blank}: {error}");
    }
    for (field, empty) in [
        ("services", "{{ [] }}"),
        ("services", "{{ [none] }}"),
        ("statuses", "{{ [] }}"),
        ("since", "{{ '' }}"),
    ] {
        let error = listed(field, empty).unwrap_err();
        assert!(error.contains("Input.Invalid"), "{field} {empty}: {error}");
    }
    assert_eq!(listed("services", "{{ ['PS'] }}").unwrap()["services"], json!(["PS"]));
}

fn entries() {
    let responders = |users: &str| {
        asked(&format!(
            "  - uses: pagerduty.add_responders\n    with: {{ integration: prod, incident_id: P1, message: help, users: {users} }}\n"
        ))
    };
    assert_eq!(
        responders(r#"[PUSER1, "{{ event.incident.priority }}"]"#).unwrap()["users"],
        json!(["PUSER1"])
    );
    assert_eq!(
        responders(r#""{{ ['PUSER1', none] }}""#).unwrap()["users"],
        json!(["PUSER1"])
    );
    let error = responders(r#"["{{ event.incident.priority }}"]"#).unwrap_err();
    assert!(
        error.contains("Input.Invalid") && error.contains("`users` must be a list of ids"),
        "{error}"
    );
    let error = responders(r#"["{{ event.data.id | default('') }}"]"#).unwrap_err();
    assert!(error.contains("entry 0"), "{error}");
    let created = asked(
        "  - uses: pagerduty.create_incident\n    with: { integration: prod, title: t, service: PS, conference_bridge: { conference_number: \
         \"+1 555\", conference_url: \"{{ event.incident.priority }}\" } }\n",
    );
    assert_eq!(
        created.unwrap()["conference_bridge"],
        json!({"conference_number": "+1 555"})
    );
}

fn free_maps() {
    let alert = asked(
        "  - uses: pagerduty.trigger_alert\n    with: { integration: prod, routing_key: checkout, summary: s, source: x, severity: \
         error, custom_details: { priority: \"{{ event.incident.priority }}\", list: [\"{{ event.incident.priority }}\", 1] } }\n",
    );
    assert_eq!(
        alert.unwrap()["custom_details"],
        json!({"priority": null, "list": [null, 1]})
    );
}

fn keys_of_actions() {
    let keys = |key: &str| {
        let create = "uses: pagerduty.create_incident, with: { integration: prod, title: t, service: PS, from: a@b.c, incident_key:";
        let alert = "uses: pagerduty.trigger_alert, with: { integration: prod, routing_key: r, summary: s, source: x, severity: \
                     error, dedup_key:";
        let of = |step: &str, name: &str| {
            let input = asked(&format!("  - {{ {step} {key:?} }} }}\n")).unwrap();
            assert!(
                input["idempotency_key"].as_str().unwrap().starts_with("pgf-"),
                "the step's own key"
            );
            input.get(name).cloned()
        };
        let (incident, alert) = (of(create, "incident_key"), of(alert, "dedup_key"));
        assert_eq!(incident, alert);
        incident
    };
    for none in [
        NULL,
        "svc-{{ event.incident.priority }}",
        "{{ 'svc-' ~ event.incident.priority }}",
        "{{ '' }}",
        "{{ ' ' }}",
    ] {
        assert_eq!(keys(none), None, "{none}");
    }
    assert_eq!(keys("svc-{{ event.incident.id }}"), Some(json!("svc-P1")));
    for action in ["acknowledge_alert", "resolve_alert"] {
        let error = asked(&format!(
            "  - {{ uses: pagerduty.{action}, with: {{ integration: prod, routing_key: r, dedup_key: \"a-{NULL}\" }} }}\n"
        ));
        let error = error.unwrap_err();
        assert!(error.contains("`dedup_key` is missing"), "{error}");
    }
}

fn concurrency_keys() {
    for key in [
        NULL,
        "svc-{{ event.incident.priority }}",
        "{{ event.data }}",
        "{{ '' }}",
        "{{ [event.id, event.incident.priority] }}",
    ] {
        for policy in ["wait", "skip", "cancel"] {
            let mut world = World::new(parsed(&format!(
                "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nconcurrency: {{ key: {key:?}, policy: \
                 {policy} }}\nsteps:\n  - {}\n",
                page("mine")
            )));
            world.event = self::world("  - set: { a: 1 }\n").event;
            let mut execution = world.begin();
            let definition = &world.definitions[&execution.input.run.workflow];
            let own = concurrency_key(definition, &execution.input, None, start(), &world.event);
            assert_eq!(own, Ok(None), "{key}");
            let plan = world.plan(&mut execution);
            assert_eq!(plan.command.name(), "pagerduty.create_incident", "{key} {policy}");
            let changes = plan.changes.unwrap();
            assert_eq!(
                (changes.lock, changes.cancels_runs),
                (None, BTreeSet::new()),
                "{key} {policy}"
            );
        }
    }
}

fn lists() {
    let mut world = world(&format!(
        "  - {{ id: each, for_each: {NULL:?}, steps: [{}] }}\n",
        page("x")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.outputs("each")["count"], 0);
    let end = self::world("  - { for_each: \"{{ dict(a='').a }}\", steps: [{ set: { a: 1 } }] }\n").finish();
    assert!(why(&end).1.contains("`for_each` needs a list, but got text"), "{end:?}");
    let mut world = self::world(&format!(
        "  - {{ for_each: [1, {NULL:?}], steps: [{}] }}\n",
        page("{{ item is none }}")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["false", "true"], "a null among the items is an item");
}

fn times() {
    for (time, said) in [(NULL, "`until` is null"), ("{{ '' }}", "is no time")] {
        let end = world(&format!("  - wait: {{ until: {time:?} }}\n")).finish();
        assert_eq!(why(&end).0, "Input.Invalid");
        assert!(why(&end).1.contains(said), "{end:?}");
    }
}

fn variables_and_outputs() {
    let mut world = world(&format!(
        "  - set: {{ a: {NULL:?} }}\n  - id: lanes\n    parallel: [{{ steps: [{{ set: {{ b: 1 }} }}], output: {NULL:?} }}]\n  - {}\n",
        page("{{ vars.a is none }}")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["true"]);
    assert_eq!(world.outputs("lanes")["lanes"][0]["output"], Value::Null);
}

fn inputs_of_runs() {
    let inner = |input: &str| {
        parsed(&format!(
            "name: inner\ninputs: {{ host: {input} }}\nsteps:\n  - {}\n",
            page("{{ inputs.host }}")
        ))
    };
    let run = |input: &str| {
        let mut world = world(&format!("  - {{ run_workflow: inner, with: {{ host: {NULL:?} }} }}\n"));
        world.definitions.insert("inner".parse().unwrap(), inner(input));
        let end = world.finish();
        (end, world.calls)
    };
    assert_eq!(
        run("{ type: text, default: web-0 }"),
        (success(), vec!["web-0".to_owned()])
    );
    let (end, calls) = run("{ type: text }");
    assert!(why(&end).1.contains("`host` is missing"), "{end:?}");
    assert_eq!(calls, [""; 0]);
}

fn reasons() {
    let mut world = world(&format!("  - {{ id: end, stop: {NULL:?} }}\n"));
    assert_eq!(world.finish(), success());
    assert_eq!(world.outputs("end"), json!({"reason": null}));
    for message in [NULL, "{{ '' }}"] {
        let end = self::world(&format!("  - fail: {message:?}\n")).finish();
        assert_eq!(why(&end).0, "Step.Failed");
        assert!(why(&end).1.contains("gives no reason"), "{end:?}");
    }
}
