//! OAuth scopes: which one a call needs, as PagerDuty's API schema lists them.

use http::Method;

use crate::access::Token;
use crate::refusal::Refusal;

/// The scope that a call needs; none if it needs none. For `GET /users/me` none is listed.
fn required(method: &Method, path: &[&str]) -> Option<&'static str> {
    let reads = method == Method::GET;
    let scope = |read: &'static str, write: &'static str| Some(if reads { read } else { write });
    match path {
        ["incidents", "types", ..] => scope("incident_types.read", "incident_types.write"),
        ["incidents", ..] => scope("incidents.read", "incidents.write"),
        ["incident_workflows", _, "instances"] => Some("incident_workflows:instances.write"),
        ["incident_workflows", ..] => scope("incident_workflows.read", "incident_workflows.write"),
        ["services", ..] => scope("services.read", "services.write"),
        ["escalation_policies", ..] => scope("escalation_policies.read", "escalation_policies.write"),
        ["users", "me"] => None,
        ["users", ..] => scope("users.read", "users.write"),
        ["teams", ..] => scope("teams.read", "teams.write"),
        ["priorities"] => Some("priorities.read"),
        ["abilities", ..] => Some("abilities.read"),
        ["oncalls"] => Some("oncalls.read"),
        ["webhook_subscriptions", ..] => scope("webhook_subscriptions.read", "webhook_subscriptions.write"),
        ["extensions", ..] => scope("extensions.read", "extensions.write"),
        _ => None,
    }
}

impl Token {
    /// Refuses a call for which the token lacks the scope.
    pub(crate) fn allows(&self, method: &Method, path: &[&str]) -> Result<(), Refusal> {
        match (required(method, path), &self.scopes) {
            (Some(required), Some(held)) if !held.iter().any(|scope| scope == required) => Err(Refusal::ScopeMissing {
                required,
                held: held.join(" "),
            }),
            _ => Ok(()),
        }
    }
}
