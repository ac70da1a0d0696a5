//! The Lambda function behind the links of approvals.

use approvals::{
    Approvals, http,
    slack::{Replies, SigningSecrets},
};
use jiff::Timestamp;
use lambda_http::{Error, Request, run, service_fn};
use platform::{
    approval_links::ApprovalLinks,
    aws::{OnFirstUse, Patience, sdk_config},
    executions::Waker,
    secrets::{SecretNames, SecretsManager},
    settings::{Settings, environment},
    table::Table,
    telemetry,
};
use provider::reroute::StandIn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    // A person waits for the page.
    let config = sdk_config(environment, Patience::Webhook)?;
    let mut settings = Settings::new(environment);
    let names = SecretNames::new(settings.required("SECRETS_PREFIX"));
    let client = aws_sdk_secretsmanager::Client::new(&config);
    let secrets = || SecretsManager::new(client.clone());
    let address = settings.required("APPROVALS_URL");
    let stand_in = settings.optional("CONNECTORS_URL");
    let stand_in = stand_in.map(|address| address.parse::<StandIn>()).transpose()?;
    let approvals = Approvals {
        links: ApprovalLinks::new(secrets(), &names, &address),
        signing: SigningSecrets::new(secrets(), names),
        replies: Replies::Network(stand_in),
        store: Table::new(aws_sdk_dynamodb::Client::new(&config), settings.required("TABLE_NAME")),
        executions: Waker::new(OnFirstUse::new(move || aws_sdk_sfn::Client::new(&config))),
    };
    let approvals = settings.finish(approvals)?;
    run(service_fn(async |request: Request| {
        http::respond(&approvals, &request, Timestamp::now()).await
    }))
    .await
}
