//! Plans, made one after the other as the state machine makes them.

use super::*;
use crate::fakes::{Call, Lane, Log, RunEnd, RunItem, Store, at_once, cursor};
use jiff::{SignedDuration, ToSpan};
use platform::catalog;
use platform::{
    intake::{Admission, Admitted, admit},
    table::{
        Bodies, TriggerRecord, WorkflowRecord, WorkflowSchedule, WorkflowState,
        journal::{Journal, OutsideEnd},
    },
};
use rstest::rstest;
use serde_json::json;
use workflow::{
    ids::{LanePath, Section, StepPath, WorkflowVersion},
    planner::{Changes, LaneEnd, Lock, Outcome, StepChange, Wake},
    run::WebhookKind,
    triggers::Filters,
};

mod buffered;
mod calls;
mod lanes;
mod loops;
mod observed;
mod open_runs;
mod outside;
mod room;
mod runs;
mod scheduled;
mod schedules;
mod tree;
mod waits;
mod watching;

const START: &str = "2026-11-20T09:30:01Z";
const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:workflow:first";

const CREATE: &str = r#"
  - id: ticket
    uses: pagerduty.create_incident
    with:
      integration: prod
      title: "{{ event.incident.title }}"
      service: PWIXJZS
      escalation_policy: PT20YPA
      from: a@b.c
"#;

const RESOLVE: &str = r#"
  - id: close
    uses: pagerduty.resolve_incident
    with: { integration: prod, incident_id: "{{ steps.ticket.outputs.incident_id }}", from: a@b.c }
"#;

fn start() -> Timestamp {
    START.parse().unwrap()
}

/// The output of the action that creates an incident.
fn created() -> Value {
    json!({"output": {
        "created_at": START, "incident_id": "Q9", "title": "t", "incident_number": 3, "status": "triggered",
    }})
}

/// Plays the state machine and the clock.
struct Machine {
    runner: Runner<Store, Store, Store, Store>,
    store: Store,
    execution: &'static str,
    state: Value,
    now: Timestamp,
}

impl Machine {
    /// The execution of a workflow's run, started by a V3 event.
    fn new(steps: &str) -> Self {
        Self::with_data(steps, json!({}))
    }

    /// The same with further fields in the event's data.
    fn with_data(steps: &str, data: Value) -> Self {
        let source = format!(
            "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n{steps}"
        );
        let definition = Definition::from_source(&source, catalog()).unwrap();
        let Admitted { input, large_body, .. } = admitted(data);
        let store = Store::default();
        store.apply(definition);
        if let Some(body) = large_body {
            at_once(store.table().put_body(&input.run.id, body.to_vec(), start()));
        }
        Self {
            runner: runner(&store),
            store,
            execution: EXECUTION,
            state: json!(input),
            now: start(),
        }
    }

    fn payload(&self) -> Value {
        json!({"execution": {"arn": self.execution, "started_at": START}, "entered_at": self.now, "state": self.state})
    }

    async fn try_plan(&self) -> Result<Value, TaskError> {
        self.runner.plan(self.payload(), self.now).await
    }

    /// Makes a Plan and gives its command. If that is to wait, the time passes.
    async fn plan(&mut self) -> Value {
        let handover = self.try_plan().await.unwrap();
        self.state["next"] = handover.clone();
        let command = handover["command"].clone();
        if let Some(until) = wake_of(&handover) {
            self.now = until;
        }
        command
    }

    /// The same after an action has ended, with what its state left in `result`.
    async fn plan_after(&mut self, result: Value) -> Value {
        self.state["next"]["result"] = result;
        self.plan().await
    }

    fn run(&self) -> RunItem {
        self.store.with(|state| state.runs.values().next().cloned()).unwrap()
    }

    fn lane(&self) -> Lane {
        self.store.with(|state| state.lanes.values().next().cloned()).unwrap()
    }

    #[track_caller]
    fn assert_failed_with(&self, name: &str, command: &Value) {
        assert_eq!(
            (&command["type"], &command["error"]),
            (&json!("fail"), &json!(name)),
            "{command}"
        );
        let Some(RunEnd::OfMainLane(LaneEnd::Failure { failure })) = self.run().end else {
            panic!("the run has not failed: {:?}", self.run())
        };
        assert_eq!(
            (failure.name.as_str(), json!(failure.message)),
            (name, command["cause"].clone())
        );
    }
}

