//! Secrets in what a system answers. Some systems repeat a header or an address in their errors, and what an answer says goes into the
//! journal of a run, into logs and to people.

use serde_json::Value;

/// The text in the place of a secret.
pub const HIDDEN: &str = "•••";

/// The shortest text that is hidden, in bytes. A shorter one stands in too much that has nothing to do with it.
const SHORTEST: usize = 4;

/// Texts that must not be shown.
#[derive(Clone, Default)]
pub(super) struct Hidden(Vec<String>);

impl Hidden {
    /// Hides these.
    pub(super) fn of(texts: impl IntoIterator<Item = String>) -> Self {
        let mut texts: Vec<String> = texts.into_iter().filter(|text| text.len() >= SHORTEST).collect();
        // One may be a part of another.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self(texts)
    }

    /// A text without them.
    pub(super) fn text(&self, text: String) -> String {
        let mut text = text;
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), HIDDEN);
            }
        }
        text
    }

    /// JSON without them, the names of its fields among it.
    pub(super) fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                fields
                    .map(|(name, value)| (self.text(name), self.json(value)))
                    .collect()
            }
            value @ (Value::Null | Value::Bool(_) | Value::Number(_)) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        let hidden = Hidden::of(["xoxb-12345".to_owned(), "xoxb-12345-and-more".to_owned()]);
        let body = json!({"a": ["token xoxb-12345!", 7], "xoxb-12345": {"b": "xoxb-12345-and-more"}});
        assert_eq!(hidden.json(body), json!({"a": ["token •••!", 7], "•••": {"b": "•••"}}));
    }

    #[test]
    fn a_secret_of_a_letter_does_not_hide_everything() {
        assert_eq!(
            Hidden::of(["a".to_owned(), String::new()]).text("banana".to_owned()),
            "banana"
        );
    }
}
