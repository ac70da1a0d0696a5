//! Times in the formats of AWS. In workflows they are text in RFC 3339.

use crate::model::TimeFormat;
use jiff::{Timestamp, fmt::rfc2822};
use serde_json::{Number, Value};

/// A time in a format. Fractions of a second stay where the format has a place for them, to the millisecond.
pub(crate) fn written(time: Timestamp, format: TimeFormat) -> String {
    match format {
        TimeFormat::Iso8601 if time.subsec_millisecond() == 0 => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        TimeFormat::Iso8601 => time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        TimeFormat::Unix => seconds(time).to_string(),
        TimeFormat::Rfc822 => time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    }
}

/// The seconds since 1970, as a number of JSON: a whole one where it is whole.
pub(crate) fn seconds(time: Timestamp) -> Number {
    match time.as_millisecond() {
        whole if whole % 1000 == 0 => (whole / 1000).into(),
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of the years that times can have are exact"
        )]
        milliseconds => Number::from_f64(milliseconds as f64 / 1000.0).unwrap_or_else(|| (milliseconds / 1000).into()),
    }
}

/// A time of an answer as workflows have it. Where a service answers in another format than its model says, that is read as well; what
/// is no time stays as it is.
pub(crate) fn shown(text: &str) -> Value {
    read(text).map_or_else(|| text.into(), |time| time.to_string().into())
}

/// A time of an answer that is a number of seconds since 1970.
pub(crate) fn shown_number(number: &Number) -> Value {
    let time = number.as_f64().and_then(of_seconds);
    time.map_or_else(|| Value::Number(number.clone()), |time| time.to_string().into())
}

/// Reads a time in any of the formats.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return of_seconds(seconds);
    }
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    rfc2822::parse(text).ok().map(|time| time.timestamp())
}

fn of_seconds(seconds: f64) -> Option<Timestamp> {
    let milliseconds = (seconds * 1000.0).round();
    // The years from -9999 to 9999 are far within.
    if !milliseconds.is_finite() || milliseconds.abs() > 1e15 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number and in range")]
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2027-01-31T09:00:00Z")]
    #[case("2027-01-31T10:00:00+01:00")]
    #[case("1801386000")]
    #[case("1801386000.0")]
    #[case("1.801386E9")]
    #[case("Sun, 31 Jan 2027 09:00:00 GMT")]
    #[case(" 2027-01-31T09:00:00.000Z ")]
    fn each_format_is_read_whatever_the_model_says(#[case] text: &str) {
        assert_eq!(shown(text), "2027-01-31T09:00:00Z");
    }

    #[rstest]
    #[case("2027-01-31T09:00:00Z", TimeFormat::Iso8601, "2027-01-31T09:00:00Z")]
    #[case("2027-01-31T09:00:00.25Z", TimeFormat::Iso8601, "2027-01-31T09:00:00.250Z")]
    #[case("2027-01-31T09:00:00Z", TimeFormat::Unix, "1801386000")]
    #[case("2027-01-31T09:00:00.25Z", TimeFormat::Unix, "1801386000.25")]
    #[case("2027-01-31T09:00:00.25Z", TimeFormat::Rfc822, "Sun, 31 Jan 2027 09:00:00 GMT")]
    #[case("1969-12-31T23:59:59.5Z", TimeFormat::Unix, "-0.5")]
    fn a_time_is_written_in_the_format_of_the_model(
        #[case] time: Timestamp,
        #[case] format: TimeFormat,
        #[case] text: &str,
    ) {
        assert_eq!(written(time, format), text);
    }

    #[rstest]
    #[case("soon")]
    #[case("1e300")]
    #[case("")]
    #[case("NaN")]
    fn what_is_no_time_stays_as_it_is(#[case] text: &str) {
        assert_eq!(shown(text), text);
    }
}
