//! `pagerflow run start`.

use crate::{
    error::Error,
    known,
    output::{Screen, View},
    stack::Stack,
    text_file,
};
use platform::{executions::Executions, table::VersionSource};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{collections::BTreeSet, path::PathBuf};
use workflow::{
    definition::{Definition, InputKind},
    fingerprint::fingerprint,
    ids::{InvalidId, RunId, WorkflowId, WorkflowVersion},
    planner::resolve_inputs,
    run::{RunCause, RunIdentity, RunInput},
};

/// The inputs of a run, as they are given on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Given {
    /// An input of the run. May be repeated. What is not text is given as JSON: `--input 'hosts=["a","b"]'`.
    #[arg(long = "input", value_name = "NAME=VALUE")]
    input: Vec<String>,
    /// A JSON file with inputs. Those of --input go before them.
    #[arg(long = "inputs", value_name = "FILE")]
    inputs: Option<PathBuf>,
}

impl Given {
    /// True if nothing was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.input.is_empty() && self.inputs.is_none()
    }

    /// The inputs of a run of a workflow, checked as the run would check them.
    pub(crate) fn checked(&self, definition: &Definition) -> Result<Map<String, Value>, Error> {
        inputs(definition, self)
    }
}

/// A run that was started by hand.
#[derive(Debug, Serialize)]
pub(crate) struct Started {
    run: RunId,
    workflow: WorkflowId,
    version: WorkflowVersion,
}

pub(crate) async fn start(id: WorkflowId, given: &Given, stack: &Stack) -> Result<Started, Error> {
    let version = known::enabled_workflow(&id, stack).await?.active_version;
    let definition = stack.table.version(&id, version).await?;
    let definition =
        definition.ok_or_else(|| Error::NotFound(format!("the workflow {id} has no version {version}")))?;
    let inputs = inputs(&definition, given)?;
    let run = new_id()?;
    let input = RunInput {
        run: RunIdentity {
            id: run.clone(),
            workflow: id.clone(),
            version,
            depth: 0,
        },
        cause: RunCause::Hand {
            by: stack.caller().await,
        },
        inputs,
        part: None,
    };
    stack.state_machine.start(&input).await?;
    Ok(Started {
        run,
        workflow: id,
        version,
    })
}

impl View for Started {
    fn text(&self, _: Screen) -> String {
        let Self { run, workflow, version } = self;
        format!("Started the run {run} of {workflow} {version}. Follow it with `pagerflow run watch {run}`.")
    }
}

/// An id that no other run has.
fn new_id() -> Result<RunId, Error> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Error::Secret(format!("the system has no random numbers: {error}")))?;
    let random = u128::from_be_bytes(random).to_string();
    let id = fingerprint("run-by-hand", &[&random]).parse();
    id.map_err(|error: InvalidId| Error::Invalid(error.to_string()))
}

/// The inputs of a run, checked as the run would check them.
fn inputs(definition: &Definition, given: &Given) -> Result<Map<String, Value>, Error> {
    let mut inputs = match &given.inputs {
        Some(path) => {
            let text = text_file::read(path)?;
            serde_json::from_str(&text).map_err(|error| {
                Error::Invalid(format!("{} is not a map of inputs in JSON: {error}", path.display()))
            })?
        }
        None => Map::new(),
    };
    let mut names = BTreeSet::new();
    for text in &given.input {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| Error::Invalid(format!("the input {text:?} is not in the form name=value")))?;
        if !names.insert(name) {
            return Err(Error::Invalid(format!("--input {name}=… is given twice; give it once")));
        }
        let known = definition.inputs.iter().find(|(known, _)| known.as_str() == name);
        let value = typed(known.map(|(_, input)| input.kind), value);
        inputs.insert(name.to_owned(), value);
    }
    match resolve_inputs(definition, &inputs) {
        Ok(_) => Ok(inputs),
        Err(failure) => Err(Error::Invalid(failure.message)),
    }
}

/// A value of the command line: text where text is wanted, also that of a time or a duration, and otherwise what it means as JSON.
fn typed(kind: Option<InputKind>, value: &str) -> Value {
    match kind {
        Some(InputKind::Text | InputKind::Time | InputKind::Duration) => Value::from(value),
        _ => serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;
    use serde_json::json;

    fn definition() -> Definition {
        let source = "name: w\ninputs:\n  who: { type: text }\n  count: { type: integer, default: 3 }\n  hosts: { type: list, default: [] }\n\
                      steps: [{ wait: 1s }]\n";
        Definition::from_source(source, catalog()).unwrap()
    }

    fn given(input: &[&str]) -> Result<Value, String> {
        let given = Given {
            input: input.iter().map(ToString::to_string).collect(),
            inputs: None,
        };
        inputs(&definition(), &given)
            .map(Value::Object)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_is_text_where_text_is_wanted_and_otherwise_json() {
        assert_eq!(
            given(&["who=12", "count=12", "hosts=[\"a\"]"]),
            Ok(json!({"who": "12", "count": 12, "hosts": ["a"]}))
        );
    }

    #[test]
    fn a_value_may_have_an_equals_sign_in_it() {
        assert_eq!(given(&["who=a=b"]), Ok(json!({"who": "a=b"})));
    }

    #[test]
    fn all_that_is_wrong_with_the_inputs_is_told_before_anything_starts() {
        let error = given(&["count=many", "whoo=x"]).unwrap_err();
        for words in [
            "did you mean `who`",
            "`count` is text, but must be a whole number",
            "`who` is missing",
        ] {
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_input_that_is_given_twice_is_refused_and_not_guessed() {
        let error = given(&["who=a", "who=b"]).unwrap_err();
        assert_eq!(error, "--input who=… is given twice; give it once");
    }

    #[test]
    fn an_input_without_a_name_is_refused() {
        assert!(given(&["x"]).unwrap_err().contains("name=value"));
    }

    #[test]
    fn two_runs_have_two_ids() {
        assert_ne!(new_id().unwrap(), new_id().unwrap());
    }
}
