//! Lanes, and runs that a step or a person starts.

use crate::scenario::{ENDS_WITHIN, Scenario, run_of, ticket_titled};
use serde_json::{Value, json};
use std::time::Duration;

/// The time that a run with hundreds of executions may take on a loaded machine.
const MANY_END_WITHIN: Duration = Duration::from_secs(300);

fn outputs(view: &Value, index: usize) -> &Value {
    &view["steps"][index]["outputs"]
}

fn lanes_of(outputs: &Value, field: &str) -> Vec<Value> {
    let lanes = outputs["lanes"].as_array().unwrap();
    lanes.iter().map(|lane| lane[field].clone()).collect()
}

#[test]
fn f39_a_for_each_over_200_items_gives_what_each_lane_gave() {
    let scenario = Scenario::without_integration("e2e-many");
    let run = scenario.started(
        "  - id: all\n    for_each: \"{{ range(200) }}\"\n    steps: [{ set: { double: \"{{ item * 2 }}\" } }]\n    \
         output: \"{{ vars.double }}\"\n  - set: { last: \"{{ steps.all.outputs.lanes[199].output }}\" }\n",
    );
    let view = scenario.ended_within(&run, MANY_END_WITHIN);

    assert_eq!(view["status"], "succeeded", "{view:#}");
    let outputs = outputs(&view, 0);
    assert_eq!((&outputs["count"], &outputs["succeeded"]), (&json!(200), &json!(200)));
    let expected: Vec<Value> = (0..200).map(|number| json!(number * 2)).collect();
    assert_eq!(lanes_of(outputs, "output"), expected);
    assert_eq!(view["steps"][0]["lanes"], 200);
}

#[test]
fn each_lane_of_a_for_each_makes_an_incident_of_its_own_and_the_run_shows_it() {
    let scenario = Scenario::new("e2e-each");
    let step = ticket_titled("e2e-each", "{{ event.incident.title }} on {{ item }}");
    let steps = format!(
        "  - id: all\n    for_each: [a, b, c, d, e]\n    steps: [{step}]\n    output: \"{{{{ steps.ticket.outputs.incident_id }}}}\"\n"
    );
    let webhook = scenario.subscribed(&steps);
    let run = run_of(&scenario.trigger(&webhook, "five hosts"));
    let view = scenario.ended_within(&run, MANY_END_WITHIN);

    assert_eq!(view["status"], "succeeded", "{view:#}");
    let made = scenario.pagerduty.incidents_titled("e2e-each: five hosts on ").unwrap();
    let mut made: Vec<_> = made.iter().map(|incident| incident["incident"]["id"].clone()).collect();
    let mut told = lanes_of(outputs(&view, 0), "output");
    made.sort_by_key(Value::to_string);
    told.sort_by_key(Value::to_string);
    assert_eq!((made.len(), made), (5, told));

    let text = scenario.pagerflow.text(&["run", "show", &run], "").unwrap();
    assert!(text.contains("of 5 lanes 5 succeeded"), "{text}");
    assert!(
        text.contains(&format!("pagerflow run show {run} --lane 'all[1]'")),
        "{text}"
    );
    let lane = scenario
        .pagerflow
        .text(&["run", "show", &run, "--lane", "all[3]"], "")
        .unwrap();
    assert!(lane.contains("five hosts on c"), "{lane}");
}

#[test]
fn lanes_stand_within_lanes_and_choose_among_their_branches() {
    let scenario = Scenario::without_integration("e2e-nested");
    let run = scenario.started(
        r#"  - id: outer
    for_each: [1, 2, 3]
    steps:
      - set: { number: "{{ item }}" }
      - choose:
          - when: vars.number == 1
            steps: [{ set: { word: one } }]
          - when: vars.number == 2
            steps: [{ set: { word: two } }]
        default: [{ set: { word: many } }]
      - id: inner
        parallel:
          - steps: [{ wait: 1s }]
            output: "{{ vars.word }}"
          - steps: [{ set: { word: other } }]
            output: "{{ vars.word }}{{ vars.number }}"
    output: "{{ steps.inner.outputs.lanes | map(attribute='output') | join(' ') }}"
"#,
    );
    let view = scenario.ended_within(&run, MANY_END_WITHIN);

    assert_eq!(view["status"], "succeeded", "{view:#}");
    assert_eq!(
        lanes_of(outputs(&view, 0), "output"),
        [json!("one other1"), json!("two other2"), json!("many other3")]
    );
}

#[test]
fn f38_a_failed_lane_fails_its_step_and_on_failure_says_so() {
    let scenario = Scenario::new("e2e-fails");
    let page = ticket_titled("e2e-fails", "e2e-fails: {{ failure.name }} at {{ failure.step }}");
    let definition = scenario.by_hand(&format!(
        "steps:\n  - id: all\n    for_each: [1, 2, 3]\n    steps: [{{ if: item == 2, fail: \"bad item\" }}, {{ set: {{ a: 1 }} }}]\n\
         on_failure:\n  - {page}\n"
    ));
    scenario.apply(&definition);
    let run = scenario.start(&[]);
    let view = scenario.ended_within(&run, MANY_END_WITHIN);

    assert_eq!(
        (&view["status"], &view["error"]["name"]),
        (&json!("failed"), &json!("Lane.Failed")),
        "{view:#}"
    );
    let outcomes = lanes_of(outputs(&view, 0), "outcome");
    assert_eq!(outcomes, [json!("success"), json!("failure"), json!("success")]);
    let paged = scenario
        .pagerduty
        .incidents_titled("e2e-fails: Lane.Failed at step `all`")
        .unwrap();
    assert_eq!(paged.len(), 1);
}

