//! A definition in the words of the language again, as JSON. What is as it is by default is left out.

use super::{
    Concurrency, ConcurrencyPolicy, Definition, Input, OnLaneFailure, ParallelLane, Retry, Step, StepKind, Trigger,
    Wait, decode::words,
};
use crate::{run::WebhookKind, template::Template};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A map to which fields are added if there is something to say.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn add_if(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// A list of steps that may be empty, and then is left out.
    fn add_steps(&mut self, name: &str, steps: &[Step]) {
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
    fields.add_if("on", definition.trigger.as_ref().map(trigger));
    let inputs = (!definition.inputs.is_empty()).then(|| entries(&definition.inputs, input));
    fields.add_if("inputs", inputs);
    fields.add_if("timeout", definition.timeout.map(|timeout| timeout.to_string()));
    fields.add_if("concurrency", definition.concurrency.as_ref().map(concurrency));
    fields.add("steps", list(&definition.steps));
    fields.add_steps("on_failure", &definition.on_failure);
    fields.into()
}

fn trigger(trigger: &Trigger) -> Value {
    let trigger = &trigger.pagerduty;
    let mut fields = Fields::default();
    fields.add("integration", trigger.integration.as_str());
    fields.add_if("webhook", (trigger.webhook == WebhookKind::V2).then_some("v2"));
    fields.add("events", trigger.events.clone());
    let filters = &trigger.filters;
    for (name, entries) in [
        ("services", &filters.services),
        ("teams", &filters.teams),
        ("priorities", &filters.priorities),
    ] {
        fields.add_if(name, (!entries.is_empty()).then(|| entries.clone()));
    }
    let urgency = filters.urgency.map(|urgency| words::of(urgency, words::URGENCIES));
    fields.add_if("urgency", urgency);
    fields.add_if("when", trigger.when.as_ref().map(|when| when.source()));
    let only_while = trigger.only_while.as_ref().map(|only_while| {
        let words = only_while.statuses().iter().map(|status| status.as_str());
        words.collect::<Value>()
    });
    fields.add_if("only_while", only_while);
    json!({ "pagerduty": Value::from(fields) })
}

fn input(input: &Input) -> Value {
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

fn list(steps: &[Step]) -> Value {
    steps.iter().map(step).collect()
}

fn step(step: &Step) -> Value {
    let mut fields = Fields::default();
    fields.add_if("id", step.id.as_ref().map(|id| id.as_str()));
    fields.add_if("if", step.condition.as_ref().map(|condition| condition.source()));
    fields.add_if("retry", step.retry.as_ref().map(retry));
    fields.add_if("timeout", step.timeout.map(|timeout| timeout.to_string()));
    fields.add_if("continue_on_error", step.continue_on_error.then_some(true));
    kind(&step.kind, &mut fields);
    fields.into()
}

fn kind(kind: &StepKind, fields: &mut Fields) {
    match kind {
        StepKind::Action { uses, with } => {
            fields.add("uses", &*uses.name);
            fields.add("with", entries(with, Template::to_json));
        }
        StepKind::Wait(Wait::For(length)) => fields.add("wait", length.to_string()),
        StepKind::Wait(Wait::Until(time)) => fields.add("wait", json!({ "until": time.to_json() })),
        StepKind::Set(variables) => fields.add("set", entries(variables, Template::to_json)),
        StepKind::Block { steps, otherwise } => {
            fields.add("steps", list(steps));
            fields.add_steps("else", otherwise);
        }
        StepKind::Choose { branches, default } => {
            let branches = branches
                .iter()
                .map(|branch| json!({ "when": branch.when.source(), "steps": list(&branch.steps) }));
            fields.add("choose", branches.collect::<Value>());
            fields.add_steps("default", default);
        }
        StepKind::Parallel { lanes, on_lane_failure } => {
            fields.add("parallel", lanes.iter().map(lane).collect::<Value>());
            add_on_lane_failure(*on_lane_failure, fields);
        }
        StepKind::ForEach {
            items,
            max_concurrency,
            steps,
            output,
            on_lane_failure,
        } => {
            fields.add("for_each", items.to_json());
            fields.add_if("max_concurrency", *max_concurrency);
            fields.add("steps", list(steps));
            fields.add_if("output", output.as_ref().map(Template::to_json));
            add_on_lane_failure(*on_lane_failure, fields);
        }
        StepKind::Stop { reason } => fields.add("stop", reason.to_json()),
        StepKind::Fail { message } => fields.add("fail", message.to_json()),
        StepKind::RunWorkflow { workflow, with } => {
            fields.add("run_workflow", workflow.as_str());
            fields.add_if("with", (!with.is_empty()).then(|| entries(with, Template::to_json)));
        }
    }
}

fn lane(lane: &ParallelLane) -> Value {
    let mut fields = Fields::default();
    fields.add_if("name", lane.name.as_deref());
    fields.add("steps", list(&lane.steps));
    fields.add_if("output", lane.output.as_ref().map(Template::to_json));
    fields.into()
}

fn add_on_lane_failure(policy: OnLaneFailure, fields: &mut Fields) {
    let said = (policy != OnLaneFailure::default()).then(|| words::of(policy, words::ON_LANE_FAILURE));
    fields.add_if("on_lane_failure", said);
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
    let names = errors.map(|errors| errors.iter().map(|name| name.as_str()).collect::<Value>());
    fields.add_if("errors", names);
    fields.into()
}

fn entries<N: ToString, T>(map: &BTreeMap<N, T>, value: impl Fn(&T) -> Value) -> Value {
    let entries = map.iter().map(|(name, entry)| (name.to_string(), value(entry)));
    Value::Object(entries.collect())
}
