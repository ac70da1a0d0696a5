//! Requests to AWS Lambda.

use crate::aws;
use aws_config::SdkConfig;
use serde_json::{Value, json};

/// The API of functions, in the version of all its paths.
const FUNCTIONS: &str = "2015-03-31/functions";

/// Lambda, with somebody's credentials.
pub(crate) struct Lambda<'a> {
    config: &'a SdkConfig,
}

/// An answer of Lambda.
pub(crate) struct Answer {
    status: u16,
    /// The error of the service, such as `AccessDeniedException`.
    error: Option<String>,
    function_failed: bool,
    body: Value,
}

impl Answer {
    pub(crate) fn is_refused(&self) -> bool {
        self.error
            .as_deref()
            .is_some_and(|error| error.starts_with("AccessDenied"))
    }

    /// What Lambda says where it does as it is asked.
    fn done(self) -> Self {
        assert!(
            (200..300).contains(&self.status),
            "{} {:?}: {}",
            self.status,
            self.error,
            self.body
        );
        self
    }
}

impl<'a> Lambda<'a> {
    pub(crate) fn new(config: &'a SdkConfig) -> Self {
        Self { config }
    }

    /// Calls a function, which may be refused.
    pub(crate) async fn try_to_invoke(&self, function: &str, input: &Value) -> Answer {
        let path = format!("{FUNCTIONS}/{function}/invocations");
        self.send("POST", &path, &input.to_string()).await
    }

    /// Calls a function: its answer, or its error as `{"errorType", "errorMessage"}`.
    pub(crate) async fn invoke(&self, function: &str, input: &Value) -> Result<Value, Value> {
        let answer = self.try_to_invoke(function, input).await.done();
        match answer.function_failed {
            false => Ok(answer.body),
            true => Err(answer.body),
        }
    }

    /// Changes the settings of a function, which may be refused.
    pub(crate) async fn try_to_change(&self, function: &str) -> Answer {
        let path = format!("{FUNCTIONS}/{function}/configuration");
        self.send("PUT", &path, &json!({}).to_string()).await
    }

    /// The ARN of a function's role.
    pub(crate) async fn role_of(&self, function: &str) -> String {
        let path = format!("{FUNCTIONS}/{function}/configuration");
        let answer = self.send("GET", &path, "").await.done();
        answer.body["Role"].as_str().unwrap().to_owned()
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let (status, headers, body) = aws::send(self.config, ("lambda", method, path), &[], body).await;
        let header = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        let (named, function_failed) = (header("x-amzn-errortype"), header("x-amz-function-error").is_some());
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let in_body = ["__type", "code", "Code"]
            .into_iter()
            .find_map(|name| body[name].as_str());
        Answer {
            status,
            error: named.or_else(|| in_body.map(str::to_owned)),
            function_failed,
            body,
        }
    }
}
