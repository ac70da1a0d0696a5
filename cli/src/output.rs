//! Printing: text for people, JSON for programs.

use crate::error::Error;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where results go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, colour }
    }

    /// Whether a program reads it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: as JSON for a program, as `text` for a person.
    pub(crate) fn result(&mut self, result: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Error> {
        let line = if self.json {
            serde_json::to_string_pretty(result)?
        } else {
            text()
        };
        self.line(&line)
    }

    /// Prints a line for a person.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Error> {
        writeln!(io::stdout().lock(), "{line}")?;
        Ok(())
    }

    /// A text in a colour of the terminal, by its number in ANSI.
    pub(crate) fn coloured(&self, number: u8, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{number}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Tells what somebody should know although it worked.
    pub(crate) fn warn(&self, text: &str) {
        // If standard error is closed there is nobody left to tell.
        let _closed = writeln!(io::stderr().lock(), "warning: {text}");
    }

    /// Tells a person who waits what for. Where standard error is no terminal, nobody does.
    pub(crate) fn progress(&self, text: &str) {
        if io::stderr().is_terminal() {
            // If standard error is closed there is nobody left to tell.
            let _closed = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Tells what went wrong.
    pub(crate) fn complain(&self, error: &Error) {
        // If standard error is closed there is nobody left to tell.
        let _closed = writeln!(io::stderr().lock(), "error: {error}");
    }
}

/// Makes text that came from outside fit to be printed: what would steer the terminal is shown and not done.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn b28_t4_a_title_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\r\n\u{202e}c"),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}\u{fffd}c"
        );
    }
}
