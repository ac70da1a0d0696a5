//! The webhook subscriptions of an account.

use crate::{
    client::{Account, SUBSCRIPTIONS, WebhookSubscription},
    directory::{Pause, each_once, read_all},
    error::Error,
};

/// The webhook subscriptions of an account, all of them: a token sees those of others too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriptions {
    /// The subscriptions, in PagerDuty's order.
    pub list: Vec<WebhookSubscription>,
    /// The number of rows that were left out because they have no usable id or URL.
    pub unreadable: usize,
}

/// Lists the webhook subscriptions of an account, to their end.
///
/// `wait` is what passes the time when the rate limit is used up, or before a request is made again.
///
/// # Errors
/// Any of [`Error`]'s refusals, and [`Error::Unavailable`], each also after a few attempts.
pub async fn list_webhook_subscriptions(
    account: &Account<'_>,
    wait: impl AsyncFn(Pause),
) -> Result<Subscriptions, Error> {
    let all = read_all(account, SUBSCRIPTIONS, None, wait).await?;
    let mut subscriptions = Subscriptions {
        list: Vec::new(),
        unreadable: 0,
    };
    for row in each_once(&all.rows) {
        match WebhookSubscription::read(row) {
            Some(subscription) => subscriptions.list.push(subscription),
            None => subscriptions.unreadable += 1,
        }
    }
    Ok(subscriptions)
}
