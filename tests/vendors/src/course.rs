//! Jobs that go on after the request that has started them.

use serde_json::Value;
use std::collections::VecDeque;

/// The fields that the next looks at a thing find changed, one look after the other. After the last of them it stays as it is.
#[derive(Debug, Default)]
pub struct Course(VecDeque<Value>);

impl Course {
    /// A course through these fields.
    #[must_use]
    pub fn of(changes: impl IntoIterator<Item = Value>) -> Self {
        Self(changes.into_iter().collect())
    }

    /// Changes a thing as the next look finds it.
    pub(crate) fn advance(&mut self, thing: &mut Value) {
        if let (Some(Value::Object(change)), Some(fields)) = (self.0.pop_front(), thing.as_object_mut()) {
            fields.extend(change);
        }
    }
}
