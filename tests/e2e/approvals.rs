//! Approvals: asked by a message with a link or buttons, decided on its page, by a button or by the command, and over when the run is.

use crate::{connectors::Workspace, scenario::Scenario};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::{Duration, Instant};
use vendors::slack::{self, Pressed};

/// The time in which a lane has asked, or goes on with a decision, on a loaded machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// The one approval of a run that waits for a decision.
pub(crate) fn asked(scenario: &Scenario, run: &str) -> Value {
    scenario.once(run, SOON, |view| {
        let steps = view["steps"].as_array();
        steps.is_some_and(|steps| {
            steps
                .iter()
                .any(|step| step["id"] == "ok" && step["state"] == "waiting")
        })
    });
    let list = scenario.pagerflow.json(&["approval", "list"], "").unwrap();
    let approvals = list["approvals"].as_array().unwrap().iter();
    let mut own = approvals.filter(|approval| approval["run"] == run);
    let asked = own.next().expect("an approval of the run").clone();
    assert!(own.next().is_none(), "{list:#}");
    asked
}

/// The first note of the incident of a title, which is sent once the approval is asked for.
fn first_note(scenario: &Scenario, title: &str) -> String {
    let deadline = Instant::now() + SOON;
    loop {
        let incidents = scenario.pagerduty.incidents_titled(title).unwrap();
        if let Some(note) = incidents[0]["notes"][0]["content"].as_str() {
            return note.to_owned();
        }
        assert!(Instant::now() < deadline, "{incidents:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A page of the function: the status, and the text.
fn page(url: &str, form: Option<&[(&str, &str)]>) -> (u16, String) {
    let agent = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent();
    let answer = match form {
        None => agent.get(url).call(),
        Some(form) => agent.post(url).send_form(form.iter().copied()),
    };
    let mut answer = answer.unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn a_person_with_the_link_decides_on_its_page_and_the_run_goes_on_at_once() {
    let name = "e2e-approval-link";
    let scenario = Scenario::new(name);
    let run = scenario.started(&format!(
        r#"
  - id: incident
    uses: pagerduty.create_incident
    with: {{ integration: {name}, title: "{name}: disk full", service: PSVC8R2, escalation_policy: PT20YPA }}
  - id: ok
    approval:
      message: "Restart <b>web</b>?"
      choices: [restart, leave]
      form: {{ reason: {{ type: text }} }}
      notify:
        - uses: pagerduty.add_note
          with:
            integration: {name}
            incident_id: "{{{{ steps.incident.outputs.incident_id }}}}"
            note: "Decide: {{{{ approval.link }}}}"
      timeout: 10m
  - set: {{ answer: "{{{{ steps.ok.outputs.choice }}}}" }}
"#
    ));
    let approval = asked(&scenario, &run);

    // The link is in the message and nowhere else.
    let note = first_note(&scenario, &format!("{name}: disk full"));
    let line = note.lines().next().unwrap_or_default();
    let (_, token) = line.rsplit_once('/').expect("a link in the note");
    assert!(
        note.starts_with("Decide: https://") && token.starts_with(approval["id"].as_str().unwrap()),
        "{note}"
    );
    let shown = scenario
        .pagerflow
        .call(&["run", "show", &run, "--output", "json"], "")
        .unwrap();
    assert!(!String::from_utf8_lossy(&shown.stdout).contains(token));
    let link = format!("{}/approvals/{token}", scenario.stack.webhook_url);

    // Reading decides nothing, whoever reads.
    for _ in 0..2 {
        let (status, text) = page(&link, None);
        assert_eq!(status, 200, "{text}");
        assert!(
            text.contains("Restart &lt;b&gt;web&lt;/b&gt;?") && text.contains("restart"),
            "{text}"
        );
    }
    let (status, _) = page(&format!("{link}x"), Some(&[("choice", "restart"), ("name", "Eve")]));
    assert_eq!(status, 404, "a forged link");
    let (status, text) = page(&link, Some(&[("choice", "restart"), ("name", "Anna")]));
    assert_eq!(status, 422, "{text}");
    assert!(text.contains("reason"), "{text}");

    let form = [("choice", "restart"), ("name", "Anna"), ("field.reason", "it leaks")];
    let (status, _) = page(&link, Some(&form));
    assert_eq!(status, 303);

    let view = scenario.ended(&run);
    assert_eq!(view["status"], "succeeded", "{view:#}");
    let outputs = &view["steps"][1]["outputs"];
    assert_eq!(
        (
            &outputs["choice"],
            &outputs["by"],
            &outputs["via"],
            &outputs["form"]["reason"]
        ),
        (&"restart".into(), &"Anna".into(), &"link".into(), &"it leaks".into()),
        "{view:#}"
    );
    let took = time(&view["ended_at"]).duration_since(time(&outputs["at"]));
    assert!(
        took < SignedDuration::try_from(SOON).unwrap(),
        "it went on {took:#} after the decision"
    );

    // The first decision stands, and the page says who made it.
    let late = [("choice", "leave"), ("name", "Bob"), ("field.reason", "no")];
    assert_eq!(page(&link, Some(&late)).0, 303);
    let (status, text) = page(&link, None);
    assert_eq!(status, 200);
    assert!(
        text.contains("Decided: restart") && text.contains("Anna") && !text.contains("Bob"),
        "{text}"
    );
}

/// The status with which a button is answered.
pub(crate) fn pressed(url: &str, pressed: &Pressed) -> u16 {
    let agent = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent();
    let mut request = agent.post(url);
    for (name, value) in pressed.headers() {
        request = request.header(name, value);
    }
    request.send(pressed.body.as_bytes()).unwrap().status().as_u16()
}

#[test]
fn a_person_presses_a_button_in_slack_and_the_run_goes_on_and_the_message_says_so() {
    let name = "e2e-approval-slack";
    let scenario = Scenario::without_integration(name);
    let workspace = Workspace::open(&scenario.stack);
    let add = ["integration", "add", name, "--type", "slack"];
    scenario.pagerflow.json(&add, slack::TOKEN).unwrap();
    let set = ["integration", "signing-secret", "set", name];
    let set = scenario.pagerflow.json(&set, slack::SIGNING_SECRET).unwrap();
    let url = format!("{}/slack/{name}/interactions", scenario.stack.webhook_url);
    assert!(
        set["answers_url"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/slack/{name}/interactions")),
        "{set:#}"
    );

    let run = scenario.started(&format!(
        r#"
  - id: ok
    approval:
      message: "Restart web?"
      choices: [restart, leave it]
      approvers: [slack:U1]
      notify:
        - uses: slack.post_message
          with: {{ integration: {name}, channel: C1, text: "Restart *web*?" }}
      timeout: 10m
"#
    ));
    asked(&scenario, &run);
    let deadline = Instant::now() + SOON;
    while workspace.message(0).is_none() {
        assert!(Instant::now() < deadline, "no message");
        std::thread::sleep(Duration::from_millis(100));
    }

    let forged = workspace.press(0, "restart", "U1", "another secret");
    assert_eq!(pressed(&url, &forged), 401);
    let by_another = workspace.press(0, "restart", "U2", slack::SIGNING_SECRET);
    assert_eq!(pressed(&url, &by_another), 200);
    assert!(
        workspace.whispers()[0].contains("only slack:U1 may decide"),
        "{:?}",
        workspace.whispers()
    );
    let button = workspace.press(0, "leave it", "U1", slack::SIGNING_SECRET);
    assert_eq!(pressed(&url, &button), 200);

    let view = scenario.ended(&run);
    assert_eq!(view["status"], "succeeded", "{view:#}");
    let outputs = &view["steps"][0]["outputs"];
    assert_eq!(
        (&outputs["choice"], &outputs["by"], &outputs["via"]),
        (&"leave it".into(), &"slack:U1 (jane)".into(), &"slack".into()),
        "{view:#}"
    );
    let message = workspace.message(0).unwrap();
    let shown = message["blocks"].to_string();
    assert!(
        shown.contains("*leave it*: decided by <@U1>") && !shown.contains("button"),
        "{message:#}"
    );
}

#[test]
fn a_person_with_credentials_decides_by_the_command_and_only_once() {
    let scenario = Scenario::without_integration("e2e-approval-command");
    let run = scenario.started(
        "  - id: ok\n    approval: { message: \"Fail over?\", timeout: 10m }\n  - if: steps.ok.outputs.choice == \"deny\"\n    fail: denied\n",
    );
    let id = asked(&scenario, &run)["id"].as_str().unwrap().to_owned();
    let text = scenario.pagerflow.call(&["run", "show", &run], "").unwrap();
    let text = String::from_utf8_lossy(&text.stdout);
    assert!(text.contains(&format!("pagerflow approval show {id}")), "{text}");
    let show = scenario.pagerflow.text(&["approval", "show", &id], "").unwrap();
    assert!(
        show.contains("Fail over?") && show.contains(&format!("pagerflow approval decide {id} approve")),
        "{show}"
    );

    let refused = scenario
        .pagerflow
        .call(&["approval", "decide", &id, "maybe"], "")
        .unwrap();
    let refused = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.contains("which are `approve` or `deny`"), "{refused}");

    let made = scenario
        .pagerflow
        .json(&["approval", "decide", &id, "deny"], "")
        .unwrap();
    assert_eq!(made["decision"]["choice"], "deny", "{made:#}");
    let view = scenario.ended(&run);
    assert_eq!(
        (&view["status"], &view["error"]["name"]),
        (&"failed".into(), &"Step.Failed".into()),
        "{view:#}"
    );
    assert!(
        view["steps"][0]["outputs"]["by"].as_str().unwrap().starts_with("arn:"),
        "{view:#}"
    );

    let again = scenario
        .pagerflow
        .call(&["approval", "decide", &id, "approve"], "")
        .unwrap();
    let again = String::from_utf8_lossy(&again.stderr);
    assert!(
        again.contains("nothing was decided") && again.contains("decided `deny`"),
        "{again}"
    );
}

#[test]
fn an_approval_is_over_with_its_time_and_with_its_run() {
    let scenario = Scenario::without_integration("e2e-approval-over");
    let timed_out = scenario.started("  - id: ok\n    approval: { message: m, timeout: 5s, on_timeout: deny }\n");
    let view = scenario.ended(&timed_out);
    assert_eq!(view["status"], "succeeded", "{view:#}");
    let outputs = &view["steps"][0]["outputs"];
    assert_eq!(
        (&outputs["choice"], &outputs["via"]),
        (&"deny".into(), &"timeout".into()),
        "{view:#}"
    );

    let run = scenario.started("  - id: ok\n    approval: { message: m, timeout: 1h }\n");
    let id = asked(&scenario, &run)["id"].as_str().unwrap().to_owned();
    scenario.pagerflow.json(&["run", "cancel", &run], "").unwrap();
    assert_eq!(scenario.ended(&run)["status"], "cancelled");
    let late = scenario
        .pagerflow
        .call(&["approval", "decide", &id, "approve"], "")
        .unwrap();
    let late = String::from_utf8_lossy(&late.stderr);
    assert!(late.contains("its run was cancelled"), "{late}");
    let list = scenario.pagerflow.json(&["approval", "list"], "").unwrap();
    let approvals = list["approvals"].as_array().unwrap();
    assert!(
        approvals.iter().all(|approval| approval["run"] != run.as_str()),
        "{list:#}"
    );
}
