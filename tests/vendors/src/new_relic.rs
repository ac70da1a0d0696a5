//! New Relic's NerdGraph: <https://docs.newrelic.com/docs/apis/nerdgraph/get-started/introduction-new-relic-nerdgraph/>. It answers 200
//! also where something failed, with `errors`. Their classes were taken from examples that others have published.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// A user key.
pub const KEY: &str = "NRAK-NOTAREALKEY";
/// The GUID of an application.
pub const ENTITY: &str = "MTIzNDU2N3xBUE18QVBQTElDQVRJT058MTIz";

/// The account 1234567.
#[derive(Debug, Default)]
pub struct NewRelic {
    /// The markers of deployments as they were asked for.
    pub deployments: Vec<Value>,
}

fn failed(class: &str, message: &str) -> Answer {
    Answer::json(
        200,
        json!({"data": null, "errors": [{"message": message, "extensions": {"errorClass": class}}]}),
    )
}

impl Vendor for NewRelic {
    const NAMES: &'static [&'static str] = &["query", "variables", "account", "nrql", "deployment*"];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.header("api-key") != Some(KEY) {
            return Answer::json(
                401,
                json!({"errors": [{"message": "Invalid API key", "extensions": {"errorClass": "UNAUTHENTICATED"}}]}),
            );
        }
        let (method, segments) = request.route();
        if (method, segments.as_slice()) != ("POST", ["graphql"].as_slice()) {
            return Answer::empty(404);
        }
        let body = request.json();
        let (query, variables) = (body["query"].as_str().unwrap_or_default(), &body["variables"]);
        if query.contains("changeTrackingCreateDeployment(deployment: $deployment)") {
            let deployment = &variables["deployment"];
            return match (deployment["entityGuid"].as_str(), deployment["version"].as_str()) {
                (Some(ENTITY), Some(_)) => {
                    self.deployments.push(deployment.clone());
                    let made =
                        json!({"deploymentId": format!("deployment-{}", self.deployments.len()), "entityGuid": ENTITY});
                    Answer::json(200, json!({"data": {"changeTrackingCreateDeployment": made}}))
                }
                (Some(_), Some(_)) => failed("INVALID_INPUT", "Entity not found"),
                _ => failed(
                    "GRAPHQL_VALIDATION_FAILED",
                    "Argument \"deployment\" has invalid value $deployment.",
                ),
            };
        }
        if query.contains("nrql(query: $nrql)") {
            return match (variables["account"].as_i64(), variables["nrql"].as_str()) {
                (Some(1_234_567), Some(nrql)) if nrql.starts_with("SELECT ") => Answer::json(
                    200,
                    json!({"data": {"actor": {"account": {"nrql": {"results": [{"count": 42}]}}}}}),
                ),
                (Some(1_234_567), Some(_)) => failed("NRQL_ERROR", "NRQL Syntax Error: Error at line 1 position 0"),
                (Some(_), Some(_)) => failed("ACCESS_DENIED", "Access denied."),
                _ => failed("GRAPHQL_VALIDATION_FAILED", "Variable \"account\" has invalid value."),
            };
        }
        match query.contains("actor { user") {
            true => Answer::json(
                200,
                json!({"data": {"actor": {"user": {"name": "Jane", "email": "jane@example.com"}}}}),
            ),
            false => failed("GRAPHQL_VALIDATION_FAILED", "Cannot query that field."),
        }
    }
}
