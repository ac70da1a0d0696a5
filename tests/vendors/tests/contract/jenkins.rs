use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::{Course, jenkins::{Jenkins, TOKEN, USER}};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-token", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Jenkins> {
    let fields = [("host", "jenkins.acme.example:8443"), ("user", USER)];
    Contract::start("jenkins", Jenkins::default(), &fields, secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_user", json!({}))
}

pub(crate) async fn every_action(jenkins: &Contract<Jenkins>) {
    assert_eq!(jenkins.perform("get_user", json!({})).await["name"], "Pagerflow");
    let jobs = jenkins.perform("list_jobs", json!({})).await;
    let job = jobs["jobs"][0]["name"].clone();
    assert_eq!(jenkins.perform("build", json!({"job": job})).await["queue_item"], "1");
    let parameters = json!({"SERVICE": "check out&in", "COUNT": "2"});
    let queued = jenkins.perform("build_with_parameters", json!({"job": "ops/job/restart", "parameters": parameters})).await;
    assert_eq!(jenkins.server.vendor(|jenkins| jenkins.builds[1].clone()), ("ops/job/restart".to_owned(), parameters));

    let item = jenkins.perform("get_queue_item", json!({"queue_item": queued["queue_item"]})).await;
    assert_eq!(item["build"], 2);
    let build = jenkins.perform("get_build", json!({"job": "ops/job/restart", "build": "2"})).await;
    assert_eq!((&build["building"], &build["result"]), (&json!(false), &json!("SUCCESS")));
    assert_eq!(jenkins.perform("get_build", json!({"job": job})).await["number"], 1);

    jenkins.server.vendor(|jenkins| {
        jenkins.queue = Course::of([json!({"executable": null, "why": "Waiting"})]);
        jenkins.course = Course::of([json!({"building": true, "result": null})]);
    });
    let built = jenkins.perform("build_and_wait", json!({"job": job})).await;
    assert_eq!((&built["number"], &built["result"]), (&json!(3), &json!("SUCCESS")));
    let input = json!({"job": "ops/job/restart", "parameters": {"SERVICE": "checkout"}});
    assert_eq!(jenkins.perform("build_with_parameters_and_wait", input).await["number"], 4);
}

#[tokio::test]
async fn a_build_that_does_not_end_well_fails_its_step() {
    let jenkins = contract(SECRET).await;
    let job = json!({"job": "restart-checkout"});
    jenkins.server.vendor(|jenkins| jenkins.queue = Course::of([json!({"executable": null, "cancelled": true})]));
    jenkins.refused("build_and_wait", job.clone()).await.is("JobFailed", "taken out of the queue");
    jenkins.server.vendor(|jenkins| jenkins.course = Course::of([json!({"result": "ABORTED"})]));
    jenkins.refused("build_and_wait", job).await.is("JobFailed", "The build 2 ended with ABORTED");
    assert_eq!(jenkins.server.vendor(|jenkins| jenkins.builds.len()), 2, "a look builds nothing");
}

#[tokio::test]
async fn pages_of_jenkins_are_no_answers_for_people() {
    let jenkins = contract(SECRET).await;
    jenkins.refused("build", json!({"job": "none"})).await.is("NotFound", "404");
    let input = json!({"job": "restart-checkout", "parameters": {"A": "1"}});
    jenkins.refused("build_with_parameters", input).await.is("InvalidRequest", "400");
}
