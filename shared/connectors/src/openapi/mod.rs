//! Drafts of connectors from OpenAPI documents.
//!
//! A document says which inputs an operation takes and what it gives. It does not say what a repeat would do, which answer of
//! success is a failure, or which input people choose from a list. So what comes out is a draft for people to trim, with
//! remarks about what could not be carried over.
//!
//! Documents are read as plain JSON, and what is not as it should be is passed over: those of real systems are seldom
//! valid throughout. OpenAPI 3.0 and 3.1 are read, and Swagger 2.0.
//!
//! # Layout
//! - `parse` — the text of a document, JSON or YAML.
//! - `document` — references, and the operations of a document.
//! - `schema` — from a schema to a type of ours.
//! - `input`, `body`, `answer` — the parts of one action.
//! - `account` — servers and security schemes, from which the integration is made.
//! - `names` — names that a connector can have.
//! - `words` — summaries, in one line.
//! - `yaml` — the file, as people would write it.

mod account;
mod action;
mod answer;
mod body;
mod document;
mod input;
mod names;
mod parse;
mod schema;
mod words;
mod yaml;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use crate::{ConnectorName, format::LARGEST_FILE};
use document::{Document, Operation};

pub use parse::parse;

/// The most operations of one draft, which is the most actions of a connector.
pub const MOST_OPERATIONS: usize = crate::format::MOST_ACTIONS;

/// An operation of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationSummary {
    /// The id by which [`draft`] takes it: its `operationId`, or `METHOD /path` where it has none of its own.
    pub id: String,
    /// The method, in capitals.
    pub method: String,
    pub path: String,
    /// The summary, in one line.
    pub summary: String,
}

/// A draft of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The file.
    pub yaml: String,
    /// The operations that are in it, and how well they came out.
    pub actions: Vec<DraftAction>,
    /// The things that a person should look at, in the order of the file.
    pub remarks: Vec<Remark>,
}

/// An operation, as it is in a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftAction {
    /// The id of the operation.
    pub operation: String,
    /// The name of the action; none if the operation cannot be one.
    pub action: Option<String>,
    /// The extent to which it came over.
    pub fit: Fit,
}

/// The extent to which an operation came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Every input and the output have a type.
    Typed,
    /// It can be used, and a part of it has no type or is left out.
    Part,
    /// It cannot be used.
    No,
}

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The id of the operation; none if it is about the connector.
    pub operation: Option<String>,
    /// The words, without a full stop.
    pub text: String,
    /// The effect on what it is about.
    pub fit: Fit,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operation {
            Some(operation) => write!(f, "{operation}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// A document of which no draft can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is neither JSON nor YAML.
    #[error("the document can not be read: {0}")]
    Unreadable(String),
    /// It is something else.
    #[error("the document is not an OpenAPI document: it has neither `openapi: 3…` nor `swagger: \"2.0\"` in it")]
    NotOpenApi,
    /// It has a version that is not known.
    #[error("the document is of version {0}; 3.0, 3.1 and Swagger 2.0 are read")]
    Version(String),
    /// It has no operation of that id.
    #[error("the document has no operation `{operation}`{}", did_you_mean(.similar))]
    NoSuchOperation {
        /// The id that was asked for.
        operation: String,
        /// The id that is most like it.
        similar: Option<String>,
    },
    /// No operation was asked for.
    #[error("no operation is given; `--list` prints those that the document has")]
    NoOperations,
    /// More operations were asked for than a connector can have.
    #[error("{0} operations are more than a connector can have; give at most {MOST_OPERATIONS}")]
    TooMany(usize),
    /// The file would be larger than a connector can be.
    #[error("the draft has {bytes} bytes, and a connector at most {most}; give fewer operations")]
    TooLarge {
        /// The size of the draft.
        bytes: usize,
        /// The largest size.
        most: usize,
    },
    /// None of the operations can be an action.
    #[error("none of the operations can be an action: {}", list(.0))]
    NothingUsable(Vec<Remark>),
}

fn did_you_mean(similar: &Option<String>) -> String {
    similar
        .as_ref()
        .map_or_else(String::new, |similar| format!("; did you mean `{similar}`?"))
}

fn list(remarks: &[Remark]) -> String {
    let unusable = remarks.iter().filter(|remark| remark.fit == Fit::No);
    unusable.map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The operations of a document, in its order of paths.
///
/// # Errors
/// Where it is no document of a version that is read.
pub fn operations(document: &Value) -> Result<Vec<OperationSummary>, ImportError> {
    let document = Document::new(document)?;
    Ok(document.operations().iter().map(summary).collect())
}

fn summary(operation: &Operation<'_>) -> OperationSummary {
    OperationSummary {
        id: operation.id.clone(),
        method: operation.method.to_uppercase(),
        path: operation.path.to_owned(),
        summary: words::of_operation(operation),
    }
}

/// Makes a draft of a connector from operations of a document, named by their ids or as `METHOD /path`.
///
/// # Errors
/// Where the document is not one that is read, has no such operation, or none of them can be an action.
pub fn draft(document: &Value, ids: &[impl AsRef<str>], name: &ConnectorName) -> Result<Draft, ImportError> {
    let document = Document::new(document)?;
    let chosen = chosen(&document, ids)?;
    let account = account::of(&document, &chosen);
    let mut taken = names::Taken::default();
    let mut actions = Vec::new();
    let mut remarks = account.remarks.clone();
    let mut imported = Vec::new();
    for operation in &chosen {
        let found = action::of(&document, operation, &account, &mut taken);
        let (action, fit) = match &found {
            Ok(action) => (Some(action.name.clone()), action.fit()),
            Err(_) => (None, Fit::No),
        };
        remarks.extend(match &found {
            Ok(action) => action.remarks.clone(),
            Err(remark) => vec![remark.clone()],
        });
        actions.push(DraftAction {
            operation: operation.id.clone(),
            action,
            fit,
        });
        imported.extend(found);
    }
    if imported.is_empty() {
        return Err(ImportError::NothingUsable(remarks));
    }
    let yaml = yaml::file(&document, name, &account, &imported);
    if yaml.len() > LARGEST_FILE {
        return Err(ImportError::TooLarge {
            bytes: yaml.len(),
            most: LARGEST_FILE,
        });
    }
    Ok(Draft { yaml, actions, remarks })
}

/// The operations that are asked for, each once, in the order of the document.
fn chosen<'a>(document: &Document<'a>, ids: &[impl AsRef<str>]) -> Result<Vec<Operation<'a>>, ImportError> {
    let all = document.operations();
    let mut wanted = BTreeSet::new();
    for id in ids {
        let id = id.as_ref();
        let position = all.iter().position(|operation| operation.answers_to(id));
        wanted.insert(position.ok_or_else(|| ImportError::NoSuchOperation {
            operation: id.chars().take(100).collect(),
            similar: names::similar(id, all.iter().map(|operation| operation.id.as_str())),
        })?);
    }
    match wanted.len() {
        0 => Err(ImportError::NoOperations),
        count if count > MOST_OPERATIONS => Err(ImportError::TooMany(count)),
        _ => Ok(all
            .into_iter()
            .enumerate()
            .filter(|(position, _)| wanted.contains(position))
            .map(|(_, operation)| operation)
            .collect()),
    }
}
