//! Ids that a system may not know yet.
//!
//! A system answers 404 for an incident for some seconds after it gave its id: what reads is not always what was written to. A
//! run that creates an incident and goes on with it at once must not fail by that. So the cursor keeps the ids that steps of the
//! run gave in the last half minute, and an attempt that is about one of them is made again when the system does not find it. Such
//! an attempt has done nothing, so that this is right for every action. The id is looked for in the rendered input, so it does
//! not matter whether it came there through an output, a variable or the item of a lane.
//!
//! Not kept are ids that only lanes gave, for the lane that opened them, and those that are handed to another run.

use super::later;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The time for which a system may need to know an id everywhere. None documents a figure; this is three times what a new incident may stay
/// unseen in lists.
const UNKNOWN_FOR: SignedDuration = SignedDuration::from_secs(30);

/// The number of ids that are kept, which is more than a lane can use in that time. The oldest go first.
const MOST: usize = 20;

/// The output that has the id of an incident.
const INCIDENT_ID: &str = "incident_id";

/// Ids that steps have given, with the time when they did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FreshIds(BTreeMap<String, Timestamp>);

impl FreshIds {
    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the id that an action has given, and forgets those that are known everywhere by now. An id that was given before
    /// does not become fresh again.
    pub(super) fn take_in(&mut self, outputs: &Value, now: Timestamp) {
        self.0.retain(|_, given_at| now < later(*given_at, UNKNOWN_FOR));
        if let Some(id) = outputs.get(INCIDENT_ID).and_then(Value::as_str) {
            self.0.entry(id.to_owned()).or_insert(now);
        }
        while self.0.len() > MOST {
            let oldest = self.0.iter().min_by_key(|(_, given_at)| **given_at);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }

    /// Until when the system may not know an id that is in an input; none if it has no fresh one.
    pub(super) fn until(&self, input: &Value, now: Timestamp) -> Option<Timestamp> {
        let until = self
            .0
            .iter()
            .filter(|(id, _)| mentions(input, id))
            .map(|(_, given_at)| later(*given_at, UNKNOWN_FOR));
        until.max().filter(|until| now < *until)
    }
}

/// True if a value is this text, or has it in a list or a field.
fn mentions(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text == id,
        Value::Array(items) => items.iter().any(|item| mentions(item, id)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, id)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn given(ids: &[(&str, i64)]) -> FreshIds {
        let mut fresh = FreshIds::default();
        for (id, seconds) in ids {
            fresh.take_in(&json!({ "incident_id": id }), at(*seconds));
        }
        fresh
    }

    #[test]
    fn an_id_is_fresh_for_half_a_minute_wherever_it_stands_in_an_input() {
        let fresh = given(&[("Q1", 0)]);
        for input in [
            json!({"incident_id": "Q1"}),
            json!({"source_incidents": ["Q7", "Q1"]}),
            json!({"a": {"b": "Q1"}}),
        ] {
            assert_eq!(fresh.until(&input, at(29)), Some(at(30)), "{input}");
            assert_eq!(fresh.until(&input, at(30)), None, "{input}");
        }
        for input in [
            json!({"incident_id": "Q2"}),
            json!({"note": "See Q1"}),
            json!({"Q1": 1}),
        ] {
            assert_eq!(fresh.until(&input, at(1)), None, "{input}");
        }
    }

    #[test]
    fn of_several_ids_the_youngest_counts() {
        let fresh = given(&[("Q1", 0), ("Q2", 10)]);
        assert_eq!(fresh.until(&json!(["Q1", "Q2"]), at(15)), Some(at(40)));
    }

    #[test]
    fn an_id_that_is_given_again_does_not_become_fresh_again() {
        let fresh = given(&[("Q1", 0), ("Q1", 20)]);
        assert_eq!(fresh.until(&json!("Q1"), at(25)), Some(at(30)));
    }

    #[test]
    fn what_is_old_or_too_much_is_forgotten() {
        assert_eq!(given(&[("Q1", 0), ("Q2", 31)]), given(&[("Q2", 31)]));
        let ids: Vec<String> = (0..100).map(|number| format!("Q{number:03}")).collect();
        let many: Vec<(&str, i64)> = ids.iter().map(String::as_str).zip(std::iter::repeat(0)).collect();
        assert!(serde_json::to_string(&given(&many)).unwrap().len() < 1000);
        assert_eq!(given(&[]).until(&json!({}), at(0)), None);
    }

    #[test]
    fn outputs_without_an_id_give_none() {
        for outputs in [
            json!({}),
            json!({"incident_id": null}),
            json!([1]),
            json!({"dedup_key": "k"}),
        ] {
            let mut fresh = FreshIds::default();
            fresh.take_in(&outputs, at(0));
            assert!(fresh.is_empty(), "{outputs}");
        }
    }
}
