//! What an account has besides incidents: services, escalation policies, users, teams and priorities.
//!
//! The records are those of the [seed](crate::Seed); nothing in the REST API that is stood in for changes them.

pub(crate) mod lists;
pub(crate) mod shapes;

use serde::Deserialize;

use crate::ids::{PolicyId, PriorityId, ServiceId, TeamId, UserId};

/// A service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// The escalation policy of incidents that name none.
    pub escalation_policy: PolicyId,
    /// Whether it takes incidents.
    #[serde(default)]
    pub state: ServiceState,
    /// The urgency of incidents that name none.
    #[serde(default)]
    pub urgency: Urgency,
}

/// Whether a service takes incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// It does.
    #[default]
    Active,
    /// It is in a maintenance window and takes none.
    Maintenance,
    /// It is switched off and takes none.
    Disabled,
}

/// How loudly an incident calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// At once and by every means.
    #[default]
    High,
    /// Quietly.
    Low,
}

impl Urgency {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::High, Self::Low]
            .into_iter()
            .find(|urgency| urgency.name() == name)
    }
}

/// An escalation policy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationPolicy {
    /// Its id.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// Who is on call at each level, the first level first.
    pub levels: Vec<Vec<UserId>>,
    /// The teams that it belongs to; they become the teams of its incidents.
    #[serde(default)]
    pub teams: Vec<TeamId>,
}

impl EscalationPolicy {
    /// Who is on call at a level, counted from 1; nobody where there is no such level.
    pub(crate) fn on_call(&self, level: usize) -> &[UserId] {
        level
            .checked_sub(1)
            .and_then(|index| self.levels.get(index))
            .map_or(&[], Vec::as_slice)
    }
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// The e-mail address with which they log in, and which `From` must name.
    pub email: String,
    /// What they may do.
    #[serde(default)]
    pub role: Role,
    /// The teams that they belong to.
    #[serde(default)]
    pub teams: Vec<TeamId>,
}

/// What a user may do in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Almost everything.
    Admin,
    /// Works on incidents.
    #[default]
    LimitedUser,
    /// A stakeholder, who may only read.
    ReadOnlyUser,
    /// A stakeholder, who may only read and sees less.
    ReadOnlyLimitedUser,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::LimitedUser => "limited_user",
            Self::ReadOnlyUser => "read_only_user",
            Self::ReadOnlyLimitedUser => "read_only_limited_user",
        }
    }

    /// Whether the user may trigger, acknowledge, resolve and annotate incidents.
    pub(crate) fn may_respond(self) -> bool {
        !matches!(self, Self::ReadOnlyUser | Self::ReadOnlyLimitedUser)
    }
}

/// A team.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
}

/// A priority.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Priority {
    /// Its id.
    pub id: PriorityId,
    /// Its name.
    pub name: String,
    /// What it stands for.
    #[serde(default)]
    pub description: String,
}
