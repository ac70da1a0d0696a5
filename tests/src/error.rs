//! What can go wrong while driving.

use std::io;

/// The reason a step of the demo or of a test could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The simulator did not answer.
    #[error("{request}: the PagerDuty simulator did not answer: {source}")]
    Simulator {
        request: String,
        /// The reason.
        source: Box<ureq::Error>,
    },
    /// An answer lacks something.
    #[error("{from} gave no {missing}: {answer}")]
    Answer {
        /// Who answered.
        from: &'static str,
        /// What is missing.
        missing: &'static str,
        answer: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {seconds} s")]
    TimedOut {
        /// What was to happen.
        what: &'static str,
        /// The time for which it was waited for.
        seconds: u64,
    },
    /// A program could not be started, or its secret could not be handed over.
    #[error("{what}: {source}")]
    Program {
        /// What was tried.
        what: String,
        /// The reason it did not work.
        source: io::Error,
    },
    /// `pagerflow` failed.
    #[error("pagerflow {arguments} failed: {said}")]
    Pagerflow {
        /// What it was called with.
        arguments: String,
        /// What it printed on standard error.
        said: String,
    },
}
