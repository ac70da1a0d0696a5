//! JSON as minijinja sees it: a part of it becomes a value of minijinja only when an expression asks for it. An expression
//! mostly asks for a field or two, and an event may have fifty kilobytes.

use minijinja::value::{Enumerator, Object, ObjectExt, ObjectRepr, Value};
use serde_json::Value as Json;
use std::sync::Arc;

/// JSON as a value of minijinja.
#[cfg(test)]
pub(super) fn value(json: &Arc<Json>) -> Value {
    let whole = Place::Whole(Arc::clone(json));
    of(json, || whole)
}

/// The value of what stands at a place: of a list or a map the place itself, of anything else what it is.
fn of(json: &Json, place: impl FnOnce() -> Place) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(_) | Json::Object(_) => Value::from_object(place()),
    }
}

/// The place of a list or a map.
#[derive(Debug)]
pub(super) enum Place {
    /// By itself.
    Whole(Arc<Json>),
    /// In a map.
    Field(Arc<Place>, String),
    /// In a list.
    Item(Arc<Place>, usize),
}

impl Place {
    /// The value at the place. A place is only ever made of what is there, so null stands for nothing here.
    pub(super) fn json(&self) -> &Json {
        const NOTHING: &Json = &Json::Null;
        match self {
            Self::Whole(json) => json,
            Self::Field(place, name) => place.json().get(name).unwrap_or(NOTHING),
            Self::Item(place, index) => place.json().get(index).unwrap_or(NOTHING),
        }
    }
}

impl Object for Place {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.json() {
            Json::Array(_) => ObjectRepr::Seq,
            _ => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match self.json() {
            Json::Array(items) => {
                let index = key.as_usize()?;
                Some(of(items.get(index)?, || Self::Item(Arc::clone(self), index)))
            }
            _ => self.get_value_by_str(key.as_str()?),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let field = self.json().as_object()?.get(key)?;
        Some(of(field, || Self::Field(Arc::clone(self), key.to_owned())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.json() {
            Json::Array(items) => Enumerator::Seq(items.len()),
            _ => {
                let place = Arc::clone(self);
                // Its iterators know their length, which `loop.length` needs.
                self.mapped_rev_key_value_enumerator(move |this| match this.json() {
                    Json::Object(fields) => Box::new(fields.iter().map(move |(name, field)| {
                        let value = of(field, || Self::Field(Arc::clone(&place), name.clone()));
                        (Value::from(name.as_str()), value)
                    })),
                    _ => Box::new(std::iter::empty()),
                })
            }
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        match self.json() {
            Json::Array(items) => Some(items.len()),
            Json::Object(fields) => Some(fields.len()),
            _ => Some(0),
        }
    }
}

#[cfg(test)]
mod tests;
