//! The life of an incident.

use super::{
    super::{
        ActionSpec, Changes, Function, Repeat, Rule, Thing, Unfit,
        fields::{Field, FieldKind, Longest},
    },
    FROM, INCIDENT, INCIDENT_ID, INCIDENT_NUMBER, INTEGRATION, NOTE, PRIORITY, SETTLING, STATUS, TIMEOUT_SECONDS,
    TITLE, URGENCIES, URGENCY,
};

/// PagerDuty documents one to 604,800 seconds.
const LONGEST_SNOOZE_SECONDS: i64 = 7 * 24 * 60 * 60;

/// PagerDuty documents no limit for titles in its REST API. This is the one of its Events API, and what its own integrations
/// cut to.
const LINE: FieldKind = FieldKind::Prose(Longest::Characters(1024));

const BRIDGE: &[Field] = &[
    Field::optional(
        "conference_number",
        FieldKind::Prose(Longest::Unlimited),
        "the telephone number, with commas for pauses",
    )
    .unfit(Unfit::LeaveOut),
    Field::optional("conference_url", FieldKind::Url, "the URL of the meeting").unfit(Unfit::LeaveOut),
];

pub(super) static CREATE: ActionSpec = ActionSpec {
    name: "pagerduty.create_incident",
    summary: "Opens an incident.",
    inputs: &[
        INTEGRATION,
        Field::required("title", LINE, "the incident's title, 1 to 1024 characters").unfit(Unfit::Cut),
        Field::required("service", FieldKind::PagerDutyId, "the id of the service").naming(Thing::Service),
        Field::optional(
            "escalation_policy",
            FieldKind::PagerDutyId,
            "the id of the escalation policy; else the service's own",
        )
        .naming(Thing::EscalationPolicy),
        Field::optional(
            "assignee",
            FieldKind::PagerDutyId,
            "the id of the user who gets it, instead of an escalation policy",
        )
        .naming(Thing::User),
        FROM,
        Field::optional(
            "urgency",
            FieldKind::OneOf(URGENCIES),
            "high or low; else as the service has it",
        )
        .unfit(Unfit::LeaveOut),
        Field::optional("priority", FieldKind::PagerDutyId, "the id of the priority")
            .naming(Thing::Priority)
            .unfit(Unfit::LeaveOut),
        Field::optional(
            "body",
            FieldKind::Text,
            "what people read on the incident beside its title",
        )
        .unfit(Unfit::Cut),
        Field::optional(
            "incident_type",
            FieldKind::Prose(Longest::Unlimited),
            "the name of the incident type",
        )
        .unfit(Unfit::LeaveOut),
        Field::optional("conference_bridge", FieldKind::Object(BRIDGE), "where people meet").unfit(Unfit::LeaveOut),
        Field::optional(
            "incident_key",
            FieldKind::Key,
            "a key of your own, 1 to 255 characters, of which PagerDuty has at most one open incident on a service; else \
             one that only this step has",
        )
        .unfit(Unfit::Hash),
        Field::optional(
            "on_existing",
            FieldKind::OneOf(&["fail", "adopt"]),
            "what is done when an incident with your `incident_key` is open already: `fail`, or `adopt` it; `fail` if it \
             does not say",
        )
        .unfit(Unfit::LeaveOut),
    ],
    rules: &[Rule::AtMostOne(&["escalation_policy", "assignee"])],
    outputs: &[
        Field::optional("created_at", FieldKind::Text, "when PagerDuty opened it, RFC 3339"),
        INCIDENT_ID,
        TITLE,
        INCIDENT_NUMBER,
        STATUS,
    ],
    changes: None,
    // PagerDuty refuses a second open incident of the same `incident_key` on a service, but forgets the key when the
    // incident is resolved; so a repeat first looks for it.
    repeat: Repeat::NeedsLook {
        settling: SETTLING,
    },
    on_repeat: "It looks for the incident of the first time, by its key and over all statuses, and takes that.",
    function: Function::CreateIncident,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
title: \"Memory alert: {{ event.incident.title }}\"
service: PWIXJZS
escalation_policy: PT20YPA
urgency: high
body: \"Opened for {{ event.incident.html_url }}\"
from: oncall@example.com
",
};

