//! The functions, filters and tests over times, as minijinja calls them.

#![expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands named arguments over by value"
)]

use super::{
    Days, Duration, Format, Hours, Temporal, Time, TimeError, WEEKDAYS, Zone,
    business_hours::number_of,
    operators::{Comparison, compared},
    words_of,
};
use minijinja::{
    Environment, Error, ErrorKind, State, Value,
    value::{Kwargs, ValueKind},
};
use std::collections::BTreeMap;

/// The tests that compare: their names, what they compare by, and what holds. `select` and the like use them, and with minijinja's own
/// a time would be silently unequal to every text.
const TESTS: [Test; 6] = [
    (&["eq", "equalto", "=="], Comparison::Equality, |left, right| {
        left == right
    }),
    (&["ne", "!="], Comparison::Equality, |left, right| left != right),
    (&["lt", "lessthan", "<"], Comparison::Order, |left, right| left < right),
    (&["le", "<="], Comparison::Order, |left, right| left <= right),
    (&["gt", "greaterthan", ">"], Comparison::Order, |left, right| {
        left > right
    }),
    (&["ge", ">="], Comparison::Order, |left, right| left >= right),
];

type Test = (&'static [&'static str], Comparison, fn(&Value, &Value) -> bool);

/// Adds them to an environment.
pub(in crate::template) fn prepare(environment: &mut Environment<'_>) {
    environment.add_function("time", time);
    environment.add_function("duration", duration);
    environment.add_filter("in_zone", in_zone);
    environment.add_filter("format_time", format_time);
    environment.add_filter("within", within);
    environment.add_filter("seconds", seconds);
    for (names, comparison, holds) in TESTS {
        for name in names {
            environment.add_test(*name, move |left: &Value, right: &Value| {
                compared(comparison, left, right).map(|()| holds(left, right))
            });
        }
    }
    environment.add_test("in", |state: &State<'_, '_>, left: &Value, right: &Value| {
        compared(Comparison::Membership, left, right)?;
        minijinja::tests::is_in(state, left, right)
    });
}

/// The error as minijinja has it.
pub(in crate::template) fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string())
}

/// `time(value, zone=…)`.
fn time(value: &Value, arguments: Kwargs) -> Result<Value, Error> {
    there(value)?;
    let zone = argument(&arguments, "zone")?;
    arguments.assert_all_used()?;
    read_time(value, zone.as_deref())
        .map(|time| Temporal::Time(time).into())
        .map_err(failed)
}

fn read_time(value: &Value, zone: Option<&str>) -> Result<Time, TimeError> {
    // A wrong zone is said also where the time does not need it.
    let zone = zone.map(Zone::named).transpose()?;
    match (Temporal::of(value), value.as_str(), zone) {
        (Some(Temporal::Time(time)), ..) => Ok(time),
        (None, Some(text), Some(zone)) => Time::read_in(text, &zone),
        (None, Some(text), None) => Time::read(text),
        (None, None, _) if value.kind() == ValueKind::Number => {
            Time::of_seconds(f64::try_from(value.clone()).unwrap_or(f64::INFINITY))
        }
        _ => Err(TimeError::NoTimeOf { given: words_of(value) }),
    }
}

/// `duration(text)`.
fn duration(value: &Value) -> Result<Value, Error> {
    there(value)?;
    let duration = match (Temporal::of(value), value.as_str()) {
        (Some(Temporal::Duration(duration)), _) => Ok(duration),
        (None, Some(text)) => Duration::read(text),
        _ => Err(TimeError::NoDurationOf { given: words_of(value) }),
    };
    duration
        .map(|duration| Temporal::Duration(duration).into())
        .map_err(failed)
}

/// `time | in_zone(name)`.
fn in_zone(time: &Value, zone: &Value) -> Result<Value, Error> {
    let time = operand("in_zone", time)?;
    let zone = Zone::named(&text("zone", zone)?).map_err(failed)?;
    let shown = zone.shows(time);
    let weekday = number_of(shown.weekday());
    let fields = BTreeMap::from([
        ("year", Value::from(shown.year())),
        ("month", Value::from(shown.month())),
        ("day", Value::from(shown.day())),
        ("hour", Value::from(shown.hour())),
        ("minute", Value::from(shown.minute())),
        ("second", Value::from(shown.second())),
        (
            "weekday",
            Value::from(WEEKDAYS.get(weekday).copied().unwrap_or_default()),
        ),
        ("date", Value::from(shown.date().to_string())),
        ("is_weekend", Value::from(weekday >= 5)),
    ]);
    Ok(fields.into())
}

/// `time | format_time(format, zone=…)`.
fn format_time(time: &Value, format: &Value, arguments: Kwargs) -> Result<Value, Error> {
    let time = operand("format_time", time)?;
    let zone = zone(&arguments)?;
    arguments.assert_all_used()?;
    let format = Format::read(&text("format", format)?).map_err(failed)?;
    format.write(time, &zone).map(Value::from).map_err(failed)
}

/// `time | within(hours, days=…, zone=…)`.
fn within(time: &Value, hours: &Value, arguments: Kwargs) -> Result<bool, Error> {
    let time = operand("within", time)?;
    let zone = zone(&arguments)?;
    let days = argument(&arguments, "days")?;
    arguments.assert_all_used()?;
    let hours = Hours::read(&text("hours", hours)?).map_err(failed)?;
    let days = days.map_or(Ok(Days::ALL), |days| Days::read(&days)).map_err(failed)?;
    Ok(hours.include(time, days, &zone))
}

/// `duration | seconds`.
fn seconds(value: &Value) -> Result<i64, Error> {
    there(value)?;
    match Temporal::of(value) {
        Some(Temporal::Duration(duration)) => Ok(duration.seconds()),
        _ => Err(failed(TimeError::NoSecondsOf { given: words_of(value) })),
    }
}

/// The time that a filter works on.
fn operand(filter: &'static str, value: &Value) -> Result<Time, Error> {
    there(value)?;
    match Temporal::of(value) {
        Some(Temporal::Time(time)) => Ok(time),
        _ => Err(failed(TimeError::NotForFilter {
            filter,
            given: words_of(value),
        })),
    }
}

/// Checks that a value is not missing.
fn there(value: &Value) -> Result<(), Error> {
    match value.is_undefined() {
        true => Err(ErrorKind::UndefinedError.into()),
        false => Ok(()),
    }
}

/// The zone that the arguments name; UTC if they name none.
fn zone(arguments: &Kwargs) -> Result<Zone, Error> {
    let name = argument(arguments, "zone")?;
    name.map_or(Ok(Zone::utc()), |name| Zone::named(&name)).map_err(failed)
}

/// A named argument that must be text.
fn argument(arguments: &Kwargs, name: &'static str) -> Result<Option<String>, Error> {
    let value: Option<Value> = match arguments.has(name) {
        true => Some(arguments.get(name)?),
        false => None,
    };
    value.map(|value| text(name, &value)).transpose()
}

fn text(name: &'static str, value: &Value) -> Result<String, Error> {
    there(value)?;
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(failed(TimeError::Argument {
            name,
            given: words_of(value),
        })),
    }
}
