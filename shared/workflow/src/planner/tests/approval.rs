//! Approvals: asked once, decided once, and never decided and over.

use super::*;
use rstest::rstest;

const ASK: &str = r#"
  - id: ok
    approval:
      message: "Restart {{ event.incident.id }}?"
      choices: [restart, leave]
      form: { reason: { type: text, default: none } }
      timeout: 30m
"#;

const NOTE: &str = r#"
      notify:
        - uses: pagerduty.add_note
          with: { integration: prod, incident_id: P1, from: a@b.c, note: "Decide: {{ approval.link }}" }
"#;

const TITLE_OF_CHOICE: &str = "  - { uses: pagerduty.create_incident, with: { integration: prod, service: PWIXJZS, from: a@b.c, \
                               escalation_policy: PT20YPA, title: \"{{ steps.ok.outputs.choice }}\" } }\n";

/// The one approval of a world.
fn asked(world: &mut World) -> &mut Asked {
    let mut all = world.approvals.values_mut();
    let asked = all.next().expect("an approval is asked for");
    assert!(all.next().is_none(), "there is one");
    asked
}

/// Decides as a function does that is told of a decision: a decision is taken if there is none and the approval is not closed.
fn decide(world: &mut World, choice: &str) -> Result<(), Refusal> {
    let now = world.now;
    let asked = asked(world);
    let given = Given {
        choice: choice.to_owned(),
        form: BTreeMap::new(),
    };
    let anna = Decider::Link {
        name: "Anna".to_owned(),
    };
    let decision = asked.question.decide(&given, &anna, now)?;
    if asked.decision.is_none() && asked.closed.is_none() {
        asked.decision = Some(decision);
    }
    Ok(())
}

/// A world that waits for a decision, a minute after it was asked for.
fn waiting(steps: &str) -> (World, Execution) {
    let mut world = World::of(steps);
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    assert!(matches!(plan.command, Command::Await { .. }), "{:?}", plan.command);
    world.now += SignedDuration::from_mins(1);
    (world, execution)
}

#[test]
fn a_lane_asks_and_goes_on_with_the_decision() {
    let (mut world, mut execution) = waiting(&format!("{ASK}{TITLE_OF_CHOICE}"));
    assert_eq!(asked(&mut world).question.message, "Restart P1?");
    decide(&mut world, "restart").unwrap();
    let end = world.run(&mut execution);
    assert!(matches!(end, Command::Succeed { .. }));
    assert_eq!(world.calls, ["restart"]);
    assert_eq!(
        world.outputs("ok"),
        json!({"choice": "restart", "by": "Anna", "via": "link", "at": "2026-11-22T10:01:00Z", "form": {"reason": "none"}})
    );
    assert_eq!(asked(&mut world).closed, None, "it was decided");
}

#[test]
fn it_waits_on_until_there_is_a_decision_whatever_wakes_it() {
    let (mut world, mut execution) = waiting(ASK);
    let plan = world.plan(&mut execution);
    assert_eq!(wake_of(&plan), Some(start() + SignedDuration::from_mins(30)));
    assert_eq!(plan.changes.unwrap().approvals, []);
}

#[test]
fn the_messages_are_sent_first_and_have_its_link_and_its_id() {
    let mut world = World::of(&format!("{ASK}{NOTE}{TITLE_OF_CHOICE}"));
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    let changes = plan.changes.unwrap();
    let [ApprovalChange::Asked { id, .. }] = &changes.approvals[..] else {
        panic!("it is asked before the first message: {:?}", changes.approvals);
    };
    let Command::Action { input, .. } = plan.command else {
        panic!("{:?}", plan.command);
    };
    assert_eq!(input["note"], format!("Decide: {}", crate::approval::LINK));
    assert_eq!(input["approval"], json!({"id": id, "buttons": ["restart", "leave"]}));
    execution.answer = Some(Answer::Success(json!({})));
    let plan = world.plan(&mut execution);
    assert!(matches!(plan.command, Command::Await { .. }), "{:?}", plan.command);
    decide(&mut world, "leave").unwrap();
    world.run(&mut execution);
    assert_eq!(world.calls, ["leave"]);
}

