use pagerduty_simulator::{Options, Seed, Simulator};

use super::*;
use crate::{
    client::{ApiToken, Client, TokenKind},
    scripted::{self, Answer, PagerDuty, token},
    webhook_subscriptions::list_webhook_subscriptions,
};

const URL: &str = "http://127.0.0.1:9/integrations/prod/webhooks";

fn new<'a>(scope: &'a SubscriptionScope, events: &'a [String], key: &'a SecretString) -> NewWebhookSubscription<'a> {
    NewWebhookSubscription {
        url: URL,
        custom_header: ("x-api-key", key),
        scope,
        events,
        description: "Pagerflow",
        active: false,
    }
}

/// An account in the simulator, which is there as long as the first part.
async fn simulated() -> (Simulator, Client, ApiToken) {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let client = scripted::client(&simulator.base_url());
    let token = ApiToken::new(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN.into()).unwrap();
    (simulator, client, token)
}

async fn listed(account: &Account<'_>) -> Vec<WebhookSubscription> {
    let listed = list_webhook_subscriptions(account, async |_| panic!("nothing is to be waited for")).await;
    listed.unwrap().list
}

#[tokio::test]
async fn a_subscription_is_created_inactive_activated_pinged_and_deleted() {
    let (_simulator, client, token) = simulated().await;
    let account = client.account(&token);
    let (scope, events) = (
        SubscriptionScope::Service("PWIXJZS".parse().unwrap()),
        ["incident.triggered".to_owned(), "incident.resolved".to_owned()],
    );

    let created = account
        .create_webhook_subscription(new(&scope, &events, &"key".into()))
        .await
        .unwrap();
    assert_eq!(created.signing_secret.expose_secret().len(), 64);
    let expected = WebhookSubscription {
        id: created.subscription.id.clone(),
        url: URL.to_owned(),
        scope: Some(scope.clone()),
        events: events.to_vec(),
        description: Some("Pagerflow".to_owned()),
        active: false,
        temporarily_disabled: false,
    };
    assert_eq!(created.subscription, expected);
    assert_eq!(listed(&account).await, std::slice::from_ref(&expected));

    account.activate_webhook_subscription(&expected, true).await.unwrap();
    let id = &expected.id;
    let active = account.webhook_subscription(id).await.unwrap();
    assert_eq!(
        active,
        WebhookSubscription {
            active: true,
            ..expected.clone()
        }
    );

    account.ping_webhook_subscription(id).await.unwrap();
    account.enable_webhook_subscription(id).await.unwrap();
    account.delete_webhook_subscription(id).await.unwrap();
    assert_eq!(listed(&account).await, []);
    let gone = account.delete_webhook_subscription(id).await.unwrap_err();
    assert_eq!(gone.name(), "PagerDuty.NotFound");
}

#[tokio::test]
async fn more_than_ten_subscriptions_of_a_scope_are_refused_with_what_to_do() {
    let (_simulator, client, token) = simulated().await;
    let account = client.account(&token);
    let events = ["incident.triggered".to_owned()];
    let create = async || {
        let key = "key".into();
        let new = new(&SubscriptionScope::Account, &events, &key);
        account.create_webhook_subscription(new).await
    };
    for _ in 0..MAX_SUBSCRIPTIONS_OF_A_SCOPE {
        create().await.unwrap();
    }

    let error = create().await.unwrap_err();

    let Error::InvalidRequest(refusal) = &error else {
        panic!("{error}")
    };
    assert_eq!(refusal.code, Some(2019));
    assert!(error.to_string().contains("remove what is no longer needed"), "{error}");
}

