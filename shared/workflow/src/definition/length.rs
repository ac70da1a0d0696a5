//! Lengths of time as people write them: `10s`, `1h 30m`, `2d`.

use super::limits::LONGEST_SECONDS;
use jiff::{SignedDuration, Span, SpanRelativeTo};
use std::fmt;

/// A length of time: one second to 364 days, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(SignedDuration);

impl Length {
    /// Reads a length from text. A day has 24 hours.
    ///
    /// # Errors
    /// What is wrong with the text, and what a right one looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let duration = length_of(text)
            .ok_or_else(|| format!("{text:?} is not a length of time; write it like 30s, 10m, 1h30m or 2d"))?;
        Self::from_seconds(duration.as_secs())
            .filter(|_| duration.subsec_nanos() == 0)
            .ok_or_else(|| format!("{text:?} is out of range; it must be whole seconds, from 1s to 364d"))
    }

    /// A length of so many seconds, if it is in range.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (1..=LONGEST_SECONDS)
            .contains(&seconds)
            .then(|| Self(SignedDuration::from_secs(seconds)))
    }

    /// A length of so many seconds that is written in code. One that is out of range does not compile.
    pub(crate) const fn literal<const SECONDS: i64>() -> Self {
        const { assert!(SECONDS >= 1 && SECONDS <= LONGEST_SECONDS) };
        Self(SignedDuration::from_secs(SECONDS))
    }

    /// The length.
    #[must_use]
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

/// Reads a length of time of any size, also a negative one. A day has 24 hours.
pub(crate) fn length_of(text: &str) -> Option<SignedDuration> {
    let span: Span = text.trim().parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

impl fmt::Display for Length {
    /// As short as it can be read back: `1h 30m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Length;
    use rstest::rstest;

    #[rstest]
    #[case("10s", 10)]
    #[case("10m", 600)]
    #[case("1h30m", 5400)]
    #[case("1h 30m", 5400)]
    #[case("2d", 172_800)]
    fn a_length_is_read_as_people_write_it_and_written_so_that_it_reads_back(#[case] text: &str, #[case] seconds: i64) {
        let length = Length::parse(text).unwrap();
        assert_eq!(length.duration().as_secs(), seconds);
        assert_eq!(Length::parse(&length.to_string()).unwrap(), length);
    }

    #[rstest]
    #[case("")]
    #[case("10")]
    #[case("-5m")]
    #[case("0s")]
    #[case("NaN")]
    #[case("500ms")]
    #[case("2y")]
    #[case("365d")]
    fn w2_a_length_out_of_range_is_refused(#[case] text: &str) {
        assert!(Length::parse(text).is_err());
    }
}
