//! The rows of the lists, as far as a person needs them to choose.

use serde_json::Value;

use super::SearchText;
use crate::{
    ids::{EscalationPolicyId, PriorityId, ServiceId, TeamId, UserEmail, UserId},
    lenient,
};

/// A row of one of PagerDuty's lists.
pub trait Row: Sized {
    /// The list's path, and the name of its rows in an answer.
    const LIST: &'static str;
    /// True if PagerDuty documents a `query` for it. Where it does not, all rows are read and looked through here.
    const HAS_QUERY: bool;

    /// Reads a row; none where it lacks what it is chosen by.
    fn read(row: &Value) -> Option<Self>;

    /// True if a search text finds it. Where PagerDuty has searched already, its word counts.
    fn is_found_by(&self, _: &SearchText) -> bool {
        true
    }

    /// True if it can be chosen at all.
    fn is_offered(&self) -> bool {
        true
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The id that a step names.
    pub id: ServiceId,
    pub name: String,
    /// The state of the service.
    pub status: ServiceStatus,
}

/// The state of a service: it takes incidents, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceStatus {
    /// It does. PagerDuty tells `active`, `warning` and `critical` apart by the incidents that are open.
    InUse,
    /// It is in a maintenance window.
    Maintenance,
    /// It is switched off.
    Disabled,
}

impl Row for Service {
    const LIST: &'static str = "services";
    const HAS_QUERY: bool = true;

    fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: id(row)?,
            name: name(row)?,
            status: match lenient::text(row, "status").as_deref() {
                Some("disabled") => ServiceStatus::Disabled,
                Some("maintenance") => ServiceStatus::Maintenance,
                _ => ServiceStatus::InUse,
            },
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationPolicy {
    /// The id that a step names.
    pub id: EscalationPolicyId,
    pub name: String,
}

impl Row for EscalationPolicy {
    const LIST: &'static str = "escalation_policies";
    const HAS_QUERY: bool = true;

    fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: id(row)?,
            name: name(row)?,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id that a step names where it assigns to the user or asks for their help.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// The e-mail with which they log in: what a step names as `from`.
    pub email: UserEmail,
    /// Their role.
    pub role: Role,
}

impl User {
    /// The user's name in a list.
    pub fn label(&self) -> String {
        format!("{} <{}>", self.name, self.email)
    }
}

impl Row for User {
    const LIST: &'static str = "users";
    const HAS_QUERY: bool = true;

    fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: id(row)?,
            name: name(row)?,
            email: lenient::text(row, "email")?.parse().ok()?,
            role: Role::of(&lenient::text(row, "role").unwrap_or_default()),
        })
    }

    /// A user who may only read can not be acted for.
    fn is_offered(&self) -> bool {
        !self.role.only_reads()
    }
}

/// The role of a user in the account, by PagerDuty's name for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A stakeholder (`read_only_user`, `read_only_limited_user`), who may not trigger, acknowledge or resolve anything.
    OnlyReads(String),
    /// `observer` or `restricted_access`: what they may do is a matter of their role in each team.
    DependsOnTeam(String),
    /// Any other. Those that PagerDuty documents may work on incidents.
    Responds(String),
}

impl Role {
    fn of(name: &str) -> Self {
        let role = match name {
            "read_only_user" | "read_only_limited_user" => Self::OnlyReads,
            "observer" | "restricted_access" => Self::DependsOnTeam,
            _ => Self::Responds,
        };
        role(name.to_owned())
    }

    /// PagerDuty's name for it; empty where it did not tell.
    pub fn name(&self) -> &str {
        match self {
            Self::OnlyReads(name) | Self::DependsOnTeam(name) | Self::Responds(name) => name,
        }
    }

    /// True if the user may only read.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::OnlyReads(_))
    }
}

/// A priority of incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priority {
    /// The id that a step names.
    pub id: PriorityId,
    pub name: String,
    /// Its description; may be empty.
    pub description: String,
}

/// PagerDuty gives them from the most to the least severe.
impl Row for Priority {
    const LIST: &'static str = "priorities";
    const HAS_QUERY: bool = false;

    fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: id(row)?,
            name: name(row)?,
            description: lenient::text(row, "description").unwrap_or_default(),
        })
    }

    fn is_found_by(&self, search: &SearchText) -> bool {
        search.is_in(&self.name) || search.is_in(&self.description)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The id that a step names.
    pub id: TeamId,
    pub name: String,
}

impl Row for Team {
    const LIST: &'static str = "teams";
    const HAS_QUERY: bool = false;

    fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: id(row)?,
            name: name(row)?,
        })
    }

    fn is_found_by(&self, search: &SearchText) -> bool {
        search.is_in(&self.name)
    }
}

fn id<I: TryFrom<String>>(row: &Value) -> Option<I> {
    I::try_from(lenient::text(row, "id")?).ok()
}

/// PagerDuty repeats the name of a row as its summary.
fn name(row: &Value) -> Option<String> {
    lenient::text(row, "name").or_else(|| lenient::text(row, "summary"))
}
