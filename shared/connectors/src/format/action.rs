//! `actions`: what can be done on a system, and the specs for the language of workflows.

use super::{
    MOST_ACTIONS, example,
    input::{self, Read},
    page, poll, request,
    scope::{Scope, Sight},
    value,
};
use crate::{
    connector::{Action, MethodRule, RepeatRule},
    error::{CARRIED_OUT_WITHIN, SHOWN_WITHIN},
    integration::IntegrationType,
};
use reqwest::Method;
use std::sync::Arc;
use workflow::{
    action::{ActionSpec, Effect, Field, FieldKind, Repeat, Replayed, Rule, Settling, Text, unknown_field},
    document::{self, Content, Fields, Node, Path, ProblemSink, Problems},
};

/// The function that performs the actions of all connectors, as the template and the state machine name it.
const FUNCTION: &str = "CallHttp";

/// Longer than the time-out of the function, which is 30 s.
const TIMEOUT_SECONDS: u32 = 60;

/// The words of `repeat`.
const REPEATS: [&str; 5] = ["safe", "sets", "never", "header", "look"];

/// The connector of the actions that are read.
pub(super) struct Of<'a> {
    pub(super) connector: &'a str,
    pub(super) title: &'a str,
    /// The fields of its integrations.
    pub(super) fields: &'a [&'a str],
    pub(super) integration: Option<&'a IntegrationType>,
}

pub(super) fn read_all(node: &Node, path: Path<'_>, of: &Of<'_>, problems: &mut Problems) -> Option<Vec<Action>> {
    let entries = value::entries(node, path, MOST_ACTIONS, "actions", problems)?;
    if entries.is_empty() {
        problems.problem(node.at, path, "is empty; there must be at least one action");
    }
    let mut actions = Vec::new();
    for entry in entries {
        let is_name = value::is_name(entry, path, problems);
        let action = read(&entry.value, path.field(&entry.key), &entry.key, of, problems);
        actions.extend(action.filter(|_| is_name));
    }
    Some(actions)
}

