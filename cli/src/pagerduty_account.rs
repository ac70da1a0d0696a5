//! The PagerDuty account of an integration, reached with the token in its secret.
//!
//! The secret is read with the caller's own AWS credentials, so that IAM decides who may do this.

use crate::{error::Error, stack::Stack};
use pagerduty::{
    account_check::Regions,
    client::{Account, BaseUrl, Client, ServiceRegion},
};
use platform::secrets::{Connection, SecretError, read_connection};
use provider::http::HttpTransport;
use std::{sync::Arc, time::Duration};
use workflow::ids::IntegrationAlias;

/// The time that a request may take. A person waits for it, and a page of a long list takes a while.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Access to an account.
#[derive(Debug)]
pub(crate) struct PagerDutyAccount {
    /// The stored connection.
    pub(crate) connection: Connection,
    client: Client,
    other: Option<Client>,
}

impl PagerDutyAccount {
    /// Reads the secret of an integration.
    pub(crate) async fn of(alias: &IntegrationAlias, stack: &Stack) -> Result<Self, Error> {
        stack.pagerduty_integration(alias).await?;
        let connection = read_connection(&stack.secrets, &stack.secret_names.api_token(alias)).await;
        let connection = connection.map_err(|error| unusable(alias, error))?;
        Self::reached(connection, stack.pagerduty_url.as_ref())
    }

    /// Reaches it at the address of its service region, or at another one.
    pub(crate) fn reached(connection: Connection, url: Option<&BaseUrl>) -> Result<Self, Error> {
        let transport = HttpTransport::new().map_err(|error| Error::PagerDutyClient(error.to_string()))?;
        let transport = Arc::new(transport);
        let client_of = |region| {
            let url = BaseUrl::of(region).map_err(|error| Error::PagerDutyClient(error.to_string()))?;
            Ok::<_, Error>(Client::new(transport.clone(), url))
        };
        let (client, other) = match (url, connection.service_region) {
            (Some(url), _) => (Client::new(transport, url.clone()), None),
            (None, region @ ServiceRegion::Us) => (client_of(region)?, Some(client_of(ServiceRegion::Eu)?)),
            (None, region @ ServiceRegion::Eu) => (client_of(region)?, Some(client_of(ServiceRegion::Us)?)),
        };
        Ok(Self {
            connection,
            client,
            other,
        })
    }

    /// The account, to make requests with.
    pub(crate) fn open(&self) -> Account<'_> {
        self.client.account(&self.connection.token).with_time_limit(TIME_LIMIT)
    }

    /// The addresses of PagerDuty.
    pub(crate) fn regions(&self) -> Regions<'_> {
        Regions {
            configured: self.connection.service_region,
            client: &self.client,
            other: self.other.as_ref(),
        }
    }
}

/// The error for an integration whose stored part cannot be used.
pub(crate) fn unusable(alias: &IntegrationAlias, cause: SecretError) -> Error {
    Error::Unusable {
        alias: alias.clone(),
        cause,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use pagerduty::{client::TokenKind, ids::UserEmail};
    use pagerduty_simulator::{Options, Seed, Simulator};
    use platform::secrets::SecretsInMemory;

    /// An account that the simulator plays; it is there as long as the simulator.
    pub(crate) async fn simulated(
        seed: Seed,
        token: &str,
        default_from: Option<&str>,
    ) -> (Simulator, PagerDutyAccount) {
        let options = Options {
            seed,
            ..Options::default()
        };
        let simulator = Simulator::start(options).await.unwrap();
        let url = simulator.base_url().parse().unwrap();
        let account = PagerDutyAccount::reached(stored(ServiceRegion::Us, token, default_from).await, Some(&url));
        (simulator, account.unwrap())
    }

    async fn stored(region: ServiceRegion, token: &str, default_from: Option<&str>) -> Connection {
        let default_from: Option<UserEmail> = default_from.map(|email| email.parse().unwrap());
        let default_from = default_from.as_ref().map(UserEmail::as_str);
        let value = Connection::secret_value(&token.into(), TokenKind::ApiToken, region, default_from);
        read_connection(&SecretsInMemory::holding("n", value.unwrap()), "n")
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn only_an_account_at_pagerdutys_own_address_has_another_region() {
        for region in [ServiceRegion::Us, ServiceRegion::Eu] {
            let account = PagerDutyAccount::reached(stored(region, "t", None).await, None).unwrap();
            assert_eq!(account.regions().configured, region);
            assert!(account.regions().other.is_some());
        }
        let url = "http://127.0.0.1:9".parse().unwrap();
        let account = PagerDutyAccount::reached(stored(ServiceRegion::Us, "t", None).await, Some(&url)).unwrap();
        assert!(account.regions().other.is_none());
    }

    #[test]
    fn f28_a_secret_that_is_gone_says_how_to_store_it() {
        let error = unusable(
            &"prod".parse().unwrap(),
            SecretError::NotFound("pagerflow/api-token/prod".to_owned()),
        );
        insta::assert_snapshot!(error, @"integration prod: there is no secret pagerflow/api-token/prod; store it with `pagerflow integration set-token prod`");
    }

    #[tokio::test]
    async fn i5_an_account_does_not_show_its_token() {
        let account = PagerDutyAccount::reached(stored(ServiceRegion::Us, "s3cret", None).await, None).unwrap();
        assert!(!format!("{account:?}").contains("s3cret"));
    }
}
