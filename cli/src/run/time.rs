//! Times and lengths of time, in words.

use jiff::{SignedDuration, Timestamp};

/// A length of time with as much detail as a person reads: `0.7 s`, `12 min 5 s`, `3 h 2 min`, `2 d 4 h`.
pub(super) fn length(duration: SignedDuration) -> String {
    let millis = duration.as_millis().max(0);
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}.{} s", millis % 1000 / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    length(to.duration_since(from))
}

/// The age of something, in one unit.
pub(super) fn ago(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A time of day, in UTC.
pub(crate) fn clock(time: Option<Timestamp>) -> String {
    time.map(|time| time.strftime("%H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

/// A day and a time of day, in UTC.
pub(crate) fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(700, "0.7 s")]
    #[case(59_999, "59.9 s")]
    #[case(725_000, "12 min 5 s")]
    #[case(10_920_000, "3 h 2 min")]
    #[case(187_200_000, "2 d 4 h")]
    fn a_length_has_two_units_at_most(#[case] millis: i64, #[case] text: &str) {
        assert_eq!(length(SignedDuration::from_millis(millis)), text);
    }

    #[rstest]
    #[case(5, "5 s ago")]
    #[case(3_599, "59 min ago")]
    #[case(7_200, "2 h ago")]
    #[case(900_000, "10 d ago")]
    #[case(-3, "0 s ago")]
    fn the_past_has_one_unit_and_a_clock_may_be_behind(#[case] seconds: i64, #[case] text: &str) {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        assert_eq!(
            ago(now, now.checked_sub(SignedDuration::from_secs(seconds)).unwrap()),
            text
        );
    }
}
