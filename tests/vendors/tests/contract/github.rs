use crate::harness::Contract;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use vendors::{Course, github::{GitHub, TOKEN}};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("github_pat_another", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<GitHub> {
    Contract::start("github", GitHub::default(), &[], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_user", json!({}))
}

pub(crate) async fn every_action(github: &Contract<GitHub>) {
    let repository = "acme/checkout";
    assert_eq!(github.perform("get_user", json!({})).await["login"], "pagerflow-bot");

    let workflows = github.perform("list_workflows", json!({"repository": repository})).await;
    let input = json!({
        "repository": repository, "workflow": workflows["workflows"][0]["id"].to_string(), "inputs": {"service": "checkout"},
    });
    let run = github.perform("dispatch_workflow", input).await;
    assert_eq!(github.server.vendor(|github| github.runs[0]["inputs"].clone()), json!({"service": "checkout"}));
    let run = json!({"repository": repository, "run_id": run["run_id"]});
    let before = github.perform("get_run", run.clone()).await;
    assert_eq!((&before["status"], &before["conclusion"]), (&json!("queued"), &Value::Null));
    github.server.vendor(|github| {
        github.runs[0]["status"] = json!("completed");
        github.runs[0]["conclusion"] = json!("failure");
    });
    github.perform("rerun_failed_jobs", run).await;
    assert_eq!(github.server.vendor(|github| github.runs[0]["status"].clone()), "queued");

    let input = json!({"repository": repository, "title": "Follow up", "text": "line\nline", "labels": ["incident"]});
    let issue = github.perform("create_issue", input).await;
    let number = issue["number"].clone();
    github.perform("add_comment", json!({"repository": repository, "number": number, "text": "Again."})).await;
    let issue = json!({"repository": repository, "number": number});
    assert_eq!(github.perform("get_issue", issue.clone()).await["state"], "open");
    github.perform("close_issue", issue.clone()).await;
    assert_eq!(github.perform("get_issue", issue).await["state"], "closed");
    let kept = github.server.vendor(|github| github.issues[0].clone());
    assert_eq!((&kept["body"], &kept["comments"], &kept["state_reason"]), (&json!("line\nline"), &json!(["Again."]), &json!("completed")));

    github.perform("create_deployment", json!({"repository": repository, "ref": "v1.4.1", "payload": {"why": "rollback"}})).await;
    let deployment = github.server.vendor(|github| github.deployments[0].clone());
    assert_eq!((&deployment["payload"], &deployment["required_contexts"]), (&json!({"why": "rollback"}), &json!([])));
    github.perform("create_release", json!({"repository": repository, "tag": "v1.4.2"})).await;
    assert_eq!(github.server.vendor(|github| github.releases[0]["draft"].clone()), false);

    let commits = json!({"repository": repository, "since": "2026-11-30T08:00:00Z", "limit": 5});
    assert_eq!(github.perform("list_commits", commits).await["commits"].as_array().unwrap().len(), 5);
    let pulls = github.perform("list_pull_requests", json!({"repository": repository})).await;
    assert_eq!(pulls["pull_requests"][0]["number"], 9);
    // Two pages, of which the first names the second in a header.
    let repositories = github.perform("list_repositories", json!({})).await;
    assert_eq!(repositories["repositories"].as_array().unwrap().len(), 131);

    let input = json!({"repository": repository, "workflow": "restart.yaml", "ref": "v1"});
    github.perform("dispatch_workflow", input).await;
    let ends = |conclusion: &str| {
        let completed = json!({"status": "completed", "conclusion": conclusion});
        Course::of([json!({"status": "in_progress"}), completed])
    };
    github.server.vendor(|github| github.course = ends("success"));
    let input = json!({"repository": repository, "workflow": "restart.yaml", "ref": "v1", "inputs": {"service": "checkout"}});
    let ended = github.perform("dispatch_workflow_and_wait", input.clone()).await;
    assert_eq!((&ended["run_id"], &ended["conclusion"]), (&json!(30_433_644), &json!("success")));
    github.server.vendor(|github| github.course = ends("timed_out"));
    github.refused("dispatch_workflow_and_wait", input).await.is("JobFailed", "The run ended with timed_out: https://github.com/");
    let issue = json!({"repository": repository, "title": "Other", "assignees": ["jane"]});
    let issue = github.perform("create_issue", issue).await;
    github.perform("close_issue", json!({"repository": repository, "number": issue["number"], "reason": "not_planned"})).await;
    let kept = github.server.vendor(|github| github.issues[1].clone());
    assert_eq!((&kept["assignees"], &kept["state_reason"]), (&json!(["jane"]), &json!("not_planned")));
    let input = json!({"repository": repository, "ref": "main", "environment": "staging", "description": "Try"});
    github.perform("create_deployment", input).await;
    let kept = github.server.vendor(|github| github.deployments[1].clone());
    assert_eq!((&kept["environment"], &kept["description"]), (&json!("staging"), &json!("Try")));
    let input = json!({
        "repository": repository, "tag": "v2", "target": "main", "name": "Two", "text": "Notes", "draft": true, "prerelease": true,
    });
    github.perform("create_release", input).await;
    let release = github.server.vendor(|github| github.releases[1].clone());
    let expected = json!({
        "tag_name": "v2", "target_commitish": "main", "name": "Two", "body": "Notes", "draft": true, "prerelease": true,
    });
    assert_eq!(release, expected);
    github.perform("list_commits", json!({"repository": repository, "ref": "main", "path": "src"})).await;
    let closed = github.perform("list_pull_requests", json!({"repository": repository, "state": "closed", "limit": 5})).await;
    assert_eq!(closed["pull_requests"], json!([]));
}

/// A run that has not failed.
async fn dispatch_one(github: &Contract<GitHub>) -> Value {
    let run = github.perform("dispatch_workflow", json!({"repository": "acme/checkout", "workflow": "restart.yaml"})).await;
    json!({"repository": "acme/checkout", "run_id": run["run_id"]})
}

#[tokio::test]
async fn what_github_refuses_is_told_in_its_words() {
    let github = contract(SECRET).await;
    let dispatch = |more: Value| {
        let mut input = json!({"repository": "acme/checkout", "workflow": "restart.yaml"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        github.refused("dispatch_workflow", input)
    };
    dispatch(json!({"ref": "none"})).await.is("InvalidRequest", "No ref found for: none");
    dispatch(json!({"inputs": {"srevice": "x"}})).await.is("InvalidRequest", "Unexpected inputs provided");
    dispatch(json!({"workflow": "none.yaml"})).await.is("NotFound", "Not Found");
    dispatch(json!({"repository": "acme/none"})).await.is("NotFound", "Not Found");
    let run = dispatch_one(&github).await;
    github.refused("rerun_failed_jobs", run).await.is("Forbidden", "cannot be retried");
    let release = json!({"repository": "acme/checkout", "tag": "v1"});
    github.perform("create_release", release.clone()).await;
    github.refused("create_release", release).await.is("InvalidRequest", "Validation Failed");
}

#[tokio::test]
async fn too_many_requests_of_an_hour_are_no_lack_of_rights() {
    let github = contract(SECRET).await;
    let until = Timestamp::now() + SignedDuration::from_secs(200);
    github.server.answer_next(GitHub::used_up(until.as_second()));
    let refused = github.refused("get_user", json!({})).await;
    refused.is("RateLimited", "API rate limit exceeded");
    assert!(refused.retry_after.is_some_and(|seconds| (190..=201).contains(&seconds)), "{refused:?}");
}

#[tokio::test]
async fn a_repository_stays_below_its_own_path() {
    let github = contract(SECRET).await;
    for repository in ["../../user", "acme/checkout/../../user", "acme", "acme/checkout/issues"] {
        github.refused("list_workflows", json!({"repository": repository})).await;
    }
    assert!(github.server.requests().is_empty());
}
