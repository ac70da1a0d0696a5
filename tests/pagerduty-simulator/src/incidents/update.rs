//! `PUT /incidents/{id}`.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::create::{self, Responders};
use super::shapes;
use super::transitions::Transition;
use super::{Agent, Incident, Status};
use crate::access::Call;
use crate::account::Account;
use crate::directory::Urgency;
use crate::exchange::Answer;
use crate::fields::{self, Object};
use crate::ids::{PriorityId, ServiceId, UserId};
use crate::refusal::Refusal;
use crate::seed::RepeatedStatus;

/// What a request wants changed, checked before anything is.
#[derive(Debug, Default)]
struct Change {
    title: Option<String>,
    urgency: Option<Urgency>,
    priority: Option<PriorityId>,
    incident_type: Option<String>,
    conference_bridge: Option<Value>,
    service: Option<ServiceId>,
    responders: Option<Responders>,
    level: Option<usize>,
    status: Option<Status>,
    resolution: Option<String>,
}

pub(crate) fn update(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let requester = call.requester(account)?;
    let incident = account.incident(id)?.clone();
    let change = change(account, &body)?;
    let status = effective_status(account, &incident, change.status, &requester)?;
    check_responders(account, &incident, &change)?;
    apply(
        Transition {
            account,
            incident,
            agent: Agent::User(requester),
            now: call.now,
        },
        change,
        status,
    );
    let incident = account.incident(id)?;
    Ok(Answer::json(
        StatusCode::OK,
        json!({"incident": shapes::incident(account, incident)}),
    ))
}

/// Gives an incident a status as the user with this e-mail address does in the web app.
pub(crate) fn set_status(
    account: &mut Account,
    id: &str,
    status: Status,
    email: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let user = account.user_by_email(email).ok_or(Refusal::RequesterNotFound)?;
    if !user.role.may_respond() {
        return Err(Refusal::RequesterNotAuthorized);
    }
    let user = user.id.clone();
    let incident = account.incident(id)?.clone();
    let status = effective_status(account, &incident, Some(status), &user)?;
    let person = Transition {
        account,
        incident,
        agent: Agent::User(user),
        now,
    };
    apply(person, Change::default(), status);
    Ok(())
}

fn change(account: &Account, body: &Object) -> Result<Change, Refusal> {
    let fields = fields::object(body, "incident")?.ok_or_else(|| Refusal::invalid("incident cannot be empty"))?;
    fields::require_type(fields, &["incident", "incident_reference"])?;
    let status = fields::text(fields, "status")?;
    let status = status
        .map(|name| Status::of(name).ok_or_else(Status::refused))
        .transpose()?;
    let resolution = fields::text(fields, "resolution")?.map(str::to_owned);
    if resolution.is_some() && status != Some(Status::Resolved) {
        return Err(Refusal::invalid(
            "resolution can only be given with the status resolved",
        ));
    }
    Ok(Change {
        title: create::title(fields)?,
        urgency: create::urgency(fields)?,
        priority: priority(account, fields)?,
        incident_type: create::incident_type(account, fields)?,
        conference_bridge: create::conference_bridge(fields)?,
        service: service(account, fields)?,
        responders: create::responders(account, fields)?,
        level: fields::present(fields, "escalation_level").map(level).transpose()?,
        status,
        resolution,
    })
}

/// A priority is given by reference or by name; of several with that name the most severe one is meant.
fn priority(account: &Account, fields: &Object) -> Result<Option<PriorityId>, Refusal> {
    if let Some(Value::String(name)) = fields.get("priority") {
        let priority = account.priorities.iter().find(|priority| &priority.name == name);
        return priority
            .map(|priority| Some(priority.id.clone()))
            .ok_or(Refusal::InvalidPriority);
    }
    fields::reference(fields, "priority", "priority")?
        .map(|id| create::priority(account, id))
        .transpose()
}

