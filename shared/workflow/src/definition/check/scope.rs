//! The names that an expression can see at its place.
//!
//! A step has one entry in an index, and its entry changes as the checks go by it: it is yet to come, it goes on, it has
//! ended, it stands in another branch, or it ran in a lane of its own. The steps that have ended are also kept in the
//! order in which they did, so that those of a branch or a lane are the end of that list.

use super::super::{Definition, Step, decode::Decoded};
use crate::ids::{InputName, StepId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The roots that can be seen besides `now` and `event`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sees {
    pub(crate) run: bool,
    pub(crate) inputs: bool,
    /// `steps` and `vars`.
    pub(crate) steps: bool,
    pub(crate) item: bool,
    pub(crate) index: bool,
    pub(crate) failure: bool,
    /// Messages about an approval see it.
    pub(crate) approval: bool,
}

impl Sees {
    /// A trigger's condition is evaluated before there is a run.
    pub(crate) fn only_event() -> Self {
        Self::default()
    }

    pub(crate) fn before_steps() -> Self {
        Self {
            run: true,
            inputs: true,
            ..Self::default()
        }
    }

    pub(crate) fn in_steps() -> Self {
        Self {
            steps: true,
            ..Self::before_steps()
        }
    }

    /// The names of the roots.
    pub(crate) fn roots(self) -> Vec<&'static str> {
        let roots = [
            (true, "now"),
            (true, "event"),
            (self.run, "run"),
            (self.inputs, "inputs"),
            (self.steps, "steps"),
            (self.steps, "vars"),
            (self.item, "item"),
            (self.index, "index"),
            (self.failure, "failure"),
            (self.approval, "approval"),
        ];
        roots
            .into_iter()
            .filter(|(seen, _)| *seen)
            .map(|(_, root)| root)
            .collect()
    }
}

/// The visibility of a step from the place of the checks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// It comes later.
    Later,
    /// It has begun and not ended.
    Open,
    /// It has ended, or was not come to.
    Ended,
    /// It stands in another branch.
    Elsewhere,
    /// It ran in a lane that this step opened.
    InLane(&'a Step),
}

/// A step, and how it is seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) step: &'a Step,
    pub(crate) seen: Seen<'a>,
}

/// The visibility of a variable.
#[derive(Debug, Default)]
struct Variable {
    /// The number of visible steps that set it.
    setters: usize,
    /// True if a lane that has ended set it.
    in_lane: bool,
}

/// The number of steps that had ended and how many variables were set at some place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    ended: usize,
    set: usize,
}

