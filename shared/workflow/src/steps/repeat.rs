//! `repeat`: a step that does the same steps in rounds, each in a lane of its own, until a condition holds.

use super::{
    Behaviour, Each, Grammar, Lanes, OnLaneFailure, Picture,
    lanes::{add_on_lane_failure, list_of_counted, on_lane_failure, turn_of_counted},
};
use crate::{
    definition::{
        Length, Node, Step,
        check::Checks,
        decode::{self, Reading, Words, step_list, value},
        encode::Fields,
        limits,
        node::Path,
    },
    graph::Form,
    ids::StepPath,
    planner::{Command, Planner},
    step_name::{STEPS, Turn},
    template::{Expression, Template},
    types::{Kind, Type, Words as KnownWords},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

/// A step that does the same steps in rounds, each in a lane of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatStep {
    /// The time from the begin of a round to the begin of the next one. A round that takes longer is followed at once.
    pub every: Length,
    /// The condition that ends it, evaluated at the end of each round; without one there are as many rounds as there may be.
    pub until: Option<Expression>,
    /// The most rounds, 1 to [`limits::ROUNDS`].
    pub at_most: u32,
    /// The steps of a round. Never empty.
    pub steps: Vec<Step>,
    /// The output of a round.
    pub output: Option<Template>,
    /// The effect of a failed round. It does not cancel others: there is one at a time.
    pub on_lane_failure: OnLaneFailure,
}

/// The word of the kind, which is also what such a step is called.
pub const REPEAT: &str = "repeat";

const EVERY: &str = "every";
const UNTIL: &str = "until";
const AT_MOST: &str = "at_most";

/// The reason the rounds of a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum EndedBy {
    /// Its `until` held.
    Until,
    /// There were as many rounds as there may be.
    AtMost,
    /// Its time was over.
    Timeout,
    /// A round failed.
    Failure,
}

/// The end of a round, as its lane hands it to the step. A round that a `stop` has ended hands out nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RoundEnd {
    /// True if `until` held.
    pub(crate) until: bool,
    /// The output; null if the round has none.
    pub(crate) output: Value,
}

impl RoundEnd {
    /// The output of the lane.
    pub(crate) fn into_output(self) -> Value {
        json!(self)
    }

    /// What the output of a lane says.
    pub(crate) fn of_output(output: &Value) -> Self {
        Self::deserialize(output).unwrap_or_default()
    }
}

/// The outputs: how many rounds there were, how many of them failed, why there are no more, and the output of the last round that gave
/// one.
const OUTPUTS: &[&str] = &["rounds", "failed", "ended_by", "output"];

impl RepeatStep {
    /// The outputs after so many rounds.
    pub(crate) fn outputs(rounds: u32, failed: u32, ended_by: EndedBy, output: &Value) -> Value {
        json!({ "rounds": rounds, "failed": failed, "ended_by": ended_by.into_str(), "output": output })
    }

    fn opened(&self) -> Lanes<'_> {
        Lanes {
            each: Each::Round(self),
            on_failure: self.on_lane_failure,
            at_once: Some(1),
        }
    }
}

/// Its rounds, in a few words: `every 5m, at most 10 times`.
impl fmt::Display for RepeatStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.until.is_some() { "at most " } else { "" };
        write!(f, "every {}, {times}{} times", self.every, self.at_most)
    }
}

impl Grammar for RepeatStep {
    const WORD: &'static str = REPEAT;
    const COMPANIONS: &'static [&'static str] = &["steps", "timeout", "on_lane_failure", "output"];
    const REQUIRES: &'static [(&'static str, &'static [&'static str])] = &[(REPEAT, &["steps"])];
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let inner = match words.get("steps") {
            Some(node) => step_list(node, step.field("steps"), reading),
            None => {
                reading.has_gaps = true;
                reading.problem(node.at, step, "`steps` is missing: what is done in each round");
                Vec::new()
            }
        };
        let output = words.get("output");
        let output = output.and_then(|node| value::template(node, step.field("output"), reading));
        let on_lane_failure = on_lane_failure(words, step, reading);
        if let (OnLaneFailure::Cancel, Some(node)) = (on_lane_failure, words.get("on_lane_failure")) {
            let message = "must be `finish` or `ignore`: the rounds of a `repeat` come one after the other, so there is no other one to cancel";
            reading.problem(node.at, step.field("on_lane_failure"), message);
        }
        let path = step.field(Self::WORD);
        let mut fields = decode::Fields::of(node, &path, reading)?;
        let every = fields.required(
            EVERY,
            "the time from the begin of a round to that of the next, such as 5m",
            reading,
        );
        let every = every.and_then(|node| value::length(node, path.field(EVERY), reading));
        let until = fields.read(UNTIL, value::condition, reading);
        let at_most = fields.required(AT_MOST, "how many rounds there are at most", reading);
        let at_most =
            at_most.and_then(|node| value::whole_number(node, path.field(AT_MOST), 1..=limits::ROUNDS, reading));
        fields.refuse_others(reading);
        Some(Self {
            every: every?,
            until,
            at_most: at_most?,
            steps: inner,
            output,
            on_lane_failure,
        })
    }

    fn encode(&self, fields: &mut Fields) {
        let mut said = Fields::default();
        said.add(EVERY, self.every.to_string());
        said.add_if(UNTIL, self.until.as_ref().map(Expression::source));
        said.add(AT_MOST, self.at_most);
        fields.add(Self::WORD, said);
        fields.add_steps("steps", &self.steps);
        fields.add_if("output", self.output.as_ref().map(Template::to_json));
        add_on_lane_failure(self.on_lane_failure, fields);
    }
}

