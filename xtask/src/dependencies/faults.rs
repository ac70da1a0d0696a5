//! Deliberate faults, each of which the rules of `deny.toml` must refuse: rules that let everything pass look like rules that have
//! nothing to refuse.

use std::collections::BTreeSet;
use std::fs;

use local_aws::{Auditors, Project, output};
use serde_json::Value;

use super::database::{Database, FAULTY, changed};
use crate::cloud::cargo;
use crate::error::Error;

/// A fault that is planted in a copy of what Cargo tells of the workspace, each in another package.
struct Fault {
    what: &'static str,
    /// The code under which cargo-deny refuses it.
    code: &'static str,
    package: &'static str,
    place: Place,
    becomes: &'static str,
}

enum Place {
    /// A field of the package.
    Field(&'static str),
    /// The versions of a dependency that the package takes.
    VersionsOf(&'static str),
}

const FAULTS: [Fault; 7] = [
    Fault {
        what: "a crate under the GPL",
        code: "rejected",
        package: "thiserror",
        place: Place::Field("license"),
        becomes: "GPL-3.0-only",
    },
    Fault {
        what: "a crate from a Git repository",
        code: "source-not-allowed",
        package: "strsim",
        place: Place::Field("source"),
        becomes: "git+https://sources.invalid/strsim?rev=0#0",
    },
    Fault {
        what: "a crate from another registry",
        code: "source-not-allowed",
        package: "regex",
        place: Place::Field("source"),
        becomes: "registry+https://sources.invalid/index",
    },
    Fault {
        what: "a dependency of any version",
        code: "wildcard",
        package: "xtask",
        place: Place::VersionsOf("clap"),
        becomes: "*",
    },
    Fault {
        what: "OpenSSL",
        code: "banned",
        package: "openssl-probe",
        place: Place::Field("name"),
        becomes: "openssl-sys",
    },
    Fault {
        what: "a crate with an advisory",
        code: "vulnerability",
        package: FAULTY.0,
        place: Place::Field("version"),
        becomes: FAULTY.1,
    },
    Fault {
        what: "a yanked version",
        code: "yanked",
        package: "futures-util",
        place: Place::Field("version"),
        becomes: "0.3.30",
    },
];

/// Changes of the rules that make them refuse what is there: what, the code, the text, and what stands there then.
const STRICTER: [(&str, &str, &str, &str); 2] = [
    (
        "a second version that nobody has agreed to",
        "duplicate",
        "{ crate = \"http@0.2\"",
        "{ crate = \"http@0.1\"",
    ),
    (
        "a licence that is allowed and that nobody has",
        "license-not-encountered",
        "\"MIT\",",
        "\"MIT\",\n    \"EUPL-1.2\",",
    ),
];

/// Plants all of them at once, and expects cargo-deny to refuse each for what is wrong with it.
pub(super) fn are_refused(project: &Project, auditors: &Auditors, database: &Database) -> Result<(), Error> {
    let mut metadata = cargo(project);
    metadata.args(["metadata", "--locked", "--all-features", "--format-version", "1"]);
    let mut workspace: Value = serde_json::from_str(&output("cargo metadata", &mut metadata)?)
        .map_err(Error::json("the output of cargo metadata"))?;
    for fault in &FAULTS {
        fault.plant_in(&mut workspace)?;
    }
    let faulty = project.path(".pagerflow/dependencies/metadata.json");
    fs::write(&faulty, workspace.to_string()).map_err(Error::file("write", &faulty))?;

    let path = database.rules();
    let mut rules = fs::read_to_string(path).map_err(Error::file("read", path))?;
    for (_, _, place, becomes) in STRICTER {
        rules = changed(&rules, place, becomes)?;
    }
    let stricter = project.path(".pagerflow/dependencies/stricter.toml");
    fs::write(&stricter, rules).map_err(Error::file("write", &stricter))?;

    let mut deny = auditors.cargo_deny();
    database.use_in(&mut deny, &stricter);
    deny.args(["--format", "json", "--metadata-path"]).arg(&faulty);
    deny.arg("check");
    // It ends with an error, which is what is wanted here, so its answer is read in any case.
    let answer = deny.output().map_err(|source| local_aws::Error::NotStarted {
        program: "cargo-deny".to_owned(),
        source,
    })?;
    missed(&refusals(&String::from_utf8_lossy(&answer.stderr))).map_or(Ok(()), |fault| {
        Err(local_aws::Error::NotRefused {
            gate: "deny.toml".to_owned(),
            fault: fault.to_owned(),
        }
        .into())
    })
}

impl Fault {
    fn plant_in(&self, workspace: &mut Value) -> Result<(), Error> {
        let package = workspace
            .get_mut("packages")
            .and_then(|packages| named(packages, self.package));
        let place = match self.place {
            Place::Field(field) => package.and_then(|package| package.get_mut(field)),
            Place::VersionsOf(dependency) => package
                .and_then(|package| named(package.get_mut("dependencies")?, dependency))
                .and_then(|dependency| dependency.get_mut("req")),
        };
        *place.ok_or_else(|| local_aws::Error::NoPlace(self.package.to_owned()))? = Value::from(self.becomes);
        Ok(())
    }

    /// What it is called in the report.
    fn named(&self) -> &'static str {
        match self.place {
            Place::Field("name") => self.becomes,
            _ => self.package,
        }
    }
}

/// The one of that name in a list.
fn named<'a>(list: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    list.as_array_mut()?
        .iter_mut()
        .find(|item| item.get("name").and_then(Value::as_str) == Some(name))
}

