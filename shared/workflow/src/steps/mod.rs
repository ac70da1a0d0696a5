//! The kinds of steps: a file for each.
//!
//! A kind is a type with the two traits `Grammar` (how it is written) and `Behaviour` (what it does, and how it is checked, drawn
//! and named), and a line of the registry below. The grammar, the checks, the JSON Schema, the planner, the pictures and the names of
//! steps ask the kind; none of them lists the kinds again.
//!
//! A kind that waits for something or opens lanes does so by what the planner has for that: a
//! [`Pending`](crate::planner::Pending) in the cursor, and a method of the planner that takes the wait up again.

mod action;
mod approval;
mod block;
mod choose;
mod fail;
mod for_each;
mod lanes;
mod parallel;
mod repeat;
mod run_workflow;
mod set;
mod stop;
mod wait;
mod wait_for;

pub use action::ActionStep;
pub use approval::{APPROVAL, ApprovalStep, NO_DECISION};
pub use block::BlockStep;
pub use choose::{Branch, ChooseStep};
pub use fail::FailStep;
pub use for_each::ForEachStep;
#[cfg(test)]
pub(crate) use lanes::ON_LANE_FAILURE;
pub use lanes::OnLaneFailure;
pub use parallel::{ParallelLane, ParallelStep};
pub(crate) use repeat::{EndedBy, RoundEnd};
pub use repeat::{REPEAT, RepeatStep};
pub(crate) use run_workflow::NESTING;
pub use run_workflow::RunWorkflowStep;
pub use set::SetStep;
pub use stop::StopStep;
pub use wait::WaitStep;
pub use wait_for::{Goal, OnTimeout, WaitForStep};

use crate::{
    definition::{
        Node, Step,
        check::Checks,
        decode::{Reading, Words},
        encode::Fields,
        node::Path,
    },
    graph::Form,
    ids::{IntegrationAlias, StepPath, VariableName},
    planner::{Command, Planner},
    step_name::{Turn, counted, index_of},
    template::{Expression, Template},
    types::Type,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

macro_rules! step_kinds {
    ($($(#[$doc:meta])* $kind:ident($step:ident),)*) => {
        /// The work of a step: a variant for each kind.
        #[derive(Debug, Clone, PartialEq)]
        pub enum StepKind {
            $($(#[$doc])* $kind($step),)*
        }

        impl StepKind {
            /// The behaviour of the kind.
            pub(crate) fn behaviour(&self) -> &dyn Behaviour {
                match self {
                    $(Self::$kind(step) => step,)*
                }
            }

            /// Adds the words of the step to those that every step has.
            pub(crate) fn encode(&self, fields: &mut Fields) {
                match self {
                    $(Self::$kind(step) => step.encode(fields),)*
                }
            }
        }

        /// The kinds, in the order in which messages list them.
        pub(crate) const KINDS: &[KindOfStep] = &[$(KindOfStep {
            word: $step::WORD,
            companions: $step::COMPANIONS,
            requires: $step::REQUIRES,
            decode: |node, words, path, reading| $step::decode(node, words, path, reading).map(StepKind::$kind),
            #[cfg(any(test, feature = "schema"))]
            schema: <$step as Grammar>::Schema::json_schema,
        },)*];

        /// The words that say what a step does. `steps` is one too, where it does not belong to `for_each` or `repeat`.
        pub(crate) const WORDS: &[&str] = &[$($step::WORD,)*];
    };
}

step_kinds! {
    /// Calls an action.
    Action(ActionStep),
    /// Waits.
    Wait(WaitStep),
    /// Waits until an incident has a status, or until an event of it comes.
    WaitFor(WaitForStep),
    /// Asks people and waits for their decision.
    Approval(ApprovalStep),
    /// Sets variables.
    Set(SetStep),
    /// Does steps: `steps`, and `else` where the condition does not hold.
    Block(BlockStep),
    /// Does the steps of the first branch whose condition holds.
    Choose(ChooseStep),
    /// Does several lists of steps at the same time, each in a lane of its own.
    Parallel(ParallelStep),
    /// Does the same steps for each item of a list, each in a lane of its own.
    ForEach(ForEachStep),
    /// Does the same steps in rounds, each in a lane of its own.
    Repeat(RepeatStep),
    /// Ends the lane that it stands in, successfully. In the main lane that is the run.
    Stop(StopStep),
    /// Fails.
    Fail(FailStep),
    /// Runs another workflow and waits for it.
    RunWorkflow(RunWorkflowStep),
}

#[cfg(any(test, feature = "schema"))]
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// A kind of step, as the grammar and the JSON Schema see it.
pub(crate) struct KindOfStep {
    /// [`Grammar::WORD`].
    pub(crate) word: &'static str,
    /// [`Grammar::COMPANIONS`].
    pub(crate) companions: &'static [&'static str],
    /// [`Grammar::REQUIRES`].
    #[cfg_attr(
        not(any(test, feature = "schema")),
        expect(dead_code, reason = "the schema alone says it")
    )]
    pub(crate) requires: &'static [(&'static str, &'static [&'static str])],
    /// [`Grammar::decode`].
    pub(crate) decode: fn(&Node, &Words<'_>, Path<'_>, &mut Reading<'_>) -> Option<StepKind>,
    /// [`Grammar::Schema`].
    #[cfg(any(test, feature = "schema"))]
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
}

