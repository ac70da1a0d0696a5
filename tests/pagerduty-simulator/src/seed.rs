//! What an account starts with.

use std::collections::HashSet;

use serde::Deserialize;

use crate::access::{Token, TokenKind};
use crate::directory::{
    CustomField, DataType, EscalationPolicy, IncidentType, IncidentWorkflow, Priority, Role, RoutingKey, Service,
    ServiceState, Shift, Team, Urgency, User,
};
use crate::ids::{FieldId, IncidentIdForm, PolicyId, PriorityId, ServiceId, TeamId, TypeId, UserId, WorkflowId};
use crate::secret::Secret;

/// The contents of an account before the first request.
///
/// As JSON every part may be left out and is then as in the [default](Seed::default).
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The first part of the host in `html_url` links.
    pub subdomain: String,
    /// The names that `GET /abilities` gives.
    pub abilities: Vec<String>,
    pub teams: Vec<Team>,
    pub users: Vec<User>,
    pub escalation_policies: Vec<EscalationPolicy>,
    pub services: Vec<Service>,
    /// The priorities, the most severe first. None at all means that the account has the feature switched off.
    pub priorities: Vec<Priority>,
    /// The custom fields of incidents.
    pub custom_fields: Vec<CustomField>,
    pub incident_types: Vec<IncidentType>,
    /// The workflows that PagerDuty itself runs. None at all means that the account has the feature switched off.
    pub incident_workflows: Vec<IncidentWorkflow>,
    /// When schedules put whom on call.
    pub shifts: Vec<Shift>,
    /// The keys by which monitoring tools send events. Those of services that the account does not have are not accepted.
    pub routing_keys: Vec<RoutingKey>,
    /// The tokens that are accepted.
    pub tokens: Vec<Token>,
    /// The number of requests that a token may make in a minute.
    pub requests_per_minute: u32,
    /// The number of events that may be sent by a routing key in a minute.
    pub events_per_minute: u32,
    /// What the ids of new incidents look like.
    pub incident_ids: IncidentIdForm,
    /// What happens when an incident gets the status that it has already.
    pub repeated_status: RepeatedStatus,
}

/// What happens when a resolved incident is resolved once more, or an acknowledged one acknowledged by the same user.
///
/// PagerDuty documents the codes 1001 and 1002, but no real answer is known, so a client must cope with both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedStatus {
    /// 400 with code 1001 or 1002.
    #[default]
    Refused,
    /// 200, and nothing changes.
    Accepted,
}

/// A seed that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// Two rows of one list have the same id.
    #[error("two {list} have the id {id}: give one of them another id")]
    Duplicate { list: &'static str, id: String },
    /// A row refers to something that is not there.
    #[error("{from} refers to {to}, which the seed does not have: add it or correct the reference")]
    Dangling {
        /// The row.
        from: String,
        /// What it refers to.
        to: String,
    },
}

impl Seed {
    /// The token of the account itself in the default seed; needs `From`.
    pub const ACCOUNT_TOKEN: &str = "sim-account-token-01";
    /// The account's read-only token in the default seed.
    pub const READ_ONLY_TOKEN: &str = "sim-readonly-token-1";
    /// The API token of the user `oncall@example.com` in the default seed.
    pub const USER_TOKEN: &str = "sim-user-token-00001";
    /// An OAuth token of the same user in the default seed.
    pub const OAUTH_USER_TOKEN: &str = "pdus+_sim_oauth_user_token";
    /// An OAuth token of an app in the default seed; needs `From`.
    pub const OAUTH_APP_TOKEN: &str = "pdus+_sim_oauth_app_token";

    /// The routing key of the service `PWIXJZS` in the default seed.
    pub const ROUTING_KEY: &str = "5f3c1d9e7b2a4860a1c3e5f70b2d4c6e";
    /// The routing key of the service `PSVC8R2` in the default seed.
    pub const CHECKOUT_ROUTING_KEY: &str = "0a9b8c7d6e5f41230f1e2d3c4b5a6978";

