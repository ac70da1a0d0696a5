//! Facts about values where a condition holds, and where it does not.

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind};
use std::collections::{BTreeMap, BTreeSet};

/// Facts about values, by the way to them, such as `event.incident.priority`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Those that are neither null nor missing.
    present: BTreeSet<String>,
    /// Those that are not missing.
    defined: BTreeSet<String>,
    /// The words that they can be.
    words: BTreeMap<String, BTreeSet<String>>,
    /// The words that they are not.
    not: BTreeMap<String, BTreeSet<String>>,
    /// The sources of the conditions that hold.
    holding: BTreeSet<String>,
}

impl Facts {
    /// A value is there.
    pub(crate) fn present(path: impl Into<String>) -> Self {
        Self {
            present: BTreeSet::from([path.into()]),
            ..Self::default()
        }
    }

    /// The condition of this source holds.
    pub(crate) fn holding(source: &str) -> Self {
        Self {
            holding: BTreeSet::from([source.to_owned()]),
            ..Self::default()
        }
    }

    /// True if the condition of this source is known to hold.
    pub(crate) fn holds(&self, source: &str) -> bool {
        self.holding.contains(source)
    }

    fn defined(path: String) -> Self {
        Self {
            defined: BTreeSet::from([path]),
            ..Self::default()
        }
    }

    fn one_of(path: String, words: BTreeSet<String>) -> Self {
        Self {
            present: BTreeSet::from([path.clone()]),
            words: BTreeMap::from([(path, words)]),
            ..Self::default()
        }
    }

    fn none_of(path: String, words: BTreeSet<String>) -> Self {
        Self {
            not: BTreeMap::from([(path, words)]),
            ..Self::default()
        }
    }

    /// True if a value is known to be there: it, or something in it.
    pub(crate) fn is_present(&self, path: &str) -> bool {
        self.present.iter().any(|known| is_within(known, path))
    }

    /// True if a value is known not to be missing.
    pub(crate) fn is_defined(&self, path: &str) -> bool {
        self.is_present(path) || self.defined.iter().any(|known| is_within(known, path))
    }

    /// True if a value can be a word.
    pub(crate) fn allows(&self, path: &str, word: &str) -> bool {
        self.words.get(path).is_none_or(|words| words.contains(word))
            && self.not.get(path).is_none_or(|words| !words.contains(word))
    }

    /// True if anything is known of the words that a value can be.
    pub(crate) fn limits(&self, path: &str) -> bool {
        self.words.contains_key(path) || self.not.contains_key(path)
    }

    /// These, and the others as well.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.present.extend(other.present.iter().cloned());
        self.defined.extend(other.defined.iter().cloned());
        self.holding.extend(other.holding.iter().cloned());
        for (path, words) in &other.words {
            let both = match self.words.get(path) {
                Some(known) => known.intersection(words).cloned().collect(),
                None => words.clone(),
            };
            self.words.insert(path.clone(), both);
        }
        for (path, words) in &other.not {
            self.not.entry(path.clone()).or_default().extend(words.iter().cloned());
        }
        self
    }

    /// The facts if these hold or the others.
    fn or(&self, other: &Self) -> Self {
        let both = |mine: &BTreeSet<String>, is_other: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
            mine.iter().filter(|path| is_other(path)).cloned().collect()
        };
        let mut present = both(&self.present, &|path| other.is_present(path));
        present.extend(both(&other.present, &|path| self.is_present(path)));
        let mut defined = both(&self.defined, &|path| other.is_defined(path));
        defined.extend(both(&other.defined, &|path| self.is_defined(path)));
        let join = |mine: &BTreeMap<String, BTreeSet<String>>, theirs: &BTreeMap<String, BTreeSet<String>>| {
            let in_both = mine
                .iter()
                .filter_map(|(path, words)| Some((path, words, theirs.get(path)?)));
            in_both
                .map(|(path, words, others)| (path.clone(), (words.clone(), others.clone())))
                .collect::<BTreeMap<_, _>>()
        };
        let words = join(&self.words, &other.words);
        let not = join(&self.not, &other.not);
        Self {
            present,
            defined,
            words: words.into_iter().map(|(path, (a, b))| (path, &a | &b)).collect(),
            not: not.into_iter().map(|(path, (a, b))| (path, &a & &b)).collect(),
            holding: &self.holding & &other.holding,
        }
    }

    /// Forgets what is known of a value and of what is in it, because it gets another one.
    pub(crate) fn forget(&mut self, path: &str) {
        self.present.retain(|known| !is_within(known, path));
        self.defined.retain(|known| !is_within(known, path));
        self.words.retain(|known, _| !is_within(known, path));
        self.not.retain(|known, _| !is_within(known, path));
    }
}

