//! Requests to AWS Lambda. They are signed here: the SDK of Lambda is among the largest, and would be compiled for three requests.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::{Value, json};
use std::time::SystemTime;

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
        let provider = self.config.credentials_provider().unwrap();
        let identity = provider.provide_credentials().await.unwrap().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.config.region().unwrap().as_ref())
            .name("lambda")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let url = format!("{}/{path}", self.config.endpoint_url().unwrap());
        let signable = SignableRequest::new(method, &url, std::iter::empty(), SignableBody::Bytes(body.as_bytes()));
        let (signature, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        let mut request = ureq::http::Request::builder().method(method).uri(&url);
        for (name, value) in signature.headers() {
            request = request.header(name, value);
        }
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut answer = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let header = |name: &str| answer.headers().get(name)?.to_str().ok().map(str::to_owned);
        let (named, function_failed) = (header("x-amzn-errortype"), header("x-amz-function-error").is_some());
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap_or_default();
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
