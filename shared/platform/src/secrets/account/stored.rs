//! An account as its secret holds it: JSON.

use crate::secrets::SecretError;
use connectors::{Account, HostPattern};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use workflow::ids::IntegrationTypeName;

/// The stored content.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    #[serde(rename = "type")]
    type_name: IntegrationTypeName,
    secret: SecretString,
    fields: BTreeMap<String, String>,
    hosts: Vec<HostPattern>,
}

#[derive(Serialize)]
struct ToStore<'a> {
    #[serde(rename = "type")]
    type_name: &'a IntegrationTypeName,
    secret: &'a str,
    fields: &'a BTreeMap<String, String>,
    hosts: &'a [HostPattern],
}

impl Stored {
    /// Reads the value of the secret.
    pub(super) fn parse(name: &str, secret: &SecretString) -> Result<Self, SecretError> {
        // The parser's own words could quote the secret, so only their category is shown.
        serde_json::from_str(secret.expose_secret()).map_err(|error| {
            let reason = match error.classify() {
                serde_json::error::Category::Data => {
                    "its JSON does not have the fields `type`, `secret`, `fields` and `hosts`, or has others, or odd values"
                }
                _ => "it is not JSON",
            };
            invalid(name, reason.to_owned())
        })
    }

    /// The value of the secret.
    pub(super) fn value(type_name: &IntegrationTypeName, account: &Account) -> Result<SecretString, String> {
        let to_store = ToStore {
            type_name,
            secret: account.secret.expose_secret(),
            fields: &account.fields,
            hosts: &account.hosts,
        };
        serde_json::to_string(&to_store)
            .map(SecretString::from)
            .map_err(|error| error.to_string())
    }

    /// The stored content, checked: it has to be of this type.
    pub(super) fn account(self, name: &str, type_name: &IntegrationTypeName) -> Result<Account, SecretError> {
        if self.type_name != *type_name {
            let reason = format!("it is of the type {}, and not of {type_name}", self.type_name);
            return Err(invalid(name, reason));
        }
        if self.hosts.is_empty() {
            return Err(invalid(name, "it names no host that it may be sent to".to_owned()));
        }
        Ok(Account {
            secret: self.secret,
            fields: self.fields,
            hosts: self.hosts,
        })
    }
}

fn invalid(name: &str, reason: String) -> SecretError {
    SecretError::Invalid {
        name: name.to_owned(),
        reason,
    }
}
