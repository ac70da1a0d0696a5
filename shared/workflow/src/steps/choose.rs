//! `choose`, and `default`: a step that does the steps of the first branch whose condition holds.

use super::{Behaviour, Grammar, Picture, numbered_list};
use crate::{
    definition::{
        Node, Step,
        check::Checks,
        decode::{self, Reading, Words, step_list, value},
        encode::{Fields, list},
        limits,
        node::Path,
    },
    graph::{Form, source},
    ids::StepPath,
    planner::{Command, Outcome, Outputs, Planner, template_failure},
    step_name::{DEFAULT, Turn, counted},
    template::Expression,
    types::Type,
};
use serde_json::{Value, json};

/// A step that does the steps of the first branch whose condition holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ChooseStep {
    /// The branches. Never empty.
    pub branches: Vec<Branch>,
    /// The steps for when none holds.
    pub default: Vec<Step>,
}

/// A branch of a choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Its condition.
    pub when: Expression,
    /// Its steps. Never empty.
    pub steps: Vec<Step>,
}

impl Grammar for ChooseStep {
    const WORD: &'static str = "choose";
    const COMPANIONS: &'static [&'static str] = &["default"];
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let path = step.field(Self::WORD);
        let items = value::some_items(node, path, limits::CHOICES, "branch", reading);
        let branches = (0..)
            .zip(items)
            .filter_map(|(index, item)| branch(item, path.item(index), reading))
            .collect();
        let default = words.get("default");
        Some(Self {
            branches,
            default: default
                .map(|node| step_list(node, step.field("default"), reading))
                .unwrap_or_default(),
        })
    }

    fn encode(&self, fields: &mut Fields) {
        let branches = self.branches.iter();
        let branches = branches.map(|branch| json!({ "when": branch.when.source(), "steps": list(&branch.steps) }));
        fields.add(Self::WORD, branches.collect::<Value>());
        fields.add_steps_if_any("default", &self.default);
    }
}

fn branch(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Branch> {
    let mut branch = Branch {
        when: Expression::condition("true").ok()?,
        steps: Vec::new(),
    };
    let Some(mut fields) = decode::Fields::of(node, &path, reading) else {
        reading.has_gaps = true;
        return Some(branch);
    };
    if let Some(node) = fields.required("when", "the condition of the branch", reading) {
        branch.when = value::condition(node, path.field("when"), reading)?;
    }
    branch.steps = fields.steps(reading);
    fields.refuse_others(reading);
    Some(branch)
}

impl Behaviour for ChooseStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn lists(&self) -> Vec<&[Step]> {
        let branches = self.branches.iter().map(|branch| branch.steps.as_slice());
        branches.chain([self.default.as_slice()]).collect()
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.branches.iter().map(|branch| &branch.when).collect()
    }

    fn check<'a>(&'a self, _: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let choose = path.field(Self::WORD);
        // A branch is come to when the conditions before its own do not hold.
        let mut conditions: Vec<(Option<&Expression>, bool)> = Vec::new();
        for (index, branch) in self.branches.iter().enumerate() {
            let known = checks.know(&conditions);
            checks.condition(&branch.when, choose.item(index).field("when"));
            checks.know_again(known);
            conditions.push((Some(&branch.when), false));
        }
        let mut branches = Vec::new();
        for (index, branch) in self.branches.iter().enumerate() {
            let mut conditions = conditions.get(..=index).unwrap_or_default().to_vec();
            if let Some((_, holds)) = conditions.last_mut() {
                *holds = true;
            }
            branches.push(checks.branch(&branch.steps, &conditions, choose.item(index).field("steps")));
        }
        branches.push(checks.branch(&self.default, &conditions, path.field("default")));
        checks.join(branches);
        Vec::new()
    }

    fn begin(&self, _: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        for (list, branch) in (0..).zip(&self.branches) {
            match branch.when.holds(&planner.context) {
                Err(error) => return planner.step_failed(path, None, Outputs::none(), template_failure(&error)),
                Ok(false) => {}
                Ok(true) => {
                    planner.enter(path, list);
                    return None;
                }
            }
        }
        match (self.default.is_empty(), u32::try_from(self.branches.len())) {
            (false, Ok(list)) => planner.enter(path, list),
            _ => planner.step_done(path, Outcome::Success, Outputs::none(), None),
        }
        None
    }

    fn can_pass_at_once(&self) -> bool {
        self.default.is_empty()
    }

    fn picture(&self, _: &Step) -> Picture {
        let branches = self.branches.iter();
        let branches = branches.map(|branch| format!("when {}", source(&branch.when)));
        Picture::of(Form::Choice, self.title()).with_labels(branches.chain(["default".to_owned()]).collect())
    }

    fn turn(&self, list: u32, _: Option<u32>) -> Turn {
        match usize::try_from(list) {
            Ok(list) if list >= self.branches.len() => Turn::Name(DEFAULT.to_owned()),
            _ => Turn::Number(counted(list)),
        }
    }

    fn list_of(&self, turn: &Turn) -> Option<u32> {
        match turn {
            Turn::Name(name) if name == DEFAULT => u32::try_from(self.branches.len()).ok(),
            turn => numbered_list(turn, self.branches.len() + 1),
        }
    }

    fn lists_in_words(&self) -> String {
        format!("the branches 1 to {} and `{DEFAULT}`", self.branches.len())
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::{
        limits,
        schema::{parts::Condition, surface::Step},
    };
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Does the steps of the first branch whose condition holds.
        #[schemars(length(min = 1, max = limits::CHOICES))]
        choose: Option<Vec<Branch>>,
        /// Does these steps where no branch's condition holds.
        #[schemars(length(min = 1))]
        default: Option<Vec<Step>>,
    }

    /// A branch of a `choose`.
    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    struct Branch {
        /// Its condition.
        when: Condition,
        /// Its steps.
        #[schemars(length(min = 1))]
        steps: Vec<Step>,
    }
}
