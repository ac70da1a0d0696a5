//! `email.send`: a message by Amazon SES.
//!
//! <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>

use super::fields;
use crate::{
    SYSTEM,
    spec::{FUNCTION, TIMEOUT_SECONDS, account},
};
use serde_json::{Map, Value, json};
use workflow::action::{ActionSpec, Effect, Field, FieldKind, Longest, Repeat, Rule, Unfit};

/// The most characters of a subject. A line of a message has no more than 998, RFC 5322, section 2.1.1.
const SUBJECT: usize = 900;

pub(super) fn spec() -> ActionSpec {
    let [integration, region] = account();
    ActionSpec {
        name: super::Face::SendEmail.name().into(),
        system: SYSTEM.into(),
        integration: Some(super::AWS.into()),
        connector: None,
        summary: "Sends an e-mail by Amazon SES.".into(),
        inputs: vec![
            integration,
            region,
            Field::required(
                "from",
                FieldKind::Prose(Longest::Characters(320)),
                "the sender, an address that SES may send from; a name can stand in front, as in `Checkout <checkout@example.com>`",
            ),
            Field::required("to", FieldKind::List, "the addresses of the receivers; with those of `cc`, 50 at most"),
            Field::optional("cc", FieldKind::List, "further receivers, whom all see"),
            Field::required("subject", FieldKind::Prose(Longest::Characters(SUBJECT)), "the subject").unfit(Unfit::Cut),
            Field::optional("text", FieldKind::Prose(Longest::Unlimited), "the message as plain text"),
            Field::optional("html", FieldKind::Prose(Longest::Unlimited), "the message as HTML"),
            Field::optional("reply_to", FieldKind::List, "the addresses that answers go to; the sender's if left out"),
        ],
        rules: vec![Rule::AtLeastOne(vec!["text".into(), "html".into()])],
        outputs: vec![Field::optional("message_id", FieldKind::Text, "the id that SES has for the message")],
        effect: Effect::Other,
        repeat: Repeat::IsForbidden {
            look: "the mailbox of a receiver".into(),
        },
        replayed: None,
        on_repeat: "The message would be sent a second time.".into(),
        function: FUNCTION.into(),
        timeout_seconds: TIMEOUT_SECONDS,
        job_seconds: None,
        example: "integration: prod-aws\nfrom: oncall@example.com\nto: [team@example.com]\nsubject: \"{{ event.incident.title }}\"\n\
                  text: \"{{ event.incident.html_url }}\"\n"
            .into(),
    }
}

pub(super) fn members(input: &Map<String, Value>) -> Map<String, Value> {
    let field = |name: &str| input.get(name).filter(|value| !value.is_null());
    let words = |text: &Value| json!({ "data": text, "charset": "UTF-8" });
    // A line break would end the header.
    let subject = field("subject").and_then(Value::as_str).unwrap_or_default();
    let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    fields(json!({
        "from_email_address": field("from"),
        "destination": { "to_addresses": field("to"), "cc_addresses": field("cc") },
        "reply_to_addresses": field("reply_to"),
        "content": { "simple": {
            "subject": words(&subject.into()),
            "body": { "text": field("text").map(words), "html": field("html").map(words) },
        }},
    }))
}

pub(super) fn outputs(answer: &Map<String, Value>) -> Map<String, Value> {
    fields(json!({ "message_id": answer.get("message_id") }))
}
