use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::{Course, gitlab::{GitLab, TOKEN}};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("glpat-another", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<GitLab> {
    Contract::start("gitlab", GitLab::default(), &[], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_user", json!({}))
}

pub(crate) async fn every_action(gitlab: &Contract<GitLab>) {
    let project = "acme/checkout";
    assert_eq!(gitlab.perform("get_user", json!({})).await["username"], "pagerflow");

    let variables = json!([{"key": "SERVICE", "value": "checkout"}]);
    let made = gitlab.perform("trigger_pipeline", json!({"project": project, "variables": variables})).await;
    assert_eq!(gitlab.server.vendor(|gitlab| gitlab.pipelines[0]["variables"].clone()), variables);
    let pipeline = json!({"project": "7", "pipeline": made["id"]});
    assert_eq!(gitlab.perform("get_pipeline", pipeline.clone()).await["status"], "created");
    assert_eq!(gitlab.perform("cancel_pipeline", pipeline.clone()).await["status"], "canceled");
    assert_eq!(gitlab.perform("retry_pipeline", pipeline).await["status"], "running");

    let made = gitlab.perform("create_issue", json!({"project": project, "title": "Follow up", "type": "incident"})).await;
    let issue = json!({"project": project, "issue": made["iid"]});
    gitlab.perform("add_note", json!({"project": project, "issue": made["iid"], "text": "Again."})).await;
    gitlab.perform("close_issue", issue.clone()).await;
    assert_eq!(gitlab.perform("get_issue", issue).await["state"], "closed");
    assert_eq!(gitlab.server.vendor(|gitlab| gitlab.issues[0]["notes"].clone()), json!(["Again."]));

    let projects = gitlab.perform("list_projects", json!({})).await;
    assert_eq!(projects["projects"].as_array().unwrap().len(), 130);

    gitlab.perform("trigger_pipeline", json!({"project": project, "ref": "main"})).await;
    let input = json!({"project": project, "title": "Other", "description": "Text", "labels": "incident,db", "confidential": true});
    gitlab.perform("create_issue", input).await;
    assert_eq!(gitlab.server.vendor(|gitlab| gitlab.issues[1]["labels"].clone()), "incident,db");

    let ends = |status: &str| Course::of(["pending", "running", status].map(|status| json!({"status": status})));
    gitlab.server.vendor(|gitlab| gitlab.course = ends("success"));
    let input = json!({"project": project, "ref": "main", "variables": variables});
    let ended = gitlab.perform("trigger_pipeline_and_wait", input).await;
    assert_eq!((&ended["id"], &ended["status"]), (&json!(48), &json!("success")));
    gitlab.server.vendor(|gitlab| gitlab.course = ends("failed"));
    let failed = gitlab.refused("trigger_pipeline_and_wait", json!({"project": project})).await;
    failed.is("JobFailed", "The pipeline ended with failed: https://gitlab.com/acme/checkout/-/pipelines/49");
}

#[tokio::test]
async fn what_gitlab_refuses_is_told_in_its_words() {
    let gitlab = contract(SECRET).await;
    let pipeline = json!({"project": "acme/checkout", "ref": "none"});
    gitlab.refused("trigger_pipeline", pipeline).await.is("InvalidRequest", "Reference not found");
    let variables = json!([{"key": "SERVICE"}]);
    let pipeline = json!({"project": "acme/checkout", "variables": variables});
    gitlab.refused("trigger_pipeline", pipeline).await.is("InvalidRequest", "variables[0][key] is missing");
    gitlab.refused("get_issue", json!({"project": "acme/none", "issue": 1})).await.is("NotFound", "404 Project Not Found");
    gitlab.refused("get_issue", json!({"project": "7", "issue": 9})).await.is("NotFound", "404 Issue Not Found");
}
