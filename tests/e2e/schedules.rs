//! Workflows that go by a schedule: the local AWS starts them, and EventBridge Scheduler follows the table.

use crate::{
    aws,
    doctor::{examined, levels},
    scenario::{ENDS_WITHIN, Scenario},
};
use aws_sdk_scheduler::{
    Client,
    operation::get_schedule::GetScheduleOutput,
    types::{FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleState, Target},
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use std::{
    thread,
    time::{Duration, Instant},
};

/// The time in which a workflow that is due every minute starts: the local AWS looks every ten seconds.
const STARTS_WITHIN: Duration = Duration::from_secs(100);

/// The group of the stack.
const GROUP: &str = "pagerflow";

fn scheduler(scenario: &Scenario) -> Client {
    Client::new(&aws::config(&scenario.stack))
}

fn definition(name: &str, on: &str) -> String {
    format!("name: {name}\n{on}steps:\n  - set: {{ a: 1 }}\n")
}

/// The schedule of a name, if there is one.
async fn schedule(client: &Client, name: &str) -> Option<GetScheduleOutput> {
    match client.get_schedule().group_name(GROUP).name(name).send().await {
        Ok(found) => Some(found),
        Err(error) => {
            assert!(
                error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_not_found_exception()),
                "{error:?}"
            );
            None
        }
    }
}

/// Makes a schedule by hand, which is due in a thousand days.
async fn make_by_hand(client: &Client, name: &str) {
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off);
    let target = Target::builder()
        .arn("arn:aws:sqs:us-east-1:000000000000:nowhere")
        .role_arn("arn:aws:iam::000000000000:role/nobody");
    let request = client.create_schedule().group_name(GROUP).name(name);
    let request = request
        .schedule_expression("rate(1000 days)")
        .flexible_time_window(window.build().unwrap())
        .target(target.build().unwrap());
    request.send().await.unwrap();
}

/// The messages in a queue, also those that are being worked at.
async fn messages(sqs: &aws_sdk_sqs::Client, queue_url: &str) -> u32 {
    let counts = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let request = sqs.get_queue_attributes().queue_url(queue_url);
    let answer = request.set_attribute_names(Some(counts.to_vec())).send().await;
    let attributes = answer.unwrap().attributes.unwrap_or_default();
    attributes.values().map(|count| count.parse::<u32>().unwrap()).sum()
}

/// The level of the finding about the schedule of a name, and what to do about it.
fn judged(scenario: &Scenario, name: &str) -> (String, String) {
    let (_, findings) = examined(scenario, &[]);
    let area = format!("schedule:{name}");
    let level = levels(&findings, &area).concat();
    let finding = findings.iter().find(|finding| finding["area"] == area.as_str());
    let remedy = finding
        .and_then(|finding| finding["remedy"].as_str())
        .unwrap_or_default();
    (level, remedy.to_owned())
}

