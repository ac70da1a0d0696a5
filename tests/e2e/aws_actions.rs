//! Actions on AWS: a workflow that restarts a service of ECS in a role that it takes on. The local AWS holds what is asked for against the
//! policies of the function's role, of the role that is taken on and of its session, and the ExternalId against the trust policy.

use crate::{
    aws::{self, send},
    lambda::Lambda,
    scenario::Scenario,
};
use aws_config::SdkConfig;
use platform::{
    secrets::{SecretNames, SecretsManager, store_account},
    table::{ConnectorAccount, IntegrationKind, IntegrationRecord, Table},
};
use serde_json::{Value, json};

const EXTERNAL_ID: &str = "e2e-not-a-real-external-id-0123456789";

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

/// Asks IAM as the root user of the local AWS.
async fn iam(config: &SdkConfig, fields: &[(&str, &str)]) -> String {
    let form = form_urlencoded::Serializer::new("Version=2010-05-08".to_owned())
        .extend_pairs(fields)
        .finish();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let (status, _, body) = send(config, ("iam", "POST", ""), &headers, &form).await;
    assert_eq!(status, 200, "{fields:?}: {body}");
    body
}

/// The cluster and the service of that name, and a role that may only update services, and trusts the function alone.
async fn set_up(config: &SdkConfig, name: &str, function: &str) -> String {
    ecs(config, "CreateCluster", &json!({"clusterName": name})).await;
    let containers = json!([{"name": "web", "image": "web", "memory": 64}]);
    let task = json!({"family": name, "containerDefinitions": containers});
    ecs(config, "RegisterTaskDefinition", &task).await;
    let service = json!({"cluster": name, "serviceName": name, "taskDefinition": name, "desiredCount": 0});
    ecs(config, "CreateService", &service).await;

    let trusted = Lambda::new(config).role_of(function).await;
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    }]});
    let rights = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecs:UpdateService", "Resource": "*"},
    ]});
    let role = format!("pagerflow-{name}");
    let created = [
        ("Action", "CreateRole"),
        ("RoleName", &role),
        ("AssumeRolePolicyDocument", &trust.to_string()),
    ];
    let created = iam(config, &created).await;
    let allowed = [
        ("Action", "PutRolePolicy"),
        ("RoleName", &role),
        ("PolicyName", "restart"),
        ("PolicyDocument", &rights.to_string()),
    ];
    iam(config, &allowed).await;
    let (_, arn) = created.split_once("<Arn>").unwrap();
    arn.split_once("</Arn>").unwrap().0.to_owned()
}

/// Stores an integration with AWS, as `pagerflow integration add` does, but with an ExternalId that the test knows.
async fn integrate(scenario: &Scenario, config: &SdkConfig, alias: &str, role: &str, external_id: &str) {
    let region = config.region().unwrap().as_ref();
    let host = format!("sts.{region}.amazonaws.com");
    let fields = [("role_arn", role), ("region", region)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let account = connectors::Account {
        secret: external_id.into(),
        fields: fields.clone().into(),
        hosts: vec![host.parse().unwrap()],
    };
    let (alias, type_name) = (alias.parse().unwrap(), "aws".parse().unwrap());
    let secrets = SecretsManager::new(aws_sdk_secretsmanager::Client::new(config));
    let secret = SecretNames::new(&scenario.stack.secrets_prefix).integration(&type_name, &alias);
    store_account(&secrets, &secret, &type_name, |_| Ok(account.clone()))
        .await
        .unwrap();
    let client = aws_sdk_dynamodb::Client::new(config);
    let record = IntegrationRecord {
        alias,
        kind: IntegrationKind::Connector(ConnectorAccount {
            type_name,
            fields: fields.into(),
            hosts: vec![host],
        }),
        updated_at: jiff::Timestamp::now(),
    };
    let table = Table::new(client, scenario.stack.table_name.clone());
    table.put_integration(&record).await.unwrap();
}

#[tokio::test]
async fn a_step_restarts_a_service_in_a_role_and_what_the_role_may_not_fails_its_step_with_what_to_do() {
    let name = "e2e-aws";
    let scenario = Scenario::without_integration(name);
    let config = aws::config(&scenario.stack);
    let role = set_up(&config, name, scenario.stack.function("CallAws").unwrap()).await;
    integrate(&scenario, &config, name, &role, EXTERNAL_ID).await;
    integrate(&scenario, &config, "e2e-aws-stranger", &role, "of-another-stack").await;

    let run = scenario.started(&format!(
        r#"
  - id: restart
    uses: aws.ecs.update_service
    with: {{ integration: {name}, cluster: {name}, service: {name}, force_new_deployment: true }}
  - id: list
    uses: aws.ecs.list_services
    with: {{ integration: {name}, cluster: {name} }}
    continue_on_error: true
  - id: stranger
    uses: aws.ecs.update_service
    with: {{ integration: e2e-aws-stranger, cluster: {name}, service: {name}, force_new_deployment: true }}
"#
    ));

    let view = scenario.ended(&run);
    for (index, state) in ["success", "failure", "failure"].into_iter().enumerate() {
        assert_eq!(view["steps"][index]["state"], state, "{view:#}");
    }
    let services = json!({"cluster": name, "services": [name]});
    let services = ecs(&config, "DescribeServices", &services).await;
    let deployments = services["services"][0]["deployments"].as_array().unwrap();
    assert_eq!(deployments.len(), 2, "{deployments:#?}");
    let errors = view["steps"].to_string();
    assert!(errors.contains("ecs:ListServices"), "{view:#}");
    assert_eq!(view["error"]["name"], "AWS.Forbidden", "{view:#}");
    let message = view["error"]["message"].as_str().unwrap();
    assert!(message.contains(&role) && message.contains("ExternalId"), "{message}");
}
