//! `/incidents/{id}/custom_fields/values`.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::Incident;
use super::transitions::Transition;
use crate::access::Call;
use crate::account::Account;
use crate::directory::{CustomField, DataType};
use crate::exchange::Answer;
use crate::fields;
use crate::ids::FieldId;
use crate::refusal::Refusal;

/// Values of fields. A value that was taken away is `null`.
pub(crate) type FieldValues = BTreeMap<FieldId, Value>;

/// The values of all fields of an incident.
pub(crate) fn all(account: &Account, id: &str) -> Result<Answer, Refusal> {
    let incident = account.incident(id)?;
    Ok(Answer::json(
        StatusCode::OK,
        json!({"custom_fields": values(account, incident, &account.custom_fields)}),
    ))
}

/// Sets values of fields, which a request names by id or by name, and answers with these. `From` is not needed. Which words
/// refuse what is UNVERIFIED.
pub(crate) fn set(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let agent = call.agent(account)?;
    let incident = account.incident(id)?.clone();
    let rows = fields::array(&body, "custom_fields")?.filter(|rows| !rows.is_empty());
    let rows = rows.ok_or_else(|| Refusal::invalid("custom_fields cannot be empty"))?;
    let changed = rows
        .iter()
        .map(|row| self::value(account, row))
        .collect::<Result<FieldValues, Refusal>>()?;
    let named: Vec<CustomField> = account
        .custom_fields
        .iter()
        .filter(|field| changed.contains_key(&field.id))
        .cloned()
        .collect();
    // A change to what is already so is none and sends no webhook.
    let news: FieldValues = changed
        .into_iter()
        .filter(|(id, value)| incident.custom_fields.get(id).unwrap_or(&Value::Null) != value)
        .collect();
    if !news.is_empty() {
        Transition {
            account,
            incident,
            agent,
            now: call.now,
        }
        .set_fields(news);
    }
    let incident = account.incident(id)?;
    Ok(Answer::json(
        StatusCode::CREATED,
        json!({"custom_fields": values(account, incident, &named)}),
    ))
}

fn value(account: &Account, row: &Value) -> Result<(FieldId, Value), Refusal> {
    let row = row
        .as_object()
        .ok_or_else(|| Refusal::invalid("custom_fields must each be an object"))?;
    let (id, name) = (fields::text(row, "id")?, fields::text(row, "name")?);
    let wanted = |field: &&CustomField| match id {
        Some(id) => field.id.as_str() == id,
        None => Some(field.name.as_str()) == name,
    };
    let field = account.custom_fields.iter().find(wanted);
    let field = field.ok_or_else(|| {
        Refusal::invalid(format!(
            "Custom field {} does not exist",
            id.or(name).unwrap_or("without id and name")
        ))
    })?;
    let value = row
        .get("value")
        .ok_or_else(|| Refusal::invalid(format!("{} must have a value", field.name)))?;
    field.check(value)?;
    Ok((field.id.clone(), value.clone()))
}

impl CustomField {
    /// Refuses a value that the field can not have. Without a value it can always be.
    fn check(&self, value: &Value) -> Result<(), Refusal> {
        let one = |value: &Value| {
            let fits = match self.data_type {
                DataType::Boolean => value.is_boolean(),
                DataType::Integer => value.is_i64() || value.is_u64(),
                DataType::Float => value.is_number(),
                DataType::String => value.is_string(),
                DataType::Datetime => value
                    .as_str()
                    .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
                DataType::Url => value
                    .as_str()
                    .is_some_and(|text| text.parse::<http::Uri>().is_ok_and(|it| it.host().is_some())),
            };
            let offered = self.options.is_empty()
                || value
                    .as_str()
                    .is_some_and(|text| self.options.iter().any(|it| it == text));
            fits && offered
        };
        let accepted = match value {
            Value::Null => true,
            Value::Array(values) => self.multiple && values.iter().all(one),
            value => !self.multiple && one(value),
        };
        if accepted {
            Ok(())
        } else {
            Err(Refusal::invalid(format!(
                "{value} is not a value of the field {}",
                self.name
            )))
        }
    }

    fn field_type(&self) -> &'static str {
        match (self.multiple, self.options.is_empty()) {
            (false, true) => "single_value",
            (false, false) => "single_value_fixed",
            (true, true) => "multi_value",
            (true, false) => "multi_value_fixed",
        }
    }

    /// A value of the field, as answers show it.
    fn shape(&self, value: &Value) -> Value {
        json!({
            "id": self.id,
            "type": "field_value",
            "name": self.name,
            "display_name": self.display_name,
            "description": null,
            "data_type": self.data_type.name(),
            "field_type": self.field_type(),
            "value": value,
        })
    }
}

fn values(account: &Account, incident: &Incident, fields: &[CustomField]) -> Vec<Value> {
    let chosen = |field: &&CustomField| fields.iter().any(|other| other.id == field.id);
    account
        .custom_fields
        .iter()
        .filter(chosen)
        .map(|field| field.shape(incident.custom_fields.get(&field.id).unwrap_or(&Value::Null)))
        .collect()
}

/// Values as webhooks show them: all that the incident has now, or those that some of them had before.
pub(crate) fn in_webhooks(account: &Account, values: &FieldValues) -> Vec<Value> {
    let shape = |field: &CustomField| {
        let value = values.get(&field.id)?;
        Some(json!({
            "id": field.id,
            "type": "field_value",
            "name": field.name,
            "namespace": "incidents",
            "data_type": field.data_type.name(),
            "field_type": field.field_type(),
            "value": value,
        }))
    };
    account.custom_fields.iter().filter_map(shape).collect()
}
