use provider::http::HttpTransport;
use std::sync::Arc;

use pagerduty_simulator::{Options, Role, Seed, Simulator};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::{
    client::TokenKind,
    scripted::{Answer, PagerDuty},
};

async fn simulator(seed: Seed) -> (Simulator, Client) {
    let simulator = Simulator::start(Options {
        seed,
        ..Options::default()
    })
    .await
    .unwrap();
    let client = Client::new(
        Arc::new(HttpTransport::new().unwrap()),
        simulator.base_url().parse().unwrap(),
    );
    (simulator, client)
}

fn token(text: &str) -> ApiToken {
    let kind = if text.starts_with("pdus+") {
        TokenKind::OAuth
    } else {
        TokenKind::ApiToken
    };
    ApiToken::new(kind, text.into()).unwrap()
}

fn us(client: &Client) -> Regions<'_> {
    Regions {
        configured: ServiceRegion::Us,
        client,
        other: None,
    }
}

/// What is found in an account of the simulator, with one of its tokens.
async fn checked(seed: Seed, text: &str, default_from: Option<&str>) -> AccountCheck {
    let (_simulator, client) = simulator(seed).await;
    let default_from = default_from.map(|email| email.parse().unwrap());
    check_account(us(&client), &token(text), default_from.as_ref()).await
}

fn finding(check: &AccountCheck, subject: Subject) -> &Finding {
    check
        .findings
        .iter()
        .find(|finding| finding.subject == subject)
        .unwrap()
}

fn with_role(role: Role) -> Seed {
    let mut seed = Seed::default();
    seed.users[0].role = role;
    seed
}

#[rstest]
#[case::account(Seed::ACCOUNT_TOKEN, Level::Ok, "belongs to the account", Level::Unknown)]
#[case::read_only(Seed::READ_ONLY_TOKEN, Level::Ok, "belongs to the account", Level::Unknown)]
#[case::user(
    Seed::USER_TOKEN,
    Level::Ok,
    "the user Olivia Oncall <oncall@example.com> with the role limited_user",
    Level::Ok
)]
#[case::oauth_user(
    Seed::OAUTH_USER_TOKEN,
    Level::Ok,
    "the user Olivia Oncall <oncall@example.com> with the role limited_user",
    Level::Ok
)]
#[tokio::test]
async fn it_is_told_whose_token_it_is_and_whether_it_may_write(
    #[case] text: &str,
    #[case] level: Level,
    #[case] said: &str,
    #[case] writes: Level,
) {
    let check = checked(Seed::default(), text, Some("oncall@example.com")).await;

    let owner = finding(&check, Subject::Token);
    assert_eq!(owner.level, level);
    assert!(owner.text.contains(said), "{}", owner.text);
    assert_eq!(finding(&check, Subject::Writes).level, writes);
    assert!(check.is_passed(), "{check:?}");
}

#[tokio::test]
async fn every_list_is_read_once_with_one_row_and_nothing_is_changed() {
    let (simulator, client) = simulator(Seed::default()).await;

    check_account(us(&client), &token(Seed::ACCOUNT_TOKEN), None).await;

    let requests = simulator.with(|pagerduty, _| pagerduty.received());
    let requests = requests.as_array().unwrap();
    assert!(
        requests.iter().all(|request| request["method"] == "GET"),
        "{requests:#?}"
    );
    let limit_of = |path: &str| {
        let mut of_path = requests.iter().filter(|request| request["path"] == path);
        let limit = of_path.next().unwrap()["query"][0].clone();
        assert!(of_path.next().is_none(), "{path} is read once");
        limit
    };
    for path in [
        "/services",
        "/escalation_policies",
        "/users",
        "/priorities",
        "/teams",
        "/incidents",
    ] {
        assert_eq!(limit_of(path), json!(["limit", "1"]), "{path}");
    }
}

