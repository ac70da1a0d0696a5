//! A button that was pressed: <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use workflow::approval::SlackUser;

/// The beginning of the ids of the buttons of choices, as the connector of Slack has them.
const CHOICE: &str = "pagerflow-choice-";

/// The only host that Slack's answers go to.
const REPLY_HOST: &str = "hooks.slack.com";

/// The most characters that are kept of a name.
const NAME_CHARACTERS: usize = 80;

/// A signed request that is not of the form that Slack's requests have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the request has no `payload` that can be read")]
pub struct Malformed;

/// A request of Slack.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// A button of a choice was pressed.
    Press(Box<Press>),
    /// Something else.
    Other,
}

/// A button of a choice that was pressed.
#[derive(Debug, Clone, PartialEq)]
pub struct Press {
    pub user: SlackUser,
    /// The name by which Slack knows the user; empty if it does not say.
    pub name: String,
    /// The text that the block of the buttons brings back.
    pub answer: String,
    pub choice: String,
    /// The address at which the message can be changed, if it is one of Slack's.
    pub reply_to: Option<Url>,
    /// The message with the button.
    pub message: Message,
}

/// The message with the button.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Message {
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub blocks: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    actions: Vec<Action>,
    #[serde(default)]
    response_url: Option<String>,
    #[serde(default)]
    message: Option<Message>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    action_id: String,
    #[serde(default)]
    block_id: String,
    #[serde(default)]
    value: Option<String>,
}

/// Reads the body of a request.
///
/// # Errors
/// It is not of the form that Slack's requests have.
pub fn read(body: &[u8]) -> Result<Sent, Malformed> {
    let mut fields = form_urlencoded::parse(body);
    let (_, payload) = fields.find(|(name, _)| name == "payload").ok_or(Malformed)?;
    let payload: Payload = serde_json::from_str(&payload).map_err(|_| Malformed)?;
    if payload.kind != "block_actions" {
        return Ok(Sent::Other);
    }
    let mut actions = payload.actions.into_iter();
    let Some(action) = actions.find(|action| action.action_id.starts_with(CHOICE)) else {
        return Ok(Sent::Other);
    };
    let user = payload.user.ok_or(Malformed)?;
    let name = user.name.or(user.username).unwrap_or_default();
    Ok(Sent::Press(Box::new(Press {
        user: user.id.parse().map_err(|_| Malformed)?,
        name: name.chars().take(NAME_CHARACTERS).collect(),
        answer: action.block_id,
        choice: action.value.ok_or(Malformed)?,
        reply_to: payload.response_url.as_deref().and_then(address),
        message: payload.message.unwrap_or_default(),
    })))
}

/// The address, if it is one that Slack's answers go to.
fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_slacks = url.scheme() == "https"
        && url.host_str() == Some(REPLY_HOST)
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_slacks.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn body(payload: &str) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", payload)
            .finish()
    }

    fn payload() -> Value {
        json!({
            "type": "block_actions", "user": {"id": "U1", "username": "jane", "name": "jane", "team_id": "T1"}, "team": {"id": "T1"},
            "api_app_id": "A1", "trigger_id": "1.2.3", "response_url": "https://hooks.slack.com/actions/T1/1/abc",
            "message": {"type": "message", "text": "Restart?", "blocks": [{"type": "divider"}]},
            "actions": [{"action_id": "pagerflow-choice-1", "block_id": "a.b", "type": "button", "value": "restart it", "action_ts": "1.2"}],
        })
    }

    fn press(payload: &Value) -> Press {
        match read(body(&payload.to_string()).as_bytes()) {
            Ok(Sent::Press(press)) => *press,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_button_has_the_user_the_choice_and_what_it_is_an_answer_to() {
        let press = press(&payload());
        assert_eq!((press.user.as_str(), &*press.name), ("U1", "jane"));
        assert_eq!((&*press.answer, &*press.choice), ("a.b", "restart it"));
        assert_eq!(
            press.reply_to.unwrap().as_str(),
            "https://hooks.slack.com/actions/T1/1/abc"
        );
        assert_eq!(press.message.blocks, Some(vec![json!({"type": "divider"})]));
    }

    #[rstest]
    #[case::other_host("https://hooks.slack.com.example.com/actions/T1/1/abc")]
    #[case::before_an_at("https://hooks.slack.com@example.com/actions")]
    #[case::a_user("https://me@hooks.slack.com/actions")]
    #[case::another_port("https://hooks.slack.com:8443/actions")]
    #[case::unencrypted("http://hooks.slack.com/actions")]
    #[case::metadata("http://169.254.169.254/latest/meta-data")]
    #[case::no_address("hooks.slack.com")]
    fn an_address_that_is_not_slacks_is_not_answered_to(#[case] url: &str) {
        let mut payload = payload();
        payload["response_url"] = json!(url);
        assert_eq!(press(&payload).reply_to, None);
    }

    #[rstest]
    #[case::a_view("type", json!("view_submission"))]
    #[case::a_button_of_somebody_else("actions", json!([{"action_id": "theirs", "block_id": "a.b", "value": "restart"}]))]
    #[case::the_button_that_opens_the_page("actions", json!([{"action_id": "pagerflow-page", "block_id": "a.b"}]))]
    #[case::nothing("actions", json!([]))]
    fn what_is_no_button_of_a_choice_is_left_alone(#[case] field: &str, #[case] value: Value) {
        let mut payload = payload();
        payload[field] = value;
        assert_eq!(read(body(&payload.to_string()).as_bytes()), Ok(Sent::Other));
    }

    #[rstest]
    #[case::no_user("user", Value::Null)]
    #[case::odd_user("user", json!({"id": "<@U1>"}))]
    #[case::no_choice("actions", json!([{"action_id": "pagerflow-choice-1", "block_id": "a.b"}]))]
    #[case::odd_actions("actions", json!("pagerflow-choice-1"))]
    #[case::no_type("type", Value::Null)]
    fn a_payload_without_what_it_needs_is_malformed(#[case] field: &str, #[case] value: Value) {
        let mut payload = payload();
        payload[field] = value;
        assert_eq!(read(body(&payload.to_string()).as_bytes()), Err(Malformed));
    }

    #[test]
    fn a_body_without_a_payload_is_malformed() {
        for odd in [
            "",
            "payload",
            "payload=",
            "payload={",
            "other=1",
            "{\"payload\":{}}",
            &body("[]"),
            &body("null"),
        ] {
            assert_eq!(read(odd.as_bytes()), Err(Malformed), "{odd}");
        }
        assert_eq!(read(b"payload=%ff%00"), Err(Malformed));
    }
}
