//! Text that must not be shown.

use std::fmt;

use serde::Deserialize;

/// What PagerDuty shows in place of a value that it does not give out again.
pub(crate) const REDACTED: &str = "-- redacted --";

/// A token, a signing secret or the value of a custom header. It can be neither printed nor serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text into safekeeping.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("sesame")), REDACTED);
    }
}
