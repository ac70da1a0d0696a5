//! The reference is checked by hand, so that it is not only the engine's echo.

use super::*;
use platform::catalog;
use serde_json::json;
use workflow::{
    ids::Section,
    planner::Outcome,
    run::{RunCause, RunIdentity},
};

/// A world in which everything works.
#[derive(Default)]
struct AllWell {
    /// The output of the first step that was too large to be kept.
    cut: Option<&'static str>,
}

impl Witness for AllWell {
    fn action(&self, _: &Place, _: &ActionSpec, _: &Value) -> Result<Value, Failure> {
        Ok(json!({"incident_id": "P1", "status": "triggered", "incident_number": 7}))
    }

    fn waited(&self, _: &Place) -> Result<Value, Failure> {
        Ok(Value::Null)
    }

    fn decision(&self, _: &Place) -> Option<Decision> {
        None
    }

    fn timed_out_at(&self, _: &Place) -> Value {
        Value::Null
    }

    fn cut(&self, place: &Place) -> BTreeSet<String> {
        let is_first = place.lane.is_main() && place.step == StepPath::top(Section::Steps, 0);
        let cut = self.cut.filter(|_| is_first);
        cut.into_iter().map(str::to_owned).collect()
    }

    fn cancelled(&self, _: &Place) -> Option<StepResult> {
        None
    }

    fn version(&self, _: &RunId) -> Option<WorkflowVersion> {
        Some(WorkflowVersion(1))
    }
}

const CREATE: &str =
    r#"{ integration: prod, title: "{{ T }}", service: PWIXJZS, escalation_policy: PT20YPA, from: a@b.c }"#;

fn run(steps: &str) -> Course {
    run_in(&AllWell::default(), steps)
}

fn run_in(world: &AllWell, steps: &str) -> Course {
    let source = format!("name: w\nsteps:\n{}", steps.replace("CREATE", CREATE));
    let definition = Definition::from_source(&source, catalog()).unwrap();
    let library = Library::from([((definition.name.clone(), WorkflowVersion(1)), definition)]);
    let input = RunInput {
        run: RunIdentity {
            id: "run".parse().unwrap(),
            workflow: "w".parse().unwrap(),
            version: WorkflowVersion(1),
            depth: 0,
        },
        cause: RunCause::Hand { by: None },
        inputs: serde_json::Map::new(),
        part: None,
    };
    course(
        &library,
        world,
        &input,
        |_| Some(jiff::Timestamp::UNIX_EPOCH),
        &Value::Null,
    )
}

fn result<'a>(course: &'a Course, lane: &LanePath, step: &StepPath) -> &'a StepResult {
    &course.results[&Place {
        run: "run".parse().unwrap(),
        lane: lane.clone(),
        step: step.clone(),
    }]
}

fn top(course: &Course, index: u32) -> &StepResult {
    result(course, &LanePath::main(), &StepPath::top(Section::Steps, index))
}

fn end(course: &Course) -> Result<(), &str> {
    course.ends[&"run".parse().unwrap()]
        .as_ref()
        .copied()
        .map_err(String::as_str)
}

