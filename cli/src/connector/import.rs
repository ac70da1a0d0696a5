//! `pagerflow connector import`: a draft of a connector, made of an OpenAPI document.

use crate::{
    error::Error,
    output::{Notices, Output, Screen, View, printable},
    text_file,
    text_table::aligned,
};
use clap::Args;
use connectors::{
    ConnectorName,
    openapi::{Draft, Fit, OperationSummary, draft, operations, parse},
};
use serde::Serialize;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow connector import openapi.json --list
  pagerflow connector import openapi.json --operation createDeployment --operation 'GET /deployments/{id}' \\
    --name deployments > deployments.yaml

What an operation does when it is repeated, which answers are failures and which input is a drop-down does not stand in such a
document. So it is a draft: what to look at is printed to standard error.";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The document, in JSON or YAML; `-` for standard input.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// List the operations that the document has.
    #[arg(long, conflicts_with_all = ["operation", "name"], required_unless_present = "operation")]
    list: bool,
    /// An operation, by its `operationId` or as `METHOD /path`. May be repeated.
    #[arg(long, value_name = "ID")]
    operation: Vec<String>,
    /// The name of the connector. Without it, it is made of the document's title.
    #[arg(long)]
    name: Option<ConnectorName>,
}

pub(super) fn import(options: &Options, output: &mut Output) -> Result<ExitCode, Error> {
    let source = text_file::read(&options.path)?;
    let invalid = |error: connectors::openapi::ImportError| unusable(&options.path, &error);
    let document = parse(&source).map_err(invalid)?;
    if options.list {
        let operations = operations(&document).map_err(invalid)?;
        return output.show(&Listed::of(operations));
    }
    let name = match &options.name {
        Some(name) => name.clone(),
        None => named_after(&document)?,
    };
    let drafted = draft(&document, &options.operation, &name).map_err(invalid)?;
    let notices = output.notices();
    if !output.is_json() {
        tell(&drafted, notices);
    }
    output.show(&Drafted::of(name, drafted))
}

fn unusable(path: &Path, error: &connectors::openapi::ImportError) -> Error {
    Error::Invalid(format!("{}: {error}", path.display()))
}

/// A name out of the document's title.
fn named_after(document: &Value) -> Result<ConnectorName, Error> {
    let title = document
        .pointer("/info/title")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let words = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_");
    name.parse().map_err(|_| {
        Error::Invalid(
            "no name can be made of the document's title; give one with `--name`, such as `deployments`".to_owned(),
        )
    })
}

/// The things to look at, for a person.
fn tell(drafted: &Draft, notices: Notices) {
    for remark in &drafted.remarks {
        notices.warn(&remark.to_string());
    }
}

/// The operations of a document.
#[derive(Debug, Serialize)]
struct Listed {
    operations: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    operation: String,
    method: String,
    path: String,
    summary: String,
}

impl Listed {
    fn of(operations: Vec<OperationSummary>) -> Self {
        let rows = operations.into_iter().map(|it| Row {
            operation: it.id,
            method: it.method,
            path: it.path,
            summary: it.summary,
        });
        Self {
            operations: rows.collect(),
        }
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        if self.operations.is_empty() {
            return "The document has no operations.".to_owned();
        }
        let rows = self.operations.iter().map(|row| {
            [&row.operation, &row.method, &row.path, &row.summary]
                .map(String::clone)
                .to_vec()
        });
        aligned(
            &["OPERATION", "METHOD", "PATH", "WHAT IT DOES"],
            &rows.collect::<Vec<_>>(),
        )
    }
}

/// A draft that was made.
#[derive(Debug, Serialize)]
struct Drafted {
    connector: String,
    /// The file.
    draft: String,
    actions: Vec<DraftedAction>,
    remarks: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DraftedAction {
    operation: String,
    /// None if the operation cannot be an action.
    action: Option<String>,
    /// The extent to which it came over: `typed`, `part` or `no`.
    fit: &'static str,
}

impl Drafted {
    fn of(name: ConnectorName, drafted: Draft) -> Self {
        let actions = drafted.actions.into_iter().map(|it| DraftedAction {
            operation: it.operation,
            action: it.action,
            fit: match it.fit {
                Fit::Typed => "typed",
                Fit::Part => "part",
                Fit::No => "no",
            },
        });
        Self {
            connector: name.into(),
            draft: drafted.yaml,
            actions: actions.collect(),
            remarks: drafted.remarks.iter().map(ToString::to_string).collect(),
        }
    }
}

impl View for Drafted {
    fn text(&self, _: Screen) -> String {
        let lines = self.draft.trim_end().lines().map(printable);
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connectors::Connector;
    use serde_json::json;

    fn document(title: &str) -> Value {
        json!({
            "openapi": "3.0.3",
            "info": {"title": title, "version": "1"},
            "servers": [{"url": "https://deploy.example.com/v1"}],
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
            "security": [{"token": []}],
            "paths": {"/deployments/{id}": {"get": {
                "operationId": "getDeployment",
                "summary": "Reads a deployment.",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "it", "content": {"application/json": {"schema": {
                    "type": "object", "properties": {"status": {"type": "string"}}
                }}}}}
            }}}
        })
    }

    #[test]
    fn operations_are_listed_with_what_they_do() {
        let listed = Listed::of(operations(&document("Deploy")).unwrap());
        insta::assert_snapshot!(listed.text(Screen::plain()), @"
        OPERATION      METHOD  PATH               WHAT IT DOES
        getDeployment  GET     /deployments/{id}  Reads a deployment
        ");
    }

    #[test]
    fn a_draft_is_printed_as_a_file_that_is_a_connector() {
        let document = document("The Deploy-API");
        let name = named_after(&document).unwrap();
        assert_eq!(name.as_str(), "the_deploy_api");
        let drafted = Drafted::of(name.clone(), draft(&document, &["getDeployment"], &name).unwrap());
        let read = Connector::from_source(&drafted.text(Screen::plain()));
        assert_eq!(read.unwrap_or_else(|problems| panic!("{problems}")).name(), &name);
        assert_eq!(drafted.actions[0].fit, "typed");
    }

    #[test]
    fn without_a_title_a_name_has_to_be_given() {
        let error = named_after(&document("展開")).unwrap_err().to_string();
        assert!(error.contains("--name"), "{error}");
    }
}
