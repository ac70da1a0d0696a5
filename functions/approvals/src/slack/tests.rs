//! Buttons of a Slack that keeps Slack's rules, as API Gateway hands its requests on.

use super::*;
use crate::{
    fakes::{Log, OTHER_SIGNING_SECRET, Pages, World, id, now, question},
    http,
};
use data_encoding::BASE64;
use provider::{http::HttpTransport, reroute::Rerouted, transport::Transport};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use vendors::{
    Server,
    slack::{Pressed, SIGNING_SECRET, Slack},
};

/// A run that has asked in Slack.
struct Chat {
    world: World,
    pages: Pages,
    slack: Server<Slack>,
}

/// A question whose form needs nothing that a person types.
fn asked() -> Value {
    let mut question = question();
    question["form"] = json!({"sure": {"type": "boolean", "default": true}});
    question
}

impl Chat {
    async fn asking() -> Self {
        Self::asking_with(asked()).await
    }

    async fn asking_with(question: Value) -> Self {
        let world = World::asking_with(question).await;
        let slack = Server::start(Slack::default()).await.unwrap();
        let stand_in = format!("http://{}", slack.address()).parse().unwrap();
        let transport: Arc<dyn Transport> = Arc::new(Rerouted::new(Arc::new(HttpTransport::new().unwrap()), stand_in));
        let pages = Approvals {
            replies: Replies::Given(transport),
            ..world.pages()
        };
        let chat = Self { world, pages, slack };
        chat.post("ops").await;
        chat
    }

