//! Nothing that anybody can read holds a secret: the whole path of the demo, and what goes wrong on it.
//!
//! The secrets of these scenarios stand nowhere else, so that each is a marker. All that Pagerflow writes is searched for
//! them afterwards, also in the forms that they take in URLs, in headers and in compressed bodies. Secrets Manager itself is
//! the one place that has them.

mod forms;
mod sinks;

use self::{
    forms::Marker,
    sinks::{Sinks, search},
};
use crate::{
    connectors::Workspace,
    scenario::{Scenario, Webhook, run_of, ticket, ticket_titled},
};
use serde_json::json;
use tests::PagerDuty;
use vendors::slack;

/// A token that the simulated PagerDuty does not know.
const WRONG_TOKEN: &str = "marked-token-of-nobody+/7Q";

/// A key of the Events API that leads to no service.
const ROUTING_KEY: &str = "c0ffee5ec4e7c0ffee5ec4e7c0ffee5e";

/// Commands of `pagerflow` and what they said.
struct Person<'a> {
    scenario: &'a Scenario,
    said: Vec<(String, String)>,
}

impl Person<'_> {
    /// Sets something up.
    #[track_caller]
    fn sets_up(&mut self, arguments: &[&str], secret: &str) {
        let code = self.calls(arguments, secret);
        assert_eq!(code, Some(0), "{:?}", self.said.last());
    }

    /// Calls `pagerflow`, whatever comes of it.
    fn calls(&mut self, arguments: &[&str], secret: &str) -> Option<i32> {
        let output = self.scenario.pagerflow.call(arguments, secret).unwrap();
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        self.said
            .push((format!("pagerflow {}", arguments.join(" ")), said.join("\n")));
        output.status.code()
    }
}

/// Steps that open an incident, close it, and fail at the Events API.
fn steps(integration: &str) -> String {
    format!(
        "{}  - uses: pagerduty.resolve_incident\n    with:\n      integration: {integration}\n      \
         incident_id: \"{{{{ steps.ticket.outputs.incident_id }}}}\"\n      from: {}\n      note: done\n  \
         - uses: pagerduty.trigger_alert\n    with: {{ integration: {integration}, routing_key: alerts, summary: s, source: a, severity: info }}\n",
        ticket(integration),
        PagerDuty::ON_CALL
    )
}