/// The time until which a handover has its lane wait, however many slices that is.
fn wake_of(handover: &Value) -> Option<Timestamp> {
    let pending = &handover["cursor"]["pending"];
    let until = match handover["command"]["type"].as_str()? {
        "wait" => &handover["command"]["until"],
        kind if kind.starts_with("await_") => match &pending["until"] {
            Value::Null => &pending["resting_until"],
            until => until,
        },
        _ => return None,
    };
    Some(Wake::not_before(until.as_str()?.parse().unwrap()).time())
}

fn runner(store: &Store) -> Runner<Store, Store, Store, Store> {
    Log::record();
    Runner {
        versions: Versions::new(store.clone()),
        bodies: BodyCache::new(store.clone()),
        journal: store.clone(),
        executions: store.clone(),
        metrics: Metrics::new("pagerflow", Log),
    }
}

fn succeeded() -> RunEnd {
    RunEnd::OfMainLane(LaneEnd::Success { output: Value::Null })
}

/// What the ingress starts a run with.
fn admitted(data: Value) -> Admitted {
    let trigger = TriggerRecord {
        integration: "prod".parse().unwrap(),
        webhook: WebhookKind::V3,
        events: vec!["incident.triggered".into()],
        filters: Filters::default(),
        when: None,
    };
    let workflow = WorkflowRecord {
        workflow: "w".parse().unwrap(),
        state: WorkflowState::Enabled,
        active_version: WorkflowVersion(3),
        trigger: Some(trigger.clone()),
        awaits: platform::table::AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: start(),
    };
    let mut event = json!({
        "id": "01A", "event_type": "incident.triggered", "resource_type": "incident", "occurred_at": START,
        "data": {"id": "Q1", "type": "incident", "title": "disk {{ full }}", "status": "triggered"},
    });
    if let (Some(known), Value::Object(more)) = (event["data"].as_object_mut(), data) {
        known.extend(more);
    }
    let delivery = json!({ "event": event }).to_string();
    match admit(&workflow, &trigger, delivery.as_bytes(), start())
        .unwrap()
        .remove(0)
    {
        Admission::Start(admitted) => *admitted,
        Admission::Ignore(reason) => panic!("ignored: {reason}"),
    }
}

// A run.

#[tokio::test]
async fn a_run_creates_waits_and_resolves() {
    let mut machine = Machine::new(&format!("{CREATE}  - wait: 10m\n{RESOLVE}"));

    let command = machine.plan().await;
    assert_eq!(command["action"], "pagerduty.create_incident");
    assert_eq!(
        command["input"]["title"], "disk {{ full }}",
        "an event's text is not a template"
    );

    let command = machine.plan_after(created()).await;
    assert_eq!(command["type"], "await_3m");
    assert_eq!(machine.now, "2026-11-20T09:40:01Z".parse().unwrap());

    let command = machine.plan().await;
    assert_eq!(command["action"], "pagerduty.resolve_incident");
    assert_eq!(command["input"]["incident_id"], "Q9");

    let command = machine
        .plan_after(json!({"output": {"incident_id": "Q9", "status": "resolved"}}))
        .await;
    assert_eq!(
        command,
        json!({"type": "succeed", "output": {"run": machine.state["run"]["id"], "outcome": "success"}})
    );
    assert_eq!(machine.run().end, Some(succeeded()));
    assert_eq!(machine.lane().plans, 4);
}

#[tokio::test]
async fn the_first_plan_writes_the_run_with_the_event_that_started_it() {
    let mut machine = Machine::new(CREATE);

    machine.plan().await;

    let event = EventSummary {
        id: "01A".into(),
        event_type: "incident.triggered".into(),
        incident_id: Some("Q1".into()),
        incident_title: Some("disk {{ full }}".into()),
    };
    let run = RunItem {
        event: Some(event),
        execution: EXECUTION.to_owned(),
        started_at: START.parse().unwrap(),
        called_by: None,
        end: None,
    };
    assert_eq!(machine.run(), run);
}

