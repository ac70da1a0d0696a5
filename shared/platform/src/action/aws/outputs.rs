//! The part of an answer that a run gets.

use serde_json::{Map, Value};

/// The most that the outputs of an action may take, in bytes of JSON. The state of an execution has room for so much of an answer that
/// gives lists, and an execution that is given more than it can hold ends without a way to catch it.
pub(super) const ROOM: usize = 30 * 1024;

/// The name of lists that tell what has happened to a thing, the newest first. A service of ECS has a hundred, which are most of it.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>
const HISTORY: &str = "events";

/// The entries of such a list that are given where all have no room.
const LATEST: usize = 10;

/// The bytes that it takes as JSON.
pub(super) fn size(outputs: &Map<String, Value>) -> usize {
    outputs
        .iter()
        .map(|(name, value)| name.len() + 4 + size_of(value))
        .sum()
}

fn size_of(value: &Value) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

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

/// The outputs of what was done, without the largest where they are too much: it was done all the same, and to say otherwise would have
/// it done again. One that is left out is not null: an expression that wants it fails.
pub(super) fn fitted(mut outputs: Map<String, Value>) -> Map<String, Value> {
    while size(&outputs) > ROOM {
        let largest = outputs.iter().max_by_key(|(_, value)| size_of(value));
        let Some(largest) = largest.map(|(name, _)| name.clone()) else {
            break;
        };
        tracing::warn!(output = largest, "an output was left out, as it is too large");
        outputs.remove(&largest);
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(outputs: &Value) -> Map<String, Value> {
        outputs.as_object().unwrap().clone()
    }

    #[test]
    fn the_largest_outputs_are_left_out_until_the_rest_has_room() {
        let outputs = fields(&json!({"a": "x".repeat(20_000), "b": "x".repeat(22_000), "c": 1}));
        let fitted = fitted(outputs.clone());
        assert_eq!(fitted.get("b"), None);
        assert_eq!((&fitted["a"], &fitted["c"]), (&outputs["a"], &json!(1)));
        assert!(size(&fitted) <= ROOM);
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
