//! The type of an expression, and what is wrong with it.

use super::{
    Absence, Kind, Type, Words,
    condition::{Facts, comparison_of, facts, path_of},
};
use crate::{
    action::{nearest, unknown_field},
    template::{Expression, Parsed, time::ONE_KIND},
    triggers::{self, Trigger},
};
use minijinja::machinery::ast::{BinOpKind, Call, CallArg, Compare, CompareOpKind, Expr, Stmt, Test, UnaryOpKind};
use std::collections::BTreeMap;

/// Something that is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// The problem and its remedy.
    pub(crate) message: String,
}

/// The severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// It fails, or never does what it says.
    Error,
    /// It fails where a value is null that need not be.
    Absent,
    /// It may be meant.
    Warning,
}

/// The values that an expression can see.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    trigger: Option<Trigger>,
    event: Type,
    /// The types of `event` in a condition over an event that a step waits for.
    pub(crate) awaited: Option<Vec<&'static str>>,
    /// The others but `vars` and `steps`.
    pub(crate) others: BTreeMap<&'static str, Type>,
    /// `vars`, by name.
    pub(crate) variables: BTreeMap<String, Type>,
    /// `steps`, by id.
    pub(crate) steps: BTreeMap<String, Type>,
    /// The steps that may not have run, or may have failed.
    pub(crate) uncertain: BTreeMap<String, Doubt>,
}

/// The reason a step may have given nothing.
#[derive(Debug, Clone)]
pub(crate) struct Doubt {
    pub(crate) reason: String,
    /// The source of the condition where it is certain all the same: its own.
    pub(crate) unless: Option<String>,
}

impl Roots {
    /// The names in the runs that a trigger starts.
    pub(crate) fn new(trigger: Option<Trigger>) -> Self {
        Self {
            event: triggers::event(trigger.as_ref(), &|_| true),
            trigger,
            awaited: None,
            others: BTreeMap::from([("now", Kind::Time.into())]),
            variables: BTreeMap::new(),
            steps: BTreeMap::new(),
            uncertain: BTreeMap::new(),
        }
    }

    /// The type of `event`, where this is known.
    #[cfg(test)]
    pub(super) fn event(&self, facts: &Facts) -> Type {
        self.root("event", facts)
    }

    fn root(&self, name: &str, facts: &Facts) -> Type {
        match name {
            "event" if let Some(types) = &self.awaited => {
                let types = types.iter().copied().filter(|kind| facts.allows("event.type", kind));
                triggers::pagerduty::event::of_awaited(types)
            }
            "event" if facts.limits("event.type") => {
                triggers::event(self.trigger.as_ref(), &|kind| facts.allows("event.type", kind))
            }
            "event" => self.event.clone(),
            other => self.others.get(other).cloned().unwrap_or(Type::UNKNOWN),
        }
    }
}

/// The facts where a condition holds, or does not.
pub(crate) fn facts_of_condition(condition: &Expression, holds: bool) -> Facts {
    match condition.parsed() {
        Some(Parsed::Value(expression)) => facts(&expression, holds),
        _ => Facts::default(),
    }
}

/// Checks a condition, which must give true or false.
pub(crate) fn of_condition(condition: &Expression, roots: &Roots, known: &Facts) -> Vec<Finding> {
    let mut inference = Inference::new(roots, known);
    if let Some(Parsed::Value(expression)) = condition.parsed() {
        inference.condition(&expression);
    }
    inference.findings
}

/// The type of an expression, and what is wrong with it.
pub(crate) fn of_template(template: &Expression, roots: &Roots, known: &Facts) -> (Type, Vec<Finding>) {
    let mut inference = Inference::new(roots, known);
    let of = match template.parsed() {
        Some(Parsed::Value(expression)) => inference.of(&expression),
        Some(Parsed::Text(statement)) => {
            inference.statement(&statement);
            Kind::Text.into()
        }
        None => Type::UNKNOWN,
    };
    (of, inference.findings)
}

/// The reason a value, or a part of it if it is text, can be null.
pub(crate) fn nulls_of(template: &Expression, roots: &Roots, known: &Facts) -> Vec<String> {
    let mut inference = Inference::new(roots, known);
    match template.parsed() {
        Some(Parsed::Value(expression)) => {
            let of = inference.of(&expression);
            inference.becomes_text(&of);
        }
        Some(Parsed::Text(statement)) => inference.statement(&statement),
        None => {}
    }
    inference.nulls
}

