//! EventBridge Scheduler, as AWS's SDK speaks to it.

use aws_sdk_scheduler::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        create_schedule::builders::CreateScheduleFluentBuilder, get_schedule::GetScheduleOutput,
        update_schedule::builders::UpdateScheduleFluentBuilder,
    },
    types::{DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState, Target},
};
use platform::{
    aws::AwsFailure,
    schedules::{Schedule, ScheduleTarget, SchedulerError, Schedules},
};
use std::error::Error as StdError;
use workflow::ids::WorkflowId;

/// The most attempts that EventBridge Scheduler makes: their time is over first.
///
/// Source: EventBridge Scheduler's API reference, page `API_RetryPolicy`.
const MOST_ATTEMPTS: i32 = 185;

/// The schedules of a group.
#[derive(Debug, Clone)]
pub(crate) struct EventBridgeScheduler {
    client: Client,
    group: String,
}

impl EventBridgeScheduler {
    pub(crate) fn new(client: Client, group: String) -> Self {
        Self { client, group }
    }

    /// The name of the group.
    pub(crate) fn group(&self) -> &str {
        &self.group
    }
}

impl Schedules for EventBridgeScheduler {
    async fn get(&self, name: &str) -> Result<Option<Schedule>, SchedulerError> {
        match self
            .client
            .get_schedule()
            .group_name(&self.group)
            .name(name)
            .send()
            .await
        {
            Ok(found) => Ok(Some(schedule(found))),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|it| it.is_resource_not_found_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(failed("read a schedule", &error)),
        }
    }

    async fn put(&self, workflow: &WorkflowId, schedule: &Schedule) -> Result<(), SchedulerError> {
        let parts = Parts::of(schedule)?;
        match parts
            .clone()
            .update(self.client.update_schedule(), &self.group, workflow)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|it| it.is_resource_not_found_exception()) =>
            {
                let made = parts
                    .create(self.client.create_schedule(), &self.group, workflow)
                    .send()
                    .await;
                made.map(drop).map_err(|error| failed("make a schedule", &error))
            }
            Err(error) => Err(failed("change a schedule", &error)),
        }
    }

    async fn remove(&self, workflow: &WorkflowId) -> Result<(), SchedulerError> {
        let request = self
            .client
            .delete_schedule()
            .group_name(&self.group)
            .name(workflow.as_str());
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|it| it.is_resource_not_found_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(failed("remove a schedule", &error)),
        }
    }

    async fn names(&self) -> Result<Vec<String>, SchedulerError> {
        let request = self.client.list_schedules().group_name(&self.group);
        let mut schedules = request.into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(schedule) = schedules.next().await {
            names.extend(schedule.map_err(|error| failed("list the schedules", &error))?.name);
        }
        Ok(names)
    }
}

/// The parts of a request that making and changing a schedule have in common. A change replaces all of them.
#[derive(Debug, Clone)]
struct Parts {
    expression: String,
    timezone: String,
    window: FlexibleTimeWindow,
    state: ScheduleState,
    target: Target,
}

macro_rules! with_parts {
    ($parts:expr, $request:expr, $group:expr, $workflow:expr) => {
        $request
            .group_name($group)
            .name($workflow.as_str())
            .schedule_expression($parts.expression)
            .schedule_expression_timezone($parts.timezone)
            .flexible_time_window($parts.window)
            .state($parts.state)
            .target($parts.target)
    };
}

impl Parts {
    fn of(schedule: &Schedule) -> Result<Self, SchedulerError> {
        let incomplete = |error: aws_sdk_scheduler::error::BuildError| SchedulerError {
            operation: "put a schedule together",
            cause: error.to_string().into(),
        };
        let mode = match schedule.is_exact {
            true => FlexibleTimeWindowMode::Off,
            false => FlexibleTimeWindowMode::Flexible,
        };
        let retry = RetryPolicy::builder()
            .maximum_event_age_in_seconds(schedule.retry_seconds)
            .maximum_retry_attempts(MOST_ATTEMPTS);
        let target = Target::builder()
            .arn(&schedule.target.queue)
            .role_arn(&schedule.target.role)
            .dead_letter_config(DeadLetterConfig::builder().arn(&schedule.target.dead_letters).build())
            .retry_policy(retry.build())
            .input(&schedule.input);
        Ok(Self {
            expression: schedule.expression.clone(),
            timezone: schedule.timezone.clone(),
            window: FlexibleTimeWindow::builder().mode(mode).build().map_err(incomplete)?,
            state: match schedule.is_enabled {
                true => ScheduleState::Enabled,
                false => ScheduleState::Disabled,
            },
            target: target.build().map_err(incomplete)?,
        })
    }

    fn create(
        self,
        request: CreateScheduleFluentBuilder,
        group: &str,
        workflow: &WorkflowId,
    ) -> CreateScheduleFluentBuilder {
        with_parts!(self, request, group, workflow)
    }

    fn update(
        self,
        request: UpdateScheduleFluentBuilder,
        group: &str,
        workflow: &WorkflowId,
    ) -> UpdateScheduleFluentBuilder {
        with_parts!(self, request, group, workflow)
    }
}

/// A schedule as EventBridge Scheduler has it. What it does not say is empty, and so is not as it is to be.
fn schedule(found: GetScheduleOutput) -> Schedule {
    let target = found.target;
    let of_target = |part: fn(&Target) -> Option<&str>| target.as_ref().and_then(part).unwrap_or_default().to_owned();
    let retry = target.as_ref().and_then(Target::retry_policy);
    Schedule {
        expression: found.schedule_expression.unwrap_or_default(),
        timezone: found.schedule_expression_timezone.unwrap_or_default(),
        is_exact: found
            .flexible_time_window
            .is_some_and(|window| window.mode == FlexibleTimeWindowMode::Off),
        is_enabled: found.state == Some(ScheduleState::Enabled),
        retry_seconds: retry
            .and_then(|retry| retry.maximum_event_age_in_seconds)
            .unwrap_or_default(),
        input: of_target(Target::input),
        target: ScheduleTarget {
            queue: of_target(|target| Some(target.arn())),
            dead_letters: of_target(|target| target.dead_letter_config().and_then(DeadLetterConfig::arn)),
            role: of_target(|target| Some(target.role_arn())),
        },
    }
}

fn failed<E>(operation: &'static str, error: &SdkError<E>) -> SchedulerError
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    SchedulerError {
        operation,
        cause: AwsFailure::of(error),
    }
}
