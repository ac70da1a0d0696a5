//! The input of a call, taken apart.

use super::failure;
use crate::{
    action::{
        connectors::field,
        input::{CALL_FIELDS, invalid},
    },
    task::TaskError,
};
use aws_actions::Place;
use jiff::Timestamp;
use provider::deadline::Deadline;
use serde_json::{Map, Value};
use workflow::{
    action::{ActionSpec, Repeat},
    ids::IntegrationAlias,
};

/// An input, taken apart.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) integration: IntegrationAlias,
    /// The region, where it is another than that of the integration.
    pub(super) region: Option<String>,
    /// The input of the operation alone.
    pub(super) input: Map<String, Value>,
    pub(super) idempotency_key: Option<String>,
    pub(super) deadline: Deadline,
}

impl Asked {
    pub(super) fn read(spec: &ActionSpec, input: Value, now: Timestamp) -> Result<Self, TaskError> {
        let Value::Object(mut input) = input else {
            return Err(invalid(spec, "it is not an object"));
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let integration = field(&mut input, "integration", "a text", spec, text)?.unwrap_or_default();
        let integration = integration.parse::<IntegrationAlias>();
        let integration = integration.map_err(|error| invalid(spec, &error.to_string()))?;
        let region = field(&mut input, "region", "a text", spec, text)?;
        if let Some(region) = &region {
            Place::region(region).map_err(|error| invalid(spec, &error.to_string()))?;
        }
        let idempotency_key = field(&mut input, "idempotency_key", "a text", spec, text)?;
        let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
        let deadline = field(&mut input, "deadline", "a time", spec, time)?;
        for name in CALL_FIELDS {
            input.remove(*name);
        }
        let deadline = Deadline::new(deadline, now);
        let deadline = match spec.repeat {
            Repeat::IsForbidden { .. } => deadline.and_then(Deadline::only_in_time),
            _ => deadline,
        };
        let deadline = deadline.map_err(|missed| failure::missed(spec, missed))?;
        Ok(Self {
            integration,
            region,
            input,
            idempotency_key,
            deadline,
        })
    }
}
