//! `only_while`: the guard against late events.

use crate::{
    action::ActionSpec,
    definition::{Step, encode::word},
    ids::IntegrationAlias,
    steps::{ActionStep, StepKind},
    template::Template,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The guard against late events: a run for an event does its steps only while the event's incident has one of these statuses.
#[derive(Debug, Clone, PartialEq)]
pub struct OnlyWhile {
    statuses: BTreeSet<IncidentStatus>,
    look: Step,
}

impl OnlyWhile {
    /// The id of the step that looks.
    pub const ID: &str = "only_while";

    /// A guard that looks at the incident by an integration, with the action that reads one.
    ///
    /// # Errors
    /// As [`Template::from_text`], which does not happen.
    pub fn new(
        statuses: BTreeSet<IncidentStatus>,
        look: Arc<ActionSpec>,
        integration: &IntegrationAlias,
    ) -> Result<Self, crate::template::TemplateError> {
        let with = BTreeMap::from([
            ("integration".to_owned(), Template::Literal(integration.as_str().into())),
            (
                "incident_id".to_owned(),
                Template::from_text("{{ event.incident.id }}")?,
            ),
        ]);
        let look = Step {
            id: Self::ID.parse().ok(),
            condition: None,
            retry: None,
            timeout: None,
            continue_on_error: false,
            kind: StepKind::Action(ActionStep { uses: look, with }),
        };
        Ok(Self { statuses, look })
    }

    /// The step that looks at the incident.
    pub(crate) fn look(&self) -> &Step {
        &self.look
    }

    /// The statuses. Never empty.
    #[must_use]
    pub fn statuses(&self) -> &BTreeSet<IncidentStatus> {
        &self.statuses
    }

    /// The statuses in words: `triggered or acknowledged`.
    #[must_use]
    pub fn words(&self) -> String {
        IncidentStatus::any_of(&self.statuses)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IncidentStatus {
    /// It is not taken yet.
    Triggered,
    /// A person works on it.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl IncidentStatus {
    /// The status as PagerDuty and the language write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(self, STATUSES)
    }

    /// Several in words: `triggered or acknowledged`.
    #[must_use]
    pub fn any_of(statuses: &BTreeSet<Self>) -> String {
        let words: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
        words.join(" or ")
    }

    /// The types of events after which an incident has the status.
    #[must_use]
    pub fn events(self) -> &'static [&'static str] {
        match self {
            Self::Triggered => &["incident.triggered", "incident.unacknowledged", "incident.reopened"],
            Self::Acknowledged => &["incident.acknowledged"],
            Self::Resolved => &["incident.resolved"],
        }
    }

    /// The status of that name; none for one that PagerDuty has invented since.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut statuses = STATUSES.iter();
        statuses.find(|(word, _)| *word == name).map(|(_, status)| *status)
    }
}

/// The statuses of incidents.
pub(super) const STATUSES: &[(&str, IncidentStatus)] = &[
    ("triggered", IncidentStatus::Triggered),
    ("acknowledged", IncidentStatus::Acknowledged),
    ("resolved", IncidentStatus::Resolved),
];
