//! `pagerflow workflow schema`.

use crate::output::{Screen, View};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::Value;

/// The JSON Schema of definitions.
#[derive(Debug)]
pub(super) struct Schema(&'static str);

pub(super) fn schema() -> Schema {
    Schema(include_str!("../../../schema/workflow.schema.json"))
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let schema: Value = serde_json::from_str(self.0).map_err(S::Error::custom)?;
        schema.serialize(serializer)
    }
}

impl View for Schema {
    fn text(&self, _: Screen) -> String {
        self.0.trim_end().to_owned()
    }
}