/// An expression and its type. A type is found once: to find it again for each expression around it would take twice as long with each.
pub(super) type Typed<'a, 'e> = (&'a Expr<'e>, &'a Type);

/// An expression that is being looked at.
pub(super) struct Inference<'r> {
    roots: &'r Roots,
    facts: Facts,
    /// The names that the template itself defines, the innermost last.
    locals: Vec<(String, Type)>,
    /// True if what is missing or null here is expected.
    is_lenient: bool,
    findings: Vec<Finding>,
    /// The reason values that become text can be null.
    nulls: Vec<String>,
}

impl<'r> Inference<'r> {
    fn new(roots: &'r Roots, known: &Facts) -> Self {
        Self {
            roots,
            facts: known.clone(),
            locals: Vec::new(),
            is_lenient: false,
            findings: Vec::new(),
            nulls: Vec::new(),
        }
    }

    pub(super) fn error(&mut self, message: String) {
        self.find(Severity::Error, message);
    }

    pub(super) fn warning(&mut self, message: String) {
        self.find(Severity::Warning, message);
    }

    fn find(&mut self, severity: Severity, message: String) {
        let finding = Finding { severity, message };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Looks at something while more is known.
    fn knowing<T>(&mut self, more: &Facts, look: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.facts.clone();
        self.facts = before.clone().and(more);
        let seen = look(self);
        self.facts = before;
        seen
    }

    /// Looks at something that may be null or missing.
    pub(super) fn leniently<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.is_lenient, true);
        let seen = look(self);
        self.is_lenient = before;
        seen
    }

    /// Looks at something that must be there.
    pub(super) fn strictly<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.is_lenient, false);
        let seen = look(self);
        self.is_lenient = before;
        seen
    }

    /// True if what is null or missing here is expected.
    pub(super) fn is_expected(&self) -> bool {
        self.is_lenient
    }

    /// Looks at a condition.
    fn condition(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::BinOp(operation) if matches!(operation.op, BinOpKind::ScAnd | BinOpKind::ScOr) => {
                self.condition(&operation.left);
                let left = facts(&operation.left, matches!(operation.op, BinOpKind::ScAnd));
                self.knowing(&left, |this| {
                    this.condition(&operation.right);
                });
            }
            Expr::IfExpr(choice) => {
                self.of(&choice.test_expr);
                self.knowing(&facts(&choice.test_expr, true), |this| {
                    this.condition(&choice.true_expr);
                });
                if let Some(other) = &choice.false_expr {
                    self.knowing(&facts(&choice.test_expr, false), |this| this.condition(other));
                }
            }
            other => {
                let of = self.of(other);
                let shown = shown(other);
                match (&of.kind, &of.absence) {
                    (Kind::Unknown, None) | (Kind::Boolean, None) => {}
                    (Kind::Boolean | Kind::Unknown, Some(absence)) => self.error(format!(
                        "{shown} can be null ({}), but must give true or false; compare it, for example with `== true`",
                        absence.reason()
                    )),
                    _ => self.error(format!(
                        "{shown} gives {}, but must give true or false; compare it, for example with `!= none`",
                        of.words()
                    )),
                }
            }
        }
    }

    /// The type of an expression.
    pub(super) fn of(&mut self, expression: &Expr<'_>) -> Type {
        if let Some(named) = self.named(expression) {
            return named;
        }
        // A default looks through a chain of names. Of anything else it helps for the last step alone.
        let is_chain = path_of(expression).is_some();
        let has_last_step = matches!(expression, Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Filter(_));
        if self.is_lenient && !is_chain && !has_last_step {
            return self.strictly(|this| this.of(expression));
        }
        match expression {
            Expr::Const(constant) => match serde_json::to_value(&constant.value) {
                Ok(value) => Type::of_value(&value),
                Err(_) => Type::UNKNOWN,
            },
            Expr::Var(variable) => self.variable(variable.id),
            Expr::GetAttr(attribute) => {
                let outer = self.around(&attribute.expr, is_chain);
                self.field(&outer, &attribute.expr, attribute.name, expression)
            }
            Expr::GetItem(item) => {
                let outer = self.around(&item.expr, is_chain);
                match &item.subscript_expr {
                    Expr::Const(key) if key.value.as_str().is_some() => {
                        let name = key.value.as_str().unwrap_or_default();
                        self.field(&outer, &item.expr, name, expression)
                    }
                    subscript => {
                        self.strictly(|this| this.of(subscript));
                        self.entry(&outer, &item.expr, expression)
                    }
                }
            }
            Expr::Slice(slice) => {
                for bound in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.of(bound);
                }
                let of = self.of(&slice.expr);
                self.must_be_there(&of, &slice.expr, "cut");
                match of.kind {
                    Kind::List(_) | Kind::Text => of.present(),
                    Kind::Words(_) => Kind::Text.into(),
                    Kind::Unknown | Kind::Null => Type::UNKNOWN,
                    _ => {
                        self.error(format!("{} is {}, which has no parts", shown(&slice.expr), of.words()));
                        Type::UNKNOWN
                    }
                }
            }
            Expr::UnaryOp(operation) => match operation.op {
                UnaryOpKind::Not => {
                    self.of(&operation.expr);
                    Kind::Boolean.into()
                }
                UnaryOpKind::Neg => self.sign(&operation.expr),
            },
            Expr::BinOp(operation) => self.operation(operation.op, &operation.left, &operation.right),
            Expr::Compare(comparison) => self.chain(comparison),
            Expr::IfExpr(choice) => {
                self.of(&choice.test_expr);
                let yes = self.knowing(&facts(&choice.test_expr, true), |this| this.of(&choice.true_expr));
                match &choice.false_expr {
                    Some(other) => {
                        let no = self.knowing(&facts(&choice.test_expr, false), |this| this.of(other));
                        yes.or(no)
                    }
                    None => yes.or_missing("there is no `else`"),
                }
            }
            Expr::Filter(filter) => self.filter(filter),
            Expr::Test(test) => self.tested(test),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                let items: Vec<Type> = list.items.iter().map(|item| self.of(item)).collect();
                Type::list(Type::any_of(items))
            }
            Expr::Tuple(tuple) => {
                let items: Vec<Type> = tuple.items.iter().map(|item| self.of(item)).collect();
                Type::list(Type::any_of(items))
            }
            Expr::Map(map) => {
                let names = map.keys.iter().map(|key| match key {
                    Expr::Const(key) => key.value.as_str().map(str::to_owned),
                    _ => None,
                });
                let names: Option<Vec<String>> = names.collect();
                let values: Vec<Type> = map.values.iter().map(|value| self.of(value)).collect();
                match names {
                    Some(names) => Type::record(names.into_iter().zip(values)),
                    None => Kind::Map.into(),
                }
            }
        }
    }

    /// The type of a chain of comparisons.
    fn chain(&mut self, comparison: &Compare<'_>) -> Type {
        let mut left = (&comparison.expr, self.of(&comparison.expr));
        for next in &comparison.ops {
            let right = (&next.expr, self.of(&next.expr));
            self.comparison(next.op, (left.0, &left.1), (right.0, &right.1));
            left = right;
        }
        Kind::Boolean.into()
    }

    /// The type of a test.
    fn tested(&mut self, test: &Test<'_>) -> Type {
        let of = match test.name {
            "defined" | "undefined" => self.leniently(|this| this.of(&test.expr)),
            _ => self.strictly(|this| this.of(&test.expr)),
        };
        let arguments = test.args.iter().map(argument);
        let arguments: Vec<(&Expr<'_>, Type)> = arguments.map(|value| (value, self.of(value))).collect();
        if let Some((other, of_other)) = arguments.first() {
            self.test(test.name, (&test.expr, &of), (other, of_other));
        }
        Kind::Boolean.into()
    }

    /// The type of what a function gives.
    fn call(&mut self, call: &Call<'_>) -> Type {
        let given = call.args.iter();
        let given: Vec<Type> = given.map(|given| self.of(argument(given))).collect();
        if let Expr::Var(function) = &call.expr
            && let Some(of) = self.time_function(function.id, &call.args, &given)
        {
            return of;
        }
        match &call.expr {
            Expr::Var(function) if function.id == "range" => Type::list(Kind::Integer.into()),
            Expr::Var(function) if function.id == "dict" => Kind::Map.into(),
            _ => Type::UNKNOWN,
        }
    }

    /// The type of what a minus before it makes of a value.
    fn sign(&mut self, operand: &Expr<'_>) -> Type {
        let of = self.of(operand);
        match self.negated(operand, &of) {
            Some(of) => of,
            None => self.number((operand, &of), "-"),
        }
    }

    /// The type of what a field or an entry is taken from.
    fn around(&mut self, outer: &Expr<'_>, is_chain: bool) -> Type {
        match is_chain {
            true => self.of(outer),
            false => self.strictly(|this| this.of(outer)),
        }
    }

    /// The type of a variable of the run or of the result of a step.
    fn named(&mut self, expression: &Expr<'_>) -> Option<Type> {
        let (Expr::GetAttr(_) | Expr::GetItem(_)) = expression else {
            return None;
        };
        let path = path_of(expression)?;
        let (root, name) = path.split_once('.').filter(|(_, name)| !name.contains(['.', '[']))?;
        let of = match root {
            _ if self.locals.iter().any(|(local, _)| local == root) => return None,
            "vars" => self.roots.variables.get(name),
            "steps" => self.roots.steps.get(name),
            _ => return None,
        };
        let of = self.narrowed(of.cloned().unwrap_or(Type::UNKNOWN), &path);
        Some(self.used(of, expression))
    }

    fn variable(&mut self, name: &str) -> Type {
        if let Some((_, of)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return of.clone();
        }
        let of = self.roots.root(name, &self.facts);
        self.narrowed(of, name)
    }

    /// A type with what is known of the value.
    fn narrowed(&self, mut of: Type, path: &str) -> Type {
        if let (Kind::Record(record), Some(step)) = (&of.kind, step_of_outputs(path))
            && let Some(doubt) = self.roots.uncertain.get(step)
        {
            let outcome = format!("steps.{step}.outcome");
            let has_succeeded = ["failure", "skipped"]
                .iter()
                .all(|word| !self.facts.allows(&outcome, word))
                || doubt.unless.as_ref().is_some_and(|source| self.facts.holds(source));
            if !has_succeeded {
                let fields = record.fields.iter();
                let fields = fields.map(|(name, of)| (name.clone(), of.clone().or_missing(doubt.reason.clone())));
                of = Type::record(fields);
            }
        }
        if let Some(step) = path.strip_prefix("steps.").and_then(|path| path.strip_suffix(".error")) {
            let outcome = format!("steps.{step}.outcome");
            // What failed has an error.
            if ["success", "skipped"]
                .iter()
                .all(|word| !self.facts.allows(&outcome, word))
            {
                return of.present();
            }
        }
        match &of.absence {
            Some(_) if self.facts.is_present(path) => of.present(),
            Some(Absence::Missing(_)) if self.facts.is_defined(path) => of.present(),
            _ => of,
        }
    }

    /// The type of a field. `outer` is the type of `of`, and `whole` names the field in it.
    fn field(&mut self, outer: &Type, of: &Expr<'_>, name: &str, whole: &Expr<'_>) -> Type {
        let is_there = self.must_have(outer, of, whole);
        let found = match &outer.kind {
            Kind::Unknown | Kind::Map => Type::UNKNOWN,
            // Nothing is ever found in it. A `default` then always gives what it has.
            Kind::Null => Kind::Null.into(),
            Kind::Record(record) => match record.field(name) {
                Some(field) => field.clone(),
                None => {
                    let meant = record.meant.iter().find(|(written, _)| *written == name);
                    let known = record.fields.iter().map(|(known, _)| known.as_ref());
                    let hint = match meant {
                        Some((_, meant)) => format!("`{name}` is not known; did you mean `{meant}`?"),
                        None => unknown_field(name, known),
                    };
                    self.error(format!("{}: in {}, {hint}", shown(whole), shown(of)));
                    Type::UNKNOWN
                }
            },
            Kind::List(_) => {
                let list = path_of(of).unwrap_or_else(|| "list".to_owned());
                self.error(format!(
                    "{}: {} is a list; take one of its entries, as in `{list}[0].{name}`, or go through all with `for_each`",
                    shown(whole),
                    shown(of)
                ));
                Type::UNKNOWN
            }
            Kind::Time => {
                let (whole, of) = (shown(whole), shown(of));
                self.error(format!(
                    "{whole}: {of} is a time, which has no fields until a zone is named, as in `({} | in_zone('Europe/Berlin')).hour`",
                    bare(&of)
                ));
                Type::UNKNOWN
            }
            Kind::Boolean | Kind::Integer | Kind::Number | Kind::Text | Kind::Words(_) | Kind::Duration => {
                self.has_nothing_in_it(outer, of, whole)
            }
        };
        self.taken(found, is_there, whole)
    }

    /// The type of an entry of a list, or of a field whose name is computed.
    fn entry(&mut self, outer: &Type, of: &Expr<'_>, whole: &Expr<'_>) -> Type {
        let is_there = self.must_have(outer, of, whole);
        let found = match &outer.kind {
            // A number names no field. A computed name may.
            Kind::Record(_) if path_of(whole).is_some() => {
                let whole = shown(whole);
                self.error(format!("{whole}: {} is a map, whose fields have names", shown(of)));
                Type::UNKNOWN
            }
            Kind::Unknown | Kind::Map | Kind::Record(_) => Type::UNKNOWN,
            Kind::Null => Kind::Null.into(),
            Kind::List(of) => of.as_ref().clone().or_missing("the list may have fewer entries"),
            Kind::Text | Kind::Words(_) => Kind::Text.into(),
            Kind::Boolean | Kind::Integer | Kind::Number | Kind::Time | Kind::Duration => {
                self.has_nothing_in_it(outer, of, whole)
            }
        };
        self.taken(found, is_there, whole)
    }

    /// The type of something that was taken from a value, with what is known of it.
    fn taken(&mut self, found: Type, is_there: bool, whole: &Expr<'_>) -> Type {
        let found = match is_there {
            true => found,
            false => found.or_missing("what it is in can be null or missing"),
        };
        let found = match path_of(whole) {
            Some(path) => self.narrowed(found, &path),
            None => found,
        };
        self.used(found, whole)
    }

    fn has_nothing_in_it(&mut self, outer: &Type, of: &Expr<'_>, whole: &Expr<'_>) -> Type {
        let (whole, of) = (shown(whole), shown(of));
        self.error(format!("{whole}: {of} is {}, with nothing in it", outer.words()));
        Type::UNKNOWN
    }

    /// True if a value that something is taken from is there. Says so if it need not be.
    fn must_have(&mut self, outer: &Type, of: &Expr<'_>, whole: &Expr<'_>) -> bool {
        match &outer.absence {
            None => true,
            Some(_) if self.is_lenient && path_of(whole).is_some() => false,
            Some(absence) => {
                self.absent(absence, &outer.kind, of, whole);
                true
            }
        }
    }

    fn absent(&mut self, absence: &Absence, kind: &Kind, of: &Expr<'_>, whole: &Expr<'_>) {
        let reason = absence.reason();
        let (of, whole) = (shown(of), shown(whole));
        match (absence, kind) {
            (Absence::Null(_), Kind::Null) => self.error(format!("{whole}: {of} is always null here: {reason}")),
            (Absence::Null(_), _) => self.find(
                Severity::Absent,
                format!(
                    "{whole}: {of} can be null: {reason}; test `{} is not none` first, or write `{} | default(…)`",
                    bare(&of),
                    bare(&whole)
                ),
            ),
            (Absence::Missing(_), _) => self.warning(format!(
                "{whole}: {of} may be missing: {reason}; test that it is there first, or write `{} | default(…)`",
                bare(&whole)
            )),
        }
    }

    /// A value that may be missing fails as soon as it is used, so that is said where it is named.
    fn used(&mut self, found: Type, whole: &Expr<'_>) -> Type {
        match (&found.absence, self.is_lenient) {
            (Some(Absence::Missing(reason)), false) => {
                let whole = shown(whole);
                self.warning(format!(
                    "{whole} may be missing: {reason}; test that it is there first, or write `{} | default(…)`",
                    bare(&whole)
                ));
                found.present()
            }
            _ => found,
        }
    }

    /// Says that a value can be null where that would fail.
    pub(super) fn must_be_there(&mut self, of: &Type, expression: &Expr<'_>, operation: &str) {
        let Some(absence) = &of.absence else { return };
        let whole = shown(expression);
        let can_be = if of.kind == Kind::Null { "is always" } else { "can be" };
        let severity = match of.kind {
            Kind::Null => Severity::Error,
            _ => Severity::Absent,
        };
        self.find(severity, format!(
            "{whole} {can_be} null, and null cannot be used with `{operation}`: {}; test `{1} is not none` first, or write \
             `{1} | default(…)`",
            absence.reason(),
            bare(&whole)
        ));
    }

    fn number(&mut self, (expression, of): Typed<'_, '_>, operator: &str) -> Type {
        self.must_be_there(of, expression, operator);
        match of.kind {
            Kind::Integer | Kind::Number => of.clone().present(),
            Kind::Unknown | Kind::Null => Type::UNKNOWN,
            _ => {
                let remedy = match of.kind {
                    Kind::Duration => "take its seconds with `| seconds`",
                    Kind::Time => "take a duration, such as `now - time(x)`, and its seconds with `| seconds`",
                    _ => "make one of it with `| int`",
                };
                self.error(format!(
                    "{} is {}, but `{operator}` takes numbers; {remedy}",
                    shown(expression),
                    of.words()
                ));
                Type::UNKNOWN
            }
        }
    }

    fn operation(&mut self, op: BinOpKind, left: &Expr<'_>, right: &Expr<'_>) -> Type {
        if let Some(comparison) = comparison_of(op) {
            let (one, other) = (self.of(left), self.of(right));
            self.comparison(comparison, (left, &one), (right, &other));
            return Kind::Boolean.into();
        }
        match op {
            BinOpKind::ScAnd | BinOpKind::ScOr => {
                let one = self.of(left);
                let known = facts(left, matches!(op, BinOpKind::ScAnd));
                let other = self.knowing(&known, |this| this.of(right));
                match (op, &one.absence) {
                    // What counts as true is not null.
                    (BinOpKind::ScOr, Some(_)) => one.present().or(other),
                    _ => one.or(other),
                }
            }
            BinOpKind::Concat => {
                for part in [left, right] {
                    let of = self.of(part);
                    self.becomes_text(&of);
                }
                Kind::Text.into()
            }
            BinOpKind::Add => self.sum(left, right),
            BinOpKind::Sub => self.arithmetic(left, right, "-"),
            BinOpKind::Mul => self.product(left, right),
            BinOpKind::Div => {
                self.arithmetic(left, right, "/");
                Kind::Number.into()
            }
            BinOpKind::FloorDiv => self.arithmetic(left, right, "//"),
            BinOpKind::Rem => self.arithmetic(left, right, "%"),
            BinOpKind::Pow => self.arithmetic(left, right, "**"),
            _ => Type::UNKNOWN,
        }
    }

    /// Notes a value that becomes text: null is nothing there, but matters in a key.
    pub(super) fn becomes_text(&mut self, of: &Type) {
        if let Some(absence) = &of.absence {
            self.nulls.push(absence.reason().to_owned());
        }
    }

    fn arithmetic(&mut self, left: &Expr<'_>, right: &Expr<'_>, operator: &str) -> Type {
        let (one, other) = (self.of(left), self.of(right));
        if operator == "-"
            && let Some(of) = self.difference((left, &one), (right, &other))
        {
            return of;
        }
        let one = self.number((left, &one), operator);
        let other = self.number((right, &other), operator);
        one.or(other)
    }

    /// `+` adds numbers, and puts texts or lists together.
    fn sum(&mut self, left: &Expr<'_>, right: &Expr<'_>) -> Type {
        let (one, other) = (self.of(left), self.of(right));
        self.must_be_there(&one, left, "+");
        self.must_be_there(&other, right, "+");
        if let Some(of) = self.sum_of_times((left, &one), (right, &other)) {
            return of;
        }
        match (Class::of(&one), Class::of(&other)) {
            (None, of) | (of, None) if of.is_none_or(Class::is_operand) => Type::UNKNOWN,
            (Some(a), Some(b)) if a == b && a.is_operand() => match one.present().or(other.present()).kind {
                Kind::Words(_) => Kind::Text.into(),
                kind => kind.into(),
            },
            _ => {
                self.error(format!(
                    "{} is {} and {} is {}, and `+` takes two of a kind; join text with `~`",
                    shown(left),
                    one.words(),
                    shown(right),
                    other.words()
                ));
                Type::UNKNOWN
            }
        }
    }

    /// `*` multiplies numbers, and repeats a text or a list.
    fn product(&mut self, left: &Expr<'_>, right: &Expr<'_>) -> Type {
        let (one, other) = (self.of(left), self.of(right));
        self.must_be_there(&one, left, "*");
        self.must_be_there(&other, right, "*");
        if let Some(of) = self.product_of_durations((left, &one), (right, &other)) {
            return of;
        }
        match (Class::of(&one), Class::of(&other)) {
            (Some(Class::Number), Some(Class::Number)) => one.present().or(other.present()),
            (Some(Class::Text | Class::List), Some(Class::Number)) => one.present(),
            (Some(Class::Number), Some(Class::Text | Class::List)) => other.present(),
            (None, of) | (of, None) if of.is_none_or(Class::is_operand) => Type::UNKNOWN,
            _ => {
                self.error(format!(
                    "{} is {} and {} is {}, and `*` takes numbers",
                    shown(left),
                    one.words(),
                    shown(right),
                    other.words()
                ));
                Type::UNKNOWN
            }
        }
    }

    /// Checks a test of a value and another one.
    fn test(&mut self, name: &str, left: Typed<'_, '_>, right: Typed<'_, '_>) {
        let is_of_time = |of: &Type| Class::of(of).is_some_and(Class::is_temporal);
        match name {
            "eq" | "equalto" | "==" => self.comparison(CompareOpKind::Eq, left, right),
            "ne" | "!=" => self.comparison(CompareOpKind::Ne, left, right),
            "in" => self.comparison(CompareOpKind::In, left, right),
            "lt" | "lessthan" | "<" | "le" | "<=" | "gt" | "greaterthan" | ">" | "ge" | ">="
                if is_of_time(left.1) || is_of_time(right.1) =>
            {
                self.comparison(CompareOpKind::Lt, left, right);
            }
            _ => {}
        }
    }

    fn comparison(&mut self, op: CompareOpKind, (left, one): Typed<'_, '_>, (right, other): Typed<'_, '_>) {
        match op {
            CompareOpKind::Eq | CompareOpKind::Ne => {
                self.equality(left, one, right, other);
                self.word(left, one, right);
                self.word(right, other, left);
            }
            CompareOpKind::In | CompareOpKind::NotIn => self.membership(left, one, right, other),
            CompareOpKind::Lt | CompareOpKind::Lte | CompareOpKind::Gt | CompareOpKind::Gte => {
                self.must_be_there(one, left, "<");
                self.must_be_there(other, right, "<");
                self.equality(left, one, right, other);
            }
        }
    }

    /// Values of different classes are never equal.
    fn equality(&mut self, left: &Expr<'_>, one: &Type, right: &Expr<'_>, other: &Type) {
        if let (Some(a), Some(b)) = (Class::of(one), Class::of(other))
            && a != b
        {
            if a.is_temporal() || b.is_temporal() {
                return self.error(format!(
                    "{} is {} and {} is {}, which cannot be compared; {ONE_KIND}",
                    shown(left),
                    one.words(),
                    shown(right),
                    other.words()
                ));
            }
            self.error(format!(
                "{} is {} and {} is {}, which are never the same",
                shown(left),
                one.words(),
                shown(right),
                other.words()
            ));
        }
    }

    /// Says that a value is never the word that it is compared with.
    fn word(&mut self, operand: &Expr<'_>, of: &Type, literal: &Expr<'_>) {
        if let (Kind::Words(words), Expr::Const(constant)) = (&of.kind, literal)
            && let Some(word) = constant.value.as_str()
        {
            self.is_known(operand, words, word);
        }
    }

    fn is_known(&mut self, operand: &Expr<'_>, words: &Words, word: &str) {
        let known = || words.known.iter().map(AsRef::as_ref);
        if known().any(|known| known == word) {
            return;
        }
        let hint = match nearest(&word.to_lowercase(), known()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        let listed: Vec<&str> = known().take(12).collect();
        let message = format!(
            "{} is never `{word:.40}`: it is {}{hint}",
            shown(operand),
            listed.join(", ")
        );
        match words.are_ours {
            true => self.error(message),
            // The system may have words that are not known yet.
            false => self.warning(message),
        }
    }

    fn membership(&mut self, left: &Expr<'_>, one: &Type, right: &Expr<'_>, other: &Type) {
        if other.absence.is_some() {
            self.must_be_there(other, right, "in");
        }
        match &other.kind {
            Kind::List(of) => {
                self.equality(left, one, right, of);
                if let (Kind::Words(words), Expr::List(list)) = (&one.kind, right) {
                    for item in &list.items {
                        if let Expr::Const(constant) = item
                            && let Some(word) = constant.value.as_str()
                        {
                            self.is_known(left, words, word);
                        }
                    }
                }
            }
            Kind::Text | Kind::Words(_) => {
                self.must_be_there(one, left, "in");
                if Class::of(one).is_some_and(|class| class != Class::Text) {
                    self.error(format!(
                        "{} is {}, but only text can be in text",
                        shown(left),
                        one.words()
                    ));
                }
            }
            Kind::Map | Kind::Record(_) if Class::of(one).is_some_and(Class::is_temporal) => {
                self.error(format!(
                    "{} is {}, which can only be looked for in a list",
                    shown(left),
                    one.words()
                ));
            }
            Kind::Boolean | Kind::Integer | Kind::Number | Kind::Time | Kind::Duration => {
                self.error(format!(
                    "{} is {}, and nothing can be in it",
                    shown(right),
                    other.words()
                ));
            }
            Kind::Unknown | Kind::Null | Kind::Map | Kind::Record(_) => {}
        }
    }

    /// Looks at a piece of a template.
    fn statement(&mut self, statement: &Stmt<'_>) {
        let depth = self.locals.len();
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emitted) => {
                let of = self.of(&emitted.expr);
                self.becomes_text(&of);
                // A variable may be null on purpose.
                if let (Kind::Null, Some(absence)) = (&of.kind, &of.absence)
                    && path_of(&emitted.expr).is_some_and(|path| path.starts_with("event."))
                {
                    let reason = absence.reason().to_owned();
                    self.error(format!("{} is always null here: {reason}", shown(&emitted.expr)));
                }
            }
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(each) => {
                let list = self.of(&each.iter);
                let item = self.item_of(&list, &each.iter);
                self.locals.push(("loop".to_owned(), Type::UNKNOWN));
                self.assign(&each.target, &item);
                let known = each.filter_expr.as_ref().map(|filter| {
                    self.of(filter);
                    facts(filter, true)
                });
                self.knowing(&known.unwrap_or_default(), |this| this.statements(&each.body));
                self.locals.truncate(depth);
                self.statements(&each.else_body);
            }
            Stmt::IfCond(choice) => {
                self.of(&choice.expr);
                self.knowing(&facts(&choice.expr, true), |this| this.statements(&choice.true_body));
                self.knowing(&facts(&choice.expr, false), |this| this.statements(&choice.false_body));
            }
            Stmt::WithBlock(block) => {
                for (target, value) in &block.assignments {
                    let of = self.of(value);
                    self.assign(target, &of);
                }
                self.statements(&block.body);
                self.locals.truncate(depth);
            }
            Stmt::Set(set) => {
                let of = self.of(&set.expr);
                self.assign(&set.target, &of);
            }
            Stmt::SetBlock(set) => {
                self.statements(&set.body);
                self.assign(&set.target, &Kind::Text.into());
            }
            Stmt::AutoEscape(block) => self.statements(&block.body),
            Stmt::FilterBlock(block) => self.statements(&block.body),
            Stmt::Do(_) => {}
        }
    }

    /// What is set in a piece of a template can be seen behind it, but for loops and the like.
    fn statements(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn assign(&mut self, target: &Expr<'_>, of: &Type) {
        match target {
            Expr::Var(name) => {
                self.facts.forget(name.id);
                self.locals.push((name.id.to_owned(), of.clone()));
            }
            Expr::List(list) => {
                for part in &list.items {
                    self.assign(part, &Type::UNKNOWN);
                }
            }
            Expr::Tuple(tuple) => {
                for part in &tuple.items {
                    self.assign(part, &Type::UNKNOWN);
                }
            }
            _ => {}
        }
    }

    /// The type of what is in a list.
    pub(super) fn item_of(&mut self, list: &Type, expression: &Expr<'_>) -> Type {
        match &list.kind {
            Kind::List(of) => of.as_ref().clone(),
            Kind::Text | Kind::Words(_) | Kind::Record(_) => Kind::Text.into(),
            Kind::Unknown | Kind::Null | Kind::Map => Type::UNKNOWN,
            Kind::Boolean | Kind::Integer | Kind::Number | Kind::Time | Kind::Duration => {
                self.error(format!(
                    "{} is {}, but should be a list",
                    shown(expression),
                    list.words()
                ));
                Type::UNKNOWN
            }
        }
    }

    /// True if a list is known to have an entry.
    pub(super) fn has_entries(&self, list: &Expr<'_>) -> bool {
        path_of(list).is_some_and(|path| self.facts.is_present(&format!("{path}[0]")))
    }
}

