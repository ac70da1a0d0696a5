//! The names that expressions can see.

use super::{
    Reference, TemplateError,
    roots::{Names, TypedInputs},
    time::Time,
};
use crate::{definition::Input, ids::InputName};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

/// The values under the names `now`, `event`, `run`, `inputs`, `vars` and `steps`; in the lanes of a `for_each` also `item` and
/// `index`, in the rounds of a `repeat` also `index`, in the messages about an approval also `approval`, and in the steps of `on_failure` also `failure`.
#[derive(Debug, Clone)]
pub struct Context {
    values: Arc<Value>,
    now: Time,
    inputs: Arc<TypedInputs>,
}

impl Context {
    /// A context of an event, a run and its inputs at a time, with no variables and no results yet.
    #[must_use]
    pub fn new(event: Value, run: Value, inputs: Value, now: Timestamp) -> Self {
        let groups = [
            ("event", event),
            ("run", run),
            ("inputs", inputs),
            ("vars", Value::Object(Map::new())),
            ("steps", Value::Object(Map::new())),
        ];
        Self::of_values(groups, now)
    }

    /// A context of an event alone at a time, for the condition of a trigger.
    #[must_use]
    pub fn of_event(event: Value, now: Timestamp) -> Self {
        Self::of_values([("event", event)], now)
    }

    /// A context of these values by their names at a time, for expressions outside of a workflow.
    #[must_use]
    pub fn of_values<'a>(values: impl IntoIterator<Item = (&'a str, Value)>, now: Timestamp) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self {
            values: Arc::new(values.collect()),
            now: Time::of_clock(now),
            inputs: Arc::default(),
        }
    }

    /// The same, with the inputs that are declared as times and durations as such.
    #[must_use]
    pub fn with_declared(mut self, inputs: &BTreeMap<InputName, Input>) -> Self {
        let given = self.values.get("inputs");
        let typed = inputs.iter().filter_map(|(name, input)| {
            let text = given?.get(name.as_str())?.as_str()?;
            Some((name.to_string(), input.kind.temporal(text)?))
        });
        self.inputs = Arc::new(typed.collect());
        self
    }

    /// The same at another time.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self {
            now: Time::of_clock(now),
            ..self.clone()
        }
    }

    /// The same with another event.
    #[must_use]
    pub fn with_event(&self, event: Value) -> Self {
        let mut context = self.clone();
        if let Some(values) = Arc::make_mut(&mut context.values).as_object_mut() {
            values.insert("event".to_owned(), event);
        }
        context
    }

    /// The time that expressions see as `now`.
    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// Sets a variable.
    pub fn set_variable(&mut self, name: &str, value: Value) {
        self.insert("vars", name, value);
    }

    /// Sets the result of a step.
    pub fn set_step(&mut self, id: &str, result: Value) {
        self.insert("steps", id, result);
    }

    /// Sets the item of a `for_each` and its number, counted from 0.
    pub fn set_item(&mut self, item: Value, index: u32) {
        if let Some(values) = Arc::make_mut(&mut self.values).as_object_mut() {
            values.insert("item".to_owned(), item);
            values.insert("index".to_owned(), index.into());
        }
    }

    /// Sets the number of the round of a `repeat`, counted from 0.
    pub fn set_index(&mut self, round: u32) {
        if let Some(values) = Arc::make_mut(&mut self.values).as_object_mut() {
            values.insert("index".to_owned(), round.into());
        }
    }

    /// Sets the approval that a message is about.
    pub fn set_approval(&mut self, approval: Value) {
        if let Some(values) = Arc::make_mut(&mut self.values).as_object_mut() {
            values.insert("approval".to_owned(), approval);
        }
    }

    /// Sets why the run failed.
    pub fn set_failure(&mut self, failure: Value) {
        if let Some(values) = Arc::make_mut(&mut self.values).as_object_mut() {
            values.insert("failure".to_owned(), failure);
        }
    }

    fn insert(&mut self, group: &str, name: &str, value: Value) {
        let values = Arc::make_mut(&mut self.values);
        if let Some(group) = values.get_mut(group).and_then(Value::as_object_mut) {
            group.insert(name.to_owned(), value);
        }
    }

    /// All values in JSON.
    pub(super) fn values(&self) -> &Arc<Value> {
        &self.values
    }

    /// What an expression sees, with these in the place of the values in JSON.
    pub(super) fn seen(&self, values: &Arc<Value>) -> minijinja::Value {
        Names::value(values, self.now, &self.inputs)
    }

    /// Says what is missing of a name that is not there.
    pub(super) fn require(&self, reference: &Reference) -> Result<(), TemplateError> {
        if reference.parts().first() == Some(&"now") {
            return Ok(());
        }
        let mut value = &*self.values;
        let mut walked = String::new();
        for part in reference.parts() {
            let fields = match value {
                Value::Object(fields) => fields,
                Value::Null => {
                    return Err(TemplateError::new(format!(
                        "`{reference}` is not defined, because `{walked}` is null; test `{walked} is not none` first"
                    )));
                }
                _ => return Ok(()),
            };
            value = fields.get(part).ok_or_else(|| missing(reference, &walked, fields))?;
            if !walked.is_empty() {
                walked.push('.');
            }
            walked.push_str(part);
        }
        Ok(())
    }
}

fn missing(reference: &Reference, walked: &str, fields: &Map<String, Value>) -> TemplateError {
    let parts = reference.parts();
    if let ["steps", id, "outputs", ..] = parts.as_slice()
        && fields.is_empty()
    {
        return TemplateError::new(format!(
            "`{reference}` is not defined: the step `{id}` was skipped or has no outputs"
        ));
    }
    if walked.is_empty() {
        return TemplateError::new(format!("`{reference}` is not defined here"));
    }
    let known: Vec<&str> = fields.keys().map(String::as_str).take(20).collect();
    TemplateError::new(format!(
        "`{reference}` is not defined; `{walked}` has {}",
        known.join(", ")
    ))
}
