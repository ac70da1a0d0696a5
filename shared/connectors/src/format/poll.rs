//! `poll`: the way to the end of what a request has started.

use super::scope::{Scope, Sight};
use crate::connector::{Poll, Stage};
use std::ops::RangeInclusive;
use workflow::{
    definition::Length,
    document::{self, Content, Fields, Node, Path, ProblemSink, Problems},
    template::Template,
};

/// The most looks that follow each other: a place in a queue, then what it becomes, then its result.
const MOST_STAGES: usize = 3;

/// The pauses between two looks, in seconds.
const EVERY: RangeInclusive<u32> = 1..=3_600;

/// The time for all looks, in seconds.
const AT_MOST: RangeInclusive<u32> = 60..=7 * 86_400;

/// Reads `poll`, with the names of the inputs that the last look is made with.
pub(super) fn read(
    node: &Node,
    path: Path<'_>,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> (Option<Poll>, Vec<String>) {
    let Some(mut fields) = Fields::of(node, &path, problems) else {
        return (None, Vec::new());
    };
    let at_most = fields.required("at_most", "the longest time until it has ended, such as 1h", problems);
    let at_most = at_most.and_then(|node| seconds(node, path.field("at_most"), AT_MOST, problems));
    let mut stages = Vec::new();
    let (is_whole, given) = stage(fields, node, path, scope.at(Sight::Page), &mut stages, problems);
    let poll = at_most.filter(|_| is_whole).map(|at_most_seconds| Poll {
        stages,
        at_most_seconds,
    });
    (poll, given)
}

/// Reads one look, and those that follow it. Gives whether all of them could be read, and the names of the inputs of the last one.
fn stage(
    mut fields: Fields<'_>,
    node: &Node,
    path: Path<'_>,
    before: Scope<'_>,
    stages: &mut Vec<Stage>,
    problems: &mut Problems,
) -> (bool, Vec<String>) {
    let action = fields.required("action", "the action that looks", problems);
    let action = action.and_then(|node| document::text(node, path.field("action"), problems));
    let with_node = fields.optional("with");
    let given: Vec<String> = match with_node.map(|node| &node.content) {
        Some(Content::Map(entries)) => entries.iter().map(|entry| entry.key.clone()).collect(),
        _ => Vec::new(),
    };
    let with = match with_node {
        Some(node) => map(node, path.field("with"), &before, problems),
        None => Some(Template::Map([].into())),
    };
    let names: Vec<&str> = given.iter().map(String::as_str).collect();
    let scope = before.looking(&names);
    let done = fields.required("done", "the condition under which it has ended", problems);
    let done = done.and_then(|node| scope.condition(node, path.field("done"), problems));
    let failed = fields.read(
        "failed",
        |node, path, problems| scope.condition(node, path, problems),
        problems,
    );
    let message_node = fields.optional("message");
    let message = message_node.and_then(|node| scope.text(node, path.field("message"), problems));
    if let (Some(node), None) = (message_node, &failed) {
        let message = "needs `failed`: the condition under which it has ended badly";
        problems.problem(node.at, path.field("message"), message);
    }
    let every = fields.required("every", "the pause between two looks, such as 10s", problems);
    let every = every.and_then(|node| seconds(node, path.field("every"), EVERY, problems));
    let then = fields.optional("then");
    fields.refuse_others(problems);
    let parts = (action, with, done, every);
    let mut is_whole = false;
    if let (Some(action), Some(with), Some(done), Some(every_seconds)) = parts {
        is_whole = true;
        stages.push(Stage {
            action: action.to_owned(),
            with,
            done,
            failed,
            message,
            every_seconds,
        });
    }
    let Some(then) = then else { return (is_whole, given) };
    let path = path.field("then");
    if stages.len() >= MOST_STAGES {
        let message = format!("is too much: at most {MOST_STAGES} looks follow each other");
        problems.problem(then.at.or(node.at), path, message);
        return (false, given);
    }
    let Some(fields) = Fields::of(then, &path, problems) else {
        return (false, given);
    };
    let (rest_is_whole, given) = stage(fields, then, path, scope, stages, problems);
    (is_whole && rest_is_whole, given)
}

/// A map of values, each of which may be a template: the inputs of an action, by name.
fn map(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Template> {
    match node.content {
        Content::Map(_) => scope.template(node, path, problems),
        _ => {
            let message = format!("must be a map of inputs, but is {}", node.type_name());
            problems.problem(node.at, path, message);
            None
        }
    }
}

fn seconds(node: &Node, path: Path<'_>, within: RangeInclusive<u32>, problems: &mut Problems) -> Option<u32> {
    let text = document::text(node, path, problems)?;
    let length = Length::parse(text).map(|length| u32::try_from(length.duration().as_secs()).unwrap_or(u32::MAX));
    let problem = match length {
        Ok(seconds) if within.contains(&seconds) => return Some(seconds),
        Ok(_) => {
            let word = |seconds: &u32| Length::from_seconds((*seconds).into()).map(|length| length.to_string());
            let (least, most) = (word(within.start()), word(within.end()));
            format!(
                "must be between {} and {}",
                least.unwrap_or_default(),
                most.unwrap_or_default()
            )
        }
        Err(problem) => problem,
    };
    problems.problem(node.at, path, problem);
    None
}
