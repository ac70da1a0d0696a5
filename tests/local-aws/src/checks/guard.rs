//! cfn-guard, with the rules of `policy/rules.guard`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use super::faults::{Fault, missed, untried};
use super::scratch;
use crate::{Error, Progress, Project, Tools, run};

#[derive(Debug)]
pub(super) struct Guard {
    program: PathBuf,
    rules: PathBuf,
    faults: PathBuf,
    scratch: PathBuf,
}

impl Guard {
    pub(super) fn ensure(project: &Project, tools: &Tools, progress: &dyn Progress) -> Result<Self, Error> {
        Ok(Self {
            program: tools.guard(project, progress)?,
            rules: project.path("policy/rules.guard"),
            faults: project.path("policy/faults.json"),
            scratch: scratch(project)?,
        })
    }

    /// Says on the terminal which rules the template breaks, and where.
    pub(super) fn check(&self, template: &Value) -> Result<(), Error> {
        let path = self.scratch.join("template.json");
        write(&path, template)?;
        let mut command = self.validate(&path);
        run("cfn-guard", command.args(["--show-summary", "fail"]))
    }

    /// Plants each fault of `policy/faults.json` in a copy of the template, and expects just the rule that is for it to refuse
    /// it. Every rule has a fault.
    pub(super) fn refuses_each_fault(&self, template: &Value) -> Result<(), Error> {
        let text = fs::read_to_string(&self.faults).map_err(Error::file("read", &self.faults))?;
        let faults: Vec<Fault> = serde_json::from_str(&text).map_err(Error::json("policy/faults.json"))?;
        let rules = fs::read_to_string(&self.rules).map_err(Error::file("read", &self.rules))?;
        if let Some(rule) = untried(names(&rules), &faults).first() {
            return Err(Error::NotTried((*rule).to_owned()));
        }
        let folder = self.scratch.join("faults");
        // What an earlier check planted may be more than there is now.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        for (number, fault) in faults.iter().enumerate() {
            write(&folder.join(format!("{number:03}.json")), &fault.planted_in(template)?)?;
        }
        missed(&faults, &self.refusals(&folder)?).map_or(Ok(()), Err)
    }

    /// The rules that refuse each of the templates in a folder, in the order of their names.
    fn refusals(&self, folder: &Path) -> Result<Vec<Vec<String>>, Error> {
        let mut command = self.validate(folder);
        command.args(["--structured", "--output-format", "json", "--show-summary", "none"]);
        // It ends with an error where a rule is broken, which is what is wanted here, so its answer is read in any case.
        let answer = command.output().map_err(|source| Error::NotStarted {
            program: self.program.display().to_string(),
            source,
        })?;
        let mut reports: Vec<Report> =
            serde_json::from_slice(&answer.stdout).map_err(Error::json("the output of cfn-guard"))?;
        reports.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(reports
            .into_iter()
            .map(|report| {
                report
                    .not_compliant
                    .into_iter()
                    .map(|broken| broken.rule.name)
                    .collect()
            })
            .collect())
    }

    fn validate(&self, data: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("validate").arg("--rules").arg(&self.rules);
        command.arg("--data").arg(data);
        command
    }
}

#[derive(Debug, Deserialize)]
struct Report {
    name: String,
    not_compliant: Vec<Broken>,
}

#[derive(Debug, Deserialize)]
struct Broken {
    #[serde(rename = "Rule")]
    rule: Rule,
}

#[derive(Debug, Deserialize)]
struct Rule {
    name: String,
}

/// The names of the rules in a file of cfn-guard's.
fn names(rules: &str) -> impl Iterator<Item = &str> {
    rules
        .lines()
        .filter_map(|line| line.strip_prefix("rule ")?.split_whitespace().next())
}

fn write(path: &Path, template: &Value) -> Result<(), Error> {
    fs::write(path, template.to_string()).map_err(Error::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_known_by_their_names() {
        let rules =
            "let a = Resources\n\nrule one {\n    %a exists\n}\n# rule not_this\nrule two when %a !empty {\n}\n";

        assert_eq!(names(rules).collect::<Vec<_>>(), ["one", "two"]);
    }
}
