//! The way through the steps.

use super::{
    super::{Length, Step, limits, node::Path},
    Checks,
    scope::Branch,
    typing::Known,
};
use crate::{
    template::{Expression, Template},
    types::{Facts, Type},
};
use std::collections::BTreeMap;

/// A list of steps that may have run: its steps, and the variables that it sets.
pub(crate) type Done<'a> = (Branch<'a>, BTreeMap<String, Type>);

impl<'a> Checks<'a, '_> {
    pub(super) fn steps(&mut self, steps: &'a [Step], path: Path<'_>) {
        let mut end: Option<String> = None;
        for (index, step) in steps.iter().enumerate() {
            let path = path.item(index);
            if let Some(word) = end.take() {
                self.problem(path, format!("is never come to: the `{word}` before it has no `if`"));
            }
            self.step(step, path);
            let is_end = step.condition.is_none() && step.lists().is_empty() && step.ends_lane();
            end = is_end.then(|| step.title());
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
        let behaviour = step.kind.behaviour();
        let condition = match behaviour.condition_chooses() {
            true => None,
            false => step.condition.as_ref(),
        };
        let known = self.typing.as_mut().map(|typing| typing.enter(condition, true));
        let lanes = behaviour.check(step, path, self);
        self.scope.end(step);
        if let (Some(typing), Some(known)) = (&mut self.typing, known) {
            typing.know_again(known);
            typing.end(step, &lanes);
        }
    }

    /// Goes on behind lists of which one has run: none of them saw what is in another.
    pub(crate) fn join(&mut self, done: Vec<Done<'a>>) {
        let (branches, variables): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        let doubted: Vec<&str> = branches.iter().flat_map(|branch| branch.ended()).collect();
        if let Some(typing) = &mut self.typing {
            typing.doubt(doubted.into_iter(), "it is in a branch that may not have been taken");
            typing.join(&variables);
        }
        self.scope.join(branches);
    }

    /// One of several lists of which one runs, and where which conditions hold or do not.
    pub(crate) fn branch(
        &mut self,
        steps: &'a [Step],
        conditions: &[(Option<&Expression>, bool)],
        path: Path<'_>,
    ) -> Done<'a> {
        let mark = self.scope.mark();
        let known = self.know(conditions);
        self.steps(steps, path);
        let set = self.know_again(known);
        (self.scope.leave_branch(mark), set)
    }

    /// Notes what is known where conditions hold or do not, and gives what was known before.
    pub(crate) fn know(&mut self, conditions: &[(Option<&Expression>, bool)]) -> Option<Known> {
        let typing = self.typing.as_mut()?;
        let before = typing.known();
        for (condition, holds) in conditions {
            typing.enter(*condition, *holds);
        }
        Some(before)
    }

    /// Knows again what was known before a list of steps, and gives the variables that it has set.
    pub(crate) fn know_again(&mut self, before: Option<Known>) -> BTreeMap<String, Type> {
        let Some((typing, before)) = self.typing.as_mut().zip(before) else {
            return BTreeMap::new();
        };
        let set = typing.take_back(&before);
        typing.know_again(before);
        set
    }

    /// Enters the lanes of a step that goes through a list: from here on there are `item` and `index`. Gives what was there before.
    pub(crate) fn enter_item(&mut self, item: Type) -> ItemAround {
        let seen = std::mem::replace(&mut self.scope.sees.item, true);
        let saw_index = std::mem::replace(&mut self.scope.sees.index, true);
        let of = self.typing.as_mut().and_then(|typing| {
            typing.facts.forget("item");
            typing.roots.others.insert("item", item)
        });
        ItemAround { seen, saw_index, of }
    }

    /// Enters the rounds of a step: from here on there is `index`. Gives whether it was there before.
    pub(crate) fn enter_round(&mut self) -> bool {
        std::mem::replace(&mut self.scope.sees.index, true)
    }

    /// Refuses a time-out that could not come before the end of the run.
    pub(crate) fn within_run(&mut self, timeout: Length, what: &str, path: Path<'_>) {
        let whole = limits::run_timeout(self.definition.timeout);
        if timeout.duration() >= whole {
            let message = format!(
                "is no less than the time of the whole run, {}, so `on_timeout` could never be; give the workflow a longer \
                 `timeout`, or {what} a shorter one",
                Length::from_seconds(whole.as_secs()).map_or_else(String::new, |whole| whole.to_string())
            );
            self.problem(path, message);
        }
    }

    /// Enters a condition over an event that a step waits for: there, `event` is that one. Gives what was known before.
    pub(crate) fn enter_event(&mut self, types: Vec<&'static str>) -> Option<Facts> {
        let typing = self.typing.as_mut()?;
        typing.roots.awaited = Some(types);
        Some(std::mem::take(&mut typing.facts))
    }

    /// Leaves the condition again.
    pub(crate) fn leave_event(&mut self, known: Option<Facts>) {
        if let (Some(typing), Some(known)) = (&mut self.typing, known) {
            typing.roots.awaited = None;
            typing.facts = known;
        }
    }

    /// Leaves the rounds again.
    pub(crate) fn leave_round(&mut self, saw_index: bool) {
        self.scope.sees.index = saw_index;
    }

    /// Leaves the lanes of a list again.
    pub(crate) fn leave_item(&mut self, around: ItemAround) {
        if let (Some(typing), Some(of)) = (&mut self.typing, around.of) {
            typing.roots.others.insert("item", of);
        }
        self.scope.sees.item = around.seen;
        self.scope.sees.index = around.saw_index;
    }

    /// A lane, and the type of what it hands out. At its end `until` is evaluated, if it has that, with the way to it.
    pub(crate) fn lane(
        &mut self,
        fork: &'a Step,
        steps: &'a [Step],
        until: Option<(&'a Expression, Path<'_>)>,
        output: Option<&'a Template>,
        path: Path<'_>,
    ) -> Option<Type> {
        let mark = self.scope.mark();
        let known = self.know(&[]);
        self.steps(steps, path.field("steps"));
        if let Some((until, path)) = until {
            self.condition(until, path);
        }
        // Both are evaluated at the end of the lane.
        let expressions = until.iter().map(|(until, _)| *until);
        let expressions = expressions.chain(output.into_iter().flat_map(Template::expressions));
        self.results(expressions, path.field("output"));
        let given = output.map(|output| self.template(output, path.field("output")).stored());
        self.know_again(known);
        self.scope.leave_lane(mark, fork);
        given
    }
}

/// The `item` around a step that goes through a list.
pub(crate) struct ItemAround {
    seen: bool,
    saw_index: bool,
    of: Option<Type>,
}
