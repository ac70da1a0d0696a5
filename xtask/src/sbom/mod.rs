//! What is in a function: a list of all crates that are linked into it, in CycloneDX's form.
//!
//! Tools that make such lists go by `cargo metadata`, which has the features of the whole workspace, its tests and the command
//! included: two dozen crates more than are in a function. `cargo tree` has those of one package, as the build has them.
//!
//! # Layout
//! - `tree`: which crates, by `cargo tree`
//! - `details`: what is known of each, by `cargo metadata` and `Cargo.lock`
//! - `document`: CycloneDX's form

mod details;
mod document;
mod tree;

use std::fs;
use std::path::Path;

use local_aws::{Auditors, Project, Template, output};
use sha2::{Digest, Sha256};

use self::details::Details;
use self::document::Document;
use self::tree::Tree;
use crate::error::Error;

/// What the template has the functions built for, by Rust's name.
const TARGET: &str = "aarch64-unknown-linux-gnu";

/// What the schema must refuse.
const FAULTY: &str = r#"{"bomFormat": "Cyclone", "specVersion": "1.6"}"#;

/// The lists of all functions.
#[derive(Debug)]
pub(crate) struct Sboms<'a> {
    project: &'a Project,
    details: Details,
}

impl<'a> Sboms<'a> {
    /// Reads what is known of all crates.
    pub(crate) fn of(project: &'a Project) -> Result<Self, Error> {
        let details = Details::read(project)?;
        Ok(Self { project, details })
    }

    /// Writes that of a function, by the name of its crate. `program` is what was built, if it was: its hash ties the list to it.
    pub(crate) fn write(&self, function: &str, program: Option<&Path>, path: &Path) -> Result<(), Error> {
        let hash = program.map(sha256).transpose()?;
        let tree = Tree::of(self.project, function)?;
        let document = Document::new(&tree, &self.details, hash)?;
        fs::write(path, document.to_json()?).map_err(Error::file("write", path))
    }
}

/// Holds the lists of all functions against CycloneDX's schema, which must refuse a deliberate fault.
pub(crate) fn check(project: &Project, auditors: &Auditors) -> Result<(), Error> {
    let folder = project.path(".pagerflow/dependencies");
    let sboms = Sboms::of(project)?;
    let mut validate = auditors.python();
    validate.arg("tools/validate_sbom.py");
    for function in Template::read(project)?.functions()? {
        let path = folder.join(format!("{}.cdx.json", function.resource));
        sboms.write(&function.package, None, &path)?;
        validate.arg(path);
    }
    output("the check against CycloneDX's schema", &mut validate)?;

    let faulty = folder.join("faulty.cdx.json");
    fs::write(&faulty, FAULTY).map_err(Error::file("write", &faulty))?;
    let mut validate = auditors.python();
    validate.arg("tools/validate_sbom.py").arg(&faulty);
    match output("the check against CycloneDX's schema", &mut validate) {
        Err(local_aws::Error::FailedQuietly { output, .. }) if output.contains("bomFormat") => Ok(()),
        Err(local_aws::Error::FailedQuietly { .. }) | Ok(_) => Err(local_aws::Error::NotRefused {
            gate: "tools/validate_sbom.py".to_owned(),
            fault: "an SBOM of another format".to_owned(),
        }
        .into()),
        Err(other) => Err(other.into()),
    }
}

fn sha256(path: &Path) -> Result<String, Error> {
    let content = fs::read(path).map_err(Error::file("read", path))?;
    Ok(Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::cloud::cargo;

    /// What Cargo lists with these options, by name and version, without the function itself.
    fn listed(project: &Project, function: &str, options: &[&str]) -> BTreeSet<String> {
        let mut tree = cargo(project);
        tree.args([
            "tree", "--locked", "--target", TARGET, "--prefix", "none", "-p", function,
        ]);
        output("cargo tree", tree.args(options))
            .unwrap()
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with(&format!("{function} ")))
            .map(|line| {
                line.split(' ')
                    .take(2)
                    .collect::<Vec<_>>()
                    .join(" v")
                    .replace("vv", "v")
            })
            .collect()
    }

    /// The crates of all functions.
    fn functions(project: &Project) -> Vec<String> {
        let functions = Template::read(project).unwrap().functions().unwrap();
        functions.into_iter().map(|function| function.package).collect()
    }

    fn in_sbom(sbom: &Value, scopes: &[&str]) -> BTreeSet<String> {
        let text = |component: &Value, field: &str| component[field].as_str().unwrap().to_owned();
        let components = sbom["components"].as_array().unwrap();
        components
            .iter()
            .filter(|component| scopes.contains(&text(component, "scope").as_str()))
            .map(|component| format!("{} v{}", text(component, "name"), text(component, "version")))
            .collect()
    }

    #[test]
    fn the_list_of_each_function_is_that_of_cargo() {
        let project = Project::find().unwrap();
        let details = Details::read(&project).unwrap();
        for function in functions(&project) {
            let function = function.as_str();
            let tree = Tree::of(&project, function).unwrap();
            let document = Document::new(&tree, &details, None).unwrap().to_json().unwrap();
            let sbom: Value = serde_json::from_str(&document).unwrap();

            let all = listed(&project, function, &["-e", "normal"]);
            assert_eq!(in_sbom(&sbom, &["required", "excluded"]), all, "{function}");
            let linked = listed(&project, function, &["-e", "normal,no-proc-macro"]);
            assert_eq!(in_sbom(&sbom, &["required"]), linked, "{function}");
            assert_eq!(sbom["metadata"]["component"]["name"], function);
            assert!(linked.len() > 100 && linked.len() < all.len(), "{function}");
        }
    }

    #[test]
    fn the_same_function_has_the_same_list() {
        let project = Project::find().unwrap();
        let write = |name: &str| {
            let path = std::env::temp_dir().join(format!("pagerflow-sbom-{name}-{}", std::process::id()));
            let program = project.path("Cargo.toml");
            let sboms = Sboms::of(&project).unwrap();
            sboms.write(&functions(&project)[0], Some(&program), &path).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            fs::remove_file(path).unwrap();
            text
        };

        let text = write("one");

        assert_eq!(text, write("two"));
        assert!(
            !text.contains(&project.root().display().to_string()),
            "tells where it was made"
        );
    }
}
