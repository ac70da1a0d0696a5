//! Sets custom fields of an incident.
//!
//! A repeat is harmless: the same values again change nothing.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    call::Call,
    input::action_input,
    output::{short, that_fit},
};
use crate::{
    client::{ApiToken, Client, FieldValue},
    error::Error,
    ids::IncidentId,
};

action_input! {
    /// What is to be set.
    SetCustomFieldsInput {
        /// The incident.
        incident_id: IncidentId,
        /// The values by the names of their fields, at least one. What a value may be depends on the field.
        fields: Map<String, Value>,
    }
}

/// The custom fields as they are now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CustomFields {
    /// The incident.
    pub incident_id: IncidentId,
    /// The values by the names of their fields, as PagerDuty has them. Long texts are cut, and fields for which there is
    /// no room are left out.
    pub fields: Map<String, Value>,
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] where nothing is to be set; any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another
/// attempt does no harm.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &SetCustomFieldsInput,
    now: Timestamp,
) -> Result<CustomFields, Error> {
    if input.fields.is_empty() {
        return Err(Error::Input("`fields` is empty; give at least one custom field"));
    }
    let call = Call::new(client, token, input.deadline, now)?;
    let set = call
        .account()?
        .set_custom_fields(&input.incident_id, &input.fields)
        .await?;
    let (fields, _) = that_fit(set.into_iter().map(entry), false);
    Ok(CustomFields {
        incident_id: input.incident_id.clone(),
        fields: fields.into_iter().collect(),
    })
}

fn entry(field: FieldValue) -> (String, Value) {
    match field.value {
        Value::String(text) => (field.name, Value::String(short(text))),
        value => (field.name, value),
    }
}
