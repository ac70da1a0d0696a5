use super::*;
use crate::report::{Lane, Outcome, Run, RunStatus, Step, StepState};
use platform::catalog;
use rstest::rstest;
use serde_json::json;
use std::{fs, path::Path};
use workflow::triggers::Trigger;

const AT: Timestamp = Timestamp::constant(1_800_000_000, 0);

const CREATE: &str = "uses: pagerduty.create_incident\n    with: { integration: prod, title: Disk full, service: PSVC1, escalation_policy: PEP1, from: a@b.c }";

fn definition(source: &str) -> Definition {
    Definition::from_source(source, catalog()).unwrap_or_else(|problems| panic!("{problems}\n{source}"))
}

async fn play(source: &str, others: &[&str], interventions: &[Intervention]) -> Report {
    let others = others.iter().map(|source| definition(source)).collect();
    let rehearsal = Rehearsal::new(definition(source), others, interventions.to_vec()).unwrap();
    let start = Start::ByHand {
        inputs: Map::new(),
        at: AT,
    };
    rehearsal.play(&start).await.unwrap()
}

fn fails(text: &str) -> Intervention {
    Intervention::fails(text, catalog()).unwrap()
}

fn only(report: &Report) -> &Run {
    let [run] = report.runs.as_slice() else {
        panic!("{report:?}")
    };
    run
}

fn state(state: StepState) -> &'static str {
    match state {
        StepState::Success => "success",
        StepState::Failure => "failure",
        StepState::Cancelled => "cancelled",
        StepState::Skipped => "skipped",
        StepState::Running | StepState::Waiting | StepState::Retrying => "open",
    }
}

/// A line for each step: when it ended, what it is and how it ended.
fn lines(run: &Run) -> Vec<String> {
    fn of_steps(steps: &[Step], from: Timestamp, indent: usize, lines: &mut Vec<String>) {
        for step in steps {
            let name = step.id.as_ref().map_or(step.title.clone(), ToString::to_string);
            let seconds = step.ended_at.map_or(-1, |at| at.duration_since(from).as_secs());
            lines.push(format!("{}{seconds} {name} {}", "  ".repeat(indent), state(step.state)));
            of_steps(&step.steps, from, indent + 1, lines);
            for Lane { outcome, steps, .. } in &step.lanes {
                lines.push(format!("{}lane {}", "  ".repeat(indent + 1), outcome.unwrap_or("open")));
                of_steps(steps, from, indent + 2, lines);
            }
            if let Some(run) = &step.run {
                of_steps(&run.steps, from, indent + 1, lines);
            }
        }
    }
    let mut lines = Vec::new();
    of_steps(&run.steps, run.started_at, 0, &mut lines);
    lines
}

fn requests(run: &Run) -> Vec<String> {
    fn of_steps(steps: &[Step], requests: &mut Vec<String>) {
        for step in steps {
            let of_attempts = step.attempts.iter().flat_map(|attempt| &attempt.requests);
            requests.extend(of_attempts.map(|it| {
                let path = it.path.split('?').next().unwrap_or_default();
                let status = it.status.map_or("lost".to_owned(), |status| status.to_string());
                format!("{} {path} {status}", it.method)
            }));
            of_steps(&step.steps, requests);
            step.lanes.iter().for_each(|lane| of_steps(&lane.steps, requests));
        }
    }
    let mut all = Vec::new();
    of_steps(&run.steps, &mut all);
    all
}

fn example(name: &str) -> Definition {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    definition(&fs::read_to_string(path).unwrap())
}

fn event(name: &str) -> Delivery {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(name);
    Delivery::read(&fs::read(path).unwrap()).unwrap()
}

fn delivered(deliveries: &[&Delivery]) -> Start {
    Start::Deliveries {
        deliveries: deliveries.iter().copied().cloned().collect(),
        otherwise: AT,
    }
}

#[tokio::test]
async fn an_event_goes_through_the_whole_workflow_with_the_very_requests() {
    let rehearsal = Rehearsal::new(example("memory-alert.yaml"), vec![], vec![]).unwrap();
    let report = rehearsal
        .play(&delivered(&[&event("pagerduty/webhook-v3-incident-triggered.json")]))
        .await
        .unwrap();
    let run = only(&report);
    assert_eq!(
        lines(run),
        [
            "0 set success",
            "0 ticket success",
            "5 wait 5s success",
            "5 pagerduty.resolve_incident success"
        ]
    );
    assert_eq!(
        requests(run),
        [
            "POST /incidents 201",
            "PUT /incidents/QREHEARSED0001 200",
            "POST /incidents/QREHEARSED0001/notes 200"
        ]
    );
    let workflow = "memory-alert".parse().unwrap();
    assert_eq!(
        run.run,
        RunId::for_event(&workflow, "01EXAMPLETRIGGERED00000001"),
        "the id is that of AWS"
    );
    assert_eq!(
        run.started_at.to_string(),
        "2099-11-20T09:30:01Z",
        "time begins at the event, with the next whole second"
    );
    let title = json!(run.steps[0].variables)["title"].clone();
    let body = &run.steps[1].attempts[0].requests[0].body;
    assert_eq!(body["incident"]["title"], title);
    assert_eq!((report.outcome(), report.requests()), (Outcome::Succeeded, 3));
}

#[tokio::test]
async fn a_rehearsal_is_the_same_each_time() {
    let rehearsal = Rehearsal::new(
        example("memory-alert.yaml"),
        vec![],
        vec![fails("ticket=States.Timeout:2")],
    )
    .unwrap();
    let start = delivered(&[&event("webhook-ingress-v3.json")]);
    let (first, second) = (rehearsal.play(&start).await, rehearsal.play(&start).await);
    assert_eq!(first, second);
}

