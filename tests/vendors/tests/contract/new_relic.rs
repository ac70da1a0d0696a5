use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::new_relic::{ENTITY, KEY, NewRelic};

pub(crate) const SECRET: &str = KEY;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("NRAK-ANOTHERKEY", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<NewRelic> {
    Contract::start("new_relic", NewRelic::default(), &[], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_user", json!({}))
}

pub(crate) async fn every_action(new_relic: &Contract<NewRelic>) {
    assert_eq!(new_relic.perform("get_user", json!({})).await["name"], "Jane");
    let query = json!({"account": 1_234_567, "nrql": "SELECT count(*) FROM TransactionError"});
    assert_eq!(new_relic.perform("query_nrql", query).await["results"], json!([{"count": 42}]));
    let input = json!({"entity": ENTITY, "version": "v1.4.1", "link": "https://acme.example/7"});
    new_relic.perform("create_deployment", input).await;
    let deployment = new_relic.server.vendor(|new_relic| new_relic.deployments[0].clone());
    assert_eq!(deployment, json!({"entityGuid": ENTITY, "version": "v1.4.1", "deepLink": "https://acme.example/7"}));
    let data = new_relic.perform("nerdgraph", json!({"query": "{ actor { user { email } } }"})).await;
    assert_eq!(data["data"]["actor"]["user"]["email"], "jane@example.com");

    let input = json!({"entity": ENTITY, "version": "v1.4.2", "description": "Fixed", "user": "jane"});
    new_relic.perform("create_deployment", input).await;
    let deployment = new_relic.server.vendor(|new_relic| new_relic.deployments[1].clone());
    assert_eq!((&deployment["description"], &deployment["user"]), (&json!("Fixed"), &json!("jane")));
    let nrql = "query($account: Int!, $nrql: Nrql!) { actor { account(id: $account) { nrql(query: $nrql) { results } } } }";
    let input = json!({"query": nrql, "variables": {"account": 1_234_567, "nrql": "SELECT 1"}});
    new_relic.perform("nerdgraph", input).await;
}

#[tokio::test]
async fn errors_in_a_200_are_failures() {
    let new_relic = contract(SECRET).await;
    let query = json!({"account": 1_234_567, "nrql": "SELEKT 1"});
    new_relic.refused("query_nrql", query).await.is("InvalidRequest", "NRQL Syntax Error");
    let query = json!({"account": 7, "nrql": "SELECT 1"});
    new_relic.refused("query_nrql", query).await.is("Forbidden", "Access denied");
    let input = json!({"entity": "none", "version": "v1"});
    new_relic.refused("create_deployment", input).await.is("InvalidRequest", "Entity not found");
}
