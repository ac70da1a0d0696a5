//! The limits on a value where it unfolds.
//!
//! A value of minijinja may have the same list in it many times, and lists and texts that are made only when they are asked for. So a few
//! instructions can make a value that has more entries than there is memory, which costs nothing until it is compared, sorted,
//! searched or written. minijinja's fuel counts what was written only afterwards. So each value is weighed before anything walks
//! through it: [`super::program`] has that done for every instruction of a template.

use super::json::Place;
use minijinja::{
    Error, ErrorKind, State, Value,
    value::{ObjectRepr, Rest, ValueKind, ValueOrKwargs},
};
use serde_json::Value as Json;

/// The largest weight of what one instruction works on, in bytes: as much as an event and the results of some steps have.
const LARGEST: usize = 1024 * 1024;

/// The greatest depth of a value. Walking it is recursive, and stored values must be readable by readers that are not ours.
const DEEPEST: usize = 100;

/// The weight of a number, and what a text or an entry weighs by itself.
const ENTRY: usize = 8;

/// The most that may be walked through for one unit of minijinja's fuel, in bytes.
const BYTES_PER_FUEL: usize = 128;

/// The limits for walking through a value.
///
/// # Errors
/// It is too large or too deep, or its evaluation has taken too long with it.
pub(super) fn check(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    check_indented(state, value, 0)
}

/// As [`check`], with so many spaces for each level before each entry.
pub(super) fn check_indented(state: &State<'_, '_>, value: &Value, indent: usize) -> Result<(), Error> {
    Scales::new(indent).add(state, value)
}

/// The limits of a template's result, where there is no more fuel to charge.
///
/// # Errors
/// It is too large or too deep.
pub(super) fn check_result(value: &Value) -> Result<(), Error> {
    Scales::new(0).weigh(value, 0).map_err(Into::into)
}

/// The fuel that it takes to walk through these once. What is larger than a value may be counts as that large.
pub(super) fn fuel(values: &[Value]) -> u64 {
    let mut scales = Scales::new(0);
    let _unfit = values.iter().try_for_each(|value| scales.weigh(value, 0));
    fuel_of(LARGEST - scales.left)
}

fn fuel_of(bytes: usize) -> u64 {
    u64::try_from(bytes / BYTES_PER_FUEL).unwrap_or(u64::MAX)
}

/// Weighs all that an instruction works on, and gives it back in the reverse order, which is the one in which the stack takes it.
/// Lists that are yet to be made are made here: one that is made of others that are to be made would take the longer the more there are.
pub(super) fn weighed(state: &State<'_, '_>, operands: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let mut weighed = self::operands(state, operands)?;
    weighed.reverse();
    Ok(Value::from(weighed))
}

/// As [`weighed`], in the same order.
pub(super) fn operands(state: &State<'_, '_>, operands: Rest<ValueOrKwargs>) -> Result<Vec<Value>, Error> {
    let mut scales = Scales::new(0);
    let mut weighed = Vec::with_capacity(operands.0.len());
    for operand in operands.0 {
        let operand = Value::from(operand);
        scales.add(state, &operand)?;
        weighed.push(match operand.as_object().map(|object| object.repr()) {
            Some(ObjectRepr::Iterable) => Value::from(operand.try_iter()?.collect::<Vec<_>>()),
            _ => operand,
        });
    }
    Ok(weighed)
}

/// The reason a value cannot be walked through.
#[derive(Debug, Clone, Copy)]
enum Unfit {
    Large,
    Deep,
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        let said = match unfit {
            Unfit::Large => format!("a value in it has more than {LARGEST} bytes where it is written out"),
            Unfit::Deep => format!("a value in it has more than {DEEPEST} lists and maps within each other"),
        };
        Self::new(ErrorKind::InvalidOperation, said)
    }
}

/// The weight so far.
#[derive(Debug)]
pub(super) struct Scales {
    left: usize,
    indent: usize,
}

impl Scales {
    /// Scales with nothing on them, for values with so many spaces for each level before each entry.
    pub(super) fn new(indent: usize) -> Self {
        Self { left: LARGEST, indent }
    }

    /// Adds a value to what is on them.
    ///
    /// # Errors
    /// As [`check`], for all that is on them.
    pub(super) fn add(&mut self, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
        let before = self.left;
        let fits = self.weigh(value, 0);
        let weight = before - self.left;
        state.consume_fuel(fuel_of(weight))?;
        fits.map_err(Into::into)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Unfit> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Unfit::Large)
            }
        }
    }

    fn take_entry(&mut self, depth: usize) -> Result<(), Unfit> {
        self.take(ENTRY.saturating_add(self.indent.saturating_mul(depth)))
    }

    fn weigh(&mut self, value: &Value, depth: usize) -> Result<(), Unfit> {
        self.take_entry(depth)?;
        if let Some(text) = value.as_str() {
            return self.take(text.len());
        }
        if let Some(place) = value.downcast_object_ref::<Place>() {
            return self.weigh_json(place.json(), depth);
        }
        let kind = value.kind();
        if !matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
            return Ok(());
        }
        if depth >= DEEPEST {
            return Err(Unfit::Deep);
        }
        let Ok(entries) = value.try_iter() else {
            return Ok(());
        };
        for entry in entries {
            self.weigh(&entry, depth + 1)?;
            if kind == ValueKind::Map
                && let Ok(field) = value.get_item(&entry)
            {
                self.weigh(&field, depth + 1)?;
            }
        }
        Ok(())
    }

    fn weigh_json(&mut self, json: &Json, depth: usize) -> Result<(), Unfit> {
        if depth >= DEEPEST && (json.is_array() || json.is_object()) {
            return Err(Unfit::Deep);
        }
        match json {
            Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
            Json::String(text) => self.take(text.len()),
            Json::Array(items) => items.iter().try_for_each(|item| {
                self.take_entry(depth + 1)?;
                self.weigh_json(item, depth + 1)
            }),
            Json::Object(fields) => fields.iter().try_for_each(|(name, field)| {
                self.take_entry(depth + 1)?;
                self.take(name.len())?;
                self.weigh_json(field, depth + 1)
            }),
        }
    }
}
