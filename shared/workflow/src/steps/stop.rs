//! `stop`: a step that ends its lane, successfully.

use super::{Behaviour, Grammar, Picture};
use crate::{
    definition::{
        Node, Step,
        check::Checks,
        decode::{Reading, Words, value},
        encode::Fields,
        node::Path,
    },
    graph::{Form, text},
    ids::StepPath,
    planner::{Command, Outputs, Planner},
    template::{Expression, Template},
    types::Type,
};

/// A step that ends the lane that it stands in, successfully. In the main lane that is the run.
#[derive(Debug, Clone, PartialEq)]
pub struct StopStep {
    /// The reason, for people.
    pub reason: Template,
}

impl Grammar for StopStep {
    const WORD: &'static str = "stop";
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, _: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let reason = value::text_template(node, step.field(Self::WORD), reading)?;
        Some(Self { reason })
    }

    fn encode(&self, fields: &mut Fields) {
        fields.add(Self::WORD, self.reason.to_json());
    }
}

impl Behaviour for StopStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.reason.expressions()
    }

    fn ends_lane(&self, _: bool) -> bool {
        true
    }

    fn check<'a>(&'a self, _: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        checks.may_end = true;
        checks.template(&self.reason, path.field(Self::WORD));
        Vec::new()
    }

    fn begin(&self, _: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        match planner.evaluate(&self.reason) {
            Ok(reason) => Some(planner.stop(path, &reason)),
            Err(failure) => planner.step_failed(path, None, Outputs::none(), failure),
        }
    }

    fn picture(&self, _: &Step) -> Picture {
        Picture::of(Form::Stop, format!("stop: {}", text(&self.reason)))
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::parts::Text;
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Ends the lane, successfully; in the main lane that is the run. The text says why.
        stop: Option<Text>,
    }
}
