//! A definition in the words of the language again, as JSON. What is as it is by default is left out.

pub(crate) use super::decode::words::of as word;
use super::{Concurrency, ConcurrencyPolicy, Definition, Input, Retry, Step, decode::words};
use crate::triggers::Trigger;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A map to which fields are added if there is something to say.
#[derive(Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(crate) fn add_if(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// A list of steps.
    pub(crate) fn add_steps(&mut self, name: &str, steps: &[Step]) {
        self.add(name, list(steps));
    }

    /// A list of steps that may be empty, and then is left out.
    pub(crate) fn add_steps_if_any(&mut self, name: &str, steps: &[Step]) {
        self.add_if(name, (!steps.is_empty()).then(|| list(steps)));
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Object(fields.0)
    }
}

pub(super) fn definition(definition: &Definition) -> Value {
    let mut fields = Fields::default();
    fields.add("name", definition.name.as_str());
    fields.add_if("description", definition.description.as_deref());
    fields.add_if("on", definition.trigger.as_ref().map(Trigger::encode));
    let inputs = (!definition.inputs.is_empty()).then(|| entries(&definition.inputs, input));
    fields.add_if("inputs", inputs);
    fields.add_if("timeout", definition.timeout.map(|timeout| timeout.to_string()));
    fields.add_if("concurrency", definition.concurrency.as_ref().map(concurrency));
    fields.add_steps("steps", &definition.steps);
    fields.add_steps_if_any("on_failure", &definition.on_failure);
    fields.into()
}

pub(crate) fn input(input: &Input) -> Value {
    let mut fields = Fields::default();
    fields.add("type", words::of(input.kind, words::INPUT_KINDS));
    fields.add_if("description", input.description.as_deref());
    fields.add_if("default", input.default.clone());
    fields.into()
}

fn concurrency(concurrency: &Concurrency) -> Value {
    let mut fields = Fields::default();
    fields.add("key", concurrency.key.to_json());
    let policy = concurrency.policy;
    let said = (policy != ConcurrencyPolicy::default()).then(|| words::of(policy, words::POLICIES));
    fields.add_if("policy", said);
    fields.into()
}

pub(crate) fn list(steps: &[Step]) -> Value {
    steps.iter().map(step).collect()
}

fn step(step: &Step) -> Value {
    let mut fields = Fields::default();
    fields.add_if("id", step.id.as_ref().map(|id| id.as_str()));
    fields.add_if("if", step.condition.as_ref().map(|condition| condition.source()));
    fields.add_if("retry", step.retry.as_ref().map(retry));
    fields.add_if("timeout", step.timeout.map(|timeout| timeout.to_string()));
    fields.add_if("continue_on_error", step.continue_on_error.then_some(true));
    step.kind.encode(&mut fields);
    fields.into()
}

fn retry(retry: &Retry) -> Value {
    let usual = Retry::default();
    let mut fields = Fields::default();
    let attempts = retry.max_attempts;
    fields.add_if("max_attempts", (attempts != usual.max_attempts).then_some(attempts));
    let interval = retry.interval;
    fields.add_if("interval", (interval != usual.interval).then(|| interval.to_string()));
    fields.add_if("backoff", (retry.backoff != usual.backoff).then_some(retry.backoff));
    let longest = retry.max_interval;
    let usual_longest = usual.max_interval.max(interval);
    fields.add_if("max_interval", (longest != usual_longest).then(|| longest.to_string()));
    fields.add_if("jitter", (retry.jitter != usual.jitter).then_some(retry.jitter));
    let errors = retry.errors.as_ref();
    let names = errors.map(|errors| errors.iter().map(ToString::to_string).collect::<Value>());
    fields.add_if("errors", names);
    fields.into()
}

pub(crate) fn entries<N: ToString, T>(map: &BTreeMap<N, T>, value: impl Fn(&T) -> Value) -> Value {
    let entries = map.iter().map(|(name, entry)| (name.to_string(), value(entry)));
    Value::Object(entries.collect())
}
