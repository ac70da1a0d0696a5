//! Expressions over an answer, in JMESPath.
//!
//! <https://jmespath.org/specification.html>

use crate::name::snake_case;
use jmespath::{DEFAULT_RUNTIME, JmespathError, ast::Ast};
use serde_json::{Map, Value};

/// An expression. Its names are those that workflows have for the members of an answer.
#[derive(Debug, Clone)]
pub(super) struct Expression(jmespath::Expression<'static>);

impl Expression {
    /// Reads an expression of a service, whose names stand for those that workflows have.
    pub(super) fn parse(text: &str) -> Result<Self, JmespathError> {
        let mut ast = jmespath::parse(text)?;
        each_field(&mut ast, &mut |name| *name = snake_case(name));
        Ok(Self(jmespath::Expression::new(text, ast, &DEFAULT_RUNTIME)))
    }

    /// The value over an answer; none where the expression asks for what a value does not have, such as the length of null.
    pub(super) fn value(&self, answer: &Map<String, Value>) -> Option<Value> {
        let value = self.0.search(answer).ok()?;
        serde_json::to_value(&*value).ok()
    }
}

/// Visits the name of each member.
fn each_field(ast: &mut Ast, visit: &mut impl FnMut(&mut String)) {
    match ast {
        Ast::Field { name, .. } => visit(name),
        Ast::Identity { .. } | Ast::Index { .. } | Ast::Literal { .. } | Ast::Slice { .. } => {}
        Ast::Expref { ast: of, .. }
        | Ast::Flatten { node: of, .. }
        | Ast::Not { node: of, .. }
        | Ast::ObjectValues { node: of, .. } => each_field(of, visit),
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Condition {
            predicate: lhs,
            then: rhs,
            ..
        }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => {
            each_field(lhs, visit);
            each_field(rhs, visit);
        }
        Ast::Function { args: parts, .. } | Ast::MultiList { elements: parts, .. } => {
            parts.iter_mut().for_each(|part| each_field(part, visit));
        }
        Ast::MultiHash { elements, .. } => {
            elements.iter_mut().for_each(|pair| each_field(&mut pair.value, visit));
        }
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

    fn value(text: &str) -> Option<Value> {
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
    #[case::more("length(services[]) > `0`", json!(true))]
    #[case::not_more("length(services) >= `3`", json!(false))]
    #[case::at_most("length(services) <= `2`", json!(true))]
    #[case::another("Table.TableStatus != 'ACTIVE'", json!(false))]
    #[case::what_has_no_order("none < `1`", Value::Null)]
    fn an_expression_gives_what_jmespath_gives(#[case] text: &str, #[case] expected: Value) {
        assert_eq!(value(text), Some(expected));
    }

    #[rstest]
    #[case::of_null("length(none)")]
    #[case::of_a_list_that_is_not_there("length(none[]) == `0`")]
    fn a_length_of_nothing_has_no_value(#[case] text: &str) {
        assert_eq!(value(text), None);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::more_after_the_end("a b")]
    #[case::an_open_bracket("length(a")]
    #[case::an_open_literal("a == `1")]
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
                let mut names = Vec::new();
                let mut ast = Expression::parse(acceptor.argument).unwrap().0.as_ast().clone();
                each_field(&mut ast, &mut |name| names.push(name.clone()));
                assert!(!names.is_empty(), "{}", acceptor.argument);
                for name in names {
                    assert!(known.contains(&name), "{} {}: {name}", service.name, waiter.name);
                }
            }
        }
    }
}
