//! Actions: their input, their attempts, and what follows a failed one.

use super::*;
use crate::error_name::ErrorName;
use rstest::rstest;

/// A world, its only execution and the answers by hand.
struct Machine {
    world: World,
    execution: Execution,
}

impl Machine {
    fn new(steps: &str) -> Self {
        let world = World::of(steps);
        let execution = world.begin();
        Self { world, execution }
    }

    fn plan(&mut self) -> Plan {
        let plan = self.world.plan(&mut self.execution);
        if let Some(until) = wake_of(&plan) {
            self.world.now = until;
        }
        plan
    }

    fn answer(&mut self, answer: Answer) -> Plan {
        self.execution.answer = Some(answer);
        self.plan()
    }

    fn fails(&mut self, name: &str) -> Plan {
        self.answer(failure(name))
    }

    fn waited(&self) -> i64 {
        self.world.now.duration_since(start()).as_secs()
    }
}

fn input(plan: &Plan) -> &Value {
    match &plan.command {
        Command::Action { input, .. } => input,
        other => panic!("not an action: {other:?}"),
    }
}

#[track_caller]
fn ended(plan: &Plan) -> (&str, &str) {
    why(plan.changes.as_ref().unwrap().end.as_ref().unwrap())
}

#[test]
fn a_run_creates_waits_and_resolves_with_what_the_first_step_gave() {
    let mut machine = Machine::new(&format!("{CREATE}  - wait: 10m\n{RESOLVE}"));
    let plan = machine.plan();
    assert_eq!(plan.command.name(), "pagerduty.create_incident");
    assert_eq!(
        input(&plan)["title"],
        "disk {{ full }}",
        "t1: an event's text is not a template"
    );
    assert_eq!(input(&plan)["attempt"], 1);
    assert_eq!(
        EffectKey::depth_of(input(&plan)["idempotency_key"].as_str().unwrap()),
        Some(0)
    );
    let plan = machine.answer(created());
    assert_eq!(wake_of(&plan), Some("2026-11-22T10:10:00Z".parse().unwrap()));
    let plan = machine.plan();
    assert_eq!(input(&plan)["incident_id"], "Q9");
    let plan = machine.answer(Answer::Success(json!({"incident_id": "Q9"})));
    assert_eq!(plan.command.type_name(), "succeed");
    assert_eq!(plan.changes.unwrap().end, Some(success()));
    assert_eq!(plan.cursor.plans, 4);
}

#[test]
fn f6_after_an_unknown_outcome_the_same_effect_is_asked_for_again_under_the_same_key_once_it_can_be_seen() {
    let mut machine = Machine::new(CREATE);
    let first = machine.plan();
    machine.fails("Sandbox.Timedout");
    assert!(machine.waited() >= 10);
    let second = machine.plan();
    assert_eq!(input(&second)["idempotency_key"], input(&first)["idempotency_key"]);
    assert_eq!(input(&second)["title"], input(&first)["title"]);
    assert_eq!(input(&second)["attempt"], 2);
}

#[test]
fn f10_an_answer_that_never_came_back_is_waited_for_until_the_call_must_be_over() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    machine.plan();
    assert!(
        machine.waited() >= 70,
        "a call of 60 s, and 10 s until PagerDuty shows it"
    );
    assert_eq!(input(&machine.plan())["attempt"], 2);
}

#[test]
fn f1_a_pagerduty_that_comes_back_is_waited_for() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    for _ in 0..4 {
        assert_eq!(machine.fails("PagerDuty.Unavailable").command.name(), "wait");
        machine.plan();
    }
    assert!(machine.waited() >= 150);
    assert_eq!(machine.answer(created()).command.type_name(), "succeed");
}

#[test]
fn f2_a_pagerduty_that_stays_away_ends_the_run_with_words_that_help() {
    let mut world = World::of(CREATE).answering(|_, _| failure("PagerDuty.Unavailable"));
    assert_eq!(
        why(&world.finish()),
        (
            "PagerDuty.Unavailable",
            "step `ticket` (pagerduty.create_incident) failed after 8 attempts: words; no attempts are left: start the run again when PagerDuty is back"
        )
    );
}

