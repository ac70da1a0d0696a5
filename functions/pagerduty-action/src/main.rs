//! The Lambda function behind all actions but `pagerduty.create_incident` and `pagerduty.resolve_incident`.

use aws_sdk_secretsmanager::Client;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use platform::{
    action::PagerDuty,
    aws::{Patience, sdk_config},
    settings::environment,
    telemetry,
};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let config = sdk_config(environment, Patience::Task)?;
    let pagerduty = PagerDuty::from_settings(Client::new(&config), environment)?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        pagerduty_action::handle(&pagerduty, event.payload, Timestamp::now()).await
    }))
    .await
}
