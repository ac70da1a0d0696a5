//! The settings of the function.

use super::*;
use crate::scripted::Scripted;
use rstest::rstest;

/// Has accounts set up with one setting more than those that must be there.
async fn started(setting: (&str, &str)) -> Result<(), String> {
    let (_aws, config) = Scripted::aws([]).await;
    let settings = [("SECRETS_PREFIX", "pagerflow"), setting];
    let lookup = |name: &str| {
        let found = settings.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let accounts = AwsAccounts::from_settings(&config, lookup);
    accounts.map(|_| ()).map_err(|error| error.to_string())
}

#[rstest]
#[case::nothing_else(("STACK_NAME", "pagerflow"))]
#[case::networks_of_endpoints_in_a_vpc(("CONNECTOR_PRIVATE_NETWORKS", "10.0.0.0/8"))]
#[case::a_local_aws(("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"))]
#[tokio::test]
async fn a_function_starts_with(#[case] setting: (&str, &str)) {
    assert_eq!(started(setting).await, Ok(()));
}

#[rstest]
#[case::this_machine(("CONNECTOR_PRIVATE_NETWORKS", "127.0.0.0/8"))]
#[case::an_aws_elsewhere(("AWS_ENDPOINT_URL", "https://aws.example.com"))]
#[tokio::test]
async fn a_setting_that_would_send_credentials_elsewhere_keeps_the_function_from_starting(
    #[case] setting: (&str, &str),
) {
    let error = started(setting).await.unwrap_err();
    assert!(error.starts_with(&format!("{}: ", setting.0)), "{error}");
}

#[tokio::test]
async fn the_prefix_of_secrets_is_told_where_it_is_missing() {
    let (_aws, config) = Scripted::aws([]).await;
    let error = AwsAccounts::from_settings(&config, |_| None).unwrap_err().to_string();
    assert!(error.contains("SECRETS_PREFIX"), "{error}");
}
