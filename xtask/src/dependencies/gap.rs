//! What could not be looked for.

use crate::console::Console;
use crate::error::Error;

/// Something that could not be looked for, because what is known about it is out of reach.
#[derive(Debug)]
pub(crate) struct Gap(&'static str);

impl Gap {
    /// Says that `what` was not looked for, and why.
    pub(super) fn say(what: &'static str, why: &str) -> Self {
        Console.say(&format!("NOT CHECKED: {what}. {why}"));
        Self(what)
    }

    /// `what` was not looked for.
    #[cfg(test)]
    pub(crate) fn new(what: &'static str) -> Self {
        Self(what)
    }

    /// What was not looked for.
    pub(crate) fn what(&self) -> &'static str {
        self.0
    }
}

/// Whether a program succeeded, or the last words of one that did not. What went wrong in any other way stays an error: a
/// program that is not there, or that was stopped.
pub(super) fn last_words(result: Result<String, local_aws::Error>) -> Result<Option<String>, Error> {
    match result {
        Ok(_) => Ok(None),
        Err(local_aws::Error::FailedQuietly { output, status, .. }) => {
            let last = output.lines().rfind(|line| !line.trim().is_empty());
            Ok(Some(last.map_or(status, |line| line.trim().to_owned())))
        }
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn words_of(script: &str) -> Result<Option<String>, Error> {
        last_words(local_aws::output("a script", Command::new("sh").args(["-c", script])))
    }

    #[test]
    fn a_program_that_fails_has_last_words() {
        assert_eq!(words_of("echo fine").unwrap(), None);
        assert_eq!(
            words_of("echo at first; echo ' no such host' >&2; echo >&2; exit 1").unwrap(),
            Some("no such host".to_owned())
        );
        assert_eq!(words_of("exit 3").unwrap(), Some("exit status: 3".to_owned()));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let result = local_aws::output("nothing", &mut Command::new("no-such-program"));

        assert!(last_words(result).is_err());
    }
}
