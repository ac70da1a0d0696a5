//! References between actions: `choose`, `look`, `poll` and `test`.

use crate::connector::{Action, RepeatRule, Stage};
use workflow::{
    action::{Effect, FieldKind, unknown_field},
    document::{Content, Node, Path, ProblemSink, Problems},
    template::Template,
};

/// Checks that each names an action that fits. `nodes` is the map of the actions, and `test` the node and the name of the action that
/// tests an integration.
pub(super) fn check(nodes: &Node, actions: &[Action], test: Option<(&Node, &str)>, problems: &mut Problems) {
    let root = Path::Root;
    let path = root.field("actions");
    for action in actions {
        let path = path.field(&action.name);
        let node = field(nodes, &action.name);
        if let RepeatRule::Look(name) = &action.repeat
            && let Err(problem) = look(action, name, actions)
        {
            let repeat = path.field("repeat");
            let at = node.and_then(|node| field(field(node, "repeat")?, "look"));
            problems.problem(at.and_then(|node| node.at), repeat.field("look"), problem);
        }
        if let Some(of) = &action.poll {
            let node = node.and_then(|node| field(node, "poll"));
            poll(&of.stages, node, actions, path.field("poll"), problems);
        }
        for input in &action.inputs {
            let Some(choices) = &input.choices else { continue };
            let fits = find(&choices.action, actions).and_then(|listing| {
                needs_nothing(listing)?;
                match listing.spec.output(&choices.list) {
                    Some(output) if output.kind == FieldKind::List => Ok(()),
                    Some(output) => Err(format!(
                        "`{}` gives {} as `{}`, not a list",
                        listing.name, output.kind, output.name
                    )),
                    None => Err(format!(
                        "in the outputs of `{}`, {}",
                        listing.name,
                        unknown_field(&choices.list, listing.spec.outputs.iter().map(|output| &*output.name))
                    )),
                }
            });
            if let Err(problem) = fits {
                let inputs = path.field("inputs");
                let of = inputs.field(&input.name);
                let at = node.and_then(|node| field(field(field(node, "inputs")?, &input.name)?, "choose"));
                problems.problem(at.and_then(|node| node.at), of.field("choose"), problem);
            }
        }
    }
    if let Some((node, name)) = test
        && let Err(problem) = find(name, actions).and_then(needs_nothing)
    {
        problems.problem(node.at, root.field("test"), problem);
    }
}

/// Checks that the actions that a `poll` names can look, one after the other.
fn poll(stages: &[Stage], node: Option<&Node>, actions: &[Action], path: Path<'_>, problems: &mut Problems) {
    let Some((stage, behind)) = stages.split_first() else {
        return;
    };
    let look = find(&stage.action, actions).and_then(|look| only_reads(look).map(|()| look));
    let look = look.and_then(|look| match &look.page {
        Some(_) => Err(format!(
            "`{}` reads the pages of a list; a look reads one thing",
            look.name
        )),
        None => Ok(look),
    });
    match look {
        Err(problem) => {
            let at = node.and_then(|node| field(node, "action"));
            problems.problem(at.and_then(|node| node.at), path.field("action"), problem);
        }
        Ok(look) => {
            let at = node.and_then(|node| field(node, "with")).or(node);
            for problem in wrong_inputs(look, &stage.with) {
                problems.problem(at.and_then(|node| node.at), path.field("with"), problem);
            }
        }
    }
    let then = node.and_then(|node| field(node, "then"));
    poll(behind, then, actions, path.field("then"), problems);
}

/// The problems with the names of the inputs of a look.
fn wrong_inputs(look: &Action, with: &Template) -> Vec<String> {
    let Template::Map(given) = with else { return Vec::new() };
    let inputs = || look.spec.inputs.iter().skip(1);
    let unknown = given.keys().filter(|name| inputs().all(|input| input.name != **name));
    let unknown = unknown.map(|name| unknown_field(name, inputs().map(|input| &*input.name)));
    let missing = inputs().filter(|input| !input.optional && !given.contains_key(&*input.name));
    let missing = missing.map(|input| format!("`{}` is missing, which `{}` needs", input.name, look.name));
    unknown.chain(missing).collect()
}

fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match &node.content {
        Content::Map(entries) => entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value),
        Content::Scalar(_) | Content::List(_) => None,
    }
}

fn find<'a>(name: &str, actions: &'a [Action]) -> Result<&'a Action, String> {
    let found = actions.iter().find(|action| action.name == name);
    found.ok_or_else(|| {
        let known = actions.iter().map(|action| action.name.as_str());
        format!("there is no such action: {}", unknown_field(name, known))
    })
}

fn only_reads(action: &Action) -> Result<(), String> {
    match action.spec.effect {
        Effect::Reads => Ok(()),
        _ => Err(format!(
            "`{}` changes something; an action that only reads is needed",
            action.name
        )),
    }
}

fn needs_nothing(action: &Action) -> Result<(), String> {
    only_reads(action)?;
    let mut inputs = action.spec.inputs.iter().skip(1);
    match inputs.find(|input| !input.optional) {
        None => Ok(()),
        Some(input) => Err(format!(
            "`{}` needs `{}`; an action that needs no input is needed",
            action.name, input.name
        )),
    }
}

/// Checks that an action can look for what another one has made.
fn look(action: &Action, name: &str, actions: &[Action]) -> Result<(), String> {
    let look = find(name, actions)?;
    only_reads(look)?;
    for input in look.spec.inputs.iter().skip(1) {
        let same = action.spec.input(&input.name);
        let is_always_there = |name: &str| {
            let has_default = action.input(name).is_some_and(|input| input.default.is_some());
            has_default || same.is_some_and(|same| !same.optional)
        };
        let problem = match same {
            None => "does not have it",
            Some(same) if same.kind != input.kind => "has another type for it",
            Some(_) if !input.optional && !is_always_there(&input.name) => "may leave it out",
            Some(_) => continue,
        };
        return Err(format!(
            "`{name}` takes `{}`, and `{}` {problem}",
            input.name, action.name
        ));
    }
    let outputs = &action.spec.outputs;
    for output in outputs {
        match look.spec.output(&output.name) {
            Some(same) if same.kind == output.kind => {}
            Some(same) => {
                return Err(format!(
                    "`{name}` gives {} as `{}`, and `{}` gives {}",
                    same.kind, output.name, action.name, output.kind
                ));
            }
            None => {
                return Err(format!(
                    "`{name}` does not give `{}`, which `{}` gives",
                    output.name, action.name
                ));
            }
        }
    }
    match look
        .spec
        .outputs
        .iter()
        .find(|more| action.spec.output(&more.name).is_none())
    {
        None => Ok(()),
        Some(more) => Err(format!(
            "`{name}` gives `{}`, which `{}` does not give",
            more.name, action.name
        )),
    }
}