    pub(crate) fn check(&self) -> Result<(), SeedError> {
        let teams = distinct("teams", self.teams.iter().map(|team| team.id.as_str()))?;
        let users = distinct("users", self.users.iter().map(|user| user.id.as_str()))?;
        let policies = distinct(
            "escalation policies",
            self.escalation_policies.iter().map(|row| row.id.as_str()),
        )?;
        distinct("services", self.services.iter().map(|service| service.id.as_str()))?;
        distinct(
            "priorities",
            self.priorities.iter().map(|priority| priority.id.as_str()),
        )?;
        distinct(
            "custom fields",
            self.custom_fields.iter().map(|field| field.id.as_str()),
        )?;
        distinct(
            "incident types",
            self.incident_types.iter().map(|kind| kind.id.as_str()),
        )?;
        distinct(
            "incident workflows",
            self.incident_workflows.iter().map(|workflow| workflow.id.as_str()),
        )?;
        for shift in &self.shifts {
            let from = format!("a shift of schedule {}", shift.schedule);
            known(&from, "user", &users, [shift.user.as_str()].into_iter())?;
            known(
                &from,
                "escalation policy",
                &policies,
                [shift.escalation_policy.as_str()].into_iter(),
            )?;
        }
        for user in &self.users {
            known(
                &format!("user {}", user.id),
                "team",
                &teams,
                user.teams.iter().map(TeamId::as_str),
            )?;
        }
        for policy in &self.escalation_policies {
            let from = format!("escalation policy {}", policy.id);
            known(&from, "team", &teams, policy.teams.iter().map(TeamId::as_str))?;
            known(
                &from,
                "user",
                &users,
                policy.levels.iter().flatten().map(UserId::as_str),
            )?;
        }
        for service in &self.services {
            let policy = [service.escalation_policy.as_str()];
            known(
                &format!("service {}", service.id),
                "escalation policy",
                &policies,
                policy.into_iter(),
            )?;
        }
        for token in &self.tokens {
            known(
                "a token",
                "user",
                &users,
                token.kind.user().into_iter().map(UserId::as_str),
            )?;
        }
        Ok(())
    }
}

fn distinct<'a>(list: &'static str, ids: impl Iterator<Item = &'a str>) -> Result<HashSet<&'a str>, SeedError> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(SeedError::Duplicate {
                list,
                id: id.to_owned(),
            });
        }
    }
    Ok(seen)
}

fn known<'a>(
    from: &str,
    kind: &str,
    all: &HashSet<&str>,
    mut ids: impl Iterator<Item = &'a str>,
) -> Result<(), SeedError> {
    match ids.find(|id| !all.contains(id)) {
        Some(id) => Err(SeedError::Dangling {
            from: from.to_owned(),
            to: format!("{kind} {id}"),
        }),
        None => Ok(()),
    }
}

impl Default for Seed {
    /// A small account: two services in use, a disabled one and one in maintenance, three escalation policies (one with
    /// nobody on call), two responders, a stakeholder who may only read, two custom fields, three incident types, two
    /// incident workflows of which one can be started by hand, two routing keys, and a token of each kind.
    fn default() -> Self {
        Self {
            subdomain: "example".to_owned(),
            abilities: ["teams", "urgencies", "priorities", "coordinated_responding"]
                .map(str::to_owned)
                .to_vec(),
            teams: vec![team("PGT4K7L", "Platform"), team("PGT9S2M", "Payments")],
            users: vec![
                user(
                    "PUS1A7C",
                    "Olivia Oncall",
                    "oncall@example.com",
                    Role::LimitedUser,
                    &["PGT4K7L"],
                ),
                user(
                    "PUS2B8D",
                    "Marek Manager",
                    "manager@example.com",
                    Role::Admin,
                    &["PGT4K7L", "PGT9S2M"],
                ),
                user(
                    "PUS3C9E",
                    "Stella Stakeholder",
                    "stakeholder@example.com",
                    Role::ReadOnlyUser,
                    &[],
                ),
            ],
            escalation_policies: vec![
                policy(
                    "PT20YPA",
                    "Platform On-Call",
                    &[&["PUS1A7C"], &["PUS2B8D"]],
                    &["PGT4K7L"],
                ),
                policy("PT31ZQB", "Payments On-Call", &[&["PUS2B8D"]], &["PGT9S2M"]),
                policy("PT42ARC", "Nobody On-Call", &[&[]], &[]),
            ],
            services: vec![
                service("PWIXJZS", "CloudWatch-Memory-Alert", "PT20YPA", ServiceState::Active),
                service("PSVC8R2", "Checkout", "PT31ZQB", ServiceState::Active),
                service("PSVC3D1", "Retired Batch Jobs", "PT20YPA", ServiceState::Disabled),
                service("PSVC5M4", "Search", "PT20YPA", ServiceState::Maintenance),
            ],
            priorities: vec![
                priority("PPRI1P1", "P1", "The business stands still"),
                priority("PPRI2P2", "P2", "Customers are affected"),
                priority("PPRI3P3", "P3", "Nobody outside notices"),
            ],
            custom_fields: vec![
                custom_field("PCF1ENV", "environment", "Environment", &["production", "staging"]),
                custom_field("PCF2RUN", "runbook", "Runbook", &[]),
            ],
            incident_types: vec![
                incident_type("PIT1DEF", "incident_default", "Base Incident", true),
                incident_type("PIT2MAJ", "major_incident", "Major Incident", true),
                incident_type("PIT3OLD", "retired_incident", "Retired Incident", false),
            ],
            incident_workflows: vec![
                incident_workflow("PWF1MAN", "Open a War Room", true),
                incident_workflow("PWF2AUT", "Page the Vendor", false),
            ],
            shifts: Vec::new(),
            routing_keys: vec![
                routing_key(Self::ROUTING_KEY, "PWIXJZS"),
                routing_key(Self::CHECKOUT_ROUTING_KEY, "PSVC8R2"),
            ],
            tokens: vec![
                token(Self::ACCOUNT_TOKEN, TokenKind::Account),
                token(Self::READ_ONLY_TOKEN, TokenKind::AccountReadOnly),
                token(Self::USER_TOKEN, TokenKind::User(UserId::new("PUS1A7C"))),
                token(Self::OAUTH_USER_TOKEN, TokenKind::OauthUser(UserId::new("PUS1A7C"))),
                token(Self::OAUTH_APP_TOKEN, TokenKind::OauthApp),
            ],
            requests_per_minute: 960,
            events_per_minute: 120,
            incident_ids: IncidentIdForm::default(),
            repeated_status: RepeatedStatus::default(),
        }
    }
}