#[test]
fn f27_a_refused_token_is_not_tried_again() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    let plan = machine.fails("PagerDuty.Unauthorized");
    assert_eq!(plan.command.type_name(), "fail");
    assert_eq!(plan.changes.unwrap().steps.len(), 1);
}

#[test]
fn a_retry_of_the_author_says_how_often_and_how_long() {
    let retry = "    retry: { max_attempts: 4, interval: 2s, backoff: 3, max_interval: 10s, jitter: false }\n";
    let mut machine = Machine::new(&format!("{CREATE}{retry}"));
    machine.plan();
    let mut waits = Vec::new();
    loop {
        let before = machine.world.now;
        let plan = machine.fails("PagerDuty.Unavailable");
        if plan.command.type_name() == "fail" {
            assert!(ended(&plan).1.contains("failed after 4 attempts"));
            break;
        }
        waits.push(machine.world.now.duration_since(before).as_secs());
        machine.plan();
    }
    assert_eq!(waits, [2, 6, 10]);
}

#[rstest]
#[case("PagerDuty.Unavailable", "fail")]
#[case("PagerDuty.NotFound", "wait")]
#[case("Sandbox.Timedout", "fail")]
#[case("PagerDuty.RateLimited", "wait")]
fn a_retry_that_names_errors_has_just_these_tried_again_and_a_rate_limit_is_none(
    #[case] error: &str,
    #[case] then: &str,
) {
    let mut machine = Machine::new(&format!("{CREATE}    retry: {{ errors: [PagerDuty.NotFound] }}\n"));
    machine.plan();
    assert_eq!(machine.fails(error).command.name(), then);
}

#[test]
fn a_retry_that_names_unknown_outcomes_covers_a_crash() {
    let mut machine = Machine::new(&format!(
        "{CREATE}    retry: {{ errors: [PagerDuty.OutcomeUnknown] }}\n"
    ));
    machine.plan();
    assert_eq!(machine.fails("Runtime.ExitError").command.name(), "wait");
}

#[test]
fn a_steps_timeout_covers_all_its_attempts_and_reaches_the_action() {
    let mut machine = Machine::new(&format!("{CREATE}    timeout: 45s\n"));
    let plan = machine.plan();
    assert_eq!(input(&plan)["deadline"], "2026-11-22T10:00:45Z");
    machine.fails("PagerDuty.Unavailable");
    machine.plan();
    machine.fails("PagerDuty.Unavailable");
    machine.plan();
    let plan = machine.fails("PagerDuty.Unavailable");
    assert!(
        ended(&plan).1.contains("leaves none for another attempt"),
        "{:?}",
        ended(&plan)
    );
}

#[test]
fn f2_a_retry_that_would_come_after_the_deadline_is_not_waited_for() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    machine.world.now = "2026-11-22T10:59:55Z".parse().unwrap();
    let plan = machine.fails("PagerDuty.Unavailable");
    assert!(ended(&plan).1.contains("leaves none for another attempt"));
}

#[rstest]
#[case("P1/../users")]
#[case("")]
fn p1_an_input_that_is_wrong_only_when_rendered_is_refused_before_it_is_sent(#[case] id: &str) {
    let mut machine = Machine::new(
        "  - uses: pagerduty.resolve_incident\n    with: { integration: prod, incident_id: \"{{ event.incident.id }}\", from: a@b.c }\n",
    );
    machine.world.event["incident"]["id"] = json!(id);
    assert_eq!(
        ended(&machine.plan()),
        (
            "Input.Invalid",
            "step 1 (pagerduty.resolve_incident) failed: `incident_id` must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only"
        )
    );
}

