//! One incident from PagerDuty's webhook to its end.

use std::time::{Duration, Instant};

use local_aws::{Progress, Project};
use serde_json::Value;
use tests::{PagerDuty, Pagerflow};

use crate::cloud::{Cloud, Setup};
use crate::console::Console;
use crate::error::Error;

const INTEGRATION: &str = "prod";
const WORKFLOW: &str = "memory-alert";
const DEFINITION: &str = "examples/memory-alert.yaml";
/// The time that the first delivery of a webhook may take: the start of a function, on a loaded machine.
const DELIVERED_WITHIN: Duration = Duration::from_secs(30);

/// The chore of that name.
pub(crate) fn run(project: &Project, keep: bool) -> Result<(), Error> {
    let started = Instant::now();
    let cloud = Cloud::start(project, Setup::new("demo"))?;
    cloud.with(|cloud| play(project, cloud))?;
    Console.say(&format!("\nDone in {:.0} s.", started.elapsed().as_secs_f64()));

    if keep {
        Console.say("\nTo start another run, open an incident in the simulated PagerDuty:");
        Console.say(&format!(
            "  curl {}/_simulator/incidents -H 'content-type: application/json' \\",
            cloud.simulator.url()
        ));
        Console.say(&format!(
            "    -d '{{\"title\": \"Memory at 97 % again\", \"service\": \"{}\"}}'",
            PagerDuty::MONITORED_SERVICE
        ));
        cloud.keep_running()?;
    }
    Ok(())
}

/// What the demo shows.
fn play(project: &Project, cloud: &Cloud) -> Result<(), Error> {
    let pagerflow = Pagerflow::new(cloud.stack.clone());
    let pagerduty = cloud.simulator.pagerduty();
    let webhook_url = configure(project, &pagerflow)?;
    let run = send_event(&pagerduty, &webhook_url)?;
    Console.begin(&format!("Following the run: pagerflow run watch {run}"));
    local_aws::run("pagerflow run watch", &mut pagerflow.command(&["run", "watch", &run])?)?;
    show_incidents(&pagerduty)
}

/// Does on the local stack what a person does once on a real one, and gives the URL of the webhook.
fn configure(project: &Project, pagerflow: &Pagerflow) -> Result<String, Error> {
    let say = |arguments: &[&str], secret: &str| -> Result<(), Error> {
        Console.say(pagerflow.text(arguments, secret)?.trim_end());
        Ok(())
    };
    Console.begin("Storing the integration: pagerflow integration add prod");
    say(
        &["integration", "add", INTEGRATION, "--default-from", PagerDuty::ON_CALL],
        PagerDuty::TOKEN,
    )?;
    Console.begin(&format!("Storing the workflow: pagerflow workflow apply {DEFINITION}"));
    say(&["workflow", "apply", &project.path(DEFINITION).to_string_lossy()], "")?;
    let subscribe = [
        "webhook",
        "subscribe",
        INTEGRATION,
        "--workflow",
        WORKFLOW,
        "--service",
        PagerDuty::MONITORED_SERVICE,
    ];
    Console.begin(&format!(
        "Subscribing it to PagerDuty's webhooks: pagerflow {}",
        subscribe.join(" ")
    ));
    say(&subscribe, "")?;
    let told = pagerflow.json(&["webhook", "url", WORKFLOW], "")?;
    let url = told.get("webhook_url").and_then(Value::as_str).map(str::to_owned);
    let url = url.ok_or_else(|| tests::Error::Answer {
        from: "pagerflow",
        missing: "webhook URL",
        answer: told.to_string(),
    })?;
    Ok(url)
}

/// Opens an incident in PagerDuty, and gives the id of the run that its webhook started.
fn send_event(pagerduty: &PagerDuty, webhook_url: &str) -> Result<String, Error> {
    let incident = pagerduty.trigger("Memory at 97 %", PagerDuty::MONITORED_SERVICE)?;
    Console.begin(&format!(
        "PagerDuty opened incident {incident} and sends incident.triggered"
    ));
    let delivery = pagerduty.delivery(webhook_url, &incident, DELIVERED_WITHIN)?;
    let body = delivery
        .pointer("/attempts/0/body")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    let run = answer.pointer("/events/0/run").and_then(Value::as_str);
    run.map(str::to_owned)
        .ok_or_else(|| Error::NotAccepted(delivery.to_string()))
}

/// The incidents as PagerDuty has them now.
fn show_incidents(pagerduty: &PagerDuty) -> Result<(), Error> {
    Console.begin("The incidents as PagerDuty has them now");
    for entry in pagerduty.incidents()? {
        let field = |name: &str| {
            entry
                .pointer(&format!("/incident/{name}"))
                .map(plain)
                .unwrap_or_default()
        };
        Console.say(&format!(
            "#{} {} {}: {}",
            field("incident_number"),
            field("id"),
            field("status"),
            field("title")
        ));
        for note in entry.get("notes").and_then(Value::as_array).into_iter().flatten() {
            let content = note.get("content").map(plain).unwrap_or_default();
            Console.say(&format!("    note: {}", content.replace('\n', "\n          ")));
        }
    }
    Ok(())
}

/// A value as a person writes it: text without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
