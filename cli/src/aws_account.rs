//! The account of an integration with AWS.
//!
//! Its role trusts the function of the stack and no person, so the function is asked whether it may take the role on.

use crate::{
    connector_account::{Tried, Verdict},
    stack::Stack,
};
use aws_actions::{AwsError, InvalidInput, NotSigned, Place, operation, sign};
use aws_credential_types::provider::ProvideCredentials;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use provider::{
    http::Http,
    transport::{Request, Transport},
};
use serde_json::{Map, Value, json};
use std::{
    fmt::Display,
    time::{Duration, SystemTime},
};
use workflow::{
    error_name::{ErrorName, NamedError, SystemError},
    ids::IntegrationAlias,
};

/// The function that acts in the accounts of integrations, as the template calls it.
pub(crate) const FUNCTION: &str = "CallAws";

/// The role of that function, as the template calls it.
pub(crate) const FUNCTION_ROLE: &str = "CallAwsRole";

/// The alias of the version that is in use.
const LIVE: &str = "live";

/// The time that the function may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The largest answer that is read, in bytes.
const ANSWER: usize = 1024 * 1024;

/// The action with which an integration is tried. It needs no right.
const ACTION: &str = "aws.sts.get_caller_identity";

/// Finds out if the function may take on the role of an integration.
pub(crate) async fn tried(alias: &IntegrationAlias, stack: &Stack) -> Tried {
    match invoked(alias, stack).await {
        Ok(Ok(outputs)) => accepted(&outputs),
        Ok(Err(failure)) => refused(&failure),
        Err(NotAsked { problem, remedy }) => Tried {
            verdict: Verdict::NotKnown,
            text: format!("Whether the role can be taken on is not known: {problem}."),
            remedy: remedy.map(str::to_owned),
        },
    }
}

/// The failure of the action, as the function tells it.
#[derive(Debug, Default)]
struct Failure {
    name: String,
    message: String,
}

/// The reason that the function was not asked.
#[derive(Debug)]
struct NotAsked {
    problem: String,
    remedy: Option<&'static str>,
}

impl NotAsked {
    fn because(problem: impl Display) -> Self {
        Self {
            problem: problem.to_string(),
            remedy: None,
        }
    }
}

impl From<InvalidInput> for NotAsked {
    fn from(error: InvalidInput) -> Self {
        Self::because(error)
    }
}

impl From<NotSigned> for NotAsked {
    fn from(error: NotSigned) -> Self {
        Self::because(error)
    }
}

impl From<AwsError> for NotAsked {
    fn from(error: AwsError) -> Self {
        Self {
            remedy: matches!(error.kind, SystemError::Forbidden)
                .then_some("You need lambda:InvokeFunction on the alias `live` of the function call-aws."),
            ..Self::because(error)
        }
    }
}

/// Invokes the function with the credentials of the caller.
async fn invoked(alias: &IntegrationAlias, stack: &Stack) -> Result<Result<Map<String, Value>, Failure>, NotAsked> {
    let resources = stack.resources().await.map_err(NotAsked::because)?;
    let function = resources.id_of(FUNCTION).ok_or(NotAsked {
        problem: format!("the stack {} has no function {FUNCTION}", stack.name),
        remedy: Some("Deploy this release, and try again."),
    })?;
    let invoke =
        operation("aws.lambda.invoke").ok_or_else(|| NotAsked::because("this release cannot invoke functions"))?;
    let config = &stack.config;
    let region = config.region().map(AsRef::as_ref).unwrap_or_default();
    let place = Place::region(region).map_err(NotAsked::because)?;
    let endpoint = std::env::var("AWS_ENDPOINT_URL").ok().filter(|url| !url.is_empty());
    let place = match config.endpoint_url().map(str::to_owned).or(endpoint) {
        Some(url) => place.at(&url).map_err(NotAsked::because)?,
        None => place,
    };
    let provider = config
        .credentials_provider()
        .ok_or_else(|| NotAsked::because("there are no credentials"))?;
    let credentials = provider.provide_credentials().await.map_err(NotAsked::because)?;
    let input = json!({ "action": ACTION, "integration": alias, "attempt": 1 }).to_string();
    let Value::Object(input) = json!({
        "function_name": function,
        "qualifier": LIVE,
        "payload": BASE64.encode(input),
    }) else {
        return Err(NotAsked::because("its input is no map"));
    };
    let mut request = invoke.request(&input, None, &place)?;
    sign(&mut request, &invoke.scope(&place), &credentials, SystemTime::now())?;
    let url = request.uri().to_string().parse();
    let (parts, body) = request.into_parts();
    let request = Request {
        method: parts.method,
        url: url.map_err(|_| NotAsked::because("its address is no URL"))?,
        headers: parts.headers,
        body,
        time_limit: TIME_LIMIT,
        answer_limit: ANSWER,
    };
    let session = Http::new()
        .and_then(|http| http.session(None))
        .map_err(NotAsked::because)?;
    let answer = session.send(request).await.map_err(NotAsked::because)?;
    let body = answer.body.map_err(NotAsked::because)?;
    let outputs = invoke.answer(answer.status.as_u16(), &answer.headers, &body)?;
    Ok(read(&outputs))
}

