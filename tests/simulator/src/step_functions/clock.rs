//! The wall clock of a simulation.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A wall clock that follows the virtual time of a tokio runtime whose clock is paused.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    base: Timestamp,
    origin: Instant,
}

impl Clock {
    /// A clock that says `base` now. To be called inside the runtime of the simulation.
    #[must_use]
    pub fn starting_at(base: Timestamp) -> Self {
        Self {
            base,
            origin: Instant::now(),
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.base + self.origin.elapsed()
    }

    /// When the runtime reaches `time`; the present, if it is past.
    #[must_use]
    pub fn instant(&self, time: Timestamp) -> Instant {
        let ahead: SignedDuration = time.duration_since(self.now());
        let now = Instant::now();
        ahead
            .try_into()
            .ok()
            .and_then(|ahead| now.checked_add(ahead))
            .unwrap_or(now)
    }

    /// Waits until `time`.
    pub async fn sleep_until(&self, time: Timestamp) {
        if time > self.now() {
            tokio::time::sleep_until(self.instant(time)).await;
        }
    }
}
