//! The Lambda function that plans: Step Functions asks it what a run does next, EventBridge tells it of executions that
//! ended from outside, and SQS hands it what waits in the start-buffer: runs, and events that runs wait for.

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use platform::{
    aws::{OnFirstUse, Patience, sdk_config},
    executions::StateMachine,
    metrics::Metrics,
    settings::{Settings, environment},
    table::{BodyCache, Table, Versions},
    telemetry,
};
use serde_json::Value;
use workflow_runner::Runner;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let config = sdk_config(environment, Patience::Task)?;
    let mut settings = Settings::new(environment);
    let table = Table::new(aws_sdk_dynamodb::Client::new(&config), settings.required("TABLE_NAME"));
    let table = table.keeping(settings.or_default("RETENTION_DAYS"));
    let runner = Runner {
        versions: Versions::new(table.clone()),
        bodies: BodyCache::new(table.clone()),
        journal: table,
        // For the start-buffer alone.
        executions: StateMachine::new(
            OnFirstUse::new(move || aws_sdk_sfn::Client::new(&config)),
            settings.required("STATE_MACHINE_ARN"),
        ),
        metrics: Metrics::of_stack(environment),
    };
    let runner = settings.finish(runner)?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        runner.take(event.payload, Timestamp::now()).await
    }))
    .await
}