fn runs(scenario: &Scenario) -> Vec<Value> {
    let list = ["run", "list", "--workflow", &scenario.name];
    let listed = scenario.pagerflow.json(&list, "").unwrap();
    listed.as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_workflow_that_is_due_every_minute_starts_by_itself_and_its_schedule_follows_it_to_the_end() {
    let scenario = Scenario::new("e2e-minutely");
    let (client, name) = (scheduler(&scenario), scenario.name.clone());
    scenario.apply(&definition(&name, "on: { schedule: { every: 1m } }\n"));
    assert_eq!(judged(&scenario, &name).0, "ok");

    let deadline = Instant::now() + STARTS_WITHIN;
    while runs(&scenario).is_empty() {
        assert!(Instant::now() < deadline, "nothing has started");
        thread::sleep(Duration::from_secs(1));
    }
    let run = runs(&scenario)[0]["run"].as_str().unwrap().to_owned();
    let view = scenario.ended(&run);
    assert_eq!(
        (&view["status"], &view["version"]),
        (&"succeeded".into(), &1.into()),
        "{view:#}"
    );

    scenario.pagerflow.json(&["workflow", "disable", &name], "").unwrap();
    let disabled = schedule(&client, &name).await.unwrap();
    assert_eq!(disabled.state, Some(ScheduleState::Disabled));
    assert_eq!(judged(&scenario, &name).0, "ok");

    scenario
        .pagerflow
        .json(&["workflow", "delete", &name, "--yes"], "")
        .unwrap();
    assert!(schedule(&client, &name).await.is_none());
    assert_eq!(judged(&scenario, &name).0, "");
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found_and_the_command_that_the_doctor_names_mends_it() {
    let scenario = Scenario::new("e2e-drift");
    let (client, name) = (scheduler(&scenario), scenario.name.clone());
    let yearly = definition(
        &name,
        "on: { schedule: { cron: '0 4 1 1 *', timezone: Europe/Berlin } }\n",
    );
    scenario.apply(&yearly);
    let wanted = schedule(&client, &name).await.unwrap();
    assert_eq!(wanted.schedule_expression_timezone(), Some("Europe/Berlin"));

    let deleted = client.delete_schedule().group_name(GROUP).name(&name).send().await;
    deleted.unwrap();
    let enable = format!("pagerflow workflow enable {name}");
    assert_eq!(judged(&scenario, &name), ("problem".to_owned(), enable.clone()));
    make_by_hand(&client, &name).await;
    assert_eq!(judged(&scenario, &name), ("problem".to_owned(), enable));

    scenario.pagerflow.json(&["workflow", "enable", &name], "").unwrap();
    assert_eq!(judged(&scenario, &name).0, "ok");
    let mended = schedule(&client, &name).await.unwrap();
    assert_eq!(
        (mended.schedule_expression, mended.target),
        (wanted.schedule_expression, wanted.target)
    );

    make_by_hand(&client, "e2e-stranger").await;
    let (level, remedy) = judged(&scenario, "e2e-stranger");
    assert_eq!(level, "warning");
    assert!(remedy.starts_with("aws scheduler delete-schedule"), "{remedy}");
    let deleted = client.delete_schedule().group_name(GROUP).name("e2e-stranger").send();
    deleted.await.unwrap();

    // A version without a schedule takes it away, and going back brings it again.
    scenario.apply(&definition(&name, ""));
    assert!(schedule(&client, &name).await.is_none());
    let activate = ["workflow", "activate", &name, "1", "--yes"];
    scenario.pagerflow.json(&activate, "").unwrap();
    assert!(schedule(&client, &name).await.is_some());
    scenario
        .pagerflow
        .json(&["workflow", "delete", &name, "--yes"], "")
        .unwrap();
    assert!(schedule(&client, &name).await.is_none());
    assert_eq!(scenario.apply(&yearly)["version"], 3);
    assert_eq!(judged(&scenario, &name).0, "ok");
}

#[tokio::test]
async fn a_schedule_that_is_behind_the_table_starts_nothing_and_leaves_no_dead_letter() {
    let scenario = Scenario::new("e2e-behind");
    let (client, name) = (scheduler(&scenario), scenario.name.clone());
    scenario.apply(&definition(&name, "on: { schedule: { every: 1m } }\n"));
    let left = schedule(&client, &name).await.unwrap();
    scenario.pagerflow.json(&["workflow", "disable", &name], "").unwrap();

    // As if the command had broken off between the table and the schedule.
    let message = left.target.unwrap().input.unwrap();
    let sqs = aws_sdk_sqs::Client::new(&aws::config(&scenario.stack));
    let send = sqs.send_message().queue_url(&scenario.stack.start_buffer_url);
    send.message_body(message).send().await.unwrap();

    let deadline = Instant::now() + ENDS_WITHIN;
    while messages(&sqs, &scenario.stack.start_buffer_url).await > 0 {
        assert!(Instant::now() < deadline, "the message was not taken in");
        thread::sleep(Duration::from_secs(1));
    }
    assert_eq!(messages(&sqs, &scenario.stack.start_buffer_dead_letters_url).await, 0);
    assert_eq!(runs(&scenario), Vec::<Value>::new());
    scenario
        .pagerflow
        .json(&["workflow", "delete", &name, "--yes"], "")
        .unwrap();
}
