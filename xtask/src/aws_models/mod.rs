//! The models of AWS services, made of botocore's.
//!
//! # Layout
//! - here — the files that are written.
//! - `withheld` — the services that are offered, and the parts of them that are not.
//! - `facts` — the facts of a service, as botocore has them.
//! - `convert` — facts, as the model that is kept.

mod convert;
mod facts;
mod withheld;

use std::fs;
use std::path::Path;

use local_aws::{BotoCore, Project, output};

use crate::console::Console;
use crate::error::Error;

pub(crate) use convert::NotKnown;

/// The folder of the models.
const FOLDER: &str = "shared/aws-actions/models";

/// Writes the models anew.
pub(crate) fn run(project: &Project) -> Result<(), Error> {
    let folder = project.path(FOLDER);
    let made = make(project)?;
    let mut size = 0;
    for (name, bytes) in &made.files {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(Error::file("write", &path))?;
        size += bytes.len();
    }
    remove_others(&folder, &made)?;
    Console.say(&format!(
        "{} services of botocore {}, {size} bytes, in {FOLDER}",
        withheld::SERVICES.len(),
        made.version
    ));
    Ok(())
}

/// Removes the models of services that are no longer offered.
fn remove_others(folder: &Path, made: &Made) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(Error::file("read", folder))?;
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let is_model = path.extension().is_some_and(|extension| extension == "model");
        let is_made = made.files.iter().any(|(name, _)| path.ends_with(name));
        if is_model && !is_made {
            fs::remove_file(&path).map_err(Error::file("remove", &path))?;
        }
    }
    Ok(())
}

/// The files, by their names.
struct Made {
    version: String,
    files: Vec<(String, Vec<u8>)>,
}

fn make(project: &Project) -> Result<Made, Error> {
    let botocore = BotoCore::ensure(project, &Console)?;
    let mut script = botocore.python();
    script
        .arg(project.path("tools/aws_models.py"))
        .args(withheld::SERVICES.map(|(name, _)| name));
    let json = output("tools/aws_models.py", &mut script)?;
    of_facts(&serde_json::from_str(&json).map_err(Error::json("the facts of service models"))?)
}

fn of_facts(facts: &facts::Facts) -> Result<Made, Error> {
    withheld_is_there(facts)?;
    let mut files = Vec::new();
    let mut index = String::from("// Written by `cargo xtask aws-models`.\n&[\n");
    for (name, service) in &facts.services {
        let service = convert::service(name, service).map_err(Error::NotKnown)?;
        let file = format!("{}.model", service.name);
        index.push_str(&format!("    (\"{}\", include_bytes!(\"{file}\")),\n", service.name));
        files.push((file, aws_actions::model::write(&service)));
    }
    index.push_str("]\n");
    files.push(("index.rs".to_owned(), index.into_bytes()));
    files.push(("VERSION".to_owned(), format!("{}\n", facts.version).into_bytes()));
    Ok(Made {
        version: facts.version.clone(),
        files,
    })
}

/// Checks that everything that is withheld is there: under a new name it would be offered.
fn withheld_is_there(facts: &facts::Facts) -> Result<(), Error> {
    let gone = |service: &str, what: String| {
        Error::NotKnown(NotKnown {
            service: service.to_owned(),
            what: format!("{what}, which is withheld,"),
        })
    };
    for (service, name, _) in withheld::OPERATIONS {
        let operations = facts.services.get(*service).map(|service| &service.operations);
        if !operations.into_iter().flatten().any(|operation| operation.key == *name) {
            return Err(gone(service, format!("the operation {name}")));
        }
    }
    for (service, shape, name, _) in withheld::MEMBERS {
        let shapes = facts.services.get(*service).map(|service| &service.shapes);
        let members = shapes.and_then(|shapes| shapes.get(*shape)).map(|shape| &shape.members);
        if !members.into_iter().flatten().any(|member| member.name == *name) {
            return Err(gone(service, format!("the member {name} of {shape}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_actions::{operations, services};

    /// Where botocore is not installed, as in a checkout that has never written the models, there is nothing to compare with.
    #[test]
    fn the_models_are_those_that_botocore_gives() {
        let project = Project::find().unwrap();
        if !BotoCore::is_installed(&project).unwrap() {
            return;
        }
        let folder = project.path(FOLDER);
        for (name, bytes) in make(&project).unwrap().files {
            let path = folder.join(&name);
            assert!(
                fs::read(&path).unwrap_or_default() == bytes,
                "{name} is stale; write the models anew with `cargo xtask aws-models`"
            );
        }
    }

    #[test]
    fn the_version_is_the_one_that_is_installed() {
        let project = Project::find().unwrap();
        let version = fs::read_to_string(project.path(FOLDER).join("VERSION")).unwrap();
        let wanted = fs::read_to_string(project.path("tools/aws_models.txt")).unwrap();
        assert!(wanted.contains(&format!("botocore=={} ", version.trim())), "{version}");
    }

    #[test]
    fn what_is_withheld_is_in_no_model() {
        for (service, name, _) in withheld::OPERATIONS {
            let service = service.replace('-', "_");
            assert!(services().any(|known| known == service), "{service}");
            assert!(
                operations(&service).all(|operation| operation.name() != *name),
                "{service} {name}"
            );
        }
    }

    #[test]
    fn every_service_is_offered_once_and_in_order() {
        assert!(withheld::SERVICES.is_sorted_by(|one, other| one.0 < other.0));
        assert!(withheld::OPERATIONS.is_sorted_by_key(|(service, name, _)| (service, name)));
    }
}
