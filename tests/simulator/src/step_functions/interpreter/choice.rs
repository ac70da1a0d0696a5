//! The Choice state.

use super::Visit;
use crate::step_functions::{
    context::Context,
    definition::{Choice, Rule},
    failure::{self, TaskFailure},
};
use serde_json::Value;

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

    /// A value of another type does not hold; a variable that is missing fails the execution (developer guide, `state-choice.html`).
    fn holds(&self, rule: &Rule, input: &Value, context: &Context<'_>) -> Result<bool, TaskFailure> {
        let Rule { variable, equals } = rule;
        let value = variable.find(input, context).ok_or_else(|| {
            self.runtime(format_args!(
                "Invalid path '{variable}': The choice state's condition path references an invalid value."
            ))
        })?;
        Ok(value.as_str() == Some(equals))
    }
}
