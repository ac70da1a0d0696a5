//! `pagerflow key`.

use crate::{error::Error, output::Output, stack::Stack};
use clap::Subcommand;
use jiff::Timestamp;
use platform::{
    api_key::ApiKey,
    table::{ApiKeyRecord, KeyState},
};
use serde_json::json;
use std::process::ExitCode;
use workflow::ids::WorkflowId;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an API key for the webhook of a workflow. It is shown once.
    Create {
        /// The workflow.
        #[arg(long)]
        workflow: WorkflowId,
        /// What to call the key, for example after who uses it.
        #[arg(long)]
        name: String,
    },
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let Command::Create { workflow, name } = command;
    if stack.table.workflow(&workflow).await?.is_none() {
        return Err(Error::NotFound(format!(
            "there is no workflow {workflow}; apply it first with `pagerflow workflow apply`"
        )));
    }
    let key =
        ApiKey::generate().map_err(|error| Error::Secret(format!("the system has no random numbers: {error}")))?;
    let record = ApiKeyRecord {
        key_id: key.id().clone(),
        name,
        workflow,
        sha256: key.hash(),
        state: KeyState::Active,
        created_at: Timestamp::now(),
    };
    stack.table.put_api_key(&record).await?;
    let url = format!("{}/webhooks/{}", stack.webhook_url, record.workflow);
    let result =
        json!({ "key_id": record.key_id, "key": key.expose(), "workflow": record.workflow, "webhook_url": url });
    output.result(&result, || {
        format!(
            "Made the API key {}. This is the only time that it is shown.\n\n  URL     {url}\n  header  x-api-key: {}\n\n\
             Give both to the webhook in PagerDuty, the header as a custom header.",
            record.key_id,
            key.expose()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
