//! The SDK's configuration for a Lambda function.
//!
//! It is built by hand. The SDK's own loader looks through profiles, containers and instance metadata, which takes a
//! millisecond of every start and finds nothing: Lambda gives region and credentials in the environment.

mod failure;
mod https;
mod on_first_use;

pub use failure::{AwsFailure, AwsFailureKind};
pub use on_first_use::OnFirstUse;

use crate::settings::{MissingSettings, Settings};
use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use provider::http::ConnectionError;
use std::time::Duration;

/// The patience of a function with AWS.
#[derive(Debug, Clone, Copy)]
pub enum Patience {
    /// The ingress: PagerDuty waits 5 s for an answer, and sends again what got none.
    Webhook,
    /// A task of the state machine, which has half a minute.
    Task,
}

/// The SDK cannot be configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting is missing.
    #[error(transparent)]
    Settings(#[from] MissingSettings),
    /// TLS cannot be set up, which only a wrong build of this program can cause.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

/// The time that a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The SDK's configuration.
///
/// `AWS_ENDPOINT_URL` is honoured, so that the same binary reaches a local AWS.
///
/// # Errors
/// `AWS_REGION` is missing, or TLS cannot be set up.
pub fn sdk_config(lookup: impl Fn(&str) -> Option<String>, patience: Patience) -> Result<SdkConfig, ConfigError> {
    let mut settings = Settings::new(lookup);
    let region = settings.required("AWS_REGION");
    let endpoint_url = settings.optional("AWS_ENDPOINT_URL");
    let (attempt, operation, attempts) = match patience {
        Patience::Webhook => (Duration::from_millis(1_200), Duration::from_millis(2_000), 2),
        Patience::Task => (Duration::from_secs(4), Duration::from_secs(12), 3),
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .http_client(https::client(CONNECT_TIMEOUT)?)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(attempts));
    config.set_endpoint_url(endpoint_url);
    config.set_app_name(AppName::new("pagerflow").ok());
    config.set_sleep_impl(aws_smithy_async::rt::sleep::default_async_sleep());
    Ok(settings.finish(config.build())?)
}

#[cfg(test)]
mod tests {
    use super::{Patience, sdk_config};
    use tokio::{io::AsyncReadExt, net::TcpListener};

    #[tokio::test]
    async fn aws_is_spoken_to_over_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lookup = |name: &str| match name {
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "AWS_ENDPOINT_URL" => Some(format!("https://{address}")),
            _ => None,
        };
        let credentials = aws_sdk_dynamodb::config::Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = sdk_config(lookup, Patience::Webhook).unwrap().into_builder();
        let config = config.credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(credentials));
        let client = aws_sdk_dynamodb::Client::new(&config.build());
        let call = tokio::spawn(async move { client.list_tables().send().await });

        let (mut connection, _) = listener.accept().await.unwrap();

        const HANDSHAKE: u8 = 22;
        assert_eq!(connection.read_u8().await.unwrap(), HANDSHAKE);
        call.abort();
    }
}
