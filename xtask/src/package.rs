//! The functions as they go to AWS.

use std::fs;
use std::path::Path;

use local_aws::{Functions, Project, Tools, output};

use crate::console::Console;
use crate::error::Error;
use crate::sbom::Sboms;

/// What SAM calls the functions, and what Cargo calls them.
pub(crate) const FUNCTIONS: [(&str, &str); 5] = [
    ("WebhookIngress", "webhook-ingress"),
    ("WorkflowRunner", "workflow-runner"),
    ("CreateIncident", "create-incident"),
    ("ResolveIncident", "resolve-incident"),
    ("PagerDutyAction", "pagerduty-action"),
];

/// The chore of that name: a plain `sam build`, the size of each function as Lambda counts it, and the list of what is in it.
pub(crate) fn run(project: &Project) -> Result<(), Error> {
    let tools = Tools::ensure(project, &Console)?;
    let folder = Functions::package(project, &tools, &Console)?;
    let sboms = Sboms::of(project)?;
    for (function, name) in FUNCTIONS {
        let bootstrap = folder.join(function).join("bootstrap");
        let zip = project.path(".pagerflow").join(format!("{function}.zip"));
        let sbom = zip.with_extension("cdx.json");
        output(
            "zip",
            tools.python().args(["-m", "zipfile", "-c"]).arg(&zip).arg(&bootstrap),
        )?;
        sboms.write(name, Some(&bootstrap), &sbom)?;
        Console.say(&format!(
            "{function:16} {} KB, zipped {} KB; what is in it: {}",
            kilobytes(&bootstrap)?,
            kilobytes(&zip)?,
            sbom.display()
        ));
    }
    Ok(())
}

fn kilobytes(file: &Path) -> Result<u64, Error> {
    let metadata = fs::metadata(file).map_err(Error::file("read", file))?;
    Ok(metadata.len() / 1024)
}