#[test]
fn f35_an_input_that_would_not_fit_into_the_state_and_cannot_be_cut_is_refused() {
    let mut machine = Machine::new(
        "  - uses: pagerduty.set_custom_fields
    with: { integration: prod, incident_id: P1, fields: { cause: \"{{ 'x' * 60000 }}\" } }
",
    );
    let plan = machine.plan();
    assert_eq!(ended(&plan).0, ErrorName::InputInvalid.as_str());
    assert!(ended(&plan).1.contains("49152 bytes"));
    assert!(ended(&plan).1.contains("`fields`"));
}

/// What of the input was changed, as the plan writes it down.
fn adjusted(plan: &Plan) -> Vec<String> {
    let steps = plan.changes.iter().flat_map(|changes| changes.steps.values());
    let adjusted = steps.filter_map(|record| match &record.change {
        StepChange::AttemptStarted { adjusted, .. } => Some(adjusted.iter().map(ToString::to_string)),
        _ => None,
    });
    adjusted.flatten().collect()
}

#[test]
fn f35_what_is_too_long_is_cut_and_every_attempt_sends_the_same_and_says_so() {
    let mut machine = Machine::new(&CREATE.replace("event.incident.title", "'x' * 60000"));
    let first = machine.plan();
    assert_eq!(input(&first)["title"].as_str().unwrap().chars().count(), 1024);
    let said = ["`title` was cut: it is longer than 1024 characters"];
    assert_eq!(adjusted(&first), said);
    machine.fails("PagerDuty.OutcomeUnknown");
    let second = machine.plan();
    assert_eq!(input(&second)["attempt"], 2);
    assert_eq!(input(&second)["title"], input(&first)["title"]);
    assert_eq!(input(&second)["idempotency_key"], input(&first)["idempotency_key"]);
    assert_eq!(adjusted(&second), said);
}

#[test]
fn f35_an_output_that_would_not_fit_is_left_out_and_a_step_that_needs_it_fails_and_says_so() {
    let huge = || {
        Answer::Success(
            json!({"incident_id": "Q9", "title": "x".repeat(40_000), "incident_number": 3,
            "status": "triggered", "created_at": START}),
        )
    };
    let uses = |field: &str| format!("{CREATE}  - set: {{ v: \"{{{{ steps.ticket.outputs.{field} }}}}\" }}\n");
    let mut world = World::of(&uses("incident_id")).answering(move |_, _| huge());
    assert_eq!(world.finish(), success());
    assert_eq!(
        world.result("ticket").unwrap().cut,
        BTreeSet::from(["title".to_owned()])
    );
    let mut world = World::of(&uses("title")).answering(move |_, _| huge());
    let end = world.finish();
    assert_eq!(why(&end).0, "Step.OutputTooLarge");
    assert!(
        why(&end)
            .1
            .contains("step 2 (set) failed: `steps.ticket.outputs.title` cannot be used")
    );
}

#[test]
fn what_takes_a_lane_over_asks_an_action_again_only_after_the_call_before_must_be_over() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    let left = machine.execution.cursor.clone().unwrap();
    machine.execution.found = Some(Found::Left(left));
    machine.execution.cursor = None;
    machine.answer(created());
    assert!(
        machine.waited() >= 70,
        "the answer is not believed to be that of this attempt"
    );
    let again = machine.plan();
    assert_eq!(input(&again)["attempt"], 2);
}

const PAGE: &str = "  - id: page
    uses: pagerduty.add_responders
    with: { integration: prod, incident_id: P1, message: help, users: [PUSER01] }
";

#[test]
fn f9_people_are_not_paged_again_after_an_unknown_outcome_and_a_person_is_told_what_to_check() {
    let mut machine = Machine::new(PAGE);
    machine.plan();
    let plan = machine.fails("PagerDuty.OutcomeUnknown");
    assert_eq!(plan.command.type_name(), "fail");
    let (name, message) = ended(&plan);
    assert_eq!(name, "PagerDuty.OutcomeUnknown");
    assert!(
        message.contains("look in PagerDuty whether the incident's responders have them"),
        "{message}"
    );
}

#[test]
fn f10_people_are_not_paged_again_when_no_answer_came_back() {
    let mut machine = Machine::new(PAGE);
    machine.plan();
    assert_eq!(machine.plan().command.type_name(), "fail");
}

#[test]
fn f1_people_are_paged_once_pagerduty_is_back_because_nothing_was_done_before() {
    let mut machine = Machine::new(PAGE);
    machine.plan();
    machine.fails("PagerDuty.Unavailable");
    assert_eq!(input(&machine.plan())["attempt"], 2);
}

#[test]
fn a_command_names_the_function_that_performs_it_and_the_action() {
    for (source, function, action) in [
        (PAGE, "PagerDutyAction", "pagerduty.add_responders"),
        (CREATE, "CreateIncident", "pagerduty.create_incident"),
    ] {
        let command = json!(Machine::new(source).plan().command);
        assert_eq!(
            (&command["type"], &command["action"]),
            (&json!(function), &json!(action))
        );
    }
}

#[test]
fn f6_with_a_key_of_the_authors_own_every_attempt_tells_when_the_first_was_written_down() {
    let with_key = CREATE.replace("title:", "incident_key: mine, title:");
    let mut machine = Machine::new(&with_key);
    let first = input(&machine.plan()).clone();
    assert_eq!(first["incident_key"], "mine");
    assert_eq!(first["intended_at"], START);
    machine.fails("PagerDuty.OutcomeUnknown");
    let second = machine.plan();
    assert_eq!(
        (&input(&second)["attempt"], &input(&second)["intended_at"]),
        (&json!(2), &json!(START))
    );
    assert_eq!(input(&Machine::new(CREATE).plan()).get("intended_at"), None);
}

#[test]
fn what_an_expression_gives_has_the_type_that_the_action_takes() {
    let mut machine = Machine::new(
        "  - set: { ids: [PUSER01, PUSER02], many: '10' }
  - uses: pagerduty.list_incidents
    with: { integration: prod, limit: '{{ vars.many }}', services: '{{ vars.ids }}' }
  - uses: pagerduty.list_incidents
    with: { integration: prod, services: '{{ event.data.services | default(vars.many) }}' }
",
    );
    let plan = machine.plan();
    assert_eq!(input(&plan)["limit"], 10);
    assert_eq!(input(&plan)["services"], json!(["PUSER01", "PUSER02"]));
    let plan = machine.answer(Answer::Success(json!({"incidents": [], "more": false})));
    let (name, message) = ended(&plan);
    assert_eq!(name, "Input.Invalid");
    assert!(
        message.contains("`services` must be a list of ids of things in PagerDuty"),
        "{message}"
    );
}

#[test]
fn inputs_that_exclude_each_other_only_when_they_are_rendered_are_told_apart_by_null() {
    let step = |level: &str| {
        format!(
            "  - set: {{ level: {level} }}
  - uses: pagerduty.update_incident
    with: {{ integration: prod, incident_id: P1, urgency: '{{{{ vars.level }}}}' }}
"
        )
    };
    assert_eq!(
        Machine::new(&step("low")).plan().command.name(),
        "pagerduty.update_incident"
    );
    let plan = Machine::new(&step("null")).plan();
    assert!(
        ended(&plan)
            .1
            .contains("at least one of `title`, `urgency` and `priority` is needed")
    );
}

#[test]
fn the_last_attempt_of_a_step_that_fails_tells_why_it_failed() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    let plan = machine.fails("PagerDuty.NotFound");
    assert_eq!(
        last_attempt(&plan),
        Some((1, Some("PagerDuty.NotFound".to_owned()))),
        "its own error, without what is added for the step"
    );
}

