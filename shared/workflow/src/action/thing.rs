//! The things in a system that people know by their names.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of thing in a system that people know by its name, and actions by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    Service,
    EscalationPolicy,
    User,
    /// A priority of incidents.
    Priority,
    Team,
}

impl Thing {
    /// The word for several of them.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Service => "services",
            Self::EscalationPolicy => "escalation policies",
            Self::User => "users",
            Self::Priority => "priorities",
            Self::Team => "teams",
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::EscalationPolicy => "escalation policy",
            Self::User => "user",
            Self::Priority => "priority",
            Self::Team => "team",
        })
    }
}
