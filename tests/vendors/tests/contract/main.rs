//! Holds each shipped connector against a server that behaves as the vendor's documentation says.
//!
//! Each connector has a module here, with
//! - `SECRET` and `contract(secret)`, the connector beside a server of its vendor;
//! - `every_action`, which performs each action with success and looks at what it did there;
//! - `probe`, an action that does no harm, for what all connectors have in common;
//! - `WRONG`, a secret that the vendor does not know, and the error that it leads to, if there is one;
//! - tests of what the vendor refuses.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;
mod manual;

/// Declares the modules, and the tests of what all connectors have in common.
macro_rules! contracts {
    ($($name:ident)*) => {
        $(mod $name;)*

        const CONTRACTS: &[&str] = &[$(stringify!($name)),*];

        mod every {
            $(mod $name {
                use crate::$name::{SECRET, WRONG, contract, every_action, probe};
                use vendors::{Answer, Vendor};

                #[tokio::test]
                async fn action_is_performed() {
                    let contract = contract(SECRET).await;
                    every_action(&contract).await;
                    contract.assert_complete();
                    contract.assert_choices().await;
                }

                #[tokio::test]
                async fn wrong_secret_is_told() {
                    let Some((secret, error)) = WRONG else { return };
                    let contract = contract(secret).await;
                    let (action, input) = probe();
                    contract.refused(action, input).await.is(error, "");
                }

                #[tokio::test]
                async fn rate_limit_is_kept_to() {
                    let contract = contract(SECRET).await;
                    let (action, input) = probe();
                    // So that access tokens are there.
                    contract.perform(action, input.clone()).await;
                    let (answer, seconds) = contract.server.vendor(|vendor| vendor.too_many_requests());
                    contract.server.answer_next(answer);
                    let refused = contract.refused(action, input).await;
                    refused.is("RateLimited", "");
                    // A time of day is given in whole seconds.
                    let told = refused.retry_after.unwrap();
                    assert!((seconds - 1..=seconds + 1).contains(&told), "{told}");
                }

                #[tokio::test]
                async fn fault_may_pass_or_leaves_it_open() {
                    let contract = contract(SECRET).await;
                    let (action, input) = probe();
                    contract.perform(action, input.clone()).await;
                    contract.server.answer_next(Answer::text(503, "Service Unavailable"));
                    let error = if contract.reads(action) { "Unavailable" } else { "OutcomeUnknown" };
                    contract.refused(action, input).await.is(error, "");
                }
            })*
        }
    };
}

contracts! {
    azure
    confluence
    datadog
    elasticsearch
    github
    gitlab
    google_cloud
    grafana
    http
    jenkins
    jira
    kubernetes
    microsoft_teams
    new_relic
    opsgenie
    servicenow
    slack
    splunk
    splunk_hec
    statuspage
    terraform_cloud
    webhook
    zoom
}

#[test]
fn every_shipped_connector_has_a_contract() {
    assert_eq!(connectors::shipped().collect::<Vec<_>>(), CONTRACTS);
}

#[test]
fn every_action_has_a_page_of_the_vendors_documentation() {
    let names = connectors::shipped().filter(|name| *name != "http");
    for connector in names.filter_map(connectors::shipped_connector) {
        for action in connector.actions() {
            assert!(action.documentation().is_some(), "{}", action.spec().name);
        }
    }
}
