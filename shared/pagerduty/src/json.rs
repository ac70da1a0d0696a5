//! JSON as PagerDuty sends it: webhooks, answers and errors all come through [`read`].
//!
//! What is on the wire is not always JSON to the letter. PagerDuty cuts long texts, and with them a character in two;
//! monitoring tools put raw terminal output into an alert's details; a gateway puts a byte order mark before an answer. None
//! of that may cost an incident its workflow, so characters and numbers are read tolerantly:
//!
//! | on the wire | read as |
//! |---|---|
//! | half of a surrogate pair, bytes that are not UTF-8, an escape that JSON does not have | U+FFFD, once for each |
//! | a raw tab, line break or other control character inside a text | that character |
//! | a byte order mark before everything | nothing |
//! | a number beyond ±1e308 | ±1e308: still a number, and still larger than what it is compared with |
//! | a field that an object has twice | its last value |
//!
//! Structure is read strictly: brackets, commas, quotes, an end that is missing, anything after the value. Guessing at those
//! could turn half a text into another event. Text that is JSON to the letter is read once; only what is not is repaired,
//! and then read again. A signature is checked before, over the bytes as they came.

use std::{borrow::Cow, cell::RefCell, fmt, str::Chars};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may lie in one another. One less than what `serde_json` reads by default, so that
/// whatever passes here can be read again anywhere.
const MAX_DEPTH: usize = 126;

/// The largest number that is read. Not the largest of a float: `serde_json` rounds when it reads that, and finds it out of
/// range.
const LARGEST_NUMBER: f64 = 1e308;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The reason why a text is not JSON, not even read tolerantly. Nothing of the text is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// There is no text.
    #[error("the body is empty")]
    Empty,
    /// The bytes are no UTF-8 text, perhaps because they are compressed.
    #[error(
        "the body is not UTF-8 text from byte {valid_up_to} on; it must arrive neither compressed nor in another encoding"
    )]
    NotUtf8 {
        /// The number of bytes that were still good.
        valid_up_to: usize,
    },
    /// The text is no JSON.
    #[error("the body is not JSON: {0}")]
    Syntax(String),
    /// Something follows the JSON value.
    #[error("the body goes on after its JSON value ends, at line {line} column {column}")]
    TrailingData {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// Objects and arrays lie too deep in one another.
    #[error("the body nests objects and arrays more than {MAX_DEPTH} deep")]
    TooDeep,
}

/// Reads one JSON value, with the replacements that the module describes.
///
/// # Errors
/// [`NotJson`]. No bytes make it panic.
pub fn read(bytes: &[u8]) -> Result<Value, NotJson> {
    let not_utf8 = match std::str::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => return Err(NotJson::Empty),
        Ok(text) => match read_text(text) {
            // A repair changes nothing about these.
            result @ (Ok(_) | Err(NotJson::TooDeep)) => return result,
            Err(_) => None,
        },
        Err(error) => Some(NotJson::NotUtf8 {
            valid_up_to: error.valid_up_to(),
        }),
    };
    read_text(&repaired(&String::from_utf8_lossy(bytes))).map_err(|error| not_utf8.unwrap_or(error))
}

fn read_text(text: &str) -> Result<Value, NotJson> {
    let fault = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Limited {
        depth: 0,
        fault: &fault,
    }
    .deserialize(&mut deserializer)
    .map_err(|error| fault.take().unwrap_or_else(|| NotJson::Syntax(error.to_string())))?;
    deserializer.end().map_err(|error| NotJson::TrailingData {
        line: error.line(),
        column: error.column(),
    })?;
    Ok(value)
}

/// The text with characters and numbers that `serde_json` reads.
fn repaired(text: &str) -> String {
    let mut rest = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).chars();
    let mut clean = String::with_capacity(text.len());
    loop {
        let before = rest.as_str();
        match rest.next() {
            None => return clean,
            Some('"') => repair_string(&mut rest, &mut clean),
            Some('-' | '0'..='9') => {
                let is_of_number = |c: char| matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9');
                let end = before.find(|c| !is_of_number(c)).unwrap_or(before.len());
                let (number, after) = before.split_at(end);
                clean.push_str(&in_range(number));
                rest = after.chars();
            }
            Some(other) => clean.push(other),
        }
    }
}

/// The number, or the largest one of its sign where it is beyond that.
fn in_range(number: &str) -> Cow<'_, str> {
    let is_beyond =
        serde_json::from_str::<Number>(number).is_err_and(|error| error.to_string().starts_with("number out of range"));
    match (is_beyond, number.starts_with('-')) {
        (false, _) => number.into(),
        (true, is_negative) => format!("{}{LARGEST_NUMBER:e}", if is_negative { "-" } else { "" }).into(),
    }
}

/// Goes to the end of a string, of which the opening quote is taken.
fn repair_string(rest: &mut Chars<'_>, clean: &mut String) {
    clean.push('"');
    while let Some(next) = rest.next() {
        match next {
            '"' => {
                clean.push('"');
                return;
            }
            '\\' => repair_escape(rest, clean),
            control @ ..' ' => clean.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => clean.push(other),
        }
    }
}

/// Takes an escape, of which the backslash is taken. Of one that JSON does not have, only the backslash is unreadable.
fn repair_escape(rest: &mut Chars<'_>, clean: &mut String) {
    let after = rest.as_str();
    match after.chars().next() {
        Some(letter @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
            clean.extend(['\\', letter]);
            *rest = after.get(1..).unwrap_or_default().chars();
        }
        Some('u') => {
            let Some(unit) = code_unit(after) else {
                clean.push(char::REPLACEMENT_CHARACTER);
                return;
            };
            let low = after.get(5..).and_then(|after| code_unit(after.strip_prefix('\\')?));
            let character = char::decode_utf16([unit].into_iter().chain(low)).next();
            let length = match character {
                Some(Ok(character)) if character.len_utf16() == 2 => 11,
                _ => 5,
            };
            match character {
                Some(Ok(_)) => {
                    clean.push('\\');
                    clean.push_str(after.get(..length).unwrap_or_default());
                }
                _ => clean.push(char::REPLACEMENT_CHARACTER),
            }
            *rest = after.get(length..).unwrap_or_default().chars();
        }
        Some(_) => clean.push(char::REPLACEMENT_CHARACTER),
        None => {}
    }
}

/// The code unit of an escape such as `u00e9`.
fn code_unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

/// Builds a value and stops when it gets too deep. `fault` carries the reason out, because an error of serde is only text.
#[derive(Clone, Copy)]
struct Limited<'a> {
    depth: usize,
    fault: &'a RefCell<Option<NotJson>>,
}

impl Limited<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.fault.replace(Some(NotJson::TooDeep));
            return Err(E::custom(NotJson::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Limited<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Limited<'_> {
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
        Number::from_f64(value.clamp(-LARGEST_NUMBER, LARGEST_NUMBER))
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
            let value = fields.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
