//! The integration, the workflow and the key that the deliveries are for.

use crate::error::Error;
use local_aws::StackInfo;
use serde_json::Value;
use tests::{PagerDuty, Pagerflow};

/// The name of the workflow and of the integration.
pub(crate) const NAME: &str = "storm";

/// As little as a run can do, where what is counted is runs.
pub(crate) const STEPS: &str = "steps:\n  - set: { weathered: true }\n";

/// What starts a run.
const TRIGGER: &str = "name: storm\non:\n  pagerduty:\n    integration: storm\n    events: [incident.triggered]\n";

const SUBSCRIPTION: &str = "PSTORM1";

/// Where deliveries go, and what makes them authentic.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) api_key: String,
    pub(crate) signing_secret: &'static str,
}

/// Does on the stack what a person does once, for a workflow of these steps.
pub(crate) fn set_up(stack: &StackInfo, steps: &str) -> Result<Target, Error> {
    const SIGNING_SECRET: &str = "the-signing-secret-of-the-storm";
    let pagerflow = Pagerflow::new(stack.clone());
    // Whether the token works is not what the storm asks.
    pagerflow.json(&["integration", "add", NAME, "--no-verify"], PagerDuty::TOKEN)?;
    let file = std::env::temp_dir().join(format!("pagerflow-storm-{}.yaml", std::process::id()));
    std::fs::write(&file, format!("{TRIGGER}{steps}")).map_err(|source| Error::Io {
        what: "write the definition of the workflow",
        source,
    })?;
    let applied = pagerflow.json(&["workflow", "apply", &file.to_string_lossy(), "--yes"], "");
    // A file in the temporary folder does no harm.
    let _removed = std::fs::remove_file(&file);
    applied?;
    let add = [
        "integration",
        "signing-secret",
        "add",
        NAME,
        "--subscription",
        SUBSCRIPTION,
    ];
    pagerflow.json(&add, SIGNING_SECRET)?;
    let key = pagerflow.json(&["key", "create", "--workflow", NAME, "--name", NAME], "")?;
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Target {
        url: text("webhook_url"),
        api_key: text("key"),
        signing_secret: SIGNING_SECRET,
    })
}
