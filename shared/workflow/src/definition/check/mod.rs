//! Rules between the parts of a definition: ids, and references to values that exist when a step runs.
//!
//! The checks go through the steps once, in the order of the source, with a [`scope::Scope`] that knows at each step what
//! it can see. Where a problem stands is looked up in the source only when there is one.

mod reference;
mod scope;
mod secret;
mod steps;
mod typing;

pub(super) use secret::{hidden, hide as hide_secrets};

use super::{Definition, Node, Origin, Problems, decode::Decoded, node::Path};
use crate::{
    template::{Expression, Reference, Template},
    triggers::Trigger,
    types::Type,
};
use scope::{Scope, Sees};
use std::collections::BTreeSet;
use typing::Typing;

/// Checks a definition. Gives what is not wrong, but may be meant otherwise.
pub(super) fn definition(decoded: &Decoded<'_>, origin: Origin, problems: &mut Problems) -> Problems {
    let definition = &decoded.definition;
    let mut checks = Checks {
        definition,
        source: &decoded.source,
        scope: Scope::new(decoded),
        problems,
        may_end: false,
        typing: match origin {
            Origin::Written => Some(Typing::new(definition)),
            Origin::Stored => None,
        },
    };
    checks.trigger();
    checks.inputs();
    checks.concurrency();
    checks.sections();
    checks.awaited();
    checks.typing.map(|typing| typing.warnings).unwrap_or_default()
}

/// The checks, as far as they have come.
pub(crate) struct Checks<'a, 'p> {
    pub(crate) definition: &'a Definition,
    source: &'a Node,
    pub(crate) scope: Scope<'a>,
    problems: &'p mut Problems,
    /// True if a step that was passed could have ended the run.
    pub(crate) may_end: bool,
    /// The types of what can be seen; none for a stored definition.
    pub(crate) typing: Option<Typing>,
}

impl<'a> Checks<'a, '_> {
    /// Notes what is wrong.
    pub(crate) fn problem(&mut self, path: Path<'_>, message: impl Into<String>) {
        self.problems.add(self.source.place_of(path), path, message);
    }

    fn trigger(&mut self) {
        let trigger = self.definition.trigger.as_ref();
        let condition = trigger.and_then(|trigger| Some((trigger.word(), trigger.behaviour().condition()?)));
        if let Some((kind, (word, when))) = condition {
            self.scope.sees = Sees::only_event();
            // What holds where it has started a run is not known yet.
            let known = self.typing.as_mut().map(|typing| std::mem::take(&mut typing.facts));
            self.condition(when, Path::Root.field("on").field(kind).field(word));
            if let (Some(typing), Some(known)) = (&mut self.typing, known) {
                typing.facts = known;
            }
        }
    }

    /// A webhook or a schedule brings no inputs.
    fn inputs(&mut self) {
        let starts = match &self.definition.trigger {
            None => return,
            Some(Trigger::PagerDuty(_)) => "webhook",
            Some(Trigger::Schedule(_)) => "schedule",
        };
        for (name, input) in &self.definition.inputs {
            if input.default.is_none() {
                let message =
                    format!("needs a `default`, because a {starts} starts this workflow and brings no inputs");
                self.problem(Path::Root.field("inputs").field(name.as_str()), message);
            }
        }
    }

    fn concurrency(&mut self) {
        if let Some(concurrency) = &self.definition.concurrency {
            self.scope.sees = Sees::before_steps();
            let concurrency_path = Path::Root.field("concurrency");
            let path = concurrency_path.field("key");
            self.template(&concurrency.key, path);
            self.typed_key(concurrency, path);
        }
    }

    fn awaited(&mut self) {
        let count = self.definition.awaited_events().len();
        if count > super::limits::AWAITED_INTEGRATIONS {
            let message = format!(
                "wait for incidents of {count} integrations; at most {} are allowed, so give some of them a workflow of their own",
                super::limits::AWAITED_INTEGRATIONS
            );
            self.problem(Path::Root.field("steps"), message);
        }
    }

    fn sections(&mut self) {
        self.scope.sees = Sees::in_steps();
        self.steps(&self.definition.steps, Path::Root.field("steps"));
        self.scope.sees.failure = true;
        if let Some(typing) = &mut self.typing {
            let steps = self.scope.ended();
            typing.doubt(steps, "the run may have failed before it came there");
        }
        self.steps(&self.definition.on_failure, Path::Root.field("on_failure"));
    }

    /// The expressions in a template, each with the way to it. Gives the type of its value.
    pub(crate) fn template(&mut self, template: &Template, path: Path<'_>) -> Type {
        match template {
            Template::Literal(value) => Type::of_value(value),
            Template::Expression(expression) => match self.references(expression, path) {
                true => self.typed(expression, path),
                false => Type::UNKNOWN,
            },
            Template::List(items) => {
                let items = items.iter().enumerate();
                let items: Vec<Type> = items
                    .map(|(index, item)| self.template(item, path.item(index)))
                    .collect();
                Type::list(Type::any_of(items))
            }
            Template::Map(fields) => {
                let fields = fields.iter();
                let fields: Vec<_> = fields
                    .map(|(name, field)| (name.clone(), self.template(field, path.field(name))))
                    .collect();
                Type::record(fields)
            }
        }
    }

    /// The names and types in a condition.
    pub(crate) fn condition(&mut self, condition: &Expression, path: Path<'_>) {
        if self.references(condition, path) {
            self.typed_condition(condition, path);
        }
    }

    /// Checks that the names in an expression are there. Its types are looked at only if they are.
    fn references(&mut self, expression: &Expression, path: Path<'_>) -> bool {
        let mut are_there = true;
        for used in expression.references() {
            if self.problems.is_full() {
                return false;
            }
            if let Err(problem) = reference::check(used, &self.scope) {
                self.problem(path, problem);
                are_there = false;
            }
        }
        are_there
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
