//! Incidents that runs watch while they wait, and the events that end such a wait.
//!
//! The events of an incident are kept for a day, so that one that came before a lane began to wait still counts. They are ordered by the
//! time at which they occurred: deliveries come in no certain order.

use crate::ids::IntegrationAlias;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeSet, fmt};

/// The longest id of an incident, in bytes. PagerDuty's have 14 or fewer.
const LONGEST_INCIDENT: usize = 64;

/// An incident of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Watch {
    pub integration: IntegrationAlias,
    incident: String,
}

/// The text is not the id of an incident.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of an incident, such as Q1KPLHZ6M4YBWG")]
pub struct InvalidIncident(String);

impl Watch {
    /// The incident of an id.
    ///
    /// # Errors
    /// The id is empty, too long, or has other characters than letters and digits.
    pub fn new(integration: IntegrationAlias, incident: &str) -> Result<Self, InvalidIncident> {
        let is_id = (1..=LONGEST_INCIDENT).contains(&incident.len())
            && incident.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match is_id {
            true => Ok(Self {
                integration,
                incident: incident.to_owned(),
            }),
            false => Err(InvalidIncident(incident.chars().take(80).collect())),
        }
    }

    /// The id of the incident.
    #[must_use]
    pub fn incident(&self) -> &str {
        &self.incident
    }
}

/// The place of an event among those of its incident. The order of time comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventPlace {
    pub occurred_at: Timestamp,
    /// The system's id of the event.
    pub id: String,
}

impl EventPlace {
    /// The place before all events that occurred at a time or later.
    #[must_use]
    pub fn at(occurred_at: Timestamp) -> Self {
        Self {
            occurred_at,
            id: String::new(),
        }
    }
}

impl fmt::Display for EventPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.occurred_at, self.id)
    }
}

/// An event of an incident that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentEvent {
    pub place: EventPlace,
    /// The type, such as `incident.acknowledged`.
    pub event_type: String,
    /// The event as expressions see it; none if it was too large to be kept.
    pub value: Option<Value>,
}

/// The events that a lane must know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub watch: Watch,
    /// The types. Never empty.
    pub types: BTreeSet<String>,
    /// The place after which they are wanted.
    pub after: EventPlace,
}

impl Wanted {
    /// True if an event is one of them.
    #[must_use]
    pub fn has(&self, event_type: &str, place: &EventPlace) -> bool {
        self.types.contains(event_type) && *place > self.after
    }

    /// The most events that are read: the newest. A lane that waits has seen those before them.
    pub const MOST: usize = 50;
}

/// The change of the incident that a lane watches, in a Plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchChange {
    /// It is watched: events of it are to wake the lane.
    Begins(Watch),
    /// It is watched no longer.
    Ends(Watch),
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Q1KPLHZ6M4YBWG", true)]
    #[case("P1", true)]
    #[case::empty("", false)]
    #[case::number_sign("#12", false)]
    #[case::another_partition("P1#WATCH", false)]
    #[case::too_long(&"P".repeat(65), false)]
    fn an_incident_is_watched_by_its_id(#[case] id: &str, #[case] is_id: bool) {
        assert_eq!(Watch::new("prod".parse().unwrap(), id).is_ok(), is_id);
    }

    #[test]
    fn an_event_at_the_very_time_from_which_events_are_wanted_is_one_of_them() {
        let now = Timestamp::UNIX_EPOCH;
        let wanted = Wanted {
            watch: Watch::new("prod".parse().unwrap(), "P1").unwrap(),
            types: BTreeSet::from(["incident.acknowledged".to_owned()]),
            after: EventPlace::at(now),
        };
        let place = |id: &str| EventPlace {
            occurred_at: now,
            id: id.to_owned(),
        };
        assert!(wanted.has("incident.acknowledged", &place("01")));
        assert!(!wanted.has("incident.resolved", &place("01")));
        let after = EventPlace {
            id: "02".into(),
            ..place("01")
        };
        assert!(!Wanted { after, ..wanted }.has("incident.acknowledged", &place("01")));
    }
}
