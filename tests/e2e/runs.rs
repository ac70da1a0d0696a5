//! What people do with runs: list, look at, follow and replay them.

use crate::scenario::{ENDS_WITHIN, Scenario, run_of, ticket, ticket_titled};
use serde_json::{Value, json};
use tests::PagerDuty;

/// A scenario whose workflow makes a ticket and then fails, because PagerDuty knows no such incident.
const CLOSE_NOTHING: &str = "  - id: close\n    uses: pagerduty.resolve_incident\n    with: { integration: ALIAS, incident_id: QNOSUCHINCIDENT, from: FROM }\n";

fn close_nothing(alias: &str) -> String {
    CLOSE_NOTHING
        .replace("ALIAS", alias)
        .replace("FROM", PagerDuty::ON_CALL)
}

fn texts(list: &Value, name: &str) -> Vec<String> {
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| row[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn runs_are_listed_newest_first_by_workflow_and_status() {
    let scenario = Scenario::without_integration("e2e-list");
    let first = scenario.started("  - wait: 1s\n");
    scenario.ended(&first);
    let second = scenario.started("  - fail: no\n");
    scenario.ended(&second);
    let list = |more: &[&str]| {
        let arguments: Vec<&str> = ["run", "list", "--workflow", "e2e-list"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        texts(&scenario.pagerflow.json(&arguments, "").unwrap(), "run")
    };
    assert_eq!(list(&[]), [second.clone(), first.clone()]);
    assert_eq!(list(&["--status", "failed"]), *std::slice::from_ref(&second));
    assert_eq!(list(&["--limit", "1"]), *std::slice::from_ref(&second));

    let all = scenario
        .pagerflow
        .json(&["run", "list", "--limit", "1000"], "")
        .unwrap();
    assert!(texts(&all, "run").contains(&first), "the other index has it too");
    let text = scenario
        .pagerflow
        .text(&["run", "list", "--workflow", "e2e-list"], "")
        .unwrap();
    assert!(
        text.starts_with("RUN ") && text.contains("failed: Step.Failed"),
        "{text}"
    );
}

#[test]
fn the_event_of_a_run_is_printed_as_it_was_delivered() {
    let scenario = Scenario::new("e2e-event");
    let webhook = scenario.subscribed("  - wait: 1s\n");
    let delivery = scenario.trigger(&webhook, "to print");
    let run = run_of(&delivery);
    scenario.ended(&run);
    let text = scenario.pagerflow.text(&["run", "show", &run, "--event"], "").unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["event"]["event_type"], "incident.triggered");
    assert!(
        event["event"]["data"]["title"].as_str().unwrap().contains("to print"),
        "{text}"
    );
}

#[test]
fn f2_a_failed_run_is_shown_with_what_to_do_and_replayed_from_its_failed_step() {
    let scenario = Scenario::new("e2e-replay");
    let steps = format!("{}{}", ticket(&scenario.name), close_nothing(&scenario.name));
    let webhook = scenario.subscribed(&steps);
    let run = run_of(&scenario.trigger(&webhook, "half done"));
    let view = scenario.ended(&run);
    assert_eq!(view["status"], "failed", "{view:#}");
    assert_eq!(view["replay_from"], "close", "{view:#}");
    assert_eq!(
        view["steps"][1]["attempts"][0]["error"]["name"], "PagerDuty.NotFound",
        "{view:#}"
    );
    assert!(view["cost"]["estimated_usd"].as_f64().unwrap() > 0.0, "{view:#}");
    let shown = scenario.pagerflow.call(&["run", "show", &run], "").unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.starts_with("failed after "), "{shown}");
    assert!(
        shown.contains(&format!("pagerflow run replay {run} --from close")),
        "{shown}"
    );

    // The workflow is put right, and the run goes on from where it failed.
    let right = format!(
        "{}{}",
        ticket(&scenario.name),
        close_nothing(&scenario.name).replace("QNOSUCHINCIDENT", "\"{{ steps.ticket.outputs.incident_id }}\"")
    );
    scenario.apply(&scenario.definition("v3", &right));
    let replay = |more: &[&str]| {
        let arguments: Vec<&str> = ["run", "replay", &run, "--from", "close", "--latest"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        scenario.pagerflow.json(&arguments, "").unwrap()
    };
    let plan = replay(&[]);
    assert_eq!((&plan["started"], &plan["kept"]), (&json!(false), &json!(["ticket"])));
    assert_eq!(plan["effects"][0]["again"], "kept", "{plan:#}");
    let started = replay(&["--yes"]);
    let again = started["run"].as_str().unwrap();
    let view = scenario.ended_within(again, ENDS_WITHIN);

    assert_eq!(
        (&view["status"], &view["replay_of"]),
        (&json!("succeeded"), &json!(run)),
        "{view:#}"
    );
    assert_eq!(
        (&view["steps"][0]["kept"], &view["steps"][1]["state"]),
        (&json!(true), &json!("success"))
    );
    assert_eq!(scenario.tickets("half done").len(), 1, "the ticket was kept");
    let watched = scenario.pagerflow.text(&["run", "watch", again], "").unwrap();
    assert!(
        watched.contains("kept: ") && watched.contains("succeeded in"),
        "{watched}"
    );
}

#[test]
fn a_run_by_hand_is_replayed_from_the_beginning_once_somebody_has_said_yes() {
    let scenario = Scenario::new("e2e-replay-hand");
    let step = ticket_titled(&scenario.name, "e2e-replay-hand: {{ inputs.n }}");
    scenario.apply(&scenario.by_hand(&format!("inputs: {{ n: {{ type: integer }} }}\nsteps: [{step}]\n")));
    let run = scenario.start(&["n=7"]);
    scenario.ended(&run);
    let unasked = scenario.pagerflow.call(&["run", "replay", &run], "").unwrap();
    let said = String::from_utf8_lossy(&unasked.stderr).into_owned();
    assert!(!unasked.status.success() && said.contains("pass --yes"), "{said}");
    let told = String::from_utf8_lossy(&unasked.stdout).into_owned();
    assert!(told.contains("IS DONE A SECOND TIME"), "{told}");

    let started = scenario.pagerflow.json(&["run", "replay", &run, "--yes"], "").unwrap();
    scenario.ended(started["run"].as_str().unwrap());
    let made = scenario.pagerduty.incidents_titled("e2e-replay-hand: 7").unwrap();
    assert_eq!(made.len(), 2, "an effect key of its own");
}

#[test]
fn a_run_that_does_not_exist_cannot_be_replayed_and_one_that_goes_on_neither() {
    let scenario = Scenario::without_integration("e2e-replay-not");
    let output = scenario
        .pagerflow
        .call(&["run", "replay", "nosuchrun", "--yes"], "")
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let run = scenario.started("  - wait: 1h\n");
    scenario.once(&run, ENDS_WITHIN, |view| view["status"] == "running");
    let output = scenario.pagerflow.call(&["run", "replay", &run, "--yes"], "").unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("still goes on"), "{said}");
    scenario.pagerflow.json(&["run", "cancel", &run], "").unwrap();
}

#[test]
fn the_completions_of_a_shell_need_no_stack() {
    let scenario = Scenario::without_integration("e2e-completions");
    let script = scenario.pagerflow.text(&["completions", "bash"], "").unwrap();
    assert!(script.contains("_pagerflow()"), "{script}");
}
