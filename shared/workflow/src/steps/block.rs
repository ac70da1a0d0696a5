//! `steps`, and `else`: a step that does steps in its own lane.

use super::{Behaviour, Grammar, Picture, numbered_list};
use crate::{
    definition::{
        Node, Step,
        check::Checks,
        decode::{Reading, Words, step_list},
        encode::Fields,
        node::Path,
    },
    graph::Form,
    ids::StepPath,
    planner::{Command, Planner},
    step_name::{ELSE, STEPS, Turn},
    types::Type,
};

/// A step that does steps: `steps`, and `else` where its condition does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockStep {
    /// The steps. Never empty.
    pub steps: Vec<Step>,
    /// The steps of `else`.
    pub otherwise: Vec<Step>,
}

impl Grammar for BlockStep {
    const WORD: &'static str = STEPS;
    const COMPANIONS: &'static [&'static str] = &[ELSE];
    const REQUIRES: &'static [(&'static str, &'static [&'static str])] = &[(ELSE, &[STEPS, "if"])];
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, words: &Words<'_>, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let list = step_list(node, path.field(STEPS), reading);
        let otherwise = words.get(ELSE).map(|node| {
            if !words.has_condition() {
                reading.problem(node.at, path, "`else` needs an `if`: without one it would never run");
            }
            step_list(node, path.field(ELSE), reading)
        });
        Some(Self {
            steps: list,
            otherwise: otherwise.unwrap_or_default(),
        })
    }

    fn encode(&self, fields: &mut Fields) {
        fields.add_steps(STEPS, &self.steps);
        fields.add_steps_if_any(ELSE, &self.otherwise);
    }
}

impl Behaviour for BlockStep {
    fn title(&self) -> String {
        STEPS.to_owned()
    }

    fn lists(&self) -> Vec<&[Step]> {
        vec![&self.steps, &self.otherwise]
    }

    fn ends_lane(&self, goes_on: bool) -> bool {
        !goes_on
            && self
                .steps
                .iter()
                .any(|inner| inner.condition.is_none() && inner.ends_lane())
    }

    fn condition_chooses(&self) -> bool {
        true
    }

    fn check<'a>(&'a self, step: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let lists = [(STEPS, &self.steps, true), (ELSE, &self.otherwise, false)];
        let branches = lists.map(|(word, steps, holds)| {
            let conditions = [(step.condition.as_ref(), holds)];
            checks.branch(steps, &conditions, path.field(word))
        });
        checks.join(branches.into());
        Vec::new()
    }

    fn begin(&self, _: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        planner.enter(path, 0);
        None
    }

    fn otherwise(&self) -> Option<u32> {
        (!self.otherwise.is_empty()).then_some(1)
    }

    fn picture(&self, step: &Step) -> Picture {
        match step.condition {
            Some(_) => Picture::of(Form::Choice, self.title()).with_labels(vec!["then".to_owned(), "else".to_owned()]),
            None => Picture::of(Form::Group, self.title()).with_labels(vec![String::new()]),
        }
    }

    fn turn(&self, list: u32, _: Option<u32>) -> Turn {
        match list {
            0 => Turn::Name(STEPS.to_owned()),
            _ => Turn::Name(ELSE.to_owned()),
        }
    }

    fn list_of(&self, turn: &Turn) -> Option<u32> {
        match turn {
            Turn::Name(name) if name == STEPS => Some(0),
            Turn::Name(name) if name == ELSE => Some(1),
            turn => numbered_list(turn, 2),
        }
    }

    fn lists_in_words(&self) -> String {
        format!("`{STEPS}` and `{ELSE}`")
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::surface::Step;
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Does these steps; with `for_each`, for each item; with `repeat`, in rounds.
        #[schemars(length(min = 1))]
        steps: Option<Vec<Step>>,
        /// Does these steps where `if` does not hold.
        #[schemars(rename = "else", length(min = 1))]
        otherwise: Option<Vec<Step>>,
    }
}
