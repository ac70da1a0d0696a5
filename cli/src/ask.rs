//! Asking the person at the terminal.

use crate::{error::Error, output};
use std::io::{self, IsTerminal};

/// True if there is a terminal to ask at.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Something needs a yes that cannot be asked for.
pub(crate) fn needs_yes(what: &str) -> Error {
    Error::Invalid(format!(
        "this needs a yes, and standard input is not a terminal: pass --yes to confirm\n{what}"
    ))
}

/// Asks a question that only a clear yes answers with yes. Without a terminal that is an error which says so.
pub(crate) fn confirmed(question: &str) -> Result<bool, Error> {
    if !can_ask() {
        return Err(needs_yes(question));
    }
    output::ask(&format!("{question} [y/N]"))?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for yes in ["y\n", "Y", "yes\n", " Yes \r\n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n", "no", "yes please", "memory-alert"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
