//! Sets custom fields of an incident.
//!
//! A repeat is harmless: the same values again change nothing.

use jiff::Timestamp;
use serde_json::{Map, Value};
use workflow::action::{ActionSpec, Repeat};

use super::{
    call::Call,
    contract::{SETTLING, action, changes_incident, fields, input},
    output::{short, that_fit},
};
use crate::{
    client::{ApiToken, Client, FieldValue},
    error::Error,
    ids::IncidentId,
};

input! {
    /// The values to set.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        fields: Map<String, Value> => "the values, by the names of the fields", not_empty();
    }
}

fields! {
    /// The custom fields as they are now. Long texts are cut, and fields for which there is no room are left out.
    Output {
        incident_id: IncidentId => "its id";
        fields: Map<String, Value> => "the custom fields as PagerDuty has them now, by name";
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Sets custom fields of an incident.".into(),
        effect: changes_incident(&["incident.custom_field_values.updated"]),
        repeat: Repeat::SetsState { settling: SETTLING },
        on_repeat: "The same values again change nothing.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
fields:
  environment: production
  customers_affected: 12
"
        .into(),
        ..action::<Input, Output>("pagerduty.set_custom_fields")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] where nothing is to be set; any of [`Error`]'s refusals; [`Error::OutcomeUnknown`], after which another
/// attempt does no harm.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
    if input.fields.is_empty() {
        return Err(Error::Input("`fields` is empty; give at least one custom field"));
    }
    let call = Call::new(client, token, input.deadline, now)?;
    let set = call
        .account()?
        .set_custom_fields(&input.incident_id, &input.fields)
        .await?;
    let (fields, _) = that_fit(set.into_iter().map(entry), false);
    Ok(Output {
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
