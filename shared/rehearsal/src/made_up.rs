//! Values that are made up where only a system could tell the true ones.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use workflow::action::{ActionSpec, Field, FieldKind};

/// The outputs of an action, each of its type. One that bears the name of an input, and can have its value, has that.
pub(crate) fn outputs(spec: &ActionSpec, input: &Value, now: Timestamp) -> Map<String, Value> {
    let output = |field: &Field| {
        let given = input.get(&*field.name).filter(|value| !value.is_null());
        let given = given.filter(|value| field.kind.check(value).is_ok()).cloned();
        (
            field.name.to_string(),
            given.unwrap_or_else(|| value(&field.name, &field.kind, now)),
        )
    };
    spec.outputs.iter().map(output).collect()
}

/// A value of a type. A text names the field that it is for, so that it is recognised where it turns up again.
fn value(name: &str, kind: &FieldKind, now: Timestamp) -> Value {
    let of_fields = |fields: &[Field]| {
        let fields = fields
            .iter()
            .map(|field| (field.name.to_string(), value(&field.name, &field.kind, now)));
        fields.collect::<Map<String, Value>>()
    };
    match kind {
        FieldKind::Text | FieldKind::Prose(_) | FieldKind::Key { .. } | FieldKind::Name | FieldKind::Integration => {
            format!("made-up-{}", name.replace('_', "-")).into()
        }
        FieldKind::OneOf(words) => words.first().cloned().unwrap_or_default().into(),
        FieldKind::Words(words) => words.iter().take(1).cloned().collect(),
        FieldKind::Integer | FieldKind::Number | FieldKind::Count { .. } => 1.into(),
        FieldKind::Boolean => true.into(),
        FieldKind::Id(_) => "MADEUP".into(),
        FieldKind::Ids(_) => json!(["MADEUP"]),
        FieldKind::UserEmail(_) => "made-up@example.com".into(),
        FieldKind::Length { .. } => "1s".into(),
        FieldKind::Time => now.to_string().into(),
        FieldKind::Url | FieldKind::Link => format!("https://example.com/made-up-{}", name.replace('_', "-")).into(),
        FieldKind::Map { .. } | FieldKind::Any => json!({}),
        FieldKind::Object(fields) => of_fields(fields).into(),
        // What such a list has in it, a condition may ask for; that it may be empty, each must reckon with.
        FieldKind::List | FieldKind::Entries(_) | FieldKind::Links { .. } => json!([]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;

    #[test]
    fn the_outputs_of_every_action_are_of_their_types() {
        let now = Timestamp::UNIX_EPOCH;
        for action in catalog().actions() {
            let made_up = outputs(action, &json!({}), now);
            assert_eq!(made_up.len(), action.outputs.len(), "{action}");
            for field in &action.outputs {
                let value = &made_up[&*field.name];
                assert_eq!(field.kind.check(value), Ok(()), "{action}: {} is {value}", field.name);
            }
        }
    }

    #[test]
    fn an_output_that_bears_the_name_of_an_input_has_its_value() {
        let action = catalog().action("slack.post_message").unwrap();
        let made_up = outputs(action, &json!({ "channel": "C0123456789" }), Timestamp::UNIX_EPOCH);
        assert_eq!(made_up["channel"], "C0123456789");
        assert_eq!(made_up["ts"], "made-up-ts");
    }
}
