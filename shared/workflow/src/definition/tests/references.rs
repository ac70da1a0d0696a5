//! What a step can refer to: the order of execution, branches, lanes, and what each step gives.
//!
//! The steps of a case begin at line 3, column 1.

use super::{problems, steps};
use rstest::rstest;

/// A choice whose branches and default each have a step and set a variable.
const CHOICE: &str = "
- id: choice
  choose:
  - when: event.id == 'x'
    steps: [{ id: left, wait: 1s }, set: { l: 1 }]
  - when: event.id == 'y'
    steps: [{ id: right, wait: 1s }, set: { r: 1 }, set: { x: '{{ THERE }}' }]
  default: [{ id: other, wait: 1s }, set: { o: 1 }]
- set: { x: '{{ AFTER }}' }";

#[rstest]
#[case::own_branch("steps.right.outcome", None)]
#[case::own_variable("vars.r", None)]
#[case::sibling(
    "steps.left.outcome",
    Some(
        "`steps.left.outcome`: the step `left` can not have run when this one does, because it stands in another branch"
    )
)]
#[case::variable_of_a_sibling("vars.l", Some("`vars.l`: no step before this one sets `l`"))]
#[case::default(
    "steps.other.outcome",
    Some("`steps.other.outcome`: the step `other` has not run yet when this one does")
)]
#[case::the_choice_itself(
    "steps.choice.outcome",
    Some("`steps.choice.outcome`: the step `choice` has not ended when this is needed")
)]
fn in_a_branch_the_siblings_cannot_be_seen(#[case] name: &str, #[case] said: Option<&str>) {
    let told = steps(&CHOICE.replace("THERE", name).replace("AFTER", "run.id"));
    match said {
        None => assert_eq!(told, [""; 0]),
        Some(said) => {
            assert_eq!(told.len(), 1, "{told:#?}");
            let place = format!("9:63: steps[0].choose[1].steps[2].set.x: {said}");
            assert!(told[0].starts_with(&place), "{told:#?}");
        }
    }
}

#[rstest]
#[case("steps.left.outcome")]
#[case("steps.right.error.message | default(0)")]
#[case("steps.other.outputs")]
#[case("steps.choice.outcome")]
#[case("vars.l")]
#[case("vars.r ~ vars.o")]
fn after_a_choice_all_its_branches_may_have_run(#[case] name: &str) {
    let told = steps(&CHOICE.replace("THERE", "run.id").replace("AFTER", name));
    assert_eq!(told, [""; 0]);
}

#[test]
fn else_does_not_see_steps_and_both_are_seen_afterwards() {
    let told = steps(
        "- if: event.id == 'x'\n  steps: [{ id: a, wait: 1s }]\n  else: [{ id: b, stop: '{{ steps.a.outcome }}' }]\n- fail: '{{ steps.a.outcome }}{{ steps.b.outcome }}'",
    );
    assert_eq!(
        told,
        [
            "5:25: steps[0].else[0].stop: `steps.a.outcome`: the step `a` can not have run when this one does, because it stands in another branch"
        ]
    );
}

/// A fork with a lane in a lane.
const FORK: &str = "
- { id: before, wait: 1s }
- set: { around: 1 }
- id: fan
  for_each: [1, 2]
  steps:
  - { id: inner, wait: 1s }
  - set: { mine: 1 }
  - parallel:
    - steps: [{ id: first, wait: 1s }, set: { theirs: 1 }]
      output: '{{ OUTPUT }}'
    - steps: [set: { x: '{{ THERE }}' }]
  output: '{{ item }}'
- id: after
  set: { x: '{{ AFTER }}' }
";

#[rstest]
#[case("steps.before.outcome")]
#[case("steps.inner.outcome")]
#[case("vars.around ~ vars.mine")]
#[case("item ~ index")]
fn in_a_lane_what_came_before_in_it_and_in_the_lanes_around_it_is_seen(#[case] name: &str) {
    let source = FORK
        .replace("THERE", name)
        .replace("AFTER", "run.id")
        .replace("OUTPUT", name);
    assert_eq!(steps(&source), [""; 0]);
}

