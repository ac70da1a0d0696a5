//! `aws.invoke_lambda`: payload and result are JSON, where `aws.lambda.invoke` has bytes in Base64.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use super::fields;
use crate::{
    AwsError, Kind, SYSTEM,
    spec::{FUNCTION, TIMEOUT_SECONDS, account},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};
use workflow::action::{ActionSpec, Effect, Field, FieldKind, Repeat};

pub(super) fn spec() -> ActionSpec {
    let [integration, region] = account();
    ActionSpec {
        name: super::Face::InvokeLambda.name().into(),
        system: SYSTEM.into(),
        integration: None,
        connector: None,
        summary: "Invokes a Lambda function, and gives what it returns. A function that fails makes the step fail.".into(),
        inputs: vec![
            integration,
            region,
            Field::required(
                "function_name",
                FieldKind::Text,
                "the function, by its name or its ARN; the name can have an alias behind it, as in `restart:live`",
            ),
            Field::optional("payload", FieldKind::Any, "the event of the function: any JSON"),
            Field::optional("qualifier", FieldKind::Text, "the version or the alias"),
            Field::optional(
                "wait",
                FieldKind::Boolean,
                "false to let it run without waiting for its result; true if left out",
            ),
        ],
        rules: Vec::new(),
        outputs: vec![
            Field::optional("result", FieldKind::Any, "what the function returned, as JSON; null if it is not waited for"),
            Field::optional("executed_version", FieldKind::Text, "the version that ran"),
        ],
        effect: Effect::Other,
        repeat: Repeat::IsForbidden {
            look: "the log of the function".into(),
        },
        replayed: None,
        on_repeat: "The function would run a second time.".into(),
        function: FUNCTION.into(),
        timeout_seconds: TIMEOUT_SECONDS,
        job_seconds: None,
        example: "integration: prod-aws\nfunction_name: restart-checkout\npayload: { incident: \"{{ event.incident.id }}\" }\n".into(),
    }
}

pub(super) fn members(input: &Map<String, Value>) -> Map<String, Value> {
    let waits = input.get("wait").and_then(Value::as_bool).unwrap_or(true);
    let payload = input.get("payload").filter(|payload| !payload.is_null());
    fields(json!({
        "function_name": input.get("function_name"),
        "qualifier": input.get("qualifier"),
        "invocation_type": if waits { "RequestResponse" } else { "Event" },
        "payload": payload.map(|payload| BASE64.encode(payload.to_string())),
    }))
}

pub(super) fn outputs(answer: &Map<String, Value>) -> Result<Map<String, Value>, AwsError> {
    let field = |name: &str| answer.get(name).filter(|value| !value.is_null());
    let returned = field("payload").and_then(Value::as_str).map(returned);
    if let Some(kind) = field("function_error").and_then(Value::as_str) {
        return Err(AwsError::of_outcome(
            Kind::JobFailed,
            Some(kind),
            &format!("the function failed{}", reason(returned.as_ref())),
        ));
    }
    Ok(fields(json!({
        "result": returned,
        "executed_version": field("executed_version"),
    })))
}

/// The JSON of a payload in Base64; what is no JSON is text.
fn returned(payload: &str) -> Value {
    let bytes = BASE64.decode(payload).unwrap_or_default();
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into())
}

/// The reason, as the runtimes of Lambda write it: `errorType` and `errorMessage`.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html>
fn reason(returned: Option<&Value>) -> String {
    let text = |name: &str| returned?.get(name)?.as_str();
    match (text("errorType"), text("errorMessage")) {
        (Some(kind), Some(message)) => format!(": {kind}: {message}"),
        (None, Some(words)) | (Some(words), None) => format!(": {words}"),
        (None, None) => String::new(),
    }
}
