//! `pagerflow workflow schema`.

use crate::{
    error::Error,
    known,
    output::{Screen, View},
};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::Value;
use std::borrow::Cow;
use workflow::definition::schema::workflow_schema;

/// The JSON Schema of definitions.
#[derive(Debug)]
pub(super) struct Schema(Cow<'static, str>);

/// The schema; with the actions on these services of AWS, of which it otherwise has a pattern alone.
pub(super) fn schema(services: &[String]) -> Result<Schema, Error> {
    if services.is_empty() {
        return Ok(Schema(include_str!("../../../schema/workflow.schema.json").into()));
    }
    let known: Vec<&str> = platform::catalog().unlisted().collect();
    let prefixes = services.iter().map(|service| {
        let prefix = format!("aws.{service}");
        match known.contains(&prefix.as_str()) {
            true => Ok(prefix),
            false => Err(known::unknown_service(service)),
        }
    });
    let prefixes: Vec<String> = prefixes.collect::<Result<_, _>>()?;
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    let schema = workflow_schema(&platform::catalog().listing(&prefixes));
    Ok(Schema(format!("{schema:#}\n").into()))
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let schema: Value = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        schema.serialize(serializer)
    }
}

impl View for Schema {
    fn text(&self, _: Screen) -> String {
        self.0.trim_end().to_owned()
    }
}