#[rstest]
#[case::opener(
    "steps.fan.outcome",
    "`steps.fan.outcome`: the step `fan` has not ended when this is needed"
)]
#[case::lane_beside(
    "steps.first.outcome",
    "`steps.first.outcome`: the step `first` runs in a lane of its own; give the step that opens the lane an id, and use `steps.<id>.outputs.lanes`, with an `output:` of the lane"
)]
#[case::variable_of_the_lane_beside(
    "vars.theirs",
    "`vars.theirs`: `theirs` is set in a lane of its own and cannot be seen from here; give the lane an `output:`"
)]
#[case::later(
    "steps.after.outcome",
    "`steps.after.outcome`: the step `after` has not run yet when this one does"
)]
fn in_a_lane_what_goes_on_beside_it_is_not_seen(#[case] name: &str, #[case] said: &str) {
    let source = FORK
        .replace("THERE", name)
        .replace("AFTER", "run.id")
        .replace("OUTPUT", "run.id");
    assert_eq!(
        steps(&source),
        [format!("14:25: steps[2].steps[2].parallel[1].steps[0].set.x: {said}")]
    );
}

#[rstest]
#[case::step_of_a_lane(
    "steps.inner.outcome",
    "`steps.inner.outcome`: the step `inner` runs in a lane of its own; use `steps.fan.outputs.lanes`, with an `output:` of the lane"
)]
#[case::variable_of_a_lane(
    "vars.mine",
    "`vars.mine`: `mine` is set in a lane of its own and cannot be seen from here; give the lane an `output:`"
)]
#[case::item("item", "`item`: `item` is only there inside a `for_each`")]
#[case::index("index", "`index`: `index` is only there inside a `for_each` or a `repeat`")]
#[case::its_own_result(
    "steps.after.outcome",
    "`steps.after.outcome`: the step `after` has not ended when this is needed"
)]
fn from_outside_nothing_in_a_lane_is_seen(#[case] name: &str, #[case] said: &str) {
    let source = FORK
        .replace("AFTER", name)
        .replace("THERE", "run.id")
        .replace("OUTPUT", "run.id");
    assert_eq!(steps(&source), [format!("17:13: steps[3].set.x: {said}")]);
}

#[test]
fn the_output_of_a_lane_sees_what_its_end_sees() {
    let source = FORK.replace("OUTPUT", "steps.first.outcome ~ vars.theirs ~ item");
    assert_eq!(
        steps(&source.replace("THERE", "run.id").replace("AFTER", "run.id")),
        [""; 0]
    );
}

#[rstest]
#[case("steps.fan.outputs.lanes")]
#[case("steps.fan.outputs.count ~ steps.fan.outputs.succeeded ~ steps.fan.outputs.failed")]
#[case("steps.fan.outputs.cancelled")]
#[case("steps.fan.error.name | default(0)")]
fn after_a_fork_its_own_result_is_seen(#[case] name: &str) {
    let source = FORK
        .replace("AFTER", name)
        .replace("THERE", "run.id")
        .replace("OUTPUT", "run.id");
    assert_eq!(steps(&source), [""; 0]);
}

/// One step of each kind that gives something, or nothing.
const KINDS: &str = "
- { id: call, uses: pagerduty.resolve_incident, with: { integration: p, incident_id: P1, from: a@b.c } }
- { id: sub, run_workflow: other }
- { id: fan, parallel: [steps: [wait: 1s]] }
- { id: pause, wait: 1s }
- set: { x: '{{ NAME }}' }";

