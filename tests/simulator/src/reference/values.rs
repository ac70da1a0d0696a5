//! What expressions see.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    approval::LINK,
    error_name::ErrorName,
    ids::{StepId, VariableName},
    planner::{Failure, Outcome, StepResult},
    template::{Context, Expression, Template},
};

/// A failure of one of our names. What the message says is not compared.
pub(super) fn failure(name: ErrorName) -> Failure {
    Failure::new(name, "")
}

/// The number of bytes that a value has as JSON.
pub(super) fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// All that expressions can see in a lane.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) event: Value,
    pub(super) run: Value,
    pub(super) inputs: Map<String, Value>,
    pub(super) variables: BTreeMap<VariableName, Value>,
    pub(super) item: Option<(Value, u32)>,
    /// The number of the round, if no item is further in.
    pub(super) round: Option<u32>,
    pub(super) failure: Option<Value>,
    /// True in the messages about an approval.
    pub(super) approval: bool,
    /// The results of the steps that can be seen and have one.
    pub(super) results: BTreeMap<StepId, StepResult>,
}

impl View {
    fn context<'e>(&self, expressions: impl Iterator<Item = &'e Expression>) -> Context {
        // All that the workflows here ask of the time is whether the run has begun: when a step is come to, the reference does not know.
        let begun = self.run.get("started_at").and_then(Value::as_str);
        let now: Timestamp = begun.and_then(|time| time.parse().ok()).unwrap_or_default();
        let inputs = Value::Object(self.inputs.clone());
        let mut context = Context::new(self.event.clone(), self.run.clone(), inputs, now);
        for (name, value) in &self.variables {
            context.set_variable(name.as_str(), value.clone());
        }
        if let Some((item, index)) = &self.item {
            context.set_item(item.clone(), *index);
        }
        if let Some(round) = self.round {
            context.set_index(round);
        }
        if let Some(failure) = &self.failure {
            context.set_failure(failure.clone());
        }
        if self.approval {
            context.set_approval(json!({"link": LINK}));
        }
        for id in referred(expressions) {
            let skipped = json!({"outcome": "skipped", "outputs": {}, "error": null});
            let result = self.results.get(&id).map_or(skipped, |result| json!(result));
            context.set_step(id.as_str(), result);
        }
        context
    }

    /// The value of a template.
    pub(super) fn value(&self, template: &Template) -> Result<Value, Failure> {
        let context = self.context(template.expressions().into_iter());
        template
            .evaluate(&context)
            .map_err(|_| failure(ErrorName::TemplateError))
    }

    /// The value of a template without the parts of it that fail; none if nothing is left.
    pub(super) fn what_works(&self, template: &Template) -> Option<Value> {
        match template {
            Template::Literal(_) | Template::Expression(_) => self.value(template).ok(),
            Template::List(items) => {
                let items: Vec<Value> = items.iter().filter_map(|item| self.what_works(item)).collect();
                (!items.is_empty()).then_some(Value::Array(items))
            }
            Template::Map(fields) => {
                let fields = fields.iter();
                let fields = fields.filter_map(|(name, field)| Some((name.clone(), self.what_works(field)?)));
                let fields: serde_json::Map<String, Value> = fields.collect();
                (!fields.is_empty()).then_some(Value::Object(fields))
            }
        }
    }

    /// The value of a template as a key; none if it gives nothing to tell things apart by.
    pub(super) fn key(&self, template: &Template) -> Result<Option<String>, Failure> {
        let context = self.context(template.expressions().into_iter());
        template
            .evaluate_key(&context)
            .map_err(|_| failure(ErrorName::TemplateError))
    }

    /// True if a condition holds.
    pub(super) fn holds(&self, condition: &Expression) -> Result<bool, Failure> {
        let context = self.context(std::iter::once(condition));
        condition.holds(&context).map_err(|_| failure(ErrorName::TemplateError))
    }

    /// True if a condition holds for an event that a step waits for.
    pub(super) fn holds_for(&self, condition: &Expression, event: &Value) -> bool {
        let context = self.context(std::iter::once(condition)).with_event(event.clone());
        condition.holds(&context).unwrap_or_default()
    }

    /// Fails if an expression needs an output that was too large to be kept.
    pub(super) fn has_all<'e>(&self, expressions: impl Iterator<Item = &'e Expression>) -> Result<(), Failure> {
        for expression in expressions {
            for reference in expression.references() {
                let parts = reference.parts();
                let lost = |id: &str| {
                    let id: Option<StepId> = id.parse().ok();
                    let result = id.and_then(|id| self.results.get(&id));
                    result.map(|result| result.cut.clone()).unwrap_or_default()
                };
                let is_lost = match parts.as_slice() {
                    ["steps", id] | ["steps", id, "outputs"] => !lost(id).is_empty(),
                    ["steps", id, "outputs", field, ..] => lost(id).contains(*field),
                    _ => false,
                };
                if is_lost {
                    return Err(failure(ErrorName::StepOutputTooLarge));
                }
            }
        }
        Ok(())
    }
}

fn referred<'e>(expressions: impl Iterator<Item = &'e Expression>) -> BTreeSet<StepId> {
    let references = expressions.flat_map(Expression::references);
    let ids = references.filter_map(|reference| reference.step().and_then(|id| id.parse().ok()));
    ids.collect()
}

/// A result with nothing but an outcome.
pub(super) fn plain(outcome: Outcome) -> StepResult {
    given(outcome, json!({}))
}

pub(super) fn given(outcome: Outcome, outputs: Value) -> StepResult {
    StepResult {
        outcome,
        outputs,
        error: None,
        cut: BTreeSet::new(),
    }
}
