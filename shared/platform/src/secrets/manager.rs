//! Secrets Manager.

use super::{RemoveError, SecretError, SecretStore, SecretWriter, WriteError};
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

    /// For how many days a removed secret can be restored: the longest that Secrets Manager offers.
    pub const RECOVERY_DAYS: i64 = 30;

    /// Schedules a secret for deletion. Nobody can read it from now on; for [`Self::RECOVERY_DAYS`] days it can be
    /// restored. Gives whether there was one: a secret that is scheduled already is none.
    ///
    /// # Errors
    /// Secrets Manager refused, or did not answer.
    pub async fn remove(&self, name: &str) -> Result<bool, RemoveError> {
        let delete = self.client.delete_secret().secret_id(name);
        match delete.recovery_window_in_days(Self::RECOVERY_DAYS).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ResourceNotFoundException") || is_being_deleted(&error) => Ok(false),
            Err(error) => Err(RemoveError {
                name: name.to_owned(),
                cause: explain(&error),
            }),
        }
    }
}

/// Whether a call was refused because the secret is scheduled for deletion. Secrets Manager has no error of its own for
/// that: it answers `InvalidRequestException`, and says "… because it was marked for deletion" or "already scheduled for
/// deletion".
fn is_being_deleted(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("InvalidRequestException") && error.message().is_some_and(|text| text.contains("deletion"))
}

impl SecretWriter for SecretsManager {
    async fn write(&self, name: &str, description: &str, value: &SecretString) -> Result<(), WriteError> {
        let not_stored = |cause: String| WriteError {
            name: name.to_owned(),
            cause,
        };
        let put = self.client.put_secret_value().secret_id(name);
        let put = put.secret_string(value.expose_secret());
        match put.clone().send().await {
            Ok(_) => Ok(()),
            // Somebody removed the integration, and adds it again.
            Err(error) if is_being_deleted(&error) => {
                let restored = self.client.restore_secret().secret_id(name).send().await;
                restored.map_err(|error| not_stored(explain(&error)))?;
                put.send()
                    .await
                    .map(|_| ())
                    .map_err(|error| not_stored(explain(&error)))
            }
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
    use crate::scripted::Scripted;
    use aws_sdk_secretsmanager::types::error::{DecryptionFailure, ResourceNotFoundException};
    use aws_smithy_runtime_api::{
        client::orchestrator::HttpResponse,
        http::{Response, StatusCode},
    };
    use rstest::rstest;
    use serde_json::{Value, json};

    async fn answering(answers: impl IntoIterator<Item = Value>) -> (Scripted, SecretsManager) {
        let (aws, config) = Scripted::aws(answers).await;
        let manager = SecretsManager::new(aws_sdk_secretsmanager::Client::new(&config));
        (aws, manager)
    }

    fn refused(code: &str, message: &str) -> Value {
        json!({"__type": code, "message": message})
    }

    const SCHEDULED: &str =
        "You can't perform this operation on the secret because it was already scheduled for deletion.";

    #[tokio::test]
    async fn a_removed_secret_can_be_restored_for_thirty_days() {
        let (aws, manager) = answering([json!({"Name": "n"})]).await;

        assert_eq!(manager.remove("n").await, Ok(true));

        let asked = aws.asked();
        assert_eq!(asked[0].1["RecoveryWindowInDays"], 30);
        assert_eq!(asked[0].1.get("ForceDeleteWithoutRecovery"), None);
    }

    #[rstest]
    #[case::never_stored("ResourceNotFoundException", "no such secret")]
    #[case::removed_before("InvalidRequestException", SCHEDULED)]
    #[tokio::test]
    async fn to_remove_a_secret_that_is_gone_changes_nothing(#[case] code: &str, #[case] message: &str) {
        let (_aws, manager) = answering([refused(code, message)]).await;
        assert_eq!(manager.remove("n").await, Ok(false));
    }

    #[rstest]
    #[case::rights("AccessDeniedException", "not authorized")]
    #[case::replicas("InvalidRequestException", "the secret has replicas")]
    #[tokio::test]
    async fn a_secret_that_may_not_be_removed_is_told(#[case] code: &str, #[case] message: &str) {
        let (_aws, manager) = answering([refused(code, message)]).await;
        let error = manager.remove("n").await.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }

    #[tokio::test]
    async fn a_secret_that_was_removed_is_restored_when_it_is_stored_again() {
        let (aws, manager) = answering([
            refused("InvalidRequestException", SCHEDULED),
            json!({"Name": "n"}),
            json!({"Name": "n"}),
        ])
        .await;

        manager.write("n", "what it is", &"value".into()).await.unwrap();

        let asked = aws.asked();
        let calls: Vec<_> = asked.iter().map(|(call, _)| call.as_str()).collect();
        assert_eq!(calls, ["PutSecretValue", "RestoreSecret", "PutSecretValue"]);
        assert_eq!(asked[2].1["SecretString"], "value");
    }

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
