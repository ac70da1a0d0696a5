//! What the engine does with workflows, however long, broken or edited they are.

use super::{Stage, arrival, play_calmly};
use crate::{simulation::Climate, step_functions::Status, world::BEGIN};
use jiff::SignedDuration;
use platform::catalog;
use rstest::rstest;
use serde_json::json;
use std::time::Duration;
use workflow::{
    definition::Definition,
    ids::{LanePath, WorkflowId},
    planner::{LaneEnd, LaneKey, Outcome},
};

const TRIGGER: &str = "on: { pagerduty: { integration: prod, events: [incident.triggered] } }";

#[test]
fn f22_a_redelivery_starts_only_what_was_not_started() {
    play_calmly(async |stage| {
        let workflows: Vec<WorkflowId> = (1..=5).map(|number| format!("w{number}").parse().unwrap()).collect();
        for workflow in &workflows {
            stage.apply(&format!("name: {workflow}\n{TRIGGER}\nsteps:\n  - {{ CREATE }}\n"));
        }
        let body = stage.world.ingress.delivery(&arrival("e"));
        for workflow in &workflows[..3] {
            stage.world.ingress.take(workflow, &body).await;
        }
        for workflow in &workflows {
            stage.world.ingress.take(workflow, &body).await;
        }
        stage.finish().await;

        assert_eq!(stage.world.ingress.started().len(), 5);
        assert_eq!(stage.created(), 5);
    });
}

#[test]
fn f30_a_run_finishes_on_its_version_and_the_next_event_runs_the_new_one() {
    play_calmly(async |stage| {
        stage.apply_steps("  - { wait: 1h }\n  - { id: old, set: { a: 1 } }\n");
        let first = stage.event("a").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        stage.apply_steps("  - { id: new, set: { a: 2 } }\n");
        let second = stage.event("b").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&first, "old"), Outcome::Success);
        assert_eq!(stage.outcome(&second, "new"), Outcome::Success);
    });
}

#[test]
fn f31_a_run_of_a_disabled_workflow_finishes_and_new_events_start_none() {
    play_calmly(async |stage| {
        stage.apply_steps("  - { wait: 1h }\n  - { id: ticket, CREATE }\n");
        let run = stage.event("a").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let workflow = "w".parse().unwrap();
        stage.world.store.disable(&workflow);
        assert_eq!(stage.world.ingress.deliver(&workflow, &arrival("b")).await, None);
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "ticket"), Outcome::Success);
        assert_eq!(stage.world.ingress.started().len(), 1);
    });
}

#[rstest]
#[case::in_time(11, false, None)]
#[case::disabled_meanwhile(11, true, Some("the workflow w was disabled when the run began"))]
#[case::sent_back_after_a_week(8 * 24, false, Some("the event happened more than a week before the run began"))]
fn f31_a_run_that_waited_in_the_start_buffer_begins_only_if_it_is_still_wanted(
    #[case] hours: u64,
    #[case] is_disabled: bool,
    #[case] reason: Option<&str>,
) {
    play_calmly(async |stage| {
        stage.apply_steps("  - { id: ticket, CREATE }\n");
        let workflow: WorkflowId = "w".parse().unwrap();
        let body = stage.world.ingress.delivery(&arrival("a"));
        let closed = Duration::from_secs(hours * 3600);
        stage.world.ingress.let_nothing_start(closed);
        let run = stage.world.ingress.take(&workflow, &body).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        if is_disabled {
            stage.world.store.disable(&workflow);
        }
        tokio::time::sleep(closed).await;
        stage.finish().await;

        let main = LaneKey {
            run: run.expect("a run"),
            lane: LanePath::main(),
        };
        let found = match stage.world.store.with(|tables| tables.lanes[&main].end.clone()) {
            Some(LaneEnd::Skipped { reason }) => Some(reason),
            _ => None,
        };
        assert_eq!(found.as_deref(), reason);
        let status = if reason.is_some() { "skipped" } else { "succeeded" };
        assert_eq!(stage.run(&main.run).status, status);
        assert_eq!(stage.created(), usize::from(reason.is_none()));
    });
}