/// Types whose values can be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Boolean,
    Number,
    Text,
    List,
    Map,
    Time,
    Duration,
}

impl Class {
    /// True for times and durations, which are never compared with other values.
    pub(super) fn is_temporal(self) -> bool {
        matches!(self, Self::Time | Self::Duration)
    }

    /// True if a value of the class can be added or multiplied, whatever the other one is.
    fn is_operand(self) -> bool {
        matches!(self, Self::Number | Self::Text | Self::List)
    }

    /// The class of a type; none if it can be anything or is null.
    pub(super) fn of(of: &Type) -> Option<Self> {
        match of.kind {
            Kind::Unknown | Kind::Null => None,
            Kind::Boolean => Some(Self::Boolean),
            Kind::Integer | Kind::Number => Some(Self::Number),
            Kind::Text | Kind::Words(_) => Some(Self::Text),
            Kind::List(_) => Some(Self::List),
            Kind::Record(_) | Kind::Map => Some(Self::Map),
            Kind::Time => Some(Self::Time),
            Kind::Duration => Some(Self::Duration),
        }
    }
}

/// The value of an argument.
pub(super) fn argument<'a, 'e>(argument: &'a CallArg<'e>) -> &'a Expr<'e> {
    match argument {
        CallArg::Pos(value) | CallArg::Kwarg(_, value) | CallArg::PosSplat(value) | CallArg::KwargSplat(value) => value,
    }
}

