//! What there is in the table, in Step Functions and in the queues.

use crate::error::Error;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    config::{Credentials, SharedCredentialsProvider},
    types::AttributeValue,
};
use aws_sdk_sqs::types::QueueAttributeName;
use local_aws::StackInfo;
use platform::aws::{Patience, sdk_config};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How long to rest between two counts.
const REST: Duration = Duration::from_secs(1);

/// What there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// How many items of ended and of all runs the table has.
    pub(crate) ended: usize,
    pub(crate) runs: Vec<String>,
    /// The names of the executions. One that stands here twice is a doubled run.
    pub(crate) executions: Vec<String>,
    /// What waits in the start-buffer, and what ended in its dead letters.
    pub(crate) waiting: u32,
    pub(crate) dead: u32,
}

impl Census {
    fn is_settled(&self, events: usize) -> bool {
        self.runs.len() >= events && self.ended == self.runs.len() && self.waiting == 0
    }

    /// The number of runs more than once.
    pub(crate) fn doubled(&self) -> usize {
        let count = |names: &[String]| {
            let mut times: BTreeMap<&str, usize> = BTreeMap::new();
            names.iter().for_each(|name| *times.entry(name).or_default() += 1);
            times.values().filter(|times| **times > 1).count()
        };
        count(&self.runs) + count(&self.executions)
    }
}

/// Counts until every event has a run that has ended and nothing waits any more, or the time is over.
pub(crate) async fn when_settled(stack: &StackInfo, events: u32, deadline: Instant) -> Result<Census, Error> {
    let config = config(stack)?;
    let events = usize::try_from(events).unwrap_or(usize::MAX);
    loop {
        let census = take(stack, &config).await?;
        if census.is_settled(events) || Instant::now() > deadline {
            return Ok(census);
        }
        tokio::time::sleep(REST).await;
    }
}

fn config(stack: &StackInfo) -> Result<SdkConfig, Error> {
    let settings = stack.environment();
    let lookup = |name: &str| {
        let setting = settings.iter().find(|(known, _)| *known == name);
        setting.map(|(_, value)| (*value).to_owned())
    };
    let credentials = Credentials::new(&stack.access_key_id, &stack.secret_access_key, None, None, "stack");
    let config = sdk_config(lookup, Patience::Task)?.into_builder();
    Ok(config
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build())
}

async fn take(stack: &StackInfo, config: &SdkConfig) -> Result<Census, Error> {
    let mut census = Census::default();
    // What waits is counted first: what leaves the queue meanwhile is then found among the runs.
    let queues = aws_sdk_sqs::Client::new(config);
    census.waiting = messages(&queues, &stack.start_buffer_url).await?;
    census.dead = messages(&queues, &stack.start_buffer_dead_letters_url).await?;

    #[expect(clippy::disallowed_methods, reason = "the table of a test, and all of it is wanted")]
    let runs = aws_sdk_dynamodb::Client::new(config).scan();
    let mut runs = runs
        .table_name(&stack.table_name)
        .filter_expression("sk = :run")
        .expression_attribute_values(":run", AttributeValue::S("RUN".to_owned()))
        .projection_expression("pk, ended_at")
        .into_paginator()
        .items()
        .send();
    while let Some(run) = runs.next().await {
        let run = run.map_err(Error::aws("list the runs in the table"))?;
        census.ended += usize::from(run.contains_key("ended_at"));
        census.runs.extend(run.get("pk").and_then(|pk| pk.as_s().ok()).cloned());
    }

    let mut executions = aws_sdk_sfn::Client::new(config)
        .list_executions()
        .state_machine_arn(&stack.state_machine_arn)
        .into_paginator()
        .items()
        .send();
    while let Some(execution) = executions.next().await {
        let execution = execution.map_err(Error::aws("list the executions"))?;
        census.executions.push(execution.name);
    }
    Ok(census)
}

/// The number of messages that a queue has, also those that somebody is at work on.
async fn messages(queues: &aws_sdk_sqs::Client, url: &str) -> Result<u32, Error> {
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let request = queues.get_queue_attributes().queue_url(url);
    let answer = request
        .set_attribute_names(Some(names.to_vec()))
        .send()
        .await
        .map_err(Error::aws("count the messages of a queue"))?;
    let attributes = answer.attributes.unwrap_or_default();
    let counts = names
        .iter()
        .filter_map(|name| attributes.get(name)?.parse::<u32>().ok());
    Ok(counts.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(runs: &[&str], executions: &[&str]) -> Census {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Census {
            ended: runs.len(),
            runs: names(runs),
            executions: names(executions),
            ..Census::default()
        }
    }

    #[test]
    fn a_run_with_two_executions_is_doubled() {
        assert_eq!(census(&["RUN#a", "RUN#b"], &["a", "b"]).doubled(), 0);
        assert_eq!(census(&["RUN#a", "RUN#b"], &["a", "a", "b"]).doubled(), 1);
    }

    #[test]
    fn it_is_settled_when_all_runs_are_there_and_have_ended_and_nothing_waits() {
        let all = census(&["RUN#a", "RUN#b"], &["a", "b"]);
        assert!(all.is_settled(2));
        assert!(!all.is_settled(3));
        assert!(
            !Census {
                ended: 1,
                ..all.clone()
            }
            .is_settled(2)
        );
        assert!(!Census { waiting: 1, ..all }.is_settled(2));
    }
}
