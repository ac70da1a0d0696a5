//! `GET` of incidents and of their log.

use std::cmp::Ordering;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Incident, Status, shapes};
use crate::access::Call;
use crate::account::Account;
use crate::directory::shapes as full;
use crate::exchange::{Answer, Request};
use crate::ids::{TeamId, UserId};
use crate::page::Page;
use crate::refusal::Refusal;

/// How far back a list goes that names no dates: a month.
const DEFAULT_SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest time that `since` and `until` may span: six months.
const LONGEST_SPAN: SignedDuration = SignedDuration::from_hours(184 * 24);

/// The incidents that match all filters, as `sort_by` asks, or else oldest first. Filters that PagerDuty does not know are ignored, as it does; an
/// empty `incident_key` is no filter. That a list without `statuses[]` has all statuses is UNVERIFIED.
pub(crate) fn all(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = call.request;
    let (since, until) = span(request, call.now)?;
    let statuses = named(request, "statuses[]", |name| {
        Status::of(name).ok_or_else(Status::refused)
    })?;
    let filter = |incident: &&Incident| {
        since.is_none_or(|since| incident.created_at >= since)
            && until.is_none_or(|until| incident.created_at < until)
            && call.shows(incident.created_at)
            && (statuses.is_empty() || statuses.contains(&incident.status))
            && request
                .parameter("incident_key")
                .is_none_or(|key| key.is_empty() || incident.has_key(key))
            && any(request, "service_ids[]", [incident.service.as_str()])
            && any(request, "urgencies[]", [incident.urgency.name()])
            && any(
                request,
                "team_ids[]",
                shapes::teams(account, incident).iter().map(TeamId::as_str),
            )
            && any(
                request,
                "user_ids[]",
                incident.assignments.iter().map(|assignment| assignment.user.as_str()),
            )
    };
    let mut rows: Vec<&Incident> = account.incidents.iter().filter(filter).collect();
    sort(&mut rows, request.parameter("sort_by").unwrap_or_default());
    let body = Page::of(request)?.body("incidents", &rows, |incident| with_included(account, incident, request));
    Ok(Answer::json(StatusCode::OK, body))
}

/// Sorts as `sort_by` says: a field, and after a colon the direction, ascending if there is none; or two of these with a
/// comma between them, the one that counts more first. UNVERIFIED are the order of urgencies and of what is not resolved,
/// that other fields are ignored, and that incidents which are alike stay oldest first.
fn sort(incidents: &mut [&Incident], sort_by: &str) {
    // The sort is stable, so that what is sorted by last counts most.
    for wanted in sort_by.split(',').rev() {
        let (field, direction) = wanted.split_once(':').unwrap_or((wanted, "asc"));
        let compare: fn(&Incident, &Incident) -> Ordering = match field {
            "incident_number" => |one, other| one.number.cmp(&other.number),
            "created_at" => |one, other| one.created_at.cmp(&other.created_at),
            "resolved_at" => |one, other| one.resolved_at.cmp(&other.resolved_at),
            "urgency" => |one, other| one.urgency.name().cmp(other.urgency.name()),
            _ => continue,
        };
        incidents.sort_by(|one, other| match direction {
            "desc" => compare(other, one),
            _ => compare(one, other),
        });
    }
}

/// One incident, by its id or by its number.
pub(crate) fn one(account: &Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let number = id.parse().ok();
    let by_number = account
        .incidents
        .iter()
        .find(|incident| Some(incident.number) == number);
    let incident = by_number.map_or_else(|| account.incident(id), Ok)?;
    Ok(Answer::json(
        StatusCode::OK,
        json!({"incident": with_included(account, incident, call.request)}),
    ))
}

/// The log of an incident, the newest entry first; with `is_overview=true` only what is important.
pub(crate) fn log_entries(account: &Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let incident = account.incident(id)?;
    let overview = call.request.parameter("is_overview") == Some("true");
    let rows: Vec<_> = incident
        .log
        .iter()
        .rev()
        .filter(|entry| call.shows(entry.at))
        .filter(|entry| !overview || entry.kind.is_important())
        .collect();
    let body = Page::of(call.request)?.body("log_entries", &rows, |entry| {
        shapes::log_entry(account, incident, entry)
    });
    Ok(Answer::json(StatusCode::OK, body))
}

/// An incident with what the request asks for by `include[]`: its body, and in place of references the full objects. What is
/// not known is ignored, which is UNVERIFIED.
fn with_included(account: &Account, incident: &Incident, request: &Request) -> Value {
    let mut shape = shapes::incident(account, incident);
    let Some(fields) = shape.as_object_mut() else {
        return shape;
    };
    for wanted in request.parameters("include[]") {
        match wanted {
            "body" => {
                let body = json!({"type": "incident_body", "details": incident.details});
                fields.insert("body".to_owned(), body);
            }
            "services" => {
                let service = account.service(&incident.service);
                fields.extend(service.map(|found| ("service".to_owned(), full::service(account, found))));
            }
            "escalation_policies" => {
                let policy = account.policy(&incident.policy);
                fields.extend(policy.map(|found| ("escalation_policy".to_owned(), full::policy(account, found))));
            }
            "teams" => {
                let teams = shapes::teams(account, incident)
                    .iter()
                    .filter_map(|id| account.team(id));
                fields.insert(
                    "teams".to_owned(),
                    teams.map(|team| full::team(account, team)).collect(),
                );
            }
            "first_trigger_log_entries" => {
                let first = incident
                    .log
                    .first()
                    .map(|entry| shapes::log_entry(account, incident, entry));
                fields.insert("first_trigger_log_entry".to_owned(), json!(first));
            }
            "assignees" => include_users(account, fields, "assignments", "assignee"),
            "acknowledgers" => include_users(account, fields, "acknowledgements", "acknowledger"),
            "users" => {
                include_users(account, fields, "assignments", "assignee");
                include_users(account, fields, "acknowledgements", "acknowledger");
            }
            _ => {}
        }
    }
    shape
}

/// Puts full users in the place of references in one of the lists of an incident.
fn include_users(account: &Account, fields: &mut Map<String, Value>, list: &str, role: &str) {
    let rows = fields.get_mut(list).and_then(Value::as_array_mut);
    for reference in rows.into_iter().flatten().filter_map(|row| row.get_mut(role)) {
        let user = reference
            .get("id")
            .and_then(Value::as_str)
            .and_then(|id| account.user(&UserId::new(id)));
        if let Some(user) = user {
            *reference = full::user(account, user);
        }
    }
}

fn span(request: &Request, now: Timestamp) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
    if request.parameter("date_range") == Some("all") {
        return Ok((None, None));
    }
    let date = |name: &str| {
        let refused = |_| Refusal::InvalidTimes;
        request
            .parameter(name)
            .map(|text| text.parse::<Timestamp>().map_err(refused))
            .transpose()
    };
    let until = date("until")?;
    let end = until.unwrap_or(now);
    let since = date("since")?.unwrap_or(end.saturating_sub(DEFAULT_SPAN).unwrap_or(end));
    if since > end {
        return Err(Refusal::InvalidTimes);
    }
    if end.duration_since(since) > LONGEST_SPAN {
        return Err(Refusal::InvalidDateRange);
    }
    Ok((Some(since), until))
}

fn named<T>(request: &Request, name: &str, read: impl Fn(&str) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
    request.parameters(name).into_iter().map(read).collect()
}

fn any<'a>(request: &Request, name: &str, values: impl IntoIterator<Item = &'a str>) -> bool {
    let wanted = request.parameters(name);
    wanted.is_empty() || values.into_iter().any(|value| wanted.contains(&value))
}
