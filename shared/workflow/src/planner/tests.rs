//! The planner, driven as the state machine drives it.

use super::*;
use crate::ids::{RunId, WorkflowVersion};
use rstest::rstest;

const START: &str = "2026-11-22T10:00:00Z";

fn definition(steps: &str) -> Definition {
    let source = format!(
        "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\ntimeout: 1h\nsteps:\n{steps}"
    );
    Definition::from_source(&source).unwrap()
}

/// Plays the state machine, the journal and the clock.
struct Machine {
    definition: Definition,
    run: RunIdentity,
    event: Value,
    now: Timestamp,
    cursor: Option<Cursor>,
    answer: Option<Answer>,
    journal: BTreeMap<StepPath, StepResult>,
    /// The results that the last Plan asked for.
    read: BTreeSet<StepPath>,
    end: Option<RunEnd>,
}

impl Machine {
    fn new(steps: &str) -> Self {
        let workflow = "w".parse().unwrap();
        Self {
            definition: definition(steps),
            run: RunIdentity {
                id: RunId::for_event(&workflow, "e"),
                workflow,
                version: WorkflowVersion(1),
                depth: 0,
            },
            event: json!({"id": "e", "incident": {"id": "P1", "title": "disk {{ full }}", "urgency": "high"}}),
            now: START.parse().unwrap(),
            cursor: None,
            answer: None,
            journal: BTreeMap::new(),
            read: BTreeSet::new(),
            end: None,
        }
    }

    fn decide(&mut self) -> Plan {
        self.read = results_needed(&self.definition, self.cursor.as_ref());
        let results = self.journal.iter().filter(|(path, _)| self.read.contains(path));
        plan(&Situation {
            definition: &self.definition,
            run: &self.run,
            started_at: START.parse().unwrap(),
            event: &self.event,
            cursor: self.cursor.as_ref(),
            answer: self.answer.as_ref(),
            results: &results.map(|(path, result)| (path.clone(), result.clone())).collect(),
            now: self.now,
        })
    }

    fn plan(&mut self) -> Plan {
        let plan = self.decide();
        assert_eq!(plan, self.decide(), "a repeated Plan gives the same");
        for (path, record) in &plan.steps {
            if let StepChange::Finished { result, .. } = &record.change {
                self.journal.insert(path.clone(), result.clone());
            }
        }
        // What travels through the state machine is text.
        let state = serde_json::to_string(&plan.cursor).unwrap();
        self.cursor = Some(serde_json::from_str(&state).unwrap());
        if let Command::Wait { until } = &plan.command {
            self.now = *until;
        }
        self.answer = None;
        self.end = plan.end.clone();
        plan
    }

    fn answer(&mut self, answer: Answer) -> Plan {
        self.answer = Some(answer);
        self.plan()
    }

    fn fails(&mut self, name: &str) -> Plan {
        self.answer(Answer::Failure(Failure::from_text(name, "words")))
    }
}

const CREATE: &str = r#"
  - id: ticket
    uses: pagerduty.create_incident
    with: { integration: prod, title: "{{ event.incident.title }}", service: PWIXJZS, escalation_policy: PT20YPA, from: a@b.c }
"#;

const RESOLVE: &str = r#"
  - id: close
    uses: pagerduty.resolve_incident
    with: { integration: prod, incident_id: "{{ steps.ticket.outputs.incident_id }}", from: a@b.c }
"#;

fn created() -> Answer {
    Answer::Success(
        json!({"incident_id": "Q9", "title": "t", "incident_number": 3, "status": "triggered", "created_at": START}),
    )
}

fn input(plan: &Plan) -> &Value {
    match &plan.command {
        Command::Action { input, .. } => input,
        other => panic!("not an action: {other:?}"),
    }
}

#[test]
fn a_run_creates_waits_and_resolves_with_what_the_first_step_gave() {
    let mut machine = Machine::new(&format!("{CREATE}  - wait: 10m\n{RESOLVE}"));
    let plan = machine.plan();
    assert_eq!(plan.command.type_name(), "pagerduty.create_incident");
    assert_eq!(
        input(&plan)["title"],
        "disk {{ full }}",
        "an event's text is not a template"
    );
    assert_eq!(input(&plan)["attempt"], 1);
    assert_eq!(
        EffectKey::depth_of(input(&plan)["idempotency_key"].as_str().unwrap()),
        Some(0)
    );

    let plan = machine.answer(created());
    assert_eq!(
        plan.command,
        Command::Wait {
            until: "2026-11-22T10:10:00Z".parse().unwrap()
        }
    );

    let plan = machine.plan();
    assert_eq!(input(&plan)["incident_id"], "Q9");
    let plan = machine.answer(Answer::Success(json!({"incident_id": "Q9"})));
    assert_eq!(plan.command.type_name(), "succeed");
    assert_eq!(plan.end, Some(RunEnd::Succeeded));
    assert_eq!(plan.cursor.plans, 4);
}

