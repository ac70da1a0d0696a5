//! The controls by which people answer an approval in a message about it: buttons, or what a system has of that kind.
//!
//! A message has them only where an answer would be taken: the system signs what it sends, and the secret for that is stored.

use super::{Call, render};
use crate::integration::SIGNING_SECRET;
use jiff::Timestamp;
use serde_json::{Value, json};
use workflow::template::{Context, Template};

/// An approval that a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The link to its page.
    pub link: String,
    /// The text that an answer has to bring back, which says what is answered.
    pub answer: String,
    /// The choices that can be made in the message; none where a person has to go to the page.
    pub choices: Vec<String>,
}

/// The controls of a call, as its request sees them; null for none.
///
/// # Errors
/// A sentence about a template that gives nothing.
pub(super) fn render(call: &Call<'_>, fields: &Value) -> Result<Value, String> {
    let (Some(asked), Some(controls)) = (&call.approval, &call.connector.controls) else {
        return Ok(Value::Null);
    };
    if fields.get(SIGNING_SECRET).is_none_or(Value::is_null) {
        return Ok(Value::Null);
    }
    let value = |template: &Template, name: &'static str, seen: Value| {
        let context = Context::of_values([("integration", fields.clone()), (name, seen)], Timestamp::UNIX_EPOCH);
        let value =
            render::value(template, &context).map_err(|error| format!("the buttons of the message: {error}"))?;
        Ok::<_, String>(value.unwrap_or_default())
    };
    let choices = asked.choices.iter().zip(1_usize..).map(|(choice, number)| {
        let seen = json!({ "text": choice, "number": number });
        value(&controls.choice, "choice", seen)
    });
    let choices = choices.collect::<Result<Vec<_>, _>>()?;
    let seen = json!({ "link": asked.link, "answer": asked.answer, "choices": choices });
    value(&controls.controls, "approval", seen)
}
