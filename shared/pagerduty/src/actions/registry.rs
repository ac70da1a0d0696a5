//! The actions that there are. One more is a module and a line here.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use workflow::action::{ActionSpec, Catalog};

use super::{
    acknowledge_incident, add_note, add_responders,
    alerts::{acknowledge_alert, resolve_alert, send_change_event, trigger_alert},
    create_incident, escalate_incident, get_incident,
    lists::{list_alerts, list_incidents, list_log_entries, list_notes, list_oncalls},
    merge_incidents, post_status_update, reassign_incident, resolve_incident, run_incident_workflow, set_custom_fields,
    snooze_incident, update_incident,
};
use crate::{
    client::{ApiToken, Client, Events, RoutingKey},
    error::Error,
};

macro_rules! registry {
    ($($action:ident = $module:ident by $api:ident;)*) => {
        /// An action of PagerDuty.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each module says what its action does")]
        pub enum Action { $($action,)* }

        impl Action {
            /// All of them, in the order in which people read them.
            pub const ALL: &'static [Self] = &[$(Self::$action,)*];

            /// Has one attempt made, with the input and the account that the performer has for it.
            pub async fn perform<P: Performer>(self, performer: P) -> P::Answer {
                match self { $(Self::$action => performer.$api($module::run).await,)* }
            }
        }

        fn specs() -> [ActionSpec; Action::ALL.len()] {
            [$($module::spec(),)*]
        }
    };
}

registry! {
    CreateIncident = create_incident by rest;
    ResolveIncident = resolve_incident by rest;
    AcknowledgeIncident = acknowledge_incident by rest;
    UpdateIncident = update_incident by rest;
    ReassignIncident = reassign_incident by rest;
    EscalateIncident = escalate_incident by rest;
    SnoozeIncident = snooze_incident by rest;
    MergeIncidents = merge_incidents by rest;
    AddNote = add_note by rest;
    PostStatusUpdate = post_status_update by rest;
    AddResponders = add_responders by rest;
    SetCustomFields = set_custom_fields by rest;
    RunIncidentWorkflow = run_incident_workflow by rest;
    GetIncident = get_incident by rest;
    ListIncidents = list_incidents by rest;
    ListAlerts = list_alerts by rest;
    ListNotes = list_notes by rest;
    ListLogEntries = list_log_entries by rest;
    ListOncalls = list_oncalls by rest;
    TriggerAlert = trigger_alert by event;
    AcknowledgeAlert = acknowledge_alert by event;
    ResolveAlert = resolve_alert by event;
    SendChangeEvent = send_change_event by event;
}

/// Brings an action together with its input and its account.
pub trait Performer {
    /// The result.
    type Answer;

    /// Performs an action of the REST API.
    fn rest<I: DeserializeOwned, O: Serialize>(
        self,
        run: impl AsyncFn(&Client, &ApiToken, &I, Timestamp) -> Result<O, Error>,
    ) -> impl Future<Output = Self::Answer>;

    /// Performs an action of the Events API.
    fn event<I: DeserializeOwned, O: Serialize>(
        self,
        run: impl AsyncFn(&Events, &RoutingKey, &I, Timestamp) -> Result<O, Error>,
    ) -> impl Future<Output = Self::Answer>;
}

/// The actions of PagerDuty, as the workflow language knows them.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| specs().into_iter().map(Arc::new).collect());
    &CATALOG
}

impl Action {
    /// The action of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.spec().name == name)
    }

    /// The contract, as the language sees it.
    ///
    /// # Panics
    /// Never: the catalog has all of them, each under its own name.
    #[must_use]
    pub fn spec(self) -> &'static Arc<ActionSpec> {
        static IN_ORDER: LazyLock<Vec<&'static Arc<ActionSpec>>> = LazyLock::new(|| catalog().actions().collect());
        #[expect(clippy::indexing_slicing, reason = "one for each")]
        IN_ORDER[self as usize]
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spec().name)
    }
}

#[cfg(test)]
mod tests;
