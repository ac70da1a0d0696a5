//! Functions crash, come late or twice; the table does not answer; clocks are wrong; executions are lost.

use super::{Stage, play, play_calmly};
use crate::{
    simulation::{Climate, Scenario, Simulation},
    step_functions::Status,
    store::StoreFault,
    world::{BEGIN, Function, FunctionOdds, InvocationFault, MachineOdds, WorldOdds},
};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;
use std::time::Duration;
use workflow::planner::Outcome;

const TICKET: &str =
    "  - { id: ticket, CREATE }\n  - { id: seen, set: { number: \"{{ steps.ticket.outputs.incident_number }}\" } }\n";

const CREATED: Function = Function::CreateIncident;

/// Plays one run whose ticket meets a fault, and gives how many attempts it took.
fn ticket_after(fault: impl FnOnce(&Stage)) -> u32 {
    play_calmly(async |stage| {
        stage.apply_steps(TICKET);
        fault(&stage);
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.error(&run), None, "{}", stage.trace());
        assert_eq!(stage.outcome(&run, "seen"), Outcome::Success);
        assert_eq!(stage.created(), 1);
        stage.step(&run, "ticket").attempts
    })
}

#[test]
fn f10_an_action_that_crashed_after_its_effect_finds_it_again() {
    let attempts = ticket_after(|stage| {
        stage
            .world
            .functions
            .let_fail(CREATED, 0, InvocationFault::CrashedAfter);
    });
    assert_eq!(attempts, 2);
}

#[test]
fn f10_an_action_whose_answer_never_came_is_waited_for_and_found_again() {
    let attempts = ticket_after(|stage| stage.world.functions.let_fail(CREATED, 0, InvocationFault::AnswerLost));
    assert_eq!(attempts, 2);
}

#[test]
fn f10_an_action_that_is_late_does_not_act_when_its_time_is_over() {
    let late = InvocationFault::Late(Duration::from_secs(75));
    let attempts = ticket_after(|stage| stage.world.functions.let_fail(CREATED, 0, late));
    assert_eq!(attempts, 2);
}

#[test]
fn f11_an_action_that_crashed_before_its_effect_is_tried_again() {
    let attempts = ticket_after(|stage| {
        stage
            .world
            .functions
            .let_fail(CREATED, 0, InvocationFault::CrashedBefore);
    });
    assert_eq!(attempts, 2);
}

#[test]
fn f11_a_throttled_action_is_retried_by_the_state_machine() {
    let attempts = ticket_after(|stage| stage.world.functions.let_fail(CREATED, 0, InvocationFault::Throttled));
    assert_eq!(attempts, 1, "nothing had run");
}

#[rstest]
#[case::refused(StoreFault::Refused)]
#[case::unanswered(StoreFault::Unanswered)]
#[case::late(StoreFault::Late(Duration::from_secs(3)))]
#[case::later_than_the_repeat(StoreFault::Late(Duration::from_millis(40)))]
fn f12_a_result_that_could_not_be_written_is_written_again(#[case] fault: StoreFault) {
    for write in 0..2 {
        let attempts = ticket_after(|stage| stage.world.store.let_write_fail(write, fault));
        assert_eq!(attempts, 1, "write {write}");
    }
}

#[test]
fn f24_a_table_that_is_out_of_reach_for_half_an_hour_delays_a_run_and_does_not_fail_it() {
    play_calmly(async |stage| {
        stage.apply_steps(TICKET);
        for _ in 0..70 {
            stage.world.store.let_write_fail(1, StoreFault::Refused);
        }
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.error(&run), None);
        assert_eq!((stage.created(), stage.step(&run, "ticket").attempts), (1, 1));
        let stopped_at = stage.world.machine.executions().pop().unwrap().stopped_at;
        assert!(stopped_at.unwrap() > BEGIN + SignedDuration::from_mins(20));
    });
}

#[rstest]
#[case::at_once(0)]
#[case::while_the_first_works(30)]
#[case::when_the_first_is_done(5_000)]
#[case::when_all_is_over(60_000)]
fn f13_a_function_that_runs_twice_has_one_effect(#[case] apart: u64) {
    let twice = InvocationFault::Twice(Duration::from_millis(apart));
    for function in [CREATED, Function::Runner] {
        for invocation in 0..2 {
            ticket_after(|stage| stage.world.functions.let_fail(function, invocation, twice));
        }
    }
}

