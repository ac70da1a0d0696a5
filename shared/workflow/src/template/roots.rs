//! The names at the root of what expressions see: JSON, and the values that JSON has not.

use super::{
    json::Place,
    time::{Temporal, Time},
};
use minijinja::{
    Value,
    value::{Enumerator, Object},
};
use serde_json::Value as Json;
use std::{collections::BTreeMap, sync::Arc};

/// The inputs that are times and durations, by name.
pub(super) type TypedInputs = BTreeMap<String, Temporal>;

/// The names, with `now` among them.
#[derive(Debug)]
pub(super) struct Names {
    values: Arc<Place>,
    now: Time,
    inputs: Arc<TypedInputs>,
}

impl Names {
    pub(super) fn value(values: &Arc<Json>, now: Time, inputs: &Arc<TypedInputs>) -> Value {
        Value::from_object(Self {
            values: Arc::new(Place::Whole(Arc::clone(values))),
            now,
            inputs: Arc::clone(inputs),
        })
    }
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "now" => Some(Temporal::Time(self.now).into()),
            "inputs" if !self.inputs.is_empty() => Some(Value::from_object(Inputs {
                values: Arc::new(Place::Field(Arc::clone(&self.values), key.to_owned())),
                typed: Arc::clone(&self.inputs),
            })),
            _ => self.values.get_value_by_str(key),
        }
    }
}

/// The inputs of a run of which some are times or durations.
#[derive(Debug)]
struct Inputs {
    values: Arc<Place>,
    typed: Arc<TypedInputs>,
}

impl Object for Inputs {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match self.typed.get(key) {
            Some(typed) => Some((*typed).into()),
            None => self.values.get_value_by_str(key),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.values.json().as_object().map(|fields| fields.keys());
        Enumerator::Values(
            names
                .into_iter()
                .flatten()
                .map(|name| Value::from(name.as_str()))
                .collect(),
        )
    }
}
