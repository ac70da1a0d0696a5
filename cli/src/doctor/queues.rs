//! Messages in the queues: unreadable events, and runs that did not start.

use super::finding::Finding;
use crate::stack::{Resources, Stack};
use aws_sdk_cloudwatch::types::{Dimension, Statistic};
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::{SignedDuration, Timestamp};
use platform::aws::AwsFailure;

/// The window in which the age of a queue is looked for. SQS reports it once a minute.
const AGE_OF_LAST: SignedDuration = SignedDuration::from_mins(15);
/// A run that waits longer does so because Step Functions does not start it.
const LONGEST_WAIT: u64 = 60;

/// A queue of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Queue {
    DeadLetters,
    StartBuffer,
    StartBufferDeadLetters,
    UnrecordedEnds,
}

impl Queue {
    const ALL: [Self; 4] = [
        Self::DeadLetters,
        Self::StartBuffer,
        Self::StartBufferDeadLetters,
        Self::UnrecordedEnds,
    ];

    /// Its name in the template.
    fn resource(self) -> &'static str {
        match self {
            Self::DeadLetters => "DeadLetterQueue",
            Self::StartBuffer => "StartBuffer",
            Self::StartBufferDeadLetters => "StartBufferDeadLetters",
            Self::UnrecordedEnds => "UnrecordedEnds",
        }
    }

    fn area(self) -> &'static str {
        match self {
            Self::DeadLetters => "dead_letters",
            Self::StartBuffer => "start_buffer",
            Self::StartBufferDeadLetters => "start_buffer_dead_letters",
            Self::UnrecordedEnds => "unrecorded_ends",
        }
    }
}

/// The content of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    url: String,
    messages: u64,
    /// The age of the oldest message, in seconds.
    age: Option<u64>,
}

/// Looks into all queues, without taking anything out of them.
pub(super) async fn check(stack: &Stack, resources: &Resources, now: Timestamp) -> Vec<Finding> {
    let log = resources
        .id_of("WebhookIngressLogs")
        .unwrap_or("LOG-OF-WEBHOOK-INGRESS");
    let start_buffer = resources
        .id_of(Queue::StartBuffer.resource())
        .unwrap_or("URL-OF-START-BUFFER");
    let mut findings = Vec::new();
    for queue in Queue::ALL {
        findings.push(match resources.id_of(queue.resource()) {
            Some(url) => match look(stack, url, now).await {
                Ok(waiting) => judge(queue, &waiting, log, start_buffer),
                Err(cause) => Finding::not_checked(
                    queue.area(),
                    format!("The queue {url} could not be looked at: {cause}."),
                ),
            },
            None => Finding::not_checked(queue.area(), format!("The stack has no queue {}.", queue.resource())),
        });
    }
    findings
}

async fn look(stack: &Stack, url: &str, now: Timestamp) -> Result<Waiting, String> {
    // Those that are being worked at are waiting as well: they come back if that fails.
    let counts = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let sqs = aws_sdk_sqs::Client::new(&stack.config);
    let request = sqs.get_queue_attributes().queue_url(url);
    let answer = request.set_attribute_names(Some(counts.to_vec())).send().await;
    let attributes = answer
        .map_err(|error| AwsFailure::of(&error).to_string())?
        .attributes
        .unwrap_or_default();
    let mut messages = 0;
    for count in &counts {
        let count = attributes.get(count).and_then(|count| count.parse::<u64>().ok());
        messages += count.ok_or("SQS does not tell how many messages there are")?;
    }
    let age = if messages > 0 { age(stack, url, now).await } else { None };
    Ok(Waiting {
        url: url.to_owned(),
        messages,
        age,
    })
}

