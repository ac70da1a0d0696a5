//! `fail`: a step that fails.

use super::{Behaviour, Grammar, Picture};
use crate::{
    definition::{
        Node, Step,
        check::Checks,
        decode::{Reading, Words, value},
        encode::Fields,
        node::Path,
    },
    error_name::ErrorName,
    graph::{Form, text},
    ids::StepPath,
    planner::{Command, Failure, Outputs, Planner},
    template::{Expression, Template},
    types::Type,
};
use serde_json::Value;

/// The message of a `fail` that gives none, because its expression gives null or blank text.
const NO_MESSAGE: &str = "the workflow gives no reason: what its `fail` says is empty";

/// A step that fails.
#[derive(Debug, Clone, PartialEq)]
pub struct FailStep {
    /// The reason.
    pub message: Template,
}

impl Grammar for FailStep {
    const WORD: &'static str = "fail";
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, _: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let message = value::text_template(node, step.field(Self::WORD), reading)?;
        Some(Self { message })
    }

    fn encode(&self, fields: &mut Fields) {
        fields.add(Self::WORD, self.message.to_json());
    }
}

impl Behaviour for FailStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.message.expressions()
    }

    fn ends_lane(&self, goes_on: bool) -> bool {
        !goes_on
    }

    fn check<'a>(&'a self, _: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        checks.may_end = true;
        checks.template(&self.message, path.field(Self::WORD));
        Vec::new()
    }

    fn begin(&self, _: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        let failure = match planner.evaluate(&self.message) {
            Ok(Value::String(message)) if !message.trim().is_empty() => Failure::new(ErrorName::StepFailed, message),
            Ok(Value::String(_) | Value::Null) => Failure::new(ErrorName::StepFailed, NO_MESSAGE),
            Ok(other) => Failure::new(ErrorName::StepFailed, other.to_string()),
            Err(failure) => failure,
        };
        planner.step_failed(path, None, Outputs::none(), failure)
    }

    fn picture(&self, _: &Step) -> Picture {
        Picture::of(Form::Fail, format!("fail: {}", text(&self.message)))
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::parts::Text;
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Fails. The text says why.
        fail: Option<Text>,
    }
}
