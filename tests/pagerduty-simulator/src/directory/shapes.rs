//! How services, escalation policies, users, teams and priorities look in answers.

use serde_json::{Value, json};

use super::{EscalationPolicy, IncidentType, Priority, Service, ServiceState, Team, User};
use crate::account::Account;
use crate::clock::{milliseconds, seconds};
use crate::ids::{PolicyId, PriorityId, ServiceId, TeamId, UserId};
use crate::incidents::Status;

/// The host in every `self` link, whichever host was asked. Real answers name it as well, so a client must not take the
/// host from a link.
pub(crate) const API: &str = "https://api.pagerduty.com";

/// A reference: what stands for an object inside another one.
pub(crate) fn reference(kind: &str, id: &str, api_path: &str, html_url: Option<&str>, summary: &str) -> Value {
    json!({
        "id": id,
        "type": kind,
        "summary": summary,
        "self": format!("{API}/{api_path}/{id}"),
        "html_url": html_url,
    })
}

pub(crate) fn service_reference(account: &Account, id: &ServiceId) -> Value {
    let name = account.service(id).map_or("", |service| &service.name);
    let page = account.page(&format!("service-directory/{id}"));
    reference("service_reference", id.as_str(), "services", Some(&page), name)
}

pub(crate) fn policy_reference(account: &Account, id: &PolicyId) -> Value {
    let name = account.policy(id).map_or("", |policy| &policy.name);
    let page = account.page(&format!("escalation_policies/{id}"));
    reference(
        "escalation_policy_reference",
        id.as_str(),
        "escalation_policies",
        Some(&page),
        name,
    )
}

pub(crate) fn user_reference(account: &Account, id: &UserId) -> Value {
    let name = account.user(id).map_or("", |user| &user.name);
    let page = account.page(&format!("users/{id}"));
    reference("user_reference", id.as_str(), "users", Some(&page), name)
}

pub(crate) fn team_reference(account: &Account, id: &TeamId) -> Value {
    let name = account.team(id).map_or("", |team| &team.name);
    let page = account.page(&format!("teams/{id}"));
    reference("team_reference", id.as_str(), "teams", Some(&page), name)
}

pub(crate) fn team_references(account: &Account, ids: &[TeamId]) -> Vec<Value> {
    ids.iter().map(|id| team_reference(account, id)).collect()
}

pub(crate) fn priority_reference(account: &Account, id: &PriorityId) -> Value {
    let name = account.priority(id).map_or("", |priority| &priority.name);
    let page = account.page("account/incident_priorities");
    reference("priority_reference", id.as_str(), "priorities", Some(&page), name)
}

/// A service. Its status follows from its open incidents, unless it takes none.
pub(crate) fn service(account: &Account, service: &Service) -> Value {
    let teams = account
        .policy(&service.escalation_policy)
        .map_or(&[][..], |policy| &policy.teams);
    let last = account
        .incidents
        .iter()
        .rev()
        .find(|incident| incident.service == service.id);
    json!({
        "id": service.id,
        "type": "service",
        "summary": service.name,
        "self": format!("{API}/services/{}", service.id),
        "html_url": account.page(&format!("service-directory/{}", service.id)),
        "name": service.name,
        "description": null,
        "created_at": seconds(account.opened_at),
        "updated_at": seconds(account.opened_at),
        "status": service_status(account, service),
        "teams": team_references(account, teams),
        "alert_creation": "create_alerts_and_incidents",
        "addons": [],
        "scheduled_actions": [],
        "support_hours": null,
        "last_incident_timestamp": last.map(|incident| seconds(incident.created_at)),
        "escalation_policy": policy_reference(account, &service.escalation_policy),
        "incident_urgency_rule": {"type": "constant", "urgency": service.urgency.name()},
        "acknowledgement_timeout": null,
        "auto_resolve_timeout": null,
        "integrations": [],
    })
}

fn service_status(account: &Account, service: &Service) -> &'static str {
    let open = |status: Status| {
        account
            .incidents
            .iter()
            .any(|incident| incident.service == service.id && incident.status == status)
    };
    match service.state {
        ServiceState::Disabled => "disabled",
        ServiceState::Maintenance => "maintenance",
        ServiceState::Active if open(Status::Triggered) => "critical",
        ServiceState::Active if open(Status::Acknowledged) => "warning",
        ServiceState::Active => "active",
    }
}

pub(crate) fn policy(account: &Account, policy: &EscalationPolicy) -> Value {
    let rules: Vec<Value> = policy
        .levels
        .iter()
        .enumerate()
        .map(|(index, users)| {
            let targets: Vec<Value> = users.iter().map(|user| user_reference(account, user)).collect();
            json!({
                "id": format!("{}L{}", policy.id, index + 1),
                "escalation_delay_in_minutes": 30,
                "targets": targets,
            })
        })
        .collect();
    let services: Vec<Value> = account
        .services
        .iter()
        .filter(|service| service.escalation_policy == policy.id)
        .map(|service| service_reference(account, &service.id))
        .collect();
    json!({
        "id": policy.id,
        "type": "escalation_policy",
        "summary": policy.name,
        "self": format!("{API}/escalation_policies/{}", policy.id),
        "html_url": account.page(&format!("escalation_policies/{}", policy.id)),
        "name": policy.name,
        "description": null,
        "num_loops": 0,
        "on_call_handoff_notifications": "if_has_services",
        "escalation_rules": rules,
        "services": services,
        "teams": team_references(account, &policy.teams),
    })
}

pub(crate) fn user(account: &Account, user: &User) -> Value {
    json!({
        "id": user.id,
        "type": "user",
        "summary": user.name,
        "self": format!("{API}/users/{}", user.id),
        "html_url": account.page(&format!("users/{}", user.id)),
        "name": user.name,
        "email": user.email,
        "time_zone": "Etc/UTC",
        "color": "green",
        "role": user.role.name(),
        "billed": user.role.may_respond(),
        "description": null,
        "invitation_sent": false,
        "job_title": null,
        "teams": team_references(account, &user.teams),
        "contact_methods": [],
        "notification_rules": [],
    })
}

pub(crate) fn team(account: &Account, team: &Team) -> Value {
    json!({
        "id": team.id,
        "type": "team",
        "summary": team.name,
        "self": format!("{API}/teams/{}", team.id),
        "html_url": account.page(&format!("teams/{}", team.id)),
        "name": team.name,
        "description": null,
    })
}

pub(crate) fn incident_type(account: &Account, kind: &IncidentType) -> Value {
    json!({
        "id": kind.id,
        "type": "incident_type",
        "name": kind.name,
        "display_name": kind.display_name,
        "description": null,
        "enabled": kind.enabled,
        "parent": null,
        "created_at": milliseconds(account.opened_at),
        "updated_at": milliseconds(account.opened_at),
    })
}

pub(crate) fn priority(account: &Account, priority: &Priority) -> Value {
    let rank = account
        .priorities
        .iter()
        .position(|other| other.id == priority.id)
        .unwrap_or_default();
    json!({
        "id": priority.id,
        "type": "priority",
        "summary": priority.name,
        "self": format!("{API}/priorities/{}", priority.id),
        "html_url": null,
        "name": priority.name,
        "description": priority.description,
        "color": "a8171c",
        "order": 1_000_000 - rank,
        "schema_version": 0,
        "created_at": seconds(account.opened_at),
        "updated_at": seconds(account.opened_at),
    })
}
