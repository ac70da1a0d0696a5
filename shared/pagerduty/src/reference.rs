//! A reference of PagerDuty to one of its objects.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::lenient;

/// A user, service, team, escalation policy, priority … that another object names.
///
/// PagerDuty sometimes sends the full object in this place (services and priorities in V2 deliveries, priorities in
/// REST answers). The fields below are read from either form; all but the id may be unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The object's id, as PagerDuty gave it. Not checked: it must not be put into a URL.
    pub id: String,
    /// For example `user_reference`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The name of the object for people.
    pub summary: Option<String>,
    /// Its page for people.
    pub html_url: Option<String>,
    /// Its REST address. It names the US host for some EU accounts, so requests are never sent to it.
    pub self_url: Option<String>,
}

impl Reference {
    /// Reads a reference, or gives `None` for null and for anything without a textual id.
    pub(crate) fn from_json(object: &Value) -> Option<Self> {
        Some(Self {
            id: lenient::text(object, "id")?,
            kind: lenient::text(object, "type"),
            summary: lenient::text(object, "summary").or_else(|| lenient::text(object, "name")),
            html_url: lenient::text(object, "html_url"),
            self_url: lenient::text(object, "self"),
        })
    }

    /// The reference as PagerDuty writes it where it does not send the full object: `service` is a `service_reference`.
    pub(crate) fn of_full_object(self) -> Self {
        let named = |kind: String| match kind.ends_with("_reference") {
            true => kind,
            false => format!("{kind}_reference"),
        };
        Self {
            kind: self.kind.map(named),
            ..self
        }
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Value::deserialize(deserializer)?;
        Self::from_json(&object).ok_or_else(|| serde::de::Error::custom("a PagerDuty reference needs a textual id"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_of_only_an_id_is_enough() {
        let reference = Reference::from_json(&json!({"id": "PUSER01", "type": "user_reference"})).unwrap();

        assert_eq!(reference.id, "PUSER01");
        assert_eq!(reference.summary, None);
    }

    #[test]
    fn a_full_object_is_read_by_its_name_where_it_has_no_summary() {
        let reference = Reference::from_json(&json!({"id": "PSVC001", "name": "Checkout", "teams": []})).unwrap();

        assert_eq!(reference.summary.as_deref(), Some("Checkout"));
    }

    #[test]
    fn null_and_an_id_that_is_not_text_are_no_reference() {
        assert_eq!(Reference::from_json(&Value::Null), None);
        assert_eq!(Reference::from_json(&json!({"id": 7})), None);
    }
}
