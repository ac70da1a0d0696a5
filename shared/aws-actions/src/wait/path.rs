//! Expressions over an answer: the part of JMESPath that waiters use.
//!
//! It has names, lists that are flattened (`a[].b`), filters (`a[?b == 'c']`), `length(…)`, comparisons, `&&`, `||`, `!`, brackets, and
//! literals (`` `0` ``, `'text'`). <https://jmespath.org/specification.html>

use crate::name::snake_case;
use serde_json::{Map, Value};

/// The most parts within each other.
const DEEPEST: usize = 16;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Literal(Value),
    /// The value that the expression is about.
    This,
    /// A member of what an expression gives.
    Member(Box<Expression>, String),
    /// The values of an expression for each entry of a list, without nulls.
    Each(Box<Expression>, Box<Expression>),
    /// A list with the entries of the lists in it.
    Flat(Box<Expression>),
    /// The entries of a list for which a condition holds.
    Filtered(Box<Expression>, Box<Expression>),
    Length(Box<Expression>),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Compared(Box<Expression>, Comparison, Box<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// A text that is no expression, or one of the parts of JMESPath that are not read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be read from `{0}` on")]
pub(super) struct Unreadable(String);

impl Expression {
    /// Reads an expression. Names are those of the service, and stand for those that workflows have.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut parser = Parser { rest: text, depth: 0 };
        let expression = parser.either()?;
        match parser.rest.trim_start() {
            "" => Ok(expression),
            _ => Err(parser.unreadable()),
        }
    }

    /// The value over an answer.
    pub(super) fn value(&self, answer: &Map<String, Value>) -> Value {
        self.of(&Value::Object(answer.clone()))
    }

    fn of(&self, this: &Value) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::This => this.clone(),
            Self::Member(of, name) => of.of(this).get(name).cloned().unwrap_or_default(),
            Self::Each(list, of) => match list.of(this) {
                Value::Array(entries) => {
                    let values = entries.iter().map(|entry| of.of(entry));
                    values.filter(|value| !value.is_null()).collect()
                }
                _ => Value::Null,
            },
            Self::Flat(list) => match list.of(this) {
                Value::Array(entries) => entries
                    .into_iter()
                    .flat_map(|entry| match entry {
                        Value::Array(inner) => inner,
                        other => vec![other],
                    })
                    .collect(),
                _ => Value::Null,
            },
            Self::Filtered(list, condition) => match list.of(this) {
                Value::Array(entries) => {
                    let holds = entries.into_iter().filter(|entry| is_true(&condition.of(entry)));
                    holds.collect()
                }
                _ => Value::Null,
            },
            Self::Length(of) => match of.of(this) {
                Value::Array(entries) => entries.len().into(),
                Value::Object(fields) => fields.len().into(),
                Value::String(text) => text.chars().count().into(),
                // JMESPath makes an error of it. No waiter accepts null.
                _ => Value::Null,
            },
            Self::Not(of) => (!is_true(&of.of(this))).into(),
            Self::And(left, right) => match left.of(this) {
                value if is_true(&value) => right.of(this),
                value => value,
            },
            Self::Or(left, right) => match left.of(this) {
                value if is_true(&value) => value,
                _ => right.of(this),
            },
            Self::Compared(left, comparison, right) => comparison.of(&left.of(this), &right.of(this)),
        }
    }
}

/// True if JMESPath takes a value for true.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(entries) => !entries.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

