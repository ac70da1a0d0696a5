//! Reading a secret: from a prompt without echo, from standard input, or from a file; never from an argument, which every
//! user of the machine can see.

use crate::error::Error;
use secrecy::SecretString;
use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::Path,
};

/// Reads a secret. Space around it, such as the last line's end, is not part of it.
pub(crate) fn read(what: &str, file: Option<&Path>) -> Result<SecretString, Error> {
    let text = match file {
        Some(path) => fs::read_to_string(path).map_err(|cause| Error::File {
            path: path.to_owned(),
            cause,
        })?,
        None if io::stdin().is_terminal() => {
            rpassword::prompt_password(format!("{what}: ")).map_err(Error::SecretInput)?
        }
        None => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(Error::SecretInput)?;
            text
        }
    };
    match text.trim() {
        "" => Err(Error::Secret(format!("{what} is empty"))),
        secret => Ok(secret.into()),
    }
}
