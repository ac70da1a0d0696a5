//! Printing: text for people, JSON for programs.

mod progress;
mod seen;

pub(crate) use progress::Working;
pub(crate) use seen::printable;

use crate::error::Error;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use workflow::characters::escaped_in_json;

/// The destination of results.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
    terminal: bool,
    /// True if standard output is closed, as after `… | head`.
    closed: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        // It honours NO_COLOR and CLICOLOR, and terminals that have no colours.
        let colour = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        Self {
            json,
            colour,
            terminal: io::stdout().is_terminal(),
            closed: false,
        }
    }

    /// True if a person sees it at once.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal && !self.json
    }

    /// True if a program reads it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: as JSON for a program, as `text` for a person.
    pub(crate) fn result(&mut self, result: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Error> {
        if self.json {
            return self.print(&escaped_in_json(&serde_json::to_string_pretty(result)?));
        }
        self.line(&text())
    }

    /// Prints a line for a person. That nobody reads it any more is no error: what the command does besides is done to its end.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Error> {
        self.print(&seen::lines(line, self.colour))
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
        if self.is_terminal() {
            let mut out = io::stdout().lock();
            // Back to the front, and away with what stood there. A line that wraps would leave its front behind.
            let shown: String = seen::lines(line, self.colour).chars().take(LIVE_WIDTH).collect();
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
        tell(&format!("warning: {text}"));
    }

    /// Tells a person who waits what for, once it takes longer than a second and until what this gives is dropped. Where
    /// standard error is no terminal, nobody waits.
    pub(crate) fn working(&self, what: impl Into<String>) -> Working {
        Working::on(what.into())
    }

    /// Reports something beside the result that is neither wrong nor unusual.
    pub(crate) fn note(&self, text: &str) {
        tell(text);
    }

    /// Tells what went wrong.
    pub(crate) fn complain(&self, error: &str) {
        tell(&format!("error: {error}"));
    }
}

/// Writes a line on standard error.
pub(crate) fn tell(text: &str) {
    let text = seen::lines(text, false);
    // If standard error is closed there is nobody left to tell.
    let _closed = writeln!(io::stderr().lock(), "{}{text}", progress::front());
}

/// Writes a question on standard error, where standard output is for the result. The answer stands behind it.
pub(crate) fn ask(question: &str) -> Result<(), Error> {
    Ok(write!(io::stderr(), "{} ", seen::lines(question, false))?)
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