/// The visible names.
pub(crate) struct Scope<'a> {
    pub(crate) sees: Sees,
    pub(crate) inputs: &'a BTreeMap<InputName, super::super::Input>,
    /// True if a step or a variable may be missing here because it could not be read.
    pub(crate) has_gaps: bool,
    unread: &'a BTreeSet<StepId>,
    steps: HashMap<&'a str, Known<'a>>,
    ended: Vec<&'a str>,
    variables: HashMap<&'a str, Variable>,
    set: Vec<&'a str>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(decoded: &'a Decoded<'_>) -> Self {
        let Definition {
            steps,
            on_failure,
            inputs,
            ..
        } = &decoded.definition;
        let mut scope = Self {
            sees: Sees::default(),
            inputs,
            has_gaps: decoded.has_gaps,
            unread: &decoded.unread,
            steps: HashMap::new(),
            ended: Vec::new(),
            variables: HashMap::new(),
            set: Vec::new(),
        };
        scope.index(steps);
        scope.index(on_failure);
        scope
    }

    fn index(&mut self, steps: &'a [Step]) {
        for step in steps {
            if let Some(id) = &step.id {
                let known = Known {
                    step,
                    seen: Seen::Later,
                };
                self.steps.entry(id.as_str()).or_insert(known);
            }
            for list in step.lists() {
                self.index(list);
            }
        }
    }

    /// The step of an id, wherever it stands.
    pub(crate) fn step(&self, id: &str) -> Option<Known<'a>> {
        self.steps.get(id).copied()
    }

    /// The ids of the steps whose results can be seen.
    pub(crate) fn ended(&self) -> impl Iterator<Item = &'a str> {
        self.ended.iter().copied()
    }

    /// True if it could be read what the step does.
    pub(crate) fn is_read(&self, step: &Step) -> bool {
        step.id.as_ref().is_none_or(|id| !self.unread.contains(id))
    }

    /// True if a step that can be seen sets the variable.
    pub(crate) fn has_variable(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|variable| variable.setters > 0)
    }

    /// True if a lane set the variable, out of sight.
    pub(crate) fn has_variable_in_lane(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|variable| variable.in_lane)
    }

    /// The names of the variables that can be seen.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &'a str> {
        let seen = self.variables.iter().filter(|(_, variable)| variable.setters > 0);
        seen.map(|(name, _)| *name)
    }

    /// Begins a step. False if its id is another's.
    pub(crate) fn begin(&mut self, step: &'a Step) -> bool {
        let Some(known) = step.id.as_ref().and_then(|id| self.steps.get_mut(id.as_str())) else {
            return true;
        };
        known.seen = Seen::Open;
        std::ptr::eq(known.step, step)
    }

    /// Ends a step: from now on its result can be seen, and the variables that it sets.
    pub(crate) fn end(&mut self, step: &'a Step) {
        if let Some(id) = &step.id {
            self.see(id.as_str(), Seen::Ended);
            self.ended.push(id.as_str());
        }
        if let Some(variables) = step.kind.behaviour().variables() {
            for name in variables.keys() {
                self.variables.entry(name.as_str()).or_default().setters += 1;
                self.set.push(name.as_str());
            }
        }
    }

    /// The beginning of the next list of steps.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            ended: self.ended.len(),
            set: self.set.len(),
        }
    }

    /// Hides what has come since a mark, because the next list is of another branch.
    pub(crate) fn leave_branch(&mut self, mark: Mark) -> Branch<'a> {
        let branch = self.take(mark);
        for id in &branch.ended {
            self.see(id, Seen::Elsewhere);
        }
        branch
    }

    /// Shows the branches again. Only one of them has run, so they may be skipped or not set, but they come before.
    pub(crate) fn join(&mut self, branches: Vec<Branch<'a>>) {
        for branch in branches {
            for id in branch.ended {
                self.see(id, Seen::Ended);
                self.ended.push(id);
            }
            for name in branch.set {
                self.variables.entry(name).or_default().setters += 1;
                self.set.push(name);
            }
        }
    }

    /// Hides what has come since a mark for good, because it was in a lane that `fork` opened.
    pub(crate) fn leave_lane(&mut self, mark: Mark, fork: &'a Step) {
        let lane = self.take(mark);
        for id in lane.ended {
            self.see(id, Seen::InLane(fork));
        }
        for name in lane.set {
            self.variables.entry(name).or_default().in_lane = true;
        }
    }

    fn take(&mut self, mark: Mark) -> Branch<'a> {
        let branch = Branch {
            ended: self.ended.split_off(mark.ended),
            set: self.set.split_off(mark.set),
        };
        for name in &branch.set {
            let variable = self.variables.entry(name).or_default();
            variable.setters = variable.setters.saturating_sub(1);
        }
        branch
    }

    fn see(&mut self, id: &str, seen: Seen<'a>) {
        if let Some(known) = self.steps.get_mut(id) {
            known.seen = seen;
        }
    }
}

/// The steps that ended in a branch or a lane, and the variables that were set there.
pub(crate) struct Branch<'a> {
    ended: Vec<&'a str>,
    set: Vec<&'a str>,
}

impl<'a> Branch<'a> {
    /// The ids of its steps.
    pub(crate) fn ended(&self) -> impl Iterator<Item = &'a str> {
        self.ended.iter().copied()
    }
}