/// PagerDuty moves an incident to another service since October 2025. The words that refuse an unknown one are those of
/// `POST /incidents`, which is UNVERIFIED.
fn service(account: &Account, fields: &Object) -> Result<Option<ServiceId>, Refusal> {
    let id = fields::reference(fields, "service", "service")?.map(ServiceId::new);
    match id {
        Some(id) if account.service(&id).is_none() => Err(Refusal::arguments("Service not found")),
        id => Ok(id),
    }
}

fn level(value: &Value) -> Result<usize, Refusal> {
    let level = value.as_u64().and_then(|level| usize::try_from(level).ok());
    level.ok_or_else(|| Refusal::invalid("escalation_level must be a whole number"))
}

/// The status to change to; none if the incident is to stay as it is.
fn effective_status(
    account: &Account,
    incident: &Incident,
    wanted: Option<Status>,
    requester: &UserId,
) -> Result<Option<Status>, Refusal> {
    let refusal = match wanted {
        Some(Status::Resolved) if incident.status == Status::Resolved => Refusal::AlreadyResolved,
        Some(Status::Acknowledged)
            if incident
                .acknowledgements
                .iter()
                .any(|acknowledgement| &acknowledgement.user == requester) =>
        {
            Refusal::AlreadyAcknowledged
        }
        Some(Status::Triggered) if incident.status == Status::Triggered => return Ok(None),
        _ => return Ok(wanted),
    };
    match account.repeated_status {
        RepeatedStatus::Refused => Err(refusal),
        RepeatedStatus::Accepted => Ok(None),
    }
}

fn check_responders(account: &Account, incident: &Incident, change: &Change) -> Result<(), Refusal> {
    // A request that gives a resolved incident another status reopens it, and then it can have responders.
    let resolved = incident.status == Status::Resolved && change.status.is_none_or(|status| status == Status::Resolved);
    if resolved && change.responders.is_some() {
        return Err(Refusal::CannotReassign);
    }
    let policy = match &change.responders {
        Some(Responders::Policy(policy)) => policy,
        _ => &incident.policy,
    };
    let escalation = policy != &incident.policy || change.level.is_some();
    let nobody = account
        .policy(policy)
        .is_none_or(|policy| policy.on_call(change.level.unwrap_or(1)).is_empty());
    match change.level {
        Some(_) if resolved || nobody => Err(Refusal::CannotEscalate),
        None if escalation && nobody => Err(Refusal::NobodyOnCall),
        _ => Ok(()),
    }
}

/// Makes the changes one after the other. A change to what is already so is none and sends no webhook.
fn apply(mut incident: Transition<'_>, change: Change, status: Option<Status>) {
    if incident.incident.status == Status::Resolved && status.is_some() {
        incident.reopen(status == Some(Status::Acknowledged));
    }
    if let Some(title) = change.title.filter(|title| title != &incident.incident.title) {
        incident.retitle(title);
    }
    if let Some(urgency) = change.urgency.filter(|urgency| urgency != &incident.incident.urgency) {
        incident.change_urgency(urgency);
    }
    if let Some(priority) = change
        .priority
        .filter(|priority| Some(priority) != incident.incident.priority.as_ref())
    {
        incident.change_priority(priority);
    }
    if let Some(name) = change
        .incident_type
        .filter(|name| name != &incident.incident.incident_type)
    {
        incident.change_type(name);
    }
    if let Some(bridge) = change
        .conference_bridge
        .filter(|bridge| Some(bridge) != incident.incident.conference_bridge.as_ref())
    {
        incident.change_bridge(bridge);
    }
    if let Some(service) = change.service.filter(|service| service != &incident.incident.service) {
        incident.move_to(service);
    }
    match change.responders {
        Some(Responders::Policy(policy)) => incident.delegate(policy),
        Some(Responders::Assignees(users)) => incident.reassign(users),
        Some(Responders::OfService) | None => {}
    }
    if let Some(level) = change.level {
        incident.escalate(level);
    }
    match status {
        Some(Status::Resolved) => incident.resolve(change.resolution),
        Some(Status::Acknowledged) => incident.acknowledge(),
        Some(Status::Triggered) if incident.incident.status == Status::Acknowledged => incident.unacknowledge(),
        Some(Status::Triggered) | None => {}
    }
}
