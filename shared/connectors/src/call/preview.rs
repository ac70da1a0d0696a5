//! A request as it would be sent, for people who try a workflow before it runs.

use super::{AccessTokens, Attempt, Call, controls, draft::Draft, hide::HIDDEN, inputs};
use crate::{account::Account, connector::RepeatRule, error::Error, integration::Auth};
use provider::{
    deadline::Deadline,
    transport::{Interruption, Request, Sending, Transport},
};
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeMap;

/// The address in the place of one that is a secret.
const HIDDEN_URL: &str = "https://hidden.invalid/";

/// A request as it would be sent, without the proof of who asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    pub method: String,
    /// The host; [`HIDDEN`] where the address is the secret.
    pub host: String,
    /// The path with its query, as people read it.
    pub path: String,
    /// JSON, or text for a body of another type; null for none.
    pub body: Value,
}

/// The requests that an attempt at an action begins with, the first page alone of a list. Nothing is sent.
///
/// An attempt after the first looks whether it is done already, where the action can, and is taken to find that.
///
/// # Errors
/// The input does not fit, or a template gives what cannot be sent.
pub fn preview(call: Call<'_>, fields: &BTreeMap<String, String>) -> Result<Vec<Preview>, Error> {
    let action = match &call.action.repeat {
        RepeatRule::Look(look) if call.attempt.is_some_and(|attempt| attempt > 1) => call.connector.action(look),
        _ => None,
    };
    let action = action.unwrap_or(call.action);
    let is_hidden = matches!(call.connector.integration().auth, Auth::Url);
    let account = Account {
        fields: fields.clone(),
        hosts: Vec::new(),
        secret: SecretString::from(if is_hidden { HIDDEN_URL } else { HIDDEN }),
    };
    let subject = call.subject();
    let given = inputs(call.action, &call.input).map_err(|problem| subject.input(problem))?;
    let seen = call.connector.integration().seen(fields);
    let attempt = Attempt {
        controls: controls::render(&call, &seen).map_err(|problem| subject.input(problem))?,
        fields: seen,
        deadline: Deadline::new(None, call.now).map_err(|missed| subject.missed(missed))?,
        subject,
        account: &account,
        transport: &Nowhere,
        tokens: &AccessTokens::default(),
        call,
    };
    let request = Draft::of(&attempt, action, &given)?.unproven();
    Ok(vec![shown(&request, is_hidden)])
}

fn shown(request: &Request, is_hidden: bool) -> Preview {
    let url = &request.url;
    let query: Vec<String> = url
        .query_pairs()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = || String::from_utf8_lossy(&request.body).into_owned().into();
    Preview {
        method: request.method.to_string(),
        host: match is_hidden {
            true => HIDDEN.to_owned(),
            false => url.host_str().unwrap_or_default().to_owned(),
        },
        path: match (is_hidden, query.is_empty()) {
            (true, _) => String::new(),
            (false, true) => url.path().to_owned(),
            (false, false) => format!("{}?{}", url.path(), query.join("&")),
        },
        body: match request.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&request.body).unwrap_or_else(|_| text()),
        },
    }
}