#[test]
fn a_step_runs_another_workflow_with_inputs_and_waits_for_it() {
    let called = Scenario::new("e2e-called");
    let step = ticket_titled("e2e-called", "e2e-called: {{ inputs.who }}");
    called.apply(&called.by_hand(&format!("inputs: {{ who: {{ type: text }} }}\nsteps:\n  - {step}\n")));
    let caller = Scenario::without_integration("e2e-caller");
    let run = caller.started(
        "  - id: call\n    run_workflow: e2e-called\n    with: { who: \"run {{ run.id }}\" }\n  - set: { n: \"{{ steps.call.outputs.run_id }}\" }\n",
    );
    let view = caller.ended(&run);

    assert_eq!(view["status"], "succeeded", "{view:#}");
    let called_run = outputs(&view, 0)["run_id"].as_str().unwrap();
    let view = caller.ended(called_run);
    assert_eq!(
        (&view["called_by"], &view["status"]),
        (&json!(run), &json!("succeeded"))
    );
    let made = caller
        .pagerduty
        .incidents_titled(&format!("e2e-called: run {run}"))
        .unwrap();
    assert_eq!(made.len(), 1);
}

#[test]
fn a_run_by_hand_takes_typed_inputs_and_wrong_ones_start_nothing() {
    let scenario = Scenario::without_integration("e2e-inputs");
    scenario.apply(&scenario.by_hand(
        "inputs: { hosts: { type: list }, note: { type: text, default: none } }\nsteps:\n  - id: each\n    \
         for_each: \"{{ inputs.hosts }}\"\n    steps: [{ set: { a: \"{{ item }}\" } }]\n    output: \"{{ vars.a ~ inputs.note }}\"\n",
    ));
    let output = scenario
        .pagerflow
        .call(&["run", "start", "e2e-inputs", "--input", "hosts=web1"], "")
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("`hosts` is text, but must be a list"), "{said}");

    let view = scenario.ended(&scenario.start(&["hosts=[\"web1\",\"web2\"]", "note=7"]));
    assert_eq!(lanes_of(outputs(&view, 0), "output"), [json!("web17"), json!("web27")]);
    assert_eq!(view["event_id"], Value::Null);
}

#[test]
fn a_run_whose_key_another_run_holds_is_skipped() {
    let scenario = Scenario::without_integration("e2e-skip");
    scenario.apply(&scenario.by_hand(
        "inputs: { key: { type: text } }\nconcurrency: { key: \"{{ inputs.key }}\", policy: skip }\nsteps: [{ wait: 1h }]\n",
    ));
    // Each run of the tests has a key of its own, so that they can be repeated on one stack.
    let key = format!("key={}", jiff::Timestamp::now());
    let first = scenario.start(&[&key]);
    scenario.once(&first, ENDS_WITHIN, |view| view["steps"][0]["state"] == "waiting");
    let second = scenario.ended(&scenario.start(&[&key]));

    assert_eq!(second["status"], "skipped", "{second:#}");
    assert!(second["reason"].as_str().unwrap().contains(&first), "{second:#}");
    scenario.pagerflow.json(&["run", "cancel", &first], "").unwrap();
}

#[test]
fn a_run_waits_until_the_one_that_holds_its_key_has_ended_and_a_cancelled_run_ends() {
    let scenario = Scenario::without_integration("e2e-queue");
    scenario.apply(&scenario.by_hand(
        "inputs: { key: { type: text }, length: { type: integer } }\nconcurrency: { key: \"{{ inputs.key }}\" }\n\
         steps: [{ for_each: \"{{ range(inputs.length) }}\", steps: [{ wait: 1s }], max_concurrency: 1 }]\n",
    ));
    let key = format!("key={}", jiff::Timestamp::now());
    let first = scenario.start(&[&key, "length=500"]);
    scenario.once(&first, ENDS_WITHIN, |view| view["steps"][0]["state"] == "running");
    let second = scenario.start(&[&key, "length=1"]);
    scenario.once(&second, ENDS_WITHIN, |view| view["status"] == "running");

    scenario.pagerflow.json(&["run", "cancel", &first], "").unwrap();
    let first = scenario.ended(&first);
    assert_eq!(
        (&first["status"], &first["error"]["name"]),
        (&json!("cancelled"), &json!("Run.Cancelled"))
    );
    let second = scenario.ended(&second);
    assert_eq!(second["status"], "succeeded", "{second:#}");
    assert!(second["steps"][0]["started_at"].as_str() >= first["ended_at"].as_str());
}
