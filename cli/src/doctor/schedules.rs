//! Schedules: EventBridge Scheduler must have those that the table names, and no others.

use super::finding::Finding;
use crate::{error::Error, schedules::mend, stack::Stack};
use platform::{
    schedules::{Schedule, ScheduleTarget, SchedulerError, Schedules},
    table::{WorkflowRecord, WorkflowState},
};
use std::collections::BTreeMap;

const AREA: &str = "schedules";

/// The schedules of the stack.
#[derive(Debug)]
pub(super) struct Found {
    /// The group that they are in.
    group: String,
    /// The place that they are to send to.
    target: ScheduleTarget,
    schedules: BTreeMap<String, Schedule>,
}

/// Compares the schedules of the stack with the workflows.
pub(super) async fn check(workflows: &[WorkflowRecord], stack: &Stack) -> Vec<Finding> {
    match look(stack).await {
        Ok(found) => judge(workflows, &found),
        // A stack that nothing was ever scheduled in may be older than schedules are.
        Err(Error::NoOutput { .. }) if !workflows.iter().any(|workflow| workflow.schedule.was_ever()) => Vec::new(),
        Err(error) => vec![Finding::not_checked(
            AREA,
            format!("The schedules are not known: {error}."),
        )],
    }
}

async fn look(stack: &Stack) -> Result<Found, Error> {
    let (scheduler, target) = stack.schedules().await?;
    let schedules = all(&scheduler).await?;
    Ok(Found {
        group: scheduler.group().to_owned(),
        target,
        schedules,
    })
}

/// All schedules, by their names.
async fn all(schedules: &impl Schedules) -> Result<BTreeMap<String, Schedule>, SchedulerError> {
    let mut all = BTreeMap::new();
    for name in schedules.names().await? {
        if let Some(schedule) = schedules.get(&name).await? {
            all.insert(name, schedule);
        }
    }
    Ok(all)
}

fn judge(workflows: &[WorkflowRecord], found: &Found) -> Vec<Finding> {
    let of_workflows = workflows.iter().filter_map(|workflow| {
        let schedule = found.schedules.get(workflow.workflow.as_str());
        judge_one(workflow, schedule, &found.target)
    });
    let is_known = |name: &str| workflows.iter().any(|workflow| workflow.workflow.as_str() == name);
    let others = found.schedules.keys().filter(|name| !is_known(name));
    let others = others.map(|name| {
        Finding::warning(
            format!("schedule:{name}"),
            format!("There is a schedule {name} in the group of the stack, and no workflow of that name."),
            format!(
                "aws scheduler delete-schedule --group-name {} --name {name}",
                found.group
            ),
        )
    });
    of_workflows.chain(others).collect()
}

/// The finding about the schedule of a workflow, if it has one or should have one.
fn judge_one(workflow: &WorkflowRecord, schedule: Option<&Schedule>, target: &ScheduleTarget) -> Option<Finding> {
    let id = &workflow.workflow;
    let area = format!("schedule:{id}");
    let remedy = mend(id, workflow.state);
    match (schedule, Schedule::of(workflow, target)) {
        (None, None) => None,
        (Some(_), None) => Some(Finding::warning(
            area,
            format!(
                "EventBridge Scheduler has a schedule of the workflow {id}, which {}. What it sends starts nothing.",
                reason(workflow)
            ),
            remedy,
        )),
        (None, Some(wanted)) => {
            let text = format!("EventBridge Scheduler has no schedule of the workflow {id}");
            Some(match wanted.is_enabled {
                true => Finding::problem(area, format!("{text}, so that it does not start by itself."), remedy),
                false => Finding::warning(area, format!("{text}, which is disabled."), remedy),
            })
        }
        (Some(schedule), Some(wanted)) => {
            let differences = schedule.differences(&wanted);
            if differences.is_empty() {
                let state = workflow.state;
                return Some(Finding::ok(
                    area,
                    format!("The schedule of the workflow {id} is {state}, as the table has it."),
                ));
            }
            let text = format!(
                "The schedule of the workflow {id} is not as the table has it: {}.",
                differences.join("; ")
            );
            Some(match wanted.is_enabled {
                true => Finding::problem(area, text, remedy),
                false => Finding::warning(area, text, remedy),
            })
        }
    }
}

