//! Questions to the person at the terminal.

use crate::{error::Error, output::printable};
use dialoguer::{Confirm, Password, console::Term};
use secrecy::SecretString;
use std::io::{self, IsTerminal};

/// True if there is a terminal to ask at.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && Term::stderr().is_term()
}

/// Something needs a yes that cannot be asked for.
pub(crate) fn needs_yes(what: &str) -> Error {
    Error::Invalid(format!(
        "this needs a yes, and there is no terminal to ask at: pass --yes to confirm\n{what}"
    ))
}

/// The consent to steps that cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// It was given at the start.
    Given,
    /// A person is asked for it before each step.
    Asked,
}

impl Consent {
    /// The consent of a command with or without `--yes`.
    pub(crate) fn of(yes: bool) -> Self {
        match yes {
            true => Self::Given,
            false => Self::Asked,
        }
    }

    /// True if the step may be taken.
    pub(crate) fn allows(self, question: &str) -> Result<bool, Error> {
        match self {
            Self::Given => Ok(true),
            Self::Asked => confirmed(question),
        }
    }
}

/// Asks a question that only a clear yes answers with yes. Without a terminal that is an error which says so.
fn confirmed(question: &str) -> Result<bool, Error> {
    if !can_ask() {
        return Err(needs_yes(question));
    }
    let question = Confirm::new()
        .with_prompt(printable(question))
        .default(false)
        .wait_for_newline(true);
    question
        .interact()
        .map_err(|dialoguer::Error::IO(cause)| Error::Question(cause))
}

/// Asks for a secret, which is not shown while it is typed.
pub(crate) fn secret(name: &str) -> Result<SecretString, Error> {
    let secret = Password::new().with_prompt(name).interact();
    let secret = secret.map_err(|dialoguer::Error::IO(cause)| Error::SecretInput(cause))?;
    Ok(secret.into())
}
