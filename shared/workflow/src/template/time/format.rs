//! The text of a time as a person reads it.

use super::{Time, TimeError, Zone};
use jiff::fmt::strtime;

/// The most characters of a format. Each may ask for some hundred spaces.
const LONGEST: usize = 200;

/// A format, as `strftime` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format(String);

impl Format {
    /// Reads a format.
    ///
    /// # Errors
    /// It is too long, or asks for something that a time does not have.
    pub(crate) fn read(format: &str) -> Result<Self, TimeError> {
        if format.chars().count() > LONGEST {
            return Err(TimeError::LongFormat { most: LONGEST });
        }
        let format = Self(format.to_owned());
        // A format is read as it is used.
        format.write(Time::of_seconds(0.0)?, &Zone::utc())?;
        Ok(format)
    }

    /// Writes a time.
    ///
    /// # Errors
    /// A part of the format does not take this time.
    pub(crate) fn write(&self, time: Time, zone: &Zone) -> Result<String, TimeError> {
        strtime::format(&self.0, &zone.shows(time)).map_err(|error| TimeError::Format {
            format: self.0.clone(),
            reason: error.to_string(),
        })
    }
}
