//! What an account has besides incidents: services, escalation policies, users, teams, priorities and what else there is to
//! choose from.
//!
//! The records are those of the [seed](crate::Seed); nothing in the REST API that is stood in for changes them.

pub(crate) mod lists;
pub(crate) mod oncalls;
pub(crate) mod shapes;

use jiff::Timestamp;
use serde::Deserialize;

use crate::ids::{FieldId, PolicyId, PriorityId, ScheduleId, ServiceId, TeamId, TypeId, UserId, WorkflowId};
use crate::secret::Secret;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub id: ServiceId,
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

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationPolicy {
    pub id: PolicyId,
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

    /// True if the user may trigger, acknowledge, resolve and annotate incidents.
    pub(crate) fn may_respond(self) -> bool {
        !matches!(self, Self::ReadOnlyUser | Self::ReadOnlyLimitedUser)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Priority {
    pub id: PriorityId,
    pub name: String,
    /// What it stands for.
    #[serde(default)]
    pub description: String,
}

/// A key by which a monitoring tool sends events to a service: that of an Events API v2 integration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingKey {
    /// The key itself. PagerDuty's have 32 characters.
    pub key: Secret,
    /// The service whose integration it is.
    pub service: ServiceId,
    /// The name of the integration.
    #[serde(default = "RoutingKey::default_name")]
    pub name: String,
}

impl RoutingKey {
    fn default_name() -> String {
        "Events API V2".to_owned()
    }
}

/// A custom field that incidents have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomField {
    pub id: FieldId,
    /// Its name, as requests give it.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// What its values are.
    #[serde(default)]
    pub data_type: DataType,
    /// True if it has a list of values.
    #[serde(default)]
    pub multiple: bool,
    /// The texts that it can have; none at all means any.
    #[serde(default)]
    pub options: Vec<String>,
}

/// What the values of a custom field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// Text.
    #[default]
    String,
    /// A time by RFC 3339.
    Datetime,
    /// A web address.
    Url,
}

impl DataType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::String => "string",
            Self::Datetime => "datetime",
            Self::Url => "url",
        }
    }
}

/// A workflow that PagerDuty itself runs on incidents.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentWorkflow {
    pub id: WorkflowId,
    pub name: String,
    /// True if it can be started by hand, and so through the API.
    #[serde(default)]
    pub manual_trigger: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentType {
    pub id: TypeId,
    /// Its name, as requests give it.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// True if incidents can have it.
    #[serde(default = "IncidentType::default_enabled")]
    pub enabled: bool,
}

impl IncidentType {
    fn default_enabled() -> bool {
        true
    }
}

/// A time for which a schedule puts a user on call at a level of an escalation policy. A user whom a policy names without
/// any shift is always on call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    pub schedule: ScheduleId,
    /// The name of the schedule.
    pub name: String,
    /// The escalation policy that has the schedule.
    pub escalation_policy: PolicyId,
    /// The level at which it has it, counted from 1.
    pub level: usize,
    /// Who is on call.
    pub user: UserId,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}
