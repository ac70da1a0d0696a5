//! Where the time comes from.

use std::fmt;

use jiff::Timestamp;

/// A source of the present time.
///
/// The rules never ask for the time themselves: they get it with each request, so that a test decides what time it is.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A time as REST answers write it: whole seconds, UTC.
pub(crate) fn seconds(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// A time as V3 webhooks write `occurred_at`: milliseconds, UTC.
pub(crate) fn milliseconds(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_seconds_for_rest_and_in_milliseconds_for_webhooks() {
        let at: Timestamp = "2026-03-01T08:15:30.123987Z".parse().unwrap();

        assert_eq!(seconds(at), "2026-03-01T08:15:30Z");
        assert_eq!(milliseconds(at), "2026-03-01T08:15:30.123Z");
    }
}
