//! Pinging a subscription, and seeing the ping arrive.
//!
//! PagerDuty accepts a ping (202) before it sends it, so that its answer proves nothing. The ingress writes one line for each
//! delivery into its log, and the ping has arrived when its line is there: CloudWatch shows it within seconds.

use jiff::{SignedDuration, Timestamp};
use pagerduty::{client::Account, ids::SubscriptionId};
use platform::delivery_log::LoggedDelivery;
use serde::Serialize;
use std::{collections::HashSet, time::Duration};
use workflow::ids::IntegrationAlias;

/// The interval at which the log is looked at.
const POLL: Duration = Duration::from_secs(1);
/// The number of times that it is looked at before the ping counts as lost.
const POLLS: u32 = 60;
/// The most that the clock of this machine may be ahead of that of AWS.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// After so long the ingress reads signing secrets again that did not fit.
const SECRETS_READ_AGAIN_AFTER: Duration = Duration::from_secs(6);

#[derive(Debug, Clone)]
pub(super) struct LogLine {
    /// By which it is told from another one of the same text.
    pub(super) id: String,
    /// Its text.
    pub(super) text: String,
}

/// The log of the ingress.
pub(super) trait DeliveryLog {
    /// The lines about a subscription from a time on, or why they are not to be had.
    async fn lines(&self, of: &SubscriptionId, since: Timestamp) -> Result<Vec<LogLine>, String>;
}

/// The outcome of a ping. Programs get its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, strum::Display)]
#[serde(into = "String")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Pinged {
    /// It arrived, with a key and a signature that are right.
    Arrived {
        /// The time that it took until that was seen, in seconds.
        seconds: u64,
        /// True if the URL leads to a workflow that webhooks start.
        leads_to_workflow: bool,
    },
    /// It arrived and was not authentic.
    Refused(String),
    /// It arrived and could not be taken. PagerDuty sends it again.
    NotTaken(String),
    /// It was not seen.
    Lost,
    /// It was sent, and the log could not be read.
    NotChecked(String),
}

impl From<Pinged> for String {
    fn from(pinged: Pinged) -> Self {
        pinged.to_string()
    }
}

impl Pinged {
    pub(super) fn has_arrived(&self) -> bool {
        matches!(self, Self::Arrived { .. })
    }

    /// The meaning and the remedy.
    pub(super) fn in_words(&self, alias: &IntegrationAlias, id: &SubscriptionId) -> String {
        match self {
            Self::Arrived {
                seconds,
                leads_to_workflow: true,
            } => format!("The ping has arrived, after {seconds} s: key and signature are right."),
            Self::Arrived { seconds, .. } => format!(
                "The ping has arrived, after {seconds} s: key and signature are right. But no enabled workflow is behind the \
                 URL; apply one with `pagerflow workflow apply`."
            ),
            Self::Refused(reason) => format!(
                "The ping has arrived and was refused: {reason}. After three refusals PagerDuty switches the subscription off.\n\
                 Key and secret can not be changed in PagerDuty: remove the subscription with \
                 `pagerflow webhook unsubscribe {alias} {id}` and make another with `pagerflow webhook subscribe {alias}`."
            ),
            Self::NotTaken(reason) => format!(
                "The ping has arrived and could not be taken: {reason}.\nPagerDuty sends it again. \
                 `pagerflow doctor` tells what is out of order."
            ),
            Self::Lost => format!(
                "The ping was not seen within {} s.\nTry again with `pagerflow webhook test {alias} {id}`; if it stays away, look \
                 at the subscription in PagerDuty, which tells of failed deliveries, and at `pagerflow doctor`.",
                POLL.as_secs() * u64::from(POLLS)
            ),
            Self::NotChecked(why) => format!(
                "PagerDuty sends the ping, but whether it arrives could not be seen: {why}.\n\
                 That needs the right to read the log of the ingress (logs:FilterLogEvents, cloudformation:ListStackResources)."
            ),
        }
    }
}

/// Pings a subscription and waits until its ping is seen, a minute at most.
///
/// The ingress may have read the signing secrets just before a new one was stored, and reads them again only after five
/// seconds. So a ping that is refused is sent once more.
pub(super) async fn ping(
    account: &Account<'_>,
    log: &impl DeliveryLog,
    id: &SubscriptionId,
    now: Timestamp,
    wait: impl AsyncFn(Duration),
) -> Result<Pinged, pagerduty::Error> {
    match once(account, log, id, now, &wait).await? {
        Pinged::Refused(_) => {
            wait(SECRETS_READ_AGAIN_AFTER).await;
            once(account, log, id, now, &wait).await
        }
        pinged => Ok(pinged),
    }
}

async fn once(
    account: &Account<'_>,
    log: &impl DeliveryLog,
    id: &SubscriptionId,
    now: Timestamp,
    wait: &impl AsyncFn(Duration),
) -> Result<Pinged, pagerduty::Error> {
    let since = now.saturating_sub(SKEW).unwrap_or(now);
    let before = log.lines(id, since).await;
    account.ping_webhook_subscription(id).await?;
    let seen: HashSet<String> = match before {
        Ok(lines) => lines.into_iter().map(|line| line.id).collect(),
        Err(why) => return Ok(Pinged::NotChecked(why)),
    };
    let mut pinged = Pinged::Lost;
    for poll in 1..=POLLS {
        wait(POLL).await;
        let lines = match log.lines(id, since).await {
            Ok(lines) => lines,
            Err(why) => {
                pinged = Pinged::NotChecked(why);
                continue;
            }
        };
        let fresh = lines.iter().filter(|line| !seen.contains(&line.id));
        let mut refused = None;
        for delivery in fresh.filter_map(|line| LoggedDelivery::read(&line.text, id)) {
            match delivery {
                LoggedDelivery::Ping { leads_to_workflow } => {
                    let seconds = POLL.as_secs() * u64::from(poll);
                    return Ok(Pinged::Arrived {
                        seconds,
                        leads_to_workflow,
                    });
                }
                LoggedDelivery::Refused { reason } => refused = Some(reason),
                LoggedDelivery::NotTaken { reason } => pinged = Pinged::NotTaken(reason),
                LoggedDelivery::Event => {}
            }
        }
        if let Some(reason) = refused {
            return Ok(Pinged::Refused(reason));
        }
    }
    Ok(pinged)
}

#[cfg(test)]
mod tests;