#[rstest]
#[case::reads_only(Role::ReadOnlyUser)]
#[case::reads_less(Role::ReadOnlyLimitedUser)]
#[tokio::test]
async fn a_token_of_a_user_who_may_only_read_is_a_problem(#[case] role: Role) {
    let check = checked(with_role(role), Seed::USER_TOKEN, None).await;

    let writes = finding(&check, Subject::Writes);
    assert_eq!(writes.level, Level::Problem);
    assert!(
        writes
            .remedy
            .as_ref()
            .unwrap()
            .contains("`pagerflow integration set-token ALIAS`")
    );
    assert!(!check.is_passed());
}

#[rstest]
#[case::responder("oncall@example.com", Level::Ok, "exists and may respond")]
#[case::other_case("OnCall@Example.com", Level::Ok, "exists and may respond")]
#[case::stakeholder("stakeholder@example.com", Level::Problem, "may only read")]
#[case::gone(
    "gone@example.com",
    Level::Problem,
    "No user of the account logs in as gone@example.com"
)]
#[case::part_of_another("call@example.com", Level::Problem, "No user of the account")]
#[tokio::test]
async fn the_default_user_must_exist_and_be_allowed_to_respond(
    #[case] email: &str,
    #[case] level: Level,
    #[case] said: &str,
) {
    let check = checked(Seed::default(), Seed::ACCOUNT_TOKEN, Some(email)).await;

    let found = finding(&check, Subject::DefaultFrom);
    assert_eq!(found.level, level);
    assert!(found.text.contains(said), "{}", found.text);
    assert_eq!(check.is_passed(), level == Level::Ok);
}

#[rstest]
#[case::account(Seed::ACCOUNT_TOKEN, Level::Warning)]
#[case::user(Seed::USER_TOKEN, Level::Ok)]
#[tokio::test]
async fn only_a_token_of_nobody_needs_a_default_user(#[case] text: &str, #[case] level: Level) {
    let check = checked(Seed::default(), text, None).await;

    assert_eq!(finding(&check, Subject::DefaultFrom).level, level);
    assert!(check.is_passed());
}

#[tokio::test]
async fn priorities_that_are_switched_off_are_no_problem() {
    let seed = Seed {
        priorities: vec![],
        ..Seed::default()
    };
    let check = checked(seed, Seed::ACCOUNT_TOKEN, None).await;

    let priorities = finding(&check, Subject::Reads("priorities"));
    assert_eq!(priorities.level, Level::Ok);
    assert!(priorities.text.contains("switched off"), "{}", priorities.text);
}

#[tokio::test]
async fn a_plan_without_responder_requests_is_a_warning() {
    let seed = Seed {
        abilities: vec!["teams".to_owned()],
        ..Seed::default()
    };
    let check = checked(seed, Seed::ACCOUNT_TOKEN, None).await;

    assert_eq!(finding(&check, Subject::Abilities).level, Level::Warning);
    assert!(check.is_passed());
}

#[tokio::test]
async fn a_token_that_both_regions_refuse_is_told_with_what_to_do() {
    let (_us, us) = simulator(Seed::default()).await;
    let (_eu, eu) = simulator(Seed::default()).await;
    let regions = Regions {
        configured: ServiceRegion::Us,
        client: &us,
        other: Some(&eu),
    };

    let check = check_account(regions, &token("revoked-token"), None).await;

    let said: Vec<_> = check
        .findings
        .iter()
        .map(|found| (found.subject, found.level))
        .collect();
    assert_eq!(
        said,
        [(Subject::Token, Level::Problem), (Subject::Region, Level::Unknown)]
    );
    assert!(
        check.findings[0]
            .remedy
            .as_ref()
            .unwrap()
            .contains("`pagerflow integration set-token ALIAS`")
    );
}

#[tokio::test]
async fn a_token_of_the_other_region_is_told_as_such() {
    let (_us, us) = simulator(Seed {
        tokens: vec![],
        ..Seed::default()
    })
    .await;
    let (_eu, eu) = simulator(Seed::default()).await;
    let regions = Regions {
        configured: ServiceRegion::Us,
        client: &us,
        other: Some(&eu),
    };

    let check = check_account(regions, &token(Seed::ACCOUNT_TOKEN), None).await;

    let region = finding(&check, Subject::Region);
    assert_eq!(region.text, "The region eu accepts the token.");
    assert!(region.remedy.as_ref().unwrap().contains("--region eu"));
    assert!(!check.is_passed());
}

