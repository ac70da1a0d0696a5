//! `/incident_workflows`: workflows that PagerDuty itself runs on an incident.

use http::StatusCode;
use serde_json::{Value, json};

use super::shapes;
use super::transitions::Transition;
use crate::access::Call;
use crate::account::Account;
use crate::clock::milliseconds;
use crate::directory::IncidentWorkflow;
use crate::directory::shapes::{API, reference};
use crate::exchange::Answer;
use crate::fields;
use crate::ids::WorkflowId;
use crate::page::Page;
use crate::refusal::Refusal;

/// One run of an incident workflow.
#[derive(Debug, Clone)]
pub(crate) struct WorkflowInstance {
    pub(crate) id: String,
    pub(crate) workflow: WorkflowId,
    trigger: String,
}

/// The workflows whose name has `query` in it, by name. An account without any has the feature switched off.
pub(crate) fn all(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    if account.incident_workflows.is_empty() {
        return Err(Refusal::AbilityMissing);
    }
    let query = call.request.parameter("query").unwrap_or_default().to_lowercase();
    let mut rows: Vec<&IncidentWorkflow> = account
        .incident_workflows
        .iter()
        .filter(|workflow| workflow.name.to_lowercase().contains(&query))
        .collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    let body = Page::of(call.request)?.body("incident_workflows", &rows, |workflow| {
        json!({
            "id": workflow.id,
            "type": "incident_workflow",
            "summary": workflow.name,
            "self": format!("{API}/incident_workflows/{}", workflow.id),
            "html_url": account.page(&format!("incident-workflows/workflows/{}", workflow.id)),
            "name": workflow.name,
            "description": null,
            "created_at": milliseconds(account.opened_at),
        })
    });
    Ok(Answer::json(StatusCode::OK, body))
}

/// Starts a workflow on an incident. It needs a manual trigger, and nobody's name. The instance may be given an id; without
/// one it gets one. Which words refuse what is UNVERIFIED.
pub(crate) fn start(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let agent = call.agent(account)?;
    let workflow = account
        .incident_workflows
        .iter()
        .find(|workflow| workflow.id.as_str() == id);
    let workflow = workflow.cloned().ok_or(Refusal::NotFound)?;
    if !workflow.manual_trigger {
        return Err(Refusal::invalid("Incident Workflow does not have a manual trigger"));
    }
    let fields = fields::object(&body, "incident_workflow_instance")?
        .ok_or_else(|| Refusal::invalid("incident_workflow_instance cannot be empty"))?;
    let incident = fields::reference(fields, "incident", "incident")?
        .ok_or_else(|| Refusal::invalid("incident cannot be empty"))?;
    let incident = account
        .incident(incident)
        .map_err(|_| Refusal::IncidentNotFound)?
        .clone();
    let instance = WorkflowInstance {
        id: fields::text(fields, "id")?.map_or_else(|| account.ids.object(), str::to_owned),
        workflow: workflow.id,
        trigger: account.ids.uuid(),
    };
    let answer = json!({
        "id": instance.id,
        "type": "incident_workflow_instance",
        "incident": shapes::incident_reference(account, &incident),
    });
    Transition {
        account,
        incident,
        agent,
        now: call.now,
    }
    .run_workflow(&instance);
    Ok(Answer::json(
        StatusCode::CREATED,
        json!({"incident_workflow_instance": answer}),
    ))
}

impl WorkflowInstance {
    /// The workflow and the trigger of it, as webhooks name them.
    pub(crate) fn references(&self, account: &Account) -> (Value, Value) {
        let workflow = account
            .incident_workflows
            .iter()
            .find(|workflow| workflow.id == self.workflow)
            .map_or("", |workflow| &workflow.name);
        let page = account.page(&format!("incident-workflows/workflows/{}", self.workflow));
        (
            reference(
                "incident_workflow_reference",
                self.workflow.as_str(),
                "incident_workflows",
                Some(&page),
                workflow,
            ),
            reference(
                "workflow_trigger_reference",
                &self.trigger,
                "incident_workflows/triggers",
                None,
                "Manual Incident Trigger",
            ),
        )
    }
}
