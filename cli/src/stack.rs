//! The stack that a command works on.

mod resources;

pub(crate) use resources::Resources;

use crate::{
    error::Error, known, known_connectors::KnownConnectors, schedules::EventBridgeScheduler, systems::Systems,
};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudformation::{
    error::ProvideErrorMetadata,
    types::{Output, Stack as DescribedStack},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use clap::Args;
use connectors::{Connector, shipped_connector};
use pagerduty::client::BaseUrl;
use platform::{
    aws::AwsFailure,
    executions::StateMachine,
    schedules::ScheduleTarget,
    secrets::{SecretNames, SecretsManager},
    table::{IntegrationRecord, Table},
};
use std::time::Duration;
use tokio::sync::OnceCell;
use workflow::ids::IntegrationAlias;

/// The name of the stack if no other is given.
const DEFAULT_NAME: &str = "pagerflow";

/// The time that AWS may take to tell who the caller is.
const CALLER_TIMEOUT: Duration = Duration::from_secs(5);

/// Which stack.
#[derive(Debug, Args)]
pub(crate) struct StackOptions {
    /// The name of the deployed stack. If it is not given: the variable PAGERFLOW_STACK_NAME, or else `pagerflow`.
    #[arg(long, global = true)]
    stack: Option<String>,
}

/// A stack before CloudFormation is asked.
#[derive(Debug, PartialEq)]
struct Known {
    name: String,
    table: Option<String>,
    secrets_prefix: Option<String>,
    webhook_url: Option<String>,
    state_machine: Option<String>,
    pagerduty_url: Option<String>,
    connectors_url: Option<String>,
    private_networks: Option<String>,
}

impl StackOptions {
    /// The name of the stack.
    pub(crate) fn name(&self) -> String {
        self.known(|name| std::env::var(name).ok()).name
    }

    /// A name on the command line goes before all variables, lest a command works on a stack that a forgotten variable
    /// names.
    fn known(&self, lookup: impl Fn(&str) -> Option<String>) -> Known {
        let setting = |name: &str| lookup(name).filter(|value| !value.is_empty());
        match &self.stack {
            Some(name) => Known {
                name: name.clone(),
                table: None,
                secrets_prefix: None,
                webhook_url: None,
                state_machine: None,
                pagerduty_url: None,
                connectors_url: None,
                private_networks: None,
            },
            None => Known {
                name: setting("PAGERFLOW_STACK_NAME").unwrap_or_else(|| DEFAULT_NAME.to_owned()),
                table: setting("PAGERFLOW_TABLE_NAME"),
                secrets_prefix: setting("PAGERFLOW_SECRETS_PREFIX"),
                webhook_url: setting("PAGERFLOW_WEBHOOK_URL"),
                state_machine: setting("PAGERFLOW_STATE_MACHINE_ARN"),
                pagerduty_url: setting("PAGERFLOW_PAGERDUTY_URL"),
                connectors_url: setting("PAGERFLOW_CONNECTORS_URL"),
                private_networks: setting("PAGERFLOW_CONNECTOR_PRIVATE_NETWORKS"),
            },
        }
    }
}

/// A deployed stack.
#[derive(Debug)]
pub(crate) struct Stack {
    /// Its name, by which CloudFormation knows it.
    pub(crate) name: String,
    /// The configuration of AWS clients.
    pub(crate) config: SdkConfig,
    /// Its table.
    pub(crate) table: Table,
    /// Secrets Manager.
    pub(crate) secrets: SecretsManager,
    /// The names of its secrets.
    pub(crate) secret_names: SecretNames,
    /// Base of its webhook URLs, without a slash at its end.
    pub(crate) webhook_url: String,
    /// Its state machine.
    pub(crate) state_machine: StateMachine,
    /// The address of PagerDuty, if not that of an integration's service region.
    pub(crate) pagerduty_url: Option<BaseUrl>,
    /// The way to the systems of connectors.
    pub(crate) systems: Systems,
    identity: aws_sdk_sts::Client,
    connectors: OnceCell<KnownConnectors>,
}

impl Stack {
    /// Finds a stack by its name. Unless that is on the command line, the environment variables `PAGERFLOW_TABLE_NAME`,
    /// `PAGERFLOW_SECRETS_PREFIX`, `PAGERFLOW_WEBHOOK_URL` and `PAGERFLOW_STATE_MACHINE_ARN` go before what CloudFormation
    /// knows; where all are set it is not asked. `PAGERFLOW_PAGERDUTY_URL` says where PagerDuty is, for a local one, and
    /// `PAGERFLOW_CONNECTORS_URL` where all other systems are. `PAGERFLOW_CONNECTOR_PRIVATE_NETWORKS` names the private networks in
    /// which systems may be.
    pub(crate) async fn find(options: &StackOptions) -> Result<Self, Error> {
        let config = aws_config().await;
        let known = options.known(|name| std::env::var(name).ok());
        let pagerduty_url = known.pagerduty_url.map(|url| url.parse()).transpose();
        let pagerduty_url =
            pagerduty_url.map_err(|error| Error::PagerDutyClient(format!("PAGERFLOW_PAGERDUTY_URL: {error}")))?;
        let systems = Systems::of(known.connectors_url.as_deref(), known.private_networks.as_deref())?;
        let settings = (
            known.table,
            known.secrets_prefix,
            known.webhook_url,
            known.state_machine,
        );
        let (table, prefix, webhook_url, state_machine) = match settings {
            (Some(table), Some(prefix), Some(webhook_url), Some(state_machine)) => {
                (table, prefix, webhook_url, state_machine)
            }
            (table, prefix, webhook_url, state_machine) => {
                let outputs = Outputs::of(&config, &known.name).await?;
                (
                    table.map_or_else(|| outputs.value("TableName"), Ok)?,
                    prefix.map_or_else(|| outputs.value("SecretsPrefix"), Ok)?,
                    webhook_url.map_or_else(|| outputs.value("WebhookUrl"), Ok)?,
                    state_machine.map_or_else(|| outputs.value("StateMachineArn"), Ok)?,
                )
            }
        };
        Ok(Self {
            name: known.name,
            table: Table::new(aws_sdk_dynamodb::Client::new(&config), table),
            secrets: SecretsManager::new(aws_sdk_secretsmanager::Client::new(&config)),
            secret_names: SecretNames::new(prefix),
            webhook_url: webhook_url.trim_end_matches('/').to_owned(),
            state_machine: StateMachine::new(aws_sdk_sfn::Client::new(&config), state_machine),
            pagerduty_url,
            systems,
            identity: aws_sdk_sts::Client::new(&config),
            connectors: OnceCell::new(),
            config,
        })
    }

    /// The state of its last deployment, in CloudFormation's words.
    pub(crate) async fn status(&self) -> Result<String, Error> {
        let stacks = describe(&self.config, &self.name).await?;
        let status = stacks.into_iter().next().and_then(|stack| stack.stack_status);
        status.map_or_else(
            || {
                Err(Error::NoStack {
                    name: self.name.clone(),
                })
            },
            |status| Ok(status.as_str().to_owned()),
        )
    }

    /// Its resources.
    pub(crate) async fn resources(&self) -> Result<Resources, Error> {
        Resources::of(&self.config, &self.name).await
    }
}

impl Stack {
    /// The schedules of its workflows, and the place that they send to. Only commands about a workflow that has or had a schedule ask
    /// for them: a stack of an older release has none.
    pub(crate) async fn schedules(&self) -> Result<(EventBridgeScheduler, ScheduleTarget), Error> {
        let outputs = Outputs::of(&self.config, &self.name).await?;
        let client = aws_sdk_scheduler::Client::new(&self.config);
        let target = ScheduleTarget {
            queue: outputs.value("StartBufferArn")?,
            dead_letters: outputs.value("StartBufferDeadLettersArn")?,
            role: outputs.value("ScheduleRoleArn")?,
        };
        Ok((
            EventBridgeScheduler::new(client, outputs.value("ScheduleGroup")?),
            target,
        ))
    }

    /// Who the caller is, as AWS knows them: an ARN. None where AWS does not tell, which is no reason not to go on.
    pub(crate) async fn caller(&self) -> Option<String> {
        let answer = self.identity.get_caller_identity().send();
        let answer = tokio::time::timeout(CALLER_TIMEOUT, answer).await;
        answer.ok()?.ok()?.arn
    }

    /// The connectors, with the user's own in its table, which are read once.
    pub(crate) async fn connectors(&self) -> Result<&KnownConnectors, Error> {
        self.connectors
            .get_or_try_init(|| KnownConnectors::of_table(&self.table))
            .await
    }

    /// The connector of a name. Only for one that does not come with the program the table is read.
    pub(crate) async fn connector(&self, name: &str) -> Result<&Connector, Error> {
        match shipped_connector(name) {
            Some(connector) => Ok(connector),
            None => self.connectors().await?.usable(name),
        }
    }

    /// The integration of an alias, or the command that adds it.
    pub(crate) async fn known_integration(&self, alias: &IntegrationAlias) -> Result<IntegrationRecord, Error> {
        match self.table.integration(alias).await? {
            Some(record) => Ok(record),
            None => Err(known::unknown_integration(alias, self).await),
        }
    }

    /// The integration of an alias, which has to be an account on PagerDuty.
    pub(crate) async fn pagerduty_integration(&self, alias: &IntegrationAlias) -> Result<IntegrationRecord, Error> {
        let record = self.known_integration(alias).await?;
        match record.kind.is_pagerduty() {
            true => Ok(record),
            false => Err(known::not_pagerduty(&record)),
        }
    }
}

/// The way to AWS that environment and profile say.
pub(crate) async fn aws_config() -> SdkConfig {
    let defaults = aws_config::defaults(BehaviorVersion::latest());
    // rustls with ring, as in the functions, so that only one implementation of TLS is built; with the system's roots,
    // which people may have added to.
    let https = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    defaults.http_client(https).load().await
}

/// The outputs of a stack.
struct Outputs {
    stack: String,
    outputs: Vec<Output>,
}

impl Outputs {
    async fn of(config: &SdkConfig, name: &str) -> Result<Self, Error> {
        let stacks = describe(config, name).await?.into_iter();
        Ok(Self {
            stack: name.to_owned(),
            outputs: stacks.flat_map(|stack| stack.outputs.unwrap_or_default()).collect(),
        })
    }

    fn value(&self, key: &'static str) -> Result<String, Error> {
        let output = self.outputs.iter().find(|output| output.output_key() == Some(key));
        let value = output.and_then(Output::output_value).map(str::to_owned);
        value.ok_or_else(|| Error::NoOutput {
            name: self.stack.clone(),
            output: key,
        })
    }
}

async fn describe(config: &SdkConfig, name: &str) -> Result<Vec<DescribedStack>, Error> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let stacks = client.describe_stacks().stack_name(name).send().await;
    let stacks = stacks.map_err(|error| {
        let name = name.to_owned();
        if is_no_such_stack(&error) {
            Error::NoStack { name }
        } else {
            let cause = AwsFailure::of(&error);
            Error::CloudFormation { name, cause }
        }
    })?;
    Ok(stacks.stacks.unwrap_or_default())
}