#[rstest]
#[case::type_of_the_event("webhook-v3-incident-resolved.json", "event_type")]
#[case::ping("webhook-v3-ping.json", "ping")]
#[case::other_generation("webhook-v2-incident-trigger.json", "unreadable")]
#[tokio::test]
async fn an_event_that_starts_no_run_says_why(#[case] file: &str, #[case] reason: &str) {
    let rehearsal = Rehearsal::new(example("memory-alert.yaml"), vec![], vec![]).unwrap();
    let delivery = event(&format!("pagerduty/{file}"));
    let report = rehearsal.play(&delivered(&[&delivery])).await.unwrap();
    assert_eq!(report.runs, []);
    assert_eq!(report.not_started[0].reason, reason);
}

#[tokio::test]
async fn a_condition_and_a_filter_of_the_trigger_are_applied() {
    let trigger = |extra: &str| {
        let on = format!("pagerduty:\n    integration: prod\n    events: [incident.triggered]\n    {extra}");
        format!("name: w\non:\n  {on}\nsteps:\n  - wait: 1s\n")
    };
    let delivery = event("pagerduty/webhook-v3-incident-triggered.json");
    for (extra, reason) in [
        ("when: event.incident.urgency == \"low\"", "condition"),
        // It is evaluated at the time of the event.
        (
            "when: event.occurred_at is none or now != time(event.occurred_at)",
            "condition",
        ),
        ("urgency: low", "urgency"),
    ] {
        let rehearsal = Rehearsal::new(definition(&trigger(extra)), vec![], vec![]).unwrap();
        let report = rehearsal.play(&delivered(&[&delivery])).await.unwrap();
        assert_eq!(report.not_started[0].reason, reason);
        assert_eq!(report.outcome(), Outcome::NotStarted);
    }
}

#[tokio::test]
async fn an_event_that_comes_twice_starts_one_run() {
    let rehearsal = Rehearsal::new(example("memory-alert.yaml"), vec![], vec![]).unwrap();
    let delivery = event("pagerduty/webhook-v3-incident-triggered.json");
    let report = rehearsal.play(&delivered(&[&delivery, &delivery])).await.unwrap();
    assert_eq!(
        (report.runs.len(), report.not_started[0].reason.as_str()),
        (1, "repeated")
    );
}