#[test]
fn an_attempt_that_is_cut_short_by_a_cancellation_keeps_its_own_error() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    let run = machine.execution.input.run.id.clone();
    machine.world.marks.entry(run).or_default().insert(CancelMark::run());
    let plan = machine.fails("PagerDuty.Unavailable");
    assert_eq!(ended(&plan).0, "Run.Cancelled");
    assert_eq!(last_attempt(&plan), Some((1, Some("PagerDuty.Unavailable".to_owned()))));
}

#[test]
fn an_attempt_that_is_not_made_any_more_leaves_the_one_before_it_as_it_was() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    machine.fails("PagerDuty.Unavailable");
    let run = machine.execution.input.run.id.clone();
    machine.world.marks.entry(run).or_default().insert(CancelMark::run());
    let plan = machine.plan();
    assert_eq!(ended(&plan).0, "Run.Cancelled");
    assert_eq!(last_attempt(&plan), None);
}

/// What is written of the attempt that ended with the only step of a Plan.
fn last_attempt(plan: &Plan) -> Option<(u32, Option<String>)> {
    let record = plan.changes.as_ref().unwrap().steps.values().next().unwrap();
    match &record.change {
        StepChange::Finished { attempt, .. } => attempt
            .as_ref()
            .map(|attempt| (attempt.number, attempt.error.as_ref().map(|error| error.name.clone()))),
        other => panic!("{other:?}"),
    }
}

