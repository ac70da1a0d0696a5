//! The secret with which an action of a connector acts on its system.
//!
//! It holds the further fields of the integration and the hosts that the secret may be sent to beside the secret text: so an action
//! needs one call and no access to the table, and a secret goes to no host but those that were checked when it was stored. It
//! holds its type as well, so that a connector never gets a secret of another one.

mod change;
mod stored;

pub use change::{StoredOver, store_account};

use self::stored::Stored;
use super::{SecretCache, SecretError, SecretNames, SecretStore};
use crate::task::TaskError;
use connectors::Account;
use jiff::Timestamp;
use secrecy::SecretString;
use workflow::ids::{IntegrationAlias, IntegrationTypeName};

/// The value of the secret with an account on the system of a type.
///
/// # Errors
/// It cannot be written as JSON.
pub fn account_secret(type_name: &IntegrationTypeName, account: &Account) -> Result<SecretString, String> {
    Stored::value(type_name, account)
}

fn parse(name: &str, type_name: &IntegrationTypeName, secret: &SecretString) -> Result<Account, SecretError> {
    Stored::parse(name, secret)?.account(name, type_name)
}

/// The account of an integration in a store, past every cache.
///
/// # Errors
/// It is not there, cannot be used, is of another type, or is not to be had now.
pub async fn read_account(
    store: &impl SecretStore,
    name: &str,
    type_name: &IntegrationTypeName,
) -> Result<Account, SecretError> {
    parse(name, type_name, &store.read(name).await?)
}

/// The accounts of all integrations of connectors.
#[derive(Debug)]
pub struct Accounts<S> {
    cache: SecretCache<S>,
    names: SecretNames,
}

impl<S: SecretStore> Accounts<S> {
    /// Accounts whose secrets are in a store.
    pub fn new(store: S, names: SecretNames) -> Self {
        Self {
            cache: SecretCache::new(store),
            names,
        }
    }

    /// The account of an integration of a type.
    ///
    /// # Errors
    /// `Integration.NotFound`, `Integration.Invalid` or `Integration.Unavailable`.
    pub async fn get(
        &self,
        type_name: &IntegrationTypeName,
        integration: &IntegrationAlias,
        now: Timestamp,
    ) -> Result<Account, TaskError> {
        let name = self.names.integration(type_name, integration);
        let secret = self.cache.get(&name, now).await;
        secret
            .and_then(|secret| parse(&name, type_name, &secret))
            .map_err(|error| task_error(type_name, integration, &error))
    }

    /// The account after its system refused the secret: read again, if it was not just read.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn refreshed(
        &self,
        type_name: &IntegrationTypeName,
        integration: &IntegrationAlias,
        now: Timestamp,
    ) -> Result<Account, TaskError> {
        let name = self.names.integration(type_name, integration);
        let refreshed = self.cache.refreshed(&name, now).await;
        refreshed
            .and_then(|refreshed| parse(&name, type_name, &refreshed.secret))
            .map_err(|error| task_error(type_name, integration, &error))
    }
}

