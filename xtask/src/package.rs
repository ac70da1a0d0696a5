//! The functions as they go to AWS.

use std::fs;
use std::path::Path;

use local_aws::{Functions, LambdaBuilder, Project, Template, Tools, output};

use crate::console::Console;
use crate::error::Error;
use crate::sbom::Sboms;

/// The chore of that name: a plain `sam build`, the size of each function as Lambda counts it, and the list of what is in it.
pub(crate) fn run(project: &Project) -> Result<(), Error> {
    let tools = Tools::ensure(project, &Console)?;
    let builder = LambdaBuilder::ensure(project, &Console)?;
    let folder = Functions::package(project, &tools, &builder, &Console)?;
    let sboms = Sboms::of(project)?;
    for function in Template::read(project)?.functions()? {
        let bootstrap = folder.join(&function.resource).join("bootstrap");
        let zip = project.path(".pagerflow").join(format!("{}.zip", function.resource));
        let sbom = zip.with_extension("cdx.json");
        output(
            "zip",
            tools.python().args(["-m", "zipfile", "-c"]).arg(&zip).arg(&bootstrap),
        )?;
        sboms.write(&function.package, Some(&bootstrap), &sbom)?;
        Console.say(&format!(
            "{:16} {} KB, zipped {} KB; what is in it: {}",
            function.resource,
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
