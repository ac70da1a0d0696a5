//! The workflow as a tree of box characters. What is done at the same time hangs on a double line.

use super::{Form, Graph, Node};

pub(super) fn drawn(graph: &Graph) -> String {
    let mut lines = Vec::new();
    for (number, line) in graph.trigger.iter().enumerate() {
        let bullet = if number == 0 { "●" } else { "│" };
        lines.push(format!("{bullet} {line}"));
    }
    lines.push("│".to_owned());
    let below: Vec<Item<'_>> = graph.steps.iter().map(Item::Step).collect();
    items(&below, "", ["├─ ", "└─ "], &mut lines);
    if !graph.on_failure.is_empty() {
        lines.push(String::new());
        lines.push("✕ on failure".to_owned());
        lines.push("│".to_owned());
        let below: Vec<Item<'_>> = graph.on_failure.iter().map(Item::Step).collect();
        items(&below, "", ["├─ ", "└─ "], &mut lines);
    }
    lines.join("\n")
}

/// What hangs on a line: a step, or a list of steps under its label.
enum Item<'a> {
    Step(&'a Node),
    Labelled(&'a str, &'a [Node]),
}

fn items(items_here: &[Item<'_>], indent: &str, [between, last]: [&str; 2], lines: &mut Vec<String>) {
    for (number, item) in (1..).zip(items_here) {
        let is_last = number == items_here.len();
        let connector = if is_last { last } else { between };
        // The line goes on below a connector, unless it was the last one.
        let line = if between.starts_with('╠') { '║' } else { '│' };
        let inner = format!("{indent}{}  ", if is_last { ' ' } else { line });
        match item {
            Item::Labelled(label, steps) => {
                lines.push(format!("{indent}{connector}{label}"));
                let below: Vec<Item<'_>> = steps.iter().map(Item::Step).collect();
                items(&below, &inner, ["├─ ", "└─ "], lines);
            }
            Item::Step(node) => {
                lines.push(format!("{indent}{connector}{}{}", mark(node.form), node.heading()));
                let below = in_step(node);
                let rest = if below.is_empty() { "     " } else { "│    " };
                lines.extend(node.remarks().map(|remark| format!("{inner}{rest}{remark}")));
                let connectors = match node.form {
                    Form::Lanes => ["╠═ ", "╚═ "],
                    _ => ["├─ ", "└─ "],
                };
                items(&below, &inner, connectors, lines);
            }
        }
    }
}

fn in_step(node: &Node) -> Vec<Item<'_>> {
    let lists = node.lists.iter();
    lists
        .flat_map(|list| match list.label.as_str() {
            "" => list.steps.iter().map(Item::Step).collect(),
            label => vec![Item::Labelled(label, &list.steps)],
        })
        .collect()
}

fn mark(form: Form) -> &'static str {
    match form {
        Form::Choice => "◇ ",
        Form::Lanes => "═ ",
        Form::Rounds => "↻ ",
        Form::Stop => "■ ",
        Form::Fail => "✕ ",
        Form::Task | Form::Wait | Form::Workflow | Form::Group => "",
    }
}
