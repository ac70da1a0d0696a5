//! The types of what expressions see at each step, and what they say of the expressions there.
//!
//! Only what people write is checked in this way. A stored definition was, when it was saved.

use super::super::{Concurrency, Definition, Problems, Severity, Step, Template, node::Path};
use crate::{
    action::{Field, FieldKind, OnNull, Unfit},
    ids::VariableName,
    template::Expression,
    types::{self, Absence, Doubt, Facts, Finding, Kind, Roots, Type, Words},
};
use std::collections::{BTreeMap, BTreeSet};

/// The outcomes of a step, as expressions see them.
const OUTCOMES: &[&str] = &["success", "failure", "skipped"];

/// The facts at the place that the checks have come to.
pub(crate) struct Typing {
    pub(crate) roots: Roots,
    pub(crate) facts: Facts,
    /// The warnings: valid, but perhaps not intended.
    pub(crate) warnings: Problems,
    /// The assignments, one after another.
    assigned: Vec<Assigned>,
    /// True if the input that the checks are at only decorates.
    only_decorates: bool,
}

/// A variable that was set.
struct Assigned {
    name: String,
    /// Its type before.
    before: Option<Type>,
}

/// The facts at some place.
pub(crate) struct Known {
    pub(crate) facts: Facts,
    /// The number of variables that had been set.
    assigned: usize,
}

impl Typing {
    pub(crate) fn new(definition: &Definition) -> Self {
        let trigger = definition.trigger.as_ref();
        let mut roots = Roots::new(trigger.cloned());
        let inputs = definition
            .inputs
            .iter()
            .map(|(name, input)| (name.to_string(), Type::from(Kind::from(input.kind))));
        roots.others.insert("inputs", Type::record(inputs));
        let text = || Type::from(Kind::Text);
        let run = [
            ("id", text()),
            ("workflow", text()),
            ("version", Kind::Integer.into()),
            ("started_at", text()),
        ];
        roots.others.insert("run", Type::record(run));
        roots.others.insert("index", Kind::Integer.into());
        let failed_step = text().or_null("a run can fail outside of its steps, for example because its time is over");
        let failure = [("step", failed_step), ("name", text()), ("message", text())];
        roots.others.insert("failure", Type::record(failure));
        roots
            .others
            .insert("approval", Type::record([("link", text()), ("until", text())]));
        Self {
            roots,
            facts: trigger.map(|trigger| trigger.behaviour().facts()).unwrap_or_default(),
            warnings: Problems::default(),
            assigned: Vec::new(),
            only_decorates: false,
        }
    }

    /// The facts inside a step with this condition.
    pub(crate) fn enter(&mut self, condition: Option<&Expression>, holds: bool) -> Known {
        let before = self.known();
        if let Some(condition) = condition {
            self.facts = self.facts.clone().and(&types::facts_of_condition(condition, holds));
            if holds {
                self.facts = std::mem::take(&mut self.facts).and(&Facts::holding(condition.source()));
            }
        }
        before
    }

    /// The facts now.
    pub(crate) fn known(&self) -> Known {
        Known {
            facts: self.facts.clone(),
            assigned: self.assigned.len(),
        }
    }

    /// Knows again what was known, but of the variables that have got another value since.
    pub(crate) fn know_again(&mut self, known: Known) {
        self.facts = known.facts;
        for assigned in self.assigned.get(known.assigned..).unwrap_or_default() {
            self.facts.forget(&format!("vars.{}", assigned.name));
        }
    }

    /// Types the variables that a step sets.
    pub(crate) fn set(&mut self, step: &Step, set: BTreeMap<&VariableName, Type>) {
        for (name, of) in set {
            let of = of.stored();
            let path = format!("vars.{name}");
            let before = self.roots.variables.get(name.as_str()).cloned();
            let of = match (&step.condition, before) {
                (None, _) => of,
                (Some(condition), Some(before)) => {
                    let otherwise = self.facts.clone().and(&types::facts_of_condition(condition, false));
                    let before = match before.absence.is_some() && otherwise.is_present(&path) {
                        true => before.present(),
                        false => before,
                    };
                    of.or(before)
                }
                (Some(_), None) => of.or_missing("it is only set by a step with an `if`"),
            };
            self.assign(name.to_string(), of);
        }
    }

    fn assign(&mut self, name: String, of: Type) {
        self.facts.forget(&format!("vars.{name}"));
        let before = self.roots.variables.insert(name.clone(), of);
        self.assigned.push(Assigned { name, before });
    }

    /// Takes back what was set since something was known, because the next steps do not see it. Gives the types that it had.
    pub(crate) fn take_back(&mut self, known: &Known) -> BTreeMap<String, Type> {
        let since = self.assigned.split_off(known.assigned);
        let set = since.iter().filter_map(|assigned| {
            let of = self.roots.variables.get(&assigned.name)?;
            Some((assigned.name.clone(), of.clone()))
        });
        let set = set.collect();
        for Assigned { name, before } in since.into_iter().rev() {
            match before {
                Some(before) => self.roots.variables.insert(name, before),
                None => self.roots.variables.remove(&name),
            };
        }
        set
    }

