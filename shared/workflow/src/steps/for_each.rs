//! `for_each`: a step that does the same steps for each item of a list, each in a lane of its own.

use super::{
    Behaviour, Each, Grammar, Lanes, OnLaneFailure, Picture,
    lanes::{OUTPUTS, add_on_lane_failure, list_of_counted, on_lane_failure, output, turn_of_counted},
};
use crate::{
    action::type_of,
    definition::{
        Node, Step,
        check::Checks,
        decode::{Reading, Words, step_list, value},
        encode::Fields,
        limits,
        node::Path,
    },
    error_name::ErrorName,
    graph::text,
    ids::StepPath,
    planner::{Command, Failure, Outputs, Planner},
    step_name::{STEPS, Turn},
    template::{Expression, Template},
    types::Type,
};
use serde_json::Value;

/// A step that does the same steps for each item of a list, each in a lane of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEachStep {
    /// The list.
    pub items: Template,
    /// The most lanes that run at the same time, 1 to [`limits::CONCURRENT_LANES`].
    pub max_concurrency: Option<u32>,
    /// The steps. Never empty.
    pub steps: Vec<Step>,
    /// The output of a lane.
    pub output: Option<Template>,
    /// The effect of a failed lane.
    pub on_lane_failure: OnLaneFailure,
}

impl Grammar for ForEachStep {
    const WORD: &'static str = "for_each";
    const COMPANIONS: &'static [&'static str] = &["steps", "timeout", "on_lane_failure", "max_concurrency", "output"];
    const REQUIRES: &'static [(&'static str, &'static [&'static str])] = &[("for_each", &["steps"])];
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let path = step.field(Self::WORD);
        let items = value::template(node, path, reading);
        let problem = match &items {
            Some(Template::List(items)) if items.len() > limits::ITEMS => Some(format!(
                "has {} items; at most {} are allowed",
                items.len(),
                limits::ITEMS
            )),
            Some(Template::Literal(_) | Template::Map(_)) => Some(format!(
                "must be a list, or an expression that gives one, but is {}",
                node.type_name()
            )),
            None | Some(Template::List(_) | Template::Expression(_)) => None,
        };
        if let Some(problem) = problem {
            reading.problem(node.at, path, problem);
        }
        let inner = match words.get("steps") {
            Some(node) => step_list(node, step.field("steps"), reading),
            None => {
                reading.has_gaps = true;
                reading.problem(node.at, step, "`steps` is missing: what is done for each item");
                Vec::new()
            }
        };
        let max_concurrency = words.get("max_concurrency").and_then(|node| {
            let path = step.field("max_concurrency");
            value::whole_number(node, path, 1..=limits::CONCURRENT_LANES, reading)
        });
        let output = words.get("output");
        Some(Self {
            items: items.unwrap_or(Template::List(Vec::new())),
            max_concurrency,
            steps: inner,
            output: output.and_then(|node| value::template(node, step.field("output"), reading)),
            on_lane_failure: on_lane_failure(words, step, reading),
        })
    }

    fn encode(&self, fields: &mut Fields) {
        fields.add(Self::WORD, self.items.to_json());
        fields.add_if("max_concurrency", self.max_concurrency);
        fields.add_steps("steps", &self.steps);
        fields.add_if("output", self.output.as_ref().map(Template::to_json));
        add_on_lane_failure(self.on_lane_failure, fields);
    }
}

impl ForEachStep {
    fn opened(&self) -> Lanes<'_> {
        Lanes {
            each: Each::Item {
                items: &self.items,
                output: self.output.as_ref(),
            },
            on_failure: self.on_lane_failure,
            at_once: self.max_concurrency,
        }
    }
}

impl Behaviour for ForEachStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn lists(&self) -> Vec<&[Step]> {
        vec![&self.steps]
    }

    fn lanes(&self) -> Option<Lanes<'_>> {
        Some(self.opened())
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.items.expressions()
    }

    fn output_names(&self) -> Vec<&str> {
        OUTPUTS.to_vec()
    }

    fn output(&self, name: &str, lanes: &[Type]) -> Type {
        output(name, lanes)
    }

    fn check<'a>(&'a self, step: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let list = path.field(Self::WORD);
        let of = checks.template(&self.items, list);
        let item = checks.typed_items(&self.items, &of, list);
        let around = checks.enter_item(item);
        let given = checks.lane(step, &self.steps, None, self.output.as_ref(), path);
        checks.leave_item(around);
        given.into_iter().collect()
    }

    fn begin(&self, step: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        let failure = match planner.evaluate(&self.items) {
            Ok(Value::Array(items)) if items.len() <= limits::ITEMS => {
                return planner.open_lanes(path, step, items.len());
            }
            // What an event or an earlier step leaves out has no items.
            Ok(Value::Null) => return planner.open_lanes(path, step, 0),
            Ok(Value::Array(items)) => {
                let message = format!(
                    "the list has {} items; at most {} are allowed",
                    items.len(),
                    limits::ITEMS
                );
                Failure::new(ErrorName::InputInvalid, message)
            }
            Ok(other) => {
                let message = format!("`for_each` needs a list, but got {}", type_of(&other));
                Failure::new(ErrorName::InputInvalid, message)
            }
            Err(failure) => failure,
        };
        planner.step_failed(path, None, Outputs::none(), failure)
    }

    fn can_pass_at_once(&self) -> bool {
        // The list may be empty.
        true
    }

    fn picture(&self, _: &Step) -> Picture {
        let title = format!("for_each {}", text(&self.items));
        self.opened().picture(title, vec!["each item".to_owned()])
    }

    fn turn(&self, _: u32, item: Option<u32>) -> Turn {
        turn_of_counted(item)
    }

    fn list_of(&self, turn: &Turn) -> Option<u32> {
        list_of_counted(turn)
    }

    fn lists_in_words(&self) -> String {
        format!("items, such as `[1]`, and `{STEPS}` for all of them")
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::{
        limits,
        schema::parts::{Items, Value},
    };
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Does `steps` for each item of a list, each in a lane of its own. There, `item` is the item and `index` its number.
        for_each: Option<Items>,
        /// The most lanes that run at the same time. The default is 40.
        #[schemars(range(min = 1, max = limits::CONCURRENT_LANES))]
        max_concurrency: Option<u32>,
        /// The output of each lane, as `steps.<id>.outputs.lanes` has it.
        output: Option<Value>,
    }
}
