//! Integrations, as people see them. What an action needs stands in the secret.

use super::{Items, Read, Single, StoreError, Table, Write, item, items::Test, keys, record};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use pagerduty::client::ServiceRegion;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use workflow::ids::{IntegrationAlias, IntegrationTypeName, InvalidId};

/// An integration: a named account on a system. All aliases are of one namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Attributes", into = "Attributes")]
pub struct IntegrationRecord {
    pub alias: IntegrationAlias,
    /// The system, and what is known of the account on it.
    pub kind: IntegrationKind,
    /// The time when it was last stored.
    pub updated_at: Timestamp,
}

/// The system of an integration, and what is known of the account on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationKind {
    /// PagerDuty.
    PagerDuty {
        /// The region in which the account lives.
        service_region: ServiceRegion,
        /// The user whom a step acts for if it names none.
        default_from: Option<String>,
    },
    /// The system of a connector.
    Connector(ConnectorAccount),
}

/// An account on the system of a connector, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorAccount {
    /// The connector, by its name.
    pub type_name: IntegrationTypeName,
    /// The fields that the connector asks for beside the secret.
    pub fields: BTreeMap<String, String>,
    /// The hosts that the secret may be sent to.
    pub hosts: Vec<String>,
}

impl IntegrationKind {
    /// The type of the integrations of PagerDuty, whose actions are not those of a connector.
    pub const PAGERDUTY: &str = "pagerduty";

    /// The name of its type.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::PagerDuty { .. } => Self::PAGERDUTY,
            Self::Connector(account) => account.type_name.as_str(),
        }
    }

    /// True for PagerDuty.
    #[must_use]
    pub fn is_pagerduty(&self) -> bool {
        matches!(self, Self::PagerDuty { .. })
    }
}

/// An integration as its item has it: the attributes of each type side by side, so that a condition can name the type.
#[derive(Serialize, Deserialize)]
struct Attributes {
    alias: IntegrationAlias,
    r#type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service_region: Option<ServiceRegion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_from: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<String>,
    updated_at: Timestamp,
}

impl TryFrom<Attributes> for IntegrationRecord {
    type Error = String;

    fn try_from(it: Attributes) -> Result<Self, Self::Error> {
        let kind = match it.r#type.as_str() {
            IntegrationKind::PAGERDUTY => IntegrationKind::PagerDuty {
                service_region: it.service_region.ok_or("`service_region` is missing")?,
                default_from: it.default_from,
            },
            name => IntegrationKind::Connector(ConnectorAccount {
                type_name: name.parse().map_err(|error: InvalidId| error.to_string())?,
                fields: it.fields,
                hosts: it.hosts,
            }),
        };
        Ok(Self {
            alias: it.alias,
            kind,
            updated_at: it.updated_at,
        })
    }
}

impl From<IntegrationRecord> for Attributes {
    fn from(it: IntegrationRecord) -> Self {
        let r#type = it.kind.type_name().to_owned();
        let (service_region, default_from, account) = match it.kind {
            IntegrationKind::PagerDuty {
                service_region,
                default_from,
            } => (Some(service_region), default_from, None),
            IntegrationKind::Connector(account) => (None, None, Some(account)),
        };
        let (fields, hosts) = account.map(|it| (it.fields, it.hosts)).unwrap_or_default();
        Self {
            alias: it.alias,
            r#type,
            service_region,
            default_from,
            fields,
            hosts,
            updated_at: it.updated_at,
        }
    }
}

/// The outcome of storing an integration.
#[derive(Debug, Clone, PartialEq)]
pub enum PutIntegration {
    /// It is stored.
    Stored,
    /// The alias is that of an integration of another type, which stays as it is.
    IsOfAnotherType(IntegrationRecord),
}

