//! Secrets Manager.

use super::{CurrentSecret, RemoveError, SecretError, SecretStore, SecretVersion, SecretWriter, WriteError};
use crate::aws::AwsFailure;
use aws_sdk_secretsmanager::{
    error::{ProvideErrorMetadata, SdkError},
    operation::get_secret_value::GetSecretValueError,
};
use secrecy::{ExposeSecret, SecretString};

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

    /// Schedules a secret for deletion. It cannot be read from now on; for [`Self::RECOVERY_DAYS`] days it can be
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
                cause: AwsFailure::of(&error),
            }),
        }
    }
}

/// True if a call was refused because the secret is scheduled for deletion. Secrets Manager has no error of its own for
/// that: it answers `InvalidRequestException`, and says "… because it was marked for deletion" or "already scheduled for
/// deletion".
fn is_being_deleted(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("InvalidRequestException") && error.message().is_some_and(|text| text.contains("deletion"))
}

/// The label of a version that is stored and not the current one yet. Secrets Manager takes it away from the version that
/// had it before.
const PENDING: &str = "PAGERFLOW_PENDING";

/// Secrets Manager's label of the version that is read.
const CURRENT: &str = "AWSCURRENT";

/// A write to Secrets Manager is not conditional, but moving a label is: it fails unless the label is at the version that it
/// is to be taken from. So a value is stored under a label of its own first, and then becomes the current one.
///
/// Source: AWS's documentation of `UpdateSecretVersionStage`. With which error it fails is not verified; therefore it is
/// looked afterwards which version is the current one.
impl SecretWriter for SecretsManager {
    async fn current(&self, name: &str) -> Result<CurrentSecret, SecretError> {
        let request = Box::pin(self.client.get_secret_value().secret_id(name).send());
        let output = request.await.map_err(|error| classify(name, &error))?;
        Ok(CurrentSecret {
            version: SecretVersion(output.version_id.unwrap_or_default()),
            value: output.secret_string.unwrap_or_default().into(),
        })
    }

    async fn replace(
        &self,
        name: &str,
        description: &str,
        value: &SecretString,
        over: Option<&SecretVersion>,
    ) -> Result<bool, WriteError> {
        match over {
            Some(over) => self.move_on(name, value, over).await,
            None => self.create(name, description, value).await,
        }
    }
}

impl SecretsManager {
    async fn move_on(&self, name: &str, value: &SecretString, over: &SecretVersion) -> Result<bool, WriteError> {
        let put = self.client.put_secret_value().secret_id(name).version_stages(PENDING);
        let put = put.secret_string(value.expose_secret()).send().await;
        let put = put.map_err(|error| not_stored(name, &error))?;
        let new = SecretVersion(put.version_id.unwrap_or_default());
        let stage = self.client.update_secret_version_stage().secret_id(name);
        let stage = stage.version_stage(CURRENT).remove_from_version_id(&over.0);
        match stage.move_to_version_id(&new.0).send().await {
            Ok(_) => Ok(true),
            Err(error) => match self.current(name).await {
                // The answer to a first attempt got lost.
                Ok(current) if current.version == new => Ok(true),
                Ok(current) if current.version != *over => Ok(false),
                Ok(_) | Err(_) => Err(not_stored(name, &error)),
            },
        }
    }

    async fn create(&self, name: &str, description: &str, value: &SecretString) -> Result<bool, WriteError> {
        let create = self.client.create_secret().name(name).description(description);
        match create.secret_string(value.expose_secret()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ResourceExistsException") => match self.current(name).await {
                // It has no value, or is being deleted: neither is anybody's change.
                Err(SecretError::NotFound(_)) => self.put(name, value).await,
                Ok(_) | Err(_) => Ok(false),
            },
            Err(error) if is_being_deleted(&error) => self.put(name, value).await,
            Err(error) => Err(not_stored(name, &error)),
        }
    }

    /// Stores a value whatever there is. Where the integration was removed and is added again, the secret is restored
    /// first, and what it held is not taken up.
    async fn put(&self, name: &str, value: &SecretString) -> Result<bool, WriteError> {
        let put = self.client.put_secret_value().secret_id(name);
        let put = put.secret_string(value.expose_secret());
        let stored = match put.clone().send().await {
            Err(error) if is_being_deleted(&error) => {
                let restored = self.client.restore_secret().secret_id(name).send().await;
                restored.map_err(|error| not_stored(name, &error))?;
                put.send().await
            }
            answer => answer,
        };
        stored.map(|_| true).map_err(|error| not_stored(name, &error))
    }
}