/// What a step does with the id of the incident that the one before created.
const ON_THE_NEW_INCIDENT: [(&str, &str); 5] = [
    (
        "in an output",
        "  - { uses: pagerduty.resolve_incident, with: { integration: prod, incident_id: \"{{ steps.ticket.outputs.incident_id }}\" } }\n",
    ),
    (
        "in a variable",
        "  - set: { id: \"{{ steps.ticket.outputs.incident_id }}\" }\n  - { uses: pagerduty.get_incident, with: { integration: prod, incident_id: \"{{ vars.id }}\" } }\n",
    ),
    (
        "in a list",
        "  - { uses: pagerduty.merge_incidents, with: { integration: prod, incident_id: P1, source_incidents: [\"{{ steps.ticket.outputs.incident_id }}\"] } }\n",
    ),
    (
        "of what reaches people",
        "  - { uses: pagerduty.post_status_update, with: { integration: prod, incident_id: \"{{ steps.ticket.outputs.incident_id }}\", message: m } }\n",
    ),
    (
        "with a retry of the author's",
        "  - { uses: pagerduty.add_note, retry: { max_attempts: 1 }, with: { integration: prod, incident_id: \"{{ steps.ticket.outputs.incident_id }}\", note: n } }\n",
    ),
];

#[test]
fn an_incident_that_pagerduty_does_not_know_yet_is_asked_for_again_and_then_the_run_goes_on() {
    for (place, step) in ON_THE_NEW_INCIDENT {
        let mut machine = Machine::new(&format!("{CREATE}{step}"));
        machine.plan();
        let first = machine.answer(created());
        let mut numbers = vec![input(&first)["attempt"].clone()];
        for _ in 0..3 {
            assert_eq!(machine.fails("PagerDuty.NotFound").command.name(), "wait", "{place}");
            numbers.push(input(&machine.plan())["attempt"].clone());
        }
        assert_eq!(numbers, [1, 2, 3, 4], "{place}");
        assert_eq!(machine.waited(), 2 + 4 + 8, "{place}");
        let plan = machine.answer(Answer::Success(json!({"incident_id": "Q9"})));
        assert_eq!(plan.command.type_name(), "succeed", "{place}");
    }
}

#[test]
fn an_incident_that_pagerduty_never_knows_fails_the_step_within_a_minute() {
    for (place, step) in ON_THE_NEW_INCIDENT {
        let mut machine = Machine::new(&format!("{CREATE}{step}"));
        machine.plan();
        machine.answer(created());
        while machine.fails("PagerDuty.NotFound").command.name() == "wait" {
            machine.plan();
        }
        assert!((25..60).contains(&machine.waited()), "{place}: {}", machine.waited());
    }
}