/// The grammar of a kind of step.
pub(crate) trait Grammar: Sized {
    /// The word that says what the step does.
    const WORD: &'static str;

    /// The words that may stand beside it, and beside no other kind that does not name them too.
    const COMPANIONS: &'static [&'static str] = &[];

    /// Words that need others beside them.
    const REQUIRES: &'static [(&'static str, &'static [&'static str])] = &[];

    /// A type whose fields are the word and the companions that no earlier kind has; their comments are what an editor shows.
    #[cfg(any(test, feature = "schema"))]
    type Schema: JsonSchema;

    /// Reads a step from what its word says, from the other words and from the way to the step. `None` if it cannot be read; the
    /// problem has been noted then.
    fn decode(node: &Node, words: &Words<'_>, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Self>;

    /// Adds the words of the step, so that [`Self::decode`] gives the same again.
    fn encode(&self, fields: &mut Fields);
}

/// The work of a kind of step, with its checks, its picture and its names.
pub(crate) trait Behaviour: fmt::Debug {
    /// The step in a word or two, as a person would call it.
    fn title(&self) -> String;

    /// The lists of steps in it, as paths count them.
    fn lists(&self) -> Vec<&[Step]> {
        Vec::new()
    }

    /// The lanes that it opens; none if its lists are done in the lane that it stands in.
    fn lanes(&self) -> Option<Lanes<'_>> {
        None
    }

    /// The expressions that are evaluated in the lane that the step stands in, when it begins.
    fn expressions(&self) -> Vec<&Expression> {
        Vec::new()
    }

    /// The variables that it sets.
    fn variables(&self) -> Option<&BTreeMap<VariableName, Template>> {
        None
    }

    /// The names of its outputs.
    fn output_names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The type of the output of this name. `lanes` are the types of what its lanes hand out.
    fn output(&self, _name: &str, _lanes: &[Type]) -> Type {
        Type::UNKNOWN
    }

    /// True if nothing in its lane follows it once it is done. `goes_on` says that its failure does not end the lane.
    fn ends_lane(&self, _goes_on: bool) -> bool {
        false
    }

    /// True if its `if` chooses between its lists. The `if` of any other step says only whether it is skipped.
    fn condition_chooses(&self) -> bool {
        false
    }

    /// Checks what it says, at the way to the step. Gives the types of what its lanes hand out.
    fn check<'a>(&'a self, _step: &'a Step, _path: Path<'_>, _checks: &mut Checks<'a, '_>) -> Vec<Type> {
        Vec::new()
    }

    /// Begins the step: gives the next command, or none if the lane goes on at once.
    fn begin(&self, step: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command>;

    /// The number of the list that is done where its `if` does not hold; none if it is skipped then.
    fn otherwise(&self) -> Option<u32> {
        None
    }

    /// True if the step can end in the Plan that begins it, even if no `if` skips it.
    fn can_pass_at_once(&self) -> bool {
        false
    }

    /// True if the lane comes back to it when its one list of steps is done.
    fn comes_back(&self) -> bool {
        false
    }

    /// The call of an action that it makes: the one that its author wrote, or one of its own.
    fn call(&self) -> Option<&ActionStep> {
        None
    }

    /// The events of incidents that it waits for: the integration that they come from, and their types.
    fn awaits(&self) -> Option<(&IntegrationAlias, BTreeSet<&'static str>)> {
        None
    }

    /// Its picture.
    fn picture(&self, step: &Step) -> Picture;

    /// The turn from the step into one of its lists, for an item or a round if one is known.
    fn turn(&self, list: u32, _item: Option<u32>) -> Turn {
        Turn::Number(counted(list))
    }

    /// The number of the list that a turn leads into, if there is one.
    fn list_of(&self, turn: &Turn) -> Option<u32> {
        numbered_list(turn, self.lists().len())
    }

    /// The lists of steps in it, as they are named.
    fn lists_in_words(&self) -> String {
        String::new()
    }
}