#[tokio::test]
async fn a_step_is_in_the_journal_before_its_command_is_handed_out_and_again_when_it_has_ended() {
    let mut machine = Machine::new(CREATE);

    let command = machine.plan().await;
    let lane = machine.lane();
    let [(path, record)] = lane.steps.as_slice() else {
        panic!("{lane:?}")
    };
    let StepChange::AttemptStarted {
        number: 1, effect_key, ..
    } = &record.change
    else {
        panic!("{record:?}")
    };
    assert_eq!(
        (path, json!(effect_key)),
        (
            &StepPath::top(Section::Steps, 0),
            command["input"]["idempotency_key"].clone()
        )
    );

    machine.plan_after(created()).await;
    let lane = machine.lane();
    let StepChange::Finished { result, .. } = &lane.steps[1].1.change else {
        panic!("{lane:?}")
    };
    assert_eq!(
        (result.outcome, &result.outputs),
        (Outcome::Success, &created()["output"])
    );
}

// Repeats.

#[tokio::test]
async fn f12_a_repeated_plan_gives_what_the_first_gave_to_the_byte_and_writes_nothing() {
    let mut machine = Machine::new("  - wait: 10m\n");
    let first = machine.try_plan().await.unwrap();
    let written = machine.lane();
    assert_eq!(wake_of(&first), Some("2026-11-20T09:40:01Z".parse().unwrap()));

    machine.now += 1.hours();
    let again = machine.try_plan().await.unwrap();

    assert_eq!(again.to_string(), first.to_string());
    assert_eq!(machine.lane(), written);
}

#[tokio::test]
async fn f13_the_first_of_two_different_answers_to_one_command_counts() {
    let mut machine = Machine::new(CREATE);
    machine.plan().await;
    machine.state["next"]["result"] = created();
    let first = machine.try_plan().await.unwrap();
    let written = machine.lane();

    machine.state["next"]["result"] = json!({"Error": "Lambda.Unknown", "Cause": "too late"});
    let again = machine.try_plan().await.unwrap();

    assert_eq!(again.to_string(), first.to_string());
    assert_eq!(machine.lane(), written);
    assert_eq!(machine.run().end, Some(succeeded()));
}

#[rstest]
#[case::at_the_first_plan(0)]
#[case::at_a_later_plan(1)]
#[tokio::test]
async fn f13_another_execution_of_the_run_is_told_to_stop(#[case] plans_before: usize) {
    let mut machine = Machine::new(CREATE);
    for _ in 0..plans_before {
        machine.plan().await;
    }
    machine.try_plan().await.unwrap();
    let written = machine.lane();

    machine.execution = "arn:aws:states:eu-west-1:123456789012:execution:workflow:second";
    let error = machine.try_plan().await.unwrap_err();

    assert_eq!(error.failure().name, "Run.Superseded");
    assert_eq!(machine.lane(), written);
}

#[tokio::test]
async fn f13_a_plan_that_comes_after_a_later_one_is_told_to_stop() {
    let mut machine = Machine::new(CREATE);
    let before = machine.state.clone();
    machine.plan().await;
    machine.plan_after(created()).await;
    let written = machine.lane();

    machine.state = before;

    assert_eq!(machine.try_plan().await.unwrap_err().failure().name, "Run.Superseded");
    assert_eq!(machine.lane(), written);
}

#[tokio::test]
async fn i7_an_ended_run_does_not_change() {
    let mut machine = Machine::new("  - set: { a: 1 }\n");
    assert_eq!(machine.plan().await["type"], "succeed");
    let (run, lane) = (machine.run(), machine.lane());

    // The first execution's last Plan is repeated, and a second execution begins the run anew.
    machine.state.as_object_mut().unwrap().remove("next");
    assert_eq!(machine.plan().await["type"], "succeed");
    machine.state.as_object_mut().unwrap().remove("next");
    machine.execution = "arn:aws:states:eu-west-1:123456789012:execution:workflow:second";
    machine.try_plan().await.unwrap_err();

    assert_eq!((machine.run(), machine.lane()), (run, lane));
}

// Failures of an action, as Step Functions tells of them.

