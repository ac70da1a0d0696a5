//! What the tests have: an account with two incidents, and an input for each action.

use crate::handle;
use action_tests::{ROUTING_KEY_NAME, failure, now};
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use pagerduty::actions::Action;
use pagerduty_simulator::{EffectKind, IncidentId, Seed, ServiceId, Status, Trigger};
use serde_json::{Value, json};
use std::ops::Deref;

/// What stands for the id of the incident that an action is for.
pub(super) const INCIDENT: &str = "INCIDENT";
/// What stands for the id of the other incident.
pub(super) const OTHER: &str = "OTHER";

pub(super) const MANAGER: &str = "manager@example.com";

/// What the tests of actions share, with two incidents.
pub(super) struct World {
    world: action_tests::World,
    incident: String,
    other: String,
}

impl Deref for World {
    type Target = action_tests::World;

    fn deref(&self) -> &Self::Target {
        &self.world
    }
}

impl World {
    pub(super) async fn new() -> Self {
        let world = action_tests::World::new(Seed::default()).await;
        let open = |title: &str| {
            let trigger = Trigger {
                from: Some(MANAGER.to_owned()),
                ..Trigger::new(title, ServiceId::new("PWIXJZS"))
            };
            let view = world.with_pagerduty(|pagerduty| pagerduty.trigger(trigger, now()).unwrap());
            view["incident"]["id"].as_str().unwrap().to_owned()
        };
        Self {
            incident: open("Memory pressure"),
            other: open("Memory pressure again"),
            world,
        }
    }

    /// The account in which an action can be done.
    pub(super) async fn for_action(action: Action) -> Self {
        let world = Self::new().await;
        if action == Action::SnoozeIncident {
            world.set_status(Status::Acknowledged);
        }
        world
    }

    /// Somebody gives the incident a status.
    pub(super) fn set_status(&self, status: Status) {
        let id = IncidentId::new(&self.incident);
        self.with_pagerduty(|pagerduty| pagerduty.set_status(&id, status, MANAGER, now()).unwrap());
    }

    /// A text or value with the ids of the two incidents.
    pub(super) fn filled(&self, value: &Value) -> Value {
        let text = value.to_string();
        let text = text.replace(INCIDENT, &self.incident).replace(OTHER, &self.other);
        serde_json::from_str(&text).unwrap()
    }

    pub(super) fn incident(&self) -> Value {
        self.with_pagerduty(|pagerduty| pagerduty.incident(&self.incident).unwrap()["incident"].clone())
    }

    /// What happened to the incidents since the two were there, and how many change events were sent.
    pub(super) fn effects(&self) -> (Vec<EffectKind>, usize) {
        self.with_pagerduty(|pagerduty| {
            let effects = pagerduty.effects().iter().skip(2).map(|effect| effect.kind.clone());
            (effects.collect(), pagerduty.change_events().len())
        })
    }

    /// What a state machine gets as the output.
    pub(super) async fn done(&self, input: &Value) -> Value {
        let answer = handle(&self.pagerduty, self.filled(input), now()).await.unwrap();
        answer.output().unwrap().clone()
    }

    /// What a state machine gets as the error.
    pub(super) async fn failed(&self, input: &Value) -> Diagnostic {
        self.failed_at(input, now()).await
    }

    pub(super) async fn failed_at(&self, input: &Value, now: Timestamp) -> Diagnostic {
        failure(handle(&self.pagerduty, self.filled(input), now).await)
    }
}

/// An input for an action.
pub(super) fn example(action: Action) -> Value {
    let mut input = own_fields(action);
    input["action"] = json!(action.spec().name);
    input["integration"] = json!("prod");
    if action.spec().input("from").is_some() {
        input["from"] = json!("oncall@example.com");
    }
    if action.spec().input("incident_id").is_some() {
        input["incident_id"] = json!(INCIDENT);
    }
    if action.spec().input("routing_key").is_some() {
        input["routing_key"] = json!(ROUTING_KEY_NAME);
    }
    input
}

/// The input of an action with another value in one field.
pub(super) fn example_with(action: Action, field: &str, value: Value) -> Value {
    let mut input = example(action);
    input[field] = value;
    input
}

fn own_fields(action: Action) -> Value {
    match action {
        Action::UpdateIncident => json!({"title": "Memory leak", "urgency": "low", "priority": "PPRI1P1"}),
        Action::ReassignIncident => json!({"assignees": ["PUS2B8D"]}),
        Action::EscalateIncident => json!({"escalation_level": 2}),
        Action::SnoozeIncident => json!({"duration": "4h"}),
        Action::MergeIncidents => json!({"source_incidents": [OTHER]}),
        Action::AddNote => json!({"note": "Looking into it."}),
        Action::PostStatusUpdate => {
            json!({"message": "We look into it.", "subject": "Memory", "html_message": "<p>We look into it.</p>"})
        }
        Action::AddResponders => {
            json!({"message": "Please help.", "users": ["PUS2B8D"], "escalation_policies": ["PT31ZQB"]})
        }
        Action::SetCustomFields => json!({"fields": {"environment": "production"}}),
        Action::RunIncidentWorkflow => json!({"incident_workflow": "PWF1MAN"}),
        Action::ListIncidents => json!({
            "statuses": ["triggered", "acknowledged"], "services": ["PWIXJZS"], "urgencies": ["high"], "limit": 10,
            "since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z",
        }),
        Action::ListAlerts => json!({"statuses": ["triggered"], "limit": 5}),
        Action::ListLogEntries => json!({"limit": 5, "is_overview": true}),
        Action::ListOncalls => json!({"escalation_policies": ["PT20YPA"], "users": ["PUS1A7C"], "limit": 5}),
        Action::TriggerAlert => {
            json!({"summary": "Heap full", "source": "web-1", "severity": "critical", "dedup_key": "heap web-1"})
        }
        Action::AcknowledgeAlert | Action::ResolveAlert => json!({"dedup_key": "heap web-1"}),
        Action::SendChangeEvent => json!({"summary": "The memory limit was raised."}),
        _ => json!({}),
    }
}
