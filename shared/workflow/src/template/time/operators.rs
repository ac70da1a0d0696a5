//! Sums, differences, products and comparisons of times and durations. minijinja knows none of them.

use super::{DIFFERENCES, ONE_KIND, PRODUCTS, SUMS, Temporal, TimeError, functions::failed, words_of};
use crate::template::json::Place;
use minijinja::{
    Error, ErrorKind, Value,
    value::{ObjectRepr, ValueKind},
};

/// An operator of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
}

impl Operator {
    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
        }
    }

    /// What it takes where one of its operands is a time or a duration.
    fn takes(self) -> &'static str {
        match self {
            Self::Add => SUMS,
            Self::Subtract => DIFFERENCES,
            Self::Multiply => PRODUCTS,
        }
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Null may be compared as well.
    Equality,
    Order,
    Membership,
}

/// The value of an operation; none if neither operand is a time or a duration.
///
/// # Errors
/// The operator does not take these two, or what it gives is out of range.
pub(crate) fn operation(operator: Operator, left: &Value, right: &Value) -> Result<Option<Value>, Error> {
    let (one, other) = (Temporal::of(left), Temporal::of(right));
    if one.is_none() && other.is_none() {
        return Ok(None);
    }
    if left.is_undefined() || right.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    computed(operator, (left, one), (right, other))
        .map(|value| Some(value.into()))
        .map_err(failed)
}

fn computed(
    operator: Operator,
    (left, one): (&Value, Option<Temporal>),
    (right, other): (&Value, Option<Temporal>),
) -> Result<Temporal, TimeError> {
    use Temporal::{Duration, Time};
    Ok(match (operator, one, other) {
        (Operator::Add, Some(Time(time)), Some(Duration(by)))
        | (Operator::Add, Some(Duration(by)), Some(Time(time))) => Time(time.plus(by)?),
        (Operator::Add, Some(Duration(one)), Some(Duration(other))) => Duration(one.plus(other)?),
        (Operator::Subtract, Some(Time(time)), Some(Duration(by))) => Time(time.minus(by)?),
        (Operator::Subtract, Some(Time(to)), Some(Time(from))) => Duration(to.since(from)?),
        (Operator::Subtract, Some(Duration(one)), Some(Duration(other))) => Duration(one.minus(other)?),
        (Operator::Multiply, Some(Duration(duration)), None) if right.kind() == ValueKind::Number => {
            Duration(duration.times(number(right))?)
        }
        (Operator::Multiply, None, Some(Duration(duration))) if left.kind() == ValueKind::Number => {
            Duration(duration.times(number(left))?)
        }
        _ => {
            return Err(TimeError::Operands {
                operator: operator.sign(),
                left: words_of(left),
                right: words_of(right),
                advice: operator.takes(),
            });
        }
    })
}

/// A number as a float. One that is too large for that is too large for all that is done with it.
fn number(value: &Value) -> f64 {
    f64::try_from(value.clone()).unwrap_or(f64::INFINITY)
}

/// A duration in the other direction; none if the value is neither a time nor a duration.
///
/// # Errors
/// It is a time.
pub(crate) fn negated(value: &Value) -> Result<Option<Value>, Error> {
    match Temporal::of(value) {
        Some(Temporal::Duration(duration)) => Ok(Some(Temporal::Duration(duration.negated()).into())),
        Some(Temporal::Time(_)) => Err(failed(TimeError::Negation)),
        None => Ok(None),
    }
}

/// Checks that two values can be compared: without this, a time and a text would be unequal whatever they say.
///
/// # Errors
/// One is a time or a duration and the other is of another kind.
pub(crate) fn compared(comparison: Comparison, left: &Value, right: &Value) -> Result<(), Error> {
    match left.is_undefined() || right.is_undefined() {
        // minijinja says so itself.
        true => Ok(()),
        false => comparable(comparison, left, right).map_err(failed),
    }
}

fn comparable(comparison: Comparison, left: &Value, right: &Value) -> Result<(), TimeError> {
    match comparison {
        Comparison::Membership => sought(left, right),
        Comparison::Equality | Comparison::Order => {
            let is_equality = comparison == Comparison::Equality;
            if (is_equality && (left.is_none() || right.is_none())) || are_of_one_kind(left, right) {
                return Ok(());
            }
            Err(TimeError::Comparison {
                left: words_of(left),
                right: words_of(right),
                advice: ONE_KIND,
            })
        }
    }
}

/// Checks that a value can be looked for in another.
fn sought(value: &Value, within: &Value) -> Result<(), TimeError> {
    // JSON has neither times nor durations.
    let is_json = within.downcast_object_ref::<Place>().is_some();
    let temporal = Temporal::of(value);
    let list = within.as_object().map(|object| object.repr());
    if !matches!(list, Some(ObjectRepr::Seq | ObjectRepr::Iterable)) {
        return match temporal {
            Some(temporal) => Err(TimeError::Membership {
                sought: temporal.words(),
            }),
            None => Ok(()),
        };
    }
    if is_json && temporal.is_none() {
        return Ok(());
    }
    let Ok(entries) = within.try_iter() else {
        return Ok(());
    };
    // As far as minijinja looks, which is what it charges for.
    for entry in entries {
        comparable(Comparison::Equality, value, &entry)?;
        if entry == *value {
            break;
        }
    }
    Ok(())
}

/// True if both are times, both are durations, or neither is one of them.
fn are_of_one_kind(left: &Value, right: &Value) -> bool {
    let kind = |value: &Value| Temporal::of(value).map(|temporal| std::mem::discriminant(&temporal));
    kind(left) == kind(right)
}
