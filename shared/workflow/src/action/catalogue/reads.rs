//! What can be read of incidents, and of who is on call. A list gives the first entries that there is room for.

use super::{
    super::{
        ActionSpec, Function, Repeat, Thing, Unfit,
        fields::{Field, FieldKind},
    },
    FROM, INCIDENT, INCIDENT_ID, INCIDENT_NUMBER, INTEGRATION, MORE, PRIORITY, STATUS, TIMEOUT_SECONDS, TITLE,
    URGENCIES, URGENCY,
};

const ON_REPEAT: &str = "It only reads.";

const LIMIT: Field = Field::optional(
    "limit",
    FieldKind::Count { most: 100 },
    "how many at most, 1 to 100; 25 if it does not say",
)
.unfit(Unfit::LeaveOut);
const CREATED_AT: Field = Field::optional("created_at", FieldKind::Text, "when it was made, RFC 3339");
const RESOLVED_AT: Field = Field::optional(
    "resolved_at",
    FieldKind::Text,
    "when it was resolved, RFC 3339; null while it is not",
);
const KEY: Field = Field::optional(
    "incident_key",
    FieldKind::Text,
    "its key; null where it came from an alert",
);
const SERVICE: Field = Field::optional("service", FieldKind::PagerDutyId, "the id of its service");
const HTML_URL: Field = Field::optional("html_url", FieldKind::Text, "where people see it");

pub(super) static GET_INCIDENT: ActionSpec = ActionSpec {
    name: "pagerduty.get_incident",
    summary: "Reads an incident as it is now.",
    inputs: &[INTEGRATION, INCIDENT, FROM],
    rules: &[],
    outputs: &[
        INCIDENT_ID,
        TITLE,
        INCIDENT_NUMBER,
        STATUS,
        CREATED_AT,
        RESOLVED_AT,
        URGENCY,
        PRIORITY,
        SERVICE,
        Field::optional(
            "escalation_policy",
            FieldKind::PagerDutyId,
            "the id of its escalation policy",
        ),
        Field::required(
            "assignees",
            FieldKind::List,
            "the ids of the users who have it; none when it is resolved",
        ),
        KEY,
        HTML_URL,
    ],
    changes: None,
    repeat: Repeat::IsHarmless,
    on_repeat: ON_REPEAT,
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
",
};

pub(super) static LIST_INCIDENTS: ActionSpec = ActionSpec {
    name: "pagerduty.list_incidents",
    summary: "Lists incidents, of the last month if it does not say since when.",
    inputs: &[
        INTEGRATION,
        Field::optional(
            "statuses",
            FieldKind::Words(&["triggered", "acknowledged", "resolved"]),
            "only those with one of these",
        )
        .narrowing(),
        Field::optional(
            "services",
            FieldKind::PagerDutyIds,
            "only those of these services, by id",
        )
        .narrowing()
        .naming(Thing::Service),
        Field::optional("teams", FieldKind::PagerDutyIds, "only those of these teams, by id")
            .narrowing()
            .naming(Thing::Team),
        Field::optional("urgencies", FieldKind::Words(URGENCIES), "only those of one of these").narrowing(),
        Field::optional(
            "incident_key",
            FieldKind::Key,
            "only those with this key, or with an alert of this dedup key",
        )
        .narrowing()
        // As the key of the alert or the incident was replaced.
        .unfit(Unfit::Hash),
        Field::optional("since", FieldKind::Time, "only those made from this time on").narrowing(),
        Field::optional(
            "until",
            FieldKind::Time,
            "only those made before this time, at most six months after `since`",
        )
        .narrowing(),
        LIMIT,
        FROM,
    ],
    rules: &[],
    outputs: &[
        Field::required(
            "incidents",
            FieldKind::Entries(&[
                INCIDENT_ID,
                TITLE,
                INCIDENT_NUMBER,
                STATUS,
                URGENCY,
                PRIORITY,
                SERVICE,
                KEY,
                CREATED_AT,
                RESOLVED_AT,
                HTML_URL,
            ]),
            "the incidents",
        ),
        MORE,
    ],
    changes: None,
    repeat: Repeat::IsHarmless,
    on_repeat: ON_REPEAT,
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
statuses: [triggered, acknowledged]
services: [PWIXJZS]
limit: 10
",
};

