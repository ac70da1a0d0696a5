//! The Lambda function behind the actions of AWS.

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use platform::{
    action::AwsAccounts,
    aws::{Patience, sdk_config},
    settings::environment,
    telemetry,
};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let config = sdk_config(environment, Patience::Task)?;
    let accounts = AwsAccounts::from_settings(&config, environment)?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        call_aws::handle(&accounts, event.payload, Timestamp::now()).await
    }))
    .await
}
