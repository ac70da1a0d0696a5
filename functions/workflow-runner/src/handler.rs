//! One Plan.

use crate::state::{Handover, PlanRequest, State};
use jiff::Timestamp;
use pagerduty::webhook::Event;
use platform::{
    intake::{event_value, stored_event},
    table::{
        Bodies, BodyCache, StoreError, VersionSource, Versions,
        journal::{Entry, EventSummary, Journal, Written},
    },
    task::TaskError,
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use workflow::{
    definition::Definition,
    error_name::ErrorName,
    planner::{Failure, Plan, Situation, fail, plan, results_needed},
    run::RunBody,
};

/// All that the runner works with.
#[derive(Debug)]
pub struct Runner<V, B, J> {
    /// Versions of workflows.
    pub versions: Versions<V>,
    /// Large bodies.
    pub bodies: BodyCache<B>,
    /// The journal.
    pub journal: J,
}

impl<V: VersionSource, B: Bodies, J: Journal> Runner<V, B, J> {
    /// Decides what a run does next, and gives it as the state machine takes it: `{"cursor", "command"}`.
    ///
    /// # Errors
    /// `Input.Invalid`, if the state machine sent what no Plan can be made of; `Run.Superseded`, if another execution
    /// holds the run; `Store.Unavailable`, after which the Plan is made again.
    pub async fn plan(&self, payload: Value, now: Timestamp) -> Result<Value, TaskError> {
        let request: PlanRequest = serde_json::from_value(payload).map_err(|error| {
            TaskError::new(
                ErrorName::InputInvalid,
                format!("the state of the execution cannot be read: {error}; start runs through a webhook"),
            )
        })?;
        let result = self.decide(&request, now).await;
        let run = &request.state.run;
        match &result {
            Ok((_, command)) => tracing::info!(run = %run.id, workflow = %run.workflow, command, "planned"),
            Err(error) => tracing::error!(run = %run.id, workflow = %run.workflow, %error, "not planned"),
        }
        result.map(|(handover, _)| handover)
    }

    async fn decide(&self, request: &PlanRequest, now: Timestamp) -> Result<(Value, &'static str), TaskError> {
        let state = &request.state;
        let event = self.event(state).await.map_err(|error| store(&error))?;
        let plan = match self
            .prepare(state, event.as_ref())
            .await
            .map_err(|error| store(&error))?
        {
            Err(failure) => {
                let cursor = state.next.as_ref().map(|next| &next.cursor);
                fail(cursor, request.execution.started_at, failure)
            }
            Ok((definition, event)) => self.decide_from(request, &definition, &event, now).await?,
        };
        self.write(request, event.ok().as_ref(), &plan, now).await
    }

    /// The event that started the run.
    async fn event(&self, state: &State) -> Result<Result<Event, Failure>, StoreError> {
        let large = match &state.trigger.body {
            RunBody::Input { .. } => None,
            RunBody::Table {} => self.bodies.get(&state.run.id).await?,
        };
        Ok(
            stored_event(&state.trigger, large.as_deref().map(Vec::as_slice)).map_err(|problem| {
                Failure::new(
                    ErrorName::EventUnreadable,
                    format!("the event that started the run cannot be read: {problem}"),
                )
            }),
        )
    }

    /// What the planner needs and a run may lack.
    async fn prepare(
        &self,
        state: &State,
        event: Result<&Event, &Failure>,
    ) -> Result<Result<(Arc<Definition>, Value), Failure>, StoreError> {
        if let Some(problem) = &state.trigger.filter_error {
            let message = format!("the condition of the workflow's trigger cannot be evaluated: {problem}");
            return Ok(Err(Failure::new(ErrorName::TemplateError, message)));
        }
        let event = match event.map(event_value) {
            Ok(Ok(event)) => event,
            Ok(Err(problem)) => return Ok(Err(Failure::new(ErrorName::EventUnreadable, problem))),
            Err(failure) => return Ok(Err(failure.clone())),
        };
        let run = &state.run;
        match self.versions.get(&run.workflow, run.version).await {
            Ok(Some(definition)) => Ok(Ok((definition, event))),
            Ok(None) => {
                let message = format!(
                    "there is no {} of the workflow {}; apply it again and replay the event",
                    run.version, run.workflow
                );
                Ok(Err(Failure::new(ErrorName::WorkflowNotFound, message)))
            }
            Err(error @ StoreError::Unreadable { .. }) => {
                Ok(Err(Failure::new(ErrorName::WorkflowInvalid, error.to_string())))
            }
            Err(error) => Err(error),
        }
    }

    async fn decide_from(
        &self,
        request: &PlanRequest,
        definition: &Definition,
        event: &Value,
        now: Timestamp,
    ) -> Result<Plan, TaskError> {
        let state = &request.state;
        let cursor = state.next.as_ref().map(|next| &next.cursor);
        let needed = results_needed(definition, cursor);
        let results = match cursor {
            Some(cursor) if !needed.is_empty() => self
                .journal
                .results(&state.run.id, &cursor.lane, &needed)
                .await
                .map_err(|error| store(&error))?,
            // Before the first Plan there are none.
            _ => BTreeMap::new(),
        };
        Ok(plan(&Situation {
            definition,
            run: &state.run,
            started_at: request.execution.started_at,
            event,
            cursor,
            answer: state.answer().as_ref(),
            results: &results,
            now,
        }))
    }

    async fn write(
        &self,
        request: &PlanRequest,
        event: Option<&Event>,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<(Value, &'static str), TaskError> {
        let state = &request.state;
        let incident = event.and_then(|event| event.incident.as_ref());
        let summary = EventSummary {
            id: state.trigger.event_id.clone(),
            event_type: state.trigger.event_type.clone(),
            incident_id: incident.map(|incident| incident.id.to_string()),
            incident_title: incident.and_then(|incident| incident.title.clone()),
        };
        let unwritable = |error: serde_json::Error| TaskError::new(ErrorName::WorkflowInvalid, error.to_string());
        let handover = serde_json::to_string(&Handover {
            cursor: &plan.cursor,
            command: &plan.command,
        })
        .map_err(unwritable)?;
        let entry = Entry {
            run: &state.run,
            event: &summary,
            execution: &request.execution.arn,
            started_at: request.execution.started_at,
            now,
            plan,
            handover: &handover,
        };
        match self.journal.write(&entry).await.map_err(|error| store(&error))? {
            Written::Now => Ok((
                serde_json::from_str(&handover).map_err(unwritable)?,
                plan.command.type_name(),
            )),
            Written::Before { handover } => Ok((serde_json::from_str(&handover).map_err(unwritable)?, "repeated")),
            Written::Superseded => Err(TaskError::new(
                ErrorName::RunSuperseded,
                format!("another execution holds the run {}; this one ends here", state.run.id),
            )),
        }
    }
}

fn store(error: &StoreError) -> TaskError {
    TaskError::new(ErrorName::StoreUnavailable, error.to_string())
}

#[cfg(test)]
mod tests;
