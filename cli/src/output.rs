//! Printing: text for people, JSON for programs.

mod progress;

pub(crate) use progress::Working;

use crate::error::Error;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where results go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
    terminal: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        // It honours NO_COLOR and CLICOLOR, and terminals that have no colours.
        let colour = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        Self {
            json,
            colour,
            terminal: io::stdout().is_terminal(),
        }
    }

    /// Whether a person sees it at once.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal && !self.json
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

    /// Shows a line that the next one, or the next live line, takes the place of. Nothing where no person sees it.
    pub(crate) fn live(&mut self, line: &str) -> Result<(), Error> {
        if self.is_terminal() {
            let mut out = io::stdout().lock();
            // Back to the front, and away with what stood there. A line that wraps would leave its front behind.
            let shown: String = line.chars().take(LIVE_WIDTH).collect();
            write!(out, "\r\u{1b}[2K{shown}")?;
            out.flush()?;
        }
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
        let _closed = writeln!(io::stderr().lock(), "{}warning: {text}", progress::front());
    }

    /// Tells a person who waits what for, once it takes longer than a second and until what this gives is dropped. Where
    /// standard error is no terminal, nobody waits.
    pub(crate) fn working(&self, what: impl Into<String>) -> Working {
        Working::on(what.into())
    }

    /// Tells what went wrong.
    pub(crate) fn complain(&self, error: &Error) {
        // If standard error is closed there is nobody left to tell.
        let _closed = writeln!(io::stderr().lock(), "{}error: {error}", progress::front());
    }
}

/// The widest live line: terminals are at least as wide.
const LIVE_WIDTH: usize = 79;

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
