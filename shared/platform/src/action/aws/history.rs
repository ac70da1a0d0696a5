//! The lists of an answer that tell what has happened to things.

use crate::action::outputs::{ROOM, size};
use serde_json::{Map, Value};

/// The name of lists that tell what has happened to a thing, the newest first. A service of ECS has a hundred, which are most of it.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>
const HISTORY: &str = "events";

/// The entries of such a list that are given where all have no room.
const LATEST: usize = 10;

/// The outputs with the latest of what has happened to things alone, where all of it has no room.
pub(super) fn without_history(mut outputs: Map<String, Value>) -> Map<String, Value> {
    if size(&outputs) > ROOM {
        outputs.values_mut().for_each(forget);
    }
    outputs
}

fn forget(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(history) if name == HISTORY => history.truncate(LATEST),
                    other => forget(other),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::outputs::fitted;
    use serde_json::json;

    fn fields(outputs: &Value) -> Map<String, Value> {
        outputs.as_object().unwrap().clone()
    }

    #[test]
    fn of_a_long_history_the_latest_is_given() {
        let events: Vec<_> = (0..100)
            .map(|number| json!({"id": number, "message": "x".repeat(400)}))
            .collect();
        let outputs = fields(&json!({"services": [{"name": "web", "events": events, "tags": vec![1; 50]}]}));

        let given = without_history(outputs.clone());

        let service = &given["services"][0];
        assert_eq!(service["events"].as_array().unwrap().len(), LATEST);
        assert_eq!(
            (&service["events"][0]["id"], &service["tags"]),
            (&json!(0), &outputs["services"][0]["tags"])
        );
        assert!(size(&given) <= ROOM);
    }

    #[test]
    fn outputs_that_have_room_stay_as_they_are() {
        let outputs =
            fields(&json!({"a": "x", "b": null, "services": [{"events": vec![1; 100]}], "events": vec![1; 100]}));
        assert_eq!(fitted(without_history(outputs.clone())), outputs);
    }

    #[test]
    fn events_that_were_asked_for_are_no_history() {
        let outputs = fields(&json!({"events": vec!["x".repeat(1_000); 100]}));
        assert_eq!(without_history(outputs.clone()), outputs);
    }
}
