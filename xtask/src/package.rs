//! The functions as they go to AWS.

use std::fs;
use std::path::Path;

use local_aws::{Functions, Project, Tools, output};

use crate::console::Console;
use crate::error::Error;

/// What SAM calls the functions.
const FUNCTIONS: [&str; 5] = [
    "WebhookIngress",
    "WorkflowRunner",
    "CreateIncident",
    "ResolveIncident",
    "UpdateIncident",
];

/// The chore of that name: a plain `sam build`, and the size of each function as Lambda counts it.
pub(crate) fn run(project: &Project) -> Result<(), Error> {
    let tools = Tools::ensure(project, &Console)?;
    let folder = Functions::package(project, &tools, &Console)?;
    for function in FUNCTIONS {
        let bootstrap = folder.join(function).join("bootstrap");
        let zip = project.path(".pagerflow").join(format!("{function}.zip"));
        output(
            "zip",
            tools.python().args(["-m", "zipfile", "-c"]).arg(&zip).arg(&bootstrap),
        )?;
        Console.say(&format!(
            "{function:16} {} KB, zipped {} KB",
            kilobytes(&bootstrap)?,
            kilobytes(&zip)?
        ));
    }
    Ok(())
}

fn kilobytes(file: &Path) -> Result<u64, Error> {
    let metadata = fs::metadata(file).map_err(Error::file("read", file))?;
    Ok(metadata.len() / 1024)
}
