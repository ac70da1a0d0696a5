//! Asking the person at the terminal.

use crate::error::Error;
use std::io::{self, IsTerminal, Write};

/// Whether somebody is there to be asked.
pub(super) fn somebody_is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks a question that is answered by yes or no.
pub(super) fn confirmed(question: &str) -> Result<bool, Error> {
    // Standard output is for the result.
    write!(io::stderr(), "{question} [y/N] ")?;
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
