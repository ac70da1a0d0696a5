//! The SDK's configuration for a Lambda function.
//!
//! It is built by hand. The SDK's own loader looks through profiles, containers and instance metadata, which takes a
//! millisecond of every start and finds nothing: Lambda gives region and credentials in the environment.

use crate::settings::{MissingSettings, Settings};
use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use std::{error::Error, time::Duration};

/// How patient a function is with AWS.
#[derive(Debug, Clone, Copy)]
pub enum Patience {
    /// The ingress: PagerDuty waits 5 s for an answer, and sends again what got none.
    Webhook,
    /// A task of the state machine, which has half a minute.
    Task,
}

/// The SDK's configuration.
///
/// `AWS_ENDPOINT_URL` is honoured, so that the same binary reaches a local AWS.
///
/// # Errors
/// `AWS_REGION` is missing.
pub fn sdk_config(lookup: impl Fn(&str) -> Option<String>, patience: Patience) -> Result<SdkConfig, MissingSettings> {
    let mut settings = Settings::new(lookup);
    let region = settings.required("AWS_REGION");
    let endpoint_url = settings.optional("AWS_ENDPOINT_URL");
    let (attempt, operation, attempts) = match patience {
        Patience::Webhook => (Duration::from_millis(1_200), Duration::from_millis(2_000), 2),
        Patience::Task => (Duration::from_secs(4), Duration::from_secs(12), 3),
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .http_client(http_client())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(attempts));
    config.set_endpoint_url(endpoint_url);
    config.set_app_name(AppName::new("pagerflow").ok());
    config.set_sleep_impl(aws_smithy_async::rt::sleep::default_async_sleep());
    settings.finish(config.build())
}

/// The HTTP client of the SDK: rustls with ring. aws-lc, the SDK's default, gathers entropy on its first use, which takes
/// a third of a second on a small function.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// What an error of the SDK says, with all its causes. The SDK's own errors say little more than "service error", and their
/// debug form is pages long.
#[must_use]
pub fn explain(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        // Some repeat their cause's words in their own.
        if !words.iter().any(|said| said.contains(&text)) {
            words.push(text);
        }
        cause = error.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::explain;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Said(&'static str, #[source] Option<Box<Said>>);

    #[test]
    fn an_error_is_told_from_the_outside_in_and_nothing_twice() {
        let cause = Said("connection refused", None);
        let error = Said(
            "dispatch failure",
            Some(Box::new(Said("io: connection refused", Some(Box::new(cause))))),
        );
        assert_eq!(explain(&error), "dispatch failure: io: connection refused");
    }
}
