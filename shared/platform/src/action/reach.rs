//! The settings of a function that asks other systems.

use super::{StartError, way::Way};
use crate::{
    approval_links::ApprovalLinks,
    metrics::Metrics,
    secrets::{Accounts, SecretNames, SecretsManager},
    settings::Settings,
};
use provider::{egress::networks::PrivateNetworks, reroute::StandIn};
use std::{fmt::Display, str::FromStr, sync::Arc};

/// All that a function needs to act through the accounts of integrations.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) accounts: Accounts<SecretsManager>,
    /// The links for messages about approvals, where the stack has them.
    pub(super) links: Option<ApprovalLinks<SecretsManager>>,
    pub(super) way: Way,
}

impl Reach {
    /// Reads the settings `SECRETS_PREFIX`, `APPROVALS_URL` and `CONNECTOR_PRIVATE_NETWORKS`, and that of the server on this machine that
    /// stands for the systems, where there is one. Each request is counted, as [`MeasuredTransport`](crate::metrics::MeasuredTransport)
    /// does.
    ///
    /// # Errors
    /// A setting is missing or wrong.
    pub(super) fn from_settings(
        client: aws_sdk_secretsmanager::Client,
        stand_in: &'static str,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::of_stack(&lookup));
        let mut settings = Settings::new(lookup);
        let names = SecretNames::new(settings.required("SECRETS_PREFIX"));
        let approvals = settings.optional("APPROVALS_URL");
        let networks = settings.optional("CONNECTOR_PRIVATE_NETWORKS");
        let server = settings.optional(stand_in);
        let names = settings.finish(names).map_err(|error| StartError(error.to_string()))?;
        let networks = read::<PrivateNetworks>("CONNECTOR_PRIVATE_NETWORKS", networks)?.unwrap_or_default();
        let server = read::<StandIn>(stand_in, server)?;
        let links = approvals.map(|address| ApprovalLinks::new(SecretsManager::new(client.clone()), &names, &address));
        Ok(Self {
            accounts: Accounts::new(SecretsManager::new(client), names),
            links,
            way: Way::to_systems(networks, server, metrics)?,
        })
    }
}

/// Reads a setting that may be missing.
fn read<T: FromStr<Err: Display>>(name: &str, value: Option<String>) -> Result<Option<T>, StartError> {
    let value = value.map(|value| value.parse()).transpose();
    value.map_err(|error| StartError(format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;
    use rstest::rstest;

    const STAND_IN: &str = "CONNECTORS_URL";

    /// Has accounts set up with one setting more than those that must be there.
    async fn started(setting: (&str, &str)) -> Result<(), String> {
        let (_aws, config) = Scripted::aws([]).await;
        let client = aws_sdk_secretsmanager::Client::new(&config);
        let settings = [("SECRETS_PREFIX", "pagerflow"), setting];
        let lookup = |name: &str| {
            let found = settings.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let reach = Reach::from_settings(client, STAND_IN, lookup);
        reach.map(|_| ()).map_err(|error| error.to_string())
    }

    #[rstest]
    #[case::nothing_else(("STACK_NAME", "pagerflow"))]
    #[case::empty(("CONNECTOR_PRIVATE_NETWORKS", ""))]
    #[case::networks(("CONNECTOR_PRIVATE_NETWORKS", "10.0.0.0/8, fd12:3456::/32"))]
    #[case::a_stand_in((STAND_IN, "http://127.0.0.1:4020"))]
    #[tokio::test]
    async fn a_function_starts_with(#[case] setting: (&str, &str)) {
        assert_eq!(started(setting).await, Ok(()));
    }

    #[rstest]
    #[case::no_network(("CONNECTOR_PRIVATE_NETWORKS", "intranet"))]
    #[case::this_machine(("CONNECTOR_PRIVATE_NETWORKS", "127.0.0.0/8"))]
    #[case::a_stand_in_elsewhere((STAND_IN, "https://fake.example.com"))]
    #[tokio::test]
    async fn a_setting_that_would_send_secrets_elsewhere_keeps_the_function_from_starting(
        #[case] setting: (&str, &str),
    ) {
        let error = started(setting).await.unwrap_err();
        assert!(error.starts_with(&format!("{}: ", setting.0)), "{error}");
    }

    #[tokio::test]
    async fn the_error_names_the_prefix_of_secrets_where_it_is_missing() {
        let (_aws, config) = Scripted::aws([]).await;
        let client = aws_sdk_secretsmanager::Client::new(&config);
        let error = Reach::from_settings(client, STAND_IN, |_| None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("SECRETS_PREFIX"), "{error}");
    }
}