fn read(node: &Node, path: Path<'_>, name: &str, of: &Of<'_>, problems: &mut Problems) -> Option<Action> {
    let mut fields = Fields::of(node, &path, problems)?;
    let summary = fields.required("summary", "what it does, in a sentence", problems);
    let summary = summary.and_then(|node| value::line(node, path.field("summary"), problems));
    let documentation = fields.read("documentation", value::address, problems);
    let repeat_node = fields.required("repeat", "what happens when it is done a second time", problems);
    let repeat = repeat_node.and_then(|node| repeat_of(node, path.field("repeat"), problems));
    let reads_node = fields.optional("reads");
    let reads = reads_node.and_then(|node| value::boolean(node, path.field("reads"), problems));
    let is_internal = fields.read("internal", value::boolean, problems).unwrap_or(false);
    let inputs = fields.read("inputs", input::inputs, problems).unwrap_or_default();
    let known: Vec<&str> = inputs.iter().map(|input| input.input.name.as_str()).collect();
    let scope = Scope::new(Sight::Request, &known, of.fields);
    let rules = fields.read(
        "rules",
        |node, path, problems| rules(node, path, &known, problems),
        problems,
    );
    let request_node = fields.required("request", "what is sent", problems);
    let request = request_node
        .and_then(|node| request::read(node, path.field("request"), &scope, &inputs, of.integration, problems));
    let page_node = fields.optional("page");
    let page = page_node.and_then(|node| page::read(node, path.field("page"), &scope.at(Sight::Page), problems));
    let poll_node = fields.optional("poll");
    let (poll, look) = match poll_node {
        Some(node) => poll::read(node, path.field("poll"), &scope, problems),
        None => (None, Vec::new()),
    };
    let look: Vec<&str> = look.iter().map(String::as_str).collect();
    let of_outputs = match poll_node {
        Some(_) => scope.looking(&look),
        None => scope.at(Sight::Outputs),
    };
    let outputs = fields.read(
        "outputs",
        |node, path, problems| input::outputs(node, path, &of_outputs, problems),
        problems,
    );
    let example_node = match is_internal {
        true => fields.optional("example"),
        false => fields.required("example", "the fields of `with`, as a person writes them", problems),
    };
    let example = example_node.and_then(|node| document::text(node, path.field("example"), problems));
    fields.refuse_others(problems);

    let (request, repeat, summary) = (request?, repeat?, summary?);
    let reads = match (&request.method, reads) {
        (_, Some(reads)) => reads,
        (MethodRule::Is(method), None) => matches!(*method, Method::GET | Method::HEAD),
        (MethodRule::Input(_), None) => false,
    };
    if let (true, Some(node), false) = (reads, repeat_node, repeat == RepeatRule::Safe) {
        problems.problem(
            node.at,
            path.field("repeat"),
            "must be `safe`, because the action only reads",
        );
    }
    if let (false, Some(node)) = (reads, page_node) {
        problems.problem(node.at, path.field("page"), "goes only with an action that reads");
    }
    if let Some(node) = poll_node {
        let problem = match (reads, page_node, &repeat) {
            (true, ..) => {
                Some("goes only with an action that changes something: one that reads is repeated by the workflow")
            }
            (_, Some(_), _) => Some("and `page` exclude each other"),
            (.., RepeatRule::Look(_)) => {
                Some("does not go with `repeat: { look: … }`, which takes what it finds for the outputs")
            }
            _ => None,
        };
        if let Some(problem) = problem {
            problems.problem(node.at, path.field("poll"), problem);
        }
    }
    let (outputs, output_fields): (Vec<_>, Vec<_>) = outputs.unwrap_or_default().into_iter().unzip();
    if matches!(repeat, RepeatRule::Look(_)) && output_fields.iter().all(|output| output.optional) {
        let message = "`look` needs an output that is not optional: where it is null, nothing was found";
        problems.problem(node.at, path, message);
    }
    let spec = spec(
        of,
        name,
        Parts {
            summary,
            reads,
            repeat: &repeat,
            inputs: &inputs,
            rules: rules.unwrap_or_default(),
            outputs: output_fields,
            job_seconds: poll.as_ref().map(|poll| poll.at_most_seconds),
            example: example.unwrap_or_default(),
        },
    );
    if let Some(node) = example_node {
        example::check(node, path.field("example"), &spec, problems);
    }
    Some(Action {
        name: name.to_owned(),
        spec: Arc::new(spec),
        documentation,
        is_internal,
        inputs: inputs.into_iter().map(|input| input.input).collect(),
        repeat,
        request,
        page,
        poll,
        outputs,
    })
}

