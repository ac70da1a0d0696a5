//! What the functions of actions share: reading the input, and calling PagerDuty with the right token.

use crate::{
    rate_limit::RateLimits,
    secrets::{Connection, Connections, SecretNames, SecretStore, SecretsManager},
    settings::Settings,
    task::TaskError,
};
use jiff::Timestamp;
use pagerduty::client::{ApiToken, BaseUrl, Client, HttpTransport, Transport};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use workflow::{action::Action, error_name::ErrorName, ids::IntegrationAlias};

/// What a run tells an action beyond the input that the workflow's author wrote. A caller outside a run may give
/// `idempotency_key`, so that a repeat of the call does no harm.
const CALL_FIELDS: &[&str] = &["idempotency_key", "attempt", "deadline"];

fn invalid(action: Action, problems: &str) -> TaskError {
    TaskError::new(
        ErrorName::InputInvalid,
        format!("the input of {action} cannot be used: {problems}"),
    )
}

/// Reads the input of an action and the integration that it names.
fn read_input<I: DeserializeOwned>(action: Action, input: Value) -> Result<(IntegrationAlias, I), TaskError> {
    let checked = action.spec().check_input(&input, CALL_FIELDS);
    checked.map_err(|problems| invalid(action, &problems.join("; ")))?;
    let alias = input.get("integration").and_then(Value::as_str).unwrap_or_default();
    let integration = alias.parse::<IntegrationAlias>();
    let integration = integration.map_err(|error| invalid(action, &error.to_string()))?;
    let input = serde_json::from_value(input).map_err(|error| invalid(action, &error.to_string()))?;
    Ok((integration, input))
}

/// The PagerDuty accounts of all integrations.
#[derive(Debug)]
pub struct PagerDuty<S> {
    connections: Connections<S>,
    transport: Arc<dyn Transport>,
    /// Where PagerDuty is, if not at the address of the integration's service region.
    base_url: Option<BaseUrl>,
    rate_limits: RateLimits,
}

/// A function cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl PagerDuty<SecretsManager> {
    /// The accounts of a stack, by the settings `SECRETS_PREFIX` and `PAGERDUTY_API_URL`.
    ///
    /// # Errors
    /// A setting is missing or wrong.
    pub fn from_settings(
        client: aws_sdk_secretsmanager::Client,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StartError> {
        let mut settings = Settings::new(lookup);
        let names = SecretNames::new(settings.required("SECRETS_PREFIX"));
        let base_url = settings
            .optional("PAGERDUTY_API_URL")
            .map(|url| url.parse::<BaseUrl>())
            .transpose();
        let base_url = base_url.map_err(|error| StartError(format!("PAGERDUTY_API_URL: {error}")))?;
        let names = settings.finish(names).map_err(|error| StartError(error.to_string()))?;
        let transport = HttpTransport::new().map_err(|error| StartError(error.to_string()))?;
        Ok(Self::new(
            Connections::new(SecretsManager::new(client), names),
            Arc::new(transport),
            base_url,
        ))
    }
}

impl<S: SecretStore> PagerDuty<S> {
    /// Accounts that are connected to with these secrets and by this transport.
    pub fn new(connections: Connections<S>, transport: Arc<dyn Transport>, base_url: Option<BaseUrl>) -> Self {
        Self {
            connections,
            transport,
            base_url,
            rate_limits: RateLimits::default(),
        }
    }

    /// Performs an action: reads its input, and makes its request with the token of the integration that the input names.
    ///
    /// If PagerDuty refuses the token, the secret is read again, if it was not just read. If another token, or another
    /// service region, is stored by now, the request is made once more: a refused request has done nothing. While
    /// PagerDuty's rate limit is used up, as it told an earlier call, no request is made.
    ///
    /// # Errors
    /// `Input.Invalid`, with all that is wrong at once; those of the integration; and those of PagerDuty.
    pub async fn perform<I: DeserializeOwned, T>(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
        request: impl AsyncFn(&Client, &ApiToken, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<T, TaskError> {
        let answer = match read_input(action, input) {
            Ok((integration, input)) => {
                let request = async |client: &Client, token: &ApiToken| request(client, token, &input).await;
                self.call(action, &integration, now, request).await
            }
            Err(error) => Err(error),
        };
        match &answer {
            Ok(_) => tracing::info!(action = %action, "action done"),
            Err(error) => tracing::warn!(action = %action, error = %error, "action failed"),
        }
        answer
    }

    async fn call<T>(
        &self,
        action: Action,
        integration: &IntegrationAlias,
        now: Timestamp,
        request: impl AsyncFn(&Client, &ApiToken) -> Result<T, pagerduty::Error>,
    ) -> Result<T, TaskError> {
        self.rate_limits.check(integration, action, now)?;
        let connection = self.connections.get(integration, now).await?;
        let answer = match request(&self.client(&connection)?, &connection.token).await {
            Err(refused @ pagerduty::Error::Unauthorized(_)) => {
                let refreshed = self.connections.refreshed(integration, now).await?;
                if refreshed == connection {
                    Err(refused)
                } else {
                    request(&self.client(&refreshed)?, &refreshed.token).await
                }
            }
            answer => answer,
        };
        answer.map_err(|error| {
            if let Some(seconds) = error.retry_after_seconds() {
                self.rate_limits.turned_away(integration, action, seconds, now);
            }
            TaskError::from(&error)
        })
    }

    fn client(&self, connection: &Connection) -> Result<Client, TaskError> {
        let base_url = match &self.base_url {
            Some(base_url) => base_url.clone(),
            None => BaseUrl::of(connection.service_region)
                .map_err(|error| TaskError::new(ErrorName::IntegrationInvalid, error.to_string()))?,
        };
        Ok(Client::new(Arc::clone(&self.transport), base_url))
    }
}
