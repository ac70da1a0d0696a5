//! Questions to the person at the terminal.

use crate::{error::Error, output::printable};
use dialoguer::{Confirm, Input, Password, Select, console::Term};
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

/// Asks for a line of text until it passes a check.
pub(crate) fn text(
    prompt: &str,
    default: Option<&str>,
    may_be_empty: bool,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, Error> {
    let mut question = Input::<String>::new()
        .with_prompt(printable(prompt))
        .allow_empty(may_be_empty)
        .validate_with(|answer: &String| check(answer));
    if let Some(default) = default {
        question = question.default(default.to_owned());
    }
    // As it was typed: a space at the end may be meant.
    let answer = question.interact_text();
    answer.map_err(|dialoguer::Error::IO(cause)| Error::Question(cause))
}

/// Asks for one of a few words.
pub(crate) fn one_of(prompt: &str, words: &[String], default: Option<&str>) -> Result<String, Error> {
    let first = default.and_then(|default| words.iter().position(|word| word == default));
    let question = Select::new()
        .with_prompt(printable(prompt))
        .items(words)
        .default(first.unwrap_or_default());
    let chosen = question
        .interact()
        .map_err(|dialoguer::Error::IO(cause)| Error::Question(cause))?;
    Ok(words.get(chosen).cloned().unwrap_or_default())
}

/// Asks for a secret, which is not shown while it is typed. One that must not be empty is asked for until it is not.
pub(crate) fn secret(name: &str, may_be_empty: bool) -> Result<SecretString, Error> {
    let question = Password::new().with_prompt(printable(name));
    let secret = question.allow_empty_password(may_be_empty).interact();
    let secret = secret.map_err(|dialoguer::Error::IO(cause)| Error::SecretInput(cause))?;
    Ok(secret.into())
}
