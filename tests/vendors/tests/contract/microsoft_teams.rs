use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::microsoft_teams::{SIGNATURE, Teams, url};

/// The URL is the secret; the signature in it must never be seen.
pub(crate) const SECRET: &str = SIGNATURE;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-signature", "Unauthorized"));

pub(crate) async fn contract(signature: &str) -> Contract<Teams> {
    let secret = url().replace(SIGNATURE, signature);
    Contract::start("microsoft_teams", Teams::default(), &[], &secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("post_message", json!({"title": "Checkout is down"}))
}

pub(crate) async fn every_action(teams: &Contract<Teams>) {
    let facts = json!([{"title": "Service", "value": "checkout"}]);
    let input = json!({"title": "Checkout is down", "text": "a \"quoted\" text", "facts": facts, "link": "https://acme.example/7"});
    teams.perform("post_message", input).await;
    let card = teams.server.vendor(|teams| teams.cards[0].clone());
    assert_eq!(card["body"][0]["text"], "Checkout is down");
    assert_eq!(card["body"][1]["text"], "a \"quoted\" text");
    assert_eq!(card["body"][2]["facts"], facts);
    assert_eq!(card["actions"], json!([{"type": "Action.OpenUrl", "title": "Open", "url": "https://acme.example/7"}]));

    teams.perform("post_message", json!({"title": "Down"})).await;
    let card = teams.server.vendor(|teams| teams.cards[1].clone());
    assert_eq!(card["body"].as_array().unwrap().len(), 1);
    assert!(card.get("actions").is_none(), "what is left out is not sent: {card}");

    let card = json!({"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "Down"}]});
    teams.perform("post_card", json!({"card": card})).await;
    assert_eq!(teams.server.vendor(|teams| teams.cards[2].clone()), card);

    let linked = json!({"title": "Down", "link": "https://acme.example/7", "link_text": "Show"});
    teams.perform("post_message", linked).await;
    assert_eq!(teams.server.vendor(|teams| teams.cards[3]["actions"][0]["title"].clone()), "Show");
}

#[tokio::test]
async fn a_card_that_is_none_is_refused() {
    let teams = contract(SECRET).await;
    let card = json!({"type": "MessageCard"});
    teams.refused("post_card", json!({"card": card})).await.is("InvalidRequest", "TriggerInputSchemaMismatch");
}