/// The list of a number, of so many.
fn numbered_list(turn: &Turn, count: usize) -> Option<u32> {
    match turn {
        Turn::Number(number) => {
            Some(index_of(*number)).filter(|list| usize::try_from(*list).is_ok_and(|list| list < count))
        }
        Turn::Name(_) | Turn::Item(_) => None,
    }
}

/// The lanes that a step opens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes<'a> {
    /// The things that there is a lane for.
    pub(crate) each: Each<'a>,
    /// The effect of a failed lane on the others and on the step.
    pub(crate) on_failure: OnLaneFailure,
    /// The most that run at the same time, if the author says so.
    pub(crate) at_once: Option<u32>,
}

/// The things that a step opens a lane for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Each<'a> {
    /// For each of its lists of steps.
    List(&'a [ParallelLane]),
    /// For each item of a list of values. All do its one list of steps.
    Item {
        /// The values.
        items: &'a Template,
        /// The value that each lane hands out.
        output: Option<&'a Template>,
    },
    /// For each round, one after the other. All do its one list of steps.
    Round(&'a RepeatStep),
}

impl<'a> Lanes<'a> {
    /// The number of the list of steps that the `index`-th lane does.
    pub(crate) fn list(self, index: u32) -> u32 {
        match self.each {
            Each::List(_) => index,
            Each::Item { .. } | Each::Round(_) => 0,
        }
    }

    /// The values, if there is a lane for each of them.
    pub(crate) fn items(self) -> Option<&'a Template> {
        match self.each {
            Each::List(_) | Each::Round(_) => None,
            Each::Item { items, .. } => Some(items),
        }
    }

    /// The step, if there is a lane for each of its rounds.
    pub(crate) fn rounds(self) -> Option<&'a RepeatStep> {
        match self.each {
            Each::Round(repeat) => Some(repeat),
            Each::List(_) | Each::Item { .. } => None,
        }
    }

    /// The word for what a lane is for, if the lanes are told apart by a number alone.
    pub(crate) fn numbered(self) -> Option<&'static str> {
        match self.each {
            Each::List(_) => None,
            Each::Item { .. } => Some("item"),
            Each::Round(_) => Some("round"),
        }
    }

    /// The value that the lanes of the `list`-th list of steps hand out.
    pub(crate) fn output(self, list: u32) -> Option<&'a Template> {
        match self.each {
            Each::List(lanes) => lanes.get(usize::try_from(list).ok()?)?.output.as_ref(),
            Each::Item { output, .. } => output,
            Each::Round(repeat) => repeat.output.as_ref(),
        }
    }
}

/// The picture of a step.
#[derive(Debug)]
pub(crate) struct Picture {
    /// Its shape.
    pub(crate) form: Form,
    /// Its work, in a line.
    pub(crate) title: String,
    /// The labels of its lists, such as `when …`.
    pub(crate) labels: Vec<String>,
    /// Remarks: settings of its author's that differ from the usual ones.
    pub(crate) notes: Vec<String>,
}

impl Picture {
    /// A step with no lists.
    pub(crate) fn of(form: Form, title: String) -> Self {
        Self {
            form,
            title,
            labels: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same with the labels of its lists.
    pub(crate) fn with_labels(self, labels: Vec<String>) -> Self {
        Self { labels, ..self }
    }
}