impl Comparison {
    const ALL: [(&str, Self); 6] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessOrEqual),
        (">=", Self::MoreOrEqual),
        ("<", Self::Less),
        (">", Self::More),
    ];

    /// True or false; null where values that are no numbers are ordered.
    fn of(self, left: &Value, right: &Value) -> Value {
        let numbers = || Some((left.as_f64()?, right.as_f64()?));
        let ordered = |is_so: fn(f64, f64) -> bool| numbers().map(|(left, right)| is_so(left, right)).into();
        match self {
            Self::Equal => (left == right).into(),
            Self::NotEqual => (left != right).into(),
            Self::Less => ordered(|left, right| left < right),
            Self::LessOrEqual => ordered(|left, right| left <= right),
            Self::More => ordered(|left, right| left > right),
            Self::MoreOrEqual => ordered(|left, right| left >= right),
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn unreadable(&self) -> Unreadable {
        Unreadable(self.rest.trim_start().to_owned())
    }

    /// Takes a token, if it is the next one.
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expects(&mut self, token: &str) -> Result<(), Unreadable> {
        match self.takes(token) {
            true => Ok(()),
            false => Err(self.unreadable()),
        }
    }

    /// Alternatives, which bind loosest.
    fn either(&mut self) -> Result<Expression, Unreadable> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.unreadable());
        }
        let mut left = self.both()?;
        while self.takes("||") {
            left = Expression::Or(left.into(), self.both()?.into());
        }
        self.depth -= 1;
        Ok(left)
    }

    fn both(&mut self) -> Result<Expression, Unreadable> {
        let mut left = self.compared()?;
        while self.takes("&&") {
            left = Expression::And(left.into(), self.compared()?.into());
        }
        Ok(left)
    }

    fn compared(&mut self) -> Result<Expression, Unreadable> {
        let left = self.single()?;
        let comparison = Comparison::ALL.into_iter().find(|(sign, _)| self.takes(sign));
        match comparison {
            Some((_, comparison)) => Ok(Expression::Compared(left.into(), comparison, self.single()?.into())),
            None => Ok(left),
        }
    }

    fn single(&mut self) -> Result<Expression, Unreadable> {
        if self.takes("!") {
            self.depth += 1;
            return match self.depth > DEEPEST {
                true => Err(self.unreadable()),
                false => Ok(Expression::Not(self.single()?.into())),
            };
        }
        if self.takes("(") {
            let inner = self.either()?;
            self.expects(")")?;
            return Ok(inner);
        }
        if self.takes("`") {
            let json = self.until('`')?;
            let literal = serde_json::from_str(json).map_err(|_| self.unreadable())?;
            return Ok(Expression::Literal(literal));
        }
        if self.takes("'") {
            return Ok(Expression::Literal(self.until('\'')?.into()));
        }
        if self.takes("length(") {
            let of = self.either()?;
            self.expects(")")?;
            return Ok(Expression::Length(of.into()));
        }
        let name = self.name()?;
        self.way(Expression::Member(Expression::This.into(), name))
    }

    /// The part after a name: members, and operations on lists.
    fn way(&mut self, from: Expression) -> Result<Expression, Unreadable> {
        let mut value = from;
        loop {
            let list = if self.takes("[]") {
                Expression::Flat(value.into())
            } else if self.takes("[?") {
                let condition = self.either()?;
                self.expects("]")?;
                Expression::Filtered(value.into(), condition.into())
            } else if self.takes(".") {
                value = Expression::Member(value.into(), self.name()?);
                continue;
            } else {
                return Ok(value);
            };
            // What follows is said of each entry, up to the next list, which then has the entries of all.
            let mut of_each = Expression::This;
            while self.takes(".") {
                of_each = Expression::Member(of_each.into(), self.name()?);
            }
            value = match of_each {
                Expression::This => list,
                of_each => Expression::Each(list.into(), of_each.into()),
            };
        }
    }

    fn name(&mut self) -> Result<String, Unreadable> {
        let text = self.rest.trim_start();
        let end = text
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(self.unreadable());
        }
        self.rest = rest;
        Ok(snake_case(name))
    }

    fn until(&mut self, end: char) -> Result<&'t str, Unreadable> {
        let (inner, rest) = self.rest.split_once(end).ok_or_else(|| self.unreadable())?;
        self.rest = rest;
        Ok(inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Matcher, Shape},
        services,
        shipped::waiters,
    };
    use rstest::rstest;
    use serde_json::json;
    use std::collections::BTreeSet;

    fn value(text: &str) -> Value {
        let answer = json!({
            "services": [{"status": "ACTIVE", "deployments": [1], "running_count": 2, "desired_count": 2},
                {"status": "DRAINING", "deployments": [1, 2], "running_count": 1, "desired_count": 2}],
            "reservations": [{"instances": [{"state": {"name": "running"}}, {"state": {}}]}, {"instances": []}, {}],
            "table": {"table_status": "ACTIVE"},
            "none": null,
        });
        Expression::parse(text).unwrap().value(answer.as_object().unwrap())
    }

    #[rstest]
    #[case::a_member("Table.TableStatus", json!("ACTIVE"))]
    #[case::a_member_that_is_not_there("Table.Nothing.More", Value::Null)]
    #[case::a_member_of_each_entry("services[].status", json!(["ACTIVE", "DRAINING"]))]
    #[case::lists_in_lists("Reservations[].Instances[].State.Name", json!(["running"]))]
    #[case::a_list_that_is_not_there("Nothing[].State", Value::Null)]
    #[case::a_filter("services[?status == 'ACTIVE'].runningCount", json!([2]))]
    #[case::a_filter_with_all_signs("services[?!(length(deployments) == `1` && runningCount == desiredCount)].status", json!(["DRAINING"]))]
    #[case::either("services[?status == 'X' || runningCount < desiredCount].status", json!(["DRAINING"]))]
    #[case::the_length_of_a_list("length(services)", json!(2))]
    #[case::the_length_of_nothing("length(none)", Value::Null)]
    #[case::the_length_of_nothing_is_no_number("length(none[]) == `0`", json!(false))]
    #[case::more("length(services[]) > `0`", json!(true))]
    #[case::not_more("length(services) >= `3`", json!(false))]
    #[case::at_most("length(services) <= `2`", json!(true))]
    #[case::another("Table.TableStatus != 'ACTIVE'", json!(false))]
    #[case::what_has_no_order("none < `1`", Value::Null)]
    fn an_expression_gives_what_jmespath_gives(#[case] text: &str, #[case] expected: Value) {
        assert_eq!(value(text), expected);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::a_part_that_is_not_read("services[0]")]
    #[case::another_function("sort(services)")]
    #[case::more_after_the_end("a b")]
    #[case::an_open_bracket("length(a")]
    #[case::an_open_literal("a == `1")]
    #[case::no_json("a == `x`")]
    #[case::too_deep("((((((((((((((((((a))))))))))))))))))")]
    #[case::too_many_nots("!!!!!!!!!!!!!!!!!!!!a")]
    fn what_is_no_expression_is_refused(#[case] text: &str) {
        assert!(Expression::parse(text).is_err());
    }

    #[test]
    fn every_acceptor_that_is_shipped_can_be_read() {
        for (service, waiter) in services().flat_map(waiters) {
            for acceptor in &waiter.acceptors {
                let place = format!("{} {} {:?}", service.name, waiter.name, acceptor);
                let expected: Value = serde_json::from_str(acceptor.expected).expect(&place);
                match acceptor.matcher {
                    Matcher::Path | Matcher::PathAll | Matcher::PathAny => {
                        Expression::parse(acceptor.argument).expect(&place);
                    }
                    Matcher::Status => assert!(expected.is_u64(), "{place}"),
                    Matcher::Error => assert!(expected.is_string() || expected.is_boolean(), "{place}"),
                }
            }
        }
    }

    /// A name that no answer has would make a wait that never ends.
    #[test]
    fn every_name_in_an_acceptor_is_one_of_the_service() {
        for (service, waiter) in services().flat_map(waiters) {
            let structures = service.shapes.iter().filter_map(|shape| match shape {
                Shape::Structure(structure) => Some(structure),
                _ => None,
            });
            let members = structures.flat_map(|structure| &structure.members);
            let known: BTreeSet<String> = members.map(|member| snake_case(member.name)).collect();
            for acceptor in waiter.acceptors.iter().filter(|acceptor| !acceptor.argument.is_empty()) {
                let read = Expression::parse(acceptor.argument).unwrap();
                let names = names(&read);
                assert!(!names.is_empty(), "{}", acceptor.argument);
                for name in names {
                    assert!(known.contains(name), "{} {}: {name}", service.name, waiter.name);
                }
            }
        }
    }

    fn names(of: &Expression) -> Vec<&str> {
        match of {
            Expression::Literal(_) | Expression::This => Vec::new(),
            Expression::Member(of, name) => [names(of), vec![name]].concat(),
            Expression::Flat(of) | Expression::Length(of) | Expression::Not(of) => names(of),
            Expression::Each(left, right)
            | Expression::Filtered(left, right)
            | Expression::And(left, right)
            | Expression::Or(left, right)
            | Expression::Compared(left, _, right) => [names(left), names(right)].concat(),
        }
    }
}