impl<I: Items> Table<I> {
    /// Stores an integration, over the one of the same alias and type. An alias never changes its type: the steps that name it
    /// would act on another system.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    pub async fn put_integration(&self, integration: &IntegrationRecord) -> Result<PutIntegration, StoreError> {
        const STORE: &str = "store the integration";
        let item = item("integration", &keys::integration(&integration.alias), integration)?;
        let put = |test| Write::Put {
            item: item.clone(),
            condition: vec![test],
        };
        let same_type = AttributeValue::S(integration.kind.type_name().to_owned());
        let mut refused = None;
        for test in [Test::ABSENT, Test::Is("type", same_type)] {
            match self.items.write(STORE, put(test)).await? {
                Single::Done { .. } => return Ok(PutIntegration::Stored),
                Single::Refused { item } => refused = Some(item),
            }
        }
        match refused {
            Some(other) if !other.is_empty() => Ok(PutIntegration::IsOfAnotherType(record("integration", other)?)),
            _ => Err(StoreError::Unavailable {
                operation: STORE,
                cause: "it was removed at the same moment".into(),
            }),
        }
    }

    /// The integration of an alias.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn integration(&self, alias: &IntegrationAlias) -> Result<Option<IntegrationRecord>, StoreError> {
        self.get(Read::Integration, &keys::integration(alias))
            .await?
            .map(|item| record("integration", item))
            .transpose()
    }

    /// All integrations, by their aliases.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn integrations(&self) -> Result<Vec<IntegrationRecord>, StoreError> {
        self.partition(Read::Integrations, "integration", keys::INTEGRATIONS)
            .await
    }

    /// Removes an integration. Gives whether there was one.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    pub async fn remove_integration(&self, alias: &IntegrationAlias) -> Result<bool, StoreError> {
        let delete = Write::Delete(keys::integration(alias));
        let removed = self.items.write("remove the integration", delete).await?;
        Ok(matches!(removed, Single::Done { item: Some(_) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::items::Memory;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn pagerduty(region: ServiceRegion) -> IntegrationRecord {
        IntegrationRecord {
            alias: "ops".parse().unwrap(),
            kind: IntegrationKind::PagerDuty {
                service_region: region,
                default_from: Some("oncall@example.com".to_owned()),
            },
            updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
        }
    }

    fn jira() -> IntegrationRecord {
        IntegrationRecord {
            kind: IntegrationKind::Connector(ConnectorAccount {
                type_name: "jira".parse().unwrap(),
                fields: [("site".to_owned(), "acme.atlassian.net".to_owned())].into(),
                hosts: vec!["acme.atlassian.net".to_owned()],
            }),
            ..pagerduty(ServiceRegion::Us)
        }
    }

    #[rstest]
    #[case::pagerduty(pagerduty(ServiceRegion::Eu), json!({
        "alias": "ops", "type": "pagerduty", "service_region": "eu", "default_from": "oncall@example.com",
        "updated_at": "2026-11-20T09:30:00Z",
    }))]
    #[case::connector(jira(), json!({
        "alias": "ops", "type": "jira", "fields": {"site": "acme.atlassian.net"}, "hosts": ["acme.atlassian.net"],
        "updated_at": "2026-11-20T09:30:00Z",
    }))]
    fn the_form_of_an_item_is_the_one_that_other_releases_read(
        #[case] integration: IntegrationRecord,
        #[case] form: Value,
    ) {
        assert_eq!(serde_json::to_value(&integration).unwrap(), form);
        assert_eq!(serde_json::from_value::<IntegrationRecord>(form).unwrap(), integration);
    }

    #[rstest]
    #[case::without_a_region(json!({"alias": "ops", "type": "pagerduty"}), "`service_region` is missing")]
    #[case::of_an_odd_type(json!({"alias": "ops", "type": "Slack Web"}), "is no type of integrations")]
    fn an_item_that_is_none_is_refused_with_the_reason(#[case] mut form: Value, #[case] reason: &str) {
        form["updated_at"] = json!("2026-11-20T09:30:00Z");
        let error = serde_json::from_value::<IntegrationRecord>(form).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }

    #[tokio::test]
    async fn an_integration_is_stored_over_one_of_its_type_and_never_over_another() {
        let table = Table::over(Memory::default());
        let alias = "ops".parse().unwrap();

        for region in [ServiceRegion::Us, ServiceRegion::Eu] {
            let stored = table.put_integration(&pagerduty(region)).await.unwrap();
            assert_eq!(stored, PutIntegration::Stored);
        }
        let stored = table.put_integration(&jira()).await.unwrap();

        let before = pagerduty(ServiceRegion::Eu);
        assert_eq!(stored, PutIntegration::IsOfAnotherType(before.clone()));
        assert_eq!(table.integration(&alias).await.unwrap(), Some(before));

        table.remove_integration(&alias).await.unwrap();
        assert_eq!(table.put_integration(&jira()).await.unwrap(), PutIntegration::Stored);
        assert_eq!(table.integration(&alias).await.unwrap(), Some(jira()));
    }
}
