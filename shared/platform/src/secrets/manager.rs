//! Secrets Manager.

use super::{SecretError, SecretStore, SecretWriter, WriteError};
use crate::aws::explain;
use aws_sdk_secretsmanager::{
    error::{ProvideErrorMetadata, SdkError},
    operation::get_secret_value::GetSecretValueError,
};
use secrecy::{ExposeSecret, SecretString};

/// Secrets Manager.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: aws_sdk_secretsmanager::Client,
}

impl SecretsManager {
    /// Secrets Manager behind a client.
    #[must_use]
    pub fn new(client: aws_sdk_secretsmanager::Client) -> Self {
        Self { client }
    }
}

impl SecretWriter for SecretsManager {
    async fn write(&self, name: &str, description: &str, value: &SecretString) -> Result<(), WriteError> {
        let not_stored = |cause: String| WriteError {
            name: name.to_owned(),
            cause,
        };
        let put = self.client.put_secret_value().secret_id(name);
        match put.secret_string(value.expose_secret()).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                let create = self.client.create_secret().name(name).description(description);
                let created = create.secret_string(value.expose_secret()).send().await;
                created.map(|_| ()).map_err(|error| not_stored(explain(&error)))
            }
            Err(error) => Err(not_stored(explain(&error))),
        }
    }
}

impl SecretStore for SecretsManager {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        // Boxed, because the SDK's futures are so deep that the compiler gives up on the function that awaits this one.
        let request = Box::pin(self.client.get_secret_value().secret_id(name).send());
        let output = request.await.map_err(|error| classify(name, &error))?;
        match output.secret_string {
            Some(text) if !text.is_empty() => Ok(text.into()),
            _ => Err(SecretError::Invalid {
                name: name.to_owned(),
                reason: "it is empty".to_owned(),
            }),
        }
    }
}

fn classify(name: &str, error: &SdkError<GetSecretValueError>) -> SecretError {
    match error.as_service_error() {
        Some(GetSecretValueError::ResourceNotFoundException(_)) => SecretError::NotFound(name.to_owned()),
        // So Secrets Manager answers for a secret that is scheduled for deletion.
        Some(GetSecretValueError::InvalidRequestException(_)) => SecretError::NotFound(name.to_owned()),
        _ => SecretError::Unavailable {
            name: name.to_owned(),
            cause: explain(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_secretsmanager::types::error::{DecryptionFailure, ResourceNotFoundException};
    use aws_smithy_runtime_api::{
        client::orchestrator::HttpResponse,
        http::{Response, StatusCode},
    };

    fn answered(error: GetSecretValueError) -> SecretError {
        let response: HttpResponse = Response::new(StatusCode::try_from(400).unwrap(), "".into());
        classify("n", &SdkError::service_error(error, response))
    }

    #[test]
    fn f29_a_secret_whose_kms_key_is_disabled_is_out_of_reach_and_not_missing() {
        let disabled = DecryptionFailure::builder().message("the key is disabled").build();
        let error = answered(GetSecretValueError::DecryptionFailure(disabled));
        assert!(matches!(error, SecretError::Unavailable { .. }), "{error:?}");

        let missing = ResourceNotFoundException::builder().build();
        let error = answered(GetSecretValueError::ResourceNotFoundException(missing));
        assert!(matches!(error, SecretError::NotFound(_)), "{error:?}");
    }
}