#[test]
fn an_action_is_rendered_and_its_outputs_can_be_used() {
    let course = run(r#"
  - set: { T: memory }
  - { id: ticket, uses: pagerduty.create_incident, with: { integration: prod, title: "{{ vars.T }} full", service: PWIXJZS, escalation_policy: PT20YPA, from: a@b.c } }
  - { if: steps.ticket.outputs.incident_number == 7, stop: seen }
  - fail: not come to
"#);
    assert_eq!(course.inputs.values().next().unwrap()["title"], "memory full");
    assert_eq!(top(&course, 2).outputs, json!({"reason": "seen"}));
    assert_eq!(course.results.len(), 3);
    assert_eq!(end(&course), Ok(()));
}

#[test]
fn a_failure_goes_up_to_the_block_that_may_fail() {
    let course = run(r#"
  - continue_on_error: true
    steps:
      - { id: inner, steps: [ { fail: no } ] }
      - set: { never: 1 }
  - { if: steps.inner.outcome == "failure", set: { seen: 1 } }
"#);
    assert_eq!(top(&course, 0).outcome, Outcome::Failure);
    assert_eq!(top(&course, 1).outcome, Outcome::Success);
    assert_eq!(course.results.len(), 4);
    assert_eq!(end(&course), Ok(()));
}

#[test]
fn lanes_see_their_items_and_a_failed_one_fails_the_step() {
    let course = run(r#"
  - { id: fan, for_each: [1, 2, 3], steps: [ { if: item == 2, fail: no } ], output: "{{ item * 10 }}" }
"#);
    let fan = top(&course, 0);
    assert_eq!(fan.error.as_ref().unwrap().name, "Lane.Failed");
    assert_eq!(fan.outputs["failed"], 1);
    assert_eq!(fan.outputs["lanes"][2]["output"], 30);
    assert_eq!(end(&course), Err("Lane.Failed"));
}

#[test]
fn rounds_go_on_until_the_condition_holds() {
    let course = run(r#"
  - { id: check, repeat: { every: 1m, at_most: 5, until: index == 2 }, steps: [ { set: { n: 1 } } ], output: "{{ index * 10 }}" }
"#);
    assert_eq!(
        top(&course, 0).outputs,
        json!({"rounds": 3, "failed": 0, "ended_by": "until", "output": 20})
    );
}

#[test]
fn a_failed_round_ends_them_or_is_passed_over() {
    let outputs = |policy: &str| {
        let course = run(&format!(
            "  - {{ id: check, repeat: {{ every: 1m, at_most: 3 }}, on_lane_failure: {policy}, steps: [ {{ if: index == 1, fail: no }} ] }}\n"
        ));
        top(&course, 0).outputs.clone()
    };
    assert_eq!(
        outputs("finish"),
        json!({"rounds": 2, "failed": 1, "ended_by": "failure", "output": null})
    );
    assert_eq!(
        outputs("ignore"),
        json!({"rounds": 3, "failed": 1, "ended_by": "at_most", "output": null})
    );
}

#[test]
fn a_variable_of_a_lane_stays_in_it() {
    let course = run(r#"
  - set: { n: 1 }
  - parallel: [ { steps: [ { set: { n: 2 } } ], output: "{{ vars.n }}" } ]
    id: both
  - { if: vars.n == 1, stop: unchanged }
  - fail: changed
"#);
    assert_eq!(top(&course, 1).outputs["lanes"][0]["output"], 2);
    assert_eq!(end(&course), Ok(()));
}

#[test]
fn on_failure_sees_why_and_the_run_has_failed_all_the_same() {
    let course = run(r#"
  - { id: broken, fail: no }
on_failure:
  - { if: failure.name == "Step.Failed" and steps.broken.outcome == "failure", stop: told }
  - fail: not come to
"#);
    let told = result(&course, &LanePath::main(), &StepPath::top(Section::OnFailure, 0));
    assert_eq!(told.outputs, json!({"reason": "told"}));
    assert_eq!(end(&course), Err("Step.Failed"));
}

#[test]
fn a_workflow_that_calls_itself_is_stopped_at_depth_twenty() {
    let course = run("  - { if: run.version == 1, run_workflow: w }\n");
    let names = course.results.values().filter_map(|result| result.error.as_ref());
    let stopped = names.filter(|error| error.name == "Run.LoopStopped").count();
    assert_eq!((course.ends.len(), stopped), (21, 1));
}

#[test]
fn a_step_that_uses_what_was_too_large_fails_also_where_the_step_before_had_failed() {
    let steps = "  - id: each
    continue_on_error: true
    for_each: [1, 2]
    steps: [{ fail: never }]
  - set: { x: \"{{ steps.each.outputs.lanes | length }}\" }
";
    let error = |world: &AllWell| top(&run_in(world, steps), 1).error.clone().map(|error| error.name);

    assert_eq!(error(&AllWell::default()), None);
    let cut = Some("lanes");
    assert_eq!(error(&AllWell { cut }).as_deref(), Some("Step.OutputTooLarge"));
}
