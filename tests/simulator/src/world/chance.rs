//! Chance: everything that is drawn in a simulation comes from one seed.

use fastrand::Rng;
use std::{
    ops::RangeInclusive,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A source of chance that the parts of a simulated world share. In a runtime with one thread the same seed gives the same
/// draws.
#[derive(Debug)]
pub struct Chance(Mutex<Rng>);

impl Chance {
    /// A source that begins with a seed. Different words for one seed give draws that have nothing to do with each other.
    #[must_use]
    pub fn new(seed: u64, word: &str) -> Self {
        Self(Mutex::new(Self::rng(seed, word)))
    }

    /// The same as a plain generator.
    #[must_use]
    pub fn rng(seed: u64, word: &str) -> Rng {
        let mixed = word.bytes().fold(seed ^ 0x9e37_79b9_7f4a_7c15, |mixed, byte| {
            (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
        });
        Rng::with_seed(mixed)
    }

    fn rng_of(&self) -> MutexGuard<'_, Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True in this share of the cases, from 0 to 1.
    pub fn happens(&self, share: f64) -> bool {
        self.rng_of().f64() < share
    }

    /// A number from 0 up to 1.
    pub fn part(&self) -> f64 {
        self.rng_of().f64()
    }

    /// A number within a range.
    pub fn number(&self, range: RangeInclusive<u64>) -> u64 {
        self.rng_of().u64(range)
    }

    /// A position in a list of this length, which is not empty.
    pub fn position(&self, length: usize) -> usize {
        self.rng_of().usize(0..length.max(1))
    }

    /// A time of so many milliseconds.
    pub fn millis(&self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.number(range))
    }

    /// One of some things.
    pub fn one_of<T: Copy>(&self, things: &[T]) -> Option<T> {
        self.rng_of().choice(things).copied()
    }
}