/// The age of the oldest message, in seconds, as CloudWatch last had it.
async fn age(stack: &Stack, url: &str, now: Timestamp) -> Option<u64> {
    let (_, name) = url.rsplit_once('/')?;
    let since = now.saturating_sub(AGE_OF_LAST).ok()?;
    let time = |time: Timestamp| aws_sdk_cloudwatch::primitives::DateTime::from_secs(time.as_second());
    let request = aws_sdk_cloudwatch::Client::new(&stack.config)
        .get_metric_statistics()
        .namespace("AWS/SQS")
        .metric_name("ApproximateAgeOfOldestMessage")
        .dimensions(Dimension::builder().name("QueueName").value(name).build())
        .start_time(time(since))
        .end_time(time(now))
        .period(60)
        .statistics(Statistic::Maximum);
    let points = request.send().await.ok()?.datapoints?;
    let newest = points
        .into_iter()
        .max_by_key(|point| point.timestamp.map(|time| time.secs()))?;
    // No age is so great that it would be cut, and none is negative.
    newest.maximum.map(|seconds| seconds as u64)
}

/// The finding about a queue with messages. `log` is the log of webhook-ingress, `start_buffer` the URL of that queue.
fn judge(queue: Queue, waiting: &Waiting, log: &str, start_buffer: &str) -> Finding {
    let Waiting { url, messages, age } = waiting;
    let area = queue.area();
    let oldest = match age {
        Some(seconds) => format!("The oldest has waited for {}.", length(*seconds)),
        None => "How long the oldest has waited is not known.".to_owned(),
    };
    let look = format!("aws sqs receive-message --queue-url {url} --visibility-timeout 0 --max-number-of-messages 10");
    match (queue, messages) {
        (Queue::DeadLetters, 0) => Finding::ok(area, "No webhook was unreadable."),
        (Queue::StartBuffer, 0) => Finding::ok(area, "No run waits for Step Functions."),
        (Queue::StartBufferDeadLetters, 0) => Finding::ok(area, "No run was given up that did not start."),
        (Queue::UnrecordedEnds, 0) => Finding::ok(area, "The end of every run was recorded."),
        (Queue::DeadLetters, count) => Finding::problem(
            area,
            format!(
                "Authentic webhooks that could not be read, or not as a whole: {count}. Nothing was started for what could \
                 not be read. {oldest} Each is kept for two weeks."
            ),
            format!("See the reason in each, and delete those that are dealt with:\n{look}"),
        ),
        (Queue::StartBuffer, count) => {
            let text = format!(
                "Runs that wait because Step Functions throttles, is out of reach or refuses: {count}. {oldest}"
            );
            let remedy = format!(
                "They start by themselves when that is over. The log tells the reason:\n\
                 aws logs tail {log} --since 1h --filter-pattern '\"waits in the start-buffer\"'"
            );
            match age {
                Some(age) if *age > LONGEST_WAIT => Finding::problem(area, text, remedy),
                _ => Finding::warning(area, text, remedy),
            }
        }
        (Queue::StartBufferDeadLetters, count) => Finding::problem(
            area,
            format!(
                "Runs that did not start in eleven hours, and schedules that were due and could not be sent: {count}. {oldest} Each is \
                 kept for two weeks."
            ),
            format!(
                "When Step Functions and EventBridge Scheduler work again, send them back:\n\
                 arn() {{ aws sqs get-queue-attributes --queue-url $1 --attribute-names QueueArn --query Attributes.QueueArn --output text; }}\n\
                 aws sqs start-message-move-task --source-arn $(arn {url}) --destination-arn $(arn {start_buffer})"
            ),
        ),
        (Queue::UnrecordedEnds, count) => Finding::problem(
            area,
            format!("Ends of runs that could not be recorded: {count}. Those runs still show as running. {oldest}"),
            format!("See which, and look at their executions in Step Functions:\n{look}"),
        ),
    }
}