#[test]
fn a_step_behind_it_has_no_link() {
    let steps = format!("{ASK}{NOTE}{}", CREATE.replace("{{ event.incident.title }}", "x"));
    let mut world = World::of(&steps);
    let mut execution = world.begin();
    world.plan(&mut execution);
    execution.answer = Some(Answer::Success(json!({})));
    world.plan(&mut execution);
    decide(&mut world, "leave").unwrap();
    let Command::Action { input, .. } = world.plan(&mut execution).command else {
        panic!();
    };
    assert_eq!(input.get("approval"), None);
}

#[test]
fn a_decision_that_comes_before_the_messages_are_sent_counts() {
    let mut world = World::of(&format!("{ASK}{NOTE}{TITLE_OF_CHOICE}"));
    let mut execution = world.begin();
    world.plan(&mut execution);
    decide(&mut world, "restart").unwrap();
    execution.answer = Some(Answer::Success(json!({})));
    world.run(&mut execution);
    assert_eq!(world.calls, ["restart"]);
    assert_eq!(world.now, start(), "nothing was waited for");
}

#[rstest]
#[case::fails("", Err("Step.TimedOut"))]
#[case::fails_as_said("      on_timeout: fail\n", Err("Step.TimedOut"))]
#[case::chooses("      on_timeout: leave\n", Ok("leave"))]
fn without_a_decision_the_end_of_the_time_is_what_the_author_says(
    #[case] on_timeout: &str,
    #[case] expected: Result<&str, &str>,
) {
    let mut world = World::of(&format!("{ASK}{on_timeout}"));
    let end = world.finish();
    assert_eq!(asked(&mut world).closed, Some(Closed::TimedOut));
    assert_eq!(world.now, start() + SignedDuration::from_mins(30));
    match expected {
        Err(name) => assert_eq!(why(&end).0, name),
        Ok(choice) => assert_eq!(
            world.outputs("ok"),
            json!({"choice": choice, "by": null, "via": "timeout", "at": "2026-11-22T10:30:00Z", "form": {"reason": "none"}})
        ),
    }
}

#[test]
fn a_decision_in_the_last_moment_counts_although_the_lane_sees_it_later() {
    let (mut world, mut execution) = waiting(ASK);
    world.now = start() + SignedDuration::from_mins(30) - SignedDuration::from_millis(1);
    decide(&mut world, "restart").unwrap();
    world.now += SignedDuration::from_secs(5);
    world.run(&mut execution);
    assert_eq!(world.outputs("ok")["choice"], "restart");
}

#[test]
fn after_its_time_no_decision_is_taken() {
    let (mut world, _) = waiting(ASK);
    world.now = start() + SignedDuration::from_mins(30);
    let refused = decide(&mut world, "restart");
    assert!(matches!(refused, Err(Refusal::TooLate { .. })), "{refused:?}");
}

#[test]
fn a_cancelled_lane_gives_its_approval_up() {
    let (mut world, mut execution) = waiting(ASK);
    let marks = world.marks.entry(execution.input.run.id.clone()).or_default();
    marks.insert(CancelMark::run());
    let changes = world.plan(&mut execution).changes.unwrap();
    assert!(matches!(changes.end, Some(LaneEnd::Cancelled { .. })));
    assert_eq!(asked(&mut world).closed, Some(Closed::Cancelled));
}

#[test]
fn a_message_that_cannot_be_sent_gives_the_approval_up() {
    let mut world = World::of(&format!("{ASK}{NOTE}"))
        .answering(|_, _| Answer::Failure(Failure::from_text("PagerDuty.Forbidden", "it may not")));
    let end = world.finish();
    assert_eq!(why(&end).0, "PagerDuty.Forbidden");
    assert_eq!(asked(&mut world).closed, Some(Closed::Failed));
    assert_eq!(world.result("ok").unwrap().outcome, Outcome::Failure);
}

#[test]
fn a_message_that_may_fail_does_not_keep_people_from_deciding() {
    let may_fail = NOTE.replace("- uses", "- continue_on_error: true\n          uses");
    let mut world = World::of(&format!("{ASK}{may_fail}{TITLE_OF_CHOICE}"));
    let mut execution = world.begin();
    world.plan(&mut execution);
    execution.answer = Some(Answer::Failure(Failure::from_text("PagerDuty.Forbidden", "it may not")));
    let plan = world.plan(&mut execution);
    assert!(matches!(plan.command, Command::Await { .. }), "{:?}", plan.command);
    decide(&mut world, "restart").unwrap();
    world.run(&mut execution);
    assert_eq!(world.calls, ["restart"]);
}

