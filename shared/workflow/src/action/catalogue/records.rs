//! What is written on an incident, and what PagerDuty is made to do with it.

use super::{
    super::{
        ActionSpec, Changes, Function, Repeat, Unfit,
        fields::{Field, FieldKind},
    },
    FROM, INCIDENT, INCIDENT_ID, INTEGRATION, NOTE, SETTLING, TIMEOUT_SECONDS,
};

pub(super) static ADD_NOTE: ActionSpec = ActionSpec {
    name: "pagerduty.add_note",
    summary: "Writes a note on an incident.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        Field::required("note", NOTE, "the note").unfit(Unfit::Cut),
        FROM,
    ],
    rules: &[],
    outputs: &[
        INCIDENT_ID,
        Field::optional("note_id", FieldKind::PagerDutyId, "the id of the note"),
        Field::optional("created_at", FieldKind::Text, "when it was written, RFC 3339"),
    ],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.annotated"],
    }),
    // PagerDuty has no key for notes; the note carries a marker, by which a repeat finds it.
    repeat: Repeat::NeedsLook { settling: SETTLING },
    on_repeat: "It looks among the notes for that of the first time, by a marker at its end, and writes no second one.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
note: \"Seen by {{ run.workflow }}.\"
",
};

pub(super) static SET_CUSTOM_FIELDS: ActionSpec = ActionSpec {
    name: "pagerduty.set_custom_fields",
    summary: "Sets custom fields of an incident.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        Field::required(
            "fields",
            FieldKind::Map { may_be_empty: false },
            "the values, by the names of the fields",
        ),
        FROM,
    ],
    rules: &[],
    outputs: &[
        INCIDENT_ID,
        Field::required(
            "fields",
            FieldKind::Map { may_be_empty: true },
            "the custom fields as PagerDuty has them now, by name",
        ),
    ],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.custom_field_values.updated"],
    }),
    repeat: Repeat::SetsState { settling: SETTLING },
    on_repeat: "The same values again change nothing.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
fields:
  environment: production
  customers_affected: 12
",
};

pub(super) static RUN_INCIDENT_WORKFLOW: ActionSpec = ActionSpec {
    name: "pagerduty.run_incident_workflow",
    summary: "Runs an incident workflow of PagerDuty, one with a manual trigger, for an incident.",
    inputs: &[
        INTEGRATION,
        INCIDENT,
        Field::required(
            "incident_workflow",
            FieldKind::PagerDutyId,
            "the id of the incident workflow",
        ),
        FROM,
    ],
    rules: &[],
    outputs: &[
        INCIDENT_ID,
        Field::optional(
            "instance_id",
            FieldKind::PagerDutyId,
            "the id of the incident workflow's instance",
        ),
    ],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.workflow.started", "incident.workflow.completed"],
    }),
    repeat: Repeat::IsForbidden {
        look: "whether the incident's timeline says that the incident workflow was started",
    },
    on_repeat: "It would run a second time.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
incident_workflow: PSFEVL7
",
};