#[test]
fn f34_a_long_lane_goes_on_in_a_new_execution_before_its_history_is_full() {
    play_calmly(async |stage| {
        let waits: String = (0..900).map(|_| "  - { wait: 1s }\n").collect();
        stage.apply_steps(&format!("{waits}  - {{ id: ticket, CREATE }}\n"));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "ticket"), Outcome::Success);
        let executions = stage.world.machine.executions();
        assert!(executions.len() > 1);
        assert!(executions.iter().all(|execution| execution.status == Status::Succeeded));
        let most = executions.iter().map(|execution| execution.events).max();
        assert!(most < Some(6_000), "{most:?}");
        assert_eq!(stage.created(), 1);
    });
}

#[test]
fn f35_what_is_too_large_to_be_handed_on_is_cut_and_missed_only_where_it_is_needed() {
    play_calmly(async |stage| {
        stage.apply_steps(
            "  - { id: fan, for_each: \"{{ range(30) }}\", steps: [ { set: { a: 1 } } ], output: \"{{ 'x' * 3000 }}\" }\n  \
             - { id: counted, if: steps.fan.outputs.succeeded == 30, set: { b: 1 } }\n  \
             - { id: lost, set: { c: \"{{ steps.fan.outputs.lanes }}\" } }\n",
        );
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "counted"), Outcome::Success);
        let error = stage.run(&run).error.unwrap();
        assert_eq!(error.name, "Step.OutputTooLarge");
        assert!(
            error.message.contains("step `lost`") && error.message.contains("lanes"),
            "{error:?}"
        );
    });
}

#[rstest]
#[case::variables(
    "  - { set: { a: \"{{ 'x' * 30000 }}\" } }\n  - { id: bad, set: { b: \"{{ 'x' * 30000 }}\" } }\n",
    "Template.Error"
)]
#[case::t6_output_of_a_template("  - { id: bad, set: { a: \"{{ 'x' * 10000000 }}\" } }\n", "Template.Error")]
#[case::t6_loop(
    "  - { id: bad, set: { a: \"{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}\" } }\n",
    "Template.Error"
)]
#[case::t5_no_such_field("  - { id: bad, set: { a: \"{{ event.data.nope.nope }}\" } }\n", "Template.Error")]
#[case::no_list(
    "  - { id: bad, for_each: \"{{ event.incident.title | default(event.data) }}\", steps: [ { set: { a: 1 } } ] }\n",
    "Input.Invalid"
)]
#[case::too_many_items(
    "  - { id: bad, for_each: \"{{ range(10001) }}\", steps: [ { set: { a: 1 } } ] }\n",
    "Input.Invalid"
)]
#[case::f37_two_years("  - { id: bad, wait: { until: \"2028-12-01T00:00:00Z\" } }\n", "Input.Invalid")]
#[case::no_such_workflow("  - { id: bad, run_workflow: nobody }\n", "Workflow.NotFound")]
fn a_step_that_asks_for_too_much_fails_and_says_so(#[case] steps: &str, #[case] name: &str) {
    play_calmly(async |stage| {
        stage.apply_steps(steps);
        let run = stage.event("e").await;
        stage.finish().await;

        let error = stage.run(&run).error.unwrap();
        assert_eq!(error.name, name, "{error:?}");
        assert!(error.message.contains("step `bad`"), "{error:?}");
    });
}

#[rstest]
#[case("dict(a='5').a == 5", false)]
#[case("event.incident.priority.summary | default('') == 'P1'", false)]
#[case("event.incident.priority is none", true)]
#[case("event.incident.number >= 1", true)]
#[case("'10' < '9'", true)]
#[case("none == false", false)]
fn w3_a_comparison_of_types_has_one_meaning(#[case] condition: &str, #[case] holds: bool) {
    play_calmly(async |stage| {
        stage.apply_steps(&format!("  - {{ id: asked, if: \"{condition}\", set: {{ a: 1 }} }}\n"));
        let run = stage.event("e").await;
        stage.finish().await;

        let expected = if holds { Outcome::Success } else { Outcome::Skipped };
        assert_eq!(stage.outcome(&run, "asked"), expected);
    });
}

