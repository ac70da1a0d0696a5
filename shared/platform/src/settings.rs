//! Settings from environment variables.

use std::{fmt, str::FromStr};

/// Reads settings through a lookup and collects what is missing, so that one start tells all of it.
#[derive(Debug)]
pub struct Settings<L> {
    lookup: L,
    missing: Vec<&'static str>,
}

/// Settings that are missing or not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSettings(Vec<&'static str>);

impl fmt::Display for MissingSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "environment variables are missing, empty or not valid: {}; the stack's template sets them",
            self.0.join(", ")
        )
    }
}

impl std::error::Error for MissingSettings {}

/// Looks a variable up in the environment of the process.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl<L: Fn(&str) -> Option<String>> Settings<L> {
    /// Settings from a lookup by name.
    pub fn new(lookup: L) -> Self {
        Self {
            lookup,
            missing: Vec::new(),
        }
    }

    /// A setting that must be there. An empty text stands in for a missing one until [`Self::finish`] tells.
    pub fn required(&mut self, name: &'static str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.missing.push(name);
            String::new()
        })
    }

    /// A setting that is read as something, with a default for one that is missing. One that cannot be read is told like one
    /// that must be there and is not.
    pub fn or_default<T: FromStr + Default>(&mut self, name: &'static str) -> T {
        match self.optional(name).map(|text| text.parse()) {
            None => T::default(),
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.missing.push(name);
                T::default()
            }
        }
    }

    /// A setting that may be missing; empty counts as missing.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// Tells what was missing.
    ///
    /// # Errors
    /// All names that were required and not there.
    pub fn finish<T>(self, settings: T) -> Result<T, MissingSettings> {
        if self.missing.is_empty() {
            Ok(settings)
        } else {
            Err(MissingSettings(self.missing))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn all_that_is_missing_is_told_at_once() {
        let mut settings = Settings::new(|name: &str| (name == "EMPTY").then(String::new));
        let values = (settings.required("TABLE_NAME"), settings.required("EMPTY"));
        let error = settings.finish(values).unwrap_err().to_string();
        assert!(error.contains("TABLE_NAME, EMPTY"), "{error}");
    }

    #[test]
    fn a_setting_that_cannot_be_read_is_told_and_one_that_is_not_there_has_its_default() {
        let mut settings = Settings::new(|name: &str| (name == "BAD").then(|| "seven".to_owned()));
        assert_eq!(settings.or_default::<u16>("NOT_THERE"), 0);
        let value = settings.or_default::<u16>("BAD");
        let error = settings.finish(value).unwrap_err().to_string();
        assert!(error.contains(": BAD;"), "{error}");
    }
}
