//! Asking more people to help with an incident.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::Account;
use crate::{
    error::Error,
    ids::{EscalationPolicyId, IncidentId, UserId},
    lenient,
};

/// A request for help that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewResponderRequest<'a> {
    /// The user who asks.
    pub requester: &'a UserId,
    /// The message to them.
    pub message: &'a str,
    /// The users who are asked.
    pub users: &'a [UserId],
    /// The escalation policies whose users on call are asked.
    pub escalation_policies: &'a [EscalationPolicyId],
}

/// A request for help that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponderRequest {
    /// The time when it was made.
    pub requested_at: Option<Timestamp>,
}

impl Account<'_> {
    /// `POST /incidents/{id}/responder_requests`. Everybody who is asked is paged each time. The requester is named in the
    /// body; PagerDuty documents no `From` for it.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where they may have been asked.
    pub async fn request_responders(
        &self,
        id: &IncidentId,
        request: NewResponderRequest<'_>,
    ) -> Result<ResponderRequest, Error> {
        let target = |id: Value, kind: &str| json!({ "responder_request_target": { "id": id, "type": kind } });
        let users = request.users.iter().map(|id| target(json!(id), "user_reference"));
        let policies = request
            .escalation_policies
            .iter()
            .map(|id| target(json!(id), "escalation_policy_reference"));
        let body = json!({
            "requester_id": request.requester,
            "message": request.message,
            "responder_request_targets": users.chain(policies).collect::<Vec<_>>(),
        });
        let path = ["incidents", id.as_str(), "responder_requests"];
        let answer = self.write(Method::POST, &path, None, &body).await?;
        let request = answer.get("responder_request").unwrap_or(&Value::Null);
        Ok(ResponderRequest {
            requested_at: lenient::time(request, "requested_at"),
        })
    }
}
