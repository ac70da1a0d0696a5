//! All that Pagerflow writes.

use super::forms::Marker;
use crate::{aws, scenario::Scenario};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::types::HistoryEvent;
use platform::body;
use std::collections::BTreeSet;

/// What was written, by where it stands.
#[derive(Debug, Default)]
pub(super) struct Sinks {
    pub(super) texts: Vec<(String, String)>,
}

/// Where which marker stands.
pub(super) fn search(sinks: &Sinks, markers: &[Marker]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in &sinks.texts {
        let texts = [text.clone()].into_iter().chain(inflated(text));
        for text in texts {
            for marker in markers {
                if let Some(form) = marker.is_in(&text) {
                    found.push(format!("{name} holds the {} {form}", marker.name));
                }
            }
        }
    }
    found
}

/// What the compressed bodies in a text say.
fn inflated(text: &str) -> Vec<String> {
    let is_base64 = |character: char| character.is_ascii_alphanumeric() || "+/=_-".contains(character);
    text.split(|character| !is_base64(character))
        .filter(|word| word.len() > 40)
        .filter_map(|word| body::decompress(&body::from_text(word).ok()?).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

impl Sinks {
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.texts.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn add(&mut self, name: String, text: impl Into<String>) {
        self.texts.push((name, text.into()));
    }

    /// All log groups: those of the functions, and that of the API where it has one.
    pub(super) async fn read_logs(&mut self, scenario: &Scenario) {
        let client = aws_sdk_cloudwatchlogs::Client::new(&aws::config(&scenario.stack));
        let groups = client.describe_log_groups().send().await.unwrap();
        let groups: Vec<_> = groups
            .log_groups()
            .iter()
            .filter_map(|group| group.log_group_name())
            .collect();
        for function in scenario.stack.functions.values() {
            assert!(
                groups.iter().any(|group| group.ends_with(function.as_str())),
                "{function}: {groups:?}"
            );
        }
        for group in groups {
            let mut pages = client.filter_log_events().log_group_name(group).into_paginator().send();
            while let Some(page) = pages.next().await {
                for event in page.unwrap().events() {
                    self.add(format!("the log {group}"), event.message().unwrap_or_default());
                }
            }
        }
    }

    /// Every item of the table, of all tests.
    pub(super) async fn read_table(&mut self, scenario: &Scenario) {
        let client = aws_sdk_dynamodb::Client::new(&aws::config(&scenario.stack));
        let table = &scenario.stack.table_name;
        #[expect(clippy::disallowed_methods, reason = "the table of a test, and all of it is wanted")]
        let scan = client.scan();
        let mut items = scan.table_name(table).into_paginator().items().send();
        while let Some(item) = items.next().await {
            for (name, value) in item.unwrap() {
                if let AttributeValue::B(bytes) = &value {
                    let bytes = bytes.as_ref();
                    let bytes = body::decompress(bytes).unwrap_or_else(|_| bytes.to_vec());
                    self.add(
                        format!("the table, compressed in {name}"),
                        String::from_utf8_lossy(&bytes),
                    );
                }
                // With the escapes of JSON text in it undone.
                self.add(format!("the table, in {name}"), format!("{value:?}").replace('\\', ""));
            }
        }
    }

    /// The letters of the dead-letter queue, of all tests: deliveries that could not be read.
    pub(super) async fn read_dead_letters(&mut self, scenario: &Scenario) {
        let client = aws_sdk_sqs::Client::new(&aws::config(&scenario.stack));
        let mut seen = BTreeSet::new();
        let mut idle = 0;
        // A queue shows some of its messages at a time, and the same ones again, as nobody takes them out here.
        while idle < 5 {
            let receive = client
                .receive_message()
                .queue_url(&scenario.stack.dead_letter_queue_url)
                .max_number_of_messages(10)
                .visibility_timeout(1);
            let received = receive.send().await.unwrap();
            idle += 1;
            for message in received.messages() {
                if seen.insert(message.message_id().unwrap_or_default().to_owned()) {
                    idle = 0;
                    let letter = message.body().unwrap_or_default();
                    self.add("a dead letter".to_owned(), letter);
                    for body in inflated(letter) {
                        self.add("the body of a dead letter".to_owned(), body);
                    }
                }
            }
        }
    }

    /// Input, output and history of the executions of runs.
    pub(super) async fn read_executions(&mut self, scenario: &Scenario, runs: &[&str]) {
        let client = aws_sdk_sfn::Client::new(&aws::config(&scenario.stack));
        for run in runs {
            let execution = scenario
                .stack
                .state_machine_arn
                .replace(":stateMachine:", ":execution:");
            let execution = format!("{execution}:{run}");
            let described = client
                .describe_execution()
                .execution_arn(&execution)
                .send()
                .await
                .unwrap();
            self.add(format!("the input of {run}"), described.input().unwrap_or_default());
            let end = [described.output(), described.error(), described.cause()];
            let end: Vec<&str> = end.into_iter().flatten().collect();
            self.add(format!("the output of {run}"), end.join("\n"));
            let mut events = client
                .get_execution_history()
                .execution_arn(&execution)
                .include_execution_data(true)
                .into_paginator()
                .items()
                .send();
            while let Some(event) = events.next().await {
                for text in told_by(&event.unwrap()) {
                    self.add(format!("the history of {run}"), text.replace('\\', ""));
                }
            }
        }
    }
}

/// What an event of a history tells: input, parameters, output, error and cause. Its `Debug` leaves these out.
fn told_by(event: &HistoryEvent) -> Vec<String> {
    macro_rules! texts {
        ($($details:ident { $($text:ident),+ })+) => {
            [$(event.$details().map(|details| vec![$(text(details.$text())),+])),+]
        };
    }
    let texts = texts! {
        execution_started_event_details { input }
        execution_succeeded_event_details { output }
        execution_failed_event_details { error, cause }
        execution_aborted_event_details { error, cause }
        state_entered_event_details { name, input }
        state_exited_event_details { output }
        lambda_function_scheduled_event_details { input }
        lambda_function_succeeded_event_details { output }
        lambda_function_failed_event_details { error, cause }
        task_scheduled_event_details { parameters }
        task_submitted_event_details { output }
        task_succeeded_event_details { output }
        task_failed_event_details { error, cause }
    };
    texts.into_iter().flatten().flatten().collect()
}

/// A text, which AWS always or only sometimes gives.
fn text<'a>(given: impl Into<Option<&'a str>>) -> String {
    given.into().unwrap_or_default().to_owned()
}