#[test]
fn conditions_and_variables_need_no_plan_of_their_own() {
    let mut machine = Machine::new(&format!(
        r#"
  - set: {{ a: "{{{{ event.incident.urgency }}}}", n: 3 }}
  - set: {{ b: "{{{{ vars.n + 1 }}}}" }}
  - if: vars.a == "low"
    wait: 1h
  - if: vars.b == 4
    id: pause
    wait: 5s
{CREATE}"#
    ));
    let plan = machine.plan();
    assert_eq!(plan.command.type_name(), "wait");
    let outcomes: Vec<_> = plan
        .steps
        .values()
        .map(|record| match &record.change {
            StepChange::Finished { result, .. } => Some(result.outcome),
            _ => None,
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            Some(Outcome::Success),
            Some(Outcome::Success),
            Some(Outcome::Skipped),
            None
        ]
    );
    assert_eq!(machine.plan().command.type_name(), "pagerduty.create_incident");
}

#[test]
fn a_skipped_step_has_an_outcome_and_no_outputs() {
    let mut machine = Machine::new(&format!(
        r#"
  - id: ticket
    if: false
    uses: pagerduty.create_incident
    with: {{ integration: prod, title: t, service: PWIXJZS, escalation_policy: PT20YPA, from: a@b.c }}
  - if: steps.ticket.outcome == "success"
    wait: 1h
{RESOLVE}"#
    ));
    let plan = machine.plan();
    assert_eq!(
        plan.end,
        Some(RunEnd::Failed(Failure::new(
            ErrorName::TemplateError,
            "step `close` (pagerduty.resolve_incident) failed: `steps.ticket.outputs.incident_id` is not defined: the step `ticket` was skipped or has no outputs"
        )))
    );
}

#[test]
fn f6_after_an_unknown_outcome_the_same_effect_is_asked_for_again_under_the_same_key_once_it_can_be_seen() {
    let mut machine = Machine::new(CREATE);
    let first = machine.plan();
    let before = machine.now;
    let wait = machine.fails("Sandbox.Timedout");
    let Command::Wait { until } = wait.command else {
        panic!("{:?}", wait.command)
    };
    assert!(until.duration_since(before).as_secs() >= 10);
    let second = machine.plan();
    assert_eq!(input(&second)["idempotency_key"], input(&first)["idempotency_key"]);
    assert_eq!(input(&second)["title"], input(&first)["title"]);
    assert_eq!(input(&second)["attempt"], 2);
}

#[test]
fn f1_a_pagerduty_that_comes_back_is_waited_for() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    for _ in 0..4 {
        assert_eq!(machine.fails("PagerDuty.Unavailable").command.type_name(), "wait");
        machine.plan();
    }
    assert!(machine.now.duration_since(START.parse().unwrap()).as_secs() >= 150);
    assert_eq!(machine.answer(created()).end, Some(RunEnd::Succeeded));
}

#[test]
fn f2_a_pagerduty_that_stays_away_ends_the_run_with_words_that_help() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    while machine.end.is_none() {
        if machine.fails("PagerDuty.Unavailable").command.type_name() == "wait" {
            machine.plan();
        }
    }
    let Some(RunEnd::Failed(failure)) = &machine.end else {
        panic!()
    };
    assert_eq!(failure.name, "PagerDuty.Unavailable");
    assert_eq!(
        failure.message,
        "step `ticket` (pagerduty.create_incident) failed after 8 attempts: words; no attempts are left: start the run again when PagerDuty is back"
    );
}

#[test]
fn f27_a_refused_token_is_not_tried_again() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    let plan = machine.fails("PagerDuty.Unauthorized");
    assert_eq!(plan.command.type_name(), "fail");
    assert_eq!(plan.steps.len(), 1);
}

