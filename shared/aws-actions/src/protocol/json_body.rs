//! Values in JSON.

use super::{DEEPEST, Unreadable, float, format_of, json_text, of_text};
use crate::{
    input::{Datum, Fields},
    model::{Member, Service, Shape, ShapeId, TimeFormat},
    name::snake_case,
    time,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Number, Value};

/// The members of a structure, under the names that are sent.
pub(super) fn fields(service: &Service<'_>, members: &[Member<'_>], fields: &Fields<'_>) -> Map<String, Value> {
    let fields = fields.iter().filter_map(|(index, datum)| {
        let member = members.get(*index)?;
        Some((member.wire_name().to_owned(), value(service, member.shape, datum)))
    });
    fields.collect()
}

/// A value.
pub(super) fn value(service: &Service<'_>, shape: ShapeId, datum: &Datum<'_>) -> Value {
    match (service.shape(shape), datum) {
        (Shape::Structure(structure), Datum::Structure(given)) => {
            Value::Object(fields(service, &structure.members, given))
        }
        (Shape::List(list), Datum::List(entries)) => entries
            .iter()
            .map(|entry| value(service, list.element, entry))
            .collect(),
        (Shape::Map(map), Datum::Map(entries)) => entries
            .iter()
            .map(|(key, entry)| ((*key).to_owned(), value(service, map.value, entry)))
            .collect(),
        (Shape::JsonText, Datum::Json(json)) => json_text(json).into(),
        (_, Datum::Json(json)) => (*json).clone(),
        (_, Datum::Text(text)) => text.as_ref().into(),
        (_, Datum::Integer(number)) => (*number).into(),
        (_, Datum::Float(number)) => Number::from_f64(*number).map_or_else(|| float(*number).into(), Value::Number),
        (_, Datum::Boolean(value)) => (*value).into(),
        (_, Datum::Time(time)) => match format_of(service, shape).unwrap_or(TimeFormat::Unix) {
            TimeFormat::Unix => Value::Number(time::seconds(*time)),
            format => time::written(*time, format).into(),
        },
        (_, Datum::Bytes(bytes)) => BASE64.encode(bytes).into(),
        (_, Datum::Structure(_) | Datum::List(_) | Datum::Map(_)) => Value::Null,
    }
}

/// Reads a body that is a structure.
pub(super) fn read(service: &Service<'_>, shape: ShapeId, body: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    match shown(service, shape, parse(body)?, 0)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Unreadable::Shape("a map")),
    }
}

/// Parses a body.
pub(super) fn parse(body: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_slice(body).map_err(|error| Unreadable::Json(error.to_string()))
}

/// A value as workflows see it: without what the model does not have, and under names in snake case.
pub(super) fn shown(service: &Service<'_>, shape: ShapeId, value: Value, depth: usize) -> Result<Value, Unreadable> {
    if depth > DEEPEST {
        return Err(Unreadable::Deep);
    }
    Ok(match (service.shape(shape), value) {
        (Shape::Structure(structure), Value::Object(mut given)) => {
            let mut fields = Map::new();
            let in_body = structure
                .members
                .iter()
                .filter(|member| member.location.is_in_body_of_answer());
            for member in in_body {
                if let Some(value) = given.remove(member.wire_name()).filter(|value| !value.is_null()) {
                    fields.insert(snake_case(member.name), shown(service, member.shape, value, depth + 1)?);
                }
            }
            Value::Object(fields)
        }
        (Shape::List(list), Value::Array(entries)) => entries
            .into_iter()
            .map(|entry| shown(service, list.element, entry, depth + 1))
            .collect::<Result<_, _>>()?,
        (Shape::Map(map), Value::Object(entries)) => entries
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| Ok((key, shown(service, map.value, value, depth + 1)?)))
            .collect::<Result<_, _>>()?,
        (Shape::Timestamp(_), Value::Number(number)) => time::shown_number(&number),
        (Shape::JsonText, Value::String(text)) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        (shape @ (Shape::Timestamp(_) | Shape::Integer | Shape::Float | Shape::Boolean), Value::String(text)) => {
            of_text(shape, &text)
        }
        (_, value) => value,
    })
}
