//! The grammar: from a tree of nodes to a definition.

use super::{
    Definition, EVENT_TYPES, Length, Node, PagerDutyTrigger, Position, Problems, Step, StepKind, Trigger, limits,
    node::{Content, Entry},
};
use crate::{
    action::{Action, FieldKind, nearest, unknown_field},
    ids::{InvalidId, VariableName},
    run::WebhookKind,
    template::{Expression, Template},
};
use serde_json::Value;
use std::{collections::BTreeMap, str::FromStr};

/// A definition and where its parts stand, for the checks that follow.
pub(super) struct Decoded {
    pub(super) definition: Definition,
    /// Where each step stands.
    pub(super) steps: Vec<Option<Position>>,
    /// Where the trigger's condition stands.
    pub(super) when: Option<Position>,
}

/// Reads the fields of a map: each known field once, and a problem for each that nobody asked for.
struct Fields<'a> {
    path: String,
    at: Option<Position>,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn of(node: &'a Node, path: &str, problems: &mut Problems) -> Option<Self> {
        match &node.content {
            Content::Map(entries) => Some(Self {
                path: path.to_owned(),
                at: node.at,
                entries,
                asked: Vec::new(),
            }),
            _ => {
                problems.add(node.at, path, format!("must be a map, but is {}", node.type_name()));
                None
            }
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn optional(&mut self, name: &'static str) -> Option<&'a Node> {
        self.asked.push(name);
        self.entries
            .iter()
            .find(|entry| entry.key == name)
            .map(|entry| &entry.value)
    }

    fn required(&mut self, name: &'static str, what: &str, problems: &mut Problems) -> Option<&'a Node> {
        let node = self.optional(name);
        if node.is_none() {
            problems.add(self.at, self.path.clone(), format!("`{name}` is missing: {what}"));
        }
        node
    }

    /// Says which fields nobody asked for.
    fn refuse_others(self, problems: &mut Problems) {
        for entry in self.entries {
            if !self.asked.contains(&entry.key.as_str()) {
                problems.add(
                    entry.key_at,
                    self.path.clone(),
                    unknown_field(&entry.key, self.asked.iter().copied()),
                );
            }
        }
    }
}

pub(super) fn definition(node: &Node, problems: &mut Problems) -> Option<Decoded> {
    let mut fields = Fields::of(node, "", problems)?;
    let name = fields.required("name", "the workflow's name, such as memory-alert", problems);
    let name = name.and_then(|node| id(node, "name", problems));
    let description = fields
        .optional("description")
        .and_then(|node| text(node, "description", problems));
    let timeout = fields
        .optional("timeout")
        .and_then(|node| length(node, "timeout", problems));
    let trigger_node = fields.required("on", "what starts the workflow, such as `pagerduty`", problems);
    let trigger = trigger_node.and_then(|node| trigger(node, problems));
    let step_nodes = fields.required("steps", "what the workflow does", problems);
    let steps = step_nodes.and_then(|node| steps(node, problems));
    fields.refuse_others(problems);
    let (trigger, when) = trigger?;
    let (steps, positions) = steps?;
    Some(Decoded {
        definition: Definition {
            name: name?,
            description: description.map(str::to_owned),
            trigger,
            timeout,
            steps,
        },
        steps: positions,
        when,
    })
}

fn trigger(node: &Node, problems: &mut Problems) -> Option<(Trigger, Option<Position>)> {
    let mut fields = Fields::of(node, "on", problems)?;
    let pagerduty = fields.required("pagerduty", "the webhook that starts the workflow", problems);
    fields.refuse_others(problems);
    let path = "on.pagerduty";
    let mut fields = Fields::of(pagerduty?, path, problems)?;
    let integration = fields.required("integration", "the alias of the PagerDuty account", problems);
    let integration = integration.and_then(|node| id(node, &fields.path_of("integration"), problems));
    let webhook = match fields.optional("webhook") {
        None => Some(WebhookKind::V3),
        Some(node) => match node.as_text() {
            Some("v3") => Some(WebhookKind::V3),
            Some("v2") => Some(WebhookKind::V2),
            _ => {
                problems.add(
                    node.at,
                    fields.path_of("webhook"),
                    "must be `v3` (a webhook subscription, signed) or `v2` (the Generic V2 Webhook extension)",
                );
                None
            }
        },
    };
    let events = fields.required(
        "events",
        "the types of events that start a run, such as [incident.triggered]",
        problems,
    );
    let events = events.and_then(|node| event_types(node, &fields.path_of("events"), problems));
    let when_node = fields.optional("when");
    let when = when_node.map(|node| condition(node, &fields.path_of("when"), problems));
    fields.refuse_others(problems);
    let pagerduty = PagerDutyTrigger {
        integration: integration?,
        webhook: webhook?,
        events: events?,
        when: match when {
            None => None,
            Some(condition) => Some(condition?),
        },
    };
    Some((Trigger { pagerduty }, when_node.and_then(|node| node.at)))
}

fn event_types(node: &Node, path: &str, problems: &mut Problems) -> Option<Vec<String>> {
    let Content::List(items) = &node.content else {
        problems.add(
            node.at,
            path,
            format!("must be a list of event types, but is {}", node.type_name()),
        );
        return None;
    };
    if items.is_empty() {
        problems.add(
            node.at,
            path,
            "is empty, so that no event would start a run; name at least one type",
        );
    }
    let mut types: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(name) = text(item, &path, problems) else {
            continue;
        };
        if !EVENT_TYPES.contains(&name) {
            let hint = match nearest(name, EVENT_TYPES.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the types are {}", EVENT_TYPES.join(", ")),
            };
            problems.add(item.at, path, format!("`{name}` is no type of event; {hint}"));
        } else if types.iter().any(|known| known == name) {
            problems.add(item.at, path, format!("`{name}` stands twice"));
        } else {
            types.push(name.to_owned());
        }
    }
    Some(types)
}

type StepsAndPositions = (Vec<Step>, Vec<Option<Position>>);

fn steps(node: &Node, problems: &mut Problems) -> Option<StepsAndPositions> {
    let Content::List(items) = &node.content else {
        problems.add(node.at, "steps", format!("must be a list, but is {}", node.type_name()));
        return None;
    };
    if items.is_empty() {
        problems.add(node.at, "steps", "is empty; a workflow has at least one step");
    }
    if items.len() > limits::STEPS {
        problems.add(
            node.at,
            "steps",
            format!("has {} steps; at most {} are allowed", items.len(), limits::STEPS),
        );
        return None;
    }
    let steps: Vec<Option<Step>> = items
        .iter()
        .enumerate()
        .map(|(index, item)| step(item, &format!("steps[{index}]"), problems))
        .collect();
    let steps: Option<Vec<Step>> = steps.into_iter().collect();
    Some((steps?, items.iter().map(|item| item.at).collect()))
}

fn step(node: &Node, path: &str, problems: &mut Problems) -> Option<Step> {
    let mut fields = Fields::of(node, path, problems)?;
    let id_node = fields.optional("id");
    let id = id_node.map(|node| id(node, &fields.path_of("id"), problems));
    let condition_node = fields.optional("if");
    let condition = condition_node.map(|node| condition(node, &fields.path_of("if"), problems));
    let (uses, with) = (fields.optional("uses"), fields.optional("with"));
    let (wait, set) = (fields.optional("wait"), fields.optional("set"));
    let kind = match (uses, wait, set) {
        (Some(uses), None, None) => action(uses, with, &fields, problems),
        (None, Some(wait), None) => length(wait, &fields.path_of("wait"), problems).map(StepKind::Wait),
        (None, None, Some(set)) => variables(set, &fields.path_of("set"), problems).map(StepKind::Set),
        (None, None, None) => {
            problems.add(node.at, path, "a step does one thing: give it `uses`, `wait` or `set`");
            None
        }
        _ => {
            problems.add(
                node.at,
                path,
                "a step does one thing: `uses`, `wait` and `set` cannot stand together",
            );
            None
        }
    };
    if let (None, Some(with)) = (uses, with) {
        problems.add(with.at, path, "`with` goes with `uses`");
    }
    fields.refuse_others(problems);
    Some(Step {
        id: flip(id)?,
        condition: flip(condition)?,
        kind: kind?,
    })
}

/// Of a field that may be absent and may be wrong: `None` only if it is wrong.
#[expect(clippy::option_option, reason = "absent and wrong are two things here")]
fn flip<T>(field: Option<Option<T>>) -> Option<Option<T>> {
    match field {
        None => Some(None),
        Some(value) => value.map(Some),
    }
}

fn action(uses: &Node, with: Option<&Node>, step: &Fields<'_>, problems: &mut Problems) -> Option<StepKind> {
    let name = text(uses, &step.path_of("uses"), problems)?;
    let Some(action) = Action::parse(name) else {
        let known = Action::ALL.iter().map(|action| action.spec().name);
        let hint = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the actions are {}", known.collect::<Vec<_>>().join(", ")),
        };
        problems.add(uses.at, step.path_of("uses"), format!("`{name}` is no action; {hint}"));
        return None;
    };
    let path = step.path_of("with");
    let Some(with) = with else {
        problems.add(
            uses.at,
            step.path.clone(),
            format!("`with` is missing: the input of {name}"),
        );
        return None;
    };
    let Content::Map(entries) = &with.content else {
        problems.add(with.at, path, format!("must be a map, but is {}", with.type_name()));
        return None;
    };
    let spec = action.spec();
    let mut inputs = BTreeMap::new();
    for entry in entries {
        let Some(field) = spec.input(&entry.key) else {
            problems.add(
                entry.key_at,
                path.clone(),
                unknown_field(&entry.key, spec.inputs.iter().map(|field| field.name)),
            );
            continue;
        };
        let path = format!("{path}.{}", entry.key);
        if let Some(template) = template(&entry.value, &path, problems) {
            check_literal(&template, field.kind, entry.value.at, &path, problems);
            inputs.insert(entry.key.clone(), template);
        }
    }
    for field in spec.inputs.iter().filter(|field| !field.optional) {
        if !entries.iter().any(|entry| entry.key == field.name) {
            problems.add(
                with.at,
                path.clone(),
                format!("`{}` is missing: {}", field.name, field.summary),
            );
        }
    }
    Some(StepKind::Action {
        uses: action,
        with: inputs,
    })
}

/// What is the same in every run can be checked now.
fn check_literal(template: &Template, kind: FieldKind, at: Option<Position>, path: &str, problems: &mut Problems) {
    if template.expressions().is_empty()
        && let Err(problem) = kind.check(&template.to_json())
    {
        problems.add(at, path, problem);
    }
}

fn variables(node: &Node, path: &str, problems: &mut Problems) -> Option<BTreeMap<VariableName, Template>> {
    let Content::Map(entries) = &node.content else {
        problems.add(
            node.at,
            path,
            format!("must be a map of variables, but is {}", node.type_name()),
        );
        return None;
    };
    let mut variables = BTreeMap::new();
    for entry in entries {
        match entry.key.parse::<VariableName>() {
            Ok(name) => {
                if let Some(template) = template(&entry.value, &format!("{path}.{}", entry.key), problems) {
                    variables.insert(name, template);
                }
            }
            Err(error) => problems.add(entry.key_at, path, error.to_string()),
        }
    }
    Some(variables)
}

fn template(node: &Node, path: &str, problems: &mut Problems) -> Option<Template> {
    match &node.content {
        Content::Scalar(Value::String(source)) => match Template::from_text(source) {
            Ok(template) => Some(template),
            Err(error) => {
                problems.add(node.at, path, error.to_string());
                None
            }
        },
        Content::Scalar(value) => Some(Template::Literal(value.clone())),
        Content::List(items) => {
            let items: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(i, item)| template(item, &format!("{path}[{i}]"), problems))
                .collect();
            items.into_iter().collect::<Option<_>>().map(Template::List)
        }
        Content::Map(entries) => {
            let fields: Vec<_> = entries
                .iter()
                .map(|entry| {
                    let field = template(&entry.value, &format!("{path}.{}", entry.key), problems);
                    field.map(|field| (entry.key.clone(), field))
                })
                .collect();
            fields.into_iter().collect::<Option<_>>().map(Template::Map)
        }
    }
}

