//! The stack that a command works on.

use crate::error::Error;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudformation::types::Output;
use clap::Args;
use platform::{
    secrets::{SecretNames, SecretsManager},
    table::Table,
};

/// Which stack.
#[derive(Debug, Args)]
pub(crate) struct StackOptions {
    /// The name of the deployed stack.
    #[arg(long, global = true, env = "PAGERFLOW_STACK_NAME", default_value = "pagerflow")]
    stack: String,
}

/// A deployed stack.
#[derive(Debug)]
pub(crate) struct Stack {
    /// Its table.
    pub(crate) table: Table,
    /// Secrets Manager.
    pub(crate) secrets: SecretsManager,
    /// The names of its secrets.
    pub(crate) secret_names: SecretNames,
    /// Base of its webhook URLs, without a slash at its end.
    pub(crate) webhook_url: String,
}

impl Stack {
    /// Finds a stack by its name. The environment variables `TABLE_NAME`, `SECRETS_PREFIX` and `WEBHOOK_URL` go before
    /// what CloudFormation knows; where all are set it is not asked.
    pub(crate) async fn find(options: &StackOptions) -> Result<Self, Error> {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(platform::aws::http_client())
            .load()
            .await;
        let setting = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let settings = (setting("TABLE_NAME"), setting("SECRETS_PREFIX"), setting("WEBHOOK_URL"));
        let (table, prefix, webhook_url) = match settings {
            (Some(table), Some(prefix), Some(webhook_url)) => (table, prefix, webhook_url),
            (table, prefix, webhook_url) => {
                let outputs = outputs(&config, &options.stack).await?;
                let output = |key: &'static str| {
                    let output = outputs.iter().find(|output| output.output_key() == Some(key));
                    output
                        .and_then(Output::output_value)
                        .map(str::to_owned)
                        .ok_or(Error::NoOutput {
                            name: options.stack.clone(),
                            output: key,
                        })
                };
                (
                    table.map_or_else(|| output("TableName"), Ok)?,
                    prefix.map_or_else(|| output("SecretsPrefix"), Ok)?,
                    webhook_url.map_or_else(|| output("WebhookUrl"), Ok)?,
                )
            }
        };
        Ok(Self {
            table: Table::new(aws_sdk_dynamodb::Client::new(&config), table),
            secrets: SecretsManager::new(aws_sdk_secretsmanager::Client::new(&config)),
            secret_names: SecretNames::new(prefix),
            webhook_url: webhook_url.trim_end_matches('/').to_owned(),
        })
    }
}

async fn outputs(config: &SdkConfig, name: &str) -> Result<Vec<Output>, Error> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let stacks = client.describe_stacks().stack_name(name).send().await;
    let stacks = stacks.map_err(|error| Error::NoStack {
        name: name.to_owned(),
        cause: platform::aws::explain(&error),
    })?;
    Ok(stacks
        .stacks
        .unwrap_or_default()
        .into_iter()
        .flat_map(|stack| stack.outputs.unwrap_or_default())
        .collect())
}
