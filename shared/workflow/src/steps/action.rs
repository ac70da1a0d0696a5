//! `uses` and `with`: a step that calls an action.

use super::{Behaviour, Grammar, Picture};
use crate::{
    action::{
        ActionSpec, Catalog, Field, FieldKind, Near, Repeat, nearest, nearest_three, nearest_three_short, unknown_field,
    },
    definition::{
        Length, Node, Step, UseOfIntegration,
        check::Checks,
        decode::{Names, Reading, Words, name, value},
        encode::{Fields, entries},
        node::{Content, Entry, Path},
    },
    graph::Form,
    ids::{IntegrationAlias, StepPath},
    planner::{Command, Planner},
    template::{Expression, Template},
    types::Type,
};
use std::{collections::BTreeMap, sync::Arc};

/// A step that calls an action.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionStep {
    /// The action.
    pub uses: Arc<ActionSpec>,
    /// Its input.
    pub with: BTreeMap<String, Template>,
}

impl Grammar for ActionStep {
    const WORD: &'static str = "uses";
    const COMPANIONS: &'static [&'static str] = &["with", "retry", "timeout"];
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(uses: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let name = value::text(uses, step.field(Self::WORD), reading)?;
        let Some(spec) = reading.catalog.action(name).map(Arc::clone) else {
            let message = format!("unknown action `{name:.80}`; {}", hint(reading.catalog, name));
            reading.problem(uses.at, step.field(Self::WORD), message);
            return None;
        };
        let with = input(&spec, uses, words.get("with"), step, reading);
        Some(Self { uses: spec, with })
    }

    fn encode(&self, fields: &mut Fields) {
        fields.add(Self::WORD, &*self.uses.name);
        fields.add("with", entries(&self.with, Template::to_json));
    }
}

/// Reads `with` by what the action takes.
fn input(
    spec: &ActionSpec,
    uses: &Node,
    with: Option<&Node>,
    step: Path<'_>,
    reading: &mut Reading<'_>,
) -> BTreeMap<String, Template> {
    let mut inputs = BTreeMap::new();
    let Some(with) = with else {
        reading.problem(uses.at, step, format!("`with` is missing: the input of {}", spec.name));
        return inputs;
    };
    let path = step.field("with");
    let Content::Map(entries) = &with.content else {
        let message = format!("must be a map, but is {}", with.type_name());
        reading.problem(with.at, path, message);
        return inputs;
    };
    let integration = integration(spec, entries, path, reading);
    for entry in entries {
        if reading.problems.is_full() {
            break;
        }
        let Some(field) = spec.input(&entry.key) else {
            let message = unknown_field(&entry.key, spec.inputs.iter().map(|field| &*field.name));
            reading.problem(entry.key_at, path, message);
            continue;
        };
        let at = path.field(&entry.key);
        let template = match (field.names, reading.names) {
            (None, _) | (_, Names::None) => value::template_of(&field.kind, &entry.value, at, reading),
            (Some(thing), _) => name::template_of(field, thing, integration.as_ref(), &entry.value, at, reading),
        };
        if let Some(template) = template {
            if let (Some(_), Template::Literal(value)) = (&field.pattern, &template)
                && let Err(problem) = field.check(value)
            {
                reading.problem(entry.value.at, at, problem);
            }
            inputs.insert(entry.key.clone(), template);
        }
    }
    for field in spec.inputs.iter().filter(|field| !field.optional) {
        if !entries.iter().any(|entry| field.name == entry.key) {
            let message = format!("`{}` is missing: {}", field.name, field.summary);
            reading.problem(with.at, path, message);
        }
    }
    for rule in &spec.rules {
        if let Err(problem) = rule.check(|name| entries.iter().any(|entry| entry.key == name)) {
            reading.problem(with.at, path, problem);
        }
    }
    inputs
}