/// The step whose outputs a way leads to.
fn step_of_outputs(path: &str) -> Option<&str> {
    let step = path.strip_prefix("steps.")?.strip_suffix(".outputs")?;
    (!step.contains('.')).then_some(step)
}

/// An expression as people know it.
pub(super) fn shown(expression: &Expr<'_>) -> String {
    if let Some(path) = path_of(expression) {
        return format!("`{path}`");
    }
    match expression {
        Expr::Const(constant) => match serde_json::to_string(&constant.value) {
            Ok(value) => format!("`{value:.60}`"),
            Err(_) => "a value".to_owned(),
        },
        Expr::Filter(filter) => match &filter.expr {
            Some(operand) => format!("`{} | {}`", bare(&shown(operand)), filter.name),
            None => format!("`{}`", filter.name),
        },
        Expr::GetAttr(attribute) => format!("`({}).{}`", bare(&shown(&attribute.expr)), attribute.name),
        Expr::GetItem(item) => format!("`{}[…]`", bare(&shown(&item.expr))),
        Expr::Call(call) => format!("`{}(…)`", bare(&shown(&call.expr))),
        Expr::List(_) => "the list".to_owned(),
        Expr::Map(_) => "the map".to_owned(),
        _ => "the expression".to_owned(),
    }
}

/// Without its quotes.
pub(super) fn bare(shown: &str) -> &str {
    shown.trim_matches('`')
}