#[tokio::test]
async fn attempts_are_repeated_in_virtual_time() {
    let retry = "retry: { max_attempts: 4, interval: 30s, backoff: 2, jitter: false }";
    let source = format!("name: w\nsteps:\n  - id: ticket\n    {CREATE}\n    {retry}\n");
    let report = play(&source, &[], &[fails("ticket=PagerDuty.Unavailable:2")]).await;
    let run = only(&report);
    assert_eq!(lines(run), ["90 ticket success"]);
    let attempts = &run.steps[0].attempts;
    let at: Vec<i64> = attempts
        .iter()
        .map(|it| it.started_at.duration_since(AT).as_secs())
        .collect();
    assert_eq!(at, [0, 30, 90]);
    assert_eq!(attempts[0].error.as_ref().unwrap().name, "PagerDuty.Unavailable");
    assert_eq!(attempts[0].retry_at, Some(attempts[1].started_at));
    assert_eq!(attempts[2].error, None);
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_as_long_as_pagerduty_asks() {
    let source = format!("name: w\nsteps:\n  - id: ticket\n    {CREATE}\n");
    let report = play(&source, &[], &[fails("ticket=PagerDuty.RateLimited:1")]).await;
    let attempts = &only(&report).steps[0].attempts;
    let waited = attempts[1].started_at.duration_since(AT).as_secs();
    assert!((30..=36).contains(&waited), "{waited}");
}

#[tokio::test]
async fn an_attempt_whose_answer_was_lost_is_found_by_the_next() {
    let source = format!("name: w\nsteps:\n  - id: ticket\n    {CREATE}\n");
    let report = play(&source, &[], &[fails("ticket=PagerDuty.OutcomeUnknown:1")]).await;
    let run = only(&report);
    assert_eq!(
        requests(run),
        ["POST /incidents lost", "GET /incidents 200"],
        "nobody is paged twice"
    );
    assert_eq!(run.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn a_failed_run_does_its_on_failure_and_the_step_that_may_fail_does_not_end_it() {
    let source = format!(
        "name: w\nsteps:\n  - id: first\n    {CREATE}\n    continue_on_error: true\n  - id: second\n    {CREATE}\n  \
         - wait: 1s\non_failure:\n  - id: say\n    {CREATE}\n"
    );
    let failures = [fails("first=PagerDuty.Forbidden"), fails("second=Integration.NotFound")];
    let report = play(&source, &[], &failures).await;
    let run = only(&report);
    assert_eq!(lines(run), ["0 first failure", "0 second failure", "0 say success"]);
    assert_eq!(run.error.as_ref().unwrap().name, "Integration.NotFound");
    assert_eq!(
        requests(run),
        ["POST /incidents 403", "POST /incidents 201"],
        "without an integration nothing is sent"
    );
    assert_eq!(report.outcome(), Outcome::Failed);
}

#[tokio::test]
async fn a_step_gives_the_outputs_that_it_is_told_to() {
    let source = format!(
        "name: w\nsteps:\n  - id: ticket\n    {CREATE}\n  - if: steps.ticket.outputs.status == \"resolved\"\n    \
         stop: \"{{{{ steps.ticket.outputs.incident_id }}}} is over\"\n  - wait: 1h\n"
    );
    let given = Intervention::gives("ticket={\"status\":\"resolved\"}").unwrap();
    let report = play(&source, &[], &[given]).await;
    assert_eq!(lines(only(&report)), ["0 ticket success", "0 stop success"]);
    assert_eq!(
        only(&report).steps[0].outputs.as_ref().unwrap()["incident_id"],
        "QREHEARSED0001"
    );
}

#[tokio::test]
async fn blocks_and_choices_show_what_was_come_to() {
    let source = "name: w\nsteps:\n  - if: 1 == 2\n    steps: [{ wait: 1s }]\n    else: [{ wait: 2s }]\n  - choose:\n      - when: 1 == 1\n        \
                  steps: [{ wait: 3s }]\n    default: [{ wait: 4s }]\n  - if: false\n    wait: 5s\n";
    let report = play(source, &[], &[]).await;
    assert_eq!(
        lines(only(&report)),
        [
            "2 steps success",
            "  2 wait 2s success",
            "5 choose success",
            "  5 wait 3s success",
            "5 wait 5s skipped"
        ]
    );
}

#[tokio::test]
async fn lanes_run_at_the_same_time_and_in_batches() {
    let source = "name: w\nsteps:\n  - id: each\n    for_each: \"{{ [10, 20, 30] }}\"\n    max_concurrency: 2\n    steps: [{ wait: 10s }]\n    \
                  output: \"{{ item }}\"\n  - parallel:\n      - name: short\n        steps: [{ wait: 1s }]\n      - steps: [{ wait: 5s }]\n";
    let report = play(source, &[], &[]).await;
    let run = only(&report);
    assert_eq!(
        lines(run),
        [
            "20 each success",
            "  lane success",
            "    10 wait 10s success",
            "  lane success",
            "    10 wait 10s success",
            "  lane success",
            "    20 wait 10s success",
            "25 parallel success",
            "  lane success",
            "    21 wait 1s success",
            "  lane success",
            "    25 wait 5s success",
        ]
    );
    assert_eq!(run.steps[0].lanes[2].item, Some(json!(30)));
    assert_eq!(run.steps[1].lanes[0].name.as_deref(), Some("short"));
    assert_eq!(run.steps[1].lanes[0].item, None);
}

#[tokio::test]
async fn rounds_come_one_after_the_other_in_virtual_time() {
    let source = "name: w\nsteps:\n  - id: check\n    repeat: { every: 5m, until: index == 2, at_most: 10 }\n    steps: [{ wait: 1m }]\n    \
                  output: \"{{ index }}\"\n";
    let report = play(source, &[], &[]).await;
    let run = only(&report);
    assert_eq!(
        lines(run),
        [
            "660 check success",
            "  lane success",
            "    60 wait 1m success",
            "  lane success",
            "    360 wait 1m success",
            "  lane success",
            "    660 wait 1m success",
        ]
    );
    let step = &run.steps[0];
    let expected = json!({"rounds": 3, "failed": 0, "ended_by": "until", "output": 2});
    assert_eq!(step.outputs, Some(expected));
    assert_eq!(
        (step.lanes[2].path.to_string().as_str(), &step.remarks),
        ("check[3]", &vec![])
    );
}

#[tokio::test]
async fn rounds_whose_condition_never_holds_say_that_nothing_changes_in_a_dry_run() {
    let source = "name: w\nsteps:\n  - id: check\n    repeat: { every: 5m, until: index == 2, at_most: 2 }\n    steps: [{ wait: 1m }]\n";
    let report = play(source, &[], &[]).await;
    let remarks = &only(&report).steps[0].remarks;
    assert!(remarks[0].starts_with("`index == 2` held in no round; "), "{remarks:?}");
}

#[tokio::test]
async fn a_lane_that_fails_cancels_the_others_if_it_is_to() {
    let source = format!(
        "name: w\nsteps:\n  - on_lane_failure: cancel\n    parallel:\n      - steps:\n          - id: ticket\n            {}\n      - steps: [{{ wait: 1m }}, {{ wait: 1h }}]\n",
        CREATE.replace("\n", "\n        ")
    );
    let report = play(&source, &[], &[fails("ticket=PagerDuty.NotFound")]).await;
    let outcomes: Vec<_> = only(&report).steps[0].lanes.iter().map(|lane| lane.outcome).collect();
    assert_eq!(outcomes, [Some("failure"), Some("cancelled")]);
}

#[tokio::test]
async fn a_workflow_that_a_step_runs_is_part_of_the_rehearsal() {
    let outer = "name: outer\nsteps:\n  - id: inner\n    run_workflow: inner\n    with: { who: ada }\n";
    let inner = "name: inner\ninputs:\n  who: { type: text }\nsteps:\n  - wait: 10s\n";
    let report = play(outer, &[inner], &[]).await;
    assert_eq!(lines(only(&report)), ["10 inner success", "  10 wait 10s success"]);
    let run = only(&report).steps[0].run.as_ref().unwrap();
    assert_eq!(json!(run.inputs), json!({"who": "ada"}));
}

#[tokio::test]
async fn a_workflow_that_is_not_given_cannot_be_run() {
    let report = play("name: outer\nsteps:\n  - run_workflow: inner\n", &[], &[]).await;
    assert_eq!(only(&report).error.as_ref().unwrap().name, "Workflow.NotFound");
}

#[tokio::test]
async fn a_run_ends_at_its_deadline() {
    let report = play("name: w\ntimeout: 1m\nsteps:\n  - wait: 1h\n", &[], &[]).await;
    let run = only(&report);
    assert_eq!(run.error.as_ref().unwrap().name, "Run.DeadlineExceeded");
    assert_eq!(run.ended_at.unwrap().duration_since(AT).as_secs(), 60);
}

#[tokio::test]
async fn two_runs_of_one_concurrency_key_wait_for_each_other() {
    let source = "name: w\non:\n  pagerduty:\n    integration: prod\n    events: [incident.triggered]\nconcurrency:\n  key: one\n  policy: POLICY\nsteps:\n  - wait: 1m\n";
    let first = event("pagerduty/webhook-v3-incident-triggered.json");
    let text = String::from_utf8(first.body().to_vec()).unwrap();
    let second = text.replace("01EXAMPLETRIGGERED00000001", "01EXAMPLETRIGGERED00000002");
    let second = Delivery::read(second.as_bytes()).unwrap();
    for (policy, seconds, status) in [
        ("wait", 120, RunStatus::Succeeded),
        ("skip", 0, RunStatus::Skipped),
        ("cancel", 60, RunStatus::Succeeded),
    ] {
        let rehearsal = Rehearsal::new(definition(&source.replace("POLICY", policy)), vec![], vec![]).unwrap();
        let report = rehearsal.play(&delivered(&[&first, &second])).await.unwrap();
        let run = &report.runs[1];
        let took = run.ended_at.unwrap().duration_since(run.started_at).as_secs();
        assert_eq!((took, run.status), (seconds, status), "{policy}");
        let of_first = match policy {
            "cancel" => RunStatus::Cancelled,
            _ => RunStatus::Succeeded,
        };
        assert_eq!(report.runs[0].status, of_first, "{policy}");
    }
}

/// The same event for another incident, of which PagerDuty does not say the key.
fn without_key(number: usize) -> Delivery {
    let mut body: Value = serde_json::from_slice(event("pagerduty/webhook-v3-incident-triggered.json").body()).unwrap();
    body["event"]["id"] = json!(format!("01NULLKEY{number}"));
    body["event"]["data"]["id"] = json!(format!("QNULLKEY{number}"));
    body["event"]["data"]["incident_key"] = Value::Null;
    Delivery::read(body.to_string().as_bytes()).unwrap()
}

#[rstest]
#[case("{{ event.incident.incident_key }}")]
#[case("key of {{ event.incident.incident_key }}")]
#[tokio::test]
async fn incidents_without_a_key_have_nothing_to_do_with_each_other(
    #[case] key: &str,
    #[values("wait", "skip", "cancel")] policy: &str,
) {
    let source = format!(
        "name: w\non:\n  pagerduty:\n    integration: prod\n    events: [incident.triggered]\nconcurrency:\n  key: \"{key}\"\n  policy: \
         {policy}\nsteps:\n  - wait: 5s\n"
    );
    let rehearsal = Rehearsal::new(definition(&source), vec![], vec![]).unwrap();
    let report = rehearsal
        .play(&delivered(&[&without_key(1), &without_key(2)]))
        .await
        .unwrap();
    for run in &report.runs {
        let took = run.ended_at.unwrap().duration_since(run.started_at).as_secs();
        assert_eq!((run.status, took), (RunStatus::Succeeded, 5));
    }
    assert_eq!(report.runs.len(), 2);
}

#[rstest]
#[case::as_the_event_says(None, RunStatus::Succeeded)]
#[case::resolved_meanwhile(Some("resolved"), RunStatus::Skipped)]
#[case::acknowledged_meanwhile(Some("acknowledged"), RunStatus::Succeeded)]
#[tokio::test]
async fn a_late_event_can_be_tried_out(#[case] status: Option<&str>, #[case] ends: RunStatus) {
    let source = "name: w\non:\n  pagerduty:\n    integration: prod\n    events: [incident.triggered]\n    only_while: [triggered, \
                  acknowledged]\nsteps:\n  - wait: 5s\n";
    let given = status.map(|status| Intervention::gives(&format!("only_while={{\"status\":\"{status}\"}}")).unwrap());
    let rehearsal = Rehearsal::new(definition(source), vec![], given.into_iter().collect()).unwrap();
    let first = event("pagerduty/webhook-v3-incident-triggered.json");
    let report = rehearsal.play(&delivered(&[&first])).await.unwrap();
    let run = only(&report);
    assert_eq!(run.status, ends, "{run:?}");
    let look = &run.steps[0];
    assert_eq!(
        (look.id.as_ref().unwrap().as_str(), look.title.as_str()),
        ("only_while", "pagerduty.get_incident")
    );
    let reason = run.reason.as_deref().unwrap_or_default();
    assert_eq!(
        reason.contains("was resolved by then"),
        ends == RunStatus::Skipped,
        "{reason}"
    );
    assert_eq!(run.steps.len(), if ends == RunStatus::Skipped { 1 } else { 2 });
}

#[tokio::test]
async fn a_long_lane_is_handed_on_and_comes_to_its_end() {
    // Each wait takes about nine events of the history, and an execution hands its lane on at 5,000.
    let steps = "  - wait: 1s\n".repeat(800);
    let report = play(&format!("name: w\nsteps:\n{steps}"), &[], &[]).await;
    let run = only(&report);
    assert_eq!((run.steps.len(), run.status), (800, RunStatus::Succeeded));
    assert_eq!(run.ended_at.unwrap().duration_since(AT).as_secs(), 800);
}

#[rstest]
#[case::unknown_input(json!({"whoo": "x"}), "did you mean")]
#[case::wrong_type(json!({"who": 1}), "must be text")]
#[tokio::test]
async fn inputs_are_checked_before_anything_starts(#[case] inputs: Value, #[case] words: &str) {
    let source = "name: w\ninputs:\n  who: { type: text }\nsteps:\n  - wait: 1s\n";
    let rehearsal = Rehearsal::new(definition(source), vec![], vec![]).unwrap();
    let inputs = inputs.as_object().unwrap().clone();
    let error = rehearsal.play(&Start::ByHand { inputs, at: AT }).await.unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn an_event_for_a_workflow_without_a_trigger_is_refused() {
    let rehearsal = Rehearsal::new(definition("name: w\nsteps:\n  - wait: 1s\n"), vec![], vec![]).unwrap();
    let delivery = event("pagerduty/webhook-v3-ping.json");
    let error = rehearsal.play(&delivered(&[&delivery])).await.unwrap_err();
    assert_eq!(error, RehearsalError::NoTrigger("w".parse().unwrap()));
}

#[test]
fn a_workflow_is_given_once() {
    let workflow = definition("name: w\nsteps:\n  - wait: 1s\n");
    let error = Rehearsal::new(workflow.clone(), vec![workflow], vec![]).unwrap_err();
    assert_eq!(error, RehearsalError::TwoOfOneName("w".parse().unwrap()));
}

/// An event that the trigger of an example takes.
fn event_for(workflow: &Definition, trigger: &workflow::triggers::PagerDutyTrigger) -> Delivery {
    let delivery = event("pagerduty/webhook-v3-incident-triggered.json");
    let mut body: Value = serde_json::from_slice(delivery.body()).unwrap();
    body["event"]["event_type"] = json!(trigger.events[0]);
    let incident = &mut body["event"]["data"];
    let of_condition = match workflow.name.as_str() {
        "database-outage" => "Database",
        _ => "CloudWatch-Memory-Alert",
    };
    let service = trigger.filters.services.first().map_or(of_condition, String::as_str);
    incident["service"]["summary"] = json!(service);
    if let Some(priority) = trigger.filters.priorities.first() {
        incident["priority"] = json!({"id": "PP1", "type": "priority_reference", "summary": priority});
    }
    Delivery::read(body.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn every_example_ends_well() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut examples: Vec<Definition> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| definition(&fs::read_to_string(path).unwrap()))
        .collect();
    examples.sort_by(|one, other| one.name.cmp(&other.name));
    for workflow in &examples {
        let others = examples.iter().filter(|other| other.name != workflow.name).cloned();
        let rehearsal = Rehearsal::new(workflow.clone(), others.collect(), vec![]).unwrap();
        let start = match &workflow.trigger {
            Some(Trigger::PagerDuty(trigger)) => delivered(&[&event_for(workflow, trigger)]),
            Some(Trigger::Schedule(trigger)) => Start::Scheduled {
                at: trigger.schedule.next_after(AT).unwrap(),
            },
            None => {
                let given = json!({"title": "Disk full", "what": "the database", "ends_at": "2027-01-15T09:00:00Z"});
                let mut inputs = given.as_object().unwrap().clone();
                inputs.retain(|name, _| workflow.inputs.keys().any(|known| known.as_str() == name));
                Start::ByHand { inputs, at: AT }
            }
        };
        let report = rehearsal.play(&start).await.unwrap();
        assert_eq!(report.outcome(), Outcome::Succeeded, "{}: {report:#?}", workflow.name);
    }
}

#[tokio::test]
async fn every_action_is_answered_in_a_form_that_it_takes() {
    for action in pagerduty::actions::Action::ALL {
        let spec = action.spec();
        let with: String = spec.example.lines().map(|line| format!("      {line}\n")).collect();
        let source = format!(
            "name: w\non:\n  pagerduty:\n    integration: prod\n    events: [incident.triggered]\nsteps:\n  - id: tried\n    uses: {}\n    with:\n{with}",
            spec.name
        );
        let rehearsal = Rehearsal::new(definition(&source), vec![], vec![]).unwrap();
        let delivery = event("pagerduty/webhook-v3-incident-triggered.json");
        let report = rehearsal.play(&delivered(&[&delivery])).await.unwrap();
        let tried = only(&report).steps.last().unwrap();
        assert_eq!(tried.state, StepState::Success, "{action}: {tried:#?}");
        assert!(!tried.attempts[0].requests.is_empty(), "{action} asks nothing");
        let text = json!(report).to_string();
        assert!(
            !text.contains("0000000000"),
            "no key is shown, not even one that opens nothing: {text}"
        );
    }
}

/// An alert of what an event brings, of which nothing is known before.
const ALERT: &str = "name: alert
on: { pagerduty: { integration: prod, events: [incident.triggered] } }
steps:
  - id: alert
    uses: pagerduty.trigger_alert
    with:
      integration: prod
      routing_key: checkout
      summary: \"{{ event.incident.title }}\"
      source: alertmanager
      severity: critical
      client: \"{{ event.client.name }}\"
      client_url: \"{{ event.client.url }}\"
      links: [{ href: \"{{ event.data.graph }}\", text: Graph }]
      custom_details: { firing: \"{{ event.data.firing }}\" }
";

/// The one request that an alert made, and what its step says of its input.
async fn alert_of(client_url: &str, graph: &str, firing: &str) -> (Value, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/pagerduty/webhook-v3-incident-triggered.json");
    let mut body: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    body["event"]["client"] = json!({"name": "Kapacitor", "url": client_url});
    body["event"]["data"]["graph"] = json!(graph);
    body["event"]["data"]["firing"] = json!(firing);
    let delivery = Delivery::read(body.to_string().as_bytes()).unwrap();
    let rehearsal = Rehearsal::new(definition(ALERT), vec![], vec![]).unwrap();
    let report = rehearsal.play(&delivered(&[&delivery])).await.unwrap();
    let run = only(&report);
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
    let [step] = run.steps.as_slice() else {
        panic!("{run:?}")
    };
    let [request] = step.attempts[0].requests.as_slice() else {
        panic!("{step:?}")
    };
    (request.body.clone(), step.adjusted.clone())
}

#[tokio::test]
async fn an_alert_keeps_links_that_pagerduty_takes_and_goes_without_the_others() {
    let (sent, said) = alert_of(
        "http://[::]:9092/kapacitor/v1",
        "http://prometheus-0:9090/graph?g0.expr=up",
        "",
    )
    .await;
    assert_eq!(sent["client_url"], "http://[::]:9092/kapacitor/v1");
    assert_eq!(sent["links"][0]["href"], "http://prometheus-0:9090/graph?g0.expr=up");
    assert!(said.is_empty(), "{said:?}");

    let (sent, said) = alert_of("javascript:alert(1)", "grafana.internal/d", "").await;
    assert_eq!(
        (&sent["client_url"], &sent["links"], &sent["client"]),
        (&json!(null), &json!(null), &json!("Kapacitor"))
    );
    let wanted = "must be a URL that begins with `https://` or `http://`";
    assert_eq!(
        said,
        [
            format!("`client_url` was left out: it {wanted}"),
            format!("`links[0]` was left out: its `href` {wanted}")
        ]
    );
}

#[rstest]
#[case::small(30_000, None)]
#[case::large(70_000, Some("… [cut]"))]
#[case::as_large_as_an_event_can_be(300_000, Some("… [cut]"))]
#[tokio::test]
async fn an_alert_takes_as_much_of_its_details_as_there_is_room_for(#[case] bytes: usize, #[case] mark: Option<&str>) {
    let firing = "alert line with labels\n".repeat(bytes / 23);
    let (sent, said) = alert_of("http://a", "http://b", &firing).await;
    let kept = sent["payload"]["custom_details"]["firing"].as_str().unwrap();
    match mark {
        None => assert_eq!((kept, said), (firing.as_str(), vec![])),
        Some(mark) => {
            assert!(kept.len() > 40_000 && kept.ends_with(mark), "{}", kept.len());
            assert_eq!(
                said,
                ["`custom_details` was cut: all inputs together have room for 49152 bytes"]
            );
        }
    }
}

/// A workflow that asks, with these words in the approval besides its message.
fn asks(words: &str) -> String {
    format!(
        "name: w\nsteps:\n  - id: ok\n    approval: {{ message: Restart?, timeout: 30m{words} }}\n  - id: then\n    wait: 1s\n"
    )
}

async fn answered(source: &str, answers: &[&str]) -> Report {
    let answers = answers.iter().map(|text| Answer::read(text).unwrap()).collect();
    let rehearsal = Rehearsal::new(definition(source), vec![], vec![]).unwrap();
    let start = Start::ByHand {
        inputs: Map::new(),
        at: AT,
    };
    rehearsal.with_answers(answers).unwrap().play(&start).await.unwrap()
}

#[rstest]
#[case::at_once("ok=approve", 0, "2027-01-15T08:00:00Z")]
#[case::later("ok=deny@5m", 300, "2027-01-15T08:05:00Z")]
// Longer than a slice of the wait.
#[case::much_later("ok=deny@29m", 1_740, "2027-01-15T08:29:00Z")]
#[tokio::test]
async fn an_answer_ends_the_wait_at_its_time(#[case] answer: &str, #[case] seconds: i64, #[case] at: &str) {
    let report = answered(&asks(""), &[answer]).await;
    let run = only(&report);
    let then = seconds + 1;
    assert_eq!(
        lines(run),
        [format!("{seconds} ok success"), format!("{then} then success")]
    );
    let choice = answer.split(['=', '@']).nth(1).unwrap();
    assert_eq!(
        run.steps[0].outputs,
        Some(json!({"choice": choice, "by": "dry run", "via": "link", "at": at, "form": {}}))
    );
    assert_eq!((&run.steps[0].remarks, &report.unanswered), (&vec![], &vec![]));
}

#[tokio::test]
async fn without_an_answer_the_time_runs_out_and_the_report_says_so() {
    let remark = ["no --answer, so its time was over after 30m"];
    let fails = answered(&asks(""), &[]).await;
    let run = only(&fails);
    assert_eq!(lines(run), ["1800 ok failure"]);
    assert_eq!(run.steps[0].remarks, remark);
    assert_eq!(fails.unanswered[0].step.to_string(), "ok");
    assert_eq!(fails.unanswered[0].choices, ["approve", "deny"]);

    let chooses = answered(&asks(", on_timeout: deny"), &[]).await;
    let run = only(&chooses);
    assert_eq!(lines(run), ["1800 ok success", "1801 then success"]);
    assert_eq!(run.steps[0].outputs.as_ref().unwrap()["via"], "timeout");
    assert_eq!(run.steps[0].remarks, remark);
}

#[tokio::test]
async fn the_form_of_an_answer_is_made_up_where_it_has_no_default() {
    let form = ", form: { why: { type: text }, count: { type: integer, default: 3 }, sure: { type: boolean }, ends: { type: time }, \
                rest: { type: duration } }";
    let report = answered(&asks(form), &["ok=approve@1m"]).await;
    let step = &only(&report).steps[0];
    assert_eq!(
        step.outputs.as_ref().unwrap()["form"],
        json!({"why": "made up", "count": 3, "sure": false, "ends": "2027-01-15T08:01:00Z", "rest": "1m"})
    );
    assert_eq!(step.remarks, ["made up in the form: ends, rest, sure, why"]);
}

#[tokio::test]
async fn an_approval_for_named_people_is_decided_by_one_of_them() {
    let report = answered(&asks(", approvers: [\"arn:aws:iam::*:role/oncall\"]"), &["ok=approve"]).await;
    let outputs = only(&report).steps[0].outputs.clone().unwrap();
    assert_eq!(
        (&outputs["by"], &outputs["via"]),
        (&json!("arn:aws:iam::dry-run:role/oncall"), &json!("command"))
    );
}

#[tokio::test]
async fn an_answer_in_a_for_each_is_for_each_item_that_has_none_of_its_own() {
    let ask = "{ id: ok, approval: { message: \"{{ item }}?\", timeout: 30m, on_timeout: deny } }";
    let source = format!("name: w\nsteps:\n  - id: each\n    for_each: [a, b, c]\n    steps: [{ask}]\n");
    for (answers, wanted) in [
        (&["ok=approve@5m"][..], ["300 approve", "300 approve", "300 approve"]),
        (
            &["ok=approve@5m", "each[2]/1=deny"],
            ["300 approve", "0 deny", "300 approve"],
        ),
        (&["each[3]/ok=approve"], ["1800 deny", "1800 deny", "0 approve"]),
    ] {
        let report = answered(&source, answers).await;
        let lanes = &only(&report).steps[0].lanes;
        let decided = lanes.iter().map(|lane| {
            let step = &lane.steps[0];
            let seconds = step.ended_at.unwrap().duration_since(AT).as_secs();
            format!(
                "{seconds} {}",
                step.outputs.as_ref().unwrap()["choice"].as_str().unwrap()
            )
        });
        assert_eq!(decided.collect::<Vec<_>>(), wanted);
        let unanswered = usize::from(wanted.iter().any(|line| line.starts_with("1800")));
        assert_eq!(report.unanswered.len(), unanswered, "one for all items");
    }
}

#[tokio::test]
async fn a_message_about_an_approval_has_a_text_in_the_place_of_its_link() {
    let note = "{ integration: prod, incident_id: P1, from: a@b.c, note: \"Decide: {{ approval.link }} \" }";
    let source = asks(&format!(", notify: [{{ uses: pagerduty.add_note, with: {note} }}]"));
    let report = answered(&source, &["ok=approve@5m"]).await;
    assert_eq!(report, answered(&source, &["ok=approve@5m"]).await);
    let run = only(&report);
    assert_eq!(
        lines(run),
        ["300 ok success", "  0 pagerduty.add_note success", "301 then success"]
    );
    let request = &run.steps[0].steps[0].attempts[0].requests[0];
    let content = request.body["note"]["content"].as_str().unwrap();
    assert!(content.starts_with("Decide: [link of the approval]"), "{content}");
    assert!(!format!("{report:?}").contains("approvals.invalid"));
}

#[tokio::test]
async fn an_answer_after_the_end_of_the_run_is_remarked_on() {
    let source =
        "name: w\ntimeout: 40m\nsteps:\n  - wait: 20m\n  - id: ok\n    approval: { message: Restart?, timeout: 30m }\n";
    let report = answered(source, &["ok=approve@25m"]).await;
    let step = &only(&report).steps[1];
    assert_eq!(
        step.remarks,
        ["the --answer after 25m is too late: only 20m of the run's time were left"]
    );
    assert_eq!((state(step.state), report.unanswered.len()), ("failure", 0));
}

#[tokio::test]
async fn an_approval_of_another_workflow_is_answered_by_its_step() {
    let calls = "name: calls\nsteps:\n  - run_workflow: w\n";
    let rehearsal = Rehearsal::new(definition(calls), vec![definition(&asks(""))], vec![]).unwrap();
    let rehearsal = rehearsal
        .with_answers(vec![Answer::read("ok=approve@2m").unwrap()])
        .unwrap();
    let start = Start::ByHand {
        inputs: Map::new(),
        at: AT,
    };
    let report = rehearsal.play(&start).await.unwrap();
    assert_eq!(report.outcome(), Outcome::Succeeded);
    let inner = only(&report).steps[0].run.as_ref().unwrap();
    assert_eq!(lines(inner), ["120 ok success", "121 then success"]);
}

const POST: &str = "name: w
steps:
  - id: post
    uses: slack.post_message
    with: { integration: ops, channel: C0123456789, text: \"Down: {{ run.workflow }}\" }
  - set: { where: \"{{ steps.post.outputs.channel }} {{ steps.post.outputs.ts }}\" }
";

#[tokio::test]
async fn an_action_of_another_system_has_its_request_and_a_made_up_answer() {
    let report = play(POST, &[], &[]).await;

    let run = only(&report);
    let request = &run.steps[0].attempts[0].requests[0];
    assert_eq!((&*request.system, &*request.host), ("Slack", "slack.com"));
    assert_eq!((&*request.method, &*request.path), ("POST", "/api/chat.postMessage"));
    assert_eq!(
        (&request.body["channel"], &request.body["text"], request.status),
        (&json!("C0123456789"), &json!("Down: w"), Some(200))
    );
    assert_eq!(
        run.steps[1].variables.values().next().unwrap(),
        "C0123456789 made-up-ts"
    );
    assert_eq!(run.steps[0].remarks, ["made up in the answer: channel, ts"]);
}

#[tokio::test]
async fn the_answer_of_another_system_can_be_given() {
    let given = Intervention::gives(r#"post={"ts":"1.2"}"#).unwrap();
    let report = play(POST, &[], &[given]).await;

    let run = only(&report);
    assert_eq!(run.steps[0].outputs.as_ref().unwrap()["ts"], "1.2");
    assert_eq!(run.steps[0].remarks, ["made up in the answer: channel"]);
}

#[rstest]
#[case::once_and_then_done("post=Slack.RateLimited:1", RunStatus::Succeeded, &["POST /api/chat.postMessage lost", "POST /api/chat.postMessage 200"])]
#[case::never_repeated("post=Slack.OutcomeUnknown:1", RunStatus::Failed, &["POST /api/chat.postMessage lost"])]
#[case::nothing_is_sent("post=Integration.NotFound", RunStatus::Failed, &[])]
#[tokio::test]
async fn an_action_of_another_system_fails_as_it_is_made_to(
    #[case] failure: &str,
    #[case] status: RunStatus,
    #[case] expected: &[&str],
) {
    let report = play(POST, &[], &[fails(failure)]).await;

    let run = only(&report);
    assert_eq!(
        (run.status, requests(run)),
        (status, expected.iter().map(|it| (*it).to_owned()).collect())
    );
}

const RESTART: &str = "name: w
steps:
  - id: restart
    uses: aws.ecs.update_service
    with: { integration: prod-aws, cluster: web, service: checkout, force_new_deployment: true }
  - id: stable
    uses: aws.ecs.wait_until_services_stable
    with: { integration: prod-aws, region: us-east-1, cluster: web, services: [checkout] }
  - id: tell
    uses: email.send
    with: { integration: prod-aws, from: a@b.c, to: [d@e.f], subject: \"{{ steps.restart.outputs.service.service_name | default('none') }}\", text: t }
";

/// The requests of a run to AWS, each in a line.
fn asked_of_aws(run: &Run) -> Vec<String> {
    let attempts = run.steps.iter().flat_map(|step| &step.attempts);
    let requests = attempts.flat_map(|attempt| &attempt.requests);
    requests
        .map(|it| {
            format!(
                "{} {}{} {} {}",
                it.method,
                it.host,
                it.path,
                it.from.as_deref().unwrap_or_default(),
                it.body
            )
        })
        .collect()
}

#[tokio::test]
async fn a_request_to_aws_is_shown_and_answered_and_a_wait_is_over_at_once() {
    let report = play(RESTART, &[], &[]).await;
    let run = only(&report);

    assert_eq!(lines(run), ["0 restart success", "0 stable success", "0 tell success"]);
    assert_eq!(
        asked_of_aws(run),
        [
            "POST ecs.REGION.amazonaws.com/UpdateService the role of prod-aws \
             {\"cluster\":\"web\",\"force_new_deployment\":true,\"service\":\"checkout\"}",
            "POST ecs.us-east-1.amazonaws.com/DescribeServices the role of prod-aws {\"cluster\":\"web\",\"services\":[\"checkout\"]}",
            "POST email.REGION.amazonaws.com/SendEmail the role of prod-aws \
             {\"from\":\"a@b.c\",\"subject\":\"made-up-service-name\",\"text\":\"t\",\"to\":[\"d@e.f\"]}",
        ]
    );
}

#[rstest]
#[case::a_state_that_is_not_reached("stable=AWS.JobFailed", ["0 restart success", "0 stable failure"])]
#[case::a_right_that_is_missing("restart=AWS.Forbidden", ["0 restart failure", ""])]
#[tokio::test]
async fn an_action_on_aws_can_be_made_to_fail(#[case] intervention: &str, #[case] expected: [&str; 2]) {
    let report = play(RESTART, &[], &[fails(intervention)]).await;

    let lines = lines(only(&report));
    let expected: Vec<&str> = expected.into_iter().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines[..expected.len()], expected);
    assert_eq!(only(&report).status, RunStatus::Failed);
}

#[tokio::test]
async fn a_member_that_is_not_of_its_type_fails_as_it_would_in_a_run() {
    let source = "name: w
steps:
  - id: scan
    uses: aws.dynamodb.put_item
    with: { integration: prod-aws, table_name: t, item: { id: { S: x, N: y } } }
";
    let report = play(source, &[], &[]).await;

    let step = &only(&report).steps[0];
    let error = step.error.as_ref().unwrap();
    assert_eq!(error.name, "Input.Invalid");
}

const BUILD: &str = "name: build\nsteps:\n  - id: build\n    uses: jenkins.build_and_wait\n    with: { integration: ci, job: restart }\n";

#[tokio::test]
async fn a_job_is_waited_for_in_virtual_time() {
    let report = play(BUILD, &[], &[]).await;
    // A look at the queue after 5 s, and one at the build 15 s later.
    assert_eq!(lines(only(&report)), ["20 build success"]);
    assert_eq!(requests(only(&report)), ["POST /job/restart/build 200"]);
}

#[tokio::test]
async fn a_job_that_ends_badly_fails_its_step_when_it_has_been_looked_at() {
    let report = play(BUILD, &[], &[fails("build=Jenkins.JobFailed")]).await;
    assert_eq!(lines(only(&report)), ["20 build failure"]);
    assert_eq!(requests(only(&report)), ["POST /job/restart/build 200"]);
}
