//! Retriers: whether a failed state is tried again, and when.

use super::{failure, limits::EXECUTION_DURATION};
use std::time::Duration;

/// One entry of `Retry`.
#[derive(Debug, Clone)]
pub(super) struct Retrier {
    pub(super) errors: Vec<String>,
    pub(super) interval: Duration,
    pub(super) backoff: f64,
    pub(super) max_delay: Option<Duration>,
    pub(super) max_attempts: u64,
    pub(super) jitter: bool,
}

impl Retrier {
    /// The delay before a retry, after `attempts` earlier ones by this retrier.
    ///
    /// The interval grows by the back-off rate with each attempt, up to `MaxDelaySeconds`; full jitter takes a random part
    /// of it (developer guide, `concepts-error-handling.html`, "Retry field examples").
    fn delay(&self, attempts: u64, random: impl FnOnce() -> f64) -> Duration {
        let exponent = i32::try_from(attempts).unwrap_or(i32::MAX);
        let seconds = self.interval.as_secs_f64() * self.backoff.powi(exponent);
        let grown = Duration::try_from_secs_f64(seconds).unwrap_or(EXECUTION_DURATION);
        let delay = grown.min(self.max_delay.unwrap_or(EXECUTION_DURATION));
        if self.jitter {
            delay.mul_f64(random().clamp(0.0, 1.0))
        } else {
            delay
        }
    }
}

/// The retries of one visit to a state. Each retrier counts its own attempts.
#[derive(Debug)]
pub(super) struct Retries<'a> {
    retriers: Vec<(&'a Retrier, u64)>,
}

impl<'a> Retries<'a> {
    pub(super) fn new(retriers: &'a [Retrier]) -> Self {
        Self {
            retriers: retriers.iter().map(|retrier| (retrier, 0)).collect(),
        }
    }

    /// The delay before the state is tried again after `error`; nothing, if it is not. Only the first retrier that takes
    /// the error is asked.
    pub(super) fn next(&mut self, error: &str, random: impl FnOnce() -> f64) -> Option<Duration> {
        let (retrier, attempts) = self
            .retriers
            .iter_mut()
            .find(|(retrier, _)| retrier.errors.iter().any(|name| failure::takes(name, error)))?;
        if *attempts >= retrier.max_attempts {
            return None;
        }
        let delay = retrier.delay(*attempts, random);
        *attempts += 1;
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrier(errors: &[&str], max_attempts: u64) -> Retrier {
        Retrier {
            errors: errors.iter().map(|&name| name.to_owned()).collect(),
            interval: Duration::from_secs(1),
            backoff: 2.0,
            max_delay: None,
            max_attempts,
            jitter: false,
        }
    }

    fn delays(retrier: &Retrier, random: f64) -> Vec<f64> {
        let retriers = [retrier.clone()];
        let mut retries = Retries::new(&retriers);
        std::iter::from_fn(|| retries.next("A", || random))
            .map(|delay| delay.as_secs_f64())
            .collect()
    }

    #[test]
    fn the_delay_grows_by_the_back_off_rate() {
        assert_eq!(delays(&retrier(&["A"], 5), 0.0), [1.0, 2.0, 4.0, 8.0, 16.0]);
    }

    #[test]
    fn the_delay_stops_growing_at_the_maximal_delay() {
        let retrier = Retrier {
            max_delay: Some(Duration::from_secs(5)),
            ..retrier(&["A"], 5)
        };
        assert_eq!(delays(&retrier, 0.0), [1.0, 2.0, 4.0, 5.0, 5.0]);
    }

    #[test]
    fn full_jitter_takes_a_part_of_the_delay() {
        let retrier = Retrier {
            jitter: true,
            ..retrier(&["A"], 3)
        };
        assert_eq!(delays(&retrier, 0.25), [0.25, 0.5, 1.0]);
    }

    #[test]
    fn no_delay_is_longer_than_an_execution() {
        let retrier = Retrier {
            backoff: 1e300,
            ..retrier(&["A"], 3)
        };
        assert_eq!(delays(&retrier, 0.0)[1..], [EXECUTION_DURATION.as_secs_f64(); 2]);
    }

    #[test]
    fn no_attempts_are_no_retries() {
        assert_eq!(delays(&retrier(&["A"], 0), 0.0), [] as [f64; 0]);
    }

    #[test]
    fn only_the_first_retrier_that_takes_the_error_counts() {
        let retriers = [retrier(&["A"], 0), retrier(&["States.ALL"], 9)];
        let mut retries = Retries::new(&retriers);
        assert_eq!(retries.next("A", || 0.0), None);
        assert_eq!(retries.next("B", || 0.0), Some(Duration::from_secs(1)));
    }

    // The example of the developer guide, "Complex retry scenarios".
    #[test]
    fn each_retrier_counts_its_own_attempts_across_the_visit() {
        let retriers = [
            retrier(&["A", "B"], 2),
            Retrier {
                interval: Duration::from_secs(5),
                ..retrier(&["C"], 3)
            },
        ];
        let mut retries = Retries::new(&retriers);
        let delays = ["A", "B", "C", "B"].map(|error| retries.next(error, || 0.0).map(|delay| delay.as_secs()));
        assert_eq!(delays, [Some(1), Some(2), Some(5), None]);
    }
}
