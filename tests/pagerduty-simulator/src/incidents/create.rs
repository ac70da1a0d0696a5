//! `POST /incidents`, and incidents that a monitoring tool opens.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::alerts::Alert;
use super::shapes;
use super::transitions::Transition;
use super::{Agent, AssignedVia, Holding, Incident, IncidentKey, LogEntryKind, Status};
use crate::access::Call;
use crate::account::Account;
use crate::directory::{Service, ServiceState, Urgency};
use crate::exchange::Answer;
use crate::fields::{self, Object};
use crate::ids::{IncidentId, PolicyId, PriorityId, ServiceId, UserId};
use crate::refusal::Refusal;
use crate::webhooks::event::Event;

/// The longest title, in characters. PagerDuty documents no limit for REST; 1024 is the limit of the Events API and what
/// consumers of the REST API keep to. UNVERIFIED.
const LONGEST_TITLE: usize = 1024;

/// The type of an incident that names none.
const DEFAULT_TYPE: &str = "incident_default";

/// Everything that is settled about an incident before it is opened.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) title: String,
    pub(crate) service: Service,
    pub(crate) key: Option<IncidentKey>,
    /// What a monitoring tool sent, if one opens the incident.
    pub(crate) alert: Option<Alert>,
    pub(crate) urgency: Option<Urgency>,
    pub(crate) priority: Option<PriorityId>,
    pub(crate) responders: Responders,
    pub(crate) details: Option<String>,
    pub(crate) incident_type: Option<String>,
    pub(crate) conference_bridge: Option<Value>,
}

/// Who an incident goes to.
#[derive(Debug)]
pub(crate) enum Responders {
    /// Whoever is on call by the service's escalation policy.
    OfService,
    /// Whoever is on call by this escalation policy.
    Policy(PolicyId),
    /// These users.
    Assignees(Vec<UserId>),
}

pub(crate) fn create(account: &mut Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let requester = call.requester(account)?;
    let draft = draft(account, &body)?;
    let id = account.open(draft, Agent::User(requester), call.now)?;
    let incident = account.incident(id.as_str())?;
    Ok(Answer::json(
        StatusCode::CREATED,
        json!({"incident": shapes::incident(account, incident)}),
    ))
}

fn draft(account: &Account, body: &Object) -> Result<Draft, Refusal> {
    // A body without the wrapper is answered like one without a title.
    let wrapper = body.get("incident").and_then(Value::as_object);
    let fields = wrapper.ok_or_else(|| Refusal::invalid("Title cannot be empty."))?;
    fields::require_type(fields, &["incident"])?;
    Ok(Draft {
        title: title(fields)?.ok_or_else(|| Refusal::invalid("Title cannot be empty."))?,
        service: service(account, fields)?,
        key: fields::text(fields, "incident_key")?
            .filter(|key| !key.is_empty())
            .map(|key| IncidentKey::Incident(key.to_owned())),
        alert: None,
        urgency: urgency(fields)?,
        priority: fields::reference(fields, "priority", "priority")?
            .map(|id| priority(account, id))
            .transpose()?,
        responders: one_responder(account, fields)?.unwrap_or(Responders::OfService),
        details: details(fields)?,
        incident_type: incident_type(account, fields)?,
        conference_bridge: conference_bridge(fields)?,
    })
}

/// The title, if there is one.
pub(crate) fn title(fields: &Object) -> Result<Option<String>, Refusal> {
    fields::text(fields, "title")?.map(checked_title).transpose()
}

/// A title that is neither empty nor too long.
pub(crate) fn checked_title(title: &str) -> Result<String, Refusal> {
    if title.trim().is_empty() {
        return Err(Refusal::invalid("Title cannot be empty."));
    }
    if title.chars().count() > LONGEST_TITLE {
        return Err(Refusal::invalid(format!(
            "Title is too long (maximum is {LONGEST_TITLE} characters)"
        )));
    }
    Ok(title.to_owned())
}

