//! What people find out about a PagerDuty account with `pagerflow`, and what they store beside its token.

use crate::scenario::Scenario;
use serde_json::{Value, json};
use tests::PagerDuty;

const ROUTING_KEY: &str = "R0123456789ABCDEFGHIJ0123456789Z";

/// What stands in a workflow for each row of a list.
fn values(scenario: &Scenario, list: &str, rows: &str, search: Option<&str>) -> Vec<String> {
    let mut arguments = vec![list, "--integration", &scenario.name];
    arguments.extend(search.iter().flat_map(|text| ["--search", *text]));
    let listed = scenario.pagerflow.json(&arguments, "").unwrap();
    assert_eq!(listed["is_cut"], false, "{listed:#}");
    let rows = listed[rows].as_array().unwrap().iter();
    rows.map(|row| row["value"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_drop_downs_of_an_account_are_listed_and_searched() {
    let scenario = Scenario::new("e2e-lists");

    let services = values(&scenario, "services", "services", None);
    for service in [PagerDuty::MONITORED_SERVICE, PagerDuty::TICKET_SERVICE] {
        assert!(services.iter().any(|id| id == service), "{services:?}");
    }
    assert_eq!(
        values(&scenario, "services", "services", Some("checkout")),
        [PagerDuty::TICKET_SERVICE]
    );
    let policies = values(&scenario, "escalation-policies", "escalation_policies", None);
    assert!(
        policies.iter().any(|id| id == PagerDuty::ESCALATION_POLICY),
        "{policies:?}"
    );
    let users = values(&scenario, "users", "users", None);
    assert!(users.iter().any(|email| email == PagerDuty::ON_CALL), "{users:?}");
    assert!(!users.iter().any(|email| email.starts_with("stakeholder")), "{users:?}");
    assert!(!values(&scenario, "priorities", "priorities", None).is_empty());
    assert!(!values(&scenario, "teams", "teams", None).is_empty());

    let table = ["services", "--integration", &scenario.name, "--search", "checkout"];
    let table = scenario.pagerflow.text(&table, "").unwrap();
    assert_eq!(table, "ID       NAME      STATUS\nPSVC8R2  Checkout\n");
}

#[test]
fn an_integration_that_works_passes_its_test() {
    let scenario = Scenario::new("e2e-passes");

    let test = scenario
        .pagerflow
        .json(&["integration", "test", &scenario.name], "")
        .unwrap();

    assert_eq!(
        (&test["passed"], &test["integration"]),
        (&json!(true), &json!("e2e-passes"))
    );
    let finding = |subject: &str| {
        let mut findings = test["findings"].as_array().unwrap().iter();
        findings.find(|finding| finding["subject"] == subject).unwrap().clone()
    };
    assert_eq!(
        finding("token")["text"],
        "The token belongs to the account, and to no person."
    );
    assert_eq!(finding("default_from")["level"], "ok");
}

#[test]
fn a_token_that_pagerduty_refuses_fails_the_test_and_the_lists_with_what_to_do() {
    let scenario = Scenario::without_integration("e2e-refused");
    scenario.add_integration("revoked-token-00001");

    let test = scenario
        .pagerflow
        .call(&["integration", "test", &scenario.name], "")
        .unwrap();
    assert_eq!(test.status.code(), Some(1));
    let said = String::from_utf8(test.stdout).unwrap();
    assert!(
        said.contains("does not accept the token") && said.contains("`pagerflow integration set-token e2e-refused`"),
        "{said}"
    );

    let list = scenario
        .pagerflow
        .call(&["users", "--integration", &scenario.name], "")
        .unwrap();
    assert_eq!(list.status.code(), Some(1));
    let said = String::from_utf8(list.stderr).unwrap();
    assert!(
        said.contains("the users of e2e-refused could not be listed") && said.contains("store a valid"),
        "{said}"
    );
}

#[test]
fn what_pagerduty_does_not_accept_is_not_stored_and_a_new_token_changes_nothing_else() {
    let scenario = Scenario::without_integration("e2e-kept");
    let name = scenario.name.as_str();
    let refused = |arguments: &[&str], token: &str| {
        let output = scenario.pagerflow.call(arguments, token).unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(&["integration", "add", name], "typed-by-accident");
    assert!(
        said.contains("nothing was stored of the integration e2e-kept"),
        "{said}"
    );
    let said = refused(
        &["integration", "add", name, "--default-from", "nobody@example.com"],
        PagerDuty::TOKEN,
    );
    assert!(said.contains("nobody@example.com"), "{said}");
    let said = refused(&["integration", "set-token", name], PagerDuty::TOKEN);
    assert!(said.contains("there is no integration e2e-kept"), "{said}");

    let add = [
        "integration",
        "add",
        name,
        "--default-from",
        PagerDuty::ON_CALL,
        "--region",
        "eu",
    ];
    let added = scenario.pagerflow.json(&add, PagerDuty::TOKEN).unwrap();
    assert_eq!(
        (&added["kept"], &added["verified"]),
        (&json!([]), &json!(true)),
        "{added:#}"
    );
    let key = ["integration", "routing-key", "add", name, "checkout"];
    scenario.pagerflow.json(&key, ROUTING_KEY).unwrap();

    for command in ["set-token", "add"] {
        let stored = scenario
            .pagerflow
            .json(&["integration", command, name], PagerDuty::TOKEN)
            .unwrap();
        assert_eq!(stored["kept"], json!(["service_region", "default_from"]), "{stored:#}");
        let shown = scenario.pagerflow.json(&["integration", "show", name], "").unwrap();
        assert_eq!(
            (&shown["service_region"], &shown["default_from"], &shown["routing_keys"]),
            (&json!("eu"), &json!(PagerDuty::ON_CALL), &json!(["checkout"])),
            "{shown:#}"
        );
    }
}

#[test]
fn an_integration_that_is_not_there_says_how_to_add_it() {
    let scenario = Scenario::without_integration("e2e-absent");
    for arguments in [
        &["teams", "--integration", "e2e-absent"][..],
        &["integration", "test", "e2e-absent"],
        &["integration", "routing-key", "list", "e2e-absent"],
    ] {
        let output = scenario.pagerflow.call(arguments, "").unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(
            !output.status.success() && said.contains("`pagerflow integration add e2e-absent`"),
            "{arguments:?}: {said}"
        );
    }
}

fn routing_keys(scenario: &Scenario) -> Value {
    let list = ["integration", "routing-key", "list", &scenario.name];
    scenario.pagerflow.json(&list, "").unwrap()["names"].clone()
}

#[test]
fn routing_keys_are_kept_by_name_also_when_the_token_is_stored_anew() {
    let scenario = Scenario::new("e2e-routing");
    let add = |name: &str| {
        let arguments = ["integration", "routing-key", "add", &scenario.name, name];
        scenario.pagerflow.json(&arguments, ROUTING_KEY).unwrap();
    };
    add("checkout");
    add("search");
    assert_eq!(routing_keys(&scenario), json!(["checkout", "search"]));

    scenario.add_integration(PagerDuty::TOKEN);
    assert_eq!(routing_keys(&scenario), json!(["checkout", "search"]));

    let remove = ["integration", "routing-key", "remove", &scenario.name, "search"];
    scenario.pagerflow.json(&remove, "").unwrap();
    assert_eq!(routing_keys(&scenario), json!(["checkout"]));

    let add = ["integration", "routing-key", "add", &scenario.name, "wrong"];
    let refused = scenario.pagerflow.call(&add, PagerDuty::TOKEN).unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("a routing key has 32 characters") && !said.contains(PagerDuty::TOKEN),
        "{said}"
    );
}

#[test]
fn an_integration_is_listed_and_shown_without_its_secrets() {
    let scenario = Scenario::new("e2e-shown");

    let list = scenario.pagerflow.call(&["integration", "list"], "").unwrap();
    let shown = scenario
        .pagerflow
        .call(&["integration", "show", &scenario.name], "")
        .unwrap();

    let (list, shown) = (
        String::from_utf8(list.stdout).unwrap(),
        String::from_utf8(shown.stdout).unwrap(),
    );
    assert!(list.lines().any(|line| line.starts_with(&scenario.name)), "{list}");
    assert!(shown.contains("/integrations/e2e-shown/webhooks"), "{shown}");
    assert!(!format!("{list}{shown}").contains(PagerDuty::TOKEN), "no token");
}