fn condition(node: &Node, path: &str, problems: &mut Problems) -> Option<Expression> {
    let source = match &node.content {
        Content::Scalar(Value::String(source)) => source.clone(),
        Content::Scalar(Value::Bool(holds)) => holds.to_string(),
        _ => {
            problems.add(
                node.at,
                path,
                format!("must be an expression, but is {}", node.type_name()),
            );
            return None;
        }
    };
    match Expression::condition(&source) {
        Ok(condition) => Some(condition),
        Err(error) => {
            problems.add(node.at, path, error.to_string());
            None
        }
    }
}

fn text<'a>(node: &'a Node, path: &str, problems: &mut Problems) -> Option<&'a str> {
    let text = node.as_text();
    if text.is_none() {
        problems.add(
            node.at,
            path,
            format!(
                "must be text, but is {}; put it in quotes if it is meant as text",
                node.type_name()
            ),
        );
    }
    text
}

fn id<T: FromStr<Err = InvalidId>>(node: &Node, path: &str, problems: &mut Problems) -> Option<T> {
    match text(node, path, problems)?.parse() {
        Ok(id) => Some(id),
        Err(error) => {
            problems.add(node.at, path, error.to_string());
            None
        }
    }
}

fn length(node: &Node, path: &str, problems: &mut Problems) -> Option<Length> {
    match Length::parse(text(node, path, problems)?) {
        Ok(length) => Some(length),
        Err(problem) => {
            problems.add(node.at, path, problem);
            None
        }
    }
}
