//! Measurements for CloudWatch, in its embedded metric format: a line of JSON on standard output, of which CloudWatch Logs makes
//! metrics. So they cost no call, and no function needs a right for them.
//!
//! What is measured is an [`Observation`]. What tells the values of a metric apart, its dimensions, is the name of the stack and
//! words of closed enums, or the names of actions and connectors: no text of a system, of a sender or of a workflow can become one, and
//! each metric has as many series as there are words.
//!
//! CloudWatch takes the lines at the level `INFO`, because they have none: an `ApplicationLogLevel` above that, in the template,
//! would drop them.

mod format;
mod observation;
mod transport;

pub use observation::{CallStatus, Observation, RefusalReason, RunOutcome, StepLatency, TakenAs};
pub use transport::MeasuredTransport;

use self::format::Document;
use crate::settings::Settings;
use jiff::Timestamp;
use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Pagerflow";

/// The stack of a function that was started outside of one.
const NO_STACK: &str = "local";

/// The destination of measurements.
pub struct Metrics {
    stack: String,
    lines: Mutex<Box<dyn Write + Send>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("stack", &self.stack)
            .finish_non_exhaustive()
    }
}

impl Metrics {
    /// Measurements of a stack, written to `lines`.
    #[must_use]
    pub fn new(stack: impl Into<String>, lines: impl Write + Send + 'static) -> Self {
        Self {
            stack: stack.into(),
            lines: Mutex::new(Box::new(lines)),
        }
    }

    /// Measurements of the stack that the setting `STACK_NAME` names, or of `local`, written to standard output.
    #[must_use]
    pub fn of_stack(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let stack = Settings::new(lookup).optional("STACK_NAME");
        Self::new(stack.unwrap_or_else(|| NO_STACK.to_owned()), io::stdout())
    }

    /// Measurements that are not wanted, because nothing real is measured.
    #[must_use]
    pub fn discarded() -> Self {
        Self::new(NO_STACK, io::sink())
    }

    /// Writes an observation down: one line, or none if nothing was measured.
    pub fn tell(&self, observation: &Observation, now: Timestamp) {
        let measures = observation.measures();
        if measures.is_empty() {
            return;
        }
        let document = Document::new(&self.stack, &measures, now);
        let Ok(mut line) = serde_json::to_vec(&document) else {
            return;
        };
        line.push(b'\n');
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // In one piece, so that no line of the log gets in between. There is no place to report that it failed, and nothing to fail
        // for it.
        let _lost = lines.write_all(&line).and_then(|()| lines.flush());
    }
}

#[cfg(test)]
mod tests;