#[test]
fn f13_a_lane_that_has_two_executions_has_one_effect() {
    // The parent does not know of the child that it started, and starts another.
    let odds = WorldOdds {
        machine: MachineOdds {
            child_starts: 0.6,
            ..MachineOdds::default()
        },
        ..WorldOdds::calm()
    };
    play(&odds, async |stage| {
        stage.apply_steps(
            "  - { id: fan, for_each: [1, 2, 3, 4, 5], steps: [ { CREATE } ], on_lane_failure: ignore }\n",
        );
        let run = stage.event("e").await;
        stage.finish().await;

        let outputs = stage.result(&run, "fan").outputs;
        assert_eq!(json!(stage.created()), outputs["succeeded"], "{outputs}");
    });
}

#[test]
fn an_execution_that_is_stopped_leaves_a_final_record_and_the_lock_free() {
    play_calmly(async |stage| {
        stage.apply(
            "name: w\non: { pagerduty: { integration: prod, events: [incident.triggered] } }\nconcurrency: { key: one }\nsteps:\n  \
             - { wait: 2h }\n  - { id: ticket, CREATE }\n",
        );
        let first = stage.event("a").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let second = stage.event("b").await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        let running = stage.world.running();
        let execution = running
            .iter()
            .find(|execution| execution.name() == first.as_str())
            .unwrap();
        stage.world.mishaps.note(
            crate::world::Fault::Aborted,
            stage.world.site_of(execution.arn()).unwrap(),
        );
        stage
            .world
            .machine
            .abort(execution.arn(), None, Some("enough"))
            .unwrap();
        stage.finish().await;

        assert_eq!(stage.error(&first).as_deref(), Some("Run.Aborted"));
        assert!(stage.run(&first).error.unwrap().message.contains("enough"));
        assert_eq!(stage.error(&second), None);
        assert_eq!(stage.created(), 1);
    });
}

#[test]
fn a_lane_whose_execution_is_stopped_is_taken_over_by_another() {
    play_calmly(async |stage| {
        stage.apply_steps("  - { id: fan, for_each: [1, 2], steps: [ { wait: 10m }, { CREATE } ] }\n");
        let run = stage.event("e").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let running = stage.world.running();
        let lane = running.iter().find(|execution| execution.parent().is_some()).unwrap();
        stage
            .world
            .mishaps
            .note(crate::world::Fault::Aborted, stage.world.site_of(lane.arn()).unwrap());
        stage.world.machine.abort(lane.arn(), None, None).unwrap();
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "fan"), Outcome::Success, "{}", stage.trace());
        assert_eq!(stage.created(), 2);
        let aborted = stage.world.machine.executions().into_iter();
        assert_eq!(
            aborted.filter(|execution| execution.status == Status::Aborted).count(),
            1
        );
    });
}

#[test]
fn f41_clocks_that_are_off_by_ten_minutes_make_no_second_effect() {
    let skewed = WorldOdds {
        functions: FunctionOdds {
            actions: 0.3,
            plans: 0.2,
            skewed: true,
            ..FunctionOdds::default()
        },
        ..WorldOdds::calm()
    };
    for seed in 0..20 {
        let scenario = Scenario {
            odds: skewed.clone(),
            ..Scenario::in_climate(seed, Climate::Storm)
        };
        let report = Simulation::of(&scenario);
        assert!(report.violations.is_empty(), "{report}");
    }
}

#[test]
fn a_run_that_is_cancelled_stops_before_its_next_step() {
    play_calmly(async |stage| {
        stage.apply_steps("  - { wait: 1h }\n  - { id: ticket, CREATE }\n");
        let run = stage.event("e").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        stage.world.cancel(&run, false).await;
        stage.finish().await;

        assert_eq!(stage.run(&run).status, "cancelled");
        assert_eq!(stage.created(), 0);
        assert!(stage.run(&run).ended_at.unwrap() < BEGIN + SignedDuration::from_hours(2));
    });
}