#[tokio::test]
async fn no_from_is_sent_and_the_key_only_as_a_header_of_the_webhooks() {
    let answer = json!({"webhook_subscription": {
        "id": "PSUB001", "delivery_method": {"url": URL, "secret": "s".repeat(64)},
    }});
    let pagerduty = PagerDuty::that_answers([Answer::json(201, &answer)]).await;
    let events = ["incident.triggered".to_owned()];

    let token = token();
    let account = pagerduty.client.account(&token);
    let created = account
        .create_webhook_subscription(new(&SubscriptionScope::Account, &events, &"k3y".into()))
        .await
        .unwrap();

    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.line(), "POST /webhook_subscriptions");
    assert_eq!(request.header("from"), None);
    let sent = &request.json()["webhook_subscription"];
    assert_eq!(
        sent["delivery_method"]["custom_headers"],
        json!([{"name": "x-api-key", "value": "k3y"}])
    );
    assert_eq!(sent["filter"], json!({"type": "account_reference"}));
    assert!(!format!("{created:?}").contains("sss"), "{created:?}");
}

#[tokio::test]
async fn a_change_sends_all_that_can_be_changed_and_nothing_else() {
    let pagerduty = PagerDuty::that_answers([Answer::json(200, &json!({}))]).await;
    let subscription = WebhookSubscription {
        id: "PSUB001".parse().unwrap(),
        url: URL.to_owned(),
        scope: Some(SubscriptionScope::Account),
        events: vec!["incident.triggered".to_owned()],
        description: Some("Pagerflow".to_owned()),
        active: false,
        temporarily_disabled: false,
    };

    let token = token();
    let account = pagerduty.client.account(&token);
    account
        .activate_webhook_subscription(&subscription, true)
        .await
        .unwrap();

    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.line(), "PUT /webhook_subscriptions/PSUB001");
    assert_eq!(
        request.json(),
        json!({"webhook_subscription": {
            "events": ["incident.triggered"], "active": true, "description": "Pagerflow",
            "filter": {"type": "account_reference"},
        }})
    );
}

#[tokio::test]
async fn a_request_without_a_body_says_so() {
    let pagerduty =
        PagerDuty::that_answers([Answer::json(200, &json!({})), Answer::empty(202), Answer::empty(204)]).await;
    let token = token();
    let account = pagerduty.client.account(&token);
    let id = "PSUB001".parse().unwrap();

    account.enable_webhook_subscription(&id).await.unwrap();
    account.ping_webhook_subscription(&id).await.unwrap();
    account.delete_webhook_subscription(&id).await.unwrap();

    for request in pagerduty.requests() {
        let length = request.header("content-length");
        assert_eq!(length, (request.method == "POST").then_some("0"), "{}", request.line());
        assert_eq!(
            request.header("content-type"),
            Some("application/json"),
            "{}",
            request.line()
        );
    }
}

#[tokio::test]
async fn an_answer_without_the_secret_leaves_open_whether_there_is_a_subscription() {
    let answer = json!({"webhook_subscription": {"id": "PSUB001", "delivery_method": {"url": URL, "secret": null}}});
    let pagerduty = PagerDuty::that_answers([Answer::json(200, &answer)]).await;
    let events = ["incident.triggered".to_owned()];

    let token = token();
    let account = pagerduty.client.account(&token);
    let error = account
        .create_webhook_subscription(new(&SubscriptionScope::Account, &events, &"key".into()))
        .await
        .unwrap_err();

    assert_eq!(error.name(), "PagerDuty.OutcomeUnknown");
}

#[tokio::test]
async fn a_row_that_can_not_be_used_is_counted_and_one_of_an_unknown_scope_is_listed() {
    let delivery = json!({"url": URL, "temporarily_disabled": true});
    let rows = json!([
        {"id": "PSUB001", "filter": {"type": "galaxy_reference", "id": "P1"}, "delivery_method": delivery},
        {"id": "../x", "delivery_method": delivery},
        {"id": "PSUB002"},
    ]);
    let body = json!({"webhook_subscriptions": rows, "more": false});
    let pagerduty = PagerDuty::that_answers([Answer::json(200, &body)]).await;

    let token = token();
    let account = pagerduty.client.account(&token);
    let listed = list_webhook_subscriptions(&account, async |_| {}).await.unwrap();

    assert_eq!(listed.unreadable, 2);
    let [row] = &listed.list[..] else { panic!("{listed:?}") };
    assert_eq!((row.id.as_str(), &row.scope), ("PSUB001", &None));
    assert!(row.active && row.temporarily_disabled);
}
