//! JSON, read so that it can be understood in one way only.
//!
//! `serde_json` alone lets the last of two equal fields win. Another reader may take the first, and then two systems
//! act on two different events that carry one signature.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Unreadable;
use crate::shown::shown;

/// How deep objects and arrays may lie in one another. One less than what `serde_json` reads by default, so that
/// whatever passes here can be read again anywhere.
pub(super) const MAX_DEPTH: usize = 126;

/// How much of a field's name an error repeats, in characters.
const MAX_NAME_SHOWN: usize = 60;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads a body that must be one JSON object.
pub(super) fn read_object(body: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    match read(body)? {
        Value::Object(object) => Ok(object),
        _ => Err(Unreadable::NotAnObject),
    }
}

fn read(body: &[u8]) -> Result<Value, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|error| Unreadable::NotUtf8 {
        valid_up_to: error.valid_up_to(),
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        return Err(Unreadable::ByteOrderMark);
    }
    if text.trim().is_empty() {
        return Err(Unreadable::Empty);
    }
    let fault = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict {
        depth: 0,
        fault: &fault,
    }
    .deserialize(&mut deserializer)
    .map_err(|error| fault.take().unwrap_or_else(|| Unreadable::NotJson(error.to_string())))?;
    deserializer.end().map_err(|error| Unreadable::TrailingData {
        line: error.line(),
        column: error.column(),
    })?;
    Ok(value)
}

/// Builds a value and stops at the first duplicate field or when it gets too deep. `fault` carries the reason out,
/// because an error of serde is only text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    fault: &'a RefCell<Option<Unreadable>>,
}

impl Strict<'_> {
    fn fail<E: serde::de::Error>(self, reason: Unreadable) -> E {
        let error = E::custom(&reason);
        self.fault.replace(Some(reason));
        error
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.fail(Unreadable::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(self.fail(Unreadable::DuplicateField(shown(&name, MAX_NAME_SHOWN))));
            }
            let value = fields.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn json_of_every_kind_is_read_as_it_is() {
        let body = br#"{"a": [1, -2, 3.5, true, null, "x\u0000\n"], "__proto__": {"$ref": {}}, "big": 123456789012345678901234567890}"#;

        let expected: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(read(body), Ok(expected));
    }

    #[rstest]
    #[case::at_the_top(r#"{"event": 1, "event": 2}"#, "event")]
    #[case::deep_inside(r#"{"event": {"data": [{"id": "a", "x": 1, "id": "a"}]}}"#, "id")]
    #[case::written_differently(r#"{"id": 1, "\u0069d": 2}"#, "id")]
    fn a_field_that_stands_twice_is_ambiguous(#[case] body: &str, #[case] field: &str) {
        assert_eq!(read(body.as_bytes()), Err(Unreadable::DuplicateField(field.into())));
    }

    #[rstest]
    #[case::two_documents("{} {}")]
    #[case::a_word("{} x")]
    #[case::a_comment("{} // no")]
    fn nothing_may_follow(#[case] body: &str) {
        assert!(matches!(
            read(body.as_bytes()),
            Err(Unreadable::TrailingData { line: 1, .. })
        ));
    }

    #[rstest]
    #[case::single_quotes("{'a': 1}")]
    #[case::trailing_comma(r#"{"a": 1,}"#)]
    #[case::comment(r#"{"a": 1 /* x */}"#)]
    #[case::not_a_number(r#"{"a": NaN}"#)]
    #[case::overflow(r#"{"a": 1e400}"#)]
    #[case::cut(r#"{"a": "#)]
    fn only_json_is_json(#[case] body: &str) {
        assert!(matches!(read(body.as_bytes()), Err(Unreadable::NotJson(_))));
    }

    #[rstest]
    #[case::invalid(b"{\"a\": \"\xff\"}", 7)]
    #[case::overlong(b"\xc0\xaf", 0)]
    #[case::utf_16(b"\xff\xfe{\0}\0", 0)]
    #[case::gzip(b"\x1f\x8b\x08\0", 1)]
    fn only_utf_8_is_text(#[case] body: &[u8], #[case] valid_up_to: usize) {
        assert_eq!(read(body), Err(Unreadable::NotUtf8 { valid_up_to }));
    }

    #[test]
    fn a_byte_order_mark_is_named() {
        assert_eq!(read(b"\xef\xbb\xbf{}"), Err(Unreadable::ByteOrderMark));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::blank(" \r\n")]
    fn an_empty_body_is_named(#[case] body: &str) {
        assert_eq!(read(body.as_bytes()), Err(Unreadable::Empty));
    }

    #[rstest]
    #[case::null("null")]
    #[case::list("[]")]
    #[case::text("\"x\"")]
    fn what_is_no_object_is_named(#[case] body: &str) {
        assert_eq!(read_object(body.as_bytes()), Err(Unreadable::NotAnObject));
    }

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn nesting_is_limited_and_never_exhausts_the_stack() {
        assert!(read(nested(126).as_bytes()).is_ok());
        assert_eq!(read(nested(127).as_bytes()), Err(Unreadable::TooDeep));
        assert_eq!(read(nested(128).as_bytes()), Err(Unreadable::TooDeep));
        assert_eq!(read("[".repeat(1_000_000).as_bytes()), Err(Unreadable::TooDeep));
    }

    #[test]
    fn what_is_read_here_can_be_read_again_anywhere() {
        let value = read(nested(126).as_bytes()).unwrap();

        assert_eq!(serde_json::from_str::<Value>(&json!(value).to_string()).unwrap(), value);
    }
}
