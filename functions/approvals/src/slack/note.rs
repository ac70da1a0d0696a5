//! The words that a person reads in Slack.

use super::press::{Message, Press};
use serde_json::{Value, json};
use workflow::{
    approval::{Decision, Via},
    characters::steers,
};

/// The most characters of a text in a section.
const SECTION_CHARACTERS: usize = 3_000;

/// A text for the people who see the message, or for the person who has pressed the button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Note {
    /// It takes the place of the buttons.
    Outcome(String),
    /// Only the person sees it, and the message stays as it is.
    Private(String),
}

impl Note {
    pub(super) fn form(link: &str) -> Self {
        Self::Private(format!(
            "Nothing was decided yet: there are fields to fill in. <{link}|Open the page> and decide there."
        ))
    }

    /// The table or a secret is out of reach.
    pub(super) fn unavailable(may_be_decided: bool) -> Self {
        Self::Private(match may_be_decided {
            true => "Your decision may not have been recorded. Press the button again in a few seconds.".to_owned(),
            false => "Nothing was decided, because something is out of reach. Press the button again in a few seconds."
                .to_owned(),
        })
    }

    /// The message as it is sent to the `response_url`.
    pub(super) fn written(&self, press: &Press) -> Value {
        match self {
            Self::Outcome(text) => json!({
                "replace_original": true,
                "text": format!("{}\n{text}", press.message.text.as_deref().unwrap_or_default()).trim_start(),
                "blocks": blocks(&press.message, &press.answer, text),
            }),
            Self::Private(text) => json!({"response_type": "ephemeral", "replace_original": false, "text": text}),
        }
    }
}

/// The blocks of a message, with a text in the place of its buttons.
fn blocks(message: &Message, answer: &str, text: &str) -> Vec<Value> {
    let kept = message.blocks.iter().flatten();
    let mut blocks: Vec<Value> = kept.filter(|block| block["block_id"] != answer).cloned().collect();
    if let (true, Some(text)) = (blocks.is_empty(), &message.text) {
        let text: String = text.chars().take(SECTION_CHARACTERS).collect();
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}));
    }
    blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}));
    blocks
}

/// A decision: what, by whom, and how.
pub(super) fn decided(decision: &Decision) -> String {
    let choice = escaped(decision.choice.as_str());
    let by = &decision.by;
    match decision.via {
        Via::Slack => {
            let id = by.strip_prefix("slack:").unwrap_or(by);
            let id: String = id.chars().take_while(char::is_ascii_alphanumeric).collect();
            format!("*{choice}*: decided by <@{id}>")
        }
        Via::Link => format!("*{choice}*: decided by {}, on the page of the link", escaped(by)),
        Via::Command => {
            let last = by.rsplit(':').next().unwrap_or(by);
            format!("*{choice}*: decided by {}, by the command", escaped(last))
        }
    }
}

/// A text in which Slack finds no mention, no link and no special word: <https://docs.slack.dev/messaging/formatting-message-text#escaping>.
pub(super) fn escaped(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !steers(*c)).collect();
    visible.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use workflow::approval::Choice;

    fn decision(via: Via, by: &str) -> Decision {
        Decision {
            choice: Choice::try_from("restart <it>".to_owned()).unwrap(),
            by: by.to_owned(),
            via,
            at: jiff::Timestamp::UNIX_EPOCH,
            form: serde_json::Map::new(),
        }
    }

    #[rstest]
    #[case::slack(Via::Slack, "slack:U1 (jane <!channel>)", "*restart &lt;it&gt;*: decided by <@U1>")]
    #[case::link(
        Via::Link,
        "<!channel> & Co",
        "*restart &lt;it&gt;*: decided by &lt;!channel&gt; &amp; Co, on the page of the link"
    )]
    #[case::command(
        Via::Command,
        "arn:aws:sts::123456789012:assumed-role/oncall/bob",
        "*restart &lt;it&gt;*: decided by assumed-role/oncall/bob, by the command"
    )]
    fn a_decision_says_who_made_it_and_mentions_nobody_else(#[case] via: Via, #[case] by: &str, #[case] text: &str) {
        assert_eq!(decided(&decision(via, by)), text);
    }

    #[test]
    fn a_text_takes_the_place_of_the_buttons_and_other_blocks_stay() {
        let divider = json!({"type": "divider", "block_id": "x"});
        let buttons = json!({"type": "actions", "block_id": "a.b", "elements": []});
        let message = Message {
            text: Some("Restart?".to_owned()),
            blocks: Some(vec![divider.clone(), buttons]),
        };
        let context = json!({"type": "context", "elements": [{"type": "mrkdwn", "text": "t"}]});
        assert_eq!(blocks(&message, "a.b", "t"), [divider, context.clone()]);

        let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "Restart?"}});
        let message = Message {
            blocks: None,
            ..message
        };
        assert_eq!(blocks(&message, "a.b", "t"), [section, context]);
    }
}
