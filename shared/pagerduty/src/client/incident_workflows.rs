//! PagerDuty's own incident workflows.

use reqwest::Method;
use serde_json::{Value, json};

use super::Account;
use crate::{
    error::Error,
    ids::{IdempotencyKey, IncidentId, IncidentWorkflowId},
    lenient,
};

/// One run of an incident workflow in PagerDuty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowInstance {
    pub id: Option<String>,
}

impl Account<'_> {
    /// `POST /incident_workflows/{id}/instances`: starts a workflow that has a manual trigger, each time anew. PagerDuty
    /// documents the `name` that is given for it as an identifier to tell the instances apart, and no `From`.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where it may have been started.
    pub async fn start_incident_workflow(
        &self,
        workflow: &IncidentWorkflowId,
        incident: &IncidentId,
        name: Option<&IdempotencyKey>,
    ) -> Result<WorkflowInstance, Error> {
        let mut instance = json!({
            "type": "incident_workflow_instance",
            "incident": { "id": incident, "type": "incident_reference" },
        });
        if let (Some(name), Some(fields)) = (name, instance.as_object_mut()) {
            fields.insert("id".to_owned(), json!(name));
        }
        let path = ["incident_workflows", workflow.as_str(), "instances"];
        let body = json!({ "incident_workflow_instance": instance });
        let answer = self.write(Method::POST, &path, None, &body).await?;
        let instance = answer.get("incident_workflow_instance").unwrap_or(&Value::Null);
        Ok(WorkflowInstance {
            id: lenient::text(instance, "id"),
        })
    }
}
