//! `pagerflow webhook test`.

use super::{delivery_log, ping::ping};
use crate::{error::Error, output::Output, pagerduty_account::PagerDutyAccount, stack::Stack};
use jiff::Timestamp;
use pagerduty::ids::SubscriptionId;
use serde_json::json;
use std::process::ExitCode;
use workflow::ids::IntegrationAlias;

pub(super) async fn run(
    alias: &IntegrationAlias,
    id: &SubscriptionId,
    stack: &Stack,
    output: &mut Output,
) -> Result<ExitCode, Error> {
    let account = PagerDutyAccount::of(alias, stack).await?;
    let log = delivery_log(stack).await;
    let waiting = output.working(format!("Waiting for the ping of {id}"));
    let pinged = ping(&account.open(), &log, id, Timestamp::now(), tokio::time::sleep).await;
    drop(waiting);
    let pinged = pinged.map_err(|cause| failed(id, cause))?;
    let result = json!({ "integration": alias, "subscription": id, "ping": pinged.name() });
    output.result(&result, || pinged.told(alias.as_str(), id))?;
    Ok(match pinged.has_arrived() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn failed(id: &SubscriptionId, cause: pagerduty::Error) -> Error {
    Error::PagerDuty {
        what: format!("the webhook subscription {id} could not be pinged"),
        cause: Box::new(cause),
    }
}
