//! `sam deploy`, and what it leads to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::{Deserialize, Serialize};

use crate::environment::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, only_local_aws};
use crate::process::output;
use crate::{Emulator, Error, Function, Functions, Project, Template, Tools};

/// The variable that names the file with the [`StackInfo`] for the end-to-end tests.
const VARIABLE: &str = "PAGERFLOW_STACK";
const NAME: &str = "pagerflow";

/// The deployment of the template.
#[derive(Debug)]
pub struct Stack;

impl Stack {
    /// Deploys the template, as it is, to an emulator. Its functions find PagerDuty at `pagerduty_url`, and all other systems
    /// at `connectors_url`.
    ///
    /// # Errors
    /// [`Error::FailedQuietly`] with what the SAM CLI says, [`Error::MissingOutput`] where the template lacks an output.
    pub fn deploy(
        project: &Project,
        tools: &Tools,
        functions: &Functions,
        emulator: &Emulator,
        pagerduty_url: &str,
        connectors_url: &str,
    ) -> Result<StackInfo, Error> {
        let mut deploy = tools.sam();
        deploy.args(["deploy", "--config-env", "local", "--no-progressbar", "--config-file"]);
        deploy.arg(project.path("samconfig.toml"));
        deploy.arg("--template-file").arg(functions.template());
        deploy.arg("--parameter-overrides");
        deploy.arg(format!("Architecture={}", functions.architecture()));
        deploy.arg(format!("PagerDutyApiUrl={pagerduty_url}"));
        deploy.arg(format!("PagerDutyEventsUrl={pagerduty_url}"));
        deploy.arg(format!("ConnectorsUrl={connectors_url}"));
        deploy.args(["PublishStateMachineVersion=false", "TableDeletionProtection=false"]);
        deploy
            .env("AWS_ENDPOINT_URL", emulator.endpoint_url())
            .current_dir(project.root());
        output("sam deploy", &mut deploy)?;

        let mut list = tools.sam();
        list.args([
            "list",
            "stack-outputs",
            "--stack-name",
            NAME,
            "--region",
            REGION,
            "--output",
            "json",
        ]);
        list.env("AWS_ENDPOINT_URL", emulator.endpoint_url())
            .current_dir(project.root());
        let outputs = output("sam list stack-outputs", &mut list)?;
        let outputs: Vec<Output> =
            serde_json::from_str(&outputs).map_err(Error::json("the output of sam list stack-outputs"))?;
        StackInfo::new(
            &Template::read(project)?.functions()?,
            &outputs,
            emulator,
            pagerduty_url,
            connectors_url,
        )
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    output_value: String,
}

/// The addresses of a deployed stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackInfo {
    /// Where the local AWS answers.
    pub endpoint_url: String,
    pub region: String,
    /// The access key of its root user. Not a secret.
    pub access_key_id: String,
    /// What goes with it. Not a secret.
    pub secret_access_key: String,
    /// Base of the webhook URLs: append `/webhooks/` and the id of the workflow.
    pub webhook_url: String,
    pub table_name: String,
    /// The ARN by which a run is started.
    pub state_machine_arn: String,
    /// First part of the name of every secret.
    pub secrets_prefix: String,
    /// Where authentic events go that could not be read.
    pub dead_letter_queue_url: String,
    /// Where runs wait that Step Functions did not start.
    pub start_buffer_url: String,
    /// Where those end that did not start for hours.
    pub start_buffer_dead_letters_url: String,
    /// The names of the deployed functions, by their resources in the template.
    pub functions: BTreeMap<String, String>,
    /// Base URL of the PagerDuty that the functions talk to.
    pub pagerduty_url: String,
    /// The address to which the functions send all requests to other systems. A test that wants one there starts a server.
    pub connectors_url: String,
    /// The log of the emulator itself.
    pub emulator_log: PathBuf,
}

