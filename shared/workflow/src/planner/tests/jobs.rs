//! Actions that start what goes on after their call.

use super::*;
use crate::action::{ActionSpec, Effect, Field, FieldKind, Repeat};
use proptest::prelude::*;
use rstest::rstest;
use std::sync::Arc;

const RUN: &str = "  - id: build\n    uses: ci.run\n    with: { integration: ci, job: \"{{ run.id }}\" }\n";

/// The actions of PagerDuty, and one that starts what takes long.
fn jobs() -> Catalog {
    let text = |name| Field::required(name, FieldKind::Text, "a text");
    let run = ActionSpec {
        name: "ci.run".into(),
        system: "Ci".into(),
        inputs: vec![
            Field::required("integration", FieldKind::Integration, "the account"),
            text("job"),
        ],
        outputs: vec![text("result")],
        effect: Effect::Other,
        repeat: Repeat::IsForbidden { look: "Ci".into() },
        function: "CallHttp".into(),
        job_seconds: Some(3_600),
        ..ActionSpec::clone(catalog().action("pagerduty.add_note").unwrap())
    };
    catalog().actions().cloned().chain([Arc::new(run)]).collect()
}

fn not_yet(after_seconds: u32) -> Answer {
    Answer::Pending {
        look: json!({"build": 7}),
        after_seconds,
    }
}

fn ended() -> Answer {
    Answer::Success(json!({"result": "well"}))
}

fn failed(name: &str) -> Answer {
    Answer::Failure(Failure::from_text(name, "words"))
}

