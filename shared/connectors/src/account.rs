//! An account on a system, as a call uses it.

use crate::{host::HostPattern, integration::IntegrationField};
use secrecy::SecretString;
use std::{collections::BTreeMap, fmt};

/// An account on a system: the fields of its integration, its secret, and the hosts that the secret may be sent to.
///
/// Whoever stores it takes it apart field by field: to write it as a whole is not possible by accident.
#[derive(Clone)]
pub struct Account {
    /// The fields, those with a default among them.
    pub fields: BTreeMap<String, String>,
    /// The hosts, as they were when the account was stored: a later change of the connector's file does not widen them.
    pub hosts: Vec<HostPattern>,
    /// The secret; empty where the connector has none, or where it is optional and was left out.
    pub secret: SecretString,
}

/// Without the secret.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("fields", &self.fields)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

/// Fields or a secret that cannot be those of an account. No message repeats a value: what was put into the wrong field may be the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccount {
    /// A field is missing.
    #[error("`{name}` is missing: {summary}")]
    Missing { name: String, summary: String },
    /// There is no such field.
    #[error("{0}")]
    Unknown(String),
    /// A field is not what it should be.
    #[error("`{name}` {problem}")]
    Field { name: String, problem: String },
    /// A host is not one that a secret could be sent to.
    #[error("a host of the integration cannot be used: {0}")]
    Host(String),
    /// The certificates cannot be used.
    #[error("the certificates of its authority cannot be used: {0}")]
    Certificates(String),
    /// The secret is missing.
    #[error("the secret is missing: {0}")]
    NoSecret(String),
    /// The connector has no secret.
    #[error("a secret was given, and {0} needs none")]
    NeedlessSecret(String),
    /// The secret is not what it should be.
    #[error("the secret {0}")]
    Secret(&'static str),
}

impl InvalidAccount {
    pub(crate) fn missing(field: &IntegrationField) -> Self {
        Self::Missing {
            name: field.name.clone(),
            summary: field.summary.clone(),
        }
    }
}
