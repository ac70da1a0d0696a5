//! `pagerflow integration routing-key`.

use crate::{error::Error, output::Output, pagerduty_account::unusable, secret_input, stack::Stack};
use clap::Subcommand;
use pagerduty::client::RoutingKey;
use platform::secrets::{ChangeError, add_routing_key, read_connection, remove_routing_key};
use serde_json::json;
use std::path::PathBuf;
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

pub(super) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let (Command::Add { alias, .. } | Command::List { alias } | Command::Remove { alias, .. }) = &command;
    stack.known_integration(alias).await?;
    let secret = stack.secret_names.api_token(alias);
    match command {
        Command::Add { alias, name, key_file } => {
            let key = secret_input::read("routing key", key_file.as_deref())?;
            RoutingKey::new(key.clone()).map_err(|error| Error::Secret(error.to_string()))?;
            let added = add_routing_key(&stack.secrets, &secret, &name, &key).await;
            added.map_err(|error| not_changed(&alias, error))?;
            output.result(&json!({ "alias": alias, "name": name }), || {
                format!("Stored the routing key {name} of {alias}. Workflows name it as `routing_key: {name}`.")
            })
        }
        Command::List { alias } => {
            let connection = read_connection(&stack.secrets, &secret).await;
            let connection = connection.map_err(|error| unusable(&alias, error))?;
            let names: Vec<_> = connection.routing_key_names().map(ToString::to_string).collect();
            output.result(&json!({ "alias": alias, "names": names }), || match names.as_slice() {
                [] => format!("No routing key of {alias} is stored."),
                names => names.join("\n"),
            })
        }
        Command::Remove { alias, name } => {
            let removed = remove_routing_key(&stack.secrets, &secret, &name).await;
            if !removed.map_err(|error| not_changed(&alias, error))? {
                return Err(Error::NotFound(format!(
                    "no routing key {name} of {alias} is stored; `pagerflow integration routing-key list {alias}` shows all"
                )));
            }
            output.result(&json!({ "alias": alias, "name": name }), || {
                format!(
                    "Removed the routing key {name} of {alias}. Functions that know it use it for five more minutes."
                )
            })
        }
    }
}

fn not_changed(alias: &IntegrationAlias, error: ChangeError) -> Error {
    match error {
        ChangeError::Read(error) => unusable(alias, error),
        error => error.into(),
    }
}
