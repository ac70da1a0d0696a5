//! The log of the ingress in CloudWatch Logs.

use super::ping::{DeliveryLog, LogLine};
use aws_sdk_cloudwatchlogs::Client;
use jiff::Timestamp;
use pagerduty::ids::SubscriptionId;
use platform::{aws::AwsFailure, delivery_log::filter_pattern};

/// The log group, or why it is not known.
#[derive(Debug)]
pub(super) struct CloudWatchLog {
    pub(super) client: Client,
    pub(super) group: Result<String, String>,
}

impl DeliveryLog for CloudWatchLog {
    async fn lines(&self, of: &SubscriptionId, since: Timestamp) -> Result<Vec<LogLine>, String> {
        let group = self.group.as_ref().map_err(String::clone)?;
        let mut events = self
            .client
            .filter_log_events()
            .log_group_name(group)
            .start_time(since.as_millisecond())
            .filter_pattern(filter_pattern(of))
            .into_paginator()
            .send();
        let mut lines = Vec::new();
        while let Some(page) = events.next().await {
            let page =
                page.map_err(|error| format!("the log {group} could not be read: {}", AwsFailure::of(&error)))?;
            for event in page.events.unwrap_or_default() {
                let text = event.message.unwrap_or_default();
                let id = event.event_id.unwrap_or_else(|| {
                    let stream = event.log_stream_name.unwrap_or_default();
                    format!("{stream} {} {text}", event.timestamp.unwrap_or_default())
                });
                lines.push(LogLine { id, text });
            }
        }
        Ok(lines)
    }
}