#[test]
fn f37_a_time_that_has_passed_is_no_wait_and_one_that_comes_is_waited_for() {
    play_calmly(async |stage| {
        stage.apply_steps(
            "  - { id: past, wait: { until: \"2020-01-01T00:00:00Z\" } }\n  - { id: soon, wait: { until: \"2026-11-20T12:00:00Z\" } }\n",
        );
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.error(&run), None);
        let ended = stage.run(&run).ended_at.unwrap();
        let noon = "2026-11-20T12:00:00Z".parse().unwrap();
        assert!(ended >= noon && ended < noon + SignedDuration::from_secs(5), "{ended}");
    });
}

#[rstest]
#[case::f37_longer_than_a_year("  - { wait: 400d }\n", "out of range")]
#[case::w2_negative("  - { wait: -5m }\n", "out of range")]
#[case::w2_attempts("  - { CREATE, retry: { max_attempts: 1000000000 } }\n", "from 1 to 100")]
#[case::w1_unknown_step("  - { id: a, set: { x: \"{{ steps.b.outcome }}\" } }\n", "there is no step `b`")]
#[case::w1_twice("  - { id: a, wait: 1s }\n  - { id: a, wait: 1s }\n", "stands twice")]
#[case::w2_over_a_map("  - { for_each: { a: 1 }, steps: [ { wait: 1s } ] }\n", "must be a list")]
#[case::w1_itself("  - { run_workflow: w }\n", "would run itself without end")]
fn a_workflow_that_cannot_work_is_refused_when_it_is_saved(#[case] steps: &str, #[case] said: &str) {
    let source = format!("name: w\n{TRIGGER}\nsteps:\n{}", steps.replace("CREATE", super::CREATE));
    let problems = Definition::from_source(&source, catalog()).unwrap_err().to_string();
    assert!(problems.contains(said), "{problems}");
    assert!(problems.contains("steps["), "with the place: {problems}");
}

#[rstest]
#[case::finish("finish", Some("Lane.Failed"), 2)]
#[case::ignore("ignore", None, 2)]
#[case::cancel("cancel", Some("Lane.Failed"), 1)]
fn f38_a_failed_lane_means_what_its_policy_says(
    #[case] policy: &str,
    #[case] error: Option<&str>,
    #[case] created: usize,
) {
    play_calmly(async |stage| {
        stage.apply_steps(&format!(
            "  - id: both\n    on_lane_failure: {policy}\n    parallel:\n      - steps: [ {{ fail: no }} ]\n      - steps: [ {{ CREATE }} ]\n      \
             - steps: [ {{ wait: 5m }}, {{ CREATE }} ]\n"
        ));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.error(&run).as_deref(), error);
        let outputs = stage.result(&run, "both").outputs;
        assert_eq!((&outputs["count"], &outputs["failed"]), (&json!(3), &json!(1)));
        assert_eq!(
            outputs["lanes"][0]["error"]["name"], "Step.Failed",
            "the join sees all lanes"
        );
        assert!(stage.created() <= 2 && stage.created() >= created.min(1));
        assert_eq!(stage.created() == 2, policy != "cancel", "{outputs}");
    });
}

#[rstest]
#[case::none(0)]
#[case::one(1)]
#[case::many(120)]
fn f39_a_list_of_any_length_is_gone_through(#[case] count: u32) {
    play_calmly(async |stage| {
        stage.apply_steps(&format!(
            "  - {{ id: fan, for_each: \"{{{{ range({count}) }}}}\", steps: [ {{ CREATE }} ], output: \"{{{{ index }}}}\" }}\n"
        ));
        let run = stage.event("e").await;
        stage.finish().await;

        let outputs = stage.result(&run, "fan").outputs;
        assert_eq!(
            (&outputs["count"], &outputs["succeeded"]),
            (&json!(count), &json!(count))
        );
        assert_eq!(stage.created(), usize::try_from(count).unwrap());
    });
}

