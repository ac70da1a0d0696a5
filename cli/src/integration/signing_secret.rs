//! `pagerflow integration signing-secret`.

use super::answers;
use crate::{
    error::Error,
    output::{Notices, Output, Screen, View},
    secret_input,
    stack::Stack,
};
use clap::Subcommand;
use pagerduty::ids::SubscriptionId;
use platform::secrets::{add_signing_secret, read_signing_secrets, remove_signing_secrets};
use secrecy::SecretString;
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode};
use workflow::ids::IntegrationAlias;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store the signing secret of a webhook subscription.
    ///
    /// PagerDuty shows it once, when the subscription is made.
    #[command(after_help = "Examples:
  pagerflow integration signing-secret add prod --subscription PABC123
  pagerflow integration signing-secret add prod --subscription PABC123 --secret-file secret.txt")]
    Add {
        /// The alias of the integration.
        alias: IntegrationAlias,
        /// The id of the webhook subscription.
        #[arg(long)]
        subscription: SubscriptionId,
        /// A file that holds the secret.
        #[arg(long)]
        secret_file: Option<PathBuf>,
    },
    /// Store the secret with which Slack signs the answers of people, so that messages about approvals have buttons.
    ///
    /// It is the signing secret of the app, under Basic Information. It takes the place of the one before.
    #[command(after_help = "Examples:
  pagerflow integration signing-secret set ops
  pagerflow integration signing-secret set ops --secret-file secret.txt")]
    Set {
        /// The alias of the integration.
        alias: IntegrationAlias,
        /// A file that holds the secret.
        #[arg(long)]
        secret_file: Option<PathBuf>,
    },
    /// List the webhook subscriptions whose signing secrets are stored.
    #[command(after_help = "Example:
  pagerflow integration signing-secret list prod")]
    List {
        /// The alias of the integration.
        alias: IntegrationAlias,
    },
    /// Remove the signing secrets of a webhook subscription that is gone, or that of Slack.
    #[command(after_help = "Examples:
  pagerflow integration signing-secret remove prod --subscription PABC123
  pagerflow integration signing-secret remove ops")]
    Remove {
        /// The alias of the integration.
        alias: IntegrationAlias,
        /// The id of the webhook subscription; for PagerDuty alone.
        #[arg(long)]
        subscription: Option<SubscriptionId>,
    },
}

pub(super) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    match command {
        Command::Add {
            alias,
            subscription,
            secret_file,
        } => {
            stack.pagerduty_integration(&alias).await?;
            let secret = secret_input::read("signing secret", secret_file.as_deref())?;
            output.show(&add(alias, subscription, &secret, stack, notices).await?)
        }
        Command::List { alias } => output.show(&list(alias, stack).await?),
        Command::Set { alias, secret_file } => output.show(&answers::set(alias, secret_file.as_deref(), stack).await?),
        Command::Remove {
            alias,
            subscription: Some(subscription),
        } => output.show(&remove(alias, subscription, stack, notices).await?),
        Command::Remove {
            alias,
            subscription: None,
        } => output.show(&answers::remove(alias, stack, notices).await?),
    }
}

/// A signing secret that was stored.
#[derive(Debug, Serialize)]
struct Added {
    alias: IntegrationAlias,
    subscription: SubscriptionId,
}

/// The subscriptions whose signing secrets are stored.
#[derive(Debug, Serialize)]
struct Listed {
    alias: IntegrationAlias,
    subscriptions: Vec<String>,
}

/// A subscription whose signing secrets were removed.
#[derive(Debug, Serialize)]
struct Removed {
    alias: IntegrationAlias,
    subscription: SubscriptionId,
}

async fn add(
    alias: IntegrationAlias,
    subscription: SubscriptionId,
    secret: &SecretString,
    stack: &Stack,
    notices: Notices,
) -> Result<Added, Error> {
    let name = stack.secret_names.signing_secrets(&alias);
    let added = add_signing_secret(&stack.secrets, &name, subscription.as_str(), secret).await?;
    if let Some(replaced) = added.replaced {
        notices.warn(&format!(
            "{replaced}. It was started anew: store the secrets of other subscriptions of {alias} again."
        ));
    }
    Ok(Added { alias, subscription })
}

async fn list(alias: IntegrationAlias, stack: &Stack) -> Result<Listed, Error> {
    stack.pagerduty_integration(&alias).await?;
    let secrets = read_signing_secrets(&stack.secrets, &stack.secret_names.signing_secrets(&alias)).await?;
    let subscriptions = secrets.subscriptions().map(str::to_owned).collect();
    Ok(Listed { alias, subscriptions })
}

async fn remove(
    alias: IntegrationAlias,
    subscription: SubscriptionId,
    stack: &Stack,
    notices: Notices,
) -> Result<Removed, Error> {
    stack.pagerduty_integration(&alias).await?;
    let name = stack.secret_names.signing_secrets(&alias);
    let left = remove_signing_secrets(&stack.secrets, &name, subscription.as_str()).await?;
    let left = left.ok_or_else(|| {
        Error::NotFound(format!(
            "no signing secret of the subscription {subscription} of {alias} is stored"
        ))
    })?;
    if left.subscriptions().next().is_none() {
        notices.warn(&format!(
            "no signing secret of {alias} is left: its V3 webhooks are answered with 503 until one is stored"
        ));
    }
    Ok(Removed { alias, subscription })
}

impl View for Added {
    fn text(&self, _: Screen) -> String {
        let Self { alias, subscription } = self;
        format!("Stored the signing secret of the subscription {subscription} of {alias}.")
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        match self.subscriptions.as_slice() {
            [] => format!("No signing secret of {} is stored.", self.alias),
            subscriptions => subscriptions.join("\n"),
        }
    }
}

impl View for Removed {
    fn text(&self, _: Screen) -> String {
        let Self { alias, subscription } = self;
        format!(
            "Removed the signing secrets of the subscription {subscription} of {alias}. \
             Functions that know them accept them for five more minutes."
        )
    }
}