fn length(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::text;
    use super::*;
    use crate::output::Screen;

    fn told(messages: u64, age: Option<u64>) -> String {
        let waiting = |queue: Queue| Waiting {
            url: format!("https://sqs/1/{}", queue.area()),
            messages,
            age,
        };
        let findings = Queue::ALL.map(|queue| {
            judge(
                queue,
                &waiting(queue),
                "/aws/lambda/pagerflow-webhook-ingress",
                "https://sqs/1/start_buffer",
            )
        });
        text(&findings, Screen::plain())
    }

    #[test]
    fn empty_queues_are_in_order() {
        insta::assert_snapshot!(told(0, None), @"
        ok           No webhook was unreadable.
        ok           No run waits for Step Functions.
        ok           No run was given up that did not start.
        ok           The end of every run was recorded.

        Nothing is wrong.
        ");
    }

    #[test]
    fn what_waits_is_told_with_its_number_and_age() {
        insta::assert_snapshot!(told(2, Some(7_300)), @r#"
        problem      Authentic webhooks that could not be read, or not as a whole: 2. Nothing was started for what could not be read. The oldest has waited for 2 h. Each is kept for two weeks.
                     See the reason in each, and delete those that are dealt with:
                     aws sqs receive-message --queue-url https://sqs/1/dead_letters --visibility-timeout 0 --max-number-of-messages 10
        problem      Runs that wait because Step Functions throttles, is out of reach or refuses: 2. The oldest has waited for 2 h.
                     They start by themselves when that is over. The log tells the reason:
                     aws logs tail /aws/lambda/pagerflow-webhook-ingress --since 1h --filter-pattern '"waits in the start-buffer"'
        problem      Runs that did not start in eleven hours, and schedules that were due and could not be sent: 2. The oldest has waited for 2 h. Each is kept for two weeks.
                     When Step Functions and EventBridge Scheduler work again, send them back:
                     arn() { aws sqs get-queue-attributes --queue-url $1 --attribute-names QueueArn --query Attributes.QueueArn --output text; }
                     aws sqs start-message-move-task --source-arn $(arn https://sqs/1/start_buffer_dead_letters) --destination-arn $(arn https://sqs/1/start_buffer)
        problem      Ends of runs that could not be recorded: 2. Those runs still show as running. The oldest has waited for 2 h.
                     See which, and look at their executions in Step Functions:
                     aws sqs receive-message --queue-url https://sqs/1/unrecorded_ends --visibility-timeout 0 --max-number-of-messages 10

        4 problems.
        "#);
    }

    #[test]
    fn a_run_that_waits_for_an_unknown_time_is_no_problem_yet_and_anything_given_up_is() {
        insta::assert_snapshot!(told(1, None), @r#"
        problem      Authentic webhooks that could not be read, or not as a whole: 1. Nothing was started for what could not be read. How long the oldest has waited is not known. Each is kept for two weeks.
                     See the reason in each, and delete those that are dealt with:
                     aws sqs receive-message --queue-url https://sqs/1/dead_letters --visibility-timeout 0 --max-number-of-messages 10
        warning      Runs that wait because Step Functions throttles, is out of reach or refuses: 1. How long the oldest has waited is not known.
                     They start by themselves when that is over. The log tells the reason:
                     aws logs tail /aws/lambda/pagerflow-webhook-ingress --since 1h --filter-pattern '"waits in the start-buffer"'
        problem      Runs that did not start in eleven hours, and schedules that were due and could not be sent: 1. How long the oldest has waited is not known. Each is kept for two weeks.
                     When Step Functions and EventBridge Scheduler work again, send them back:
                     arn() { aws sqs get-queue-attributes --queue-url $1 --attribute-names QueueArn --query Attributes.QueueArn --output text; }
                     aws sqs start-message-move-task --source-arn $(arn https://sqs/1/start_buffer_dead_letters) --destination-arn $(arn https://sqs/1/start_buffer)
        problem      Ends of runs that could not be recorded: 1. Those runs still show as running. How long the oldest has waited is not known.
                     See which, and look at their executions in Step Functions:
                     aws sqs receive-message --queue-url https://sqs/1/unrecorded_ends --visibility-timeout 0 --max-number-of-messages 10

        3 problems, 1 warning.
        "#);
    }

    #[test]
    fn lengths_of_time_are_told_in_one_unit() {
        let lengths = [5, 119, 120, 7_199, 7_200, 172_799, 172_800].map(length);
        assert_eq!(lengths, ["5 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }
}