#[test]
fn f39_a_poisonous_item_spoils_its_own_lane_alone() {
    play_calmly(async |stage| {
        stage.apply_steps(
            "  - { id: fan, on_lane_failure: ignore, for_each: \"{{ range(50) }}\", steps: [ { if: item == 37, fail: poison }, { CREATE } ] }\n",
        );
        let run = stage.event("e").await;
        stage.finish().await;

        let outputs = stage.result(&run, "fan").outputs;
        assert_eq!((&outputs["succeeded"], &outputs["failed"]), (&json!(49), &json!(1)));
        assert_eq!(outputs["lanes"][37]["outcome"], "failure");
        assert_eq!((stage.error(&run), stage.created()), (None, 49));
    });
}

#[test]
fn f40_a_workflow_that_starts_itself_through_its_incidents_is_stopped() {
    play_calmly(async |stage| {
        stage.apply_steps("  - { CREATE }\n");
        let mut event = arrival("e0");
        let mut names = Vec::new();
        for number in 1..10 {
            let run = stage
                .world
                .ingress
                .deliver(&"w".parse().unwrap(), &event)
                .await
                .unwrap();
            // PagerDuty tells of the incident while the run is at it, or soon after.
            tokio::time::sleep(std::time::Duration::from_secs(30)).await;
            names.push(stage.error(&run));
            // It has the key that the run has given it.
            let key = stage.world.store.with(|tables| {
                let step = tables.steps.iter().find(|(place, _)| place.run == run);
                step.and_then(|(_, step)| step.effect_key.clone())
            });
            let Some(key) = key else { break };
            event = arrival(&format!("e{number}"));
            // A key can be used again when its incident is resolved; so the simulated PagerDuty can tell of it.
            let incident = stage.world.account.created(&key).remove(0);
            event.key = Some(key);
            let by = "manager@example.com";
            let resolved = crate::pagerduty::Status::Resolved;
            stage.world.account.set_status(&incident, resolved, by).unwrap();
        }

        assert_eq!(names.len(), 6);
        assert_eq!(names.pop().unwrap().as_deref(), Some("Run.LoopStopped"));
        assert_eq!(stage.created(), 5);
    });
}

#[test]
fn f40_workflows_that_call_each_other_are_stopped_at_depth_twenty() {
    play_calmly(async |stage| {
        stage.apply("name: v\nsteps:\n  - { if: run.version == 1, run_workflow: w }\n");
        stage.apply("name: w\nsteps:\n  - { if: run.version == 1, run_workflow: v }\n");
        let run = stage.by_hand(json!({})).await;
        stage.finish().await;

        assert_eq!(stage.error(&run).as_deref(), Some("Run.Failed"));
        let runs = stage.world.store.with(|tables| tables.runs.len());
        assert_eq!(runs, 21);
    });
}

#[test]
fn runs_of_one_key_wait_for_each_other_in_order() {
    play_calmly(async |stage| {
        stage.apply(&format!(
            "name: w\n{TRIGGER}\nconcurrency: {{ key: one }}\nsteps:\n  - {{ wait: 20m }}\n  - {{ CREATE }}\n"
        ));
        let mut runs = Vec::new();
        for id in ["a", "b", "c"] {
            runs.push(stage.event(id).await);
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        stage.finish().await;

        let ends: Vec<_> = runs.iter().map(|run| stage.run(run).ended_at.unwrap()).collect();
        assert!(ends.is_sorted());
        assert!(ends[2].duration_since(ends[0]) > SignedDuration::from_mins(40));
    });
}

#[test]
fn a_younger_run_cancels_the_older_or_is_skipped_as_the_policy_says() {
    for (policy, older, younger) in [("cancel", "cancelled", "succeeded"), ("skip", "succeeded", "skipped")] {
        play_calmly(async |stage| {
            stage.apply(&format!(
                "name: w\n{TRIGGER}\nconcurrency: {{ key: one, policy: {policy} }}\nsteps:\n  - {{ wait: 20m }}\n  - {{ CREATE }}\n"
            ));
            let first = stage.event("a").await;
            tokio::time::sleep(Duration::from_secs(30)).await;
            let second = stage.event("b").await;
            stage.finish().await;

            assert_eq!((stage.run(&first).status, stage.run(&second).status), (older, younger));
            assert_eq!(stage.created(), 1);
        });
    }
}

#[test]
fn a_run_that_takes_too_long_ends_at_its_deadline_and_can_still_say_so() {
    play_calmly(async |stage| {
        stage.apply(&format!(
            "name: w\n{TRIGGER}\ntimeout: 1h\nsteps:\n  - {{ wait: 3h }}\non_failure:\n  - {{ id: told, CREATE }}\n"
        ));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.error(&run).as_deref(), Some("Run.DeadlineExceeded"));
        assert_eq!(stage.outcome(&run, "told"), Outcome::Success);
        assert!(stage.run(&run).ended_at.unwrap() < stage.run(&run).deadline);
    });
}

