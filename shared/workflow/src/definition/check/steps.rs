//! The way through the steps.

use super::{
    super::{Length, Step, StepKind, Wait, node::Path},
    Checks,
    scope::Branch,
    typing::Known,
};
use crate::{
    action::{ActionSpec, Field, FieldKind, Repeat},
    template::{Expression, Template},
    types::Type,
};
use std::collections::BTreeMap;

impl<'a> Checks<'a, '_> {
    pub(super) fn steps(&mut self, steps: &'a [Step], path: Path<'_>) {
        let mut end: Option<&str> = None;
        for (index, step) in steps.iter().enumerate() {
            let path = path.item(index);
            if let Some(word) = end.take() {
                self.problem(path, format!("is never come to: the `{word}` before it has no `if`"));
            }
            self.step(step, path);
            end = match &step.kind {
                StepKind::Stop { .. } if step.condition.is_none() => Some("stop"),
                StepKind::Fail { .. } if step.condition.is_none() && !step.continue_on_error => Some("fail"),
                _ => None,
            };
        }
    }

    fn step(&mut self, step: &'a Step, path: Path<'_>) {
        if !self.scope.begin(step)
            && let Some(id) = &step.id
        {
            self.problem(
                path.field("id"),
                format!("the id `{id}` stands twice; give each step its own"),
            );
        }
        if let Some(condition) = &step.condition {
            self.condition(condition, path.field("if"));
        }
        self.results(step.expressions(), path);
        // The two branches of a block know different things.
        let condition = match step.kind {
            StepKind::Block { .. } => None,
            _ => step.condition.as_ref(),
        };
        let known = self.typing.as_mut().map(|typing| typing.enter(condition, true));
        let lanes = self.kind(step, path);
        self.scope.end(step);
        if let (Some(typing), Some(known)) = (&mut self.typing, known) {
            typing.know_again(known);
            typing.end(step, lanes);
        }
    }

    /// Checks what a step does. Gives the types of what its lanes hand out.
    fn kind(&mut self, step: &'a Step, path: Path<'_>) -> Vec<Type> {
        match &step.kind {
            StepKind::Action { uses, with } => {
                self.timeout(uses, step.timeout, path);
                let path = path.field("with");
                for (name, template) in with {
                    let path = path.field(name);
                    let field = uses.input(name);
                    self.decorating(field.is_some_and(Field::only_decorates));
                    let of = self.template(template, path);
                    self.decorating(false);
                    if let Some(field) = field {
                        self.fits(field, template, &of, path);
                        if matches!(field.kind, FieldKind::Map { .. }) {
                            self.digits(path);
                        }
                    }
                }
            }
            StepKind::Set(variables) => {
                let path = path.field("set");
                self.digits(path);
                let set = variables.iter();
                let set: BTreeMap<_, _> = set
                    .map(|(name, template)| (name, self.template(template, path.field(name.as_str()))))
                    .collect();
                if let Some(typing) = &mut self.typing {
                    typing.set(step, set);
                }
            }
            StepKind::Wait(Wait::For(_)) => {}
            StepKind::Wait(Wait::Until(time)) => {
                let wait = path.field("wait");
                let path = wait.field("until");
                let of = self.template(time, path);
                self.typed_time(&of, path);
            }
            StepKind::Stop { reason } => {
                self.may_end = true;
                self.template(reason, path.field("stop"));
            }
            StepKind::Fail { message } => {
                self.may_end = true;
                self.template(message, path.field("fail"));
            }
            StepKind::RunWorkflow { workflow, with } => {
                let is_at_the_top = matches!(path, Path::Item(Path::Field(Path::Root, _), _));
                if *workflow == self.definition.name
                    && is_at_the_top
                    && step.condition.is_none()
                    && !self.may_end
                    && !self.scope.sees.failure
                {
                    let message = "would run itself without end; give the step an `if`";
                    self.problem(path.field("run_workflow"), message);
                }
                self.fields(with, path.field("with"));
            }
            StepKind::Block { .. } | StepKind::Choose { .. } => self.branches(step, path),
            StepKind::Parallel { .. } | StepKind::ForEach { .. } => return self.lanes(step, path),
        }
        Vec::new()
    }

    /// What must not be repeated is only done if the whole time of a call is left: else the call could be a late double of
    /// one that was given up.
    fn timeout(&mut self, action: &ActionSpec, timeout: Option<Length>, path: Path<'_>) {
        let least = Length::from_seconds(action.timeout_seconds.into());
        if let (Repeat::IsForbidden { .. }, Some(timeout), Some(least)) = (&action.repeat, timeout, least)
            && timeout < least
        {
            let message = format!("is too short for {action}, which needs at least {least}");
            self.problem(path.field("timeout"), message);
        }
    }

    fn fields<N: ToString>(&mut self, fields: &BTreeMap<N, Template>, path: Path<'_>) {
        for (name, template) in fields {
            self.template(template, path.field(&name.to_string()));
        }
    }

    /// Lists of which one runs: none of them sees what is in another.
    fn branches(&mut self, step: &'a Step, path: Path<'_>) {
        let mut left = Vec::new();
        match &step.kind {
            StepKind::Block { steps, otherwise } => {
                for (word, steps, holds) in [("steps", steps, true), ("else", otherwise, false)] {
                    let conditions = [(step.condition.as_ref(), holds)];
                    left.push(self.branch(steps, &conditions, path.field(word)));
                }
            }
            StepKind::Choose { branches, default } => {
                let choose = path.field("choose");
                // A branch is come to when the conditions before its own do not hold.
                let mut conditions: Vec<(Option<&Expression>, bool)> = Vec::new();
                for (index, branch) in branches.iter().enumerate() {
                    let known = self.know(&conditions);
                    self.condition(&branch.when, choose.item(index).field("when"));
                    self.know_again(known);
                    conditions.push((Some(&branch.when), false));
                }
                for (index, branch) in branches.iter().enumerate() {
                    let mut conditions = conditions.get(..=index).unwrap_or_default().to_vec();
                    if let Some((_, holds)) = conditions.last_mut() {
                        *holds = true;
                    }
                    left.push(self.branch(&branch.steps, &conditions, choose.item(index).field("steps")));
                }
                left.push(self.branch(default, &conditions, path.field("default")));
            }
            _ => {}
        }
        let (branches, variables): (Vec<_>, Vec<_>) = left.into_iter().unzip();
        let doubted: Vec<&str> = branches.iter().flat_map(|branch| branch.ended()).collect();
        if let Some(typing) = &mut self.typing {
            typing.doubt(doubted.into_iter(), "it is in a branch that may not have been taken");
            typing.join(&variables);
        }
        self.scope.join(branches);
    }

    /// One of several lists of which one runs, and where which conditions hold or do not.
    fn branch(
        &mut self,
        steps: &'a [Step],
        conditions: &[(Option<&Expression>, bool)],
        path: Path<'_>,
    ) -> (Branch<'a>, BTreeMap<String, Type>) {
        let mark = self.scope.mark();
        let known = self.know(conditions);
        self.steps(steps, path);
        let set = self.know_again(known);
        (self.scope.leave_branch(mark), set)
    }

    /// Notes what is known where conditions hold or do not, and gives what was known before.
    fn know(&mut self, conditions: &[(Option<&Expression>, bool)]) -> Option<Known> {
        let typing = self.typing.as_mut()?;
        let before = typing.known();
        for (condition, holds) in conditions {
            typing.enter(*condition, *holds);
        }
        Some(before)
    }

    /// Knows again what was known before a list of steps, and gives the variables that it has set.
    fn know_again(&mut self, before: Option<Known>) -> BTreeMap<String, Type> {
        let Some((typing, before)) = self.typing.as_mut().zip(before) else {
            return BTreeMap::new();
        };
        let set = typing.take_back(&before);
        typing.know_again(before);
        set
    }

    /// Lists that run in lanes of their own: nobody else sees what is in them.
    fn lanes(&mut self, step: &'a Step, path: Path<'_>) -> Vec<Type> {
        let mut given = Vec::new();
        match &step.kind {
            StepKind::Parallel { lanes, .. } => {
                let parallel = path.field("parallel");
                for (index, lane) in lanes.iter().enumerate() {
                    given.extend(self.lane(step, &lane.steps, lane.output.as_ref(), parallel.item(index)));
                }
            }
            StepKind::ForEach {
                items, steps, output, ..
            } => {
                let list = path.field("for_each");
                let of = self.template(items, list);
                let item = self.typed_items(items, &of, list);
                let around = std::mem::replace(&mut self.scope.sees.item, true);
                let item_around = self.typing.as_mut().map(|typing| {
                    typing.facts.forget("item");
                    typing.roots.others.insert("item", item)
                });
                given.extend(self.lane(step, steps, output.as_ref(), path));
                if let (Some(typing), Some(Some(around))) = (&mut self.typing, item_around) {
                    typing.roots.others.insert("item", around);
                }
                self.scope.sees.item = around;
            }
            _ => {}
        }
        given
    }

    /// A lane, and the type of what it hands out.
    fn lane(
        &mut self,
        fork: &'a Step,
        steps: &'a [Step],
        output: Option<&'a Template>,
        path: Path<'_>,
    ) -> Option<Type> {
        let mark = self.scope.mark();
        let known = self.know(&[]);
        self.steps(steps, path.field("steps"));
        let given = output.map(|output| {
            let path = path.field("output");
            self.results(output.expressions().into_iter(), path);
            self.template(output, path)
        });
        self.know_again(known);
        self.scope.leave_lane(mark, fork);
        given
    }
}
