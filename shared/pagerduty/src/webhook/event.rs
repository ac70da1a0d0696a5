//! One event, whichever generation of webhooks told of it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    ids::{EventId, IncidentId},
    incident::{IncidentStatus, Urgency},
    lenient,
    reference::Reference,
};

/// One thing that PagerDuty told us.
///
/// Its JSON is what a workflow's templates and conditions see as `event`. What PagerDuty left out is null there, so
/// that a strict template can ask for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The same in every delivery of this event.
    pub id: EventId,
    /// The type, by its V3 name such as `incident.triggered`. PagerDuty may send types that are unknown here.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `incident`, `service` or `pagey`.
    pub resource_type: Option<String>,
    /// The time when it happened; unknown where PagerDuty's time can not be read.
    pub occurred_at: Option<Timestamp>,
    /// The person or system that did it: a user, an integration … Null for PagerDuty itself.
    pub agent: Option<Reference>,
    /// The program that a user or an integration used.
    pub client: Option<Client>,
    /// The incident that it is about.
    pub incident: Option<EventIncident>,
    /// The text of the note, if the event is about one.
    pub note: Option<String>,
    /// PagerDuty's data about it, untouched: V3's `data`, or V2's incident together with its `log_entries`.
    pub data: Value,
}

impl Event {
    /// True if this is the greeting that PagerDuty sends when a webhook subscription is tested.
    pub fn is_ping(&self) -> bool {
        self.event_type == "pagey.ping"
    }
}

/// The program through which an event came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    pub name: Option<String>,
    /// Its address.
    pub url: Option<String>,
}

impl Client {
    pub(super) fn from_json(object: &Value) -> Option<Self> {
        object.as_object()?;
        Some(Self {
            name: lenient::text(object, "name"),
            url: lenient::text(object, "url"),
        })
    }
}

/// The incident of an event.
///
/// An event that only points at its incident (a note, a responder …) tells no more than `id`, `title` and `html_url`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventIncident {
    pub id: IncidentId,
    /// The number that people use.
    pub number: Option<u64>,
    pub title: Option<String>,
    /// Its status when the event happened.
    pub status: Option<IncidentStatus>,
    /// Its urgency.
    pub urgency: Option<Urgency>,
    /// Its key. Null for incidents that came in through the Events API.
    pub incident_key: Option<String>,
    /// The time when it was created.
    pub created_at: Option<Timestamp>,
    /// Its page for people.
    pub html_url: Option<String>,
    /// The service that it belongs to.
    pub service: Option<Reference>,
    /// The escalation policy that it follows.
    pub escalation_policy: Option<Reference>,
    pub priority: Option<Reference>,
    /// The teams that it concerns. Null where they are not known, which is not the same as none.
    pub teams: Option<Vec<Reference>>,
    /// Its assignees. Null where they are not known, which is not the same as none.
    pub assignees: Option<Vec<Reference>>,
    /// The reason it was resolved, where PagerDuty says so.
    pub resolve_reason: Option<ResolveReason>,
}

/// The reason an incident was resolved. V3 sends an object, V2 a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResolveReason {
    /// The kind of reason. `merge_resolve_reason` is the only one that is documented: it was merged into another.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The incident that it was merged into. Not known from V2.
    pub incident: Option<Reference>,
    /// The free text of V2.
    pub text: Option<String>,
}

impl ResolveReason {
    fn from_json(reason: &Value) -> Option<Self> {
        match reason {
            Value::String(text) if text == "merged" => Some(Self {
                kind: Some("merge_resolve_reason".to_owned()),
                incident: None,
                text: None,
            }),
            Value::String(text) => Some(Self {
                kind: None,
                incident: None,
                text: Some(text.clone()),
            }),
            Value::Object(_) => Some(Self {
                kind: lenient::text(reason, "type"),
                incident: lenient::reference(reason, "incident"),
                text: None,
            }),
            _ => None,
        }
    }
}

impl EventIncident {
    /// The full incident of a V3 event.
    pub(super) fn from_v3(object: &Value) -> Option<Self> {
        Some(Self {
            number: lenient::number(object, "number"),
            assignees: lenient::references(object, "assignees"),
            ..Self::common(object)?
        })
    }

    /// The full incident of a V2 message.
    pub(super) fn from_v2(object: &Value) -> Option<Self> {
        let assignments = object.get("assignments").and_then(Value::as_array);
        Some(Self {
            number: lenient::number(object, "incident_number"),
            assignees: assignments.map(|list| {
                list.iter()
                    .filter_map(|assignment| lenient::reference(assignment, "assignee"))
                    .collect()
            }),
            service: lenient::reference(object, "service").map(Reference::of_full_object),
            priority: lenient::reference(object, "priority").map(Reference::of_full_object),
            ..Self::common(object)?
        })
    }

    /// The incident that an event only points at. PagerDuty puts the title into the reference's summary.
    pub(super) fn from_reference(object: &Value) -> Option<Self> {
        Some(Self {
            title: lenient::text(object, "summary"),
            ..Self::common(object)?
        })
    }

    /// The part that is written alike in both generations.
    fn common(object: &Value) -> Option<Self> {
        Some(Self {
            id: lenient::text(object, "id")?.try_into().ok()?,
            number: None,
            title: lenient::text(object, "title"),
            status: lenient::text(object, "status").map(IncidentStatus::from),
            urgency: lenient::text(object, "urgency").map(Urgency::from),
            incident_key: lenient::text(object, "incident_key"),
            created_at: lenient::time(object, "created_at"),
            html_url: lenient::text(object, "html_url"),
            service: lenient::reference(object, "service"),
            escalation_policy: lenient::reference(object, "escalation_policy"),
            priority: lenient::reference(object, "priority"),
            teams: lenient::references(object, "teams"),
            assignees: None,
            resolve_reason: object.get("resolve_reason").and_then(ResolveReason::from_json),
        })
    }
}