#[test]
fn every_kind_of_world_has_its_words() {
    let words: Vec<String> = Climate::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["calm", "hasty", "passing faults", "storm"]);
}

#[test]
fn a_body_that_is_too_large_for_the_input_is_read_from_the_table() {
    play_calmly(async |stage: Stage| {
        stage.apply_steps(
            "  - { id: fan, for_each: [1, 2], steps: [ { set: { a: \"{{ event.incident.title }}\" } } ] }\n",
        );
        let mut event = arrival("e");
        event.padding = 250_000;
        let run = stage
            .world
            .ingress
            .deliver(&"w".parse().unwrap(), &event)
            .await
            .unwrap();
        stage.finish().await;

        assert_eq!(stage.error(&run), None);
    });
}

#[test]
fn a_run_that_waited_in_several_executions_takes_the_lock_of_its_own_key() {
    play_calmly(async |stage| {
        stage.apply(
            "name: w\ninputs: { service: { type: text }, urgent: { type: boolean, default: false } }\n\
             concurrency: { key: \"{{ inputs.service }} {{ inputs.urgent }}\" }\nsteps:\n  - { wait: 4h }\n  - { CREATE }\n",
        );
        let workflow = "w".parse().unwrap();
        let inputs =
            serde_json::Map::from_iter([("service".to_owned(), json!("db")), ("urgent".to_owned(), json!(true))]);
        let mut runs = Vec::new();
        for id in ["one", "two"] {
            runs.extend(stage.world.ingress.start_by_hand(&workflow, id, inputs.clone()).await);
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        stage.finish().await;

        assert_eq!(
            runs.iter().map(|run| stage.error(run)).collect::<Vec<_>>(),
            [None, None]
        );
        let handed_on = stage.world.machine.executions().len() - runs.len();
        assert!(
            handed_on > 0,
            "the second waited so long that it went on in another execution"
        );
    });
}

#[test]
fn a_called_run_whose_caller_is_stopped_has_an_end_and_frees_its_lock() {
    play_calmly(async |stage| {
        stage.apply("name: v\nconcurrency: { key: one }\nsteps:\n  - { wait: 2h }\n  - { CREATE }\n");
        stage.apply_steps("  - { run_workflow: v }\n");
        let first = stage.event("a").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        stage.stop_execution(|name| name == first.as_str());
        tokio::time::sleep(Duration::from_secs(600)).await;
        let second = stage.event("b").await;
        stage.finish().await;

        assert_eq!(stage.error(&first).as_deref(), Some("Run.Aborted"));
        assert_eq!(stage.error(&second), None);
        assert!(stage.run(&second).ended_at.unwrap() < BEGIN + SignedDuration::from_hours(4));
    });
}

#[test]
fn a_called_run_that_is_stopped_fails_the_step_that_called_it_and_is_not_begun_again() {
    play_calmly(async |stage| {
        stage.apply("name: v\nsteps:\n  - { wait: 2h }\n  - { CREATE }\n");
        stage.apply_steps("  - { id: call, run_workflow: v, continue_on_error: true }\n");
        let first = stage.event("a").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        stage.stop_execution(|name| name != first.as_str());
        stage.finish().await;

        assert_eq!(stage.outcome(&first, "call"), Outcome::Failure);
        assert_eq!(stage.created(), 0);
    });
}
