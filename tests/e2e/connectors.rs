//! Actions on other systems: a workflow that acts on a Slack that keeps Slack's rules.

use crate::scenario::Scenario;
use jiff::Timestamp;
use local_aws::StackInfo;
use serde_json::Value;
use std::{sync::mpsc, thread, time::Duration};
use vendors::{
    Server,
    slack::{self, Pressed, Slack},
};

/// The time for which one test waits until another one no longer needs the address.
const FREE_WITHIN: Duration = Duration::from_secs(300);

/// A workspace of Slack, at the address to which the functions send all requests to other systems. One test at a time has it.
pub(crate) struct Workspace(Server<Slack>);

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
                    match Server::start_at(Slack::default(), port).await {
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
        self.0.vendor(|slack| slack.messages.get(index).cloned())
    }

    /// The texts that only one person sees.
    pub(crate) fn whispers(&self) -> Vec<String> {
        self.0.vendor(|slack| slack.whispers.clone())
    }

    /// The request that Slack makes when a user presses a button of a message now.
    pub(crate) fn press(&self, message: usize, button: &str, user: &str, secret: &str) -> Pressed {
        let now = Timestamp::now().as_second();
        self.0.vendor(|slack| slack.press(message, button, user, secret, now))
    }

    /// The texts of the messages.
    pub(crate) fn messages(&self) -> Vec<String> {
        let texts = |slack: &mut Slack| {
            let messages = slack.messages.iter();
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
