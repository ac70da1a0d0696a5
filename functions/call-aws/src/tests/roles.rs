//! The role: who takes it on, for what, and how long.

use super::{
    world::{ROTATED, SECRET, STS},
    *,
};
use action_tests::{assert_refused, caller};
use serde_json::json;
use vendors::aws::{self, EXTERNAL_ID};

#[tokio::test]
async fn a_session_is_named_after_its_step_and_has_the_rights_of_its_operation() {
    let world = World::new().await;
    let mut input = restart("service-1");
    input["caller"] = caller();

    world.done(input).await;

    let [(name, rights)] = world.sessions().try_into().unwrap();
    assert_eq!(name, "01testrun.00000");
    assert_eq!(rights, ["ecs:UpdateService", "iam:PassRole"]);
}

#[tokio::test]
async fn a_session_serves_its_step_and_its_operation_until_shortly_before_its_end() {
    let world = World::new().await;
    world.done(restart("service-1")).await;
    world.call(restart("service-2"), 700).await.unwrap();
    assert_eq!(world.sessions().len(), 1);

    world.call(restart("service-3"), 800).await.unwrap();
    assert_eq!(world.sessions().len(), 2, "less than two minutes are left of the first");

    let list = json!({"action": "aws.ecs.list_services", "integration": "prod", "cluster": "web"});
    world.call(list, 800).await.unwrap();
    let mut of_another_step = restart("service-1");
    of_another_step["caller"] = caller();
    world.call(of_another_step, 800).await.unwrap();
    assert_eq!(world.sessions().len(), 4);
}

#[tokio::test]
async fn credentials_that_aws_does_not_take_any_more_are_renewed_once() {
    let world = World::new().await;
    world.done(restart("service-1")).await;
    world
        .aws
        .answer_next(aws::refused(400, "ExpiredTokenException", "The token has expired"));

    world.call(restart("service-2"), 60).await.unwrap();

    assert_eq!(world.sessions().len(), 2);
    assert_eq!(
        world.aws.vendor(|aws| aws.deployed.clone()),
        ["eu-west-1/service-1", "eu-west-1/service-2"]
    );
}

#[tokio::test]
async fn new_credentials_that_aws_does_not_take_are_an_error() {
    let world = World::new().await;
    world.done(restart("service-1")).await;
    world.aws.vendor(|aws| aws.role_allows.clear());
    world
        .aws
        .answer_next(aws::refused(400, "ExpiredTokenException", "The token has expired"));

    let error = world.failed_at(restart("service-2"), 60).await;

    assert_refused(&error, "AWS.Forbidden", &["ecs:UpdateService"]);
    assert_eq!(world.hosts().len(), 5, "{:?}", world.hosts());
}

#[tokio::test]
async fn f27_an_external_id_that_was_rotated_is_read_again_once_and_the_call_is_made_again() {
    let world = World::new().await;
    world.store(ROTATED, STS);
    let refused = world.failed(restart("service-1")).await;
    assert_refused(&refused, "AWS.Forbidden", &[aws::ROLE, "ExternalId", "trust policy"]);
    assert_eq!((world.secrets.reads(), world.hosts().len()), (1, 1), "it was just read");

    world.store(EXTERNAL_ID, STS);
    world.call(restart("service-2"), 60).await.unwrap();

    assert_eq!(world.aws.vendor(|aws| aws.deployed.clone()), ["eu-west-1/service-2"]);
    assert_eq!((world.secrets.reads(), world.hosts().len()), (2, 4));
}

#[tokio::test]
async fn i5_an_external_id_goes_to_no_host_but_the_one_that_it_was_stored_for() {
    let world = World::new().await;
    world.store(EXTERNAL_ID, "sts.us-east-1.amazonaws.com");

    let error = world.failed(restart("service-1")).await;

    assert_refused(&error, "Integration.Invalid", &["sts.eu-west-1.amazonaws.com"]);
    assert_eq!(world.hosts().len(), 0);
}

#[tokio::test]
async fn i5_what_a_role_refuses_is_told_without_the_external_id_and_the_token() {
    let world = World::new().await;
    world.aws.vendor(|aws| aws.quotes_secrets = true);
    world.store(ROTATED, STS);
    assert_refused(&world.failed(restart("service-1")).await, "AWS.Forbidden", &["•••"]);

    world.store(EXTERNAL_ID, STS);
    world.aws.vendor(|aws| aws.role_allows.clear());
    let error = world.failed_at(restart("service-1"), 60).await;
    assert_refused(&error, "AWS.Forbidden", &["•••", "ecs:UpdateService"]);
}

#[tokio::test]
async fn f28_an_integration_that_is_not_there_or_has_no_role_is_told_with_what_to_do() {
    let world = World::new().await;
    let mut input = restart("service-1");
    input["integration"] = "other".into();
    let absent = world.failed(input).await;
    assert_refused(
        &absent,
        "Integration.NotFound",
        &["`pagerflow integration add other --type aws`"],
    );

    let without_a_role = r#"{"type":"aws","secret":"not-a-real-external-id-0123456789","fields":{"region":"eu-west-1"},"hosts":["sts.eu-west-1.amazonaws.com"]}"#;
    world.secrets.put(SECRET, without_a_role);
    let error = world.failed(restart("service-1")).await;

    assert_refused(&error, "Integration.Invalid", &["integration `prod`", "`role_arn`"]);
    assert_eq!(world.hosts().len(), 0);
}
