//! The alarms of the stack.

use super::finding::Finding;
use crate::stack::{Resources, Stack};
use aws_sdk_cloudwatch::types::StateValue;
use platform::aws::AwsFailure;

const AREA: &str = "alarms";
const TYPE: &str = "AWS::CloudWatch::Alarm";

/// The state of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alarm {
    name: String,
    /// Its name in the template, under which the runbook tells of it.
    section: String,
    /// Its description in the template.
    description: String,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Quiet,
    Ringing,
    Unknown,
}

/// Asks CloudWatch for the alarms of the stack.
pub(super) async fn check(stack: &Stack, resources: &Resources) -> Vec<Finding> {
    let in_stack = resources.of_type(TYPE);
    if in_stack.is_empty() {
        return vec![Finding::not_checked(AREA, "The stack has no alarms.")];
    }
    let names = in_stack.iter().map(|(_, name)| (*name).to_owned()).collect();
    // A hundred names may be asked for at once; the template has a handful.
    let request = aws_sdk_cloudwatch::Client::new(&stack.config).describe_alarms();
    match request.set_alarm_names(Some(names)).max_records(100).send().await {
        Ok(answer) => {
            let alarms = answer.metric_alarms.unwrap_or_default().into_iter();
            let alarms = alarms.map(|alarm| {
                let name = alarm.alarm_name.unwrap_or_default();
                let known = in_stack.iter().find(|(_, known)| *known == name);
                Alarm {
                    section: known.map_or("", |(section, _)| *section).to_owned(),
                    name,
                    description: alarm.alarm_description.unwrap_or_default(),
                    state: match alarm.state_value {
                        Some(StateValue::Ok) => State::Quiet,
                        Some(StateValue::Alarm) => State::Ringing,
                        _ => State::Unknown,
                    },
                }
            });
            judge(&alarms.collect::<Vec<_>>(), in_stack.len())
        }
        Err(error) => vec![Finding::not_checked(
            AREA,
            format!("The alarms could not be looked up: {}.", AwsFailure::of(&error)),
        )],
    }
}

fn judge(alarms: &[Alarm], in_stack: usize) -> Vec<Finding> {
    let of = |state| alarms.iter().filter(move |alarm| alarm.state == state);
    let mut findings: Vec<_> = of(State::Ringing)
        .map(|alarm| {
            let Alarm { name, section, .. } = alarm;
            Finding::problem(
                format!("{AREA}:{section}"),
                format!("The alarm {section} is on: {}", alarm.description),
                format!(
                    "docs/runbook.md tells under {section} how to look and what to do. Since when it is on:\n\
                     aws cloudwatch describe-alarm-history --alarm-name {name}"
                ),
            )
        })
        .collect();
    let ringing = findings.len();
    let quiet = of(State::Quiet).count();
    if quiet > 0 {
        findings.push(Finding::ok(AREA, format!("{quiet} of {in_stack} alarms are quiet.")));
    }
    let unknown = in_stack.saturating_sub(ringing + quiet);
    if unknown > 0 {
        findings.push(Finding::not_checked(
            AREA,
            format!("{unknown} of {in_stack} alarms have no data, or CloudWatch does not know them."),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::text;
    use super::*;
    use crate::output::Screen;

    fn alarm(name: &str, state: State) -> Alarm {
        Alarm {
            name: format!("pagerflow-{name}-1ABC"),
            section: name.to_owned(),
            description: "An authentic PagerDuty event could not be read.".to_owned(),
            state,
        }
    }

    #[test]
    fn an_alarm_that_is_on_is_told_with_what_it_means_and_one_without_data_is_not_checked() {
        let alarms = [
            alarm("DeadLetterAlarm", State::Ringing),
            alarm("LoopAlarm", State::Quiet),
            alarm("StartBufferAgeAlarm", State::Quiet),
            alarm("UnacknowledgedAlarm", State::Unknown),
        ];
        insta::assert_snapshot!(text(&judge(&alarms, 5), Screen::plain()), @"
        problem      The alarm DeadLetterAlarm is on: An authentic PagerDuty event could not be read.
                     docs/runbook.md tells under DeadLetterAlarm how to look and what to do. Since when it is on:
                     aws cloudwatch describe-alarm-history --alarm-name pagerflow-DeadLetterAlarm-1ABC
        ok           2 of 5 alarms are quiet.
        not checked  2 of 5 alarms have no data, or CloudWatch does not know them.

        1 problem, 1 question not answered.
        ");
    }

    #[test]
    fn quiet_alarms_are_in_order() {
        let findings = judge(&[alarm("LoopAlarm", State::Quiet)], 1);
        assert_eq!(findings, [Finding::ok(AREA, "1 of 1 alarms are quiet.")]);
    }
}