/// The reason a workflow should have no schedule.
fn reason(workflow: &WorkflowRecord) -> String {
    match workflow.state {
        WorkflowState::Deleted => "was deleted".to_owned(),
        WorkflowState::Enabled | WorkflowState::Disabled => {
            format!("has none in {}, the active version", workflow.active_version)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doctor::finding::text,
        output::Screen,
        schedules::tests::{mornings, target, workflow},
    };
    use platform::table::WorkflowSchedule;

    fn found(schedules: &[(&str, Schedule)]) -> Found {
        let schedules = schedules
            .iter()
            .map(|(name, schedule)| ((*name).to_owned(), schedule.clone()));
        Found {
            group: "pagerflow".to_owned(),
            target: target(),
            schedules: schedules.collect(),
        }
    }

    fn told(workflows: &[WorkflowRecord], schedules: &[(&str, Schedule)]) -> String {
        text(&judge(workflows, &found(schedules)), Screen::plain())
    }

    fn wanted(workflow: &WorkflowRecord) -> Schedule {
        Schedule::of(workflow, &target()).unwrap()
    }

    #[test]
    fn schedules_as_the_table_has_them_are_in_order_and_workflows_without_one_are_passed_over() {
        let (enabled, disabled) = (
            workflow("on", WorkflowState::Enabled, mornings()),
            workflow("off", WorkflowState::Disabled, mornings()),
        );
        let schedules = [("on", wanted(&enabled)), ("off", wanted(&disabled))];
        let by_hand = workflow("by-hand", WorkflowState::Enabled, WorkflowSchedule::Never);
        let gone = workflow("gone", WorkflowState::Deleted, mornings());
        insta::assert_snapshot!(told(&[enabled, disabled, by_hand, gone], &schedules), @"
        ok           The schedule of the workflow on is enabled, as the table has it.
        ok           The schedule of the workflow off is disabled, as the table has it.

        Nothing is wrong.
        ");
    }

    #[test]
    fn a_schedule_that_is_missing_left_over_or_of_no_workflow_is_found_with_the_command_that_mends_it() {
        let enabled = workflow("on", WorkflowState::Enabled, mornings());
        let schedule = wanted(&enabled);
        let workflows = [
            enabled,
            workflow("off", WorkflowState::Disabled, mornings()),
            workflow("gone", WorkflowState::Deleted, mornings()),
            workflow("changed", WorkflowState::Enabled, WorkflowSchedule::Ended),
        ];
        let schedules = ["gone", "changed", "stranger"].map(|name| (name, schedule.clone()));
        insta::assert_snapshot!(told(&workflows, &schedules), @"
        problem      EventBridge Scheduler has no schedule of the workflow on, so that it does not start by itself.
                     pagerflow workflow enable on
        warning      EventBridge Scheduler has no schedule of the workflow off, which is disabled.
                     pagerflow workflow disable off
        warning      EventBridge Scheduler has a schedule of the workflow gone, which was deleted. What it sends starts nothing.
                     pagerflow workflow delete gone --yes
        warning      EventBridge Scheduler has a schedule of the workflow changed, which has none in v7, the active version. What it sends starts nothing.
                     pagerflow workflow enable changed
        warning      There is a schedule stranger in the group of the stack, and no workflow of that name.
                     aws scheduler delete-schedule --group-name pagerflow --name stranger

        1 problem, 4 warnings.
        ");
    }

    #[test]
    fn each_difference_is_told() {
        let enabled = workflow("on", WorkflowState::Enabled, mornings());
        let schedule = Schedule {
            expression: "rate(5 minutes)".to_owned(),
            timezone: "UTC".to_owned(),
            is_enabled: false,
            input: wanted(&enabled).input.replace('7', "6"),
            ..wanted(&enabled)
        };
        insta::assert_snapshot!(told(&[enabled], &[("on", schedule)]), @r#"
        problem      The schedule of the workflow on is not as the table has it: the state is disabled instead of enabled; the times are rate(5 minutes) instead of cron(0 9 ? * MON-FRI *); the time zone is UTC instead of Europe/Berlin; the message is {"schedule":"on","version":6,"scheduled_at":"<aws.scheduler.scheduled-time>"} instead of {"schedule":"on","version":7,"scheduled_at":"<aws.scheduler.scheduled-time>"}.
                     pagerflow workflow enable on

        1 problem.
        "#);
    }
}