fn service(account: &Account, fields: &Object) -> Result<Service, Refusal> {
    let id = fields::reference(fields, "service", "service")?;
    let id = id.ok_or_else(|| Refusal::invalid("Service cannot be empty."))?;
    account
        .service(&ServiceId::new(id))
        .cloned()
        .ok_or_else(|| Refusal::arguments("Service not found"))
}

/// The urgency, if there is one.
pub(crate) fn urgency(fields: &Object) -> Result<Option<Urgency>, Refusal> {
    let refused = || Refusal::invalid("Urgency must be high or low");
    fields::text(fields, "urgency")?
        .map(|name| Urgency::of(name).ok_or_else(refused))
        .transpose()
}

/// A priority by its id.
pub(crate) fn priority(account: &Account, id: &str) -> Result<PriorityId, Refusal> {
    let id = PriorityId::new(id);
    if account.priority(&id).is_some() {
        Ok(id)
    } else {
        Err(Refusal::InvalidPriority)
    }
}

/// Who is named to respond to a new incident, which can have no more than one assignee.
fn one_responder(account: &Account, fields: &Object) -> Result<Option<Responders>, Refusal> {
    match responders(account, fields)? {
        Some(Responders::Assignees(users)) if users.len() > 1 => {
            Err(Refusal::invalid("Only one assignee can be given"))
        }
        responders => Ok(responders),
    }
}

/// The name of a type of incidents that the account has and uses. The words that refuse another one are UNVERIFIED.
pub(crate) fn incident_type(account: &Account, fields: &Object) -> Result<Option<String>, Refusal> {
    let kind = fields::object(fields, "incident_type")?;
    let name = kind.map(|kind| fields::text(kind, "name")).transpose()?.flatten();
    match name {
        Some(name) if account.has_incident_type(name) => Ok(Some(name.to_owned())),
        Some(_) => Err(Refusal::invalid("Incident type is invalid")),
        None => Ok(None),
    }
}

/// Who is named to respond: an escalation policy or assignees, never both.
pub(crate) fn responders(account: &Account, fields: &Object) -> Result<Option<Responders>, Refusal> {
    let policy = fields::reference(fields, "escalation_policy", "escalation_policy")?;
    let assignments = fields::array(fields, "assignments")?.filter(|assignments| !assignments.is_empty());
    match (policy, assignments) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Refusal::invalid(
            "Only one of escalation_policy and assignments can be given",
        )),
        (Some(id), None) => {
            let id = PolicyId::new(id);
            if account.policy(&id).is_none() {
                return Err(Refusal::PolicyNotFound);
            }
            Ok(Some(Responders::Policy(id)))
        }
        (None, Some(assignments)) => {
            let assignees = assignments.iter().map(|assignment| assignee(account, assignment));
            Ok(Some(Responders::Assignees(assignees.collect::<Result<_, _>>()?)))
        }
    }
}

fn assignee(account: &Account, assignment: &Value) -> Result<UserId, Refusal> {
    let assignee = assignment.get("assignee").and_then(Value::as_object);
    let assignee = assignee.ok_or_else(|| Refusal::invalid("assignments must each have an assignee"))?;
    let id = UserId::new(fields::referred(assignee, "assignee", "user")?);
    if account.user(&id).is_none() {
        return Err(Refusal::AssigneeNotFound);
    }
    Ok(id)
}

/// The details of the body. PagerDuty takes a string there and nothing else, although its schema says an object.
fn details(fields: &Object) -> Result<Option<String>, Refusal> {
    let Some(body) = fields::object(fields, "body")? else {
        return Ok(None);
    };
    fields::require_type(body, &["incident_body"])?;
    match fields::present(body, "details") {
        None => Ok(None),
        Some(Value::String(details)) => Ok(Some(details.clone())),
        Some(_) => Err(Refusal::invalid("Body details must be a string")),
    }
}

