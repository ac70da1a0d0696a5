//! `pagerflow webhook test`.

use super::{
    delivery_log,
    ping::{Pinged, ping},
};
use crate::{
    error::Error,
    output::{Notices, Screen, View},
    pagerduty_account::PagerDutyAccount,
    stack::Stack,
};
use jiff::Timestamp;
use pagerduty::ids::SubscriptionId;
use serde::Serialize;
use workflow::ids::IntegrationAlias;

/// A subscription that was pinged.
#[derive(Debug, Serialize)]
pub(super) struct Tested {
    integration: IntegrationAlias,
    subscription: SubscriptionId,
    ping: Pinged,
}

pub(super) async fn test(
    alias: IntegrationAlias,
    id: SubscriptionId,
    stack: &Stack,
    notices: Notices,
) -> Result<Tested, Error> {
    let account = PagerDutyAccount::of(&alias, stack).await?;
    let log = delivery_log(stack).await;
    let _waiting = notices.working(format!("Waiting for the ping of {id}"));
    let pinged = ping(&account.open(), &log, &id, Timestamp::now(), tokio::time::sleep).await;
    let ping = pinged.map_err(|cause| Error::PagerDuty {
        what: format!("the webhook subscription {id} could not be pinged"),
        cause: Box::new(cause),
    })?;
    Ok(Tested {
        integration: alias,
        subscription: id,
        ping,
    })
}

impl View for Tested {
    fn text(&self, _: Screen) -> String {
        self.ping.in_words(&self.integration, &self.subscription)
    }

    fn is_failure(&self) -> bool {
        !self.ping.has_arrived()
    }
}