#[rstest]
#[case(
    "steps.call.outputs.incident",
    "`steps.call.outputs.incident`: pagerduty.resolve_incident gives no such output: `incident` is not known; did you mean `incident_id`?"
)]
#[case(
    "steps.sub.outputs.runid",
    "`steps.sub.outputs.runid`: run_workflow other gives no such output: `runid` is not known; did you mean `run_id`?"
)]
#[case(
    "steps.fan.outputs.result",
    "`steps.fan.outputs.result`: parallel gives no such output: `result` is not known; known are count, succeeded, failed, cancelled, lanes"
)]
#[case("steps.pause.outputs.x", "`steps.pause.outputs.x`: the step `pause` has no outputs")]
#[case(
    "steps.call.output.title",
    "`steps.call.output.title`: `output` is not known; did you mean `outputs`?"
)]
#[case(
    "steps.call.error.text",
    "`steps.call.error.text`: in `steps.call.error`, `text` is not known; known are name, message"
)]
#[case(
    "steps.cal.outcome",
    "`steps.cal.outcome`: there is no step `cal`; did you mean `call`?"
)]
#[case(
    "steps",
    "`steps` must be followed by a name, as in `steps.ticket.outputs.incident_id` or `vars.limit`"
)]
#[case("vars.y", "`vars.y`: no step before this one sets `y`")]
#[case("inputs.team", "`inputs.team`: there is no input `team`")]
#[case("failure.message", "`failure.message`: `failure` is only there in `on_failure`")]
#[case(
    "run.name",
    "`run.name`: in `run`, `name` is not known; known are id, workflow, version, started_at"
)]
#[case(
    "event.incidnt",
    "`event.incidnt`: in `event`, `incidnt` is not known; did you mean `incident`?"
)]
#[case(
    "secrets.token",
    "`secrets` is not known; known are now, event, run, inputs, steps, vars"
)]
fn t5_a_name_that_will_not_be_there_is_told_before_the_workflow_runs(#[case] name: &str, #[case] said: &str) {
    assert_eq!(
        steps(&KINDS.replace("NAME", name)),
        [format!("8:13: steps[4].set.x: {said}")]
    );
}

#[rstest]
#[case("steps.call.outputs.incident_id")]
#[case("steps.call.error.name | default(0)")]
#[case("steps.sub.outputs.run_id")]
#[case("steps.pause.outcome")]
#[case("event.data.custom.field")]
fn what_a_step_gives_can_be_used(#[case] name: &str) {
    assert_eq!(steps(&KINDS.replace("NAME", name)), [""; 0]);
}

#[test]
fn on_failure_sees_the_failure_the_steps_of_the_main_lane_and_the_variables() {
    let told = problems(
        "name: a
inputs: { team: { type: text } }
steps:
- { id: one, wait: 1s }
- if: event.id == 'x'
  steps: [{ id: two, wait: 1s }, set: { v: 1 }]
- id: fan
  parallel: [steps: [{ id: three, wait: 1s }]]
- { id: four, wait: 1s }
on_failure:
- set: { ok: '{{ steps.one.outcome ~ steps.two.outcome ~ steps.four.outcome ~ vars.v ~ inputs.team }}' }
- set: { ok: '{{ failure.step ~ failure.name ~ failure.message }}' }
- set: { x: '{{ steps.three.outcome }}' }
- set: { x: '{{ failure.reason }}' }
",
    );
    assert_eq!(
        told,
        [
            "13:13: on_failure[2].set.x: `steps.three.outcome`: the step `three` runs in a lane of its own; use `steps.fan.outputs.lanes`, with an `output:` of the lane",
            "14:13: on_failure[3].set.x: `failure.reason`: in `failure`, `reason` is not known; known are step, name, message",
        ]
    );
}

#[test]
fn the_steps_do_not_see_those_of_on_failure() {
    let told = problems("name: a\nsteps: [stop: '{{ steps.late.outcome }}']\non_failure: [{ id: late, wait: 1s }]");
    assert_eq!(
        told,
        ["2:15: steps[0].stop: `steps.late.outcome`: the step `late` has not run yet when this one does"]
    );
}

#[test]
fn ids_are_unique_in_the_whole_workflow() {
    let told = problems(
        "name: a\nsteps:\n- { id: a, wait: 1s }\n- parallel:\n  - steps: [{ id: a, wait: 1s }]\non_failure:\n- { id: a, wait: 1s }",
    );
    assert_eq!(
        told,
        [
            "5:19: steps[1].parallel[0].steps[0].id: the id `a` stands twice; give each step its own",
            "7:9: on_failure[0].id: the id `a` stands twice; give each step its own",
        ]
    );
}