/// True if one value is another or in it.
fn is_within(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The way to the value of an expression, if it only names one.
pub(super) fn path_of(expression: &Expr<'_>) -> Option<String> {
    match expression {
        Expr::Var(variable) => Some(variable.id.to_owned()),
        Expr::GetAttr(attribute) => Some(format!("{}.{}", path_of(&attribute.expr)?, attribute.name)),
        Expr::GetItem(item) => {
            let outer = path_of(&item.expr)?;
            let Expr::Const(key) = &item.subscript_expr else {
                return None;
            };
            match (key.value.as_str(), key.value.as_i64()) {
                (Some(name), _) => Some(format!("{outer}.{name}")),
                (None, Some(index)) => Some(format!("{outer}[{index}]")),
                (None, None) => None,
            }
        }
        _ => None,
    }
}

/// The facts where an expression counts as true (`holds`), or does not.
pub(super) fn facts(expression: &Expr<'_>, holds: bool) -> Facts {
    match expression {
        Expr::UnaryOp(operation) if matches!(operation.op, UnaryOpKind::Not) => facts(&operation.expr, !holds),
        Expr::BinOp(operation) => match (operation.op, holds) {
            (BinOpKind::ScAnd, true) | (BinOpKind::ScOr, false) => {
                facts(&operation.left, holds).and(&facts(&operation.right, holds))
            }
            (BinOpKind::ScAnd, false) | (BinOpKind::ScOr, true) => {
                facts(&operation.left, holds).or(&facts(&operation.right, holds))
            }
            (op, _) => comparison_of(op).map_or_else(Facts::default, |op| {
                compared(&operation.left, op, &operation.right, holds)
            }),
        },
        Expr::Compare(comparison) => match comparison.ops.as_slice() {
            [only] => compared(&comparison.expr, only.op, &only.expr, holds),
            _ => Facts::default(),
        },
        Expr::Test(test) => tested(&test.expr, test.name, test.args.first(), holds),
        Expr::Filter(filter) => match (filter.name, &filter.expr) {
            ("length" | "count", Some(operand)) if holds => not_empty(operand),
            // With a default that counts as false, only the value itself can have made it true.
            ("default" | "d", Some(operand)) if holds => match filter.args.first() {
                Some(CallArg::Pos(Expr::Const(other))) if !other.value.is_true() => facts(operand, true),
                None => facts(operand, true),
                _ => Facts::default(),
            },
            _ => Facts::default(),
        },
        Expr::IfExpr(choice) => {
            let yes = facts(&choice.test_expr, true).and(&facts(&choice.true_expr, holds));
            match &choice.false_expr {
                Some(other) => yes.or(&facts(&choice.test_expr, false).and(&facts(other, holds))),
                None => yes,
            }
        }
        other => match (path_of(other), holds) {
            (Some(path), true) => Facts::present(path.clone()).and(&Facts::present(format!("{path}[0]"))),
            _ => Facts::default(),
        },
    }
}

/// A list or a text that is not empty.
fn not_empty(operand: &Expr<'_>) -> Facts {
    path_of(operand).map_or_else(Facts::default, |path| Facts::present(format!("{path}[0]")))
}

/// The comparison that an operator is, for expressions that minijinja reads without a chain.
pub(super) fn comparison_of(op: BinOpKind) -> Option<CompareOpKind> {
    match op {
        BinOpKind::Eq => Some(CompareOpKind::Eq),
        BinOpKind::Ne => Some(CompareOpKind::Ne),
        BinOpKind::Lt => Some(CompareOpKind::Lt),
        BinOpKind::Lte => Some(CompareOpKind::Lte),
        BinOpKind::Gt => Some(CompareOpKind::Gt),
        BinOpKind::Gte => Some(CompareOpKind::Gte),
        BinOpKind::In => Some(CompareOpKind::In),
        _ => None,
    }
}

fn compared(left: &Expr<'_>, op: CompareOpKind, right: &Expr<'_>, holds: bool) -> Facts {
    match op {
        CompareOpKind::Eq => equal(left, right, holds),
        CompareOpKind::Ne => equal(left, right, !holds),
        CompareOpKind::In => in_list(left, right, holds),
        CompareOpKind::NotIn => in_list(left, right, !holds),
        CompareOpKind::Gt | CompareOpKind::Gte | CompareOpKind::Lt | CompareOpKind::Lte => {
            let is_positive = |number: i64| match op {
                CompareOpKind::Gt => number >= 0,
                _ => number >= 1,
            };
            match (length_of(left), constant(right)) {
                (Some(list), Some(number)) if matches!(op, CompareOpKind::Gt | CompareOpKind::Gte) && holds => {
                    match number.as_i64().is_some_and(is_positive) {
                        true => not_empty(list),
                        false => Facts::default(),
                    }
                }
                _ => Facts::default(),
            }
        }
    }
}

/// The list whose length an expression is.
fn length_of<'a, 'e>(expression: &'a Expr<'e>) -> Option<&'a Expr<'e>> {
    match expression {
        Expr::Filter(filter) if matches!(filter.name, "length" | "count") => filter.expr.as_ref(),
        _ => None,
    }
}

fn constant<'a>(expression: &'a Expr<'_>) -> Option<&'a minijinja::Value> {
    match expression {
        Expr::Const(constant) => Some(&constant.value),
        _ => None,
    }
}

fn equal(left: &Expr<'_>, right: &Expr<'_>, holds: bool) -> Facts {
    let (operand, value) = match (constant(left), constant(right)) {
        (None, Some(value)) => (left, value),
        (Some(value), None) => (right, value),
        _ => return Facts::default(),
    };
    if let (Some(list), Some(0), false) = (length_of(operand), value.as_i64(), holds) {
        return not_empty(list);
    }
    let Some(path) = path_of(operand) else {
        return Facts::default();
    };
    match (value.is_none(), value.as_str(), holds) {
        (true, _, false) => Facts::present(path),
        (true, _, true) => Facts::default(),
        (false, Some(word), true) => Facts::one_of(path, BTreeSet::from([word.to_owned()])),
        (false, Some(word), false) => Facts::none_of(path, BTreeSet::from([word.to_owned()])),
        (false, None, true) => Facts::present(path),
        (false, None, false) => Facts::default(),
    }
}

fn in_list(left: &Expr<'_>, right: &Expr<'_>, holds: bool) -> Facts {
    let values = match right {
        Expr::List(list) => list.items.iter().map(constant).collect::<Option<Vec<_>>>(),
        Expr::Tuple(tuple) => tuple.items.iter().map(constant).collect(),
        Expr::Const(list) => {
            let items: Option<Vec<minijinja::Value>> = list.value.try_iter().ok().map(Iterator::collect);
            return match (path_of(left), items) {
                (Some(path), Some(items)) => one_of(path, &items.iter().collect::<Vec<_>>(), holds),
                _ => Facts::default(),
            };
        }
        _ => None,
    };
    match (path_of(left), values) {
        (Some(path), Some(values)) => one_of(path, &values, holds),
        _ => Facts::default(),
    }
}

fn one_of(path: String, values: &[&minijinja::Value], holds: bool) -> Facts {
    let words: Option<BTreeSet<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    match (words, holds) {
        (Some(words), true) => Facts::one_of(path, words),
        (Some(words), false) => Facts::none_of(path, words),
        (None, true) if values.iter().all(|value| !value.is_none()) => Facts::present(path),
        (None, _) => Facts::default(),
    }
}

fn tested(operand: &Expr<'_>, test: &str, argument: Option<&CallArg<'_>>, holds: bool) -> Facts {
    let argument = match argument {
        Some(CallArg::Pos(argument)) => Some(argument),
        _ => None,
    };
    match (test, argument) {
        ("eq" | "equalto" | "==" | "sameas", Some(other)) => return equal(operand, other, holds),
        ("ne" | "!=", Some(other)) => return equal(operand, other, !holds),
        ("in", Some(list)) => return in_list(operand, list, holds),
        _ => {}
    }
    let Some(path) = path_of(operand) else {
        return Facts::default();
    };
    match (test, holds) {
        ("none", false) => Facts::present(path),
        ("defined", true) | ("undefined", false) => Facts::defined(path),
        (
            "boolean" | "divisibleby" | "endingwith" | "even" | "float" | "integer" | "int" | "iterable" | "lower"
            | "mapping" | "number" | "odd" | "sequence" | "startingwith" | "string" | "true" | "false" | "upper",
            true,
        ) => Facts::present(path),
        _ => Facts::default(),
    }
}
