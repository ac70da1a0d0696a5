//! The fields of `event`, for each type of event.
//!
//! Source: "Event Data Types" in PagerDuty's documentation of V3 webhooks, and public captures of deliveries. Where the two generations
//! of webhooks differ, V3 is meant unless it says otherwise. `event` has all its fields for every event; what the type of event does not
//! carry is null.

use crate::{
    run::WebhookKind,
    triggers::schedule,
    types::{Kind, Record, Type, Words},
};
use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

/// The part of its incident that an event carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// The incident as it was when the event happened.
    Incident,
    /// The id, the title and the link of the incident.
    Reference,
    /// No incident: it is about a service.
    Service,
}

use Carries::{Incident, Reference, Service};

/// The types of events that PagerDuty sends, as V3 names them, with what each says of its incident in a V3 webhook and when it happens.
///
/// Source: PagerDuty's documentation of V3 webhooks. The last two stand only in the list for Slack connections, which does not say what
/// they have; they are taken to carry the incident, as all events about a field of it do.
pub const TYPES: &[(&str, Carries, &str)] = &[
    ("incident.triggered", Incident, "An incident was opened"),
    ("incident.acknowledged", Incident, "It was acknowledged"),
    (
        "incident.unacknowledged",
        Incident,
        "The time of its acknowledgement is over",
    ),
    (
        "incident.resolved",
        Incident,
        "It was resolved, by a person, a monitoring tool, a time-out or because it was merged into another",
    ),
    ("incident.reopened", Incident, "It was resolved, and is open again"),
    (
        "incident.escalated",
        Incident,
        "It went to the next level of its escalation policy",
    ),
    ("incident.delegated", Incident, "It went to another escalation policy"),
    ("incident.reassigned", Incident, "It went to other users"),
    ("incident.priority_updated", Incident, "Its priority was set or changed"),
    ("incident.service_updated", Incident, "It went to another service"),
    ("incident.incident_type.changed", Incident, "Its type was changed"),
    ("incident.annotated", Reference, "A note was added"),
    (
        "incident.conference_bridge.updated",
        Reference,
        "Its conference bridge was set or changed",
    ),
    (
        "incident.custom_field_values.updated",
        Reference,
        "Custom fields of it were set or changed",
    ),
    ("incident.responder.added", Reference, "A person was asked to help"),
    (
        "incident.responder.replied",
        Reference,
        "A person who was asked to help has answered",
    ),
    ("incident.role.assigned", Reference, "A person got a role"),
    (
        "incident.status_update_published",
        Reference,
        "A status update was published",
    ),
    ("incident.task.created", Reference, "A task was added"),
    ("incident.task.updated", Reference, "A task was changed"),
    ("incident.task.completed", Reference, "A task was done"),
    (
        "incident.action_invocation.created",
        Reference,
        "An automation action was started",
    ),
    (
        "incident.action_invocation.updated",
        Reference,
        "An automation action goes on",
    ),
    (
        "incident.action_invocation.terminated",
        Reference,
        "An automation action has ended",
    ),
    (
        "incident.workflow.started",
        Reference,
        "An incident workflow of PagerDuty was started",
    ),
    (
        "incident.workflow.completed",
        Reference,
        "An incident workflow of PagerDuty has ended",
    ),
    ("service.created", Service, "A service was made"),
    ("service.updated", Service, "A service was changed"),
    ("service.deleted", Service, "A service was deleted"),
    (
        "service.custom_field_values.updated",
        Service,
        "Custom fields of a service were set or changed",
    ),
    ("incident.title_updated", Incident, "Its title was changed"),
    ("incident.urgency_updated", Incident, "Its urgency was changed"),
];

/// The names of the types of events.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    TYPES.iter().map(|(name, _, _)| *name)
}

/// True if there is a type of event of this name.
pub(super) fn is_known(name: &str) -> bool {
    names().any(|known| known == name)
}

/// True if a V3 webhook of this type carries the whole incident. The others name no more than its id and title, or have none.
#[must_use]
pub fn tells_incident(name: &str) -> bool {
    carries(name) == Incident
}

