//! The way through the steps.

use super::{
    super::{Length, Step, StepKind, Wait, node::Path},
    Checks,
};
use crate::{
    action::{Action, Repeat},
    template::Template,
};

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
            self.expression(condition, path.field("if"));
        }
        self.results(step.expressions(), path);
        self.kind(step, path);
        self.scope.end(step);
    }

    fn kind(&mut self, step: &'a Step, path: Path<'_>) {
        match &step.kind {
            StepKind::Action { uses, with } => {
                self.timeout(*uses, step.timeout, path);
                self.fields(with, path.field("with"));
            }
            StepKind::Set(variables) => self.fields(variables, path.field("set")),
            StepKind::Wait(Wait::For(_)) => {}
            StepKind::Wait(Wait::Until(time)) => self.template(time, path.field("wait").field("until")),
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
            StepKind::Parallel { .. } | StepKind::ForEach { .. } => self.lanes(step, path),
        }
    }

    /// What must not be repeated is only done if the whole time of a call is left: else the call could be a late double of
    /// one that was given up.
    fn timeout(&mut self, action: Action, timeout: Option<Length>, path: Path<'_>) {
        let spec = action.spec();
        let least = Length::from_seconds(spec.timeout_seconds.into());
        if let (Repeat::IsForbidden { .. }, Some(timeout), Some(least)) = (spec.repeat, timeout, least)
            && timeout < least
        {
            let message = format!("is too short for {action}, which needs at least {least}");
            self.problem(path.field("timeout"), message);
        }
    }

    fn fields<N: ToString>(&mut self, fields: &std::collections::BTreeMap<N, Template>, path: Path<'_>) {
        for (name, template) in fields {
            self.template(template, path.field(&name.to_string()));
        }
    }

    /// Lists of which one runs: none of them sees what is in another.
    fn branches(&mut self, step: &'a Step, path: Path<'_>) {
        let mut left = Vec::new();
        match &step.kind {
            StepKind::Block { steps, otherwise } => {
                for (word, steps) in [("steps", steps), ("else", otherwise)] {
                    let mark = self.scope.mark();
                    self.steps(steps, path.field(word));
                    left.push(self.scope.leave_branch(mark));
                }
            }
            StepKind::Choose { branches, default } => {
                let choose = path.field("choose");
                for (index, branch) in branches.iter().enumerate() {
                    self.expression(&branch.when, choose.item(index).field("when"));
                }
                for (index, branch) in branches.iter().enumerate() {
                    let mark = self.scope.mark();
                    self.steps(&branch.steps, choose.item(index).field("steps"));
                    left.push(self.scope.leave_branch(mark));
                }
                let mark = self.scope.mark();
                self.steps(default, path.field("default"));
                left.push(self.scope.leave_branch(mark));
            }
            _ => {}
        }
        self.scope.join(left);
    }

    /// Lists that run in lanes of their own: nobody else sees what is in them.
    fn lanes(&mut self, step: &'a Step, path: Path<'_>) {
        match &step.kind {
            StepKind::Parallel { lanes, .. } => {
                let parallel = path.field("parallel");
                for (index, lane) in lanes.iter().enumerate() {
                    self.lane(step, &lane.steps, lane.output.as_ref(), parallel.item(index));
                }
            }
            StepKind::ForEach {
                items, steps, output, ..
            } => {
                self.template(items, path.field("for_each"));
                let around = std::mem::replace(&mut self.scope.sees.item, true);
                self.lane(step, steps, output.as_ref(), path);
                self.scope.sees.item = around;
            }
            _ => {}
        }
    }

    fn lane(&mut self, fork: &'a Step, steps: &'a [Step], output: Option<&'a Template>, path: Path<'_>) {
        let mark = self.scope.mark();
        self.steps(steps, path.field("steps"));
        if let Some(output) = output {
            let path = path.field("output");
            self.results(output.expressions().into_iter(), path);
            self.template(output, path);
        }
        self.scope.leave_lane(mark, fork);
    }
}
