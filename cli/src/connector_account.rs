//! The account of an integration of a connector, reached with the secret that is stored of it.
//!
//! The secret is read with the caller's own AWS credentials, so that IAM decides who may do this.

use crate::{error::Error, known, pagerduty_account::unusable, stack::Stack, systems::Systems};
use connectors::{Account, Action, Connector, shipped_connector};
use platform::{
    secrets::read_account,
    table::{ConnectorAccount as Recorded, IntegrationKind, IntegrationRecord},
};
use serde_json::{Map, Value};
use workflow::ids::{IntegrationAlias, IntegrationTypeName};

/// Access to an account on the system of a connector.
#[derive(Debug)]
pub(crate) struct ConnectorAccount<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) account: Account,
    systems: &'a Systems,
}

impl<'a> ConnectorAccount<'a> {
    /// Reads the secret of an integration, as the table has it.
    pub(crate) async fn of(alias: &IntegrationAlias, recorded: &Recorded, stack: &'a Stack) -> Result<Self, Error> {
        let connector = connector(&recorded.type_name, stack).await?;
        let name = stack.secret_names.integration(&recorded.type_name, alias);
        let account = read_account(&stack.secrets, &name, &recorded.type_name).await;
        let account = account.map_err(|error| unusable(alias, error))?;
        Ok(Self::reached(connector, account, &stack.systems))
    }

    /// Reads the secret of an integration that has to be of the type of a connector.
    pub(crate) async fn of_connector(
        alias: &IntegrationAlias,
        connector: &Connector,
        stack: &'a Stack,
    ) -> Result<Self, Error> {
        let record = stack.known_integration(alias).await?;
        match &record.kind {
            IntegrationKind::Connector(recorded) if recorded.type_name.as_str() == connector.name().as_str() => {
                Self::of(alias, recorded, stack).await
            }
            _ => Err(of_another_type(&record, connector.name().as_str())),
        }
    }

    /// Access with an account that need not be stored.
    pub(crate) fn reached(connector: &'a Connector, account: Account, systems: &'a Systems) -> Self {
        Self {
            connector,
            account,
            systems,
        }
    }

    /// Performs an action once.
    pub(crate) async fn perform(
        &self,
        action: &Action,
        input: Map<String, Value>,
        idempotency_key: Option<String>,
    ) -> Result<Map<String, Value>, Error> {
        let Self { connector, account, .. } = self;
        self.systems
            .perform(connector, action, account, input, idempotency_key)
            .await
    }
}

impl ConnectorAccount<'_> {
    /// Tries the secret with the action that the connector names for that, which only reads.
    pub(crate) async fn tried(&self) -> Tried {
        let title = self.connector.title();
        let Some(test) = self.connector.test() else {
            return Tried {
                verdict: Verdict::NotKnown,
                text: format!("Whether {title} accepts the secret can not be told: it names nothing to try it with."),
                remedy: None,
            };
        };
        match self.perform(test, Map::new(), None).await {
            Ok(outputs) => Tried::accepted(title, &outputs),
            Err(error) => Tried::failed(title, &error),
        }
    }
}

/// The outcome of trying a secret.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
    /// With `ALIAS` in the place of the integration.
    pub(crate) remedy: Option<String>,
}

/// The answer of a system to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    /// It could not be asked, or not now.
    NotKnown,
    /// The system refused it, or could not be reached.
    Failed,
}

impl Tried {
    fn accepted(title: &str, outputs: &Map<String, Value>) -> Self {
        let said = outputs.iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some(format!("{name} {text}")),
            _ => None,
        });
        let said: Vec<String> = said.collect();
        Self {
            verdict: Verdict::Accepted,
            text: match said.is_empty() {
                true => format!("{title} accepts the secret."),
                false => format!("{title} accepts the secret: {}.", said.join(", ")),
            },
            remedy: None,
        }
    }

    fn failed(title: &str, error: &Error) -> Self {
        use connectors::Error as Call;
        let text = error.to_string();
        match error {
            Error::System(call) => match &**call {
                Call::Unauthorized(_) => Self {
                    verdict: Verdict::Failed,
                    text: format!("{title} does not accept the secret: {text}"),
                    remedy: Some("Store a valid one with `pagerflow integration set-token ALIAS`.".to_owned()),
                },
                Call::Forbidden(_) => Self {
                    verdict: Verdict::Failed,
                    text: format!("The secret lacks a right: {text}"),
                    remedy: Some(format!(
                        "Give it the right in {title}, or store another one with `pagerflow integration set-token ALIAS`."
                    )),
                },
                Call::Unavailable { .. } | Call::NotFound(_) | Call::InvalidRequest(_) | Call::Account { .. } | Call::Input { .. } => Self {
                    verdict: Verdict::Failed,
                    text,
                    remedy: Some(
                        "Look at its fields with `pagerflow integration show ALIAS`, and store others with `pagerflow integration \
                         add ALIAS --field NAME=VALUE`."
                            .to_owned(),
                    ),
                },
                _ => Self {
                    verdict: Verdict::NotKnown,
                    text,
                    remedy: None,
                },
            },
            _ => Self {
                verdict: Verdict::NotKnown,
                text,
                remedy: None,
            },
        }
    }
}

/// The connector of a type of integrations.
pub(crate) async fn connector<'a>(type_name: &IntegrationTypeName, stack: &'a Stack) -> Result<&'a Connector, Error> {
    let name = type_name.as_str();
    if let Some(shipped) = shipped_connector(name) {
        return Ok(shipped);
    }
    let known = stack.connectors().await?;
    match known.is_stored(name) {
        true => known.usable(name),
        false => Err(known::unknown_type(type_name, known.names())),
    }
}

fn of_another_type(integration: &IntegrationRecord, wanted: &str) -> Error {
    let IntegrationRecord { alias, kind, .. } = integration;
    Error::Invalid(format!(
        "the integration {alias} is of the type {}, and this needs one of {wanted}\n\
         Add one with `pagerflow integration add ALIAS --type {wanted}`.",
        kind.type_name()
    ))
}