/// CloudFormation has no error of its own for a stack that does not exist: it answers `ValidationError`, as for a name that
/// no stack can have, with "Stack with id … does not exist".
fn is_no_such_stack(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ValidationError") && error.message().is_some_and(|text| text.contains("does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::error::ErrorMetadata;

    const VARIABLES: [(&str, &str); 8] = [
        ("PAGERFLOW_STACK_NAME", "from-variable"),
        ("PAGERFLOW_TABLE_NAME", "table"),
        ("PAGERFLOW_SECRETS_PREFIX", "prefix"),
        ("PAGERFLOW_WEBHOOK_URL", "https://example.com"),
        ("PAGERFLOW_STATE_MACHINE_ARN", "arn:machine"),
        ("PAGERFLOW_PAGERDUTY_URL", "http://127.0.0.1:4010"),
        ("PAGERFLOW_CONNECTORS_URL", "http://127.0.0.1:4020"),
        ("PAGERFLOW_CONNECTOR_PRIVATE_NETWORKS", "10.0.0.0/8"),
    ];

    fn known(stack: Option<&str>, variables: &[(&str, &str)]) -> Known {
        let options = StackOptions {
            stack: stack.map(str::to_owned),
        };
        options.known(|name| {
            let variable = variables.iter().find(|(variable, _)| *variable == name);
            variable.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_stack_on_the_command_line_goes_before_all_variables() {
        let expected = Known {
            name: "production".to_owned(),
            table: None,
            secrets_prefix: None,
            webhook_url: None,
            state_machine: None,
            pagerduty_url: None,
            connectors_url: None,
            private_networks: None,
        };
        assert_eq!(known(Some("production"), &VARIABLES), expected);
    }

    #[test]
    fn variables_go_before_what_cloudformation_knows() {
        let expected = Known {
            name: "from-variable".to_owned(),
            table: Some("table".to_owned()),
            secrets_prefix: Some("prefix".to_owned()),
            webhook_url: Some("https://example.com".to_owned()),
            state_machine: Some("arn:machine".to_owned()),
            pagerduty_url: Some("http://127.0.0.1:4010".to_owned()),
            connectors_url: Some("http://127.0.0.1:4020".to_owned()),
            private_networks: Some("10.0.0.0/8".to_owned()),
        };
        assert_eq!(known(None, &VARIABLES), expected);
    }

    #[test]
    fn an_empty_variable_is_none_and_a_general_name_is_not_looked_at() {
        let stack = known(
            None,
            &[("PAGERFLOW_STACK_NAME", ""), ("TABLE_NAME", "another program's")],
        );
        assert_eq!((stack.name.as_str(), stack.table), (DEFAULT_NAME, None));
    }

    #[test]
    fn only_a_stack_that_does_not_exist_is_told_as_such() {
        let error = |code: &str, message: &str| ErrorMetadata::builder().code(code).message(message).build();
        assert!(is_no_such_stack(&error(
            "ValidationError",
            "Stack with id pagerflow does not exist"
        )));
        for other in [
            error("ExpiredToken", "The security token included in the request is expired"),
            error(
                "ValidationError",
                "1 validation error detected: Value at 'stackName' failed",
            ),
            error("Throttling", "Rate exceeded"),
        ] {
            assert!(!is_no_such_stack(&other), "{other}");
        }
    }
}
