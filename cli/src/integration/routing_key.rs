//! `pagerflow integration routing-key`.

use crate::{
    error::Error,
    output::{Output, Screen, View},
    pagerduty_account::unusable,
    secret_input,
    stack::Stack,
};
use clap::Subcommand;
use pagerduty::client::RoutingKey;
use platform::secrets::{ChangeError, add_routing_key, read_connection, remove_routing_key};
use secrecy::SecretString;
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode};
use workflow::ids::{IntegrationAlias, RoutingKeyName};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store the routing key (also called integration key) of an Events API v2 integration, over the one of that name.
    ///
    /// It is read from a prompt, from standard input or from a file.
    #[command(after_help = "Examples:
  pagerflow integration routing-key add prod checkout
  pagerflow integration routing-key add prod checkout --key-file key.txt")]
    Add {
        /// The alias of the integration.
        alias: IntegrationAlias,
        /// The name by which workflows refer to the key.
        name: RoutingKeyName,
        /// A file that holds the key.
        #[arg(long)]
        key_file: Option<PathBuf>,
    },
    /// List the names of the routing keys that are stored.
    #[command(after_help = "Example:
  pagerflow integration routing-key list prod")]
    List {
        /// The alias of the integration.
        alias: IntegrationAlias,
    },
    /// Remove a routing key.
    #[command(after_help = "Example:
  pagerflow integration routing-key remove prod checkout")]
    Remove {
        /// The alias of the integration.
        alias: IntegrationAlias,
        /// The name of the key.
        name: RoutingKeyName,
    },
}

pub(super) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Add { alias, name, key_file } => {
            stack.pagerduty_integration(&alias).await?;
            let key = secret_input::read("routing key", key_file.as_deref())?;
            output.show(&add(alias, name, &key, stack).await?)
        }
        Command::List { alias } => output.show(&list(alias, stack).await?),
        Command::Remove { alias, name } => output.show(&remove(alias, name, stack).await?),
    }
}

/// A routing key that was stored.
#[derive(Debug, Serialize)]
struct Added {
    alias: IntegrationAlias,
    name: RoutingKeyName,
}

/// The routing keys of an integration.
#[derive(Debug, Serialize)]
struct Listed {
    alias: IntegrationAlias,
    names: Vec<String>,
}

/// A routing key that was removed.
#[derive(Debug, Serialize)]
struct Removed {
    alias: IntegrationAlias,
    name: RoutingKeyName,
}

async fn add(alias: IntegrationAlias, name: RoutingKeyName, key: &SecretString, stack: &Stack) -> Result<Added, Error> {
    RoutingKey::new(key.clone()).map_err(|error| Error::Secret(error.to_string()))?;
    let added = add_routing_key(&stack.secrets, &stack.secret_names.api_token(&alias), &name, key).await;
    added.map_err(|error| not_changed(&alias, error))?;
    Ok(Added { alias, name })
}

async fn list(alias: IntegrationAlias, stack: &Stack) -> Result<Listed, Error> {
    stack.pagerduty_integration(&alias).await?;
    let connection = read_connection(&stack.secrets, &stack.secret_names.api_token(&alias)).await;
    let connection = connection.map_err(|error| unusable(&alias, error))?;
    let names = connection.routing_key_names().map(ToString::to_string).collect();
    Ok(Listed { alias, names })
}

async fn remove(alias: IntegrationAlias, name: RoutingKeyName, stack: &Stack) -> Result<Removed, Error> {
    stack.pagerduty_integration(&alias).await?;
    let removed = remove_routing_key(&stack.secrets, &stack.secret_names.api_token(&alias), &name).await;
    match removed.map_err(|error| not_changed(&alias, error))? {
        true => Ok(Removed { alias, name }),
        false => Err(Error::NotFound(format!(
            "no routing key {name} of {alias} is stored; `pagerflow integration routing-key list {alias}` shows all"
        ))),
    }
}

impl View for Added {
    fn text(&self, _: Screen) -> String {
        let Self { alias, name } = self;
        format!("Stored the routing key {name} of {alias}. Workflows name it as `routing_key: {name}`.")
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        match self.names.as_slice() {
            [] => format!("No routing key of {} is stored.", self.alias),
            names => names.join("\n"),
        }
    }
}

impl View for Removed {
    fn text(&self, _: Screen) -> String {
        let Self { alias, name } = self;
        format!("Removed the routing key {name} of {alias}. Functions that know it use it for five more minutes.")
    }
}

fn not_changed(alias: &IntegrationAlias, error: ChangeError) -> Error {
    match error {
        ChangeError::Read(error) => unusable(alias, error),
        error => error.into(),
    }
}
