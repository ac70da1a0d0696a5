//! What is said, and how.

use std::error::Error;
use std::io::{self, IsTerminal, Write};

use local_aws::Progress;

/// The terminal, or whatever stands in for it. Progress goes to standard error, results to standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console;

impl Console {
    /// A line of a result.
    pub(crate) fn say(self, line: &str) {
        // Where nobody listens any more, nothing is lost.
        let _ = writeln!(io::stdout(), "{line}");
    }

    /// An error with everything that caused it.
    pub(crate) fn complain(self, error: &dyn Error) {
        let mut text = format!("error: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&format!("\n  because {cause}"));
            source = cause.source();
        }
        let _ = writeln!(io::stderr(), "{text}");
    }
}

impl Progress for Console {
    fn begin(&self, what: &str) {
        let _ = writeln!(io::stderr(), "{}==> {what}", clear());
    }

    fn update(&self, how_far: &str) {
        // A log file wants no line that is overwritten a hundred times.
        if io::stderr().is_terminal() {
            let _ = write!(io::stderr(), "{}    {how_far}", clear());
            let _ = io::stderr().flush();
        }
    }
}

/// The terminal, for work beside other work that shows how far it is: it says what begins, and no more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside;

impl Progress for Beside {
    fn begin(&self, what: &str) {
        Console.begin(what);
    }

    fn update(&self, _how_far: &str) {}
}

/// Moves to the start of the line and empties it, where that is understood.
fn clear() -> &'static str {
    if io::stderr().is_terminal() { "\r\x1b[2K" } else { "" }
}