fn task_error(type_name: &IntegrationTypeName, integration: &IntegrationAlias, error: &SecretError) -> TaskError {
    let add = format!("pagerflow integration add {integration} --type {type_name}");
    let set_token = format!("pagerflow integration set-token {integration}");
    error.of_integration(integration, &add, &set_token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::SecretsInMemory;
    use rstest::rstest;
    use secrecy::ExposeSecret;

    const NAME: &str = "pagerflow/integrations/jira/ops";

    fn jira() -> IntegrationTypeName {
        "jira".parse().unwrap()
    }

    /// The accounts of a store whose secret has this content; of one without a secret if that is empty.
    fn accounts(stored: &str) -> (SecretsInMemory, Accounts<SecretsInMemory>) {
        let secrets = match stored {
            "" => SecretsInMemory::default(),
            stored => SecretsInMemory::holding(NAME, stored),
        };
        (secrets.clone(), Accounts::new(secrets, SecretNames::new("pagerflow")))
    }

    async fn get(accounts: &Accounts<SecretsInMemory>, second: i64) -> Result<Account, TaskError> {
        let now = Timestamp::from_second(second).unwrap();
        accounts.get(&jira(), &"ops".parse().unwrap(), now).await
    }

    fn stored(secret: &str) -> String {
        let account = Account {
            secret: secret.into(),
            fields: [("site".to_owned(), "acme.atlassian.net".to_owned())].into(),
            hosts: vec!["acme.atlassian.net".parse().unwrap()],
        };
        account_secret(&jira(), &account).unwrap().expose_secret().to_owned()
    }

    #[tokio::test]
    async fn what_is_stored_reads_back() {
        let (_, accounts) = accounts(&stored("tok3n"));
        let account = get(&accounts, 0).await.unwrap();
        assert_eq!(account.secret.expose_secret(), "tok3n");
        assert_eq!(account.fields["site"], "acme.atlassian.net");
        assert_eq!(account.hosts, ["acme.atlassian.net".parse().unwrap()]);
    }

    #[test]
    fn the_form_of_the_secret_is_the_one_that_other_releases_read() {
        insta::assert_snapshot!(stored("tok3n"), @r#"{"type":"jira","secret":"tok3n","fields":{"site":"acme.atlassian.net"},"hosts":["acme.atlassian.net"]}"#);
    }

    #[tokio::test]
    async fn an_account_is_read_once_in_five_minutes_and_again_when_it_was_refused() {
        let (secrets, accounts) = accounts(&stored("one"));
        get(&accounts, 0).await.unwrap();
        secrets.put(NAME, stored("two"));
        assert_eq!(get(&accounts, 299).await.unwrap().secret.expose_secret(), "one");

        let now = Timestamp::from_second(299).unwrap();
        let refreshed = accounts.refreshed(&jira(), &"ops".parse().unwrap(), now).await;

        assert_eq!(refreshed.unwrap().secret.expose_secret(), "two");
        assert_eq!(secrets.reads(), 2);
    }

    #[rstest]
    #[case::absent("", "Integration.NotFound", NAME)]
    #[case::no_json("s3cret", "Integration.Invalid", "it is not JSON")]
    #[case::fields_missing(r#"{"secret":"s3cret"}"#, "Integration.Invalid", "does not have the fields")]
    #[case::odd_field(
        r#"{"type":"jira","secret":"s3cret","fields":{},"hosts":["a.example"],"s3cret":1}"#,
        "Integration.Invalid",
        "does not have the fields"
    )]
    #[case::odd_value(
        r#"{"type":"jira","secret":"t","fields":{"site":["s3cret"]},"hosts":["a.example"]}"#,
        "Integration.Invalid",
        "does not have the fields"
    )]
    #[case::of_another_type(
        r#"{"type":"slack","secret":"s3cret","fields":{},"hosts":["slack.com"]}"#,
        "Integration.Invalid",
        "it is of the type slack, and not of jira"
    )]
    #[case::odd_type(
        r#"{"type":"S3CRET s3cret","secret":"s3cret","fields":{},"hosts":["slack.com"]}"#,
        "Integration.Invalid",
        "does not have the fields"
    )]
    #[case::for_no_host(
        r#"{"type":"jira","secret":"s3cret","fields":{},"hosts":[]}"#,
        "Integration.Invalid",
        "it names no host that it may be sent to"
    )]
    #[case::for_what_is_no_host(
        r#"{"type":"jira","secret":"s3cret","fields":{},"hosts":["*"]}"#,
        "Integration.Invalid",
        "does not have the fields"
    )]
    #[tokio::test]
    async fn f28_a_secret_that_cannot_be_used_says_what_to_do_and_nothing_of_itself(
        #[case] stored: &str,
        #[case] name: &str,
        #[case] said: &str,
    ) {
        let (_, accounts) = accounts(stored);
        let error = get(&accounts, 0).await.unwrap_err();
        assert_eq!(error.failure().name, name);
        assert!(error.to_string().contains(said), "{error}");
        let command = match name {
            "Integration.NotFound" => "`pagerflow integration add ops --type jira`",
            _ => "`pagerflow integration set-token ops`",
        };
        assert!(error.to_string().contains(command), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}
