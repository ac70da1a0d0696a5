//! Events that are made up: for who has no delivery of PagerDuty's at hand.

use jiff::{SignedDuration, Timestamp};
use rehearsal::delivery::Delivery;
use serde_json::{Value, json};
use workflow::{action::unknown_field, definition::Definition, ids::WorkflowId, run::WebhookKind, triggers::Trigger};

macro_rules! samples {
    ($($name:literal,)*) => {
        /// A V3 event of each type, as PagerDuty sends it. They are the same from which the types of expressions are tested.
        const SAMPLES: &[(&str, &str)] = &[$(
            ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../events/pagerduty/types/", $name, ".json"))),
        )*];
    };
}

samples! {
    "incident.acknowledged",
    "incident.action_invocation.created",
    "incident.action_invocation.terminated",
    "incident.action_invocation.updated",
    "incident.annotated",
    "incident.conference_bridge.updated",
    "incident.custom_field_values.updated",
    "incident.delegated",
    "incident.escalated",
    "incident.incident_type.changed",
    "incident.priority_updated",
    "incident.reassigned",
    "incident.reopened",
    "incident.resolved",
    "incident.responder.added",
    "incident.responder.replied",
    "incident.role.assigned",
    "incident.service_updated",
    "incident.status_update_published",
    "incident.task.completed",
    "incident.task.created",
    "incident.task.updated",
    "incident.title_updated",
    "incident.triggered",
    "incident.unacknowledged",
    "incident.urgency_updated",
    "incident.workflow.completed",
    "incident.workflow.started",
    "service.created",
    "service.custom_field_values.updated",
    "service.deleted",
    "service.updated",
}

/// The fields of an incident that refer to something and can be null.
const MAY_REFER: [&str; 3] = ["escalation_policy", "priority", "service"];

/// A change of a sample: the way to a field, and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    path: String,
    value: Value,
}

/// The reason there is no such sample.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSample {
    #[error("samples are V3 webhooks, and the workflow takes Generic V2 ones; give a delivery with --event")]
    V2,
    #[error(
        "no event starts the workflow {0}: it has a schedule; leave --sample out, and give a time at which it is due with --at"
    )]
    Schedule(WorkflowId),
    #[error("there is no sample of that type: {0}")]
    UnknownType(String),
    #[error("--set {path}: {problem}")]
    Change { path: String, problem: String },
    #[error("the sample cannot be read: {0}")]
    Unreadable(String),
}

impl Change {
    /// A change of the field at a path.
    pub(super) fn new(path: &str, value: Value) -> Self {
        Self {
            path: path.to_owned(),
            value,
        }
    }
}

/// Reads `PATH=VALUE`. What is JSON is taken as that, and everything else as text.
pub(super) fn change(text: &str) -> Result<Change, String> {
    let (path, value) = text
        .split_once('=')
        .ok_or("write it as PATH=VALUE, such as incident.urgency=low")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok(Change::new(path, value))
}

/// A delivery of an event of a type that happens at a time, with these changes.
pub(super) fn delivery(
    event_type: &str,
    changes: &[Change],
    workflow: &Definition,
    at: Timestamp,
) -> Result<Delivery, NoSample> {
    let trigger = workflow.trigger.as_ref().and_then(Trigger::pagerduty);
    if let Some(Trigger::Schedule(_)) = &workflow.trigger {
        return Err(NoSample::Schedule(workflow.name.clone()));
    }
    if trigger.is_some_and(|trigger| trigger.webhook == WebhookKind::V2) {
        return Err(NoSample::V2);
    }
    event(event_type, changes, at)
}

/// A delivery of an event of a type that happens at a time, with these changes, whichever workflow takes it.
pub(super) fn event(event_type: &str, changes: &[Change], at: Timestamp) -> Result<Delivery, NoSample> {
    let sample = SAMPLES.iter().find(|(name, _)| *name == event_type);
    let (_, sample) = sample
        .ok_or_else(|| NoSample::UnknownType(unknown_field(event_type, SAMPLES.iter().map(|(name, _)| *name))))?;
    let unreadable = |error: &dyn std::fmt::Display| NoSample::Unreadable(error.to_string());
    let mut body: Value = serde_json::from_str(sample).map_err(|error| unreadable(&error))?;
    let occurred_at = body.pointer("/event/occurred_at").and_then(Value::as_str);
    let occurred_at = occurred_at
        .and_then(|time| time.parse::<Timestamp>().ok())
        .unwrap_or(at);
    move_times(&mut body, at.duration_since(occurred_at));
    for change in changes {
        apply(&mut body, change).map_err(|problem| NoSample::Change {
            path: change.path.clone(),
            problem,
        })?;
    }
    Delivery::read(body.to_string().as_bytes()).map_err(|error| unreadable(&error))
}