#[rstest]
#[case::of_another_incident("P1", 0)]
#[case::after_a_minute("{{ steps.ticket.outputs.incident_id }}", 60)]
fn an_incident_that_pagerduty_must_know_fails_the_step_at_once(#[case] id: &str, #[case] seconds: u32) {
    let wait = if seconds > 0 {
        format!("  - wait: {seconds}s\n")
    } else {
        String::new()
    };
    let step =
        format!("  - {{ uses: pagerduty.get_incident, with: {{ integration: prod, incident_id: \"{id}\" }} }}\n");
    let mut machine = Machine::new(&format!("{CREATE}{wait}{step}"));
    machine.plan();
    machine.answer(created());
    if seconds > 0 {
        machine.plan();
    }
    assert_eq!(machine.fails("PagerDuty.NotFound").command.type_name(), "fail");
}

#[test]
fn a_lane_knows_what_was_given_before_it_was_opened() {
    let lanes = "  - parallel:\n      - steps:\n          - { uses: pagerduty.get_incident, with: { integration: prod, incident_id: \"{{ steps.ticket.outputs.incident_id }}\" } }\n";
    let mut world = World::of(&format!("{CREATE}{lanes}")).answering(|name, call| match (name, call) {
        ("pagerduty.get_incident", ..3) => failure("PagerDuty.NotFound"),
        _ => created(),
    });
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls.len(), 4, "{:?}", world.calls);
}

#[test]
fn an_expression_that_fails_in_what_only_decorates_is_left_out_and_the_alert_is_sent() {
    let mut machine = Machine::new(
        "  - uses: pagerduty.trigger_alert
    with:
      integration: prod
      routing_key: checkout
      summary: Disk full
      source: db-1
      severity: critical
      client: \"{{ event.data.tool.name }}\"
      links: [{ href: \"https://example.com\" }, { href: \"{{ event.data.graph.url }}\", text: Graph }]
      custom_details: { host: \"{{ event.data.host.name }}\", fixed: yes }
",
    );
    let plan = machine.plan();
    let sent = input(&plan);
    assert!(sent.get("client").is_none(), "{sent}");
    assert_eq!(sent["links"], json!([{"href": "https://example.com"}]));
    assert_eq!(sent["custom_details"], json!({"fixed": "yes"}));
    let said = adjusted(&plan).join("\n");
    for left_out in [
        "`client` was left out: `event.data",
        "`custom_details.host` was left out",
        "`links[1].href` was left out",
    ] {
        assert!(said.contains(left_out), "{said}");
    }
}

#[test]
fn an_expression_that_fails_in_the_message_or_a_key_fails_the_step() {
    for (summary, key) in [
        ("{{ event.data.nope.nope }}", "k"),
        ("Disk full", "{{ event.data.nope.nope }}"),
    ] {
        let mut machine = Machine::new(&format!(
            "  - uses: pagerduty.trigger_alert
    with: {{ integration: prod, routing_key: c, source: db-1, severity: info, summary: \"{summary}\", dedup_key: \"{key}\" }}
"
        ));
        assert_eq!(ended(&machine.plan()).0, "Template.Error");
    }
}

#[test]
fn the_part_of_a_connector_that_its_function_does_not_have_travels_with_each_call_and_is_not_kept() {
    let part = json!({"connector": "desk", "title": "Help Desk"});
    let own = crate::action::ActionSpec {
        name: "desk.open_ticket".into(),
        connector: Some(part.clone()),
        ..crate::action::ActionSpec::clone(crate::action::tests::action("slack.post_message"))
    };
    let catalog = catalog().clone().with_actions([std::sync::Arc::new(own)]);
    let source = "name: w\nsteps:\n  - { uses: desk.open_ticket, with: { integration: ops, channel: C1, text: t } }\n";
    let definition = Definition::from_source(source, &catalog).unwrap_or_else(|problems| panic!("{problems}"));
    let world = World::new(definition);
    let execution = world.begin();
    let mut machine = Machine { world, execution };
    let plan = machine.plan();
    assert_eq!(input(&plan)["connector"], part);
    let changes = plan.changes.as_ref().unwrap();
    assert!(!format!("{changes:?}").contains("Help Desk"), "{changes:?}");
    machine.fails("HelpDesk.Unavailable");
    assert_eq!(input(&machine.plan())["connector"], part);
}