impl StackInfo {
    fn new(
        functions: &[Function],
        outputs: &[Output],
        emulator: &Emulator,
        pagerduty_url: &str,
        connectors_url: &str,
    ) -> Result<Self, Error> {
        let value = |key: &str| {
            let output = outputs.iter().find(|output| output.output_key == key);
            output
                .map(|output| output.output_value.clone())
                .ok_or_else(|| Error::MissingOutput(key.to_owned()))
        };
        let functions = functions.iter().map(|function| {
            let resource = &function.resource;
            Ok((resource.clone(), value(&format!("{resource}Function"))?))
        });
        let endpoint_url = emulator.endpoint_url();
        let webhook_url = value("WebhookUrl")?;
        let api = api_id(&webhook_url).ok_or_else(|| Error::MissingOutput("WebhookUrl".to_owned()))?;
        Ok(Self {
            webhook_url: format!("{endpoint_url}/_aws/execute-api/{api}/$default"),
            endpoint_url: endpoint_url.to_owned(),
            region: REGION.to_owned(),
            access_key_id: ACCESS_KEY_ID.to_owned(),
            secret_access_key: SECRET_ACCESS_KEY.to_owned(),
            table_name: value("TableName")?,
            state_machine_arn: value("StateMachineArn")?,
            secrets_prefix: value("SecretsPrefix")?,
            dead_letter_queue_url: value("DeadLetterQueueUrl")?,
            start_buffer_url: value("StartBufferUrl")?,
            start_buffer_dead_letters_url: value("StartBufferDeadLettersUrl")?,
            functions: functions.collect::<Result<_, Error>>()?,
            pagerduty_url: pagerduty_url.to_owned(),
            connectors_url: connectors_url.to_owned(),
            emulator_log: emulator.service().log().to_owned(),
        })
    }

    /// The name of a deployed function, by its resource in the template.
    ///
    /// # Errors
    /// [`Error::Template`] where the template has no function of that name.
    pub fn function(&self, resource: &str) -> Result<&str, Error> {
        let name = self.functions.get(resource).map(String::as_str);
        name.ok_or_else(|| Error::Template(format!("no function {resource}")))
    }

    /// The stack that `cargo xtask` has deployed for this process.
    ///
    /// # Errors
    /// [`Error::NoStack`] where this process was started in another way.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(Path::new(&env::var_os(VARIABLE).ok_or(Error::NoStack(VARIABLE))?))
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Json`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::file("read", path))?;
        serde_json::from_str(&text).map_err(Error::json(&path.to_string_lossy()))
    }

    /// Writes it as JSON, and gives the variable by which [`from_env`](Self::from_env) of a child process finds it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<(&'static str, PathBuf), Error> {
        let text = serde_json::to_string_pretty(self).map_err(Error::json("the description of the stack"))?;
        fs::write(path, text).map_err(Error::file("write", path))?;
        Ok((VARIABLE, path.to_owned()))
    }

    /// What the functions have written to their logs so far.
    ///
    /// # Errors
    /// [`Error::FailedQuietly`] with what the SAM CLI says.
    pub fn logs(&self, tools: &Tools) -> Result<String, Error> {
        let mut logs = tools.sam();
        logs.args(["logs", "--stack-name", NAME, "--region", REGION]);
        output("sam logs", logs.env("AWS_ENDPOINT_URL", &self.endpoint_url))
    }

    /// Gives `command` this stack, and takes away everything by which it could find a real AWS account.
    pub fn prepare(&self, command: &mut Command) {
        only_local_aws(command).envs(self.environment());
    }

    /// The environment in which `pagerflow` works on this stack.
    pub fn environment(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("AWS_ENDPOINT_URL", &self.endpoint_url),
            ("AWS_REGION", &self.region),
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ("PAGERFLOW_TABLE_NAME", &self.table_name),
            ("PAGERFLOW_SECRETS_PREFIX", &self.secrets_prefix),
            ("PAGERFLOW_WEBHOOK_URL", &self.webhook_url),
            ("PAGERFLOW_STATE_MACHINE_ARN", &self.state_machine_arn),
            ("PAGERFLOW_PAGERDUTY_URL", &self.pagerduty_url),
            ("PAGERFLOW_CONNECTORS_URL", &self.connectors_url),
        ]
    }
}

/// The API's id in `https://{id}.execute-api.{region}.amazonaws.com`.
fn api_id(webhook_url: &str) -> Option<&str> {
    webhook_url
        .strip_prefix("https://")?
        .split_once(".execute-api.")
        .map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_the_api_is_taken_from_its_url() {
        assert_eq!(
            api_id("https://ccc3f809.execute-api.us-east-1.amazonaws.com"),
            Some("ccc3f809")
        );
        assert_eq!(api_id("http://127.0.0.1:4566"), None);
    }
}
