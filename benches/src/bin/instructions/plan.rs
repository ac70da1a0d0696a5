//! Plans, from the JSON of the state machine to the command.

use jiff::{SignedDuration, Timestamp};
use platform::catalog;
use platform::{
    intake::{Admission, admit},
    metrics::Metrics,
    table::{BodyCache, TriggerRecord, Versions, WorkflowRecord, WorkflowSchedule, WorkflowState},
};
use serde_json::{Value, json};
use workflow::{definition::Definition, ids::WorkflowVersion, run::WebhookKind, triggers::Filters};
use workflow_runner::Runner;

use crate::{
    Error,
    nothing::{Calls, Nothing},
};

const DELIVERY: &str = include_str!("../../../../events/pagerduty/webhook-v3-incident-triggered.json");

/// A second after the event of the delivery happened.
const NOW: Timestamp = Timestamp::constant(4_098_850_201, 0);

/// The time for which the run waits before its last step.
const WAIT: SignedDuration = SignedDuration::from_secs(1);

/// The step whose Plan is looked at: its command carries an input that is rendered from the event.
const LAST: &str = r#"
  - wait: 1s
  - id: ticket
    uses: pagerduty.create_incident
    with:
      integration: prod
      title: "Memory pressure: {{ event.incident.title }}"
      service: PSVC8R2
      escalation_policy: PT20YPA
      from: oncall@example.com
"#;

/// A runner that knows its workflow, and the state of a run that has its last step before it.
pub(crate) struct Ready {
    runner: Runner<Nothing, Nothing, Nothing, Nothing>,
    payload: Value,
    calls: Calls,
}

impl Ready {
    /// Plays a run of so many steps up to its last one. Gives also the calls of its first Plan.
    pub(crate) async fn at_the_end_of(steps: usize) -> Result<(Self, u32), Error> {
        let before: String = (0..steps.saturating_sub(2))
            .map(|_| "  - set: { seen: true }\n")
            .collect();
        let source = format!(
            "name: bench\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n{before}{LAST}"
        );
        let definition = Definition::from_source(&source, catalog()).map_err(Error::at("read the workflow"))?;
        let (aws, mut state) = started(definition)?;
        let calls = aws.calls.clone();
        let runner = Runner {
            versions: Versions::new(aws.clone()),
            bodies: BodyCache::new(aws.clone()),
            journal: aws.clone(),
            executions: aws,
            metrics: Metrics::discarded(),
        };
        let mut ready = Self {
            runner,
            payload: payload(&state, NOW),
            calls,
        };
        let mut now = NOW;
        let mut cold = None;
        loop {
            let handover = ready.plan().await?;
            let calls = ready.calls();
            let cold = *cold.get_or_insert(calls);
            match handover.pointer("/command/type").and_then(Value::as_str) {
                Some("continue" | "wait" | "await_1s") => {
                    set_next(&mut state, handover);
                    // The wait is over then.
                    now += WAIT;
                    ready.payload = payload(&state, now);
                }
                Some("CreateIncident") => return Ok((ready, cold)),
                other => return Err(Error(format!("no Plan of these steps gives {other:?}: {handover}"))),
            }
        }
    }

    /// The calls of AWS since this was last asked.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.take()
    }

    /// Makes the Plan.
    pub(crate) async fn plan(&self) -> Result<Value, Error> {
        let handover = self.runner.plan(self.payload.clone(), NOW).await;
        handover.map_err(Error::at("plan"))
    }
}

/// A run that the ingress has just started.
fn started(definition: Definition) -> Result<(Nothing, Value), Error> {
    let trigger = TriggerRecord {
        integration: "prod".parse().map_err(Error::at("name the integration"))?,
        webhook: WebhookKind::V3,
        events: vec!["incident.triggered".into()],
        filters: Filters::default(),
        when: None,
    };
    let workflow = WorkflowRecord {
        workflow: definition.name.clone(),
        state: WorkflowState::Enabled,
        active_version: WorkflowVersion(1),
        trigger: Some(trigger.clone()),
        awaits: platform::table::AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: NOW,
    };
    let admitted = admit(&workflow, &trigger, DELIVERY.as_bytes(), NOW).map_err(Error::at("admit the delivery"))?;
    let Some(Admission::Start(admitted)) = admitted.into_iter().next() else {
        return Err(Error("the delivery starts no run".to_owned()));
    };
    let aws = Nothing {
        workflow,
        routes: Vec::new(),
        definition: Some(definition),
        key: None,
        signing_secrets: String::new().into(),
        is_repeated: false,
        calls: Calls::default(),
    };
    Ok((aws, json!(admitted.input)))
}

fn payload(state: &Value, now: Timestamp) -> Value {
    json!({
        "execution": {"arn": "arn:aws:states:eu-west-1:123456789012:execution:bench:run", "started_at": NOW},
        "entered_at": now,
        "state": state,
    })
}

fn set_next(state: &mut Value, handover: Value) {
    if let Some(fields) = state.as_object_mut() {
        fields.insert("next".to_owned(), handover);
    }
}
