//! `pagerflow webhook`: PagerDuty's webhook subscriptions, and the URLs that they lead to.

mod cloudwatch;
#[cfg(test)]
mod fakes;
mod list;
mod make;
mod ping;
mod subscribe;
mod test;
mod unsubscribe;
mod url;

pub(crate) use make::NotMade;

use crate::{
    directory::words,
    error::Error,
    output::{Notices, Output},
    stack::Stack,
};
use clap::Subcommand;
use cloudwatch::CloudWatchLog;
use pagerduty::{
    client::{Account, WebhookSubscription},
    directory::Pause,
    ids::SubscriptionId,
    webhook_subscriptions::{Subscriptions, list_webhook_subscriptions},
};
use platform::api_key::KeyId;
use std::process::ExitCode;
use workflow::ids::IntegrationAlias;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the URL that PagerDuty sends webhooks to, and the header that they need.
    #[command(after_help = url::EXAMPLES)]
    Url(url::Options),
    /// Make a webhook subscription in PagerDuty, with a key of its own, and see its ping arrive.
    #[command(after_help = subscribe::EXAMPLES)]
    Subscribe(subscribe::Options),
    /// List the webhook subscriptions of a PagerDuty account.
    #[command(after_help = "Example:\n  pagerflow webhook list prod")]
    List {
        /// The alias of the integration.
        alias: IntegrationAlias,
    },
    /// Have PagerDuty ping a subscription, and wait until the ping arrives.
    ///
    /// The exit code is 1 if it does not.
    #[command(after_help = "Example:\n  pagerflow webhook test prod PABC123")]
    Test {
        /// The alias of the integration.
        alias: IntegrationAlias,
        /// The id of the webhook subscription.
        subscription: SubscriptionId,
    },
    /// Delete a webhook subscription in PagerDuty, with its signing secret and its key.
    #[command(after_help = unsubscribe::EXAMPLES)]
    Unsubscribe(unsubscribe::Options),
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    match command {
        Command::Url(options) => output.show(&url::url(options, stack).await?),
        Command::Subscribe(options) => output.show(&subscribe::subscribe(options, stack, notices).await?),
        Command::List { alias } => output.show(&list::list(alias, stack, notices).await?),
        Command::Test { alias, subscription } => output.show(&test::test(alias, subscription, stack, notices).await?),
        Command::Unsubscribe(options) => match unsubscribe::unsubscribe(options, stack, notices).await? {
            Some(deleted) => output.show(&deleted),
            None => Ok(ExitCode::FAILURE),
        },
    }
}

/// All subscriptions of an account.
pub(crate) async fn subscriptions(
    alias: &IntegrationAlias,
    account: &Account<'_>,
    notices: Notices,
) -> Result<Subscriptions, Error> {
    let listed = list_webhook_subscriptions(account, async |pause| wait(pause, notices).await).await;
    listed.map_err(|cause| Error::PagerDuty {
        what: format!("the webhook subscriptions of {alias} could not be listed"),
        cause: Box::new(cause),
    })
}

/// Waits as PagerDuty asks, and says so.
async fn wait(pause: Pause, notices: Notices) {
    notices.warn(&words(pause));
    tokio::time::sleep(pause.duration).await;
}

/// The log in which the arrival of a ping is seen.
async fn delivery_log(stack: &Stack) -> CloudWatchLog {
    CloudWatchLog {
        client: aws_sdk_cloudwatchlogs::Client::new(&stack.config),
        group: stack
            .resources()
            .await
            .map_err(|error| error.to_string())
            .and_then(|all| {
                let group = all.id_of("WebhookIngressLogs").map(str::to_owned);
                group.ok_or_else(|| format!("the stack {} has no log of webhook-ingress", stack.name))
            }),
    }
}

/// What the description of a subscription ends with, so that its key is found again. The id of a key is no secret, and who
/// looks at the subscription in PagerDuty is not shown the key.
fn with_key(description: &str, key: &KeyId) -> String {
    format!("{description} (API key {key})")
}

/// The key that the description of a subscription names.
fn key_of(subscription: &WebhookSubscription) -> Option<KeyId> {
    let description = subscription.description.as_deref()?;
    let (_, rest) = description.rsplit_once("(API key ")?;
    rest.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        _command: Command,
    }

    fn parsed(arguments: &[&str]) -> Result<Line, clap::Error> {
        Line::try_parse_from(["webhook"].iter().chain(arguments))
    }

    #[test]
    fn a_subscription_is_of_the_account_a_service_or_a_team() {
        Line::command().debug_assert();
        assert!(parsed(&["subscribe", "prod"]).is_ok());
        assert!(parsed(&["subscribe", "prod", "--service", "PABC123", "--workflow", "w"]).is_ok());
        assert!(parsed(&["subscribe", "prod", "--service", "PABC123", "--team", "PABC124"]).is_err());
    }

    #[test]
    fn a_url_is_of_a_workflow_or_of_an_integration() {
        assert!(parsed(&["url", "memory-alert"]).is_ok());
        assert!(parsed(&["url", "--integration", "prod"]).is_ok());
        assert!(parsed(&["url"]).is_err());
        assert!(parsed(&["url", "memory-alert", "--integration", "prod"]).is_err());
    }

    #[test]
    fn a_key_is_found_by_the_description_of_its_subscription() {
        let key: KeyId = "aaaaaaaaaaaa".parse().unwrap();
        let named = |description: Option<String>| WebhookSubscription {
            id: "PSUB001".parse().unwrap(),
            url: String::new(),
            scope: None,
            events: vec![],
            description,
            active: true,
            temporarily_disabled: false,
        };
        assert_eq!(key_of(&named(Some(with_key("On call (API key x)", &key)))), Some(key));
        for without in [None, Some("Pagerflow".to_owned()), Some("(API key ../..)".to_owned())] {
            assert_eq!(key_of(&named(without)), None);
        }
    }
}
