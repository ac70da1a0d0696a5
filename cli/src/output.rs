//! The seam between operations and people: an operation gives a result, which a program reads as JSON and a person as text.
//!
//! An operation (`list`, `show`, `apply`, …) takes typed options and the stack, and gives a [`View`]. It prints nothing; what it
//! has to say meanwhile goes to [`Notices`]. Its caller decides about the result: the command line prints it.

mod notices;
mod screen;
mod seen;

pub(crate) use notices::{Notices, tell};
pub(crate) use screen::Screen;
pub(crate) use seen::printable;

use crate::error::Error;
use serde::Serialize;
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};
use workflow::characters::escaped_in_json;

/// The result of an operation. Programs get it as JSON.
pub(crate) trait View: Serialize {
    /// The text for a person.
    fn text(&self, screen: Screen) -> String;

    /// True if there is a result, and it is that something failed: a run, a check, a test.
    fn is_failure(&self) -> bool {
        false
    }
}

/// The result as a program gets it, with its fields in alphabetical order.
#[cfg(test)]
pub(crate) fn as_json(result: &impl View) -> serde_json::Value {
    serde_json::to_value(result).unwrap()
}

/// The destination of results.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    screen: Screen,
    /// True if standard output is closed, as after `… | head`.
    closed: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        // It honours NO_COLOR and CLICOLOR, and terminals that have no colours.
        let has_colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        Self {
            json,
            screen: Screen::new(has_colours, io::stdout().is_terminal() && !json),
            closed: false,
        }
    }

    /// The screen that text is written for.
    pub(crate) fn screen(&self) -> Screen {
        self.screen
    }

    /// Takes what an operation has to say beside its result.
    pub(crate) fn notices(&self) -> Notices {
        Notices
    }

    /// True if a program reads it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: as JSON for a program, as text for a person. The exit code is that of the command.
    pub(crate) fn show(&mut self, result: &impl View) -> Result<ExitCode, Error> {
        match self.json {
            true => self.print(&escaped_in_json(&serde_json::to_string_pretty(result)?))?,
            false => self.line(&result.text(self.screen))?,
        }
        Ok(match result.is_failure() {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        })
    }

    /// Prints a line for a person. A reader that is gone is no error: the rest of the command is done to its end.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Error> {
        self.print(&seen::lines(line, self.screen.has_colours()))
    }

    /// Prints what is fit to be printed.
    fn print(&mut self, line: &str) -> Result<(), Error> {
        let written = writeln!(io::stdout().lock(), "{line}");
        self.note_closed(written)
    }

    /// True if standard output is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    fn note_closed(&mut self, written: io::Result<()>) -> Result<(), Error> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => Ok(written?),
        }
    }

    /// Shows a line that the next one, or the next live line, takes the place of. Nothing where no person sees it.
    pub(crate) fn live(&mut self, line: &str) -> Result<(), Error> {
        if self.screen.is_terminal() {
            let mut out = io::stdout().lock();
            // Back to the front, and away with what stood there. A line that wraps would leave its front behind.
            let shown: String = seen::lines(line, self.screen.has_colours())
                .chars()
                .take(LIVE_WIDTH)
                .collect();
            write!(out, "\r\u{1b}[2K{shown}")?;
            out.flush()?;
        }
        Ok(())
    }
}

/// The widest live line: terminals are at least as wide.
const LIVE_WIDTH: usize = 79;

/// A word of a command line that people copy, in quotes where a shell would read it otherwise.
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;
    use std::path::{Path, PathBuf};

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_it_otherwise() {
        assert_eq!(shell_word("2/platform"), "2/platform");
        assert_eq!(shell_word("each[7]"), "'each[7]'");
        assert_eq!(shell_word("2/data base"), "'2/data base'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }

    /// The characters that a terminal does not only show pass through this module: nothing else writes.
    #[test]
    fn nothing_is_printed_but_here() {
        fn sources(folder: &Path) -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries
                .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
                .collect()
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut looked_at = 0;
        for path in sources(&root)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        {
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap_or_default();
            let writes = [
                "io::stdout()",
                "io::stderr()",
                " print!(",
                " println!(",
                "eprint!(",
                "eprintln!(",
                "dbg!(",
            ]
            .iter()
            .any(|word| code.contains(word));
            let may = path.starts_with(root.join("output")) || path == root.join("output.rs");
            assert!(may || !writes, "{}", path.display());
            looked_at += 1;
        }
        assert!(looked_at > 50, "{looked_at}");
    }
}
