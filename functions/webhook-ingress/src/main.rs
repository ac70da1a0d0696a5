//! The Lambda function that takes PagerDuty's webhooks.

use jiff::Timestamp;
use lambda_http::{Error, Request, run, service_fn};
use platform::{
    aws::{OnFirstUse, Patience, sdk_config},
    dead_letters::SqsDeadLetters,
    executions::StateMachine,
    metrics::Metrics,
    secrets::{SecretNames, SecretsManager, SigningSecretsSource},
    settings::{Settings, environment},
    start_buffer::SqsStartBuffer,
    table::{Table, TriggerCache},
    telemetry,
};
use webhook_ingress::{Aws, Ingress, http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let config = sdk_config(environment, Patience::Webhook)?;
    let mut settings = Settings::new(environment);
    let table = Table::new(aws_sdk_dynamodb::Client::new(&config), settings.required("TABLE_NAME"));
    let table = table.keeping(settings.or_default("RETENTION_DAYS"));
    let names = SecretNames::new(settings.required("SECRETS_PREFIX"));
    let secrets = SecretsManager::new(aws_sdk_secretsmanager::Client::new(&config));
    let queues = OnFirstUse::new({
        let config = config.clone();
        move || aws_sdk_sqs::Client::new(&config)
    });
    let ingress: Ingress<Aws> = Ingress {
        triggers: TriggerCache::new(table.clone()),
        signing_secrets: SigningSecretsSource::new(secrets, names),
        executions: StateMachine::new(
            aws_sdk_sfn::Client::new(&config),
            settings.required("STATE_MACHINE_ARN"),
        ),
        start_buffer: SqsStartBuffer::new(queues.clone(), settings.required("START_BUFFER_URL")),
        bodies: table,
        dead_letters: SqsDeadLetters::new(queues, settings.required("DEAD_LETTER_QUEUE_URL")),
    };
    let ingress = settings.finish(ingress)?;
    let metrics = Metrics::of_stack(environment);
    run(service_fn(async |request: Request| {
        http::respond(&ingress, &metrics, request, Timestamp::now()).await
    }))
    .await
}