/// What was refused: the codes, with the crates where they are about crates.
fn refusals(report: &str) -> BTreeSet<(String, String)> {
    report
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| text(message, "/fields/severity") == "error")
        .map(|message| {
            let code = text(&message, "/fields/code").to_owned();
            (code, text(&message, "/fields/graphs/0/Krate/name").to_owned())
        })
        .collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The first fault that was not refused.
fn missed(refusals: &BTreeSet<(String, String)>) -> Option<&'static str> {
    let of_package = FAULTS
        .iter()
        .find(|fault| !refusals.contains(&(fault.code.to_owned(), fault.named().to_owned())))
        .map(|fault| fault.what);
    let of_rules = || {
        STRICTER
            .iter()
            .find(|(_, code, ..)| !refusals.iter().any(|(refused, _)| refused == code))
            .map(|(what, ..)| *what)
    };
    of_package.or_else(of_rules)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all_refused() -> BTreeSet<(String, String)> {
        let of_packages = FAULTS
            .iter()
            .map(|fault| (fault.code.to_owned(), fault.named().to_owned()));
        let of_rules = STRICTER.iter().map(|(_, code, ..)| ((*code).to_owned(), String::new()));
        of_packages.chain(of_rules).collect()
    }

    #[test]
    fn a_fault_is_planted_in_its_package() {
        let mut workspace = json!({"packages": [
            {"name": "other", "dependencies": [{"name": "clap", "req": "^4"}]},
            {"name": "xtask", "dependencies": [{"name": "serde", "req": "^1"}, {"name": "clap", "req": "^4"}]},
        ]});
        let fault = FAULTS.iter().find(|fault| fault.package == "xtask").unwrap();

        fault.plant_in(&mut workspace).unwrap();

        assert_eq!(workspace.pointer("/packages/1/dependencies/1/req"), Some(&json!("*")));
        assert_eq!(workspace.pointer("/packages/0/dependencies/0/req"), Some(&json!("^4")));
        assert!(FAULTS[0].plant_in(&mut workspace).is_err());
    }

    #[test]
    fn what_is_not_refused_is_told() {
        assert_eq!(missed(&all_refused()), None);
        for refusal in all_refused() {
            let mut refusals = all_refused();
            refusals.remove(&refusal);
            assert!(missed(&refusals).is_some(), "{refusal:?}");
        }
    }

    #[test]
    fn only_errors_are_refusals() {
        let report = "not JSON\n\
            {\"type\":\"diagnostic\",\"fields\":{\"severity\":\"error\",\"code\":\"rejected\",\"graphs\":[{\"Krate\":{\"name\":\"a\"}}]}}\n\
            {\"type\":\"diagnostic\",\"fields\":{\"severity\":\"warning\",\"code\":\"duplicate\",\"graphs\":[]}}\n";

        assert_eq!(
            refusals(report).into_iter().collect::<Vec<_>>(),
            [("rejected".to_owned(), "a".to_owned())]
        );
    }
}