impl Behaviour for RepeatStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn lists(&self) -> Vec<&[Step]> {
        vec![&self.steps]
    }

    fn lanes(&self) -> Option<Lanes<'_>> {
        Some(self.opened())
    }

    fn output_names(&self) -> Vec<&str> {
        OUTPUTS.to_vec()
    }

    fn output(&self, name: &str, lanes: &[Type]) -> Type {
        match name {
            "ended_by" => {
                let words = <EndedBy as strum::VariantArray>::VARIANTS.iter();
                let words = words.filter(|word| **word != EndedBy::Until || self.until.is_some());
                let words: Vec<&'static str> = words.map(|word| word.into_str()).collect();
                Kind::Words(KnownWords::ours(&words)).into()
            }
            "output" => Type::any_of(lanes.iter().cloned())
                .or_null("only a round that succeeded, and has an `output`, gives one"),
            _ => Kind::Integer.into(),
        }
    }

    fn check<'a>(&'a self, step: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let repeat = path.field(Self::WORD);
        let whole = limits::run_timeout(checks.definition.timeout);
        let last = self
            .every
            .duration()
            .saturating_mul(i32::try_from(self.at_most.saturating_sub(1)).unwrap_or(i32::MAX));
        if last >= whole {
            let message = format!(
                "is too much: the last of {} rounds would begin {last:#} after the first one, and the whole run has {whole:#}; give the \
                 workflow a longer `timeout`, or let there be fewer rounds or a shorter `{EVERY}`",
                self.at_most
            );
            checks.problem(repeat.field(AT_MOST), message);
        }
        let saw_index = checks.enter_round();
        let until = self.until.as_ref().map(|until| (until, repeat.field(UNTIL)));
        let given = checks.lane(step, &self.steps, until, self.output.as_ref(), path);
        checks.leave_round(saw_index);
        given.into_iter().collect()
    }

    fn begin(&self, step: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        Some(planner.open_rounds(path, step, self.at_most))
    }

    fn picture(&self, _: &Step) -> Picture {
        let mut notes = vec![self.to_string()];
        notes.extend(self.until.as_ref().map(|until| format!("until {}", until.source())));
        if self.on_lane_failure == OnLaneFailure::Ignore {
            notes.push("a failed round is ignored".to_owned());
        }
        let picture = Picture::of(Form::Rounds, self.title()).with_labels(vec!["each round".to_owned()]);
        Picture { notes, ..picture }
    }

    fn turn(&self, _: u32, round: Option<u32>) -> Turn {
        turn_of_counted(round)
    }

    fn list_of(&self, turn: &Turn) -> Option<u32> {
        list_of_counted(turn)
    }

    fn lists_in_words(&self) -> String {
        format!("rounds, such as `[1]`, and `{STEPS}` for all of them")
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::{
        limits,
        schema::parts::{Condition, LengthText},
    };
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Does `steps` in rounds, one after the other, each in a lane of its own. There, `index` is the number of the round, counted
        /// from 0.
        repeat: Option<Repeat>,
    }

    /// The rounds.
    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    struct Repeat {
        /// The time from the begin of a round to the begin of the next one. A round that takes longer is followed at once.
        every: LengthText,
        /// The condition that ends the rounds, evaluated at the end of each of them. Without it there are `at_most` rounds.
        until: Option<Condition>,
        /// The most rounds.
        #[schemars(range(min = 1, max = limits::ROUNDS))]
        at_most: u32,
    }
}