/// The part of its incident that an event of a type carries, in a V3 webhook.
#[must_use]
pub fn carries(event_type: &str) -> Carries {
    let known = TYPES.iter().find(|(name, _, _)| *name == event_type);
    known.map_or(Reference, |(_, carries, _)| *carries)
}

/// The fields of `event`. What is below `data` is PagerDuty's own.
pub static FIELDS: LazyLock<Vec<&str>> = LazyLock::new(|| fields_of(&any()));

/// The fields of `event.incident`.
pub static INCIDENT_FIELDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| fields_of(&incident("incident.triggered", Incident)));

/// The names of the fields of a record that is written in this file.
fn fields_of(of: &Type) -> Vec<&'static str> {
    let fields = match &of.kind {
        Kind::Record(record) => record.fields.as_slice(),
        _ => &[],
    };
    let names = fields.iter().filter_map(|(name, _)| match name {
        Cow::Borrowed(name) => Some(*name),
        Cow::Owned(_) => None,
    });
    names.collect()
}

/// The type of `event` where nothing says which types of events it can be.
#[must_use]
pub fn any() -> Type {
    let names: Vec<&str> = names().chain([schedule::EVENT_TYPE]).collect();
    event("incident.triggered", WebhookKind::V3, &names)
        .with_any_note()
        .with_time_of_schedule()
}

/// The type of `event` for one of several types of events.
pub(super) fn of_any<'a>(types: impl Iterator<Item = &'a str>, webhook: WebhookKind) -> Type {
    let types: Vec<&str> = types.collect();
    Type::any_of(types.iter().map(|name| event(name, webhook, &types)))
}

/// The type of `event` where a step waits for one of several types of events.
pub(crate) fn of_awaited<'a>(types: impl Iterator<Item = &'a str>) -> Type {
    of_any(types, WebhookKind::V3)
}

/// The type of `event` for one type of event.
#[must_use]
pub fn of(event_type: &str, webhook: WebhookKind) -> Type {
    event(event_type, webhook, &[event_type])
}

fn event(event_type: &str, webhook: WebhookKind, types: &[&str]) -> Type {
    let carries = match webhook {
        WebhookKind::V2 => Carries::Incident,
        WebhookKind::V3 => carries(event_type),
    };
    let types = Words::theirs(types.iter().map(|name| (*name).to_owned()));
    let agent = reference(true).or_null("PagerDuty did it by itself, or did not say who did it");
    let client = record(
        vec![
            ("name", text().or_null("PagerDuty did not say")),
            ("url", text().or_null("PagerDuty did not say")),
        ],
        &[("link", "url"), ("html_url", "url"), ("summary", "name")],
    );
    let client = client.or_null("only events that came from a program have a client");
    let note = match event_type {
        "incident.annotated" if webhook == WebhookKind::V3 => text(),
        "incident.annotated" => text().or_null("a V2 webhook may leave it out"),
        _ => Type::null(format!("events of the type `{event_type}` are not about a note")),
    };
    record(
        vec![
            ("id", text()),
            ("type", Kind::Words(types).into()),
            ("resource_type", text()),
            ("occurred_at", text()),
            ("agent", agent),
            ("client", client),
            ("incident", incident(event_type, carries)),
            ("note", note),
            ("data", Type::UNKNOWN),
        ],
        &[
            ("event_type", "type"),
            ("timestamp", "occurred_at"),
            ("time", "occurred_at"),
            ("created_at", "occurred_at"),
            ("user", "agent"),
            ("by", "agent"),
            ("content", "note"),
        ],
    )
}

impl Type {
    /// The type of an `event` that may be about a note.
    fn with_any_note(mut self) -> Self {
        if let Kind::Record(record) = &mut self.kind {
            for (name, of) in &mut Arc::make_mut(record).fields {
                if name == "note" {
                    *of = text().or_null("only events about a note have one");
                }
            }
        }
        self
    }
}

