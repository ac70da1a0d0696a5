//! The part of an answer that a run gets.

use serde_json::{Map, Value};

/// The most that the outputs of an action may take, in bytes of JSON. The state of an execution has room for so much of an answer that
/// gives lists, and an execution that is given more than it can hold ends without a way to catch it.
pub(super) const ROOM: usize = 30 * 1024;

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

/// The outputs without the largest, where they are too much: what was done was done all the same, and to say otherwise would have
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
}
