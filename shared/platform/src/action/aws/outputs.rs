//! The part of an answer that a run gets.

use serde_json::{Map, Value};

/// The most that the outputs of an action may take, in bytes of JSON: an expression gives no more than 384 KB.
pub(super) const ROOM: usize = 320 * 1024;

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

/// The outputs of what was done, without the largest where they are too much: it was done all the same, and to say otherwise would have
/// it done again.
pub(super) fn fitted(mut outputs: Map<String, Value>) -> Map<String, Value> {
    while size(&outputs) > ROOM {
        let largest = outputs.values_mut().max_by_key(|value| size_of(value));
        match largest {
            Some(largest) if !largest.is_null() => *largest = Value::Null,
            _ => break,
        }
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_largest_outputs_are_left_out_until_the_rest_has_room() {
        let outputs = json!({"a": "x".repeat(200_000), "b": "x".repeat(220_000), "c": 1});
        let fitted = fitted(outputs.as_object().unwrap().clone());
        assert_eq!((&fitted["b"], &fitted["c"]), (&Value::Null, &json!(1)));
        assert_eq!(fitted["a"], outputs["a"]);
        assert!(size(&fitted) <= ROOM);
    }

    #[test]
    fn outputs_that_have_room_stay_as_they_are() {
        let outputs = json!({"a": "x", "b": null});
        assert_eq!(Value::Object(fitted(outputs.as_object().unwrap().clone())), outputs);
    }
}
