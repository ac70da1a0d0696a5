//! Checks of what is deployed, without deploying it.

use std::fs;

use crate::environment::REGION;
use crate::process::output;
use crate::{Error, Project, Tools, run};

/// Runs `sam validate --lint` on the template, which says on the terminal what it finds.
///
/// # Errors
/// [`Error::Failed`] where the template has faults.
pub fn check_template(project: &Project, tools: &Tools) -> Result<(), Error> {
    run(
        "sam validate",
        tools
            .sam()
            .args(["validate", "--lint", "--region", REGION])
            .current_dir(project.root()),
    )
}

/// Looks for faults in the definition of the state machine, which `sam validate` does not read.
///
/// # Errors
/// [`Error::StateMachine`] with the faults.
pub fn check_state_machine(project: &Project, tools: &Tools) -> Result<(), Error> {
    let path = project.path("statemachine/workflow.asl.json");
    let definition = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    // The checker wants ARNs where SAM puts them in later.
    let substituted = project.scratch().join("workflow.asl.json");
    fs::write(&substituted, substitute(&definition)).map_err(Error::file("write", &substituted))?;
    match output("statelint", tools.statelint().arg(&substituted)) {
        Ok(_) => Ok(()),
        Err(Error::FailedQuietly { output: faults, .. }) => Err(Error::StateMachine(faults)),
        Err(other) => Err(other),
    }
}

/// Puts the ARN of a function in the place of every `${…}`.
fn substitute(definition: &str) -> String {
    let mut parts = definition.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        text.push_str(&format!("arn:aws:lambda:{REGION}:000000000000:function:{name}{rest}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_substitution_becomes_the_arn_of_a_function() {
        let text = substitute(r#"{"a": "${One}", "b": "${Two}"}"#);

        assert_eq!(
            text,
            r#"{"a": "arn:aws:lambda:us-east-1:000000000000:function:One", "b": "arn:aws:lambda:us-east-1:000000000000:function:Two"}"#
        );
    }
}
