//! The input of an action, read as the model has it.
//!
//! An input of a workflow is JSON with names in snake case. Here it becomes a tree that has the type of each value settled, so that
//! the protocols cannot meet anything unexpected.

use crate::{
    model::{Member, Service, Shape, ShapeId, Structure},
    name::snake_case,
    time,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;
use workflow::action::unknown_field;

/// The most problems that are reported of one input.
const PROBLEMS: usize = 20;

/// An input that an operation does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("; "))]
pub struct InvalidInput {
    /// The problems, each a sentence that names its field.
    pub problems: Vec<String>,
}

impl From<String> for InvalidInput {
    fn from(problem: String) -> Self {
        Self {
            problems: vec![problem],
        }
    }
}

/// A value of an input, with its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum<'v> {
    Structure(Fields<'v>),
    List(Vec<Datum<'v>>),
    Map(Vec<(&'v str, Datum<'v>)>),
    Text(Cow<'v, str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Time(Timestamp),
    Bytes(Vec<u8>),
    Json(&'v Value),
}

/// The members of a structure that are given, by their places in it.
pub(crate) type Fields<'v> = Vec<(usize, Datum<'v>)>;

/// Reads the input of an operation.
///
/// `also_known` has fields that are none of the operation's. `token` stands for members that make a repeat harmless and are not given.
pub(crate) fn read<'v>(
    service: &Service<'_>,
    input: Option<ShapeId>,
    given: &'v Map<String, Value>,
    also_known: &[&str],
    token: Option<&str>,
) -> Result<Fields<'v>, InvalidInput> {
    let mut reader = Reader {
        service,
        problems: Vec::new(),
    };
    let none = Structure {
        members: Vec::new(),
        payload: None,
        is_union: false,
    };
    let structure = match input.map(|id| service.shape(id)) {
        Some(Shape::Structure(structure)) => structure,
        _ => &none,
    };
    let mut fields = reader.structure(structure, given, also_known, "");
    for (index, member) in structure.members.iter().enumerate() {
        if let Some(token) = token.filter(|_| member.is_idempotency_token)
            && !fields.iter().any(|(given, _)| *given == index)
        {
            fields.push((index, Datum::Text(token.to_owned().into())));
        }
        let is_missing = member.is_required && !fields.iter().any(|(given, _)| *given == index);
        if is_missing && !member.is_idempotency_token {
            reader.tell(format!("`{}` is missing", snake_case(member.name)));
        }
    }
    fields.sort_by_key(|(index, _)| *index);
    match reader.problems.is_empty() {
        true => Ok(fields),
        false => Err(InvalidInput {
            problems: reader.problems,
        }),
    }
}

struct Reader<'m> {
    service: &'m Service<'m>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn tell(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn structure<'v>(
        &mut self,
        structure: &Structure<'_>,
        given: &'v Map<String, Value>,
        also_known: &[&str],
        path: &str,
    ) -> Fields<'v> {
        let mut fields = Fields::new();
        let mut known = 0;
        for (index, member) in structure.members.iter().enumerate() {
            let Some((name, value)) = given.get_key_value(&input_name(member, path.is_empty())) else {
                continue;
            };
            known += 1;
            if !value.is_null()
                && let Some(datum) = self.value(member.shape, value, &within(path, name))
            {
                fields.push((index, datum));
            }
        }
        if known < given.len() {
            let names: Vec<String> = structure
                .members
                .iter()
                .map(|member| input_name(member, path.is_empty()))
                .collect();
            let names = || names.iter().map(String::as_str);
            for name in given.keys() {
                if !names().any(|known| known == name) && !also_known.contains(&name.as_str()) {
                    let problem = unknown_field(name, names());
                    self.tell(match path {
                        "" => problem,
                        path => format!("in `{path}`, {problem}"),
                    });
                }
            }
        }
        if !path.is_empty() {
            self.miss(structure, &fields, path);
        }
        fields
    }

    fn miss(&mut self, structure: &Structure<'_>, fields: &Fields<'_>, path: &str) {
        for (index, member) in structure.members.iter().enumerate() {
            if member.is_required && !fields.iter().any(|(given, _)| *given == index) {
                self.tell(format!("`{}` is missing", within(path, &snake_case(member.name))));
            }
        }
        if structure.is_union && fields.len() > 1 {
            self.tell(format!(
                "`{path}` has {} fields, of which only one can be given",
                fields.len()
            ));
        }
    }

    fn value<'v>(&mut self, id: ShapeId, value: &'v Value, path: &str) -> Option<Datum<'v>> {
        let service = self.service;
        let wanted = match (service.shape(id), value) {
            (Shape::Structure(structure), Value::Object(given)) => {
                return Some(Datum::Structure(self.structure(structure, given, &[], path)));
            }
            (Shape::List(list), Value::Array(entries)) => {
                let entries = entries.iter().enumerate().filter(|(_, entry)| !entry.is_null());
                let entries =
                    entries.filter_map(|(index, entry)| self.value(list.element, entry, &format!("{path}[{index}]")));
                return Some(Datum::List(entries.collect()));
            }
            (Shape::Map(map), Value::Object(given)) => {
                let entries = given.iter().filter(|(_, value)| !value.is_null());
                let entries = entries
                    .filter_map(|(key, value)| Some((key.as_str(), self.value(map.value, value, &within(path, key))?)));
                return Some(Datum::Map(entries.collect()));
            }
            (Shape::Document | Shape::JsonText, value) => return Some(Datum::Json(value)),
            (Shape::Text(_), Value::String(text)) => return Some(Datum::Text(text.into())),
            // An expression gives `80` where the service wants text for a port. There is one way to take it.
            (Shape::Text(_), Value::Number(_) | Value::Bool(_)) => return Some(Datum::Text(value.to_string().into())),
            (Shape::Text(_), _) => "text",
            (Shape::Integer, value) => match integer(value) {
                Some(number) => return Some(Datum::Integer(number)),
                None => "a whole number",
            },
            (Shape::Float, value) => match float(value) {
                Some(number) => return Some(Datum::Float(number)),
                None => "a number",
            },
            (Shape::Boolean, Value::Bool(value)) => return Some(Datum::Boolean(*value)),
            (Shape::Boolean, Value::String(text)) if text == "true" => return Some(Datum::Boolean(true)),
            (Shape::Boolean, Value::String(text)) if text == "false" => return Some(Datum::Boolean(false)),
            (Shape::Boolean, _) => "true or false",
            (Shape::Timestamp(_), Value::String(text)) if text.parse::<f64>().is_err() => match time::read(text) {
                Some(time) => return Some(Datum::Time(time)),
                None => "a time in RFC 3339, such as `2027-01-31T09:00:00Z`",
            },
            (Shape::Timestamp(_), _) => "a time in RFC 3339, such as `2027-01-31T09:00:00Z`",
            (Shape::Blob { .. }, Value::String(text)) => match BASE64.decode(text) {
                Ok(bytes) => return Some(Datum::Bytes(bytes)),
                Err(_) => "bytes in Base64",
            },
            (Shape::Blob { .. }, _) => "bytes in Base64",
            (Shape::Structure(_) | Shape::Map(_), _) => "a map",
            (Shape::List(_), _) => "a list",
        };
        self.tell(format!("`{path}` must be {wanted}"));
        None
    }
}

/// The name of a field within another.
fn within(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// Inputs that every action of AWS has beside the members of its operation.
pub(crate) const INTEGRATION: &str = "integration";
pub(crate) const REGION: &str = "region";

/// Names that a top-level input cannot have: those of the inputs of every action, and those that a call brings along.
const TAKEN: &[&str] = &[
    INTEGRATION,
    REGION,
    "action",
    "approval",
    "attempt",
    "caller",
    "connector",
    "deadline",
    "entered_at",
    "idempotency_key",
    "intended_at",
    "look",
];

/// The name of an input. A member whose name is taken has `_of_request` behind it.
pub(crate) fn input_name(member: &Member<'_>, is_at_top: bool) -> String {
    let name = snake_case(member.name);
    match is_at_top && TAKEN.contains(&name.as_str()) {
        true => format!("{name}_of_request"),
        false => name,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        // `NaN`, `Infinity` and `-Infinity` are numbers to AWS, and have no other form in JSON.
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
