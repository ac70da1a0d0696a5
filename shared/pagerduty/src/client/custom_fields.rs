//! The custom fields of an incident.

use provider::verdict::Effect;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Account, member};
use crate::{error::Error, ids::IncidentId, lenient};

/// A custom field of an incident and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldValue {
    /// The name of the field.
    pub name: String,
    /// The value; its form depends on the field's type.
    pub value: Value,
}

impl FieldValue {
    fn from_json(object: &Value) -> Option<Self> {
        Some(Self {
            name: lenient::text(object, "name")?,
            value: object.get("value").cloned().unwrap_or_default(),
        })
    }
}

impl Account<'_> {
    /// `PUT /incidents/{id}/custom_fields/values`, by the names of the fields; the others stay as they are. PagerDuty
    /// documents no `From` for it.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where they may have changed.
    pub async fn set_custom_fields(
        &self,
        id: &IncidentId,
        values: &Map<String, Value>,
    ) -> Result<Vec<FieldValue>, Error> {
        let fields: Vec<Value> = values
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let path = ["incidents", id.as_str(), "custom_fields", "values"];
        let answer = self
            .write(Method::PUT, &path, None, &json!({ "custom_fields": fields }))
            .await?;
        let fields: Vec<Value> = member(Effect::Write, answer, "custom_fields")?;
        Ok(fields.iter().filter_map(FieldValue::from_json).collect())
    }
}
