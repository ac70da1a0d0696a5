//! Reading a secret: from a prompt without echo, from standard input, or from a file; never from an argument, which every
//! user of the machine can see.

use crate::{ask, error::Error};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::Path,
};

/// Reads a secret that may be empty.
pub(crate) fn read_optional(name: &str, file: Option<&Path>) -> Result<SecretString, Error> {
    Ok(text(name, file, true)?.expose_secret().trim().into())
}

/// Reads a secret. Space around it, such as the last line's end, is not part of it.
pub(crate) fn read(name: &str, file: Option<&Path>) -> Result<SecretString, Error> {
    trimmed(name, text(name, file, false)?.expose_secret())
}

fn text(name: &str, file: Option<&Path>, may_be_empty: bool) -> Result<SecretString, Error> {
    let text = match file {
        Some(path) => fs::read_to_string(path).map_err(|cause| Error::File {
            path: path.to_owned(),
            cause,
        })?,
        // Never read as it is from a terminal, which would show it.
        None if io::stdin().is_terminal() => return ask::secret(name, may_be_empty),
        None => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(Error::SecretInput)?;
            text
        }
    };
    Ok(text.into())
}

fn trimmed(name: &str, text: &str) -> Result<SecretString, Error> {
    match text.trim() {
        "" => Err(Error::Secret(format!("{name} is empty"))),
        secret => Ok(secret.into()),
    }
}
