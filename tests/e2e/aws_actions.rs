//! Actions on AWS: a workflow that restarts a service of ECS in a role that it takes on. The local AWS holds what is asked for against the
//! policies of the function's role, of the role that is taken on and of its session, and the ExternalId against the trust policy.

use crate::{
    aws::{self, send},
    scenario::Scenario,
};
use aws_config::SdkConfig;
use serde_json::{Value, json};
use std::time::Duration;

/// The time that CloudFormation may take for a role.
const MADE_WITHIN: Duration = Duration::from_secs(30);

/// Asks ECS as the root user of the local AWS.
async fn ecs(config: &SdkConfig, operation: &str, input: &Value) -> Value {
    let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
    ];
    let (status, _, body) = send(config, ("ecs", "POST", ""), &headers, &input.to_string()).await;
    assert_eq!(status, 200, "{operation}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Asks CloudFormation as the root user of the local AWS.
async fn cloudformation(config: &SdkConfig, fields: &[(&str, &str)]) -> String {
    let form = form_urlencoded::Serializer::new("Version=2010-05-15".to_owned())
        .extend_pairs(fields)
        .finish();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let (status, _, body) = send(config, ("cloudformation", "POST", ""), &headers, &form).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// Makes a cluster and a service of a name.
pub(crate) async fn deploy_service(config: &SdkConfig, name: &str) {
    ecs(config, "CreateCluster", &json!({"clusterName": name})).await;
    let containers = json!([{"name": "web", "image": "web", "memory": 64}]);
    let task = json!({"family": name, "containerDefinitions": containers});
    ecs(config, "RegisterTaskDefinition", &task).await;
    let service = json!({"cluster": name, "serviceName": name, "taskDefinition": name, "desiredCount": 0});
    ecs(config, "CreateService", &service).await;
}

/// The id of the newest deployment of the service.
pub(crate) async fn deployment(config: &SdkConfig, name: &str) -> String {
    let services = json!({"cluster": name, "services": [name]});
    let services = ecs(config, "DescribeServices", &services).await;
    let deployment = &services["services"][0]["deployments"][0];
    deployment["id"].as_str().unwrap().to_owned()
}

/// Makes the role that `pagerflow` prints for an integration and what a file does with it.
pub(crate) async fn deploy_role(scenario: &Scenario, config: &SdkConfig, alias: &str, file: &str) {
    let printed = ["integration", "role", alias, "--for", file];
    let printed = scenario.pagerflow.json(&printed, "").unwrap();
    let stack = format!("role-of-{alias}");
    let create = [
        ("Action", "CreateStack"),
        ("StackName", &stack),
        ("TemplateBody", printed["template"].as_str().unwrap()),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
    ];
    cloudformation(config, &create).await;
    let made = async {
        let describe = [("Action", "DescribeStacks"), ("StackName", stack.as_str())];
        while !cloudformation(config, &describe).await.contains("CREATE_COMPLETE") {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(MADE_WITHIN, made).await.expect("the role is made");
}

#[tokio::test]
async fn a_step_restarts_a_service_in_a_role_and_what_the_role_may_not_fails_its_step_with_what_to_do() {
    // The account is shared, and a test that is tried again finds its service and its role there.
    let name = &*format!("e2e-aws-{}", std::process::id());
    let scenario = Scenario::without_integration(name);
    let config = aws::config(&scenario.stack);
    deploy_service(&config, name).await;
    let before = deployment(&config, name).await;
    let stranger = &*format!("{name}-stranger");
    let role = format!("arn:aws:iam::000000000000:role/pagerflow-{name}");
    let (role_arn, region) = (format!("role_arn={role}"), format!("region={}", scenario.stack.region));
    for alias in [name, stranger] {
        let add = [
            "integration",
            "add",
            alias,
            "--type",
            "aws",
            "--field",
            &role_arn,
            "--field",
            &region,
        ];
        scenario.pagerflow.json(&add, "").unwrap();
    }
    let restart = |id: &str, integration: &str| {
        format!(
            "  - id: {id}\n    uses: aws.ecs.update_service\n    \
             with: {{ integration: {integration}, cluster: {name}, service: {name}, force_new_deployment: true }}\n"
        )
    };
    let restarting = format!("name: {name}\nsteps:\n{}", restart("restart", name));
    deploy_role(&scenario, &config, name, &scenario.file("role.yaml", &restarting)).await;

    let run = scenario.started(&format!(
        "{}  - id: list\n    uses: aws.ecs.list_services\n    with: {{ integration: {name}, cluster: {name} }}\n    \
         continue_on_error: true\n{}",
        restart("restart", name),
        restart("stranger", stranger)
    ));

    let view = scenario.ended(&run);
    for (index, state) in ["success", "failure", "failure"].into_iter().enumerate() {
        assert_eq!(view["steps"][index]["state"], state, "{view:#}");
    }
    assert_ne!(deployment(&config, name).await, before, "the service was deployed anew");
    let steps = view["steps"].to_string();
    assert!(steps.contains("has to allow ecs:ListServices"), "{view:#}");
    assert_eq!(view["error"]["name"], "AWS.Forbidden", "{view:#}");
    let message = view["error"]["message"].as_str().unwrap();
    assert!(message.contains(&role) && message.contains("ExternalId"), "{message}");
}
