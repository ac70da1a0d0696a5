//! Actions on other systems: workflows that act on a Slack that keeps Slack's rules, with the connector that comes along and with one of
//! the user's own.

use crate::scenario::Scenario;
use jiff::Timestamp;
use local_aws::StackInfo;
use serde_json::Value;
use std::{sync::mpsc, thread, time::Duration};
use vendors::{
    Answer, Request, Server, Vendor,
    jira::Jira,
    slack::{self, Pressed, Slack},
};

/// The time for which one test waits until another one no longer needs the address.
const FREE_WITHIN: Duration = Duration::from_secs(300);

/// A workspace of Slack and a site of Jira, told apart by the host that is asked for.
#[derive(Debug, Default)]
struct Systems {
    slack: Slack,
    jira: Jira,
}

impl Vendor for Systems {
    fn answer(&mut self, request: &Request) -> Answer {
        match request.host.ends_with("slack.com") {
            true => self.slack.answer(request),
            false => self.jira.answer(request),
        }
    }
}

/// A workspace of Slack, at the address to which the functions send all requests to other systems, with a site of Jira. One test at a time
/// has it.
pub(crate) struct Workspace(Server<Systems>);

impl Workspace {
    pub(crate) fn open(stack: &StackInfo) -> Self {
        let (_, port) = stack.connectors_url.rsplit_once(':').unwrap();
        let port: u16 = port.parse().unwrap();
        let (tell, told) = mpsc::channel();
        // A runtime of its own: the tests wait for `pagerflow` without one.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let server = loop {
                    match Server::start_at(Systems::default(), port).await {
                        Ok(server) => break server,
                        Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                    }
                };
                // The test may have given up.
                let _gone = tell.send(server);
                std::future::pending::<()>().await;
            });
        });
        Self(told.recv_timeout(FREE_WITHIN).expect("another test has the address"))
    }

    /// A message as people see it.
    pub(crate) fn message(&self, index: usize) -> Option<Value> {
        self.0.vendor(|systems| systems.slack.messages.get(index).cloned())
    }

    /// The texts that only one person sees.
    pub(crate) fn whispers(&self) -> Vec<String> {
        self.0.vendor(|systems| systems.slack.whispers.clone())
    }

    /// The request that Slack makes when a user presses a button of a message now.
    pub(crate) fn press(&self, message: usize, button: &str, user: &str, secret: &str) -> Pressed {
        let now = Timestamp::now().as_second();
        self.0
            .vendor(|systems| systems.slack.press(message, button, user, secret, now))
    }

    /// The issues of the site.
    pub(crate) fn issues(&self) -> Vec<Value> {
        self.0.vendor(|systems| systems.jira.issues.clone())
    }

    /// The texts of the messages.
    pub(crate) fn messages(&self) -> Vec<String> {
        let texts = |systems: &mut Systems| {
            let messages = systems.slack.messages.iter();
            messages
                .map(|message| message["text"].as_str().unwrap().to_owned())
                .collect()
        };
        self.0.vendor(texts)
    }
}

#[test]
fn a_step_posts_to_slack_and_what_slack_refuses_fails_its_step_in_slacks_words() {
    let name = "e2e-slack";
    let scenario = Scenario::without_integration(name);
    let workspace = Workspace::open(&scenario.stack);
    let add = ["integration", "add", name, "--type", "slack"];
    scenario.pagerflow.json(&add, slack::TOKEN).unwrap();

    let run = scenario.started(&format!(
        r#"
  - id: post
    uses: slack.post_message
    with: {{ integration: {name}, channel: C1, text: "disk full" }}
  - id: again
    uses: slack.reply
    with: {{ integration: {name}, channel: C1, thread: "{{{{ steps.post.outputs.ts }}}}", text: "of {{{{ steps.post.outputs.channel }}}}" }}
  - id: lost
    uses: slack.post_message
    with: {{ integration: {name}, channel: C999, text: "lost" }}
"#
    ));

    let view = scenario.ended(&run);
    assert_eq!(workspace.messages(), ["disk full", "of C1"], "{view:#}");
    for (index, state) in ["success", "success", "failure"].into_iter().enumerate() {
        assert_eq!(view["steps"][index]["state"], state, "{view:#}");
    }
    assert_eq!(view["error"]["name"], "Slack.NotFound", "{view:#}");
    let message = view["error"]["message"].as_str().unwrap();
    assert!(message.contains("channel_not_found"), "{message}");
}

