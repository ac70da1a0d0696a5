//! `set`: a step that sets variables.

use super::{Behaviour, Grammar, Picture};
use crate::{
    definition::{
        Node, Step,
        check::Checks,
        decode::{Reading, Words, value},
        encode::{Fields, entries},
        node::Path,
    },
    error_name::ErrorName,
    graph::Form,
    ids::{StepPath, VariableName},
    planner::{Command, Failure, Outcome, Outputs, Planner, VARIABLES_BYTES, json_size},
    template::{Expression, Template},
    types::Type,
};
use std::collections::BTreeMap;

/// A step that sets variables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SetStep {
    /// The variables. Those of one step do not see each other.
    pub variables: BTreeMap<VariableName, Template>,
}

impl Grammar for SetStep {
    const WORD: &'static str = "set";
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, _: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let variables = value::templates(node, step.field(Self::WORD), "variables", reading)?;
        Some(Self { variables })
    }

    fn encode(&self, fields: &mut Fields) {
        fields.add(Self::WORD, entries(&self.variables, Template::to_json));
    }
}

impl Behaviour for SetStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.variables.values().flat_map(Template::expressions).collect()
    }

    fn variables(&self) -> Option<&BTreeMap<VariableName, Template>> {
        Some(&self.variables)
    }

    fn check<'a>(&'a self, step: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let path = path.field(Self::WORD);
        checks.digits(path);
        let set = self.variables.iter();
        let set: BTreeMap<_, _> = set
            .map(|(name, template)| (name, checks.template(template, path.field(name.as_str()))))
            .collect();
        if let Some(typing) = &mut checks.typing {
            typing.set(step, set);
        }
        Vec::new()
    }

    fn begin(&self, _: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        let values: Result<BTreeMap<_, _>, Failure> = self
            .variables
            .iter()
            .map(|(name, template)| Ok((name.clone(), planner.evaluate(template)?)))
            .collect();
        let values = match values {
            Ok(values) => values,
            Err(failure) => return planner.step_failed(path, None, Outputs::none(), failure),
        };
        let cursor = &mut planner.cursor;
        let mut all = cursor.variables.clone();
        all.extend(values.clone());
        if json_size(&all) + json_size(&cursor.item) + json_size(&cursor.inputs) > VARIABLES_BYTES {
            let message = format!(
                "the variables, with the item and the inputs, have more than {VARIABLES_BYTES} bytes together; keep large \
                 values in the outputs of steps"
            );
            let failure = Failure::new(ErrorName::TemplateError, message);
            return planner.step_failed(path, None, Outputs::none(), failure);
        }
        cursor.variables = all;
        for (name, value) in &values {
            planner.context.set_variable(name.as_str(), value.clone());
        }
        planner.changes.set.insert(path.clone(), values);
        planner.step_done(path, Outcome::Success, Outputs::none(), None);
        None
    }

    fn can_pass_at_once(&self) -> bool {
        true
    }

    fn picture(&self, _: &Step) -> Picture {
        let names: Vec<_> = self.variables.keys().map(|name| name.as_str()).collect();
        Picture::of(Form::Task, format!("set {}", names.join(", ")))
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::parts::{Value, rules};
    use schemars::JsonSchema;
    use std::collections::BTreeMap;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Sets variables: `vars.<name>` in expressions.
        #[schemars(transform = rules::identifiers)]
        set: Option<BTreeMap<String, Value>>,
    }
}