#[tokio::test]
async fn a_pagerduty_that_does_not_answer_is_a_problem_of_the_region_and_not_of_the_token() {
    let pagerduty = PagerDuty::that_answers([Answer::empty(503)]).await;

    let check = check_account(us(&pagerduty.client), &token("example-token"), None).await;

    let said: Vec<_> = check
        .findings
        .iter()
        .map(|found| (found.subject, found.level))
        .collect();
    assert_eq!(said, [(Subject::Region, Level::Problem)]);
}

/// A PagerDuty that answers `GET /users/me` so, and has nothing in its lists.
async fn scripted(me: Answer, lists: Answer) -> PagerDuty {
    let empty =
        json!({"services": [], "incidents": [], "escalation_policies": [], "users": [], "priorities": [], "teams": []});
    let abilities = Answer::json(200, &json!({"abilities": []}));
    let lists = match lists {
        Answer::Silence => Answer::json(200, &empty),
        answer => answer,
    };
    let mut answers = vec![me];
    answers.extend(vec![lists.clone(); 6]);
    answers.extend([abilities, lists]);
    PagerDuty::that_answers(answers).await
}

fn me(role: &str, html_url: &str) -> Value {
    json!({"user": {"id": "PU1", "name": "Una", "email": "una@example.com", "role": role, "html_url": html_url}})
}

#[rstest]
#[case::us("https://acme.pagerduty.com/users/PU1", Level::Ok, "the account lives there")]
#[case::eu(
    "https://acme.eu.pagerduty.com/users/PU1",
    Level::Warning,
    "the account lives in the region eu"
)]
#[case::nowhere("", Level::Ok, "The region us answers.")]
#[tokio::test]
async fn an_account_that_lives_in_the_other_region_is_told(
    #[case] link: &str,
    #[case] level: Level,
    #[case] said: &str,
) {
    let pagerduty = scripted(Answer::json(200, &me("user", link)), Answer::Silence).await;

    let check = check_account(us(&pagerduty.client), &token("example-token"), None).await;

    let region = finding(&check, Subject::Region);
    assert_eq!(region.level, level);
    assert!(region.text.contains(said), "{}", region.text);
}

#[rstest]
#[case::observer("observer")]
#[case::restricted("restricted_access")]
#[tokio::test]
async fn a_user_whose_rights_depend_on_the_team_is_a_warning(#[case] role: &str) {
    let pagerduty = scripted(Answer::json(200, &me(role, "")), Answer::Silence).await;

    let check = check_account(us(&pagerduty.client), &token("example-token"), None).await;

    assert_eq!(finding(&check, Subject::Writes).level, Level::Warning);
    assert!(check.is_passed());
}

#[tokio::test]
async fn a_token_without_the_scopes_is_told_which_it_needs() {
    let refused = Answer::json(
        403,
        &json!({"error": {"message": "Access Denied", "code": 2010, "required_scopes": "x.read", "token_scopes": "openid"}}),
    );
    let pagerduty = scripted(refused.clone(), refused).await;

    let check = check_account(us(&pagerduty.client), &token("example-token"), None).await;

    assert_eq!(finding(&check, Subject::Token).level, Level::Unknown);
    let incidents = finding(&check, Subject::Reads("incidents"));
    assert_eq!(incidents.level, Level::Problem);
    assert!(
        incidents.text.contains("It needs the scope x.read"),
        "{}",
        incidents.text
    );
    assert_eq!(finding(&check, Subject::Reads("services")).level, Level::Warning);
    assert!(!check.is_passed());
}

#[tokio::test]
async fn i5_no_finding_shows_the_token() {
    let check = checked(Seed::default(), "revoked-token", None).await;

    assert!(!format!("{check:?}").contains("revoked-token"));
}