#[tokio::test]
async fn i5_nothing_that_pagerflow_writes_holds_a_secret() {
    let scenario = Scenario::without_integration("e2e-marked");
    let refused = Scenario::without_integration("e2e-marked-refused");
    let unsigned = Scenario::without_integration("e2e-marked-v2");
    let posted = Scenario::without_integration("e2e-marked-slack");
    let workspace = Workspace::open(&scenario.stack);
    let mut person = Person {
        scenario: &scenario,
        said: Vec::new(),
    };

    // What a person sets up.
    let name = scenario.name.as_str();
    let from = ["--default-from", PagerDuty::ON_CALL];
    person.sets_up(&[&["integration", "add", name][..], &from].concat(), PagerDuty::TOKEN);
    person.sets_up(
        &[&["integration", "add", &refused.name, "--no-verify"][..], &from].concat(),
        WRONG_TOKEN,
    );
    person.sets_up(&["integration", "routing-key", "add", name, "alerts"], ROUTING_KEY);
    let refused_steps = format!("steps:\n  - {}\n", ticket_titled(&refused.name, "marked"));
    person.sets_up(
        &[&["integration", "add", &unsigned.name][..], &from].concat(),
        PagerDuty::TOKEN,
    );
    person.sets_up(&["integration", "add", &posted.name, "--type", "slack"], slack::TOKEN);
    let post = format!(
        "steps:\n  - uses: slack.post_message\n    with: {{ integration: {}, channel: C1, text: marked }}\n  \
         - uses: slack.post_message\n    with: {{ integration: {}, channel: C999, text: marked }}\n",
        posted.name, posted.name
    );
    for (scenario, definition) in [
        (&posted, posted.by_hand(&post)),
        (&scenario, scenario.definition("v3", &steps(name))),
        (&refused, refused.by_hand(&refused_steps)),
        (&unsigned, unsigned.definition("v2", "  - wait: 1s\n")),
    ] {
        let file = scenario.file("yaml", &definition);
        person.sets_up(&["workflow", "apply", &file, "--yes"], "");
    }
    // The one time that a key is shown is not searched.
    let webhook = scenario.webhook();
    let subscription = scenario
        .pagerduty
        .subscribe(
            &webhook.url,
            PagerDuty::MONITORED_SERVICE,
            &["incident.triggered"],
            &webhook.api_key,
        )
        .unwrap();
    let add = [
        "integration",
        "signing-secret",
        "add",
        name,
        "--subscription",
        &subscription.id,
    ];
    person.sets_up(&add, &subscription.secret);
    // A V2 delivery has no signature, and its body repeats the headers that it is sent with.
    let unsigned_webhook = unsigned.webhook();
    let extension = unsigned.pagerduty.extend(
        &unsigned_webhook.url,
        PagerDuty::MONITORED_SERVICE,
        &unsigned_webhook.api_key,
    );
    extension.unwrap();
    let markers = [
        Marker::new("API token", PagerDuty::TOKEN),
        Marker::new("API token that is refused", WRONG_TOKEN),
        Marker::new("routing key", ROUTING_KEY),
        Marker::new("token of Slack", slack::TOKEN),
        Marker::new("signing secret", &subscription.secret),
        Marker::new("API key", secret_part(&webhook)),
        Marker::new("API key of V2", secret_part(&unsigned_webhook)),
    ];

    // What PagerDuty and others send.
    let delivery = scenario.trigger(&webhook, "marked");
    scenario.pagerduty.unsubscribe(&subscription.id).unwrap();
    let mut answers = vec![delivery["attempts"].to_string()];
    let unsigned_delivery = unsigned.trigger(&unsigned_webhook, "marked");
    assert!(
        unsigned_delivery["body"]
            .as_str()
            .unwrap()
            .contains(&unsigned_webhook.api_key)
    );
    answers.push(unsigned_delivery["attempts"].to_string());
    for changes in [
        json!({}),
        json!({"headers": {"x-pagerduty-signature": format!("v1={}", "0".repeat(64))}}),
        json!({"headers": {"x-api-key": format!("{}x", webhook.api_key)}}),
        json!({"headers": {"x-pagerduty-signature": null}}),
        json!({"body": format!("no JSON, with the key {}", webhook.api_key)}),
    ] {
        let id = delivery["id"].as_str().unwrap();
        let replies = scenario.pagerduty.redeliver(id, 1, &changes).unwrap();
        answers.extend(replies.iter().map(ToString::to_string));
    }
    // Authentic, as V2 is by its key alone, and unreadable: it is set aside.
    let unreadable =
        json!({"body": format!("no JSON, for {}, with the key {}", unsigned.name, unsigned_webhook.api_key)});
    let id = unsigned_delivery["id"].as_str().unwrap();
    let replies = unsigned.pagerduty.redeliver(id, 1, &unreadable).unwrap();
    answers.extend(replies.iter().map(ToString::to_string));
    let run = run_of(&delivery);
    let view = scenario.ended(&run);
    assert_eq!(
        view["steps"][1]["state"], "success",
        "an incident was opened and resolved: {view:#}"
    );
    assert_eq!(view["status"], "failed", "the Events API knows no such key: {view:#}");

    let unsigned_run = run_of(&unsigned_delivery);
    assert_eq!(unsigned.ended(&unsigned_run)["status"], "succeeded");

    // A token that PagerDuty refuses.
    let refused_run = refused.start(&[]);
    let view = refused.ended(&refused_run);
    assert_eq!(view["error"]["name"], "PagerDuty.Unauthorized", "{view:#}");

    // Another system, which takes the one message and refuses the other.
    let posted_run = posted.start(&[]);
    let view = posted.ended(&posted_run);
    assert_eq!(view["error"]["name"], "Slack.NotFound", "{view:#}");
    assert_eq!(workspace.messages(), ["marked"]);

    // What a person looks at.
    for run in [&run, &unsigned_run, &refused_run, &posted_run] {
        for rest in [&["--output", "json"][..], &["--event"], &[]] {
            person.calls(&[&["run", "show", run][..], rest].concat(), "");
        }
    }
    for command in [
        &["run", "list"][..],
        &["key", "list", "--workflow", name],
        &["key", "show", &webhook.key_id],
        &["integration", "list", "--output", "json"],
        &["integration", "show", name],
        &["integration", "show", &posted.name],
        &["integration", "test", &posted.name],
        &["integration", "test", name],
        &["integration", "test", &refused.name],
        &["integration", "routing-key", "list", name],
        &["integration", "signing-secret", "list", name],
        &["integration", "add", "Not An Alias"],
        &["workflow", "show", name],
        &["services", "--integration", &refused.name],
        &["webhook", "list", name],
    ] {
        person.calls(command, WRONG_TOKEN);
    }

    let mut sinks = Sinks::default();
    sinks.texts.extend(person.said);
    sinks.texts.extend(
        answers
            .into_iter()
            .map(|answer| ("an answer of the ingress".to_owned(), answer)),
    );
    sinks.read_logs(&scenario).await;
    sinks.read_table(&scenario).await;
    sinks.read_dead_letters(&scenario).await;
    sinks
        .read_executions(&scenario, &[&run, &unsigned_run, &refused_run, &posted_run])
        .await;

    // So that nothing was searched that holds nothing.
    for (sink, told) in [
        ("log", run.as_str()),
        ("log", "action failed"),
        ("log", "delivery refused"),
        ("log", "PagerDutyCalls"),
        ("log", "SystemCalls"),
        ("log", "slack.post_message"),
        ("log", "requestId"),
        ("table", &run),
        ("table", "marked"),
        ("body of a dead letter", "no JSON, for e2e-marked-v2"),
        ("body of a dead letter", "(API key)"),
        ("input of", "e2e-marked"),
        ("output of", &unsigned_run),
        ("history of", "ResolveIncident"),
        ("history of", "pagerduty.trigger_alert"),
        ("history of", "PagerDuty.Unauthorized"),
        ("history of", "Slack.NotFound"),
        ("answer", "unauthorized"),
        ("pagerflow run show", "PagerDuty.Unauthorized"),
        ("pagerflow integration show", "alerts"),
    ] {
        let holds = |(name, text): &(String, String)| name.contains(sink) && text.contains(told);
        assert!(
            sinks.texts.iter().any(holds),
            "no {sink} tells {told}: {:?}",
            sinks.names()
        );
    }
    assert_eq!(search(&sinks, &markers), [] as [String; 0]);
}

/// The part of an API key that nobody may know; its id is told everywhere.
fn secret_part(webhook: &Webhook) -> &str {
    let (_, part) = webhook.api_key.split_once(&format!("_{}_", webhook.key_id)).unwrap();
    part.get(..43).unwrap()
}
