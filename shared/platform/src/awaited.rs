//! Events of incidents that workflows wait for, on their way from the ingress to the table.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use workflow::{
    run::RunEvent,
    watch::{EventPlace, Watch},
};

/// An event of an incident that a workflow waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedEvent {
    /// The incident.
    pub watch: Watch,
    /// The time at which it occurred; where the system did not say, the time at which it came.
    pub occurred_at: Timestamp,
    /// The event. A body that is said to be in the table was too large to be kept.
    pub event: RunEvent,
}

impl AwaitedEvent {
    /// The place of the event among those of its incident.
    #[must_use]
    pub fn place(&self) -> EventPlace {
        EventPlace {
            occurred_at: self.occurred_at,
            id: self.event.event_id.clone(),
        }
    }
}
