//! What the parts of a definition say about each other: ids, and references to what is there when a step runs.
//!
//! The checks go through the steps once, in the order of the source, with a [`scope::Scope`] that knows at each step what
//! it can see. Where a problem stands is looked up in the source only when there is one.

mod reference;
mod scope;
mod secret;
mod steps;

pub(super) use secret::{hidden, hide as hide_secrets};

use super::{Definition, Node, Problems, decode::Decoded, node::Path};
use crate::template::{Expression, Reference, Template};
use scope::{Scope, Sees};
use std::collections::BTreeSet;

pub(super) fn definition(decoded: &Decoded<'_>, problems: &mut Problems) {
    let definition = &decoded.definition;
    let mut checks = Checks {
        definition,
        source: &decoded.source,
        scope: Scope::new(decoded),
        problems,
        may_end: false,
    };
    checks.trigger();
    checks.inputs();
    checks.concurrency();
    checks.sections();
}

/// The checks, as far as they have come.
struct Checks<'a, 'p> {
    definition: &'a Definition,
    source: &'a Node,
    scope: Scope<'a>,
    problems: &'p mut Problems,
    /// Whether a step that was passed could have ended the run.
    may_end: bool,
}

impl<'a> Checks<'a, '_> {
    fn problem(&mut self, path: Path<'_>, message: impl Into<String>) {
        self.problems.add(self.source.place_of(path), path, message);
    }

    fn trigger(&mut self) {
        let when = self
            .definition
            .trigger
            .as_ref()
            .and_then(|trigger| trigger.pagerduty.when.as_ref());
        if let Some(when) = when {
            self.scope.sees = Sees::only_event();
            self.expression(when, Path::Root.field("on").field("pagerduty").field("when"));
        }
    }

    /// A webhook brings no inputs.
    fn inputs(&mut self) {
        if self.definition.trigger.is_none() {
            return;
        }
        for (name, input) in &self.definition.inputs {
            if input.default.is_none() {
                let message = "needs a `default`, because a webhook starts this workflow and brings no inputs";
                self.problem(Path::Root.field("inputs").field(name.as_str()), message);
            }
        }
    }

    fn concurrency(&mut self) {
        if let Some(concurrency) = &self.definition.concurrency {
            self.scope.sees = Sees::before_steps();
            self.template(&concurrency.key, Path::Root.field("concurrency").field("key"));
        }
    }

    fn sections(&mut self) {
        self.scope.sees = Sees::in_steps();
        self.steps(&self.definition.steps, Path::Root.field("steps"));
        self.scope.sees.failure = true;
        self.steps(&self.definition.on_failure, Path::Root.field("on_failure"));
    }

    /// The expressions in a template, each with the way to it.
    fn template(&mut self, template: &Template, path: Path<'_>) {
        match template {
            Template::Literal(_) => {}
            Template::Expression(expression) => self.expression(expression, path),
            Template::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.template(item, path.item(index));
                }
            }
            Template::Map(fields) => {
                for (name, field) in fields {
                    self.template(field, path.field(name));
                }
            }
        }
    }

    fn expression(&mut self, expression: &Expression, path: Path<'_>) {
        for used in expression.references() {
            if self.problems.is_full() {
                return;
            }
            if let Err(problem) = reference::check(used, &self.scope) {
                self.problem(path, problem);
            }
        }
    }

    /// All results that are needed at one time are read in one call.
    fn results<'e>(&mut self, expressions: impl Iterator<Item = &'e Expression>, path: Path<'_>) {
        let references = expressions.flat_map(Expression::references);
        let results: BTreeSet<&str> = references.filter_map(Reference::step).collect();
        if results.len() > super::limits::REFERENCES_PER_STEP {
            let message = format!(
                "refers to the results of {} steps; at most {} are allowed",
                results.len(),
                super::limits::REFERENCES_PER_STEP
            );
            self.problem(path, message);
        }
    }
}
