//! Checks of what is deployed, without deploying it.
//!
//! Each gate is shown to refuse a deliberate fault, in the same check: a gate that lets everything pass looks like one that has
//! nothing to find.

mod faults;
mod guard;
mod iam;
mod questions;
mod transform;

use std::fs;
use std::path::{Path, PathBuf};

use faults::{must_refuse, with_change};
use guard::Guard;
use transform::transform;

use crate::environment::REGION;
use crate::process::output;
use crate::{Error, Progress, Project, Tools, run};

/// The regions for which cfn-lint looks whether they have every type of resource.
const REGIONS: [&str; 3] = [REGION, "eu-central-1", "ap-southeast-2"];

/// A fault in the template that both linters must refuse: a property that does not exist.
const MISSPELT: (&str, &str) = ("BillingMode:", "BillingModus:");
/// A fault in the definition of the state machine: a way that leads nowhere.
const DANGLING: (&str, &str) = (r#""Next": "Plan""#, r#""Next": "Nowhere""#);

/// Runs the gates of the template: `sam validate --lint`, cfn-lint, the rules of `policy/rules.guard`, the comparison of the
/// rights that SAM makes of it with `policy/iam.json`, and the questions of `policy/questions.json` about them. They say on the
/// terminal what they find.
///
/// # Errors
/// [`Error::Failed`] where the template has faults, [`Error::Rights`] or [`Error::OtherAnswers`] where it gives other rights than
/// wanted, and [`Error::NotRefused`] where a gate lets a deliberate fault pass.
pub fn check_template(project: &Project, tools: &Tools, progress: &dyn Progress) -> Result<(), Error> {
    let path = project.path("template.yaml");
    let faulty = scratch(project)?.join("template.yaml");
    let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    // SAM looks for the code beside the template; the linters do not.
    let text = with_change(&text, MISSPELT)?;
    fs::write(&faulty, text).map_err(Error::file("write", &faulty))?;

    run("sam validate", sam_validate(tools, &path).current_dir(project.root()))?;
    must_refuse("sam validate", MISSPELT.1, "BillingModus", || {
        output("sam validate", &mut sam_validate(tools, &faulty))
    })?;
    let transformed = transform(project, tools)?;
    // What only a parameter turns on is seen in the second one, such as resources that wait for each other.
    let written = scratch(project)?.join("transformed.json");
    fs::write(&written, transformed.to_string()).map_err(Error::file("write", &written))?;
    run("cfn-lint", cfn_lint(tools, &path).arg(&written))?;
    must_refuse("cfn-lint", MISSPELT.1, "BillingModus", || {
        output("cfn-lint", &mut cfn_lint(tools, &faulty))
    })?;

    let guard = Guard::ensure(project, tools, progress)?;
    guard.check(&transformed)?;
    guard.refuses_each_fault(&transformed)?;
    iam::check(project, &transformed)?;
    iam::notices_each_fault(project, &transformed)?;
    questions::check(project, tools)?;
    questions::notice_each_fault(project, tools)
}

fn sam_validate(tools: &Tools, template: &Path) -> std::process::Command {
    let mut command = tools.sam();
    command.args(["validate", "--lint", "--region", REGION, "--template-file"]);
    command.arg(template);
    command
}

fn cfn_lint(tools: &Tools, template: &Path) -> std::process::Command {
    let mut command = tools.cfn_lint();
    command.args(["--include-checks", "I", "--regions"]).args(REGIONS);
    command.arg("--").arg(template);
    command
}

/// A folder for what the gates are given to read.
fn scratch(project: &Project) -> Result<PathBuf, Error> {
    let folder = project.scratch().join("checks");
    fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
    Ok(folder)
}

/// Looks for faults in the definition of the state machine, which `sam validate` does not read.
///
/// # Errors
/// [`Error::StateMachine`] with the faults, [`Error::NotRefused`] where a deliberate one is not found.
pub fn check_state_machine(project: &Project, tools: &Tools) -> Result<(), Error> {
    let path = project.path("statemachine/workflow.asl.json");
    let definition = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    statelint(project, tools, &definition)?;
    let faulty = with_change(&definition, DANGLING)?;
    must_refuse("statelint", DANGLING.1, "Nowhere", || {
        statelint(project, tools, &faulty)
    })
}

fn statelint(project: &Project, tools: &Tools, definition: &str) -> Result<(), Error> {
    // The checker wants ARNs where SAM puts them in later.
    let substituted = scratch(project)?.join("workflow.asl.json");
    fs::write(&substituted, substitute(definition)).map_err(Error::file("write", &substituted))?;
    match output("statelint", tools.statelint().arg(&substituted)) {
        Ok(_) => Ok(()),
        Err(Error::FailedQuietly { output: faults, .. }) => Err(Error::StateMachine(faults)),
        Err(other) => Err(other),
    }
}

/// Puts the ARN of a function, or the partition, in the place of every `${…}`.
fn substitute(definition: &str) -> String {
    let mut parts = definition.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        match name.strip_suffix("Arn") {
            Some(function) => text.push_str(&format!(
                "arn:aws:lambda:{REGION}:000000000000:function:{function}{rest}"
            )),
            None => text.push_str(&format!("aws{rest}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_substitution_becomes_the_arn_of_a_function_or_the_partition() {
        let text = substitute(r#"{"a": "${OneArn}", "b": "arn:${Partition}:states:::lambda:invoke"}"#);

        assert_eq!(
            text,
            r#"{"a": "arn:aws:lambda:us-east-1:000000000000:function:One", "b": "arn:aws:states:::lambda:invoke"}"#
        );
    }
}