/// Moves all times by so much, so that the event happens when it is wanted and its incident is as old as before.
fn move_times(value: &mut Value, by: SignedDuration) {
    match value {
        Value::String(text) => {
            let moved = text
                .parse::<Timestamp>()
                .ok()
                .and_then(|time| time.checked_add(by).ok());
            if let Some(moved) = moved {
                *text = moved.to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| move_times(item, by)),
        Value::Object(fields) => fields.values_mut().for_each(|field| move_times(field, by)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Changes a field. The way to it begins at the data of the event, or with `incident` at its incident, wherever that stands.
fn apply(body: &mut Value, change: &Change) -> Result<(), String> {
    let path = change.path.strip_prefix("event.").unwrap_or(&change.path);
    let mut at = body.pointer_mut("/event/data").ok_or("the sample has no data")?;
    let mut path: Vec<&str> = path.split('.').collect();
    let is_incident = at.get("type").is_some_and(|kind| kind == "incident");
    if path.first() == Some(&"incident") && is_incident && path.len() > 1 {
        path.remove(0);
    }
    for name in path {
        let fields = at
            .as_object_mut()
            .ok_or_else(|| format!("there is nothing below, so no `{name}`"))?;
        if !fields.contains_key(name) {
            return Err(unknown_field(name, fields.keys().map(String::as_str)));
        }
        at = fields.entry(name).or_insert(Value::Null);
        if at.is_null() && MAY_REFER.contains(&name) && change.value.is_string() {
            *at = json!({ "id": "PSAMPLE", "type": format!("{name}_reference"), "summary": null, "self": null, "html_url": null });
        }
    }
    // What the event only refers to goes by its id or by its name.
    match (at.as_object_mut(), &change.value) {
        (Some(reference), Value::String(text)) if reference.contains_key("summary") => {
            let field = if is_id(text) { "id" } else { "summary" };
            reference.insert(field.to_owned(), text.as_str().into());
        }
        _ => *at = change.value.clone(),
    }
    Ok(())
}

/// True if a text looks like an id of PagerDuty's: P or Q, and six to thirteen letters and digits.
fn is_id(text: &str) -> bool {
    let rest = text.strip_prefix(['P', 'Q']);
    rest.is_some_and(|rest| {
        (6..=13).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;
    use rstest::rstest;
    use std::collections::BTreeSet;

    fn workflow(webhook: &str) -> Definition {
        let source = format!(
            "name: w\non: {{ pagerduty: {{ integration: prod, webhook: {webhook}, events: [incident.triggered] }} }}\nsteps: [{{ wait: 1s }}]\n"
        );
        Definition::from_source(&source, catalog()).unwrap()
    }

    fn made(event_type: &str, changes: &[&str]) -> Result<Value, String> {
        let changes: Vec<Change> = changes.iter().map(|text| change(text).unwrap()).collect();
        let at = "2026-12-01T23:00:00Z".parse().unwrap();
        let delivery = delivery(event_type, &changes, &workflow("v3"), at).map_err(|error| error.to_string())?;
        Ok(serde_json::from_slice(delivery.body()).unwrap())
    }

    #[test]
    fn there_is_a_sample_of_each_type_that_stands_in_the_folder_of_samples() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/pagerduty/types");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let files: BTreeSet<String> = files
            .filter_map(|name| Some(name.to_str()?.strip_suffix(".json")?.to_owned()))
            .collect();
        assert_eq!(files, SAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect());
        for (name, sample) in SAMPLES {
            let sample: Value = serde_json::from_str(sample).unwrap();
            assert_eq!(sample["event"]["event_type"], *name);
        }
    }

    #[test]
    fn a_sample_happens_at_the_time_that_is_wanted_and_its_incident_before() {
        let body = made("incident.priority_updated", &[]).unwrap();
        assert_eq!(body["event"]["occurred_at"], "2026-12-01T23:00:00Z");
        assert_eq!(body["event"]["data"]["created_at"], "2026-12-01T22:51:59.752Z");
    }

    #[rstest]
    #[case::text("incident.urgency=low", "/event/data/urgency", "low")]
    #[case::as_expressions_name_it("event.incident.title=a = b", "/event/data/title", "a = b")]
    #[case::a_reference_by_its_name("incident.priority=P2", "/event/data/priority/summary", "P2")]
    #[case::a_reference_by_its_id("incident.service=PWIXJZS", "/event/data/service/id", "PWIXJZS")]
    #[case::a_field_of_a_reference("incident.service.summary=Web", "/event/data/service/summary", "Web")]
    #[case::json(
        "incident.conference_bridge={\"conference_url\":\"https://x\"}",
        "/event/data/conference_bridge/conference_url",
        "https://x"
    )]
    fn a_field_of_a_sample_can_be_set(#[case] set: &str, #[case] pointer: &str, #[case] expected: &str) {
        let body = made("incident.triggered", &[set]).unwrap();
        assert_eq!(body.pointer(pointer).unwrap(), expected, "{body:#}");
    }

    #[test]
    fn what_is_null_can_be_set_so_and_what_is_beside_the_incident_too() {
        assert_eq!(
            made("incident.triggered", &["incident.priority=null"]).unwrap()["event"]["data"]["priority"],
            Value::Null
        );
        let body = made(
            "incident.annotated",
            &["content=roll back", "incident.summary=Disk full"],
        )
        .unwrap();
        assert_eq!(body["event"]["data"]["content"], "roll back");
        assert_eq!(body["event"]["data"]["incident"]["summary"], "Disk full");
    }

    #[rstest]
    #[case::type_that_is_none("incident.trigered", &[], "did you mean `incident.triggered`?")]
    #[case::field_that_is_none("incident.triggered", &["incident.urgncy=low"], "did you mean `urgency`?")]
    #[case::field_of_a_text("incident.triggered", &["incident.title.x=1"], "there is nothing below")]
    fn what_a_sample_does_not_have_is_refused_with_what_could_be_meant(
        #[case] event_type: &str,
        #[case] set: &[&str],
        #[case] said: &str,
    ) {
        let refused = made(event_type, set).unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }

    #[test]
    fn a_workflow_that_takes_v2_webhooks_has_no_samples() {
        let refused = delivery("incident.triggered", &[], &workflow("v2"), Timestamp::UNIX_EPOCH)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("Generic V2"), "{refused}");
        assert!(change("urgency").is_err());
    }
}
