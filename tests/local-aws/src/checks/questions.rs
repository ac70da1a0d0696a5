//! What a role may do and may not, question by question, judged by the rights in `policy/iam.json`.
//!
//! This covers what the local AWS does not enforce: which items of the table a function may touch, and the role of the state
//! machine.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::faults::{must_refuse, with_change};
use super::{iam, scratch};
use crate::process::output;
use crate::{Error, Project, Tools};

const PATH: &str = "policy/questions.json";

/// Rights that are wider than they should be: on the items, on their attributes, on the resource, on the action, on the alias, on the
/// role.
///
/// The third is in the question that is answered otherwise.
const FAULTS: [(&str, &str, &str); 10] = [
    (r#""BODY#*""#, r#""*""#, "dynamodb:PutItem"),
    (r#""WAIT#*""#, r#""*""#, "dynamodb:UpdateItem"),
    (r#""tok""#, r#""tok", "choice""#, "choice"),
    (
        "secret:${SecretsPrefix}/api-token/*",
        "secret:*",
        "secret:another/api-token",
    ),
    (
        "secret:${SecretsPrefix}/api-token/*",
        "secret:${SecretsPrefix}/*",
        "${SecretsPrefix}/integrations/slack",
    ),
    (
        "secret:${SecretsPrefix}/integrations/*",
        "secret:${SecretsPrefix}/*",
        "${SecretsPrefix}/api-token/prod",
    ),
    (
        "secret:${SecretsPrefix}/integrations/aws/*",
        "secret:${SecretsPrefix}/integrations/aw*",
        "${SecretsPrefix}/integrations/awsome",
    ),
    ("role/${AwsRolePrefix}*", "role/*", "sts:AssumeRole"),
    (r#""sqs:DeleteMessage""#, r#""sqs:*""#, "sqs:SendMessage"),
    (
        "ForAnyValue:StringEquals",
        "ForAllValues:StringEquals",
        "states:StartExecution",
    ),
];

/// Has every question answered, and compares the answers with those that are wanted.
pub(super) fn check(project: &Project, tools: &Tools) -> Result<(), Error> {
    ask(project, tools, &project.path(iam::PATH))
}

/// Expects rights that are too wide to change an answer.
pub(super) fn notice_each_fault(project: &Project, tools: &Tools) -> Result<(), Error> {
    let path = project.path(iam::PATH);
    let rights = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let faulty = scratch(project)?.join("iam.json");
    for (from, to, sign) in FAULTS {
        fs::write(&faulty, with_change(&rights, (from, to))?).map_err(Error::file("write", &faulty))?;
        must_refuse(PATH, to, sign, || ask(project, tools, &faulty))?;
    }
    Ok(())
}

fn ask(project: &Project, tools: &Tools, rights: &Path) -> Result<(), Error> {
    let path = project.path(PATH);
    let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let questions: Vec<Value> = serde_json::from_str(&text).map_err(Error::json(PATH))?;
    let mut evaluate = tools.emulator_python();
    evaluate.arg(project.path("tools/evaluate.py")).arg(rights).arg(&path);
    let answers = output("evaluate.py", &mut evaluate)?;
    let answers: Vec<bool> = serde_json::from_str(&answers).map_err(Error::json("the output of evaluate.py"))?;
    let wrong: Vec<String> = questions
        .iter()
        .zip(&answers)
        .filter(|(question, answer)| question.get("may") != Some(&Value::Bool(**answer)))
        .map(|(question, answer)| format!("{question}: {answer}"))
        .collect();
    if wrong.is_empty() && answers.len() == questions.len() {
        Ok(())
    } else {
        Err(Error::OtherAnswers(wrong.join("\n")))
    }
}
