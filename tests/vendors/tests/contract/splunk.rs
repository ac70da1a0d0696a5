use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::{Course, splunk::{Splunk, TOKEN}};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-token", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Splunk> {
    Contract::start("splunk", Splunk::default(), &[("host", "acme.splunkcloud.com:8089")], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_user", json!({}))
}

pub(crate) async fn every_action(splunk: &Contract<Splunk>) {
    assert_eq!(splunk.perform("get_user", json!({})).await["user"], "pagerflow");
    let search = "search index=web status>=500 | stats count by host";
    let found = splunk.perform("search", json!({"search": search, "limit": 1})).await;
    assert_eq!(found["results"], json!([{"host": "web-1", "count": "7"}]));
    assert_eq!(splunk.server.vendor(|splunk| splunk.searches[0].clone()), search);

    let started = splunk.perform("run_saved_search", json!({"name": "Errors"})).await;
    let job = json!({"job": started["job"]});
    let state = splunk.perform("get_job", job.clone()).await;
    assert_eq!((&state["state"], &state["results"]), (&json!("DONE"), &json!(2)));
    assert_eq!(splunk.perform("get_results", job).await["results"].as_array().unwrap().len(), 2);
    let searches = splunk.perform("list_saved_searches", json!({})).await;
    assert_eq!(searches["searches"].as_array().unwrap().len(), 120);

    let input = json!({"search": "| makeresults", "earliest": "-1h", "latest": "-30m"});
    splunk.perform("search", input).await;
    let limited = splunk.perform("get_results", json!({"job": started["job"], "limit": 1})).await;
    assert_eq!(limited["results"].as_array().unwrap().len(), 1);

    let states = |states: &[&str]| Course::of(states.iter().map(|state| json!({"dispatchState": state})));
    splunk.server.vendor(|splunk| splunk.course = states(&["QUEUED", "RUNNING"]));
    let input = json!({"search": "| makeresults", "earliest": "-30d", "latest": "-1d", "limit": 1});
    let found = splunk.perform("search_and_wait", input).await;
    assert_eq!(found["results"], json!([{"host": "web-1", "count": "7"}]));
    splunk.server.vendor(|splunk| splunk.course = states(&["FAILED"]));
    splunk.refused("search_and_wait", json!({"search": "| makeresults"})).await.is("JobFailed", "did not end well");
}

#[tokio::test]
async fn what_splunk_refuses_is_told_in_its_words() {
    let splunk = contract(SECRET).await;
    splunk.refused("search", json!({"search": "serch x"})).await.is("InvalidRequest", "Unknown search command 'serch'");
    splunk.refused("run_saved_search", json!({"name": "None"})).await.is("NotFound", "Could not find object id=None");
    splunk.refused("get_job", json!({"job": "1.2"})).await.is("NotFound", "Unknown sid");
}