/// The conference bridge, if there is one.
pub(crate) fn conference_bridge(fields: &Object) -> Result<Option<Value>, Refusal> {
    let Some(bridge) = fields::object(fields, "conference_bridge")? else {
        return Ok(None);
    };
    Ok(Some(json!({
        "conference_number": fields::text(bridge, "conference_number")?,
        "conference_url": fields::text(bridge, "conference_url")?,
    })))
}

impl Account {
    /// Opens an incident: PagerDuty's rules for when it may be, whoever asks for it.
    pub(crate) fn open(&mut self, draft: Draft, agent: Agent, now: Timestamp) -> Result<IncidentId, Refusal> {
        let incident = self.prepare(draft, now)?;
        let id = incident.id.clone();
        self.start(incident, agent, now);
        Ok(id)
    }

    fn prepare(&mut self, draft: Draft, now: Timestamp) -> Result<Incident, Refusal> {
        if draft.service.state != ServiceState::Active {
            return Err(Refusal::invalid("Incident could not be created"));
        }
        let taken = |incident: &Incident| {
            incident.service == draft.service.id
                && incident.status != Status::Resolved
                && draft
                    .key
                    .as_ref()
                    .is_some_and(|key| key.as_str() == incident.key.as_str())
        };
        if self.incidents.iter().any(taken) {
            return Err(Refusal::arguments(
                "Open incident with matching dedup key already exists on this service",
            ));
        }
        let own_policy = draft.service.escalation_policy;
        let (policy, assigned_via, assignments) = match draft.responders {
            Responders::Assignees(users) => (
                own_policy,
                AssignedVia::DirectAssignment,
                users.into_iter().map(|user| Holding { at: now, user }).collect(),
            ),
            Responders::OfService => {
                let on_call = self.on_call(&own_policy, 1, now);
                (own_policy, AssignedVia::EscalationPolicy, on_call)
            }
            Responders::Policy(policy) => {
                let on_call = self.on_call(&policy, 1, now);
                (policy, AssignedVia::EscalationPolicy, on_call)
            }
        };
        if assignments.is_empty() {
            return Err(Refusal::NobodyOnCall);
        }
        let number = self.incidents.len() as u64 + 1;
        Ok(Incident {
            id: self.ids.incident(self.incident_ids, number),
            number,
            title: draft.title,
            key: draft
                .key
                .unwrap_or_else(|| IncidentKey::Incident(self.ids.incident_key())),
            service: draft.service.id,
            status: Status::Triggered,
            urgency: draft.urgency.unwrap_or(draft.service.urgency),
            priority: draft.priority,
            policy,
            assigned_via,
            assignments,
            acknowledgements: Vec::new(),
            details: draft.details,
            incident_type: draft.incident_type.unwrap_or_else(|| DEFAULT_TYPE.to_owned()),
            conference_bridge: draft.conference_bridge,
            created_at: now,
            updated_at: now,
            resolved_at: None,
            reopened_at: None,
            last_status_change_at: now,
            last_status_change_by: None,
            snoozed_until: None,
            merged_into: None,
            alerts: draft.alert.into_iter().collect(),
            custom_fields: std::collections::BTreeMap::new(),
            log: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Triggers an incident. Whoever assigns it to themselves has thereby acknowledged it.
    fn start(&mut self, mut incident: Incident, agent: Agent, now: Timestamp) {
        self.record(
            &mut incident,
            LogEntryKind::Trigger,
            &agent,
            None,
            Some(&Event::Triggered),
            now,
        );
        let assignee = match incident.assigned_via {
            AssignedVia::DirectAssignment => incident.assignments.first().map(|holding| holding.user.clone()),
            AssignedVia::EscalationPolicy => None,
        };
        match agent {
            Agent::User(user) if assignee.as_ref() == Some(&user) => {
                Transition {
                    account: self,
                    incident,
                    agent: Agent::User(user),
                    now,
                }
                .acknowledge();
            }
            _ => {}
        }
    }
}