fn repeat_of(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<RepeatRule> {
    if let Content::Map(_) = node.content {
        let mut fields = Fields::of(node, &path, problems)?;
        let header = fields.read("header", value::header_name, problems);
        let look = fields.read("look", document::text, problems);
        fields.refuse_others(problems);
        return match (header, look) {
            (Some(header), None) => Some(RepeatRule::Header(header)),
            (None, Some(look)) => Some(RepeatRule::Look(look.to_owned())),
            _ => {
                problems.problem(node.at, path, "has exactly one of `header` and `look`");
                None
            }
        };
    }
    match document::text(node, path, problems)? {
        "safe" => Some(RepeatRule::Safe),
        "sets" => Some(RepeatRule::Sets),
        "never" => Some(RepeatRule::Never),
        "header" => {
            problems.problem(
                node.at,
                path,
                "`header` needs the name of the header: { header: Idempotency-Key }",
            );
            None
        }
        "look" => {
            problems.problem(
                node.at,
                path,
                "`look` needs the name of an action: { look: find_by_key }",
            );
            None
        }
        word => {
            problems.problem(node.at, path, unknown_field(word, REPEATS.into_iter()));
            None
        }
    }
}

fn rules(node: &Node, path: Path<'_>, inputs: &[&str], problems: &mut Problems) -> Option<Vec<Rule>> {
    const MOST_RULES: usize = 20;
    type Makes = fn(Vec<Text>) -> Rule;
    const RULES: [(&str, Makes); 4] = [
        ("at_most_one", Rule::AtMostOne),
        ("exactly_one", Rule::ExactlyOne),
        ("at_least_one", Rule::AtLeastOne),
        ("all_or_none", Rule::AllOrNone),
    ];
    let mut rules = Vec::new();
    for (index, item) in document::items(node, path, Some(MOST_RULES), problems)?
        .iter()
        .enumerate()
    {
        let path = path.item(index);
        let mut fields = Fields::of(item, &path, problems)?;
        let mut found = 0;
        for (word, rule) in RULES {
            let Some(node) = fields.optional(word) else { continue };
            let path = path.field(word);
            found += 1;
            let names = document::items(node, path, Some(inputs.len()), problems)?;
            let mut of = Vec::new();
            for (index, node) in names.iter().enumerate() {
                let name = document::text(node, path.item(index), problems)?;
                if !inputs.contains(&name) {
                    problems.problem(node.at, path.item(index), unknown_field(name, inputs.iter().copied()));
                }
                of.push(Text::from(name.to_owned()));
            }
            if of.len() < 2 {
                problems.problem(node.at, path, "names at least two inputs");
            }
            rules.push(rule(of));
        }
        fields.refuse_others(problems);
        if found != 1 {
            let words = RULES.map(|(word, _)| format!("`{word}`"));
            problems.problem(item.at, path, format!("has exactly one of {}", words.join(", ")));
        }
    }
    Some(rules)
}

/// An action as it was read.
struct Parts<'a> {
    summary: String,
    reads: bool,
    repeat: &'a RepeatRule,
    inputs: &'a [Read],
    rules: Vec<Rule>,
    outputs: Vec<Field>,
    job_seconds: Option<u32>,
    example: &'a str,
}

/// All that the language of workflows knows of an action.
fn spec(of: &Of<'_>, name: &str, parts: Parts<'_>) -> ActionSpec {
    let title = of.title;
    let settling = Settling {
        carried_out_seconds: seconds(CARRIED_OUT_WITHIN),
        shown_seconds: seconds(SHOWN_WITHIN),
    };
    let (repeat, replayed, on_repeat) = match parts.repeat {
        RepeatRule::Safe if parts.reads => (Repeat::IsHarmless, None, "It only reads.".to_owned()),
        RepeatRule::Safe => (
            Repeat::IsHarmless,
            None,
            "A second time changes nothing that the first did not.".to_owned(),
        ),
        RepeatRule::Sets => (
            Repeat::SetsState { settling },
            None,
            "It sets the same once more. After an unknown outcome it waits until the request before can no longer be carried out."
                .to_owned(),
        ),
        RepeatRule::Never => (
            Repeat::IsForbidden {
                look: title.to_owned().into(),
            },
            Some(Replayed::Twice),
            format!("It is done a second time, so after an unknown outcome the step fails; look in {title} if it was done."),
        ),
        RepeatRule::Header(header) => (
            Repeat::IsHarmless,
            Some(Replayed::Twice),
            format!("{title} knows it again by the idempotency key in the header `{header}`, and does it once."),
        ),
        RepeatRule::Look(_) => (
            Repeat::NeedsLook { settling },
            None,
            "It looks for what the first time has made, by the idempotency key, and takes that.".to_owned(),
        ),
    };
    let integration = Field::required("integration", FieldKind::Integration, format!("the account on {title}"));
    let inputs = std::iter::once(integration).chain(parts.inputs.iter().map(|input| input.field.clone()));
    ActionSpec {
        name: format!("{}.{name}", of.connector).into(),
        system: title.to_owned().into(),
        integration: None,
        summary: parts.summary.into(),
        inputs: inputs.collect(),
        rules: parts.rules,
        outputs: parts.outputs,
        effect: if parts.reads { Effect::Reads } else { Effect::Other },
        repeat,
        replayed,
        on_repeat: on_repeat.into(),
        function: FUNCTION.into(),
        timeout_seconds: TIMEOUT_SECONDS,
        job_seconds: parts.job_seconds,
        example: parts.example.to_owned().into(),
        connector: None,
    }
}

fn seconds(of: std::time::Duration) -> u32 {
    u32::try_from(of.as_secs()).unwrap_or(u32::MAX)
}
