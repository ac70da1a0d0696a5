//! `parallel`: a step that does several lists of steps at the same time, each in a lane of its own.

use super::{
    Behaviour, Each, Grammar, Lanes, OnLaneFailure, Picture,
    lanes::{OUTPUTS, add_on_lane_failure, on_lane_failure, output},
    numbered_list,
};
use crate::{
    definition::{
        Node, Step,
        check::Checks,
        decode::{self, Reading, Words, value},
        encode::Fields,
        limits,
        node::Path,
    },
    ids::StepPath,
    planner::{Command, Planner},
    step_name::{Turn, counted, usable_name},
    template::Template,
    types::Type,
};
use serde_json::Value;

/// A step that does several lists of steps at the same time, each in a lane of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ParallelStep {
    /// The lanes. Never empty.
    pub lanes: Vec<ParallelLane>,
    /// The effect of a failed lane.
    pub on_lane_failure: OnLaneFailure,
}

/// A lane of a `parallel`.
#[derive(Debug, Clone, PartialEq)]
pub struct ParallelLane {
    /// The name that people give it.
    pub name: Option<String>,
    /// Its steps. Never empty.
    pub steps: Vec<Step>,
    /// Its output.
    pub output: Option<Template>,
}

impl Grammar for ParallelStep {
    const WORD: &'static str = "parallel";
    const COMPANIONS: &'static [&'static str] = &["timeout", "on_lane_failure"];
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let path = step.field(Self::WORD);
        let items = value::some_items(node, path, limits::PARALLEL_LANES, "lane", reading);
        let lanes = (0..)
            .zip(items)
            .map(|(index, item)| lane(item, path.item(index), reading))
            .collect();
        Some(Self {
            lanes,
            on_lane_failure: on_lane_failure(words, step, reading),
        })
    }

    fn encode(&self, fields: &mut Fields) {
        fields.add(Self::WORD, self.lanes.iter().map(encoded).collect::<Value>());
        add_on_lane_failure(self.on_lane_failure, fields);
    }
}

fn lane(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> ParallelLane {
    let mut lane = ParallelLane {
        name: None,
        steps: Vec::new(),
        output: None,
    };
    let Some(mut fields) = decode::Fields::of(node, &path, reading) else {
        reading.has_gaps = true;
        return lane;
    };
    lane.name = fields.read("name", value::text, reading).map(str::to_owned);
    lane.steps = fields.steps(reading);
    lane.output = fields.read("output", value::template, reading);
    fields.refuse_others(reading);
    lane
}

fn encoded(lane: &ParallelLane) -> Value {
    let mut fields = Fields::default();
    fields.add_if("name", lane.name.as_deref());
    fields.add_steps("steps", &lane.steps);
    fields.add_if("output", lane.output.as_ref().map(Template::to_json));
    fields.into()
}

impl ParallelStep {
    fn opened(&self) -> Lanes<'_> {
        Lanes {
            each: Each::List(&self.lanes),
            on_failure: self.on_lane_failure,
            at_once: None,
        }
    }
}

impl Behaviour for ParallelStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn lists(&self) -> Vec<&[Step]> {
        self.lanes.iter().map(|lane| lane.steps.as_slice()).collect()
    }

    fn lanes(&self) -> Option<Lanes<'_>> {
        Some(self.opened())
    }

    fn output_names(&self) -> Vec<&str> {
        OUTPUTS.to_vec()
    }

    fn output(&self, name: &str, lanes: &[Type]) -> Type {
        output(name, lanes)
    }

    fn check<'a>(&'a self, step: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let parallel = path.field(Self::WORD);
        let lanes = self.lanes.iter().enumerate();
        lanes
            .filter_map(|(index, lane)| {
                checks.lane(step, &lane.steps, None, lane.output.as_ref(), parallel.item(index))
            })
            .collect()
    }

    fn begin(&self, step: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        planner.open_lanes(path, step, self.lanes.len())
    }

    fn picture(&self, _: &Step) -> Picture {
        let labels = (1..).zip(&self.lanes).map(|(number, lane): (u32, _)| match &lane.name {
            Some(name) => format!("lane {name}"),
            None => format!("lane {number}"),
        });
        self.opened().picture(self.title(), labels.collect())
    }

    fn turn(&self, list: u32, _: Option<u32>) -> Turn {
        let lane = usize::try_from(list).ok().and_then(|list| self.lanes.get(list));
        let name = lane.and_then(|lane| usable_name(lane, &self.lanes));
        name.map_or_else(|| Turn::Number(counted(list)), |name| Turn::Name(name.to_owned()))
    }

    fn list_of(&self, turn: &Turn) -> Option<u32> {
        let Turn::Name(name) = turn else {
            return numbered_list(turn, self.lanes.len());
        };
        let mut lanes = self.lanes.iter();
        let position = lanes.position(|lane| usable_name(lane, &self.lanes) == Some(name.as_str()));
        position.and_then(|position| u32::try_from(position).ok())
    }

    fn lists_in_words(&self) -> String {
        let names = (1..)
            .zip(&self.lanes)
            .map(|(number, lane): (u32, _)| match usable_name(lane, &self.lanes) {
                Some(name) => format!("`{name}`"),
                None => format!("`{number}`"),
            });
        format!("the lanes {}", names.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use super::super::lanes::schema::OnLaneFailure;
    use crate::definition::{
        limits,
        schema::{parts::Value, surface::Step},
    };
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Does several lists of steps at the same time, each in a lane of its own.
        #[schemars(length(min = 1, max = limits::PARALLEL_LANES))]
        parallel: Option<Vec<Lane>>,
        /// The effect of a failed lane on the others and on this step. The default is `finish`.
        on_lane_failure: Option<OnLaneFailure>,
    }

    /// A lane of a `parallel`.
    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    struct Lane {
        /// The name that you give it.
        name: Option<String>,
        /// Its steps.
        #[schemars(length(min = 1))]
        steps: Vec<Step>,
        /// Its output, as `steps.<id>.outputs.lanes` has it.
        output: Option<Value>,
    }
}