/// A hint at the action that an unknown name could mean.
fn hint(catalog: &Catalog, name: &str) -> String {
    // What many names begin with would make each look like the other.
    let after_system = |name: &str| {
        name.rsplit_once('.')
            .map_or_else(|| name.to_owned(), |(_, rest)| rest.to_owned())
    };
    let known = match catalog.near(name) {
        Near::Actions(known) => known,
        Near::Systems(known) => {
            let prefix: String = name
                .rsplit_once('.')
                .map_or(name, |(prefix, _)| prefix)
                .chars()
                .take(80)
                .collect();
            let last = after_system(&prefix);
            let words: Vec<String> = known.iter().copied().map(after_system).collect();
            let alike = words.iter().map(String::as_str).zip(known);
            return format!("there is no `{prefix}`; {}", nearest_three_short(&last, alike));
        }
    };
    let word = after_system(name);
    let words: Vec<String> = known.iter().copied().map(after_system).collect();
    let near = nearest(&word, words.iter().map(String::as_str));
    match near.and_then(|near| words.iter().zip(&known).find(|(word, _)| *word == near)) {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => nearest_three(&word, words.iter().map(String::as_str).zip(known)),
    }
}

/// The integration that a step names, if it is the same in every run.
fn integration(
    spec: &ActionSpec,
    entries: &[Entry],
    with: Path<'_>,
    reading: &mut Reading<'_>,
) -> Option<IntegrationAlias> {
    let field = spec.inputs.iter().find(|field| field.kind == FieldKind::Integration)?;
    let entry = entries.iter().find(|entry| field.name == entry.key)?;
    let alias = entry.value.as_text()?.parse().ok()?;
    let use_of = UseOfIntegration::Action(spec.name.clone());
    reading.names_integration(&alias, use_of, entry.value.at, with.field(&entry.key));
    Some(alias)
}

impl Behaviour for ActionStep {
    fn title(&self) -> String {
        self.uses.to_string()
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.with.values().flat_map(Template::expressions).collect()
    }

    fn output_names(&self) -> Vec<&str> {
        self.uses.outputs.iter().map(|output| &*output.name).collect()
    }

    fn output(&self, name: &str, _: &[Type]) -> Type {
        self.uses.output(name).map_or(Type::UNKNOWN, Type::of_output)
    }

    fn check<'a>(&'a self, step: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        self.check_timeout(step.timeout, path, checks);
        let path = path.field("with");
        for (name, template) in &self.with {
            let path = path.field(name);
            let field = self.uses.input(name);
            checks.decorating(field.is_some_and(Field::only_decorates));
            let of = checks.template(template, path);
            checks.decorating(false);
            if let Some(field) = field {
                checks.fits(field, template, &of, path);
                if matches!(field.kind, FieldKind::Map { .. }) {
                    checks.digits(path);
                }
            }
        }
        Vec::new()
    }

    fn call(&self) -> Option<&ActionStep> {
        Some(self)
    }

    fn begin(&self, step: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        planner.first_attempt(path, step.timeout)
    }

    fn picture(&self, _: &Step) -> Picture {
        Picture::of(Form::Task, self.title())
    }
}

impl ActionStep {
    /// Refuses a time-out that is shorter than a call: what must not be repeated is only done if the whole time of a call is left: else the call could be a late double of
    /// one that was given up.
    fn check_timeout(&self, timeout: Option<Length>, path: Path<'_>, checks: &mut Checks<'_, '_>) {
        let action = &self.uses;
        let least = Length::from_seconds(action.timeout_seconds.into());
        if let (Repeat::IsForbidden { .. }, Some(timeout), Some(least)) = (&action.repeat, timeout, least)
            && timeout < least
        {
            let message = format!("is too short for {action}, which needs at least {least}");
            checks.problem(path.field("timeout"), message);
        }
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::parts::{ActionName, Value};
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Calls an action.
        uses: Option<ActionName>,
        /// The input of the action, or the inputs of the workflow that is run.
        #[schemars(extend("type" = "object"))]
        with: Option<Value>,
    }
}
