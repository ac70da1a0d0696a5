use super::*;
use crate::{output::as_json, pagerduty_account::tests::simulated};
use pagerduty_simulator::{Role, Seed};
use serde_json::{Value, to_string_pretty};

async fn checked(seed: Seed, token: &str, default_from: Option<&str>) -> (String, Value) {
    let (_simulator, account) = simulated(seed, token, default_from).await;
    let connection = &account.connection;
    let check = check_account(account.regions(), &connection.token, connection.default_from.as_ref()).await;
    let alias = "prod".parse().unwrap();
    let checked = Checked::of_pagerduty(&alias, check);
    (checked.text(Screen::plain()), as_json(&checked))
}

#[tokio::test]
async fn a_token_of_the_account_with_a_default_user_works() {
    let (text, json) = checked(Seed::default(), Seed::ACCOUNT_TOKEN, Some("oncall@example.com")).await;
    insta::assert_snapshot!(text, @"
    ok        The token belongs to the account, and to no person.
    ok        The region us answers, and the account lives there.
    ok        The token may read incidents.
    ok        The token may read services.
    ok        The token may read escalation policies.
    ok        The token may read users.
    ok        The token may read priorities.
    ok        The token may read teams.
    ok        The account's plan has 4 abilities, responder requests among them.
    unknown   Whether the token is read-only can not be told before the first write.
    ok        The default user Olivia Oncall <oncall@example.com> with the role limited_user exists and may respond.

    The integration prod works, as far as can be told.
    ");
    assert_eq!(json["passed"], true);
}

#[tokio::test]
async fn a_token_of_a_user_who_only_reads_and_a_default_user_who_is_gone_are_problems() {
    let mut seed = Seed {
        priorities: vec![],
        abilities: vec![],
        ..Seed::default()
    };
    seed.users[0].role = Role::ReadOnlyUser;
    let (text, json) = checked(seed, Seed::USER_TOKEN, Some("gone@example.com")).await;
    insta::assert_snapshot!(text, @"
    ok        The token belongs to the user Olivia Oncall <oncall@example.com> with the role read_only_user.
    ok        The region us answers, and the account lives there.
    ok        The token may read incidents.
    ok        The token may read services.
    ok        The token may read escalation policies.
    ok        The token may read users.
    ok        The account has priorities switched off, or not in its plan.
    ok        The token may read teams.
    warning   The account's plan has 0 abilities, and not coordinated_responding.
              Workflows can not ask for responders; everything else works.
    problem   Olivia Oncall <oncall@example.com> may only read, and so does the token.
              Store a token of the account, or of a user who may respond, with `pagerflow integration set-token prod`.
    problem   No user of the account logs in as gone@example.com.
              Name a user who may respond with `pagerflow integration add prod --default-from EMAIL`; `pagerflow users --integration prod` lists them.

    The integration prod has 2 problems.
    ");
    assert_eq!(json["passed"], false);
}

#[tokio::test]
async fn a_refused_token_is_told_to_people_and_programs() {
    let (text, json) = checked(Seed::default(), "revoked-token", None).await;
    insta::assert_snapshot!(text, @"
    problem   The region us does not accept the token: PagerDuty answered 401: Authentication failed (code 2006). PagerDuty does not accept the integration's token; store a valid REST API token (not an Events API key).
              Store a valid token with `pagerflow integration set-token prod`.

    The integration prod has 1 problem.
    ");
    insta::assert_snapshot!(to_string_pretty(&json).unwrap(), @r#"
    {
      "findings": [
        {
          "level": "problem",
          "remedy": "Store a valid token with `pagerflow integration set-token prod`.",
          "subject": "token",
          "text": "The region us does not accept the token: PagerDuty answered 401: Authentication failed (code 2006). PagerDuty does not accept the integration's token; store a valid REST API token (not an Events API key)."
        }
      ],
      "integration": "prod",
      "passed": false
    }
    "#);
}
