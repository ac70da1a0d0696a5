//! The SDK's configuration for the local AWS, as the functions have it, and requests to services whose SDKs are not worth compiling for
//! a few of them: that of Lambda is among the largest.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use local_aws::StackInfo;
use platform::aws::{Patience, sdk_config};
use std::time::SystemTime;
use ureq::http::HeaderMap;

pub(crate) fn config(stack: &StackInfo) -> SdkConfig {
    let settings = stack.environment();
    let lookup = |name: &str| {
        settings
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let credentials = Credentials::new(&stack.access_key_id, &stack.secret_access_key, None, None, "stack");
    let config = sdk_config(lookup, Patience::Task).unwrap().into_builder();
    config
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// Sends a signed request to a service, by a method, to a path. Gives the status, the headers and the body of the answer.
pub(crate) async fn send(
    config: &SdkConfig,
    (service, method, path): (&str, &str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, HeaderMap, String) {
    let provider = config.credentials_provider().unwrap();
    let identity = provider.provide_credentials().await.unwrap().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(config.region().unwrap().as_ref())
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("{}/{path}", config.endpoint_url().unwrap());
    let signable = SignableRequest::new(
        method,
        &url,
        headers.iter().copied(),
        SignableBody::Bytes(body.as_bytes()),
    );
    let (signature, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
    let mut request = ureq::http::Request::builder().method(method).uri(&url);
    for (name, value) in headers.iter().copied().chain(signature.headers()) {
        request = request.header(name, value);
    }
    let agent = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .build()
        .new_agent();
    let mut answer = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), answer.headers().clone(), text)
}
