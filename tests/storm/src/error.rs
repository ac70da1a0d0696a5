//! What can go wrong.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use platform::aws::AwsFailure;

/// What can go wrong in a storm.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no stack.
    #[error(transparent)]
    Stack(#[from] local_aws::Error),
    /// `pagerflow` failed.
    #[error(transparent)]
    Pagerflow(#[from] tests::Error),
    /// A file could not be written, or a port not be opened.
    #[error("failed to {what}: {source}")]
    Io { what: &'static str, source: std::io::Error },
    /// The SDK could not be configured.
    #[error(transparent)]
    Config(#[from] platform::aws::ConfigError),
    /// The local AWS refused something.
    #[error("the local AWS did not {what}: {cause}")]
    Aws { what: &'static str, cause: AwsFailure },
    /// A delivery got an answer that no delivery should get.
    #[error("a delivery got {0}, which PagerDuty would not send again")]
    Refused(String),
    /// It takes too long.
    #[error("not all deliveries were accepted in time; the last answer: {0}")]
    NotAccepted(String),
    /// The numbers are wrong. They have been told.
    #[error("there is not exactly one run for each event")]
    NotExact,
}

impl Error {
    /// A function that wraps an error of the SDK.
    pub(crate) fn aws<E: std::error::Error + ProvideErrorMetadata + 'static>(
        what: &'static str,
    ) -> impl FnOnce(SdkError<E>) -> Self {
        move |error| Self::Aws {
            what,
            cause: AwsFailure::of(&error),
        }
    }
}
