//! A definition in the words of the language again, as JSON.

use super::{Definition, Step, StepKind};
use crate::run::WebhookKind;
use serde_json::{Map, Value, json};

pub(super) fn definition(definition: &Definition) -> Value {
    let trigger = &definition.trigger.pagerduty;
    let mut pagerduty = Map::new();
    pagerduty.insert("integration".into(), trigger.integration.as_str().into());
    if trigger.webhook == WebhookKind::V2 {
        pagerduty.insert("webhook".into(), "v2".into());
    }
    pagerduty.insert("events".into(), json!(trigger.events));
    insert(&mut pagerduty, "when", trigger.when.as_ref().map(|when| when.source()));

    let mut map = Map::new();
    map.insert("name".into(), definition.name.as_str().into());
    insert(&mut map, "description", definition.description.as_deref());
    map.insert("on".into(), json!({ "pagerduty": pagerduty }));
    insert(
        &mut map,
        "timeout",
        definition.timeout.map(|timeout| timeout.to_string()),
    );
    map.insert("steps".into(), definition.steps.iter().map(step).collect());
    Value::Object(map)
}

fn step(step: &Step) -> Value {
    let mut map = Map::new();
    insert(&mut map, "id", step.id.as_ref().map(|id| id.as_str()));
    insert(
        &mut map,
        "if",
        step.condition.as_ref().map(|condition| condition.source()),
    );
    match &step.kind {
        StepKind::Action { uses, with } => {
            map.insert("uses".into(), uses.spec().name.into());
            map.insert(
                "with".into(),
                with.iter()
                    .map(|(name, template)| (name.clone(), template.to_json()))
                    .collect(),
            );
        }
        StepKind::Wait(length) => insert(&mut map, "wait", Some(length.to_string())),
        StepKind::Set(variables) => {
            let variables = variables
                .iter()
                .map(|(name, template)| (name.to_string(), template.to_json()))
                .collect();
            map.insert("set".into(), variables);
        }
    }
    Value::Object(map)
}

fn insert(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}
