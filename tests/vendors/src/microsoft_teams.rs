//! The webhook of a workflow of Microsoft Teams, made of the template "Post to a channel when a webhook request is received":
//! <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// The signature in the URL, which is the secret of it.
pub const SIGNATURE: &str = "not-a-real-signature";

/// The path of the URL.
const PATH: [&str; 8] = [
    "powerautomate",
    "automations",
    "direct",
    "workflows",
    "0123456789abcdef",
    "triggers",
    "manual",
    "paths",
];

/// The URL of the webhook.
#[must_use]
pub fn url() -> String {
    let host = "default0123456789abcdef.12.environment.api.powerplatform.com";
    format!(
        "https://{host}/{}/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIGNATURE}",
        PATH.join("/")
    )
}

/// A channel.
#[derive(Debug, Default)]
pub struct Teams {
    /// The cards that were posted.
    pub cards: Vec<Value>,
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({"error": {"code": code, "message": message}}))
}

impl Vendor for Teams {
    const NAMES: &'static [&'static str] = &[
        "api-version",
        "sig",
        "sp",
        "sv",
        "attachments",
        "content",
        "contentType",
        "$schema",
        "actions",
        "body",
        "facts",
        "size",
        "text",
        "title",
        "type",
        "url",
        "value",
        "version",
        "weight",
        "wrap",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        let (method, segments) = request.route();
        let is_path = segments
            .split_last()
            .is_some_and(|(last, path)| *last == "invoke" && path == PATH);
        if method != "POST" || !is_path {
            return error(404, "WorkflowNotFound", "The workflow could not be found.");
        }
        if request.query("sig") != Some(SIGNATURE) || request.query("api-version") != Some("1") {
            return error(
                401,
                "DirectApiAuthorizationRequired",
                "The request must be authenticated only by Shared Access scheme.",
            );
        }
        let body = request.json();
        let attachments = body["attachments"].as_array().cloned().unwrap_or_default();
        let is_card = |attachment: &Value| {
            let content = &attachment["content"];
            attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
                && content["type"] == "AdaptiveCard"
                && content["version"].is_string()
                && content["body"]
                    .as_array()
                    .is_some_and(|elements| elements.iter().all(is_element))
                && (content["actions"].is_null() || content["actions"].is_array())
        };
        if body["type"] != "message" || attachments.is_empty() || !attachments.iter().all(is_card) {
            return error(
                400,
                "TriggerInputSchemaMismatch",
                "The input body for trigger 'manual' of type 'Request' did not match its schema definition.",
            );
        }
        self.cards.extend(
            attachments
                .into_iter()
                .map(|mut attachment| attachment["content"].take()),
        );
        Answer::empty(202)
    }
}

/// <https://adaptivecards.io/explorer/>
fn is_element(element: &Value) -> bool {
    match element["type"].as_str() {
        Some("TextBlock") => element["text"].is_string(),
        Some("FactSet") => {
            let is_fact = |fact: &Value| fact["title"].is_string() && fact["value"].is_string();
            element["facts"]
                .as_array()
                .is_some_and(|facts| facts.iter().all(is_fact))
        }
        _ => false,
    }
}
