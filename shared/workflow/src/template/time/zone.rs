//! Time zones, by the names of the IANA.

use super::{Time, TimeError};
use crate::action::nearest;
use jiff::{
    Zoned,
    tz::{TimeZone, TimeZoneDatabase},
};
use std::sync::LazyLock;

/// The zones that come with the program.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// The zone of a name, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// There is none, with the one that was probably meant.
    pub(crate) fn named(name: &str) -> Result<Self, TimeError> {
        ZONES.get(name).map(Self).map_err(|_| TimeError::UnknownZone {
            name: name.to_owned(),
            hint: match meant(name) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "zones have names like Europe/Berlin, America/New_York or UTC".to_owned(),
            },
        })
    }

    pub(crate) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    pub(crate) fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// A time as the clocks of the zone show it.
    pub(super) fn shows(&self, time: Time) -> Zoned {
        time.timestamp().to_zoned(self.0.clone())
    }
}

/// The name of a zone that a wrong one was probably meant to be. People write the city alone.
fn meant(name: &str) -> Option<String> {
    const LONGEST: usize = 60;
    // What comes from an event may be of any length, and looking for what is alike takes the longer.
    if name.len() > LONGEST {
        return None;
    }
    let names: Vec<String> = ZONES.available().map(|zone| zone.as_str().to_owned()).collect();
    let city = name.trim().replace(' ', "_").to_lowercase();
    let of_city = names.iter().find(|known| {
        let known = known.to_lowercase();
        known.rsplit_once('/').is_some_and(|(_, last)| last == city)
    });
    of_city
        .cloned()
        .or_else(|| nearest(name, names.iter().map(String::as_str)).map(str::to_owned))
}