/// A connector of the user's own that posts messages, each with this in front.
fn own_chat(greeting: &str) -> String {
    format!(
        r#"connector: e2e_own_chat
title: Own Chat
summary: Messages.
documentation: https://docs.slack.dev/reference/methods/chat.postMessage
integration: {{ auth: bearer, secret: a token, hosts: [slack.com] }}
base_url: https://slack.com/api
errors: {{ when: not body.ok, code: "{{{{ body.error }}}}" }}
actions:
  say:
    summary: Says something.
    repeat: never
    inputs: {{ text: {{ type: text, required: true, summary: the text }} }}
    request: {{ method: POST, path: /chat.postMessage, json: {{ channel: C1, text: "{greeting} {{{{ inputs.text }}}}" }} }}
    outputs: {{ at: {{ type: text, summary: the time, from: "{{{{ body.ts }}}}" }} }}
    example: "{{ integration: chat, text: Hello }}"
"#
    )
}

#[test]
fn a_version_of_a_workflow_does_what_its_connector_said_when_it_was_applied() {
    let name = "e2e-own-connector";
    let scenario = Scenario::without_integration(name);
    let workspace = Workspace::open(&scenario.stack);
    let pagerflow = &scenario.pagerflow;
    let add = |greeting: &str| {
        let file = scenario.file("connector.yaml", &own_chat(greeting));
        pagerflow.json(&["connector", "add", &file, "--yes"], "").unwrap()
    };
    assert_eq!(add("Hello")["changed"], true);
    let integration = ["integration", "add", name, "--type", "e2e_own_chat"];
    pagerflow.json(&integration, slack::TOKEN).unwrap();
    let definition = scenario.by_hand(&format!(
        "steps:\n  - {{ id: say, uses: e2e_own_chat.say, with: {{ integration: {name}, text: world }} }}\n"
    ));
    scenario.apply(&definition);
    let says = |messages: &[&str]| {
        let view = scenario.ended(&scenario.start(&[]));
        assert_eq!(view["status"], "succeeded", "{view:#}");
        assert_eq!(view["steps"][0]["title"], "e2e_own_chat.say", "{view:#}");
        // What performs it is no part of its record.
        assert_eq!(
            view["steps"][0]["input"],
            serde_json::json!({ "integration": name, "text": "world" })
        );
        assert_eq!(workspace.messages(), messages, "{view:#}");
    };
    says(&["Hello world"]);

    let changed = add("Goodbye");
    assert_eq!(changed["workflows"], serde_json::json!([name]));
    says(&["Hello world", "Hello world"]);

    let applied = scenario.apply(&definition);
    assert_eq!(
        applied["difference"]["actions"],
        serde_json::json!(["e2e_own_chat.say"])
    );
    says(&["Hello world", "Hello world", "Goodbye world"]);

    let refused = pagerflow
        .text(&["connector", "remove", "e2e_own_chat", "--yes"], "")
        .unwrap_err();
    assert!(refused.to_string().contains("is still used"), "{refused}");
    // Other tests look at all that is stored.
    for words in [
        &["workflow", "delete", name, "--yes"][..],
        &["integration", "remove", name, "--yes", "--force"],
        &["connector", "remove", "e2e_own_chat", "--yes"],
    ] {
        pagerflow.text(words, "").unwrap();
    }
}
