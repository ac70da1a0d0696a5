use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::elasticsearch::{Elasticsearch, KEY};

pub(crate) const SECRET: &str = KEY;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("YW5vdGhlcjprZXk=", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Elasticsearch> {
    let fields = [("host", "acme.es.eu-central-1.aws.elastic.cloud:9243")];
    Contract::start("elasticsearch", Elasticsearch::default(), &fields, secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("authenticate", json!({}))
}

pub(crate) async fn every_action(elastic: &Contract<Elasticsearch>) {
    assert_eq!(elastic.perform("authenticate", json!({})).await["user"], "pagerflow");

    let input = json!({"index": "incidents", "document": {"service": "checkout", "number": 7}});
    let stored = elastic.attempt("index_document", input.clone(), "key-1", 1).await.unwrap();
    assert_eq!(stored["id"], "key-1");
    assert_eq!(elastic.attempt("index_document", input, "key-1", 2).await.unwrap(), stored);
    assert_eq!(elastic.server.vendor(|elastic| elastic.documents.len()), 1, "a repeat stores no second one");
    let document = elastic.perform("get_document", json!({"index": "incidents", "id": "key-1"})).await;
    assert_eq!(document["document"], json!({"service": "checkout", "number": 7}));

    let query = json!({"match": {"service": "checkout"}});
    let found = elastic.perform("search", json!({"index": "inc*", "query": query, "aggregations": {"services": {"terms": {"field": "service"}}}})).await;
    assert_eq!((&found["total"], &found["hits"][0]["_id"]), (&json!(1), &json!("key-1")));
    assert_eq!(found["aggregations"], json!({"services": {"buckets": []}}));
    assert_eq!(elastic.perform("count", json!({"index": "incidents", "query": {"match_all": {}}})).await["count"], 1);

    let input = json!({"index": "incidents", "query": {"match_all": {}}, "size": 0, "sort": [{"number": "desc"}]});
    let found = elastic.perform("search", input).await;
    assert_eq!((&found["total"], &found["hits"]), (&json!(1), &json!([])));
}

#[tokio::test]
async fn what_elasticsearch_refuses_is_told_in_its_words() {
    let elastic = contract(SECRET).await;
    let search = json!({"index": "none", "query": {"match_all": {}}});
    elastic.refused("search", search).await.is("NotFound", "no such index [none]");
    let search = json!({"index": "incidents", "query": {"mach": {}}});
    elastic.refused("search", search).await.is("InvalidRequest", "unknown query [mach]");
    let document = json!({"index": "metrics-web", "document": {"a": 1}});
    elastic.refused("index_document", document).await.is("InvalidRequest", "data streams");
    elastic.refused("get_document", json!({"index": "incidents", "id": "none"})).await.is("NotFound", "");
}
