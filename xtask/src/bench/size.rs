//! How large the functions are.

use std::fs;

use ::tests::figures::Table;
use local_aws::{Project, Tools, output};

use super::functions::{all, build};
use crate::console::Console;
use crate::error::Error;

pub(super) fn measure(project: &Project) -> Result<String, Error> {
    let tools = Tools::ensure(project, &Console)?;
    let folder = build(project)?;
    let workspace = project.workspace("bench-size")?;
    let mut table = Table::new(&["function", "binary (KB)", "zipped (KB)"]);
    for function in all(project)? {
        let binary = folder.join(&function);
        let zip = workspace.path(&format!("{function}.zip"));
        let mut python = tools.python();
        output("zip", python.args(["-m", "zipfile", "-c"]).arg(&zip).arg(&binary))?;
        let kilobytes = |file: &std::path::Path| -> Result<String, Error> {
            let metadata = fs::metadata(file).map_err(Error::file("read", file))?;
            Ok((metadata.len() / 1024).to_string())
        };
        table.row([function, kilobytes(&binary)?, kilobytes(&zip)?]);
    }
    Ok(format!(
        "{table}\nBuilt for {}, not for arm64 as on AWS; `cargo xtask package` tells the sizes of the latter.\n",
        std::env::consts::ARCH
    ))
}
