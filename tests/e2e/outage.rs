//! An outage from its incident to its last note: asked in Slack, answered by a button, a service of ECS restarted and waited for, an issue in
//! Jira, and the incident that says how it went.

use crate::{
    approvals::{self, SOON},
    aws,
    aws_actions::{deploy_role, deploy_service, deployment},
    connectors::Workspace,
    scenario::{Scenario, run_of},
};
use std::time::Instant;
use vendors::{jira, slack};

#[tokio::test]
async fn a_service_is_restarted_once_a_person_says_so_in_slack_and_the_incident_tells_how_it_went() {
    // The account is shared, and a test that is tried again finds its service and its role there.
    let name = &*format!("e2e-outage-{}", std::process::id());
    let scenario = Scenario::new(name);
    let pagerflow = &scenario.pagerflow;
    let workspace = Workspace::open(&scenario.stack);
    let (chat, tracker, cloud) = (
        &*format!("{name}-chat"),
        &*format!("{name}-jira"),
        &*format!("{name}-aws"),
    );
    let add = ["integration", "add", chat, "--type", "slack"];
    pagerflow.json(&add, slack::TOKEN).unwrap();
    let set = ["integration", "signing-secret", "set", chat];
    pagerflow.json(&set, slack::SIGNING_SECRET).unwrap();
    let (site, email) = ("site=acme.atlassian.net", &*format!("email={}", jira::EMAIL));
    let add = [
        "integration",
        "add",
        tracker,
        "--type",
        "jira",
        "--field",
        site,
        "--field",
        email,
    ];
    pagerflow.json(&add, jira::TOKEN).unwrap();
    let role = &*format!("role_arn=arn:aws:iam::000000000000:role/pagerflow-{cloud}");
    let region = &*format!("region={}", scenario.stack.region);
    let add = [
        "integration",
        "add",
        cloud,
        "--type",
        "aws",
        "--field",
        role,
        "--field",
        region,
    ];
    pagerflow.json(&add, "").unwrap();

    let config = aws::config(&scenario.stack);
    deploy_service(&config, name).await;
    let before = deployment(&config, name).await;
    let steps = format!(
        r#"
  - id: say
    uses: slack.post_message
    with: {{ integration: {chat}, channel: C1, text: "{{{{ event.incident.title }}}}" }}
  - id: ok
    approval:
      message: "Restart {name}?"
      choices: [restart, leave]
      notify:
        - uses: slack.post_message
          with: {{ integration: {chat}, channel: C1, text: "Restart {name}?" }}
      timeout: 10m
  - if: steps.ok.outputs.choice != "restart"
    stop: "it is left alone"
  - id: restart
    uses: aws.ecs.update_service
    with: {{ integration: {cloud}, cluster: {name}, service: {name}, force_new_deployment: true }}
  - id: stable
    uses: aws.ecs.wait_until_services_stable
    with: {{ integration: {cloud}, cluster: {name}, services: [{name}] }}
  - id: issue
    uses: jira.create_issue
    with: {{ integration: {tracker}, project: OPS, summary: "Why did {name} need a restart?" }}
  - uses: pagerduty.add_note
    with:
      integration: {name}
      incident_id: "{{{{ event.incident.id }}}}"
      note: "Restarted by {{{{ steps.ok.outputs.by }}}}, see {{{{ steps.issue.outputs.key }}}}"
"#
    );
    let file = scenario.file("yaml", &scenario.definition("v3", &steps));
    deploy_role(&scenario, &config, cloud, &file).await;

    let webhook = scenario.subscribed(&steps);
    let run = run_of(&scenario.trigger(&webhook, "out of memory"));
    approvals::asked(&scenario, &run);
    let deadline = Instant::now() + SOON;
    while workspace.message(1).is_none() {
        assert!(Instant::now() < deadline, "no question in {:?}", workspace.messages());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let url = format!("{}/slack/{chat}/interactions", scenario.stack.webhook_url);
    let button = workspace.press(1, "restart", "U1", slack::SIGNING_SECRET);
    assert_eq!(approvals::pressed(&url, &button), 200);

    let view = scenario.ended_within(&run, SOON * 3);
    assert_eq!(view["status"], "succeeded", "{view:#}");
    assert!(
        workspace.messages()[0].contains("out of memory"),
        "{:?}",
        workspace.messages()
    );
    assert_ne!(deployment(&config, name).await, before, "the service was deployed anew");
    let issues = workspace.issues();
    assert_eq!(issues.len(), 1, "{issues:#?}");
    let incident = &scenario
        .pagerduty
        .incidents_titled(&format!("{name}: out of memory"))
        .unwrap()[0];
    let note = incident["notes"][0]["content"].as_str().unwrap();
    let expected = format!(
        "Restarted by slack:U1 (jane), see {}",
        issues[0]["key"].as_str().unwrap()
    );
    assert!(note.starts_with(&expected), "{note}");
    let shown = view.to_string();
    for host in ["slack.com", "ecs.", "acme.atlassian.net"] {
        assert!(shown.contains(host), "the run names the host {host}: {view:#}");
    }
}