#[test]
fn the_end_of_the_lane_ends_the_time_for_a_decision() {
    let source = format!(
        "name: w\ntimeout: 1h\nsteps:\n  - wait: 45m\n{ASK}on_failure:\n  - {}\n",
        page("told")
    );
    let mut world = World::new(parsed(&source));
    let end = world.finish();
    assert_eq!(why(&end).0, "Run.DeadlineExceeded");
    assert_eq!(world.calls, ["told"]);
    let asked = asked(&mut world);
    assert_eq!(
        asked.question.until,
        start() + SignedDuration::from_mins(54),
        "a tenth is left to on_failure"
    );
    assert!(asked.closed.is_some());
}

#[test]
fn an_empty_message_fails_before_anything_is_asked() {
    let mut world = World::of(&ASK.replace("Restart {{ event.incident.id }}?", "{{ event.incident.title[:0] }}"));
    let end = world.finish();
    assert_eq!(why(&end).0, "Input.Invalid");
    assert!(world.approvals.is_empty());
}

#[test]
fn each_lane_asks_for_itself() {
    let steps = "  - for_each: [a, b]\n    steps:\n      - { id: ok, approval: { message: \"{{ item }}\", timeout: 10m, on_timeout: deny } }\n";
    let mut world = World::of(steps);
    assert_eq!(world.finish(), success());
    let messages: BTreeSet<&str> = world
        .approvals
        .values()
        .map(|asked| asked.question.message.as_str())
        .collect();
    assert_eq!(messages, BTreeSet::from(["a", "b"]));
}

#[test]
fn an_approval_that_is_skipped_is_not_asked() {
    let mut world = World::of(&ASK.replace("  - id: ok", "  - id: ok\n    if: \"false\""));
    assert_eq!(world.finish(), success());
    assert!(world.approvals.is_empty());
}

#[test]
fn one_approval_after_another_is_decided_for_itself() {
    let next = ASK.replace("id: ok", "id: next");
    let (mut world, mut execution) = waiting(&format!("{ASK}{next}"));
    decide(&mut world, "restart").unwrap();
    let plan = world.plan(&mut execution);
    assert!(
        matches!(plan.command, Command::Await { .. }),
        "the next one is waited for: {:?}",
        plan.command
    );
    assert_eq!(world.outputs("ok")["choice"], "restart");
    assert_eq!(
        world
            .approvals
            .values()
            .filter(|asked| asked.decision.is_none())
            .count(),
        1
    );
}

#[test]
fn one_whose_time_is_over_is_closed_in_the_plan_that_asks_for_the_next() {
    let first = format!("{ASK}      on_timeout: leave\n");
    let next = first.replace("id: ok", "id: next").replace("30m", "10m");
    let mut world = World::of(&format!("{first}{next}"));
    assert_eq!(world.finish(), success());
    let closed: Vec<_> = world.approvals.values().map(|asked| asked.closed).collect();
    assert_eq!(closed, [Some(Closed::TimedOut), Some(Closed::TimedOut)]);
    assert_eq!(world.now, start() + SignedDuration::from_mins(40));
}

#[test]
fn a_run_whose_time_is_over_while_it_sends_messages_gives_the_approval_up() {
    let source = format!(
        "name: w\ntimeout: 1h\nsteps:\n{ASK}{NOTE}on_failure:\n  - {}\n",
        page("told")
    );
    let mut world = World::new(parsed(&source));
    let mut execution = world.begin();
    world.plan(&mut execution);
    execution.answer = Some(Answer::Success(json!({})));
    world.now += SignedDuration::from_mins(55);
    let plan = world.plan(&mut execution);
    assert_eq!(plan.cursor.asking, None);
    assert!(asked(&mut world).closed.is_some());
}

#[test]
fn a_decision_ends_a_wait_that_was_just_written() {
    let (world, execution) = waiting(ASK);
    let run = &execution.input.run.id;
    let cursor = execution.cursor.as_ref().unwrap();
    let mut known = Known::default();
    assert!(!has_been_ended(run, cursor, &known));
    let decision = Decision {
        choice: "leave".to_owned().try_into().unwrap(),
        by: "Anna".to_owned(),
        via: crate::approval::Via::Link,
        at: world.now,
        form: Map::new(),
    };
    let id = world.approvals.keys().next().unwrap();
    known.decisions.insert(id.clone(), decision);
    assert!(has_been_ended(run, cursor, &known));
}