    /// A step has ended: its result can be seen, and what is known because it let the run go on.
    pub(crate) fn end(&mut self, step: &Step, lanes: &[Type]) {
        if let Some(condition) = &step.condition
            && step.ends_lane()
        {
            self.facts = std::mem::take(&mut self.facts).and(&types::facts_of_condition(condition, false));
        }
        let Some(id) = &step.id else { return };
        self.roots.steps.insert(id.to_string(), result(step, lanes));
        let says = format!("`steps.{id}.outcome == \"success\"` says that it was done");
        let doubt = match (&step.condition, step.continue_on_error) {
            (None, false) => return,
            (Some(condition), false) => Doubt {
                reason: format!("the step `{id}` has an `if`, so it may be skipped ({says})"),
                // The same condition may hold at one time and not at another.
                unless: (!condition.refers_to_now()).then(|| condition.source().to_owned()),
            },
            (_, true) => Doubt {
                reason: format!("the step `{id}` has `continue_on_error`, so it may have failed ({says})"),
                unless: None,
            },
        };
        self.roots.uncertain.insert(id.to_string(), doubt);
    }

    /// The steps of these ids may not have run, seen from here.
    pub(crate) fn doubt<'a>(&mut self, steps: impl Iterator<Item = &'a str>, why: &str) {
        for id in steps {
            let reason = format!("{why} (`steps.{id}.outcome == \"success\"` says that the step `{id}` was done)");
            let doubt = Doubt { reason, unless: None };
            self.roots.uncertain.entry(id.to_owned()).or_insert(doubt);
        }
    }

    /// The variables as they are after one of several branches, each with what it has set.
    pub(crate) fn join(&mut self, branches: &[BTreeMap<String, Type>]) {
        let names: BTreeSet<&String> = branches.iter().flat_map(BTreeMap::keys).collect();
        for name in names {
            let before = self.roots.variables.get(name);
            let after: Vec<Option<&Type>> = branches.iter().map(|branch| branch.get(name).or(before)).collect();
            let in_all = after.iter().all(Option::is_some);
            let of = Type::any_of(after.into_iter().flatten().cloned());
            let of = match in_all {
                true => of,
                false => of.or_missing("it is not set in every branch"),
            };
            self.assign(name.clone(), of);
        }
    }
}

/// The type of the result of a step.
fn result(step: &Step, lanes: &[Type]) -> Type {
    let outcome = Kind::Words(Words::ours(OUTCOMES)).into();
    let behaviour = step.kind.behaviour();
    let names = behaviour.output_names();
    let outputs = match names.is_empty() {
        true => Kind::Map.into(),
        false => Type::record(
            names
                .into_iter()
                .map(|name| (name.to_owned(), behaviour.output(name, lanes))),
        ),
    };
    Type::record([
        ("outcome", outcome),
        ("outputs", outputs),
        ("error", types::result_error()),
    ])
}

impl super::Checks<'_, '_> {
    /// Says what was found at a place.
    fn report(&mut self, findings: Vec<Finding>, path: Path<'_>) {
        for finding in findings {
            match (finding.severity, &mut self.typing) {
                (Severity::Absent, Some(typing)) if typing.only_decorates => {
                    let message = format!("{}; where it is null, this is left out", finding.message);
                    typing.warnings.add(self.source.place_of(path), path, message);
                }
                (Severity::Warning, Some(typing)) => {
                    typing.warnings.add(self.source.place_of(path), path, finding.message);
                }
                _ => self.problem(path, finding.message),
            }
        }
    }

    /// Says that something may be meant otherwise.
    fn warn(&mut self, path: Path<'_>, message: String) {
        let severity = Severity::Warning;
        self.report(vec![Finding { severity, message }], path);
    }

    /// Checks a condition.
    pub(crate) fn typed_condition(&mut self, condition: &Expression, path: Path<'_>) {
        if let Some(typing) = &self.typing {
            let findings = types::of_condition(condition, &typing.roots, &typing.facts);
            self.report(findings, path);
        }
    }

    /// Begins or ends what only decorates: there an expression that fails is left out, so what can be null is only warned of.
    pub(crate) fn decorating(&mut self, only_decorates: bool) {
        if let Some(typing) = &mut self.typing {
            typing.only_decorates = only_decorates;
        }
    }

    /// The type of an expression.
    pub(crate) fn typed(&mut self, expression: &Expression, path: Path<'_>) -> Type {
        let Some(typing) = &self.typing else {
            return Type::UNKNOWN;
        };
        let (of, findings) = types::of_template(expression, &typing.roots, &typing.facts);
        self.report(findings, path);
        of
    }