fn not_stored<E>(name: &str, error: &SdkError<E>) -> WriteError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    WriteError {
        name: name.to_owned(),
        cause: AwsFailure::of(error),
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
            cause: AwsFailure::of(error),
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

    #[rstest]
    #[case::told_at_once(vec![refused("InvalidRequestException", SCHEDULED)])]
    #[case::told_as_one_that_exists(vec![refused("ResourceExistsException", "it exists"), refused("InvalidRequestException", SCHEDULED)])]
    #[tokio::test]
    async fn a_secret_that_was_removed_is_restored_when_it_is_stored_again(#[case] created: Vec<Value>) {
        let done = json!({"Name": "n"});
        let put = [refused("InvalidRequestException", SCHEDULED), done.clone(), done];
        let (aws, manager) = answering(created.into_iter().chain(put)).await;

        let stored = manager.replace("n", "what it is", &"value".into(), None).await;

        assert_eq!(stored, Ok(true));
        let asked = aws.asked();
        let [.., restored, stored] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        assert_eq!(
            (restored.0.as_str(), stored.0.as_str()),
            ("RestoreSecret", "PutSecretValue")
        );
        assert_eq!(stored.1["SecretString"], "value");
    }

    fn old() -> SecretVersion {
        SecretVersion("old".to_owned())
    }

    #[tokio::test]
    async fn a_value_becomes_the_current_one_only_in_the_place_of_the_version_that_was_read() {
        let (aws, manager) = answering([json!({"Name": "n", "VersionId": "new"}), json!({"Name": "n"})]).await;

        assert_eq!(manager.replace("n", "d", &"value".into(), Some(&old())).await, Ok(true));

        let asked = aws.asked();
        assert_eq!(asked[0].1["VersionStages"], json!(["PAGERFLOW_PENDING"]));
        let moved = json!({
            "SecretId": "n", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": "old", "MoveToVersionId": "new",
        });
        assert_eq!(asked[1], ("UpdateSecretVersionStage".to_owned(), moved));
    }

    #[rstest]
    #[case::somebody_was_faster("theirs", Some(false))]
    #[case::the_first_answer_got_lost("new", Some(true))]
    #[case::nobody_was_and_it_failed("old", None)]
    #[tokio::test]
    async fn where_the_label_does_not_move_the_current_version_tells_why(
        #[case] current: &str,
        #[case] stored: Option<bool>,
    ) {
        let (_aws, manager) = answering([
            json!({"Name": "n", "VersionId": "new"}),
            refused("InvalidParameterException", "the label is elsewhere"),
            json!({"Name": "n", "VersionId": current, "SecretString": "x"}),
        ])
        .await;

        let answer = manager.replace("n", "d", &"value".into(), Some(&old())).await;

        assert_eq!(answer.ok(), stored);
    }

    #[rstest]
    #[case::with_a_value(json!({"Name": "n", "VersionId": "v", "SecretString": "x"}), false)]
    #[case::without_one(json!({"__type": "ResourceNotFoundException", "message": "no value"}), true)]
    #[tokio::test]
    async fn a_secret_that_somebody_has_made_meanwhile_is_not_written_over(#[case] there: Value, #[case] stored: bool) {
        let exists = refused("ResourceExistsException", "it exists");
        let (_aws, manager) = answering([exists, there, json!({"Name": "n"})]).await;
        assert_eq!(manager.replace("n", "d", &"value".into(), None).await, Ok(stored));
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