    /// A message as the action of the connector sends it through an integration.
    async fn post(&self, integration: &str) {
        let answer = self.pages.links.answer(&id(), integration, now()).await.unwrap();
        let button = |number: usize, text: &str| json!({"type": "button", "action_id": format!("pagerflow-choice-{number}"), "text": {"type": "plain_text", "text": text}, "value": text});
        let page = json!({"type": "button", "action_id": "pagerflow-page", "text": {"type": "plain_text", "text": "Open the page"}});
        let elements = [button(1, "restart"), button(2, "leave it"), page];
        let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "Restart *web-1*?"}});
        let message = json!({
            "channel": "C1", "ts": "1.2", "text": "Restart *web-1*?",
            "blocks": [section, {"type": "actions", "block_id": answer, "elements": elements}],
        });
        self.slack.vendor(|slack| slack.messages.push(message));
    }

    fn press(&self, button: &str, user: &str) -> Pressed {
        self.press_signed(button, user, SIGNING_SECRET, now())
    }

    fn press_signed(&self, button: &str, user: &str, secret: &str, at: Timestamp) -> Pressed {
        self.slack
            .vendor(|slack| slack.press(0, button, user, secret, at.as_second()))
    }

    async fn send(&self, pressed: &Pressed) -> u16 {
        self.send_to("ops", pressed, now()).await
    }

    async fn send_to(&self, integration: &str, pressed: &Pressed, at: Timestamp) -> u16 {
        self.request(&event(integration, pressed), at).await
    }

    async fn request(&self, event: &Value, at: Timestamp) -> u16 {
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let response = http::respond(&self.pages, &request, at).await.unwrap();
        assert!(matches!(response.body(), Body::Empty));
        response.status().as_u16()
    }

    /// The message as people see it now.
    fn shown(&self) -> Value {
        self.slack.vendor(|slack| slack.messages[0].clone())
    }

    fn last_line(&self) -> String {
        let shown = self.shown();
        let blocks = shown["blocks"].as_array().unwrap();
        blocks.last().unwrap()["elements"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn has_buttons(&self) -> bool {
        let shown = self.shown();
        shown["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .any(|block| block["type"] == "actions")
    }

    fn whispers(&self) -> Vec<String> {
        self.slack.vendor(|slack| slack.whispers.clone())
    }

    /// Nothing was decided, and nothing in Slack has changed.
    async fn is_untouched(&self) -> bool {
        self.world.writes() == 0
            && self.world.decided().await.is_none()
            && self.has_buttons()
            && self.slack.requests().is_empty()
    }
}

/// The event of API Gateway (HTTP API, payload 2.0).
fn event(integration: &str, pressed: &Pressed) -> Value {
    let mut event: Value = serde_json::from_str(include_str!("../../../../events/approvals.json")).unwrap();
    event["routeKey"] = json!("POST /slack/{integration}/interactions");
    event["requestContext"]["http"]["method"] = json!("POST");
    event["pathParameters"] = json!({ "integration": integration });
    for (name, value) in pressed.headers() {
        event["headers"][name] = json!(value);
    }
    event["body"] = json!(BASE64.encode(pressed.body.as_bytes()));
    event["isBase64Encoded"] = json!(true);
    event
}

fn decision(choice: &str, by: &str) -> Option<(String, String)> {
    Some((choice.to_owned(), by.to_owned()))
}

#[tokio::test]
async fn a_button_decides_wakes_the_lane_and_takes_the_buttons_out_of_the_message() {
    let chat = Chat::asking().await;

    assert_eq!(chat.send(&chat.press("leave it", "U1")).await, 200);

    assert_eq!(chat.world.decided().await, decision("leave it", "slack:U1 (jane)"));
    assert_eq!(chat.world.woken(), ["token-of-the-wait"]);
    assert_eq!(chat.last_line(), "*leave it*: decided by <@U1>");
    assert!(!chat.has_buttons());
    let shown = chat.shown();
    assert_eq!(
        shown["blocks"][0]["text"]["text"], "Restart *web-1*?",
        "what was asked stays"
    );
    assert_eq!(shown["text"], "Restart *web-1*?\n*leave it*: decided by <@U1>");
}

#[tokio::test]
async fn f36_w6_a_button_that_is_pressed_twice_and_a_request_that_is_sent_again_decide_once() {
    let chat = Chat::asking().await;
    let (first, second) = (chat.press("restart", "U1"), chat.press("leave it", "U2"));
    for pressed in [&first, &first, &second] {
        assert_eq!(chat.send(pressed).await, 200);
        assert_eq!(chat.last_line(), "*restart*: decided by <@U1>");
    }
    assert_eq!(chat.world.decided().await, decision("restart", "slack:U1 (jane)"));
    assert_eq!(chat.world.woken().len(), 1);
}

#[tokio::test]
async fn who_presses_late_reads_that_the_time_is_over() {
    let chat = Chat::asking().await;
    let late: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let pressed = chat.press_signed("restart", "U1", SIGNING_SECRET, late);
    assert_eq!(chat.send_to("ops", &pressed, late).await, 200);
    assert_eq!((chat.world.writes(), chat.world.decided().await), (0, None));
    assert_eq!(chat.last_line(), "The time for a decision is over.");
    assert!(!chat.has_buttons());
}

#[tokio::test]
async fn a_button_of_a_run_that_was_cancelled_says_so() {
    let chat = Chat::asking().await;
    chat.world.cancel_run().await;
    assert_eq!(chat.send(&chat.press("restart", "U1")).await, 200);
    assert_eq!(
        chat.last_line(),
        "The run has ended, or is being cancelled. Nothing was decided."
    );
}

#[rstest]
#[case::another_user(json!({"approvers": ["slack:U2"]}), "only slack:U2 may decide; slack:U1 (jane) is none of them")]
#[case::a_role(json!({"approvers": ["arn:aws:iam::123456789012:role/oncall"]}), "role/oncall may decide")]
#[case::the_starter_is_unknown_to_slack(json!({"not_by": "arn:aws:iam::123456789012:user/anna"}), "Slack does not say who decides")]
#[tokio::test]
async fn who_may_not_decide_reads_so_alone_and_the_buttons_stay(#[case] with: Value, #[case] words: &str) {
    let mut question = asked();
    question
        .as_object_mut()
        .unwrap()
        .extend(with.as_object().unwrap().clone());
    let chat = Chat::asking_with(question).await;

    assert_eq!(chat.send(&chat.press("restart", "U1")).await, 200);

    let whispers = chat.whispers();
    assert!(whispers.len() == 1 && whispers[0].contains(words), "{whispers:?}");
    assert_eq!((chat.world.writes(), chat.world.decided().await), (0, None));
    assert!(chat.has_buttons());
}

#[tokio::test]
async fn an_approver_in_slack_decides() {
    let mut question = asked();
    question["approvers"] = json!(["slack:U2"]);
    let chat = Chat::asking_with(question).await;
    chat.send(&chat.press("restart", "U1")).await;
    chat.send(&chat.press("restart", "U2")).await;
    assert_eq!(chat.world.decided().await, decision("restart", "slack:U2 (joe)"));
}

#[tokio::test]
async fn a_choice_that_needs_a_form_is_answered_with_the_link_to_the_page() {
    let chat = Chat::asking_with(question()).await;

    assert_eq!(chat.send(&chat.press("restart", "U1")).await, 200);

    let link = chat.pages.links.link(&id(), now()).await.unwrap();
    let whispers = chat.whispers();
    assert!(whispers[0].contains(&format!("<{link}|Open the page>")), "{whispers:?}");
    assert_eq!((chat.world.writes(), chat.world.decided().await), (0, None));
    let code = link.rsplit_once('.').unwrap().1;
    assert!(!Log::text().contains(code), "{}", Log::text());
}

#[rstest]
#[case::wrong_secret("ops", "another secret", 0)]
#[case::secret_of_another_integration("ops", OTHER_SIGNING_SECRET, 0)]
#[case::an_integration_without_a_secret("nobody", SIGNING_SECRET, 0)]
#[case::no_alias("../ops", SIGNING_SECRET, 0)]
#[case::stale("ops", SIGNING_SECRET, 301)]
#[case::from_the_future("ops", SIGNING_SECRET, -301)]
#[tokio::test]
async fn w6_what_slack_has_not_just_signed_for_the_integration_decides_nothing(
    #[case] integration: &str,
    #[case] secret: &str,
    #[case] late: i64,
) {
    let chat = Chat::asking().await;
    let pressed = chat.press_signed("restart", "U1", secret, now());
    let at = now() + jiff::SignedDuration::from_secs(late);
    assert_eq!(chat.send_to(integration, &pressed, at).await, 401);
    assert!(chat.is_untouched().await);
}

#[tokio::test]
async fn w6_another_body_than_the_one_that_was_signed_decides_nothing() {
    let chat = Chat::asking().await;
    let mut pressed = chat.press("restart", "U1");
    pressed.body = pressed.body.replace("restart", "leave+it");
    assert_eq!(chat.send(&pressed).await, 401);
    assert!(chat.is_untouched().await);
}

#[tokio::test]
async fn w6_a_button_is_good_only_for_the_integration_that_sent_it() {
    let chat = Chat::asking().await;
    // The workspace of another integration has got hold of the message, and presses its button there.
    let pressed = chat.press_signed("restart", "U1", OTHER_SIGNING_SECRET, now());
    assert_eq!(chat.send_to("other", &pressed, now()).await, 200);
    assert_eq!((chat.world.writes(), chat.world.decided().await), (0, None));
    assert!(
        chat.whispers()[0].contains("leads to no approval"),
        "{:?}",
        chat.whispers()
    );
}

#[rstest]
#[case::made_up("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
#[case::nothing("x")]
#[tokio::test]
async fn w6_a_button_that_this_stack_has_not_sent_decides_nothing(#[case] block: &str) {
    let chat = Chat::asking().await;
    chat.slack
        .vendor(|slack| slack.messages[0]["blocks"][1]["block_id"] = json!(block));
    assert_eq!(chat.send(&chat.press("restart", "U1")).await, 200);
    assert!(
        chat.whispers()[0].contains("leads to no approval"),
        "{:?}",
        chat.whispers()
    );
    assert_eq!((chat.world.writes(), chat.world.decided().await), (0, None));
}

#[tokio::test]
async fn a_button_whose_approval_is_no_longer_kept_says_so() {
    let chat = Chat::asking().await;
    let pages = World::default().pages();
    let pages = Approvals {
        replies: Replies::Given(match &chat.pages.replies {
            Replies::Given(transport) => Arc::clone(transport),
            Replies::Network(_) => panic!(),
        }),
        ..pages
    };
    let request = event("ops", &chat.press("restart", "U1")).to_string();
    let request = lambda_http::request::from_str(&request).unwrap();
    assert_eq!(respond(&pages, &request, now()).await, StatusCode::OK);
    assert!(
        chat.whispers()[0].contains("leads to no approval"),
        "{:?}",
        chat.whispers()
    );
}

#[tokio::test]
async fn a_choice_that_there_is_not_is_refused() {
    let chat = Chat::asking().await;
    chat.slack
        .vendor(|slack| slack.messages[0]["blocks"][1]["elements"][0]["value"] = json!("<delete>"));
    assert_eq!(chat.send(&chat.press("restart", "U1")).await, 200);
    assert!(
        chat.whispers()[0].contains("\"&lt;delete&gt;\" is none of the choices"),
        "{:?}",
        chat.whispers()
    );
    assert!(chat.world.decided().await.is_none());
}

#[tokio::test]
async fn the_button_that_opens_the_page_is_only_acknowledged() {
    let chat = Chat::asking().await;
    assert_eq!(chat.send(&chat.press("Open the page", "U1")).await, 200);
    assert!(chat.is_untouched().await);
}

#[rstest]
#[case::no_payload("a=b", 400)]
#[case::no_json("payload=%7B", 400)]
#[case::another_kind("payload=%7B%22type%22%3A%22view_closed%22%7D", 200)]
#[tokio::test]
async fn a_signed_request_of_another_form_decides_nothing(#[case] body: &str, #[case] status: u16) {
    let chat = Chat::asking().await;
    let pressed = Pressed::signed(body.to_owned(), SIGNING_SECRET, now().as_second());
    assert_eq!(chat.send(&pressed).await, status);
    assert!(chat.is_untouched().await);
}

#[tokio::test]
async fn what_is_no_request_of_slack_is_refused_before_a_secret_is_read() {
    let chat = Chat::asking().await;
    let pressed = chat.press("restart", "U1");
    let too_large = Pressed::signed("x".repeat(LARGEST_BODY + 1), SIGNING_SECRET, now().as_second());
    let mut cases = vec![(413, event("ops", &too_large))];
    let mut with = |status, change: fn(&mut Value)| {
        let mut event = event("ops", &pressed);
        change(&mut event);
        cases.push((status, event));
    };
    with(405, |event| event["requestContext"]["http"]["method"] = json!("GET"));
    with(415, |event| {
        event["headers"]["content-type"] = json!("application/json");
    });
    with(401, |event| event["headers"]["x-slack-signature"] = json!("v0=00"));
    with(401, |event| {
        drop(
            event["headers"]
                .as_object_mut()
                .unwrap()
                .remove("x-slack-request-timestamp"),
        );
    });
    for (status, event) in cases {
        assert_eq!(chat.request(&event, now()).await, status);
    }
    assert!(chat.is_untouched().await);
}

#[tokio::test]
async fn with_the_table_out_of_reach_the_person_reads_that_nothing_was_decided() {
    let chat = Chat::asking().await;
    chat.world.fail_reads();
    assert_eq!(chat.send(&chat.press("restart", "U1")).await, 503);
    assert!(
        chat.whispers()[0].starts_with("Nothing was decided"),
        "{:?}",
        chat.whispers()
    );

    chat.world.recover();
    chat.world.lose_answers();
    assert_eq!(chat.send(&chat.press("restart", "U1")).await, 503);
    assert!(
        chat.whispers()[1].contains("may not have been recorded"),
        "{:?}",
        chat.whispers()
    );

    chat.world.recover();
    assert_eq!(chat.send(&chat.press("leave it", "U2")).await, 200);
    assert_eq!(chat.last_line(), "*restart*: decided by <@U1>", "it had been written");
}

#[tokio::test]
async fn a_decision_stands_although_slack_does_not_take_the_reply() {
    let chat = Chat::asking().await;
    let pressed = chat.press("restart", "U1");
    chat.slack.answer_next(vendors::Answer::text(500, "internal_error"));
    assert_eq!(chat.send(&pressed).await, 200);
    assert!(chat.world.decided().await.is_some());
    assert!(Log::text().contains("the reply was not sent"), "{}", Log::text());
}

#[tokio::test]
async fn a_reply_goes_to_slack_and_nowhere_else() {
    let chat = Chat::asking().await;
    let pressed = chat.press("restart", "U1");
    let elsewhere = pressed.body.replace("hooks.slack.com", "hooks.example.com");
    let pressed = Pressed::signed(elsewhere, SIGNING_SECRET, now().as_second());
    assert_eq!(chat.send(&pressed).await, 200);
    assert!(chat.world.decided().await.is_some());
    assert!(chat.slack.requests().is_empty());
}

#[tokio::test]
async fn the_log_says_what_happened_and_neither_who_did_it_nor_with_what() {
    let chat = Chat::asking().await;
    let forged = chat.press_signed("restart", "U1", "wrong", now());
    chat.send(&chat.press("restart", "U1")).await;
    chat.send(&forged).await;
    let lines = Log::lines();
    let outcomes: Vec<_> = lines.iter().map(|line| (&line["outcome"], &line["status"])).collect();
    assert_eq!(json!(outcomes), json!([["decided", 200], ["refused", 401]]));
    assert_eq!(
        (&lines[0]["choice"], &lines[0]["approval"]),
        (&json!("restart"), &json!(id()))
    );
    let log = Log::text();
    let answer = chat.pages.links.answer(&id(), "ops", now()).await.unwrap();
    let code = answer.split_once('.').unwrap().1;
    for kept in [code, "jane", "U1", SIGNING_SECRET, "hook1", "Restart"] {
        assert!(!log.contains(kept), "{kept} is logged:\n{log}");
    }
}