pub(super) static RESOLVE: ActionSpec = ActionSpec {
    name: "pagerduty.resolve_incident",
    summary: "Resolves an incident, and may leave a note on it.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        FROM,
        Field::optional("note", NOTE, "a note that people see on the incident").unfit(Unfit::Cut),
    ],
    rules: &[],
    outputs: &[INCIDENT_ID, TITLE, INCIDENT_NUMBER, STATUS],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.resolved", "incident.annotated"],
    }),
    // Resolving twice is harmless; its note is looked for before it is written again.
    repeat: Repeat::NeedsLook { settling: SETTLING },
    on_repeat: "An incident that is resolved already is a success; the note is looked for before it is written again.",
    function: Function::ResolveIncident,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
note: The memory is back to normal.
",
};

pub(super) static ACKNOWLEDGE: ActionSpec = ActionSpec {
    name: "pagerduty.acknowledge_incident",
    summary: "Acknowledges an incident. One that is resolved is left alone, because that would reopen it: the step fails with \
              `PagerDuty.AlreadyResolved`.",
    inputs: &[INTEGRATION, INCIDENT, FROM],
    rules: &[],
    outputs: &[INCIDENT_ID, TITLE, INCIDENT_NUMBER, STATUS],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.acknowledged"],
    }),
    repeat: Repeat::SetsState { settling: SETTLING },
    on_repeat: "It looks at the incident first, and does nothing to one that is acknowledged.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
",
};

pub(super) static UPDATE: ActionSpec = ActionSpec {
    name: "pagerduty.update_incident",
    summary: "Changes the title, the urgency or the priority of an incident.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        FROM,
        Field::optional("title", LINE, "the new title, 1 to 1024 characters").unfit(Unfit::Cut),
        Field::optional("urgency", FieldKind::OneOf(URGENCIES), "high or low"),
        Field::optional("priority", FieldKind::PagerDutyId, "the id of the priority").naming(Thing::Priority),
    ],
    rules: &[Rule::AtLeastOne(&["title", "urgency", "priority"])],
    outputs: &[INCIDENT_ID, TITLE, INCIDENT_NUMBER, STATUS, URGENCY, PRIORITY],
    changes: Some(Changes {
        incident: "incident_id",
        events: &[
            "incident.priority_updated",
            "incident.title_updated",
            "incident.urgency_updated",
        ],
    }),
    repeat: Repeat::SetsState { settling: SETTLING },
    on_repeat: "The same values again change nothing.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
urgency: high
priority: P53ZZH5
",
};

pub(super) static SNOOZE: ActionSpec = ActionSpec {
    name: "pagerduty.snooze_incident",
    summary: "Snoozes an acknowledged incident: it is triggered again after a time, unless it was resolved.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        FROM,
        Field::required(
            "duration",
            FieldKind::Length {
                longest: LONGEST_SNOOZE_SECONDS,
            },
            "for how long, at most 7d",
        ),
    ],
    rules: &[],
    outputs: &[INCIDENT_ID, TITLE, INCIDENT_NUMBER, STATUS],
    // PagerDuty tells of no event for it, and what follows when the time is over is too late for a marker.
    changes: None,
    repeat: Repeat::SetsState { settling: SETTLING },
    on_repeat: "It only moves the end by the time between.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
duration: 4h
",
};

pub(super) static MERGE: ActionSpec = ActionSpec {
    name: "pagerduty.merge_incidents",
    summary: "Merges incidents into one that is open. The others are resolved.",
    inputs: &[
        INTEGRATION,
        Field::required(
            "incident_id",
            FieldKind::PagerDutyId,
            "the id of the incident that stays",
        ),
        Field::required(
            "source_incidents",
            FieldKind::PagerDutyIds,
            "the ids of the incidents that go into it",
        ),
        FROM,
    ],
    rules: &[],
    outputs: &[INCIDENT_ID, TITLE, INCIDENT_NUMBER, STATUS],
    // It changes the sources, not the incident that stays: each gets `incident.resolved`. No marker is needed for these,
    // because a merged incident is never merged again; a loop would need new incidents, and they tell the depth.
    changes: None,
    repeat: Repeat::SetsState { settling: SETTLING },
    on_repeat: "Incidents that are merged already are a success.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: Q1N25UZR80IMPW
source_incidents: [\"{{ event.incident.id }}\"]
",
};