#[tokio::test]
async fn what_cannot_get_better_ends_the_run_with_the_words_of_the_action() {
    let mut machine = Machine::new(CREATE);
    machine.plan().await;

    let cause = json!({"errorType": "PagerDuty.NotFound", "errorMessage": "Service not found. Check the service's id"});
    let command = machine
        .plan_after(json!({"Error": "PagerDuty.NotFound", "Cause": cause.to_string()}))
        .await;

    machine.assert_failed_with("PagerDuty.NotFound", &command);
    let said = "step `ticket` (pagerduty.create_incident) failed: Service not found. Check the service's id";
    assert_eq!(command["cause"], said);
}

#[tokio::test]
async fn f3_a_rate_limit_is_waited_out_in_the_state_machine_as_long_as_pagerduty_asks() {
    let mut machine = Machine::new(CREATE);
    machine.plan().await;

    let cause = json!({"errorType": "PagerDuty.RateLimited", "errorMessage": "too many requests [retry after 20 s]"});
    let command = machine
        .plan_after(json!({"Error": "PagerDuty.RateLimited", "Cause": cause.to_string()}))
        .await;

    assert_eq!(command["type"], "await_5s");
    let waited = machine.now.duration_since(start());
    assert!((20..=25).contains(&waited.as_secs()), "{waited}");
}

#[rstest]
#[case::time_out("States.Timeout", "")]
#[case::killed(
    "Runtime.ExitError",
    r#"{"errorType":"Runtime.ExitError","errorMessage":"signal: killed"}"#
)]
#[case::service_error(
    "Lambda.Unknown",
    "The cause could not be determined because Lambda did not return an error type."
)]
#[tokio::test]
async fn f10_after_an_unknown_outcome_the_same_effect_is_asked_for_again_once_it_can_be_seen(
    #[case] error: &str,
    #[case] cause: &str,
) {
    let mut machine = Machine::new(CREATE);
    let first = machine.plan().await;

    let command = machine.plan_after(json!({"Error": error, "Cause": cause})).await;
    assert_eq!(command["type"], "await_30s");
    assert!(machine.now.duration_since(start()) >= SignedDuration::from_secs(10));

    let second = machine.plan().await;
    assert_eq!(second["action"], "pagerduty.create_incident");
    assert_eq!(second["input"]["idempotency_key"], first["input"]["idempotency_key"]);
    assert_eq!(
        (&first["input"]["attempt"], &second["input"]["attempt"]),
        (&json!(1), &json!(2))
    );
}

// Runs that cannot go on.

#[tokio::test]
async fn a_trigger_whose_condition_could_not_be_evaluated_ends_the_run() {
    let mut machine = Machine::new(CREATE);
    machine.state["cause"]["event"]["filter_error"] = json!("`event.incident.service` is null");

    let command = machine.plan().await;

    machine.assert_failed_with("Template.Error", &command);
    assert!(
        command["cause"]
            .as_str()
            .unwrap()
            .ends_with("`event.incident.service` is null"),
        "{command}"
    );
    assert_eq!(
        machine.run().event.unwrap().incident_id.as_deref(),
        Some("Q1"),
        "people see what the event was about"
    );
}

#[rstest]
#[case::not_base64("***")]
#[case::not_compressed("QUJD")]
#[tokio::test]
async fn an_event_that_cannot_be_read_any_more_ends_the_run(#[case] data: &str) {
    let mut machine = Machine::new(CREATE);
    machine.state["cause"]["event"]["body"]["data"] = json!(data);

    let command = machine.plan().await;

    machine.assert_failed_with("Event.Unreadable", &command);
    assert_eq!(machine.run().event.unwrap().id, "01A");
}

#[tokio::test]
async fn a_version_that_is_not_there_ends_the_run() {
    let mut machine = Machine::new(CREATE);
    machine.store.with(|state| state.versions.clear());

    let command = machine.plan().await;

    machine.assert_failed_with("Workflow.NotFound", &command);
    let said = "there is no v3 of the workflow w; apply it again and replay the event";
    assert_eq!(command["cause"], said);
}

#[tokio::test]
async fn a_version_that_this_release_cannot_read_ends_the_run() {
    let mut machine = Machine::new(CREATE);
    machine.store.with(|state| {
        state
            .versions
            .values_mut()
            .for_each(|version| *version = Err("`uses` is new".into()));
    });

    let command = machine.plan().await;

    machine.assert_failed_with("Workflow.Invalid", &command);
    assert!(
        command["cause"].as_str().unwrap().contains("`uses` is new"),
        "{command}"
    );
}