pub(super) static LIST_ALERTS: ActionSpec = ActionSpec {
    name: "pagerduty.list_alerts",
    summary: "Lists the alerts of an incident.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        Field::optional(
            "statuses",
            FieldKind::Words(&["triggered", "resolved"]),
            "only those with one of these",
        )
        .narrowing(),
        LIMIT,
        FROM,
    ],
    rules: &[],
    outputs: &[
        Field::required(
            "alerts",
            FieldKind::Entries(&[
                Field::required("alert_id", FieldKind::PagerDutyId, "its id"),
                Field::optional("alert_key", FieldKind::Text, "its dedup key"),
                Field::optional("status", FieldKind::Text, "triggered or resolved"),
                Field::optional("severity", FieldKind::Text, "critical, error, warning or info"),
                Field::optional("summary", FieldKind::Text, "what it says"),
                CREATED_AT,
                Field::required(
                    "body",
                    FieldKind::Map { may_be_empty: true },
                    "what monitoring sent with it: `body.details` has its details; empty where there is none, or no room for it",
                ),
            ]),
            "the alerts",
        ),
        MORE,
    ],
    changes: None,
    repeat: Repeat::IsHarmless,
    on_repeat: ON_REPEAT,
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
statuses: [triggered]
",
};

pub(super) static LIST_NOTES: ActionSpec = ActionSpec {
    name: "pagerduty.list_notes",
    summary: "Lists the newest 25 notes of an incident.",
    inputs: &[INTEGRATION, INCIDENT, FROM],
    rules: &[],
    outputs: &[
        Field::required(
            "notes",
            FieldKind::Entries(&[
                Field::optional("note_id", FieldKind::PagerDutyId, "its id"),
                Field::required("content", FieldKind::Text, "what it says, its first 2000 characters"),
                CREATED_AT,
                Field::optional("user", FieldKind::Text, "the name of who wrote it"),
            ]),
            "the notes",
        ),
        MORE,
    ],
    changes: None,
    repeat: Repeat::IsHarmless,
    on_repeat: ON_REPEAT,
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
",
};

pub(super) static LIST_LOG_ENTRIES: ActionSpec = ActionSpec {
    name: "pagerduty.list_log_entries",
    summary: "Lists what happened to an incident.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        LIMIT,
        Field::optional(
            "is_overview",
            FieldKind::Boolean,
            "whether only the most important entries are given",
        )
        .unfit(Unfit::LeaveOut),
        FROM,
    ],
    rules: &[],
    outputs: &[
        Field::required(
            "log_entries",
            FieldKind::Entries(&[
                Field::required("log_entry_id", FieldKind::PagerDutyId, "its id"),
                Field::optional(
                    "type",
                    FieldKind::Text,
                    "what happened, such as `acknowledge_log_entry`",
                ),
                Field::optional("summary", FieldKind::Text, "what happened, in words"),
                CREATED_AT,
                Field::optional("agent", FieldKind::Text, "the name of who did it"),
            ]),
            "the entries",
        ),
        MORE,
    ],
    changes: None,
    repeat: Repeat::IsHarmless,
    on_repeat: ON_REPEAT,
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
is_overview: true
limit: 50
",
};

pub(super) static LIST_ONCALLS: ActionSpec = ActionSpec {
    name: "pagerduty.list_oncalls",
    summary: "Lists who is on call, now if it does not say when.",
    inputs: &[
        INTEGRATION,
        Field::optional(
            "escalation_policies",
            FieldKind::PagerDutyIds,
            "only for these escalation policies, by id",
        )
        .narrowing()
        .naming(Thing::EscalationPolicy),
        Field::optional("schedules", FieldKind::PagerDutyIds, "only by these schedules, by id").narrowing(),
        Field::optional("users", FieldKind::PagerDutyIds, "only these users, by id")
            .narrowing()
            .naming(Thing::User),
        Field::optional(
            "since",
            FieldKind::Time,
            "the beginning of the time that is asked about",
        )
        .narrowing(),
        Field::optional("until", FieldKind::Time, "its end").narrowing(),
        LIMIT,
        FROM,
    ],
    rules: &[],
    outputs: &[
        Field::required(
            "oncalls",
            FieldKind::Entries(&[
                Field::required("user", FieldKind::PagerDutyId, "the id of the user"),
                Field::optional("user_name", FieldKind::Text, "the user's name"),
                Field::optional(
                    "escalation_policy",
                    FieldKind::PagerDutyId,
                    "the id of the escalation policy",
                ),
                Field::optional(
                    "escalation_level",
                    FieldKind::Integer,
                    "the level of the escalation policy",
                ),
                Field::optional(
                    "schedule",
                    FieldKind::PagerDutyId,
                    "the id of the schedule; null for a user who is always on call",
                ),
                Field::optional("start", FieldKind::Text, "since when, RFC 3339; null for always"),
                Field::optional("end", FieldKind::Text, "until when, RFC 3339; null for always"),
            ]),
            "who is on call",
        ),
        MORE,
    ],
    changes: None,
    repeat: Repeat::IsHarmless,
    on_repeat: ON_REPEAT,
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
escalation_policies: [PT20YPA]
",
};
