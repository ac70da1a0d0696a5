//! `GET` of the lists that fill drop-downs, and of one row of them.

use http::StatusCode;
use serde_json::{Value, json};

use super::{EscalationPolicy, IncidentType, Service, Team, User, shapes};
use crate::access::Call;
use crate::account::Account;
use crate::exchange::{Answer, Request};
use crate::ids::{PolicyId, ServiceId, TeamId, UserId};
use crate::page::Page;
use crate::refusal::Refusal;

pub(crate) fn services(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = call.request;
    let teams = request.parameters("team_ids[]");
    let mut rows: Vec<&Service> = account
        .services
        .iter()
        .filter(|service| asked_for(request, &[&service.name]))
        .filter(|service| request.parameter("name").is_none_or(|name| service.name == name))
        .filter(|service| {
            belongs_to(
                &teams,
                account.policy(&service.escalation_policy).map(|policy| &policy.teams),
            )
        })
        .collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    if request.parameter("sort_by") == Some("name:desc") {
        rows.reverse();
    }
    page(request, "services", &rows, |service| shapes::service(account, service))
}

pub(crate) fn service(account: &Account, id: &str) -> Result<Answer, Refusal> {
    let service = account.service(&ServiceId::new(id)).ok_or(Refusal::NotFound)?;
    Ok(one("service", shapes::service(account, service)))
}

pub(crate) fn escalation_policies(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = call.request;
    let teams = request.parameters("team_ids[]");
    let users = request.parameters("user_ids[]");
    let mut rows: Vec<&EscalationPolicy> = account
        .policies
        .iter()
        .filter(|policy| asked_for(request, &[&policy.name]))
        .filter(|policy| belongs_to(&teams, Some(&policy.teams)))
        .filter(|policy| {
            users.is_empty()
                || policy
                    .levels
                    .iter()
                    .flatten()
                    .any(|user| users.contains(&user.as_str()))
        })
        .collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    page(request, "escalation_policies", &rows, |policy| {
        shapes::policy(account, policy)
    })
}

pub(crate) fn escalation_policy(account: &Account, id: &str) -> Result<Answer, Refusal> {
    let policy = account.policy(&PolicyId::new(id)).ok_or(Refusal::NotFound)?;
    Ok(one("escalation_policy", shapes::policy(account, policy)))
}

/// `query` looks at the name and at the e-mail address.
pub(crate) fn users(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = call.request;
    let teams = request.parameters("team_ids[]");
    let mut rows: Vec<&User> = account
        .users
        .iter()
        .filter(|user| asked_for(request, &[&user.name, &user.email]))
        .filter(|user| belongs_to(&teams, Some(&user.teams)))
        .collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    page(request, "users", &rows, |user| shapes::user(account, user))
}

pub(crate) fn user(account: &Account, id: &str) -> Result<Answer, Refusal> {
    let user = account.user(&UserId::new(id)).ok_or(Refusal::NotFound)?;
    Ok(one("user", shapes::user(account, user)))
}

/// Whose token this is: by this call a client tells a user's token from the account's.
pub(crate) fn me(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.caller.user.as_ref().ok_or(Refusal::IdentityUnknown)?;
    user(account, id.as_str())
}

pub(crate) fn teams(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut rows: Vec<&Team> = account
        .teams
        .iter()
        .filter(|team| asked_for(call.request, &[&team.name]))
        .collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    page(call.request, "teams", &rows, |team| shapes::team(account, team))
}

/// Priorities in their own order, the most severe first. An account without any has the feature switched off.
pub(crate) fn priorities(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    if account.priorities.is_empty() {
        return Err(Refusal::AbilityMissing);
    }
    page(call.request, "priorities", &account.priorities, |priority| {
        shapes::priority(account, priority)
    })
}

/// The types that incidents can have, or by `filter` those that they can not have, or all. They are not paginated.
pub(crate) fn incident_types(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wanted = call.request.parameter("filter").unwrap_or("enabled");
    let shown = |kind: &IncidentType| match wanted {
        "enabled" => Ok(kind.enabled),
        "disabled" => Ok(!kind.enabled),
        "all" => Ok(true),
        _ => Err(Refusal::invalid("filter must be enabled, disabled or all")),
    };
    let mut rows = Vec::new();
    for kind in &account.incident_types {
        if shown(kind)? {
            rows.push(shapes::incident_type(account, kind));
        }
    }
    Ok(one("incident_types", json!(rows)))
}

pub(crate) fn abilities(account: &Account) -> Answer {
    one("abilities", json!(account.abilities))
}

/// Says by its status alone whether the account has an ability. That PagerDuty answers 404 to a name that it does not
/// know, and not 402, is not played: it has no list of names.
pub(crate) fn ability(account: &Account, name: &str) -> Result<Answer, Refusal> {
    if account.has_ability(name) {
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    } else {
        Err(Refusal::AbilityMissing)
    }
}

fn page<T>(request: &Request, name: &str, rows: &[T], render: impl Fn(&T) -> Value) -> Result<Answer, Refusal> {
    Ok(Answer::json(
        StatusCode::OK,
        Page::of(request)?.body(name, rows, render),
    ))
}

fn one(name: &str, value: Value) -> Answer {
    Answer::json(
        StatusCode::OK,
        Value::Object([(name.to_owned(), value)].into_iter().collect()),
    )
}

fn asked_for(request: &Request, texts: &[&str]) -> bool {
    let Some(query) = request.parameter("query") else {
        return true;
    };
    let query = query.to_lowercase();
    texts.iter().any(|text| text.to_lowercase().contains(&query))
}

fn belongs_to(wanted: &[&str], teams: Option<&Vec<TeamId>>) -> bool {
    wanted.is_empty() || teams.is_some_and(|teams| teams.iter().any(|team| wanted.contains(&team.as_str())))
}