    /// Checks the type of an input of an action.
    pub(crate) fn fits(&mut self, field: &Field, template: &Template, of: &Type, path: Path<'_>) {
        if self.typing.is_none() {
            return;
        }
        // What is the same in every run was checked when it was read.
        if !matches!(template, Template::Expression(_)) {
            return;
        }
        if let (FieldKind::Key { .. }, Template::Expression(key), Some(typing)) = (&field.kind, template, &self.typing)
        {
            for reason in types::nulls_of(key, &typing.roots, &typing.facts) {
                match field.optional && field.null == OnNull::LeaveOut {
                    true => self.warn(path, format!("can be null, and then it counts as left out: {reason}")),
                    false => self.problem(path, format!("can be null, and `{}` is needed: {reason}", field.name)),
                }
            }
            return;
        }
        let is_needed = match field.null {
            OnNull::Refuse => true,
            OnNull::LeaveOut => !field.optional && !matches!(&field.unfit, Unfit::Replace(_)),
        };
        if let (Some(absence), true) = (&of.absence, is_needed) {
            let can_be = if of.kind == Kind::Null { "is always" } else { "can be" };
            let message = format!(
                "{can_be} null, and `{}` is needed: {}; give it a default, as in `{{{{ … | default(\"…\") }}}}`, or give the step an `if`",
                field.name,
                absence.reason()
            );
            return self.problem(path, message);
        }
        if let Err(wanted) = takes(&field.kind, of) {
            self.problem(path, format!("gives {}, but must be {wanted}", of.words()));
        }
    }

    /// Warns of numbers that may be meant as text, where any value is taken.
    pub(crate) fn digits(&mut self, path: Path<'_>) {
        let Some(typing) = &mut self.typing else { return };
        for (at, written) in self.source.written_numbers(path) {
            let message = format!(
                "`{written:.40}` is a number here, and is sent without zeros at its ends; more than 15 digits may be lost. Put it in \
                 quotes if it is a name, such as a version"
            );
            typing.warnings.add(at, path, message);
        }
    }

    /// Checks the type of a concurrency key.
    pub(crate) fn typed_key(&mut self, concurrency: &Concurrency, path: Path<'_>) {
        let reasons = match (&self.typing, &concurrency.key) {
            (Some(typing), Template::Expression(key)) => types::nulls_of(key, &typing.roots, &typing.facts),
            _ => Vec::new(),
        };
        for reason in reasons {
            self.warn(
                path,
                format!("can be null, and such a run excludes no other: {reason}; use a key that every event has, such as `event.incident.id`"),
            );
        }
    }

    /// Checks the type of a list that a `for_each` goes through, and gives the type of its items.
    pub(crate) fn typed_items(&mut self, list: &Template, of: &Type, path: Path<'_>) -> Type {
        match &of.kind {
            // What is the same in every run was checked when it was read.
            _ if !matches!(list, Template::Expression(_) | Template::List(_)) => Type::UNKNOWN,
            Kind::List(item) => item.as_ref().clone().stored(),
            Kind::Unknown | Kind::Null => Type::UNKNOWN,
            _ => {
                self.problem(path, format!("gives {}, but must be a list", of.words()));
                Type::UNKNOWN
            }
        }
    }

    /// Checks the type of a time.
    pub(crate) fn typed_time(&mut self, of: &Type, path: Path<'_>) {
        if !matches!(
            of.kind,
            Kind::Time | Kind::Text | Kind::Words(_) | Kind::Unknown | Kind::Null
        ) {
            self.problem(path, format!("gives {}, but must be a time in RFC 3339", of.words()));
        }
        if let Some(Absence::Null(reason)) = &of.absence {
            let message = format!(
                "can be null, and then there is no time to wait for: {reason}; give the step an `if`, or the expression a default"
            );
            self.problem(path, message);
        }
    }
}

/// The check of a type against an input.
///
/// # Errors
/// The type that it takes.
fn takes(kind: &FieldKind, of: &Type) -> Result<(), String> {
    let is_so = match (&of.kind, kind) {
        (Kind::Unknown | Kind::Null, _) | (_, FieldKind::Any) => true,
        (Kind::Words(words), FieldKind::OneOf(known)) => words.known.iter().any(|word| known.contains(word)),
        // Numbers, true and false become text, and text a number.
        (Kind::Text | Kind::Words(_), kind) => kind.is_single(),
        // Both become text.
        (Kind::Time, kind) => matches!(
            kind,
            FieldKind::Text | FieldKind::Prose(_) | FieldKind::Key { .. } | FieldKind::Time
        ),
        // A duration is the time so long after now.
        (Kind::Duration, kind) => matches!(
            kind,
            FieldKind::Text | FieldKind::Prose(_) | FieldKind::Key { .. } | FieldKind::Length { .. } | FieldKind::Time
        ),
        (Kind::Integer | Kind::Number, kind) => {
            matches!(
                kind,
                FieldKind::Text
                    | FieldKind::Prose(_)
                    | FieldKind::Key { .. }
                    | FieldKind::Integer
                    | FieldKind::Number
                    | FieldKind::Count { .. }
            )
        }
        (Kind::Boolean, kind) => matches!(
            kind,
            FieldKind::Text | FieldKind::Prose(_) | FieldKind::Key { .. } | FieldKind::Boolean
        ),
        (Kind::List(_), kind) => kind.is_list(),
        (Kind::Record(_) | Kind::Map, kind) => matches!(kind, FieldKind::Map { .. } | FieldKind::Object(_)),
    };
    match is_so {
        true => Ok(()),
        false => Err(kind.wanted()),
    }
}
