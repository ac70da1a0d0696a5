//! What reaches people: who has the incident, who is asked to help, and who is told.

use super::{
    super::{
        ActionSpec, Changes, Function, Repeat, Rule, Thing, Unfit,
        fields::{Field, FieldKind, Longest},
    },
    FROM, INCIDENT, INCIDENT_ID, INCIDENT_NUMBER, INTEGRATION, STATUS, TIMEOUT_SECONDS, TITLE,
};

pub(super) static REASSIGN: ActionSpec = ActionSpec {
    name: "pagerduty.reassign_incident",
    summary: "Assigns an incident to other users, who are notified.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        Field::required("assignees", FieldKind::PagerDutyIds, "the ids of the users who get it").naming(Thing::User),
        FROM,
    ],
    rules: &[],
    outputs: &[INCIDENT_ID, TITLE, INCIDENT_NUMBER, STATUS],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.reassigned", "incident.delegated"],
    }),
    repeat: Repeat::IsForbidden {
        look: "who the incident is assigned to",
    },
    on_repeat: "It would notify the users again.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
assignees: [PXPGF42, PAM4FGS]
",
};

pub(super) static ESCALATE: ActionSpec = ActionSpec {
    name: "pagerduty.escalate_incident",
    summary: "Escalates an incident to a level of its escalation policy, or to another policy.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        Field::optional(
            "escalation_level",
            FieldKind::Count { most: u32::MAX },
            "the level of the incident's own policy",
        ),
        Field::optional(
            "escalation_policy",
            FieldKind::PagerDutyId,
            "the id of another policy, which begins at its first level",
        )
        .naming(Thing::EscalationPolicy),
        FROM,
    ],
    rules: &[Rule::ExactlyOne(&["escalation_level", "escalation_policy"])],
    outputs: &[INCIDENT_ID, TITLE, INCIDENT_NUMBER, STATUS],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.escalated", "incident.reassigned", "incident.delegated"],
    }),
    repeat: Repeat::IsForbidden {
        look: "at which level of which escalation policy the incident is",
    },
    on_repeat: "It would notify the people of that level again.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
escalation_level: 2
",
};

pub(super) static POST_STATUS_UPDATE: ActionSpec = ActionSpec {
    name: "pagerduty.post_status_update",
    summary: "Publishes a status update of an incident, which is sent to its subscribers.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        Field::required("message", FieldKind::Prose(Longest::Unlimited), "the update").unfit(Unfit::Cut),
        Field::optional("subject", FieldKind::Text, "the subject of the e-mail").unfit(Unfit::Cut),
        // HTML that is cut is broken.
        Field::optional("html_message", FieldKind::Text, "the e-mail as HTML").unfit(Unfit::LeaveOut),
        FROM,
    ],
    rules: &[Rule::AllOrNone(&["subject", "html_message"])],
    outputs: &[
        INCIDENT_ID,
        Field::optional(
            "status_update_id",
            FieldKind::PagerDutyId,
            "the id of the status update",
        ),
        Field::optional("created_at", FieldKind::Text, "when it was published, RFC 3339"),
    ],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.status_update_published"],
    }),
    repeat: Repeat::IsForbidden {
        look: "whether the incident's status updates have it",
    },
    on_repeat: "It would be sent to the subscribers again.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
message: \"We are working on {{ event.incident.title }}.\"
",
};

pub(super) static ADD_RESPONDERS: ActionSpec = ActionSpec {
    name: "pagerduty.add_responders",
    summary: "Asks users, or whoever is on call for escalation policies, to help with an incident.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        Field::required("message", FieldKind::Prose(Longest::Unlimited), "what they are told")
            .unfit(Unfit::Replace("Please help with this incident.")),
        Field::optional("users", FieldKind::PagerDutyIds, "the ids of users").naming(Thing::User),
        Field::optional(
            "escalation_policies",
            FieldKind::PagerDutyIds,
            "the ids of escalation policies",
        )
        .naming(Thing::EscalationPolicy),
        Field::optional(
            "requester",
            FieldKind::PagerDutyId,
            "the id of the user who asks; else the user of `from`, or the token's own user",
        )
        .naming(Thing::User)
        .unfit(Unfit::LeaveOut),
        FROM,
    ],
    rules: &[Rule::AtLeastOne(&["users", "escalation_policies"])],
    outputs: &[
        INCIDENT_ID,
        Field::optional("requested_at", FieldKind::Text, "when they were asked, RFC 3339"),
    ],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.responder.added"],
    }),
    repeat: Repeat::IsForbidden {
        look: "whether the incident's responders have them",
    },
    on_repeat: "It would page the people again.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
message: \"Please join: {{ event.incident.title }}\"
escalation_policies: [PT20YPA]
",
};
