use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::confluence::{Confluence, EMAIL, TOKEN};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-token", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Confluence> {
    let fields = [("site", "acme.atlassian.net"), ("email", EMAIL)];
    Contract::start("confluence", Confluence::default(), &fields, secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("test_token", json!({}))
}

pub(crate) async fn every_action(confluence: &Contract<Confluence>) {
    confluence.perform("test_token", json!({})).await;
    let spaces = confluence.perform("list_spaces", json!({})).await;
    assert_eq!(spaces["spaces"].as_array().unwrap().len(), 300);

    let input = json!({"space": spaces["spaces"][0]["id"], "title": "Post-mortem", "content": "<p>a &amp; b</p>"});
    let made = confluence.perform("create_page", input).await;
    assert_eq!(made["url"], "https://acme.atlassian.net/wiki/spaces/OPS/pages/65537");
    let page = confluence.perform("get_page", json!({"page": made["id"]})).await;
    assert_eq!((&page["content"], &page["version"]), (&json!("<p>a &amp; b</p>"), &json!(1)));
    let update = json!({"page": made["id"], "title": "Post-mortem", "content": "<p>c</p>", "version": 2});
    assert_eq!(confluence.perform("update_page", update).await["version"], 2);
    let found = confluence.perform("find_page", json!({"space": "98306", "title": "Post-mortem"})).await;
    assert_eq!((&found["id"], &found["version"]), (&made["id"], &json!(2)));
    let found = confluence.perform("find_page", json!({"space": "98306", "title": "None"})).await;
    assert_eq!(found["id"], Value::Null);
    confluence.perform("add_comment", json!({"page": made["id"], "content": "<p>Seen.</p>"})).await;
    assert_eq!(confluence.server.vendor(|confluence| confluence.comments[0]["body"]["value"].clone()), "<p>Seen.</p>");

    let input = json!({"space": "98306", "title": "Below it", "content": "<p/>", "parent": made["id"]});
    confluence.perform("create_page", input).await;
    assert_eq!(confluence.server.vendor(|confluence| confluence.pages[1]["parentId"].clone()), made["id"]);
}

#[tokio::test]
async fn what_confluence_refuses_is_told_in_its_words() {
    let confluence = contract(SECRET).await;
    let input = json!({"space": "98306", "title": "Runbook", "content": "<p/>"});
    let made = confluence.perform("create_page", input.clone()).await;
    confluence.refused("create_page", input).await.is("InvalidRequest", "already exists in this space");
    let update = json!({"page": made["id"], "title": "Runbook", "content": "<p/>", "version": 7});
    confluence.refused("update_page", update).await.is("InvalidRequest", "Version must be incremented");
    confluence.refused("get_page", json!({"page": "1"})).await.is("NotFound", "Not Found");
}
