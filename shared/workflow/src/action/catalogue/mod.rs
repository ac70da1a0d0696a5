//! The actions themselves, by what they are about.

mod alerts;
mod incidents;
mod people;
mod reads;
mod records;

use super::{
    ActionSpec, Settling, Thing, Unfit,
    fields::{Field, FieldKind, Longest},
};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $spec:path;)*) => {
        /// An action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What is known of it.
            #[must_use]
            pub fn spec(self) -> &'static ActionSpec {
                match self { $(Self::$variant => &$spec,)* }
            }
        }
    };
}

actions! {
    /// Opens an incident.
    CreateIncident = incidents::CREATE;
    /// Resolves an incident, and may leave a note on it.
    ResolveIncident = incidents::RESOLVE;
    /// Acknowledges an incident.
    AcknowledgeIncident = incidents::ACKNOWLEDGE;
    /// Changes an incident's title, urgency or priority.
    UpdateIncident = incidents::UPDATE;
    /// Assigns an incident to other users.
    ReassignIncident = people::REASSIGN;
    /// Escalates an incident.
    EscalateIncident = people::ESCALATE;
    /// Snoozes an incident.
    SnoozeIncident = incidents::SNOOZE;
    /// Merges incidents into one.
    MergeIncidents = incidents::MERGE;
    /// Writes a note on an incident.
    AddNote = records::ADD_NOTE;
    /// Publishes a status update of an incident.
    PostStatusUpdate = people::POST_STATUS_UPDATE;
    /// Asks people to help with an incident.
    AddResponders = people::ADD_RESPONDERS;
    /// Sets custom fields of an incident.
    SetCustomFields = records::SET_CUSTOM_FIELDS;
    /// Runs an incident workflow of PagerDuty.
    RunIncidentWorkflow = records::RUN_INCIDENT_WORKFLOW;
    /// Reads an incident.
    GetIncident = reads::GET_INCIDENT;
    /// Lists incidents.
    ListIncidents = reads::LIST_INCIDENTS;
    /// Lists the alerts of an incident.
    ListAlerts = reads::LIST_ALERTS;
    /// Lists the notes of an incident.
    ListNotes = reads::LIST_NOTES;
    /// Lists what happened to an incident.
    ListLogEntries = reads::LIST_LOG_ENTRIES;
    /// Lists who is on call.
    ListOncalls = reads::LIST_ONCALLS;
    /// Triggers an alert through the Events API.
    TriggerAlert = alerts::TRIGGER;
    /// Acknowledges an alert through the Events API.
    AcknowledgeAlert = alerts::ACKNOWLEDGE;
    /// Resolves an alert through the Events API.
    ResolveAlert = alerts::RESOLVE;
    /// Sends a change event.
    SendChangeEvent = alerts::SEND_CHANGE_EVENT;
}

/// Longer than the time-out of the functions, which is 30 s.
const TIMEOUT_SECONDS: u32 = 60;

/// How long PagerDuty may need. It documents neither figure. Clients that read at once miss what they wrote for a few seconds; half a
/// minute is more than any gateway that we know of waits for what is behind it.
const SETTLING: Settling = Settling {
    carried_out_seconds: 30,
    shown_seconds: 10,
};

const URGENCIES: &[&str] = &["high", "low"];

// Inputs.

const INTEGRATION: Field = Field::required(
    "integration",
    FieldKind::Integration,
    "the PagerDuty account to work on",
);
const FROM: Field = Field::optional(
    "from",
    FieldKind::UserEmail,
    "the PagerDuty user in whose name it is done, by e-mail; else the integration's default user",
)
.naming(Thing::User)
.unfit(Unfit::LeaveOut);
const INCIDENT: Field = Field::required("incident_id", FieldKind::PagerDutyId, "the id of the incident");

/// PagerDuty takes 65,535 bytes, and a run adds a marker of its own.
const NOTE: FieldKind = FieldKind::Prose(Longest::Bytes(65_000));

// Outputs.

const INCIDENT_ID: Field = Field::required("incident_id", FieldKind::PagerDutyId, "its id");
const TITLE: Field = Field::optional("title", FieldKind::Text, "its title");
const INCIDENT_NUMBER: Field = Field::optional("incident_number", FieldKind::Integer, "its number in the account");
const STATUS: Field = Field::required("status", FieldKind::Text, "triggered, acknowledged or resolved");
const URGENCY: Field = Field::optional("urgency", FieldKind::Text, "high or low");
const PRIORITY: Field = Field::optional("priority", FieldKind::PagerDutyId, "the id of its priority");
const MORE: Field = Field::required("more", FieldKind::Boolean, "whether there are more than these");
