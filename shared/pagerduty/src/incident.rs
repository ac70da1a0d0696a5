//! An incident as the REST API answers it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::{ids::IncidentId, lenient, reference::Reference};

/// An incident. Only its id and status are certain; PagerDuty may leave out or add any other field.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    pub id: IncidentId,
    /// Its status.
    pub status: IncidentStatus,
    /// The number that people use, counted per account.
    pub number: Option<u64>,
    pub title: Option<String>,
    /// Its urgency.
    pub urgency: Option<Urgency>,
    /// The key that keeps a second incident from being opened on the same service while this one is open.
    pub incident_key: Option<String>,
    /// The time when it was created.
    pub created_at: Option<Timestamp>,
    /// The time when it was resolved, if it is.
    pub resolved_at: Option<Timestamp>,
    /// Its page for people.
    pub html_url: Option<String>,
    /// The service that it belongs to.
    pub service: Option<Reference>,
    /// The escalation policy that it follows.
    pub escalation_policy: Option<Reference>,
    /// Its priority, where the account has priorities and it was given one.
    pub priority: Option<Reference>,
    /// Those whom it is assigned to; none once it is resolved.
    pub assignees: Vec<Reference>,
    /// The incident that it was merged into.
    pub merged_into: Option<Reference>,
}

impl Incident {
    /// Reads an incident, or gives `None` where a usable id or the status is missing.
    pub(crate) fn from_json(object: &Value) -> Option<Self> {
        Some(Self {
            id: lenient::text(object, "id")?.try_into().ok()?,
            status: lenient::text(object, "status")?.into(),
            number: lenient::number(object, "incident_number"),
            title: lenient::text(object, "title"),
            urgency: lenient::text(object, "urgency").map(Urgency::from),
            incident_key: lenient::text(object, "incident_key"),
            created_at: lenient::time(object, "created_at"),
            resolved_at: lenient::time(object, "resolved_at"),
            html_url: lenient::text(object, "html_url"),
            service: lenient::reference(object, "service"),
            escalation_policy: lenient::reference(object, "escalation_policy"),
            priority: lenient::reference(object, "priority"),
            assignees: assignees(object),
            // Only a merge has an incident in the reason.
            merged_into: lenient::reference(object.get("resolve_reason").unwrap_or(&Value::Null), "incident"),
        })
    }
}

fn assignees(incident: &Value) -> Vec<Reference> {
    let assignments = incident.get("assignments").and_then(Value::as_array);
    let assignee = |assignment| lenient::reference(assignment, "assignee");
    assignments.into_iter().flatten().filter_map(assignee).collect()
}

impl<'de> Deserialize<'de> for Incident {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Value::deserialize(deserializer)?;
        Self::from_json(&object).ok_or_else(|| serde::de::Error::custom("an incident needs an id and a status"))
    }
}

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A word that PagerDuty did not use when this was written.
            Other(String),
        }

        impl $name {
            /// PagerDuty's word for it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::Other(text),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

open_enum! {
    /// The status of an incident.
    IncidentStatus {
        /// It is not taken yet.
        Triggered = "triggered",
        /// A person works on it.
        Acknowledged = "acknowledged",
        /// It is over.
        Resolved = "resolved",
    }
}

open_enum! {
    /// The urgency of an incident.
    Urgency {
        /// By the high-urgency rules of those on call.
        High = "high",
        /// By their low-urgency rules.
        Low = "low",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_incident_of_only_id_and_status_is_enough() {
        let incident: Incident = serde_json::from_value(json!({"id": "PABC123", "status": "triggered"})).unwrap();

        assert_eq!(incident.status, IncidentStatus::Triggered);
        assert_eq!(incident.number, None);
        assert_eq!(incident.service, None);
    }

    #[test]
    fn unexpected_types_and_unknown_fields_do_no_harm() {
        let incident: Incident = serde_json::from_value(json!({
            "id": "PABC123", "status": "on_hold", "incident_number": "12", "title": null, "created_at": "yesterday",
            "service": "PSVC001", "urgency": "severe", "brand_new": {"a": [1]},
        }))
        .unwrap();

        assert_eq!(incident.status, IncidentStatus::Other("on_hold".into()));
        assert_eq!(incident.urgency, Some(Urgency::Other("severe".into())));
        assert_eq!(
            (incident.number, incident.title, incident.created_at),
            (None, None, None)
        );
    }

    #[test]
    fn assignees_and_the_target_of_a_merge_are_read_from_where_they_are_nested() {
        let incident: Incident = serde_json::from_value(json!({
            "id": "PABC123", "status": "resolved",
            "assignments": [{"at": "2026-11-20T09:30:00Z", "assignee": {"id": "PUSER01"}}, {"assignee": null}],
            "resolve_reason": {"type": "merge_resolve_reason", "incident": {"id": "PINC002"}},
        }))
        .unwrap();

        assert_eq!(incident.assignees[0].id, "PUSER01");
        assert_eq!(incident.assignees.len(), 1);
        assert_eq!(incident.merged_into.unwrap().id, "PINC002");
    }

    #[rstest]
    #[case::no_id(json!({"status": "triggered"}))]
    #[case::no_status(json!({"id": "PABC123"}))]
    #[case::hostile_id(json!({"id": "../users", "status": "triggered"}))]
    #[case::null(json!(null))]
    fn an_incident_needs_a_usable_id_and_a_status(#[case] object: Value) {
        assert!(serde_json::from_value::<Incident>(object).is_err());
    }
}