#[tokio::test]
async fn f31_a_version_that_is_gone_in_mid_run_ends_the_run_in_its_journal() {
    let mut machine = Machine::new(CREATE);
    machine.plan().await;
    machine.store.with(|state| state.versions.clear());
    machine.runner = runner(&machine.store);

    let command = machine.plan_after(created()).await;

    machine.assert_failed_with("Workflow.NotFound", &command);
    assert_eq!(machine.lane().plans, 2);
}

// Large bodies.

/// Fields that make a body too large for the input of an execution: text that does not compress.
fn large() -> Value {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + u8::try_from((state >> 58) % 43).unwrap())
    };
    json!({ "noise": std::iter::repeat_with(next).filter(|c| *c != '\\').take(256 * 1024).collect::<String>() })
}

#[tokio::test]
async fn f35_a_body_that_does_not_fit_into_the_input_is_read_from_the_table() {
    let mut machine = Machine::with_data(CREATE, large());
    assert_eq!(machine.state["cause"]["event"]["body"], json!({"in": "table"}));

    assert_eq!(machine.plan().await["input"]["title"], "disk {{ full }}");
}

#[tokio::test]
async fn a_body_that_is_not_in_the_table_any_more_ends_the_run() {
    let mut machine = Machine::with_data(CREATE, large());
    machine.store.lose("BODY#");

    let command = machine.plan().await;

    machine.assert_failed_with("Event.Unreadable", &command);
    assert!(
        command["cause"].as_str().unwrap().contains("not in the table any more"),
        "{command}"
    );
}

/// A payload with another value for a field of one of its objects.
fn with(payload: &mut Value, object: &str, field: &str, value: Value) -> Value {
    payload.pointer_mut(object).unwrap()[field] = value;
    payload.take()
}

// What is not the run's fault.

#[rstest]
#[case::version(Call::Version)]
#[case::body(Call::Body)]
#[case::known(Call::Known)]
#[case::write(Call::Write)]
#[tokio::test]
async fn f24_with_the_table_out_of_reach_the_plan_fails_and_can_be_made_again(#[case] down: Call) {
    let mut machine = Machine::with_data(&format!("{CREATE}{RESOLVE}"), large());
    machine.plan().await;
    machine.state["next"]["result"] = created();
    let written = machine.lane();
    machine.runner = runner(&machine.store);
    machine.store.with(|state| state.down = Some(down));

    let error = machine.try_plan().await.unwrap_err();
    assert_eq!(error.failure().name, "Store.Unavailable");
    assert_eq!(machine.lane(), written);

    machine.store.with(|state| state.down = None);
    assert_eq!(machine.plan().await["action"], "pagerduty.resolve_incident");
}

#[rstest]
#[case::null(|_: &mut Value| Value::Null)]
#[case::nothing(|_: &mut Value| json!({}))]
#[case::without_the_execution(|payload: &mut Value| json!({"state": payload["state"]}))]
#[case::without_the_run(|payload: &mut Value| json!({"execution": payload["execution"], "entered_at": START, "state": {}}))]
#[case::without_the_time(|payload: &mut Value| json!({"execution": payload["execution"], "state": payload["state"]}))]
#[case::with_a_run_id_that_is_none(|payload: &mut Value| with(payload, "/state/run", "id", json!("../x")))]
#[case::with_a_cursor_that_is_none(|payload: &mut Value| with(payload, "/state", "next", json!({"cursor": {}})))]
#[case::started_at_no_time(|payload: &mut Value| with(payload, "/execution", "started_at", json!("now")))]
#[tokio::test]
async fn a_payload_that_no_plan_can_be_made_of_is_refused_without_a_call(#[case] spoil: fn(&mut Value) -> Value) {
    let machine = Machine::new(CREATE);
    let payload = spoil(&mut machine.payload());

    let error = machine.runner.plan(payload, start()).await.unwrap_err();

    assert_eq!(error.failure().name, "Input.Invalid");
    assert!(error.to_string().contains("start runs by a webhook or with"), "{error}");
    assert_eq!(machine.store.take_calls(), []);
}
