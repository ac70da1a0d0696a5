//! Remarks beside a result, on standard error.

use super::{printable, seen};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};
use tokio::{task::JoinHandle, time::sleep};

/// A wait that is too short to report.
const PATIENCE: Duration = Duration::from_secs(1);

/// The interval at which the line is drawn.
const REDRAWN: Duration = Duration::from_millis(125);

/// Back to the front of the line, and away with what stands there.
const CLEAR: &str = "\r\u{1b}[2K";

/// Takes the remarks of an operation: a warning, a note, a long wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notices;

impl Notices {
    /// A fact that people should know although it worked.
    pub(crate) fn warn(self, text: &str) {
        tell(&format!("warning: {text}"));
    }

    /// A fact beside the result that is neither wrong nor unusual.
    pub(crate) fn note(self, text: &str) {
        tell(text);
    }

    /// Reports a wait, once it takes longer than a second and until what this gives is dropped. Where standard error is no
    /// terminal, no person waits.
    pub(crate) fn working(self, doing: impl Into<String>) -> Working {
        Working::on(&doing.into())
    }
}

/// Work that goes on. While this lives, a person at a terminal sees a line of it, which is gone at the end.
#[derive(Debug)]
pub(crate) struct Working(Option<(ProgressBar, JoinHandle<()>)>);

impl Working {
    fn on(doing: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::no_length().with_message(printable(doing));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} … {elapsed}") {
            bar.set_style(style);
        }
        let drawn = bar.clone();
        let drawing = tokio::spawn(async move {
            sleep(PATIENCE).await;
            drawn.enable_steady_tick(REDRAWN);
        });
        Self(Some((bar, drawing)))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some((bar, drawing)) = &self.0 {
            drawing.abort();
            bar.finish_and_clear();
        }
    }
}

/// Writes a line on standard error, in the place of a line of work.
pub(crate) fn tell(text: &str) {
    let text = seen::lines(text, false);
    let front = if io::stderr().is_terminal() { CLEAR } else { "" };
    // If standard error is closed there is nothing left to write to.
    let _closed = writeln!(io::stderr().lock(), "{front}{text}");
}