/// The network of what sends nothing.
#[derive(Debug)]
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: Request) -> Sending<'_> {
        Box::pin(async { Err(Interruption::Connect("nothing is sent".to_owned())) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Asked, shipped_connector};
    use jiff::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    fn previewed(action: &str, input: &Value, attempt: u32) -> Result<Vec<Preview>, Error> {
        previewed_about(None, action, input, attempt)
    }

    fn previewed_about(
        approval: Option<Asked>,
        action: &str,
        input: &Value,
        attempt: u32,
    ) -> Result<Vec<Preview>, Error> {
        let (connector, action) = action.split_once('.').unwrap();
        let connector = shipped_connector(connector).unwrap();
        let fields = connector.integration().sample_fields();
        let call = Call {
            connector,
            action: connector.action(action).unwrap(),
            input: input.as_object().unwrap().clone(),
            idempotency_key: Some("pgf-1".to_owned()),
            attempt: Some(attempt),
            look: None,
            deadline: None,
            now: Timestamp::UNIX_EPOCH,
            approval,
        };
        preview(call, &fields)
    }

    fn asked() -> Asked {
        Asked {
            link: "https://example.com/approvals/a.b".to_owned(),
            answer: "a.c".to_owned(),
            choices: vec!["restart".to_owned(), "leave \"it\"".to_owned()],
        }
    }

    /// The blocks that Slack gets of a message about an approval.
    fn blocks(input: &Value) -> Value {
        previewed_about(Some(asked()), "slack.post_message", input, 1).unwrap()[0].body["blocks"].clone()
    }

    #[test]
    fn a_message_to_slack_about_an_approval_has_a_button_for_each_choice_and_one_that_opens_the_page() {
        let blocks = blocks(&json!({"channel": "C1", "text": "Restart *web*? {{ x }}"}));
        let button = |number: u32, text: &str| {
            let action_id = format!("pagerflow-choice-{number}");
            json!({"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, "value": text})
        };
        let page = json!({
            "type": "button", "action_id": "pagerflow-page", "text": {"type": "plain_text", "text": "Open the page"},
            "url": "https://example.com/approvals/a.b",
        });
        let elements = [button(1, "restart"), button(2, "leave \"it\""), page];
        let text = json!({"type": "mrkdwn", "text": "Restart *web*? {{ x }}"});
        let section = json!({"type": "section", "text": text});
        assert_eq!(
            blocks,
            json!([section, {"type": "actions", "block_id": "a.c", "elements": elements}])
        );
    }

    #[test]
    fn own_blocks_of_a_message_about_an_approval_stay_in_front_of_the_buttons_where_there_is_room() {
        let divider = json!({"type": "divider"});
        let few = blocks(&json!({"channel": "C1", "text": "t", "blocks": [divider, divider]}));
        assert_eq!((&few[0], &few[2]["type"]), (&divider, &json!("actions")));
        assert_eq!(few.as_array().unwrap().len(), 3);
        let many = vec![divider; 50];
        assert_eq!(
            blocks(&json!({"channel": "C1", "text": "t", "blocks": many})),
            json!(many)
        );
    }

    #[test]
    fn a_section_of_slack_has_room_for_3_000_characters() {
        let blocks = blocks(&json!({"channel": "C1", "text": "é".repeat(3_001)}));
        assert_eq!(blocks[0]["text"]["text"], "é".repeat(3_000));
    }

    #[test]
    fn a_message_that_is_about_no_approval_or_whose_answers_would_not_be_taken_has_no_buttons() {
        let input = json!({"channel": "C1", "text": "Restart?"});
        let [other] = &previewed("slack.post_message", &input, 1).unwrap()[..] else {
            panic!()
        };
        assert_eq!(other.body.get("blocks"), None);
        let connector = shipped_connector("slack").unwrap();
        let call = Call {
            connector,
            action: connector.action("post_message").unwrap(),
            input: input.as_object().unwrap().clone(),
            idempotency_key: None,
            attempt: None,
            look: None,
            deadline: None,
            now: Timestamp::UNIX_EPOCH,
            approval: Some(asked()),
        };
        let unsigned = preview(call, &BTreeMap::new()).unwrap();
        assert_eq!(unsigned[0].body.get("blocks"), None);
    }

    #[test]
    fn it_is_the_request_without_the_secret() {
        let input = json!({"channel": "C1", "text": "Down: {{ x }}"});
        let [preview] = &previewed("slack.post_message", &input, 1).unwrap()[..] else {
            panic!("one request")
        };
        assert_eq!((&*preview.method, &*preview.host), ("POST", "slack.com"));
        assert_eq!(preview.path, "/api/chat.postMessage");
        assert_eq!(preview.body["text"], "Down: {{ x }}");
        assert!(!format!("{preview:?}").contains(HIDDEN));
    }

    #[test]
    fn the_query_is_shown_as_people_read_it() {
        let input = json!({"path": "/a b", "query": {"q": "x y"}});
        let preview = previewed("http.get", &input, 1).unwrap();
        assert!(preview[0].path.ends_with("?q=x y"), "{preview:?}");
    }

    #[rstest]
    #[case::missing("slack.post_message", json!({"text": "x"}))]
    #[case::of_the_wrong_type("slack.post_message", json!({"channel": "C1", "text": ["x"]}))]
    fn an_input_that_does_not_fit_is_refused(#[case] action: &str, #[case] input: Value) {
        let error = previewed(action, &input, 1).unwrap_err();
        assert_eq!(error.name().to_string(), "Input.Invalid");
    }
}
