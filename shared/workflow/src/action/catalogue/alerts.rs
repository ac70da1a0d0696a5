//! Alerts and change events, through PagerDuty's Events API V2. It knows no users, so none of these takes `from`.

use super::{
    super::{
        ActionSpec, Function, Repeat, Unfit,
        fields::{Field, FieldKind, Longest},
    },
    INTEGRATION, SETTLING, TIMEOUT_SECONDS,
};

const ROUTING_KEY: Field = Field::required(
    "routing_key",
    FieldKind::Name,
    "the name under which the integration keeps the routing key; never the key itself",
);
const DEDUP_KEY: Field = Field::required("dedup_key", FieldKind::Key, "the dedup key of the alert").unfit(Unfit::Hash);
const DEDUP_KEY_OF_ALERT: Field = Field::required("dedup_key", FieldKind::Text, "the dedup key of the alert");
const TIMESTAMP: Field =
    Field::optional("timestamp", FieldKind::Time, "when it happened; now if it does not say").unfit(Unfit::LeaveOut);
const CUSTOM_DETAILS: Field = Field::optional(
    "custom_details",
    FieldKind::Map { may_be_empty: true },
    "whatever else people should see",
)
.unfit(Unfit::Cut);
const LINKS: Field = Field::optional(
    "links",
    FieldKind::Links,
    "links for people: maps with `href` and `text`, at most 50",
)
.unfit(Unfit::LeaveOutEntries);

/// PagerDuty refuses a longer one.
const SUMMARY: FieldKind = FieldKind::Prose(Longest::Characters(1024));

pub(super) static TRIGGER: ActionSpec = ActionSpec {
    name: "pagerduty.trigger_alert",
    summary: "Triggers an alert, as a monitoring tool would. PagerDuty makes an incident of it a moment later, or adds it to one.",
    inputs: &[
        INTEGRATION,
        ROUTING_KEY,
        Field::required("summary", SUMMARY, "what is the matter").unfit(Unfit::Cut),
        Field::required(
            "source",
            FieldKind::Prose(Longest::Unlimited),
            "what it is the matter with, such as a host name",
        )
        .unfit(Unfit::Replace("unknown")),
        Field::required(
            "severity",
            FieldKind::OneOf(&["critical", "error", "warning", "info"]),
            "how bad it is",
        )
        // The loudest, because what is not understood may be bad.
        .unfit(Unfit::Replace("critical")),
        Field::optional(
            "dedup_key",
            FieldKind::Key,
            "alerts of one key are one alert until it is resolved; else a key that only this step has",
        )
        .unfit(Unfit::Hash),
        Field::optional("component", FieldKind::Text, "the part of the source").unfit(Unfit::Cut),
        Field::optional("group", FieldKind::Text, "the group of parts").unfit(Unfit::Cut),
        Field::optional("class", FieldKind::Text, "the class of the event").unfit(Unfit::Cut),
        TIMESTAMP,
        CUSTOM_DETAILS,
        Field::optional("client", FieldKind::Text, "the name of the monitoring tool").unfit(Unfit::Cut),
        Field::optional("client_url", FieldKind::Link, "the URL of the monitoring tool").unfit(Unfit::LeaveOut),
        LINKS,
    ],
    rules: &[],
    outputs: &[DEDUP_KEY_OF_ALERT],
    changes: None,
    repeat: Repeat::SetsState { settling: SETTLING },
    on_repeat: "PagerDuty takes alerts of one dedup key as one, as long as it is not resolved.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
routing_key: checkout
summary: \"The queue of {{ event.incident.service.summary }} grows\"
source: checkout-queue
severity: warning
custom_details:
  incident: \"{{ event.incident.html_url }}\"
",
};

pub(super) static ACKNOWLEDGE: ActionSpec = ActionSpec {
    name: "pagerduty.acknowledge_alert",
    summary: "Acknowledges an alert. PagerDuty ignores it if there is no open alert of that key.",
    inputs: &[INTEGRATION, ROUTING_KEY, DEDUP_KEY],
    rules: &[],
    outputs: &[DEDUP_KEY_OF_ALERT],
    changes: None,
    repeat: Repeat::SetsState { settling: SETTLING },
    on_repeat: "An alert that is acknowledged stays so.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
routing_key: checkout
dedup_key: checkout-queue-full
",
};

pub(super) static RESOLVE: ActionSpec = ActionSpec {
    name: "pagerduty.resolve_alert",
    summary: "Resolves an alert. PagerDuty ignores it if there is no open alert of that key.",
    inputs: &[INTEGRATION, ROUTING_KEY, DEDUP_KEY],
    rules: &[],
    outputs: &[DEDUP_KEY_OF_ALERT],
    changes: None,
    repeat: Repeat::SetsState { settling: SETTLING },
    on_repeat: "An alert that is resolved stays so.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
routing_key: checkout
dedup_key: checkout-queue-full
",
};

pub(super) static SEND_CHANGE_EVENT: ActionSpec = ActionSpec {
    name: "pagerduty.send_change_event",
    summary: "Records a change, such as a deployment. It calls nobody.",
    inputs: &[
        INTEGRATION,
        ROUTING_KEY,
        Field::required("summary", SUMMARY, "what was changed").unfit(Unfit::Cut),
        Field::optional("source", FieldKind::Text, "where it was changed").unfit(Unfit::Cut),
        TIMESTAMP,
        CUSTOM_DETAILS,
        LINKS,
    ],
    rules: &[],
    outputs: &[Field::optional("message", FieldKind::Text, "what PagerDuty answered")],
    changes: None,
    // Change events have no dedup key.
    repeat: Repeat::IsForbidden {
        look: "whether the service's recent changes have it",
    },
    on_repeat: "It would be recorded twice.",
    function: Function::PagerDutyAction,
    timeout_seconds: TIMEOUT_SECONDS,
    example: "integration: prod
routing_key: checkout
summary: The memory limit was raised.
source: pagerflow
",
};
