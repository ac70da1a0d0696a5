//! Measurements of one thing.

use std::time::Duration;

/// Measurements of one thing, which are looked at by rank: on a machine that does other work too, a mean tells of that
/// work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    sorted: Vec<Duration>,
}

impl Sample {
    /// A sample of these.
    #[must_use]
    pub fn new(measured: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<Duration> = measured.into_iter().collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// The number of measurements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The smallest measurement that so many per cent of all do not exceed (nearest rank); none of no measurement.
    #[must_use]
    pub fn percentile(&self, per_cent: usize) -> Option<Duration> {
        let rank = (self.sorted.len() * per_cent).div_ceil(100);
        self.sorted.get(rank.saturating_sub(1)).copied()
    }

    /// The 50th percentile.
    #[must_use]
    pub fn median(&self) -> Option<Duration> {
        self.percentile(50)
    }
}

/// A time as it stands in a table, in milliseconds; a dash where nothing was measured.
#[must_use]
pub fn milliseconds(time: Option<Duration>) -> String {
    time.map_or_else(
        || "–".to_owned(),
        |time| {
            let milliseconds = time.as_secs_f64() * 1e3;
            match milliseconds {
                ..10.0 => format!("{milliseconds:.2}"),
                10.0..100.0 => format!("{milliseconds:.1}"),
                _ => format!("{milliseconds:.0}"),
            }
        },
    )
}

/// How many times as long as the floor something takes; a dash where one of the two was not measured.
#[must_use]
pub fn ratio(time: Option<Duration>, floor: Option<Duration>) -> String {
    match (time, floor) {
        (Some(time), Some(floor)) if !floor.is_zero() => format!("{:.2}", time.as_secs_f64() / floor.as_secs_f64()),
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(milliseconds: impl IntoIterator<Item = u64>) -> Sample {
        Sample::new(milliseconds.into_iter().map(Duration::from_millis))
    }

    #[test]
    fn a_percentile_is_a_measurement_in_whatever_order_they_came() {
        let sample = of((1..=100).rev());
        let at = |per_cent| sample.percentile(per_cent).unwrap().as_millis();
        assert_eq!((at(50), at(95), at(99), at(100)), (50, 95, 99, 100));
        assert_eq!(at(0), 1, "the smallest of all");
    }

    #[test]
    fn few_measurements_have_percentiles_too() {
        assert_eq!(of([7]).percentile(99), Some(Duration::from_millis(7)));
        assert_eq!(of([3, 1]).median(), Some(Duration::from_millis(1)));
        assert_eq!(of([3, 1, 2]).median(), Some(Duration::from_millis(2)));
    }

    #[test]
    fn nothing_measured_is_a_dash() {
        assert!(of([]).is_empty());
        assert_eq!(milliseconds(of([]).median()), "–");
        assert_eq!(ratio(None, of([1]).median()), "–");
        assert_eq!(ratio(of([1]).median(), Some(Duration::ZERO)), "–");
    }

    #[test]
    fn a_table_has_three_digits_of_a_time() {
        let shown = |microseconds| milliseconds(Some(Duration::from_micros(microseconds)));
        assert_eq!(
            [1_644, 23_456, 345_678].map(shown),
            ["1.64", "23.5", "346"].map(str::to_owned)
        );
        assert_eq!(ratio(of([3]).median(), of([2]).median()), "1.50");
    }
}
