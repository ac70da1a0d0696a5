//! The Choice state.

use super::Visit;
use crate::step_functions::{
    context::Context,
    definition::{Choice, Rule, Test},
    failure::{self, TaskFailure},
};
use serde_json::{Number, Value};

impl Visit<'_> {
    /// The state that follows.
    pub(super) fn choose<'b>(
        &self,
        choice: &'b Choice,
        input: &Value,
        context: &Context<'_>,
    ) -> Result<&'b str, TaskFailure> {
        for (rule, next) in &choice.choices {
            if self.holds(rule, input, context)? {
                return Ok(next);
            }
        }
        choice.default.as_deref().ok_or_else(|| {
            TaskFailure::new(
                failure::NO_CHOICE_MATCHED,
                format!(
                    "No choice of the state '{}' takes its input, and it has no default.",
                    self.name
                ),
            )
        })
    }

    /// A value of another type than the test's does not hold; a variable that is missing fails the execution, unless the test
    /// is for that (developer guide, `state-choice.html`).
    fn holds(&self, rule: &Rule, input: &Value, context: &Context<'_>) -> Result<bool, TaskFailure> {
        let (variable, test) = match rule {
            Rule::And(rules) => {
                for rule in rules {
                    if !self.holds(rule, input, context)? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            Rule::Not(rule) => return self.holds(rule, input, context).map(|holds| !holds),
            Rule::Test { variable, test } => (variable, test),
        };
        let value = variable.find(input, context);
        if let Test::IsPresent(present) = test {
            return Ok(value.is_some() == *present);
        }
        let value = value.ok_or_else(|| {
            self.runtime(format_args!(
                "Invalid path '{variable}': The choice state's condition path references an invalid value."
            ))
        })?;
        Ok(match (test, &value) {
            (Test::StringEquals(expected), Value::String(text)) => expected == text,
            (Test::BooleanEquals(expected), Value::Bool(boolean)) => expected == boolean,
            (Test::NumericEquals(expected), Value::Number(number)) => equal(expected, number),
            _ => false,
        })
    }
}

/// Whether two numbers are the same, however they are written: 1 is 1.0.
fn equal(a: &Number, b: &Number) -> bool {
    a == b || (a.as_f64() == b.as_f64() && (a.is_f64() || b.is_f64()))
}