/// The outputs or the failure of the action, in the answer of Lambda.
fn read(answer: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let payload = answer.get("payload").and_then(Value::as_str).unwrap_or_default();
    let payload = BASE64.decode(payload).unwrap_or_default();
    let Value::Object(fields) = serde_json::from_slice(&payload).unwrap_or_default() else {
        return Err(Failure::default());
    };
    match answer.get("function_error").is_some_and(|error| !error.is_null()) {
        false => Ok(fields),
        true => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            Err(Failure {
                name: text("errorType"),
                message: text("errorMessage"),
            })
        }
    }
}

fn accepted(outputs: &Map<String, Value>) -> Tried {
    let arn = outputs
        .get("arn")
        .and_then(Value::as_str)
        .unwrap_or("a role that AWS does not name");
    Tried {
        verdict: Verdict::Accepted,
        text: format!("The stack may take on the role; AWS knows it as {arn}."),
        remedy: None,
    }
}

fn refused(failure: &Failure) -> Tried {
    let text = match failure.message.as_str() {
        "" => "The function of the stack failed, and did not say why.".to_owned(),
        message => message.to_owned(),
    };
    let (verdict, remedy) = match NamedError::parse(&failure.name) {
        Some(NamedError::Ours(ErrorName::IntegrationNotFound | ErrorName::IntegrationInvalid)) => (
            Verdict::Failed,
            "Store a new ExternalId with `pagerflow integration set-token ALIAS`, and deploy what `pagerflow integration role ALIAS` prints \
             in the account of the role.",
        ),
        Some(NamedError::System(
            _,
            SystemError::Unauthorized | SystemError::Forbidden | SystemError::NotFound | SystemError::InvalidRequest,
        )) => (
            Verdict::Failed,
            "Deploy what `pagerflow integration role ALIAS` prints in the account of the role. The name of the role has to begin with the \
             stack's AwsRolePrefix, which is pagerflow- if it was not changed; `pagerflow integration show ALIAS` shows the role.",
        ),
        _ => (
            Verdict::NotKnown,
            "Try again in a few minutes; `pagerflow doctor` looks at the stack as a whole.",
        ),
    };
    Tried {
        verdict,
        text,
        remedy: Some(remedy.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn answer(error: Option<&str>, payload: &str) -> Map<String, Value> {
        let Value::Object(fields) = json!({"function_error": error, "payload": BASE64.encode(payload)}) else {
            panic!("it is a map");
        };
        fields
    }

    #[rstest]
    #[case::may_be_taken_on(
        None,
        r#"{"arn": "arn:aws:sts::1:assumed-role/pagerflow-prod/x"}"#,
        Verdict::Accepted,
        "pagerflow-prod/x",
        ""
    )]
    #[case::not_trusted(
        Some("Unhandled"),
        r#"{"errorType": "AWS.Forbidden", "errorMessage": "not authorized"}"#,
        Verdict::Failed,
        "not authorized",
        "pagerflow integration role ALIAS"
    )]
    #[case::no_secret(
        Some("Unhandled"),
        r#"{"errorType": "Integration.NotFound", "errorMessage": "no secret"}"#,
        Verdict::Failed,
        "no secret",
        "set-token ALIAS"
    )]
    #[case::aws_is_down(
        Some("Unhandled"),
        r#"{"errorType": "AWS.Unavailable", "errorMessage": "down"}"#,
        Verdict::NotKnown,
        "down",
        "Try again"
    )]
    #[case::a_crash(
        Some("Unhandled"),
        r#"{"errorType": "Runtime.ExitError", "errorMessage": ""}"#,
        Verdict::NotKnown,
        "did not say why",
        "pagerflow doctor"
    )]
    #[case::no_answer(Some("Unhandled"), "", Verdict::NotKnown, "did not say why", "pagerflow doctor")]
    fn what_the_function_says_is_told_with_what_to_do(
        #[case] error: Option<&str>,
        #[case] payload: &str,
        #[case] verdict: Verdict,
        #[case] text: &str,
        #[case] remedy: &str,
    ) {
        let tried = match read(&answer(error, payload)) {
            Ok(outputs) => accepted(&outputs),
            Err(failure) => refused(&failure),
        };
        assert_eq!(tried.verdict, verdict);
        assert!(tried.text.contains(text), "{}", tried.text);
        assert!(tried.remedy.unwrap_or_default().contains(remedy));
    }
}
