//! The secrets of integrations in Secrets Manager, and the cache before it.
//!
//! An integration of PagerDuty has two: its API token with its routing keys, which only the functions of PagerDuty's actions may
//! read, and its signing secrets, which only the ingress may read. An integration of a connector has one, which only the function
//! that performs the actions of connectors may read; where people can answer approvals in its system, it has another one, with which the system
//! signs their answers and which only the function of approvals may read. They stand under four prefixes, so that a policy can tell them apart.

mod account;
mod answer_signing;
mod cache;
mod change;
mod connection;
mod manager;
mod memory;
mod signing;
#[cfg(test)]
mod unprintable;

pub use account::{Accounts, StoredOver, account_secret, read_account, store_account};
pub use answer_signing::store_answer_signing;
pub use cache::{Refreshed, SecretCache};
pub use connection::{
    Connection, ConnectionSettings, Connections, DefaultUser, NewConnection, SettingsChange, StoredConnection,
    add_routing_key, read_connection, read_settings, remove_routing_key, store_connection,
};
pub use manager::SecretsManager;
pub use memory::SecretsInMemory;
pub use signing::{
    Added, SigningSecrets, SigningSecretsError, SigningSecretsSource, add_signing_secret, read_signing_secrets,
    remove_signing_secrets,
};

use crate::{aws::AwsFailure, task::TaskError};
use secrecy::SecretString;
use workflow::{
    error_name::ErrorName,
    ids::{IntegrationAlias, IntegrationTypeName},
};

/// The reason a secret is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none of that name, or it is being deleted.
    #[error("there is no secret {0}")]
    NotFound(String),
    /// It is there and cannot be used.
    #[error("the secret {name} cannot be used: {reason}")]
    Invalid {
        name: String,
        /// The problem. Never a part of the secret.
        reason: String,
    },
    /// Secrets Manager, or the key that encrypts the secret, is out of reach.
    #[error("the secret {name} could not be read: {cause}")]
    Unavailable {
        name: String,
        /// The reason.
        #[source]
        cause: AwsFailure,
    },
}

impl SecretError {
    /// The error, and the command that stores the secret where that would help.
    #[must_use]
    pub fn told_with(&self, command: &str) -> String {
        match self {
            Self::NotFound(_) | Self::Invalid { .. } => format!("{self}; store it with `{command}`"),
            Self::Unavailable { .. } => self.to_string(),
        }
    }

    /// The error of a step whose integration cannot be used. `add` and `set_token` are the commands that store it.
    fn of_integration(&self, integration: &IntegrationAlias, add: &str, set_token: &str) -> TaskError {
        let (name, command) = match self {
            // Without a secret there may be no such integration at all.
            Self::NotFound(_) => (ErrorName::IntegrationNotFound, add),
            Self::Invalid { .. } => (ErrorName::IntegrationInvalid, set_token),
            Self::Unavailable { .. } => (ErrorName::IntegrationUnavailable, set_token),
        };
        TaskError::new(
            name,
            format!("integration `{integration}`: {}", self.told_with(command)),
        )
    }
}

/// A secret was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret {name} could not be stored: {cause}")]
pub struct WriteError {
    pub name: String,
    /// The reason.
    #[source]
    pub cause: AwsFailure,
}

/// A secret was not removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret {name} could not be removed: {cause}")]
pub struct RemoveError {
    pub name: String,
    /// The reason.
    #[source]
    pub cause: AwsFailure,
}

/// A secret was not read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The stored content could not be read.
    #[error(transparent)]
    Read(#[from] SecretError),
    /// The change could not be stored.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It cannot be written as JSON.
    #[error("the secret could not be written as JSON: {0}")]
    Json(String),
    /// The change does not go with the stored content.
    #[error("{0}")]
    Refused(String),
    /// Other changes forestalled this one each time.
    #[error("others are changing the secret {0} at the same time; try again")]
    Contended(String),
}

/// The store of secrets.
pub trait SecretStore: Sync {
    /// Reads a secret.
    ///
    /// # Errors
    /// It is not there, or not to be had now.
    fn read(&self, name: &str) -> impl Future<Output = Result<SecretString, SecretError>> + Send;
}

/// A version of a secret, by the id that the store has given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersion(pub String);

/// The current content of a secret.
#[derive(Debug, Clone)]
pub struct CurrentSecret {
    pub version: SecretVersion,
    /// The content; empty if none was stored.
    pub value: SecretString,
}

/// A store that takes secrets. Only people write, with `pagerflow`; no function may.
pub trait SecretWriter: SecretStore {
    /// Reads a secret with its version.
    ///
    /// # Errors
    /// It is not there, or not to be had now.
    fn current(&self, name: &str) -> impl Future<Output = Result<CurrentSecret, SecretError>> + Send;

    /// Stores a secret over a version of it, or, where `over` is none, as a new one. `description` is what people are
    /// shown of it. Gives whether it is stored: it is not where another version is the current one by now.
    ///
    /// # Errors
    /// It was not taken.
    fn replace(
        &self,
        name: &str,
        description: &str,
        value: &SecretString,
        over: Option<&SecretVersion>,
    ) -> impl Future<Output = Result<bool, WriteError>> + Send;
}

/// The names of an integration's secrets.
#[derive(Debug, Clone)]
pub struct SecretNames {
    prefix: String,
}

impl SecretNames {
    /// Names under a stack's prefix.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The name of the secret with the API token.
    #[must_use]
    pub fn api_token(&self, integration: &IntegrationAlias) -> String {
        format!("{}/api-token/{integration}", self.prefix)
    }

    /// The name of the secret of an integration of a connector.
    #[must_use]
    pub fn integration(&self, type_name: &IntegrationTypeName, alias: &IntegrationAlias) -> String {
        format!("{}/integrations/{type_name}/{alias}", self.prefix)
    }

    /// The name of the secret with which the links of approvals are made.
    #[must_use]
    pub fn approval_links(&self) -> String {
        format!("{}/approval-links", self.prefix)
    }

    /// The name of the secret with which the system of an integration signs the answers of people that it sends.
    #[must_use]
    pub fn answer_signing(&self, type_name: &IntegrationTypeName, alias: &IntegrationAlias) -> String {
        format!("{}/answer-signing/{type_name}/{alias}", self.prefix)
    }

    /// The name of the secret with the signing secrets.
    #[must_use]
    pub fn signing_secrets(&self, integration: &IntegrationAlias) -> String {
        format!("{}/signing-secrets/{integration}", self.prefix)
    }
}