/// A run that is at its call, and the call.
fn begun(steps: &str) -> (World, Execution, Value) {
    let source = format!("name: w\ntimeout: 10h\nsteps:\n{steps}");
    let definition = Definition::from_source(&source, &jobs()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut world = World::new(definition);
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    let call = call_of(&plan);
    (world, execution, call)
}

fn call_of(plan: &Plan) -> Value {
    match &plan.command {
        Command::Action { input, .. } => input.clone(),
        other => panic!("no call: {other:?}"),
    }
}

/// Gives the answer to the pending call, and makes the Plan.
fn answer(world: &mut World, execution: &mut Execution, answer: Answer) -> Plan {
    execution.answer = Some(answer);
    world.plan(execution)
}

/// Lets the lane wait to its end, and gives the Plan after it.
fn waited(world: &mut World, execution: &mut Execution, mut plan: Plan) -> Plan {
    while let Command::Await { until, .. } | Command::Wait { until } = plan.command {
        world.now = world.now.max(until.time());
        plan = world.plan(execution);
    }
    plan
}

fn change(plan: &Plan) -> &StepRecord {
    plan.changes
        .as_ref()
        .unwrap()
        .steps
        .values()
        .next()
        .expect("the step has changed")
}

fn wait_of(plan: &Plan, world: &World) -> i64 {
    wake_of(plan).expect("it waits").duration_since(world.now).as_secs()
}

#[test]
fn a_job_is_looked_at_until_it_has_ended() {
    let (mut world, mut execution, first) = begun(RUN);
    assert_eq!(first.get("look"), None);
    let mut plan = answer(&mut world, &mut execution, not_yet(30));
    for looks in 1..=3 {
        assert_eq!(wait_of(&plan, &world), 30);
        let look = call_of(&waited(&mut world, &mut execution, plan));
        // The same call, and what to look for.
        let mut expected = first.clone();
        expected["look"] = json!({"build": 7});
        expected["deadline"] = look["deadline"].clone();
        assert_eq!(look, expected);
        plan = match looks {
            3 => answer(&mut world, &mut execution, ended()),
            _ => answer(&mut world, &mut execution, not_yet(30)),
        };
        let call = change(&plan).call.as_ref().unwrap();
        assert_eq!((call.attempt, call.looks), (1, looks));
    }
    assert!(matches!(plan.command, Command::Succeed { .. }));
    assert_eq!(world.outputs("build"), json!({"result": "well"}));
}

#[test]
fn a_look_costs_two_plans_and_what_is_read_and_written_stays_small() {
    let (mut world, mut execution, _) = begun(RUN);
    let plan = answer(&mut world, &mut execution, not_yet(5));
    let before = world.plans;
    waited(&mut world, &mut execution, plan);
    answer(&mut world, &mut execution, not_yet(5));
    // One that hands out the look after the wait, one that takes in its answer and begins the next wait.
    assert_eq!(world.plans - before, 2);
    assert!(world.most_written <= 1 && world.most_read == 0);
}

#[rstest]
#[case::away("Ci.Unavailable")]
#[case::of_unknown_outcome("Ci.OutcomeUnknown")]
#[case::lost("Lambda.Unknown")]
#[case::crashed("Runtime.ExitError")]
#[case::rate_limited("Ci.RateLimited")]
#[case::not_there_yet("Ci.NotFound")]
fn a_look_that_fails_is_made_again_and_nothing_is_started_twice(#[case] name: &str) {
    let (mut world, mut execution, _) = begun(RUN);
    let plan = answer(&mut world, &mut execution, not_yet(5));
    waited(&mut world, &mut execution, plan);
    let plan = answer(&mut world, &mut execution, failed(name));
    assert!(matches!(&change(&plan).change, StepChange::NotYet { failure: Some(failure), .. } if failure.name == name));
    let look = call_of(&waited(&mut world, &mut execution, plan));
    assert_eq!((&look["look"], &look["attempt"]), (&json!({"build": 7}), &json!(1)));
    answer(&mut world, &mut execution, ended());
    assert_eq!(world.result("build").unwrap().outcome, Outcome::Success);
}

#[rstest]
#[case::it_may_not("Ci.Forbidden")]
#[case::it_is_gone("Ci.NotFound")]
fn a_look_that_will_not_succeed_ends_the_step_which_says_that_the_job_may_go_on(#[case] name: &str) {
    let (mut world, mut execution, _) = begun(RUN);
    let plan = answer(&mut world, &mut execution, not_yet(120));
    waited(&mut world, &mut execution, plan);
    answer(&mut world, &mut execution, failed(name));
    let end = world.end_of(&execution);
    let (told, message) = why(&end);
    assert_eq!(told, name);
    assert!(message.contains("may go on"), "{message}");
}

#[test]
fn eight_looks_that_fail_one_after_the_other_end_the_step_and_do_not_start_the_job_again() {
    let (mut world, mut execution, _) = begun(RUN);
    let mut plan = answer(&mut world, &mut execution, not_yet(5));
    let mut looks = 0;
    loop {
        plan = waited(&mut world, &mut execution, plan);
        let Command::Action { input, .. } = &plan.command else {
            break;
        };
        assert!(input.get("look").is_some());
        looks += 1;
        plan = answer(&mut world, &mut execution, failed("Ci.Unavailable"));
    }
    assert_eq!(looks, 8);
    assert_eq!(why(&world.end_of(&execution)).0, "Ci.Unavailable");
}

#[test]
fn a_start_of_unknown_outcome_is_what_it_is_for_any_action() {
    let (mut world, mut execution, _) = begun(RUN);
    answer(&mut world, &mut execution, failed("Ci.OutcomeUnknown"));
    assert_eq!(why(&world.end_of(&execution)).0, "Ci.OutcomeUnknown");
}

#[test]
fn a_job_that_ends_badly_fails_the_step_at_once() {
    let (mut world, mut execution, _) = begun(RUN);
    let plan = answer(&mut world, &mut execution, not_yet(5));
    waited(&mut world, &mut execution, plan);
    answer(&mut world, &mut execution, failed("Ci.JobFailed"));
    assert_eq!(why(&world.end_of(&execution)).0, "Ci.JobFailed");
}

#[test]
fn a_retry_that_names_it_starts_a_job_again_that_has_ended_badly() {
    let retry = "    retry: { errors: [Ci.JobFailed], interval: 10s }\n";
    let (mut world, mut execution, _) = begun(&format!("{RUN}{retry}"));
    let plan = answer(&mut world, &mut execution, not_yet(5));
    waited(&mut world, &mut execution, plan);
    let plan = answer(&mut world, &mut execution, failed("Ci.JobFailed"));
    let again = call_of(&waited(&mut world, &mut execution, plan));
    assert_eq!((again.get("look"), &again["attempt"]), (None, &json!(2)));
}

#[rstest]
#[case::of_its_action("", 3_600)]
#[case::of_the_step("    timeout: 2h\n", 7_200)]
#[case::of_the_step_which_is_shorter("    timeout: 5m\n", 300)]
fn a_job_is_looked_at_until_its_time_is_over(#[case] timeout: &str, #[case] seconds: i64) {
    let (mut world, mut execution, _) = begun(&format!("{RUN}{timeout}"));
    let mut plan = answer(&mut world, &mut execution, not_yet(60));
    let mut last = start();
    loop {
        plan = waited(&mut world, &mut execution, plan);
        let Command::Action { .. } = &plan.command else { break };
        last = world.now;
        plan = answer(&mut world, &mut execution, not_yet(60));
    }
    let until = start() + SignedDuration::from_secs(seconds);
    // The last look is just before the end.
    assert_eq!(until.duration_since(last).as_secs(), 5);
    let end = world.end_of(&execution);
    let (name, message) = why(&end);
    assert_eq!(name, "Step.TimedOut");
    assert!(message.contains("it may still go on"), "{message}");
}

#[test]
fn a_run_that_is_cancelled_looks_no_more() {
    let (mut world, mut execution, _) = begun(RUN);
    answer(&mut world, &mut execution, not_yet(3_000));
    world.now += SignedDuration::from_secs(5);
    let marks = world.marks.entry(execution.input.run.id.clone()).or_default();
    marks.insert(CancelMark::run());
    let plan = world.plan(&mut execution);
    let changes = plan.changes.unwrap();
    assert_eq!(changes.wait, Some(WaitChange::IsOver));
    assert!(matches!(changes.end, Some(LaneEnd::Cancelled { .. })));
    assert_eq!(world.now, start() + SignedDuration::from_secs(5));
}

#[rstest]
#[case::while_it_waits(false)]
#[case::while_it_looks(true)]
fn an_execution_that_takes_the_lane_over_looks_on(#[case] is_looking: bool) {
    let (mut world, mut execution, _) = begun(RUN);
    let plan = answer(&mut world, &mut execution, not_yet(30));
    if is_looking {
        waited(&mut world, &mut execution, plan);
    }
    let left = execution.cursor.clone().unwrap();
    let mut other = Execution {
        cursor: None,
        answer: None,
        found: Some(Found::Left(left)),
        input: execution.input.clone(),
        started_at: world.now,
    };
    let plan = world.plan(&mut other);
    let look = call_of(&waited(&mut world, &mut other, plan));
    assert_eq!((&look["look"], &look["attempt"]), (&json!({"build": 7}), &json!(1)));
}

#[test]
fn what_is_too_large_to_be_looked_for_ends_the_step() {
    let (mut world, mut execution, _) = begun(RUN);
    let look = json!({"token": "x".repeat(5_000)});
    answer(&mut world, &mut execution, Answer::Pending { look, after_seconds: 5 });
    assert_eq!(why(&world.end_of(&execution)).0, "Step.OutputTooLarge");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// Whatever the looks answer, the job is started once, and the run ends.
    #[test]
    fn a_job_is_started_once_whatever_its_looks_answer(
        answers in prop::collection::vec((0_usize..7, 1_u32..4_000), 1..60),
    ) {
        let (mut world, mut execution, _) = begun(RUN);
        let mut plan = answer(&mut world, &mut execution, not_yet(5));
        let mut answers = answers.into_iter();
        let mut looks = 0;
        loop {
            plan = waited(&mut world, &mut execution, plan);
            let Command::Action { input, .. } = &plan.command else { break };
            prop_assert!(input.get("look").is_some(), "it was started again");
            prop_assert!(world.now < start() + SignedDuration::from_secs(3_600), "its time was over");
            looks += 1;
            let next = match answers.next() {
                None => ended(),
                Some((0..=2, after)) => not_yet(after),
                Some((3, _)) => failed("Ci.Unavailable"),
                Some((4, _)) => failed("Ci.RateLimited"),
                Some((5, _)) => failed("Lambda.Unknown"),
                Some((_, _)) => failed("Ci.OutcomeUnknown"),
            };
            plan = answer(&mut world, &mut execution, next);
        }
        prop_assert!(looks <= 1_000);
        let end = world.end_of(&execution);
        if let Some(failure) = end.failure() {
            prop_assert!(failure.message.contains("may"), "{}", failure.message);
        }
    }
}