#[test]
fn a_run_ends_at_its_deadline_whatever_it_waits_for() {
    let mut machine = Machine::new(&format!("  - wait: 30d\n{CREATE}"));
    assert_eq!(
        machine.plan().command,
        Command::Wait {
            until: "2026-11-22T11:00:00Z".parse().unwrap()
        }
    );
    let plan = machine.plan();
    assert!(matches!(plan.end, Some(RunEnd::Failed(failure)) if failure.name == "Run.DeadlineExceeded"));
}

#[test]
fn f5_a_retry_that_would_come_after_the_deadline_is_not_waited_for() {
    let mut machine = Machine::new(CREATE);
    machine.plan();
    machine.now = "2026-11-22T10:59:55Z".parse().unwrap();
    let plan = machine.fails("PagerDuty.Unavailable");
    assert!(matches!(plan.end, Some(RunEnd::Failed(failure)) if failure.message.contains("deadline leaves no time")));
}

#[rstest]
#[case(10)]
#[case(100)]
#[case(1_000)]
fn a_plan_reads_and_writes_a_bounded_number_of_results_however_long_the_run_is(#[case] steps: usize) {
    let mut source = String::from(CREATE);
    for index in 0..steps {
        source.push_str(&format!(
            "  - id: s{index}\n    set: {{ v: \"{{{{ steps.ticket.outputs.incident_number + {index} }}}}\" }}\n"
        ));
    }
    let mut machine = Machine::new(&source);
    machine.plan();
    let mut plan = machine.answer(created());
    let mut plans = 2;
    while plan.end.is_none() {
        assert_eq!(plan.command, Command::Continue);
        assert!(plan.steps.len() <= 26 && machine.read.len() <= 75);
        plan = machine.plan();
        plans += 1;
    }
    assert_eq!(plans, 1 + steps.div_ceil(25));
    assert_eq!(
        plan.cursor.variables.values().collect::<Vec<_>>(),
        [&json!(3 + steps - 1)]
    );
}

#[rstest]
#[case("P1/../users")]
#[case("")]
fn p1_an_input_that_is_wrong_only_when_rendered_is_refused_before_it_is_sent(#[case] id: &str) {
    let mut machine = Machine::new(
        "  - uses: pagerduty.resolve_incident\n    with: { integration: prod, incident_id: \"{{ event.incident.id }}\", from: a@b.c }\n",
    );
    machine.event["incident"]["id"] = json!(id);
    let plan = machine.plan();
    let Some(RunEnd::Failed(failure)) = plan.end else {
        panic!()
    };
    assert_eq!(failure.name, "Input.Invalid");
    assert_eq!(
        failure.message,
        "step 1 (pagerduty.resolve_incident) failed: `incident_id` must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only"
    );
}

#[test]
fn variables_that_would_not_fit_into_the_state_are_refused() {
    let mut machine = Machine::new("  - set: { a: \"{{ 'x' * 30000 }}\" }\n  - set: { b: \"{{ vars.a }}\" }\n");
    let plan = machine.plan();
    assert!(matches!(plan.end, Some(RunEnd::Failed(failure)) if failure.message.contains("32768 bytes")));
}

#[test]
fn f35_an_input_that_would_not_fit_into_the_state_is_refused() {
    let mut machine = Machine::new(&CREATE.replace("event.incident.title", "'x' * 60000"));
    let plan = machine.plan();
    assert!(
        matches!(plan.end, Some(RunEnd::Failed(failure)) if failure.name == "Input.Invalid" && failure.message.contains("49152 bytes"))
    );
}

#[rstest]
#[case(4, "pagerduty.create_incident")]
#[case(5, "fail")]
#[case(1_000, "fail")]
fn f40_a_run_that_five_others_led_to_does_nothing_and_says_why(#[case] depth: u32, #[case] command: &str) {
    let mut machine = Machine::new(CREATE);
    machine.run.depth = depth;
    let plan = machine.plan();
    assert_eq!(plan.command.type_name(), command);
    if let Some(RunEnd::Failed(failure)) = plan.end {
        assert_eq!(failure.name, "Run.LoopStopped");
        assert!(
            failure.message.contains("the workflow w starts itself"),
            "{}",
            failure.message
        );
        assert!(plan.steps.is_empty());
    }
}

#[test]
fn a_run_that_cannot_begin_ends_with_the_reason() {
    let plan = fail(
        None,
        START.parse().unwrap(),
        Failure::new(ErrorName::EventUnreadable, "why"),
    );
    assert_eq!(
        json!(plan.command),
        json!({"type": "fail", "error": "Event.Unreadable", "cause": "why"})
    );
    assert_eq!(plan.cursor.plans, 1);
}
