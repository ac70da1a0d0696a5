//! The steps as numbered lines, those in a step below it.

use super::{Graph, Node};

pub(super) fn written(graph: &Graph) -> String {
    let mut lines = Vec::new();
    list(&graph.steps, 0, &mut lines);
    if !graph.on_failure.is_empty() {
        lines.push("on failure".to_owned());
        list(&graph.on_failure, 1, &mut lines);
    }
    lines.join("\n")
}

fn list(nodes: &[Node], depth: usize, lines: &mut Vec<String>) {
    for (number, node) in (1..).zip(nodes) {
        let remarks: Vec<_> = node.remarks().collect();
        let remarks = match remarks.as_slice() {
            [] => String::new(),
            remarks => format!("  ({})", remarks.join("; ")),
        };
        lines.push(format!("{}{number}. {}{remarks}", indent(depth), node.heading()));
        for inner in &node.lists {
            if inner.label.is_empty() {
                list(&inner.steps, depth + 1, lines);
            } else {
                lines.push(format!("{}{}", indent(depth + 1), inner.label));
                list(&inner.steps, depth + 2, lines);
            }
        }
    }
}

fn indent(depth: usize) -> String {
    "   ".repeat(depth)
}
