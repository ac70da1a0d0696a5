use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::{Course, terraform_cloud::{TOKEN, TerraformCloud, WORKSPACE}};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another.atlasv1.token", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<TerraformCloud> {
    Contract::start("terraform_cloud", TerraformCloud::default(), &[("organization", "acme")], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_account", json!({}))
}

pub(crate) async fn every_action(terraform: &Contract<TerraformCloud>) {
    assert_eq!(terraform.perform("get_account", json!({})).await["username"], "pagerflow");
    let workspaces = terraform.perform("list_workspaces", json!({})).await;
    assert_eq!(workspaces["workspaces"].as_array().unwrap().len(), 120);

    let variables = json!([{"key": "replicas", "value": "2"}]);
    let made = terraform.perform("create_run", json!({"workspace": WORKSPACE, "auto_apply": false, "variables": variables})).await;
    let attributes = terraform.server.vendor(|terraform| terraform.runs[0]["attributes"].clone());
    assert_eq!((&attributes["auto-apply"], &attributes["variables"]), (&json!(false), &variables));
    assert!(attributes.get("target-addrs").is_none(), "what is left out is not sent: {attributes}");
    let run = json!({"run": made["run"]});
    assert_eq!(terraform.perform("get_run", run.clone()).await, json!({"status": "planned", "has_changes": true}));
    terraform.perform("apply_run", run.clone()).await;
    assert_eq!(terraform.perform("get_run", run.clone()).await["status"], "apply_queued");
    terraform.refused("discard_run", run).await.is("InvalidRequest", "discard not allowed");
    let made = terraform.perform("create_run", json!({"workspace": WORKSPACE})).await;
    terraform.perform("discard_run", json!({"run": made["run"], "comment": "No."})).await;

    let input = json!({
        "workspace": WORKSPACE, "message": "Again", "plan_only": true, "targets": ["aws_instance.web"], "replace": ["aws_instance.db"],
    });
    let made = terraform.perform("create_run", input).await;
    let attributes = terraform.server.vendor(|terraform| terraform.runs[2]["attributes"].clone());
    assert_eq!((&attributes["message"], &attributes["plan-only"]), (&json!("Again"), &json!(true)));
    assert_eq!(attributes["target-addrs"], json!(["aws_instance.web"]));
    assert_eq!(attributes["replace-addrs"], json!(["aws_instance.db"]));
    terraform.perform("apply_run", json!({"run": made["run"], "comment": "Go."})).await;

    let ends = |status: &str| Course::of(["planning", "applying", status].map(|status| json!({"status": status})));
    terraform.server.vendor(|terraform| terraform.course = ends("applied"));
    let input = json!({
        "workspace": WORKSPACE, "message": "Again", "targets": ["aws_instance.web"], "replace": ["aws_instance.db"], "variables": variables,
    });
    let ended = terraform.perform("run_and_wait", input).await;
    assert_eq!((&ended["run"], &ended["status"]), (&json!("run-CZcmD7eagjhyX0v3"), &json!("applied")));
    terraform.server.vendor(|terraform| terraform.course = ends("planned_and_finished"));
    terraform.perform("run_and_wait", json!({"workspace": WORKSPACE, "plan_only": true})).await;
    terraform.server.vendor(|terraform| terraform.course = ends("errored"));
    let failed = terraform.refused("run_and_wait", json!({"workspace": WORKSPACE})).await;
    failed.is("JobFailed", "The run run-CZcmD7eagjhyX0v5 ended with errored");
}

#[tokio::test]
async fn a_workspace_that_is_not_there_is_not_found() {
    let terraform = contract(SECRET).await;
    terraform.refused("create_run", json!({"workspace": "ws-none"})).await.is("NotFound", "404");
    let input = json!({"workspace": WORKSPACE, "variables": [{"key": "a"}]});
    terraform.refused("create_run", input).await.is("InvalidRequest", "must have a key and a value");
}
