//! The Lambda function behind the actions of all connectors.

use aws_sdk_secretsmanager::Client;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use platform::{
    action::Connectors,
    aws::{Patience, sdk_config},
    settings::environment,
    telemetry,
};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let config = sdk_config(environment, Patience::Task)?;
    let connectors = Connectors::from_settings(Client::new(&config), environment)?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        call_http::handle(&connectors, event.payload, Timestamp::now()).await
    }))
    .await
}