impl Type {
    /// The type of an `event` that may be a time of a schedule.
    fn with_time_of_schedule(mut self) -> Self {
        if let Kind::Record(record) = &mut self.kind {
            let time = text().or_missing("only a schedule has one; ask for `event.type == \"schedule\"`");
            Arc::make_mut(record).fields.push(("scheduled_at".into(), time));
        }
        self
    }
}

fn incident(event_type: &str, carries: Carries) -> Type {
    /// The words of PagerDuty's API and its predecessors.
    const MEANT: &[(&str, &str)] = &[
        ("summary", "title"),
        ("name", "title"),
        ("description", "title"),
        ("incident_number", "number"),
        ("url", "html_url"),
        ("link", "html_url"),
        ("self", "html_url"),
        ("key", "incident_key"),
        ("dedup_key", "incident_key"),
        ("state", "status"),
        ("severity", "urgency"),
        ("assigned_to", "assignees"),
        ("assignments", "assignees"),
        ("policy", "escalation_policy"),
    ];
    let is_whole = match carries {
        Carries::Incident => true,
        Carries::Reference => false,
        Carries::Service => {
            return Type::null(format!(
                "events of the type `{event_type}` are about a service, not an incident"
            ));
        }
    };
    let whole = |of: Type| match is_whole {
        true => of,
        false => Type::null(format!(
            "events of the type `{event_type}` only name their incident; read it with `pagerduty.get_incident`"
        )),
    };
    let title = match is_whole {
        true => text(),
        false => text().or_null("PagerDuty may leave it out where it only names the incident"),
    };
    let html_url = match is_whole {
        true => text(),
        false => text().or_null("PagerDuty may leave it out where it only names the incident"),
    };
    let words = |known: &'static [&'static str]| Kind::Words(Words::theirs(known.iter().copied())).into();
    let resolve_reason = record(
        vec![
            ("type", text().or_null("PagerDuty does not say")),
            ("incident", reference(true).or_null("only a merged incident has one")),
            ("text", text().or_null("only V2 webhooks have one")),
        ],
        &[],
    );
    record(
        vec![
            ("id", text()),
            ("number", whole(Kind::Integer.into())),
            ("title", title),
            ("status", whole(words(&["triggered", "acknowledged", "resolved"]))),
            ("urgency", whole(words(&["high", "low"]))),
            (
                "incident_key",
                whole(text().or_null("incidents that came in through the Events API have no key in a webhook")),
            ),
            ("created_at", whole(text())),
            ("html_url", html_url),
            ("service", whole(reference(false))),
            ("escalation_policy", whole(reference(false))),
            (
                "priority",
                whole(reference(false).or_null("not every incident has a priority")),
            ),
            ("teams", whole(Type::list(reference(false)))),
            ("assignees", whole(Type::list(reference(false)))),
            (
                "resolve_reason",
                whole(resolve_reason.or_null("PagerDuty gives a reason only for merged incidents")),
            ),
        ],
        MEANT,
    )
}

/// The type of a reference of PagerDuty to one of its objects.
fn reference(may_be_nameless: bool) -> Type {
    let summary = match may_be_nameless {
        true => text().or_null("PagerDuty may leave the name out"),
        false => text(),
    };
    record(
        vec![
            ("id", text()),
            ("type", text()),
            ("summary", summary),
            ("html_url", text().or_null("what was deleted has no page")),
            ("self_url", text().or_null("PagerDuty may leave it out")),
        ],
        &[
            ("name", "summary"),
            ("title", "summary"),
            ("label", "summary"),
            ("url", "html_url"),
            ("link", "html_url"),
            ("self", "self_url"),
            ("kind", "type"),
        ],
    )
}

fn text() -> Type {
    Kind::Text.into()
}

fn record(fields: Vec<(&'static str, Type)>, meant: &'static [(&'static str, &'static str)]) -> Type {
    let fields = fields.into_iter().map(|(name, of)| (name.into(), of)).collect();
    Kind::Record(Arc::new(Record { fields, meant })).into()
}
