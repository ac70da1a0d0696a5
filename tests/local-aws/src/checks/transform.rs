//! SAM's own transform.

use serde_json::Value;

use crate::process::output;
use crate::{Error, Project, Tools};

/// What CloudFormation gets: the template after SAM's transform, with everything that a parameter can turn on.
pub(super) fn transform(project: &Project, tools: &Tools) -> Result<Value, Error> {
    let mut command = tools.python();
    command
        .arg(project.path("tools/transform.py"))
        .arg(project.path("template.yaml"))
        .arg("CanaryDeployments=true");
    let text = output("the SAM transform", &mut command)?;
    serde_json::from_str(&text).map_err(Error::json("the transformed template"))
}
