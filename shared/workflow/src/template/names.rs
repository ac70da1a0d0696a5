//! The names that a template takes from outside, read from what it is made of.
//!
//! minijinja has the same (`undeclared_variables`), but reads the source once more for it, and leaves out what is sliced (`a.b[:40]`),
//! the value of a name that is set to something of its own name, and the arguments of a filter around a block. What is left out here
//! would not be read from the journal.

use super::{Parsed, Reference, builtins::FUNCTIONS};
use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use std::collections::BTreeSet;

/// All names, each as far as it is known without running the template.
pub(super) fn of(parsed: &Parsed<'_>) -> BTreeSet<Reference> {
    let mut names = Names {
        found: BTreeSet::new(),
        own: vec![BTreeSet::from(["self"])],
    };
    match parsed {
        Parsed::Value(expression) => names.expression(expression),
        Parsed::Text(statement) => names.statement(statement),
    }
    names.found
}

struct Names<'a> {
    found: BTreeSet<Reference>,
    /// The names that the template gives itself, by block.
    own: Vec<BTreeSet<&'a str>>,
}

impl<'a> Names<'a> {
    fn is_own(&self, name: &str) -> bool {
        let is_function = || FUNCTIONS.iter().any(|function| function.names.contains(&name));
        self.own.iter().any(|block| block.contains(name)) || is_function()
    }

    fn give(&mut self, target: &Expr<'a>) {
        match target {
            Expr::Var(name) => {
                if let Some(block) = self.own.last_mut() {
                    block.insert(name.id);
                }
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.give(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.give(item)),
            _ => {}
        }
    }

    fn block(&mut self, within: impl FnOnce(&mut Self)) {
        self.own.push(BTreeSet::new());
        within(self);
        self.own.pop();
    }

    fn all(&mut self, statements: &[Stmt<'a>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement {
            Stmt::Template(template) => self.all(&template.children),
            Stmt::EmitExpr(emitted) => self.expression(&emitted.expr),
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(each) => {
                self.expression(&each.iter);
                self.block(|names| {
                    if let Some(block) = names.own.last_mut() {
                        block.insert("loop");
                    }
                    names.give(&each.target);
                    each.filter_expr.iter().for_each(|filter| names.expression(filter));
                    names.all(&each.body);
                });
                self.block(|names| names.all(&each.else_body));
            }
            Stmt::IfCond(choice) => {
                self.expression(&choice.expr);
                self.block(|names| names.all(&choice.true_body));
                self.block(|names| names.all(&choice.false_body));
            }
            Stmt::WithBlock(with) => self.block(|names| {
                for (target, value) in &with.assignments {
                    names.expression(value);
                    names.give(target);
                }
                names.all(&with.body);
            }),
            Stmt::Set(set) => {
                self.expression(&set.expr);
                self.give(&set.target);
            }
            Stmt::SetBlock(set) => {
                set.filter.iter().for_each(|filter| self.expression(filter));
                self.block(|names| names.all(&set.body));
                self.give(&set.target);
            }
            Stmt::AutoEscape(escape) => {
                self.expression(&escape.enabled);
                self.block(|names| names.all(&escape.body));
            }
            Stmt::FilterBlock(filtered) => {
                self.expression(&filtered.filter);
                self.block(|names| names.all(&filtered.body));
            }
            Stmt::Do(call) => self.arguments(&call.call.args),
        }
    }

    fn expression(&mut self, expression: &Expr<'a>) {
        match expression {
            Expr::Var(_) | Expr::GetAttr(_) => match chain(expression) {
                Some(names) if names.first().is_some_and(|name| !self.is_own(name)) => {
                    self.found.insert(Reference::from_dotted(&names.join(".")));
                }
                Some(_) => {}
                None => {
                    if let Expr::GetAttr(attribute) = expression {
                        self.expression(&attribute.expr);
                    }
                }
            },
            // The name of a function is no variable, and a method no field.
            Expr::Call(call) => {
                match &call.expr {
                    Expr::Var(_) => {}
                    Expr::GetAttr(method) => self.expression(&method.expr),
                    other => self.expression(other),
                }
                self.arguments(&call.args);
            }
            Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.expression(&slice.expr);
                let bounds = [&slice.start, &slice.stop, &slice.step];
                bounds.into_iter().flatten().for_each(|bound| self.expression(bound));
            }
            Expr::UnaryOp(operation) => self.expression(&operation.expr),
            Expr::BinOp(operation) => {
                self.expression(&operation.left);
                self.expression(&operation.right);
            }
            Expr::Compare(comparison) => {
                self.expression(&comparison.expr);
                comparison.ops.iter().for_each(|next| self.expression(&next.expr));
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr);
                self.expression(&choice.true_expr);
                choice.false_expr.iter().for_each(|other| self.expression(other));
            }
            Expr::Filter(filter) => {
                filter.expr.iter().for_each(|operand| self.expression(operand));
                self.arguments(&filter.args);
            }
            Expr::Test(test) => {
                self.expression(&test.expr);
                self.arguments(&test.args);
            }
            Expr::GetItem(item) => {
                self.expression(&item.expr);
                self.expression(&item.subscript_expr);
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item)),
            Expr::Map(map) => map
                .keys
                .iter()
                .chain(&map.values)
                .for_each(|part| self.expression(part)),
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'a>]) {
        for argument in arguments {
            let (CallArg::Pos(value)
            | CallArg::Kwarg(_, value)
            | CallArg::PosSplat(value)
            | CallArg::KwargSplat(value)) = argument;
            self.expression(value);
        }
    }
}

/// The names of an expression that is a chain of them, from the first.
fn chain<'a>(expression: &Expr<'a>) -> Option<Vec<&'a str>> {
    match expression {
        Expr::Var(name) => Some(vec![name.id]),
        Expr::GetAttr(attribute) => {
            let mut names = chain(&attribute.expr)?;
            names.push(attribute.name);
            Some(names)
        }
        _ => None,
    }
}
