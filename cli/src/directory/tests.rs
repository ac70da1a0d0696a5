use super::*;
use crate::{output::as_json, pagerduty_account::tests::simulated};
use clap::Parser;
use pagerduty::directory::{EscalationPolicy, LAST_ROW, Priority, Service, Team, User};
use pagerduty_simulator::{self as simulated_pagerduty, Seed};
use serde_json::to_string_pretty;

/// The list of an account that the simulator plays.
async fn listed<R: Choice>(seed: Seed, search: Option<&str>) -> Shown<R> {
    let (_simulator, account) = simulated(seed, Seed::ACCOUNT_TOKEN, None).await;
    let search = search.map(|text| text.parse::<SearchText>().unwrap());
    let wait = async |pause| panic!("nothing to wait for: {pause:?}");
    let listed = list(&account.open(), search.as_ref(), wait).await.unwrap();
    Shown { listed, search }
}

async fn shown<R: Choice>(search: Option<&str>) -> String {
    listed::<R>(Seed::default(), search).await.text(Screen::plain())
}

async fn json_of<R: Choice>(search: Option<&str>) -> String {
    to_string_pretty(&as_json(&listed::<R>(Seed::default(), search).await)).unwrap()
}

#[tokio::test]
async fn services_are_listed_with_their_ids_and_the_disabled_ones_marked() {
    insta::assert_snapshot!(shown::<Service>(None).await, @"
    ID       NAME                     STATUS
    PSVC8R2  Checkout
    PWIXJZS  CloudWatch-Memory-Alert
    PSVC3D1  Retired Batch Jobs       disabled, takes no incidents
    PSVC5M4  Search                   in maintenance
    ");
}

#[tokio::test]
async fn escalation_policies_are_listed_with_their_ids() {
    insta::assert_snapshot!(shown::<EscalationPolicy>(None).await, @"
    ID       NAME
    PT42ARC  Nobody On-Call
    PT31ZQB  Payments On-Call
    PT20YPA  Platform On-Call
    ");
}

#[tokio::test]
async fn users_are_listed_with_their_e_mails_and_those_who_only_read_are_counted() {
    insta::assert_snapshot!(shown::<User>(None).await, @"
    E-MAIL               NAME           ID       ROLE
    manager@example.com  Marek Manager  PUS2B8D  admin
    oncall@example.com   Olivia Oncall  PUS1A7C  limited_user

    1 user who may only read is left out.
    ");
}

#[tokio::test]
async fn priorities_are_listed_in_their_order() {
    insta::assert_snapshot!(shown::<Priority>(None).await, @"
    ID       NAME  DESCRIPTION
    PPRI1P1  P1    The business stands still
    PPRI2P2  P2    Customers are affected
    PPRI3P3  P3    Nobody outside notices
    ");
}

#[tokio::test]
async fn teams_are_listed_with_their_ids() {
    insta::assert_snapshot!(shown::<Team>(None).await, @"
    ID       NAME
    PGT9S2M  Payments
    PGT4K7L  Platform
    ");
}

#[tokio::test]
async fn a_search_that_finds_nothing_says_so() {
    insta::assert_snapshot!(shown::<Service>(Some("no such thing")).await, @r#"No services are found for "no such thing"."#);
}

#[tokio::test]
async fn an_empty_list_says_so() {
    let seed = Seed {
        services: vec![],
        ..Seed::default()
    };
    insta::assert_snapshot!(listed::<Service>(seed, None).await.text(Screen::plain()), @"There are no services.");
}

#[tokio::test]
async fn a_feature_that_is_off_is_told_with_what_to_do() {
    let seed = Seed {
        priorities: vec![],
        ..Seed::default()
    };
    let listed = listed::<Priority>(seed, None).await;
    insta::assert_snapshot!(listed.text(Screen::plain()), @"
    The account has priorities switched off, or not in its plan.
    PagerDuty answered 402: Missing Account Ability (code 2014). The account's plan does not include a feature that this needs; leave out the field or change the plan.
    ");
    insta::assert_snapshot!(to_string_pretty(&as_json(&listed)).unwrap(), @r#"
    {
      "feature_is_off": true,
      "is_cut": false,
      "not_offered": 0,
      "priorities": [],
      "unreadable": 0
    }
    "#);
}

#[tokio::test]
async fn a_list_that_is_cut_says_so_and_that_a_search_finds_the_rest() {
    let template = Seed::default().services.swap_remove(0);
    let service = |number| simulated_pagerduty::Service {
        id: simulated_pagerduty::ServiceId::new(format!("PSVC{number:05}")),
        ..template.clone()
    };
    let seed = Seed {
        services: (0..=LAST_ROW).map(service).collect(),
        ..Seed::default()
    };
    let listed = listed::<Service>(seed, None).await;
    let text = listed.text(Screen::plain());
    let end: Vec<_> = text.lines().skip(LAST_ROW).collect();
    insta::assert_snapshot!(end.join("\n"), @"
    PSVC09999  CloudWatch-Memory-Alert

    The list is cut: PagerDuty gives no more than 10,000 rows. Find the others with --search, or with a longer text.
    ");
    assert_eq!(as_json(&listed)["is_cut"], true);
}

#[tokio::test]
async fn programs_get_value_and_label_of_each_row_and_always_the_same_fields() {
    insta::assert_snapshot!(json_of::<Service>(Some("retired")).await, @r#"
    {
      "feature_is_off": false,
      "is_cut": false,
      "not_offered": 0,
      "services": [
        {
          "label": "Retired Batch Jobs",
          "status": "disabled",
          "value": "PSVC3D1"
        }
      ],
      "unreadable": 0
    }
    "#);
    insta::assert_snapshot!(json_of::<User>(Some("example.com")).await, @r#"
    {
      "feature_is_off": false,
      "is_cut": false,
      "not_offered": 1,
      "unreadable": 0,
      "users": [
        {
          "depends_on_team": false,
          "id": "PUS2B8D",
          "label": "Marek Manager <manager@example.com>",
          "name": "Marek Manager",
          "role": "admin",
          "value": "manager@example.com"
        },
        {
          "depends_on_team": false,
          "id": "PUS1A7C",
          "label": "Olivia Oncall <oncall@example.com>",
          "name": "Olivia Oncall",
          "role": "limited_user",
          "value": "oncall@example.com"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(json_of::<Priority>(Some("p1")).await, @r#"
    {
      "feature_is_off": false,
      "is_cut": false,
      "not_offered": 0,
      "priorities": [
        {
          "description": "The business stands still",
          "label": "P1",
          "value": "PPRI1P1"
        }
      ],
      "unreadable": 0
    }
    "#);
    insta::assert_snapshot!(json_of::<Team>(Some("nothing")).await, @r#"
    {
      "feature_is_off": false,
      "is_cut": false,
      "not_offered": 0,
      "teams": [],
      "unreadable": 0
    }
    "#);
}

#[tokio::test]
async fn a_refused_token_says_what_failed_and_what_to_do() {
    let (_simulator, account) = simulated(Seed::default(), "revoked-token", None).await;
    let cause = list::<Service>(&account.open(), None, async |_| {}).await.unwrap_err();
    let error = failed::<Service>(&"prod".parse().unwrap(), cause);
    insta::assert_snapshot!(error, @"the services of prod could not be listed: PagerDuty answered 401: Authentication failed (code 2006). PagerDuty does not accept the integration's token; store a valid REST API token (not an Events API key).");
}

#[test]
fn a_wait_is_told_with_its_reason() {
    let pause = |reason| Pause {
        duration: std::time::Duration::from_secs(37),
        reason,
    };
    insta::assert_snapshot!(words(pause(PauseReason::RateLimit)), @"PagerDuty's rate limit is reached; going on in 37 s");
    insta::assert_snapshot!(words(pause(PauseReason::NoAnswer)), @"PagerDuty did not answer; asking again in 37 s");
}

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

#[test]
fn a_search_text_that_finds_nothing_is_refused_before_anything_is_asked() {
    let error = Line::try_parse_from(["services", "--integration", "prod", "--search", " "]).unwrap_err();
    assert!(error.to_string().contains("the search text is empty"), "{error}");
    assert!(Line::try_parse_from(["services"]).is_err(), "an account is needed");
}
