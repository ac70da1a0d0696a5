//! Definitions as people handle them with `pagerflow workflow`: apply, look at, compare, go back.

use crate::scenario::{Scenario, ticket};
use serde_json::{Value, json};
use std::fs;
use tests::PagerDuty;

/// What `pagerflow workflow` prints for people.
fn text(scenario: &Scenario, arguments: &[&str]) -> String {
    let arguments: Vec<_> = ["workflow"].iter().chain(arguments).copied().collect();
    scenario.pagerflow.text(&arguments, "").unwrap()
}

/// What it prints for programs.
fn json_of(scenario: &Scenario, arguments: &[&str]) -> Value {
    let arguments: Vec<_> = ["workflow"].iter().chain(arguments).copied().collect();
    scenario.pagerflow.json(&arguments, "").unwrap()
}

/// What it says when it fails.
fn refusal(scenario: &Scenario, arguments: &[&str]) -> String {
    let arguments: Vec<_> = ["workflow"].iter().chain(arguments).copied().collect();
    let output = scenario.pagerflow.call(&arguments, "").unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_is_applied_is_listed_shown_compared_and_exported() {
    let scenario = Scenario::new("e2e-looked-at");
    let name = scenario.name.as_str();
    let first = scenario.apply(&scenario.definition("v3", "  - id: pause\n    wait: 1s\n"));
    assert_eq!(
        (&first["change"], &first["previous_version"]),
        (&json!("new"), &Value::Null)
    );
    let second = scenario.apply(&scenario.definition("v3", "  - id: pause\n    wait: 2s\n"));
    assert_eq!((&second["change"], &second["version"]), (&json!("changed"), &json!(2)));
    assert_eq!(
        (&second["difference"]["added"], &second["difference"]["removed"]),
        (&json!(1), &json!(1))
    );

    let listed = json_of(&scenario, &["list"]);
    let own = listed["workflows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|workflow| workflow["workflow"] == name);
    let own = own.unwrap();
    assert_eq!((&own["active_version"], &own["state"]), (&json!(2), &json!("enabled")));
    assert_eq!(own["trigger"]["events"], json!(["incident.triggered"]));

    let shown = text(&scenario, &["show", name]);
    assert!(
        shown.contains("v2 (active)") && shown.contains("1. pause: wait 2s"),
        "{shown}"
    );
    assert!(text(&scenario, &["show", name, "--version", "1"]).contains("not active, v2 is"));
    assert!(text(&scenario, &["show", name, "--graph"]).contains("└─ pause: wait 2s"));
    assert!(text(&scenario, &["show", name, "--mermaid"]).starts_with("flowchart TD"));

    let versions = json_of(&scenario, &["versions", name]);
    let versions = versions["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(
        (&versions[0]["version"], &versions[0]["active"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(versions[0]["digest"], second["digest"]);
    assert_ne!(versions[0]["digest"], versions[1]["digest"]);

    let difference = text(&scenario, &["diff", name]);
    assert!(difference.contains("-    wait: 1s\n+    wait: 2s\n"), "{difference}");

    let exported = text(&scenario, &["export", name]);
    let again = scenario.apply(&exported);
    assert_eq!(
        (&again["change"], &again["digest"]),
        (&json!("unchanged"), &second["digest"]),
        "{exported}"
    );
}

#[test]
fn an_older_version_becomes_active_again_and_the_next_one_gets_a_new_number() {
    let scenario = Scenario::new("e2e-back");
    let name = scenario.name.as_str();
    let definitions = ["  - wait: 1s\n", "  - wait: 2s\n"].map(|steps| scenario.definition("v3", steps));
    definitions.iter().for_each(|definition| {
        scenario.apply(definition);
    });

    let activated = json_of(&scenario, &["activate", name, "v1", "--yes"]);
    assert_eq!(
        (&activated["version"], &activated["previous_version"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        json_of(&scenario, &["show", name])["definition"]["steps"][0]["wait"],
        "1s"
    );
    assert_eq!(json_of(&scenario, &["activate", name, "1"])["changed"], false);

    assert_eq!(scenario.apply(&definitions[1])["version"], 3);
    let told = refusal(&scenario, &["activate", name, "9"]);
    assert!(told.contains("has no version v9"), "{told}");
    let told = refusal(&scenario, &["activate", name, "1", "--expect-version", "2"]);
    assert!(
        told.contains("e2e-back v2 was expected to be active, but v3 is"),
        "{told}"
    );
}

#[test]
fn without_a_terminal_nothing_that_is_there_changes_without_a_yes() {
    let scenario = Scenario::new("e2e-unasked-change");
    let name = scenario.name.as_str();
    let file = |steps: &str| scenario.file("yaml", &scenario.definition("v3", steps));
    let version = || json_of(&scenario, &["show", name])["active_version"].clone();
    json_of(&scenario, &["apply", &file("  - wait: 1s\n")]);
    json_of(&scenario, &["apply", &file("  - wait: 1s\n")]);
    assert_eq!(version(), 1, "a new workflow and one that stays as it is ask nothing");

    let changed = file("  - wait: 2s\n");
    for more in [&[][..], &["--output", "json"]] {
        let told = refusal(&scenario, &[&["apply", changed.as_str()][..], more].concat());
        assert!(told.contains("pass --yes to confirm"), "{told}");
        assert_eq!(version(), 1);
    }
    json_of(&scenario, &["apply", &changed, "--yes"]);
    let told = refusal(&scenario, &["activate", name, "1"]);
    assert!(told.contains("pass --yes to confirm"), "{told}");
    assert_eq!(version(), 2);
}

#[test]
fn f32_who_expects_another_version_overwrites_nothing() {
    let scenario = Scenario::new("e2e-expected");
    let file = scenario.file("yaml", &scenario.definition("v3", "  - wait: 1s\n"));
    let first = json_of(&scenario, &["apply", &file, "--expect-version", "0"]);
    assert_eq!(first["version"], 1);
    scenario.apply(&scenario.definition("v3", "  - wait: 2s\n"));

    let mine = scenario.file("yaml", &scenario.definition("v3", "  - wait: 3s\n"));
    let told = refusal(&scenario, &["apply", &mine, "--expect-version", "1"]);

    assert!(
        told.contains("e2e-expected v1 was expected, but e2e-expected v2 is active"),
        "{told}"
    );
    let difference = text(&scenario, &["diff", &mine]);
    assert!(difference.contains("-  - wait: 2s\n+  - wait: 3s\n"), "{difference}");
    assert_eq!(json_of(&scenario, &["show", &scenario.name])["version"], 2);
    let dry = json_of(&scenario, &["apply", &mine, "--dry-run"]);
    assert_eq!((&dry["change"], &dry["version"]), (&json!("changed"), &Value::Null));
    assert_eq!(json_of(&scenario, &["show", &scenario.name])["version"], 2);
}

#[test]
fn names_stand_for_ids_and_the_ids_are_stored() {
    let scenario = Scenario::new("e2e-named");
    let named = ticket("e2e-named")
        .replace(PagerDuty::TICKET_SERVICE, "checkout")
        .replace(PagerDuty::ESCALATION_POLICY, "Platform On-Call")
        .replace(PagerDuty::ON_CALL, "Olivia Oncall");
    let applied = scenario.apply(&scenario.definition("v3", &named));

    let meant: Vec<_> = applied["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| &name["value"])
        .collect();
    assert_eq!(meant.len(), 3, "{applied}");
    let shown = json_of(&scenario, &["show", &scenario.name]);
    let with = &shown["definition"]["steps"][0]["with"];
    assert_eq!(
        (&with["service"], &with["escalation_policy"], &with["from"]),
        (
            &json!(PagerDuty::TICKET_SERVICE),
            &json!(PagerDuty::ESCALATION_POLICY),
            &json!(PagerDuty::ON_CALL)
        )
    );
    assert!(text(&scenario, &["export", &scenario.name]).contains(PagerDuty::TICKET_SERVICE));
    let written = text(&scenario, &["export", &scenario.name, "--as-written"]);
    assert!(
        written.contains("checkout") && !written.contains(PagerDuty::TICKET_SERVICE),
        "{written}"
    );

    let wrong = scenario.file(
        "yaml",
        &scenario.definition("v3", &named.replace("checkout", "Chekout")),
    );
    let told = refusal(&scenario, &["apply", &wrong]);
    assert!(
        told.contains(".yaml:") && told.contains("did you mean `Checkout` (PSVC8R2)?"),
        "{told}"
    );
    let told = refusal(&scenario, &["apply", &wrong, "--offline"]);
    assert!(told.contains("names are not looked up with --offline"), "{told}");
    let gone = scenario.file(
        "yaml",
        &scenario.definition("v3", &named.replace("checkout", "PXXXXXX")),
    );
    assert!(refusal(&scenario, &["apply", &gone]).contains("`PXXXXXX` is neither the name nor the id of a service"));
    assert_eq!(json_of(&scenario, &["show", &scenario.name])["version"], 1);
}

#[test]
fn ids_of_an_account_that_cannot_be_asked_are_taken_with_a_warning() {
    let scenario = Scenario::without_integration("e2e-unasked");
    scenario.add_integration("no-token-of-this-account");
    let file = scenario.file("yaml", &scenario.definition("v3", &ticket("e2e-unasked")));

    let output = scenario.pagerflow.call(&["workflow", "apply", &file], "").unwrap();

    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{warned}");
    assert!(
        warned.contains("could not be looked up, so their ids are not checked: services, escalation policies, users"),
        "{warned}"
    );
}

#[test]
fn a_folder_is_applied_as_a_whole_or_not_at_all() {
    let scenario = Scenario::without_integration("e2e-folder");
    let folder = std::env::temp_dir().join(format!("pagerflow-{}-e2e-folder", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let write = |file: &str, content: &str| fs::write(folder.join(file), content).unwrap();
    write("b.yml", "name: e2e-folder-b\nsteps: [{ wait: 1s }]\n");
    write(
        "a.json",
        "{\"name\": \"e2e-folder-a\", \"steps\": [{\"wait\": \"1s\"}]}",
    );
    write("c.yaml", "name: e2e-folder-c\nsteps: [{ wait: soon }]\n");
    let path = folder.to_string_lossy().into_owned();

    let told = refusal(&scenario, &["apply", &path]);
    assert!(told.contains("c.yaml:2:17: step 1: wait"), "{told}");
    assert!(refusal(&scenario, &["show", "e2e-folder-a"]).contains("there is no workflow e2e-folder-a"));

    fs::remove_file(folder.join("c.yaml")).unwrap();
    let applied = text(&scenario, &["apply", &path]);
    assert!(
        applied.contains("Applied e2e-folder-a v1") && applied.contains("Applied e2e-folder-b v1"),
        "{applied}"
    );
    let again = text(&scenario, &["apply", &path]);
    assert!(again.contains("e2e-folder-a v1 is unchanged."), "{again}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_schema_is_printed() {
    let scenario = Scenario::without_integration("e2e-schema");
    assert_eq!(json_of(&scenario, &["schema"])["title"], "Pagerflow workflow");
}