fn team(id: &str, name: &str) -> Team {
    Team {
        id: TeamId::new(id),
        name: name.to_owned(),
    }
}

fn user(id: &str, name: &str, email: &str, role: Role, teams: &[&str]) -> User {
    let teams = teams.iter().copied().map(TeamId::new).collect();
    User {
        id: UserId::new(id),
        name: name.to_owned(),
        email: email.to_owned(),
        role,
        teams,
    }
}

fn policy(id: &str, name: &str, levels: &[&[&str]], teams: &[&str]) -> EscalationPolicy {
    EscalationPolicy {
        id: PolicyId::new(id),
        name: name.to_owned(),
        levels: levels
            .iter()
            .map(|level| level.iter().copied().map(UserId::new).collect())
            .collect(),
        teams: teams.iter().copied().map(TeamId::new).collect(),
    }
}

fn service(id: &str, name: &str, policy: &str, state: ServiceState) -> Service {
    Service {
        id: ServiceId::new(id),
        name: name.to_owned(),
        escalation_policy: PolicyId::new(policy),
        state,
        urgency: Urgency::High,
    }
}

fn priority(id: &str, name: &str, description: &str) -> Priority {
    Priority {
        id: PriorityId::new(id),
        name: name.to_owned(),
        description: description.to_owned(),
    }
}

fn token(token: &str, kind: TokenKind) -> Token {
    Token {
        token: Secret::new(token),
        kind,
        scopes: None,
    }
}

fn custom_field(id: &str, name: &str, display_name: &str, options: &[&str]) -> CustomField {
    CustomField {
        id: FieldId::new(id),
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        data_type: DataType::String,
        multiple: false,
        options: options.iter().copied().map(str::to_owned).collect(),
    }
}

fn incident_type(id: &str, name: &str, display_name: &str, enabled: bool) -> IncidentType {
    IncidentType {
        id: TypeId::new(id),
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        enabled,
    }
}

fn incident_workflow(id: &str, name: &str, manual_trigger: bool) -> IncidentWorkflow {
    IncidentWorkflow {
        id: WorkflowId::new(id),
        name: name.to_owned(),
        manual_trigger,
    }
}

fn routing_key(key: &str, service: &str) -> RoutingKey {
    RoutingKey {
        key: Secret::new(key),
        service: ServiceId::new(service),
        name: "CloudWatch".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_default_seed_is_consistent() {
        assert_eq!(Seed::default().check(), Ok(()));
    }

    #[test]
    fn parts_that_json_leaves_out_are_as_in_the_default() {
        let seed: Seed = serde_json::from_value(json!({"subdomain": "acme"})).unwrap();

        assert_eq!(seed.subdomain, "acme");
        assert_eq!(seed.services.len(), Seed::default().services.len());
    }

    #[test]
    fn a_token_in_json_names_its_kind_and_its_user() {
        let seed: Seed = serde_json::from_value(json!({"tokens": [
            {"token": "one", "kind": "account"},
            {"token": "two", "kind": {"user": "PUS1A7C"}},
        ]}))
        .unwrap();

        assert_eq!(seed.tokens[1].kind, TokenKind::User(UserId::new("PUS1A7C")));
    }

    #[test]
    fn a_service_with_an_unknown_escalation_policy_is_reported() {
        let seed: Seed =
            serde_json::from_value(json!({"services": [{"id": "PS1", "name": "One", "escalation_policy": "PNONE"}]}))
                .unwrap();

        let error = seed.check().unwrap_err();

        assert_eq!(
            error.to_string(),
            "service PS1 refers to escalation policy PNONE, which the seed does not have: add it or correct the reference"
        );
    }

    #[test]
    fn two_users_with_one_id_are_reported() {
        let mut seed = Seed::default();
        seed.users.push(seed.users[0].clone());

        assert_eq!(
            seed.check(),
            Err(SeedError::Duplicate {
                list: "users",
                id: "PUS1A7C".to_owned()
            })
        );
    }
}
