//! Changing what is stored of an account.

use super::{account_secret, parse};
use crate::secrets::{
    ChangeError, SecretError, SecretWriter,
    change::{Change, change},
};
use connectors::Account;
use workflow::ids::IntegrationTypeName;

/// An account was stored.
#[derive(Debug, Clone)]
pub struct StoredOver {
    /// The account as it is now.
    pub account: Account,
    /// The reason what was stored could not be used, and was therefore replaced.
    pub replaced: Option<SecretError>,
}

/// Stores an account over the one that is there: `make` gets that one, if it can be used, and gives the new one. It is asked again if
/// others have changed the account meanwhile.
///
/// # Errors
/// `make` refused, the store does not answer, or others keep changing it.
pub async fn store_account(
    store: &impl SecretWriter,
    name: &str,
    type_name: &IntegrationTypeName,
    mut make: impl FnMut(Option<&Account>) -> Result<Account, String>,
) -> Result<StoredOver, ChangeError> {
    let description = format!("Pagerflow: an account on {type_name}");
    let mut replaced = None;
    let account = change(store, name, &description, |before| {
        let before = match before.map(|secret| parse(name, type_name, secret)) {
            None => None,
            Some(Ok(before)) => Some(before),
            Some(Err(unusable)) => {
                replaced = Some(unusable);
                None
            }
        };
        let account = make(before.as_ref()).map_err(ChangeError::Refused)?;
        let value = account_secret(type_name, &account).map_err(ChangeError::Json)?;
        Ok(Change::Store(value, account))
    })
    .await?;
    Ok(StoredOver { account, replaced })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::{SecretsInMemory, read_account};
    use rstest::rstest;
    use secrecy::{ExposeSecret, SecretString};
    use std::collections::BTreeMap;

    const NAME: &str = "pagerflow/integrations/jira/ops";

    fn jira() -> IntegrationTypeName {
        "jira".parse().unwrap()
    }

    fn account(secret: &str, fields: &[(&str, &str)]) -> Account {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Account {
            secret: secret.into(),
            fields: fields.collect(),
            hosts: vec!["acme.atlassian.net".parse().unwrap()],
        }
    }

    fn value(account: &Account) -> SecretString {
        account_secret(&jira(), account).unwrap()
    }

    /// A change of the secret alone.
    fn with_secret(secret: &'static str) -> impl FnMut(Option<&Account>) -> Result<Account, String> {
        move |before| {
            let fields = before.map(|it| it.fields.clone()).unwrap_or_default();
            Ok(Account {
                fields,
                ..account(secret, &[])
            })
        }
    }

    async fn told(store: &SecretsInMemory) -> (String, BTreeMap<String, String>) {
        let account = read_account(store, NAME, &jira()).await.unwrap();
        (account.secret.expose_secret().to_owned(), account.fields)
    }

    #[tokio::test]
    async fn the_first_account_is_stored() {
        let store = SecretsInMemory::default();

        let stored = store_account(&store, NAME, &jira(), with_secret("one")).await.unwrap();

        assert_eq!(stored.replaced, None);
        assert_eq!(told(&store).await, ("one".to_owned(), BTreeMap::new()));
    }

    #[tokio::test]
    async fn an_account_is_changed_over_what_somebody_has_stored_meanwhile() {
        let store = SecretsInMemory::holding(NAME, value(&account("one", &[("site", "a")])));
        store.others_write([value(&account("two", &[("site", "b")]))]);

        let stored = store_account(&store, NAME, &jira(), with_secret("three"))
            .await
            .unwrap();

        assert_eq!(stored.account.fields["site"], "b");
        assert_eq!(told(&store).await, ("three".to_owned(), stored.account.fields));
    }

    #[rstest]
    #[case::empty("")]
    #[case::malformed("s3cret")]
    #[case::of_another_type(r#"{"type":"slack","secret":"s3cret","fields":{"a":"s3cret"},"hosts":["slack.com"]}"#)]
    #[tokio::test]
    async fn f28_an_account_that_cannot_be_used_is_replaced_and_told(#[case] before: &str) {
        let store = SecretsInMemory::holding(NAME, before);

        let stored = store_account(&store, NAME, &jira(), with_secret("one")).await.unwrap();

        let replaced = stored.replaced.unwrap();
        assert!(matches!(replaced, SecretError::Invalid { .. }), "{replaced}");
        assert!(!replaced.to_string().contains("s3cret"), "{replaced}");
        assert_eq!(told(&store).await, ("one".to_owned(), BTreeMap::new()));
    }

    #[tokio::test]
    async fn an_account_that_is_refused_changes_nothing() {
        let store = SecretsInMemory::holding(NAME, value(&account("one", &[])));

        let error = store_account(&store, NAME, &jira(), |_| Err("no".to_owned())).await;

        assert_eq!(error.unwrap_err(), ChangeError::Refused("no".to_owned()));
        assert_eq!(store.writes(), 0);
    }
}
