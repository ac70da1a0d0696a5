//! Operations under a face of their own: with the inputs that people expect, where those of AWS are hard to write.
//!
//! # Layout
//! - here — the faces, and what they have in common.
//! - `invoke_lambda` — `aws.invoke_lambda`.
//! - `email` — `email.send`.

mod email;
mod invoke_lambda;

use crate::{
    AwsError, InvalidInput, Operation,
    input::{INTEGRATION, REGION},
    shipped,
};
use serde_json::{Map, Value};
use workflow::action::ActionSpec;

/// The first parts of the names.
pub(crate) const AWS: &str = "aws";
pub(crate) const EMAIL: &str = "email";

/// An operation under a face of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    InvokeLambda,
    SendEmail,
}

impl Face {
    pub(crate) const ALL: [Self; 2] = [Self::InvokeLambda, Self::SendEmail];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|face| face.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InvokeLambda => "aws.invoke_lambda",
            Self::SendEmail => "email.send",
        }
    }

    /// The operation behind it.
    pub(crate) fn operation(self) -> Option<Operation> {
        shipped::operation(match self {
            Self::InvokeLambda => "aws.lambda.invoke",
            Self::SendEmail => "aws.sesv2.send_email",
        })
    }

    pub(crate) fn spec(self) -> ActionSpec {
        match self {
            Self::InvokeLambda => invoke_lambda::spec(),
            Self::SendEmail => email::spec(),
        }
    }

    /// The input of the operation for an input of the action.
    pub(crate) fn members(self, input: &Map<String, Value>) -> Result<Map<String, Value>, InvalidInput> {
        if let Err(problems) = self.spec().check_input(&Value::Object(input.clone()), &[]) {
            return Err(InvalidInput { problems });
        }
        let mut members = match self {
            Self::InvokeLambda => invoke_lambda::members(input),
            Self::SendEmail => email::members(input),
        };
        for name in [INTEGRATION, REGION] {
            if let Some(value) = input.get(name) {
                members.insert(name.to_owned(), value.clone());
            }
        }
        Ok(members)
    }

    /// The outputs of the action for those of the operation.
    pub(crate) fn outputs(self, answer: &Map<String, Value>) -> Result<Map<String, Value>, AwsError> {
        match self {
            Self::InvokeLambda => invoke_lambda::outputs(answer),
            Self::SendEmail => Ok(email::outputs(answer)),
        }
    }
}

/// The fields of a JSON object.
fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
