use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::jira::{EMAIL, JANE, Jira, TOKEN};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-token", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Jira> {
    let fields = [("site", "acme.atlassian.net"), ("email", EMAIL)];
    Contract::start("jira", Jira::default(), &fields, secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_myself", json!({}))
}

pub(crate) async fn every_action(jira: &Contract<Jira>) {
    assert_eq!(jira.perform("get_myself", json!({})).await["name"], "Bot");

    let input = json!({
        "project": "OPS", "type": "Incident", "summary": "Checkout is down", "description": "line\nline", "labels": ["checkout"],
        "assignee": JANE, "update": {"customfield_10010": [{"set": 7}]},
    });
    let made = jira.attempt("create_issue", input.clone(), "key-1", 1).await.unwrap();
    assert_eq!(made["key"], "OPS-1");
    assert_eq!(made["url"], "https://acme.atlassian.net/browse/OPS-1");
    let fields = jira.server.vendor(|jira| jira.issues[0]["fields"].clone());
    assert_eq!(fields["labels"], json!(["checkout", "pagerflow-key-1"]));
    assert_eq!((&fields["description"], &fields["customfield_10010"]), (&json!("line\nline"), &json!(7)));
    assert!(fields.get("priority").is_none() && fields.get("parent").is_none(), "what is left out is not sent: {fields}");

    let found = jira.attempt("create_issue", input, "key-1", 2).await.unwrap();
    assert_eq!(found, made, "a repeat finds what was made");
    assert_eq!(jira.server.vendor(|jira| jira.issues.len()), 1);
    assert_eq!(jira.attempt("find_by_key", json!({}), "key-1", 1).await.unwrap(), made);

    let issue = jira.perform("get_issue", json!({"issue": "OPS-1"})).await;
    assert_eq!((&issue["summary"], &issue["status"], &issue["assignee"]), (&json!("Checkout is down"), &json!("To Do"), &json!(JANE)));
    jira.perform("update_issue", json!({"issue": "OPS-1", "fields": {"priority": {"name": "High"}}})).await;
    jira.perform("add_comment", json!({"issue": "OPS-1", "text": "Looking."})).await;
    let transitions = jira.perform("list_transitions", json!({"issue": "OPS-1"})).await;
    let transition = transitions["transitions"][0]["id"].clone();
    jira.perform("transition_issue", json!({"issue": "OPS-1", "transition": transition})).await;
    let user = jira.perform("find_user", json!({"query": "jane@example.com"})).await;
    jira.perform("assign_issue", json!({"issue": "OPS-1", "account_id": user["account_id"]})).await;
    let issue = jira.server.vendor(|jira| jira.issues[0].clone());
    assert_eq!(issue["fields"]["status"]["name"], "Done");
    assert_eq!(issue["fields"]["priority"]["name"], "High");
    assert_eq!(issue["comments"][0]["body"], "Looking.");

    for number in 2..=120 {
        jira.perform("create_issue", json!({"project": "OPS", "summary": format!("Issue {number}")})).await;
    }
    let found = jira.perform("search", json!({"jql": "project = OPS"})).await;
    assert_eq!(found["issues"].as_array().unwrap().len(), 120);
    assert_eq!(found["issues"][0]["fields"]["summary"], "Checkout is down");
    let projects = jira.perform("list_projects", json!({})).await;
    assert_eq!(projects["projects"].as_array().unwrap().len(), 60);

    let input = json!({"project": "OPS", "summary": "Below it", "priority": "High", "parent": "OPS-1", "fields": {"customfield_10011": "web", "summary": "Not this"}});
    jira.perform("create_issue", input).await;
    let fields = jira.server.vendor(|jira| jira.issues.last().unwrap()["fields"].clone());
    assert_eq!((&fields["priority"], &fields["parent"]), (&json!({"name": "High"}), &json!({"key": "OPS-1"})));
    assert_eq!((&fields["customfield_10011"], &fields["summary"]), (&json!("web"), &json!("Below it")));
    let transition = json!({"issue": "OPS-2", "transition": "31", "fields": {"resolution": {"name": "Done"}}});
    jira.perform("transition_issue", transition).await;
    let found = jira.perform("search", json!({"jql": "project = OPS", "fields": "priority"})).await;
    assert_eq!(found["issues"][0]["fields"], json!({"priority": {"name": "High"}}));
}

#[tokio::test]
async fn what_jira_refuses_is_told_in_its_words() {
    let jira = contract(SECRET).await;
    let input = json!({"project": "NONE", "type": "Epos", "summary": "Down"});
    let refused = jira.refused("create_issue", input).await;
    refused.is("InvalidRequest", "project: valid project is required");
    refused.is("InvalidRequest", "issuetype: Specify a valid issue type");
    jira.refused("get_issue", json!({"issue": "OPS-9"})).await.is("NotFound", "Issue does not exist");
    jira.refused("search", json!({"jql": "("})).await.is("InvalidRequest", "Error in the JQL Query");
}

#[tokio::test]
async fn an_issue_is_only_one_segment_of_the_path() {
    let jira = contract(SECRET).await;
    jira.refused("get_issue", json!({"issue": "../../2/myself"})).await;
    let segments = jira.server.requests().iter().map(|request| request.segments.len()).max();
    assert!(segments.is_none_or(|most| most == 5), "{segments:?}");
}