#[test]
fn references_are_checked_in_all_places_where_there_can_be_any() {
    let told = problems(
        "name: a
on: { pagerduty: { integration: p, events: [incident.triggered], when: x.a } }
concurrency: { key: '{{ x.b }}' }
steps:
- { if: x.c, wait: { until: '{{ x.d }}' } }
- choose: [{ when: x.e, steps: [wait: 1s] }]
- { for_each: '{{ x.f }}', steps: [wait: 1s], output: { a: ['{{ x.g }}'] } }
- parallel: [{ steps: [wait: 1s], output: '{{ x.h }}' }]
- { run_workflow: b, with: { a: '{{ x.i }}' } }
- { uses: pagerduty.resolve_incident, with: { integration: '{{ x.j }}', incident_id: '{{ x.k }}', from: 'a@b.c' } }
- { if: true, fail: '{{ x.l }}' }
- stop: '{{ x.m }}'
",
    );
    let places: Vec<&str> = told.iter().map(|problem| problem.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        places,
        [
            "on.pagerduty.when",
            "concurrency.key",
            "steps[0].if",
            "steps[0].wait.until",
            "steps[1].choose[0].when",
            "steps[2].for_each",
            "steps[2].output.a[0]",
            "steps[3].parallel[0].output",
            "steps[4].with.a",
            "steps[5].with.integration",
            "steps[5].with.incident_id",
            "steps[6].fail",
            "steps[7].stop",
        ]
    );
}

#[test]
fn a_problem_of_the_grammar_does_not_hide_those_of_the_references_and_makes_up_none() {
    let told = steps(
        "- { id: a, uses: pagerduty.create_incidnt }\n- { id: b, wait: soon }\n- { wait: 1s, steps: [{ id: c, wait: 1s }] }\n- set: { 1x: 1 }\n- stop: '{{ steps.a.outputs.incident_id ~ steps.c.outcome ~ vars.y ~ steps.b.outcome ~ event.incidnt }}'",
    );
    assert_eq!(
        told,
        [
            "3:18: steps[0].uses: unknown action `pagerduty.create_incidnt`; did you mean `pagerduty.create_incident`?",
            "4:18: steps[1].wait: \"soon\" is not a length of time; write it like 30s, 10m, 1h30m or 2d",
            "5:3: steps[2]: a step does one thing: `wait` and `steps` cannot stand together",
            "6:10: steps[3].set: \"1x\" is no variable name: use letters, digits and '_', start with a letter or '_', at most 63 characters",
            "7:9: steps[4].stop: `event.incidnt`: in `event`, `incidnt` is not known; did you mean `incident`?",
        ]
    );
}

/// A step that lists, one that reads custom fields, and one that refers to them.
const LISTS: &str = "
- id: open
  uses: pagerduty.list_incidents
  with: { integration: prod, statuses: [triggered] }
- id: marked
  uses: pagerduty.set_custom_fields
  with: { integration: prod, incident_id: P1, fields: { team: '{{ run.id }}' } }
- set: { x: '{{ AFTER }}' }
";

#[rstest]
#[case::entry("steps.open.outputs.incidents[0].title")]
#[case::list("steps.open.outputs.incidents | length")]
#[case::field_of_a_map("steps.marked.outputs.fields.team")]
fn what_is_inside_a_list_or_a_map_of_an_action_can_be_named(#[case] name: &str) {
    assert_eq!(steps(&LISTS.replace("AFTER", name)), [""; 0]);
}

#[rstest]
#[case::entry_without_its_number(
    "steps.open.outputs.incidents.title",
    "`steps.open.outputs.incidents.title`: `incidents` is a list; take one of its entries, as in `incidents[0].title`, or go through all with `for_each`"
)]
#[case::inside_an_id(
    "steps.marked.outputs.incident_id.number",
    "`steps.marked.outputs.incident_id.number`: `incident_id` is a PagerDuty id, with nothing in it"
)]
#[case::another_name(
    "steps.open.outputs.incident",
    "`steps.open.outputs.incident`: pagerduty.list_incidents gives no such output: `incident` is not known; did you mean `incidents`?"
)]
fn what_an_output_does_not_have_is_told(#[case] name: &str, #[case] said: &str) {
    let told = steps(&LISTS.replace("AFTER", name));
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].ends_with(said), "{told:#?}");
}
