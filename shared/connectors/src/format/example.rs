//! `example`: an input as a person writes it.

use jiff::Timestamp;
use serde_json::{Map, Value};
use workflow::{
    action::ActionSpec,
    document::{self, Content, Node, Path, ProblemSink, Problems},
    template::{Context, Template},
};

/// Checks that the example is an input of the action. What an expression gives is not known.
pub(super) fn check(node: &Node, path: Path<'_>, spec: &ActionSpec, problems: &mut Problems) {
    let Some(source) = node.as_text() else { return };
    if let Err(found) = problems_of(source, spec) {
        for problem in found {
            problems.problem(node.at, path, problem);
        }
    }
}

fn problems_of(source: &str, spec: &ActionSpec) -> Result<(), Vec<String>> {
    let read = document::read(source, "example", |node, problems| {
        let is_map = matches!(node.content, Content::Map(_));
        if !is_map {
            problems.problem(node.at, Path::Root, "must be a map of inputs");
        }
        is_map.then(|| node.clone())
    });
    let root = read.map_err(|problems| {
        problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect::<Vec<_>>()
    })?;
    let Content::Map(entries) = &root.content else {
        return Ok(());
    };
    let context = Context::of_values([], Timestamp::UNIX_EPOCH);
    let mut given = Map::new();
    let mut spec = spec.clone();
    let mut problems = Vec::new();
    for entry in entries {
        let template = match template(&entry.value) {
            Ok(template) => template,
            Err(problem) => {
                problems.push(format!("`{}`: {problem}", entry.key));
                continue;
            }
        };
        let kind = spec.input(&entry.key).map(|input| input.kind.clone());
        if template.expressions().is_empty() {
            // A time may be written as so long before now.
            let value = kind.map_or_else(|| template.evaluate(&context), |kind| kind.render(&template, &context));
            given.insert(entry.key.clone(), value.unwrap_or(Value::Null));
        } else if kind.is_some() {
            for input in spec.inputs.iter_mut().filter(|input| input.name == entry.key.as_str()) {
                input.optional = true;
            }
            // A rule asks only if an input is given, not for what it is.
            let is_in_a_rule = spec
                .rules
                .iter()
                .any(|rule| rule.fields().iter().any(|name| *name == entry.key));
            if is_in_a_rule {
                spec.rules.clear();
            }
        } else {
            given.insert(entry.key.clone(), Value::Null);
        }
    }
    match spec.check_input(&Value::Object(given), &[]) {
        Ok(()) if problems.is_empty() => Ok(()),
        Ok(()) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

fn template(node: &Node) -> Result<Template, String> {
    match &node.content {
        Content::Scalar(Value::String(text)) => Template::from_text(text).map_err(|error| error.to_string()),
        Content::Scalar(value) => Ok(Template::Literal(value.clone())),
        Content::List(items) => items.iter().map(template).collect::<Result<_, _>>().map(Template::List),
        Content::Map(entries) => {
            let fields = entries
                .iter()
                .map(|entry| Ok((entry.key.clone(), template(&entry.value)?)));
            fields.collect::<Result<_, String>>().map(Template::Map)
        }
    }
}
