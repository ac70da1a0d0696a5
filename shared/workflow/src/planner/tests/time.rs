//! `now`: the time of the Plan, and for what is evaluated again the time at which it was evaluated first.

use super::*;
use crate::{
    action::{ActionSpec, FieldKind, tests::action},
    document,
    replay::Start,
    template::Context,
};

fn later(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

/// The input of the action that a Plan gives.
#[track_caller]
fn input_of(plan: &Plan) -> &Value {
    match &plan.command {
        Command::Action { input, .. } => input,
        other => panic!("{other:?}"),
    }
}

#[test]
fn now_is_the_time_of_the_plan_that_comes_to_the_step() {
    let mut world = World::of(&format!(
        "  - set: {{ first: \"{{{{ now }}}}\", same: \"{{{{ now }}}}\" }}\n  - wait: 20m\n  - {}\n",
        page("{{ vars.first }}, {{ vars.same == vars.first }}, {{ now }}, {{ now - time(vars.first) }}")
    ));
    assert_eq!(world.finish(), success());
    let title = world.calls.first().unwrap();
    let parts: Vec<&str> = title.split(", ").collect();
    assert_eq!(parts[..2], ["2026-11-22T10:00:00Z", "true"]);
    assert!(parts[2].starts_with("2026-11-22T10:20:0"), "{title}");
    assert!(parts[3].starts_with("20m"), "{title}");
}

#[test]
fn what_a_step_waits_for_is_computed_once() {
    let mut world = World::of("  - id: w\n    wait: { until: \"{{ now + duration('15m') }}\" }\n");
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    assert_eq!(wake_of(&plan), Some(Wake::not_before(later(15)).time()));
    world.now = later(10);
    let again = world.plan(&mut execution);
    assert_eq!(
        again.cursor.pending.as_ref().and_then(Pending::not_before),
        Some(later(15))
    );
}

#[test]
fn every_attempt_of_a_step_has_the_input_of_the_first() {
    let step = page("down since {{ now | format_time('%H:%M') }}");
    let mut world = World::of(&format!("  - {step}\n"));
    let mut execution = world.begin();
    let first = world.plan(&mut execution);
    execution.answer = Some(failure("PagerDuty.RateLimited"));
    let put_off = world.plan(&mut execution);
    world.now = later(7).max(wake_of(&put_off).expect("it is tried again"));
    let second = world.plan(&mut execution);

    assert_eq!(
        (&input_of(&first)["attempt"], &input_of(&second)["attempt"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(input_of(&first)["title"], "down since 10:00");
    assert_eq!(input_of(&second)["title"], "down since 10:00");
}

#[test]
fn the_items_of_a_list_are_those_that_were_counted_whenever_their_lanes_begin() {
    let steps = format!(
        "  - for_each: \"{{{{ [now, now + duration('1h')] if now < time('2026-11-22T10:01:00Z') else [] }}}}\"\n    \
         steps:\n      - {}\n",
        page("{{ item }}")
    );
    let mut world = World::of(&steps);
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    let Command::Fork { executions } = plan.command else {
        panic!("{:?}", plan.command)
    };
    world.now = later(5);
    for child in executions {
        world.run_child(child);
    }
    world.run(&mut execution);
    assert_eq!(world.end_of(&execution), success());
    assert_eq!(world.calls, ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"]);
}

#[test]
fn a_run_that_is_started_again_gets_the_inputs_that_it_was_given_first() {
    let called = parsed("name: called\ninputs: { at: { type: time } }\nsteps: [{ wait: 1s }]\n");
    let mut world = World::of("  - run_workflow: called\n    with: { at: \"{{ now }}\" }\n");
    world.definitions.insert(called.name.clone(), called);
    let mut execution = world.begin();
    let mut inputs = Vec::new();
    for minutes in 1..20 {
        if let Command::Fork { executions } = world.plan(&mut execution).command {
            inputs.extend(executions.into_iter().map(|child| Value::Object(child.input.inputs)));
        }
        world.now = later(minutes);
        if execution.cursor.as_ref().is_some_and(|cursor| cursor.pending.is_none()) {
            break;
        }
    }
    assert!(inputs.len() > 1, "{inputs:?}");
    let first = json!({"at": "2026-11-22T10:00:00Z"});
    assert!(inputs.iter().all(|given| *given == first), "{inputs:?}");
}

#[test]
fn a_concurrency_key_has_the_time_when_the_run_began() {
    let definition = parsed(
        "name: w\ntimeout: 1h\nconcurrency: { key: \"{{ now | format_time('%F %H:%M') }}\" }\nsteps: [{ set: { x: 1 } }]\n",
    );
    let mut world = World::new(definition.clone());
    world.lock.lock.holder = Some(
        "0000000000000000000000000000000000000000000000000000000000000000"
            .parse()
            .unwrap(),
    );
    let mut execution = world.begin();
    world.plan(&mut execution);
    let of = |cursor: Option<&Cursor>| {
        concurrency_key(&definition, &execution.input, cursor, start(), &world.event).unwrap()
    };
    assert_eq!(of(None).as_deref(), Some("2026-11-22 10:00"));
    assert_eq!(of(execution.cursor.as_ref()), of(None));
}

#[test]
fn a_replay_keeps_the_variables_as_they_were_set_and_not_as_they_would_be_now() {
    let last = page("{{ vars.at }} and {{ now }}").replacen('{', "{ id: last,", 1);
    let steps = format!("  - wait: 10m\n  - set: {{ at: \"{{{{ now }}}}\" }}\n  - wait: 10m\n  - {last}\n");
    let mut world = World::of(&steps);
    world.finish();
    let before = world.calls.pop().unwrap();
    world.now = later(50);
    let replay = world.replay_from(Start::Step(&"last".parse().unwrap())).unwrap();
    let mut execution = world.begin_replay(&replay);
    world.run(&mut execution);
    let (of_the_run, _) = before.split_once(" and ").unwrap();
    let (kept, now) = world.calls.last().unwrap().split_once(" and ").unwrap();
    assert!(of_the_run.starts_with("2026-11-22T10:10:0"), "{before}");
    assert_eq!(kept, of_the_run);
    assert!(now.starts_with("2026-11-22T10:50:0"), "{now}");
}

#[test]
fn an_input_that_is_a_time_is_checked_when_the_run_begins() {
    let source = "name: w\ntimeout: 1h\ninputs:\n  at: { type: time }\n  limit: { type: duration, default: 15m }\nsteps:\n  - set: { late: \"{{ now - inputs.at > inputs.limit }}\" }\n  - if: now - inputs.at > inputs.limit\n    fail: late\n";
    let given = |at: Value| {
        let mut world = World::new(parsed(source));
        let mut execution = world.begin_with(json!({ "at": at }).as_object().unwrap().clone());
        world.run(&mut execution);
        world.end_of(&execution)
    };
    assert_eq!(given(json!("2026-11-22T09:45:00Z")), success());
    assert_eq!(
        why(&given(json!("2026-11-22T09:44:59Z"))).1.split(": ").last(),
        Some("late")
    );
    for at in [json!("soon"), json!(7), json!("2026-11-22")] {
        let end = given(at);
        assert!(
            why(&end).1.contains("but must be a time like 2026-11-30T08:00:00Z"),
            "{end:?}"
        );
    }
}

#[test]
fn the_result_of_a_step_in_a_lane_is_text_for_whoever_reads_it() {
    let mut world = World::of(
        "  - id: all\n    parallel: [{ steps: [{ set: { a: 1 } }], output: { at: \"{{ now }}\", for: \"{{ duration('90m') }}\" } }]\n",
    );
    assert_eq!(world.finish(), success());
    let outputs = world.outputs("all");
    assert_eq!(
        outputs["lanes"][0]["output"],
        json!({"at": "2026-11-22T10:00:00Z", "for": "1h30m"})
    );
}

#[test]
fn a_condition_of_a_trigger_sees_the_time_that_it_is_given() {
    let definition = parsed(
        "name: w\non: { pagerduty: { integration: prod, events: [incident.triggered], when: \"now | within('09:00-17:00')\" } }\nsteps: [{ wait: 1s }]\n",
    );
    let trigger = definition.trigger.as_ref().unwrap();
    let when = trigger.behaviour().condition().unwrap().1;
    assert_eq!(when.holds(&Context::of_event(json!({}), start())), Ok(true));
    assert_eq!(when.holds(&Context::of_event(json!({}), later(60 * 8))), Ok(false));
}

#[test]
fn the_example_of_the_docs_is_accepted() {
    let docs = include_str!("../../../../../docs/workflows.md");
    let (_, section) = docs.split_once("\n## Time\n").unwrap();
    let (_, example) = section.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let draft = crate::definition::Draft::from_source(&format!("name: w\n{example}"), catalog());
    let draft = draft.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(
        draft
            .warnings()
            .iter()
            .map(|warning| &warning.message)
            .collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

/// The inputs of all actions that are times, each with the name of its action.
fn inputs_that_are_times() -> Vec<(&'static ActionSpec, &'static str)> {
    let of = |spec: &'static ActionSpec| {
        let times = spec.inputs.iter().filter(|field| field.kind == FieldKind::Time);
        times.map(move |field| (spec, &*field.name))
    };
    catalog().actions().flat_map(|spec| of(spec)).collect()
}

/// A workflow with one step, the example of an action with one input more.
fn workflow_with(spec: &ActionSpec, input: &str, value: &str) -> Result<Definition, String> {
    let example = document::read(&spec.example, "example", |node, _| Some(node.to_json())).unwrap();
    let example = example.as_object().unwrap().iter();
    let mut with: Map<String, Value> = example
        .map(
            |(name, given)| match given.as_str().is_some_and(|text| text.contains("{{")) {
                true => (name.clone(), "P1".into()),
                false => (name.clone(), given.clone()),
            },
        )
        .collect();
    with.insert(input.to_owned(), value.into());
    let source = json!({
        "name": "w",
        "inputs": { "length": { "type": "duration", "default": "1h 30m" }, "text": { "type": "text", "default": "-2d" } },
        "steps": [{ "uses": spec.name, "with": with }],
    });
    Definition::from_source(&source.to_string(), catalog()).map_err(|problems| problems.to_string())
}

/// The input of the first attempt and of the second one, a few minutes later.
fn two_attempts(definition: Definition) -> (Value, Value) {
    let mut world = World::new(definition);
    let mut execution = world.begin();
    let first = world.plan(&mut execution);
    execution.answer = Some(failure("PagerDuty.RateLimited"));
    let put_off = world.plan(&mut execution);
    world.now = later(7).max(wake_of(&put_off).expect("it is tried again"));
    let second = world.plan(&mut execution);
    (input_of(&first).clone(), input_of(&second).clone())
}

#[test]
fn every_input_that_is_a_time_can_be_relative_to_the_first_attempt() {
    let inputs = inputs_that_are_times();
    assert!(inputs.len() >= 6, "{inputs:?}");
    let cases = [
        ("-24h", "2026-11-21T10:00:00Z"),
        ("+30m", "2026-11-22T10:30:00Z"),
        ("-1d 12h", "2026-11-20T22:00:00Z"),
        ("+0s", "2026-11-22T10:00:00Z"),
        ("{{ duration('-24h') }}", "2026-11-21T10:00:00Z"),
        ("{{ duration('30m') }}", "2026-11-22T10:30:00Z"),
        ("{{ inputs.length }}", "2026-11-22T11:30:00Z"),
        ("{{ inputs.text }}", "2026-11-20T10:00:00Z"),
        ("-{{ inputs.length }}", "2026-11-22T08:30:00Z"),
        ("{{ now - duration('1h') }}", "2026-11-22T09:00:00Z"),
        ("2026-11-01T00:00:00+01:00", "2026-11-01T00:00:00+01:00"),
    ];
    for ((spec, input), (written, sent)) in inputs.iter().flat_map(|it| cases.map(|case| (it, case))) {
        let about = format!("{spec}: {input}: {written}");
        let definition = workflow_with(spec, input, written).unwrap_or_else(|problems| panic!("{about}: {problems}"));
        let (first, second) = two_attempts(definition);
        assert_eq!(
            (&first["attempt"], &second["attempt"]),
            (&json!(1), &json!(2)),
            "{about}"
        );
        assert_eq!(
            (&first[*input], &second[*input]),
            (&json!(sent), &json!(sent)),
            "{about}"
        );
    }
}

#[test]
fn a_relative_time_that_cannot_be_read_is_refused_with_what_to_write() {
    for (spec, input) in inputs_that_are_times() {
        for (written, said) in [
            (
                "-24x",
                "must be a time in RFC 3339, such as `2027-01-31T09:00:00Z`, or one relative to now, such as `-24h`",
            ),
            ("-1.5s", "must be a time in RFC 3339"),
            ("-40000d", "must be a time in RFC 3339"),
            (
                "24h",
                "has no sign; write `-24h` for a time before now, or `+24h` for one after it",
            ),
        ] {
            let refused = workflow_with(spec, input, written).unwrap_err();
            assert!(
                refused.contains(&format!("with.{input}: {said}")),
                "{spec}: {written}: {refused}"
            );
        }
    }
}

#[test]
fn the_journal_has_the_time_that_a_relative_one_came_to() {
    let definition = workflow_with(action("pagerduty.list_incidents"), "since", "-24h").unwrap();
    let mut world = World::new(definition);
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    let record = format!("{:?}", plan.changes.unwrap().steps);
    assert!(
        record.contains("2026-11-21T10:00:00Z") && !record.contains("-24h"),
        "{record}"
    );
}
