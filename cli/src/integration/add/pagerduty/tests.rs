//! What is stored of an integration, and what is not.

use super::*;
use crate::{
    output::{Screen, View, as_json},
    pagerduty_account::tests::simulated,
};
use clap::Parser;
use pagerduty_simulator::Seed;
use rstest::rstest;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

fn alias() -> IntegrationAlias {
    "prod".parse().unwrap()
}

fn account(default_from: Option<&str>) -> Account {
    Account {
        service_region: ServiceRegion::Eu,
        default_from: default_from.map(str::to_owned),
    }
}

fn record(default_from: Option<&str>) -> IntegrationRecord {
    let Account {
        service_region,
        default_from,
    } = account(default_from);
    IntegrationRecord {
        alias: alias(),
        kind: IntegrationKind::PagerDuty {
            service_region,
            default_from,
        },
        updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
    }
}

async fn judged(token: &str, default_from: Option<&str>) -> Result<(), String> {
    let (_simulator, account) = simulated(Seed::default(), token, default_from).await;
    let connection = &account.connection;
    let check = check_account(account.regions(), &connection.token, connection.default_from.as_ref()).await;
    judge(&alias(), &check, Notices).map_err(|error| error.to_string())
}

#[rstest]
#[case::good(Seed::ACCOUNT_TOKEN, Some("oncall@example.com"), None)]
#[case::without_a_default_user(Seed::ACCOUNT_TOKEN, None, None)]
#[case::token_that_pagerduty_does_not_accept("typed-by-accident", None, Some("does not accept the token"))]
#[case::default_user_who_does_not_exist(Seed::ACCOUNT_TOKEN, Some("nobody@example.com"), Some("nobody@example.com"))]
#[tokio::test]
async fn what_pagerduty_does_not_accept_is_not_stored(
    #[case] token: &str,
    #[case] default_from: Option<&str>,
    #[case] refused: Option<&str>,
) {
    let judged = judged(token, default_from).await;
    match refused {
        None => assert_eq!(judged, Ok(())),
        Some(words) => {
            let error = judged.unwrap_err();
            assert!(
                error.starts_with("nothing was stored of the integration prod\n"),
                "{error}"
            );
            assert!(error.contains(words) && error.contains("--no-verify"), "{error}");
            assert!(!error.contains("ALIAS"), "the command can be copied: {error}");
        }
    }
}

#[rstest]
#[case::nothing(&[], &["service_region", "default_from"], "Kept: region eu, default user oncall@example.com, its routing keys.")]
#[case::region(&["--region", "eu"], &["default_from"], "Kept: default user oncall@example.com, its routing keys.")]
#[case::user(&["--default-from", "oncall@example.com"], &["service_region"], "Kept: region eu, its routing keys.")]
#[case::no_user(&["--no-default-from"], &["service_region"], "Kept: region eu, its routing keys.")]
fn what_is_not_given_is_kept_and_that_is_said(#[case] more: &[&str], #[case] names: &[&str], #[case] words: &str) {
    let line = Line::try_parse_from(["add", "prod"].iter().chain(more)).unwrap();
    let change = change_of(&line.options);
    let user = Some("oncall@example.com");
    let stored = Stored {
        integration: record(user).into(),
        kept: Some(kept(&change, ServiceRegion::Eu, user)),
        verified: Verified::Yes("PagerDuty accepts the token.".to_owned()),
        external_id: None,
    };
    assert_eq!(as_json(&stored)["kept"], serde_json::json!(names));
    assert_eq!(
        stored.text(Screen::plain()),
        format!("Stored the integration prod. {words} PagerDuty accepts the token.")
    );
}

#[test]
fn an_integration_that_is_new_keeps_nothing() {
    let stored = Stored {
        integration: record(None).into(),
        kept: None,
        verified: Verified::NotTried,
        external_id: None,
    };
    assert_eq!(
        stored.text(Screen::plain()),
        "Stored the integration prod. Try it with `pagerflow integration test prod`."
    );
    insta::assert_snapshot!(format!("{:#}", as_json(&stored)), @r#"
    {
      "alias": "prod",
      "default_from": null,
      "fields": {},
      "hosts": [],
      "kept": [],
      "service_region": "eu",
      "type": "pagerduty",
      "updated_at": "2026-11-20T09:30:00Z",
      "verified": false
    }
    "#);
}

#[test]
fn a_secret_that_is_gone_leaves_the_region_and_the_user_in_the_table() {
    let settings = settings_of(account(Some("oncall@example.com")));
    assert_eq!(settings.service_region, ServiceRegion::Eu);
    assert_eq!(settings.default_from, Some("oncall@example.com".parse().unwrap()));
}
