//! ministack as a process.

use std::fs;

use crate::environment::REGION;
use crate::{Error, Service, Tools, Workspace};

/// The options of an emulator.
#[derive(Debug, Clone, Copy)]
pub struct Listening<'a> {
    /// The port of 127.0.0.1 that it listens on.
    pub port: u16,
    /// Where the functions are to reach it: that of something which stands between, or its own.
    pub url_of_functions: &'a str,
    /// The number of invocations of functions at the same time; what comes on top is throttled, as on AWS. None for as
    /// many as the emulator finds that the machine has memory for.
    pub concurrency: Option<u32>,
}

/// A running emulator of AWS. Dropping it ends it, with the functions that it runs.
#[derive(Debug)]
pub struct Emulator {
    endpoint_url: String,
    service: Service,
}

impl Emulator {
    /// Starts an empty emulator. Its log and temporary files go to `workspace`.
    ///
    /// # Errors
    /// Those of [`Service::start`].
    pub fn start(tools: &Tools, workspace: &Workspace, listening: Listening<'_>) -> Result<Self, Error> {
        let port = listening.port.to_string();
        let endpoint_url = format!("http://127.0.0.1:{port}");
        let home = workspace.path("emulator");
        fs::create_dir_all(&home).map_err(Error::file("create", &home))?;
        let mut command = tools.ministack();
        // The functions inherit the emulator's environment, and on AWS they would see nothing of this machine's.
        command.env_clear().envs([
            ("PATH", "/usr/bin:/bin"),
            ("GATEWAY_PORT", &port),
            ("AWS_ENDPOINT_URL", listening.url_of_functions),
            ("MINISTACK_REGION", REGION),
            // Its defaults are all interfaces, an MQTT listener on all interfaces, and no IAM.
            ("BIND_HOST", "127.0.0.1"),
            ("IOT_MTLS_ENABLED", "0"),
            ("SFTP_ENABLED", "0"),
            ("AUTH", "true"),
        ]);
        for folder in ["HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"] {
            command.env(folder, &home);
        }
        if let Some(concurrency) = listening.concurrency {
            command.env("LAMBDA_ACCOUNT_CONCURRENCY", concurrency.to_string());
        }
        let log = workspace.path("emulator.log");
        let ready = format!("{endpoint_url}/_ministack/health");
        let service = Service::start("the emulator", command.current_dir(&home), &log, &ready)?;
        Ok(Self { endpoint_url, service })
    }

    /// Where it answers, such as `http://127.0.0.1:40123`.
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// The process behind it.
    pub fn service(&self) -> &Service {
        &self.service
    }
}
