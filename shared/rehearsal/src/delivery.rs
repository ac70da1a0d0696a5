//! Deliveries of events as they are found in files.

use base64::{Engine, engine::general_purpose::STANDARD};
use pagerduty::json::{self, NotJson};
use serde_json::Value;

/// A delivery: the body that PagerDuty sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    body: Vec<u8>,
}

/// A file has no delivery in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDelivery {
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is something else.
    #[error(
        "it is neither what PagerDuty sends (an object with `event`, or with `messages`) nor such a delivery as API Gateway hands it on \
         (an object with `body`); `pagerflow run show RUN --event` gives the event of a past run"
    )]
    SomethingElse,
    /// The body is base64 and cannot be read.
    #[error("its body cannot be read: {0}")]
    Body(String),
}

impl From<NotJson> for NoDelivery {
    fn from(error: NotJson) -> Self {
        Self::NotJson(match error {
            NotJson::Syntax(words) => words,
            other => other.to_string(),
        })
    }
}

impl Delivery {
    /// Reads a file: the body of a delivery, V3 or V2, or the event of API Gateway around one.
    ///
    /// # Errors
    /// There is no delivery in it. Whether the body can be read is found out when a workflow takes it.
    pub fn read(file: &[u8]) -> Result<Self, NoDelivery> {
        let value = json::read(file).map_err(NoDelivery::from)?;
        let has = |field: &str| value.get(field).is_some();
        match value.get("body").and_then(Value::as_str) {
            _ if has("event") || has("messages") => Ok(Self { body: file.to_owned() }),
            Some(body) => {
                let is_base64 = value.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
                let body = match is_base64 {
                    true => STANDARD
                        .decode(body)
                        .map_err(|error| NoDelivery::Body(error.to_string()))?,
                    false => body.as_bytes().to_vec(),
                };
                Ok(Self { body })
            }
            None => Err(NoDelivery::SomethingElse),
        }
    }

    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::v3(r#"{"event":{"id":"1"}}"#, r#"{"event":{"id":"1"}}"#)]
    #[case::v2(r#"{"messages":[]}"#, r#"{"messages":[]}"#)]
    #[case::with_odd_characters(
        "\u{feff}{\"event\":\"a\tb \\ud83d 1e999\"}",
        "\u{feff}{\"event\":\"a\tb \\ud83d 1e999\"}"
    )]
    #[case::api_gateway(r#"{"version":"2.0","body":"{\"event\":{}}"}"#, r#"{"event":{}}"#)]
    #[case::api_gateway_in_base64(r#"{"isBase64Encoded":true,"body":"e30="}"#, "{}")]
    fn a_delivery_is_found_with_and_without_api_gateway_around_it(#[case] file: &str, #[case] body: &str) {
        assert_eq!(Delivery::read(file.as_bytes()).unwrap().body(), body.as_bytes());
    }

    #[rstest]
    #[case::text("hello", "not JSON")]
    #[case::input_of_an_action(r#"{"integration":"prod"}"#, "neither what PagerDuty sends")]
    #[case::damaged(r#"{"isBase64Encoded":true,"body":"%"}"#, "body cannot be read")]
    fn what_is_no_delivery_is_refused_in_words(#[case] file: &str, #[case] words: &str) {
        let error = Delivery::read(file.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
