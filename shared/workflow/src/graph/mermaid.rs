//! The workflow as a flowchart in the language of Mermaid.

use super::{Form, Graph, Node};

pub(super) fn written(graph: &Graph) -> String {
    let mut chart = Chart::default();
    let start = chart.node(("([", "])"), &graph.trigger);
    let ends = chart.list(&graph.steps, vec![Exit::plain(start)]);
    let done = chart.node(("([", "])"), &["succeeded".to_owned()]);
    chart.join(&ends, &done);
    let stopped = std::mem::take(&mut chart.stopped);
    chart.join(&stopped, &done);
    if !graph.on_failure.is_empty() {
        chart.lines.push("subgraph on_failure [\"on failure\"]".to_owned());
        let start = chart.node(("([", "])"), &["the run fails".to_owned()]);
        chart.list(&graph.on_failure, vec![Exit::plain(start)]);
        chart.lines.push("end".to_owned());
    }
    let lines = chart.lines.iter().map(|line| format!("    {line}"));
    std::iter::once("flowchart TD".to_owned())
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The chart so far.
#[derive(Default)]
struct Chart {
    lines: Vec<String>,
    nodes: usize,
    /// The `stop`s so far of the lane that is being written.
    stopped: Vec<Exit>,
}

/// The place where a line to the next node begins, and its label.
struct Exit {
    node: String,
    label: String,
}

impl Exit {
    fn plain(node: String) -> Self {
        Self {
            node,
            label: String::new(),
        }
    }

    fn labelled(node: &str, label: &str) -> Self {
        Self {
            node: node.to_owned(),
            label: label.to_owned(),
        }
    }
}

impl Chart {
    /// Writes a node between brackets that are its form.
    fn node(&mut self, (open, close): (&str, &str), text: &[String]) -> String {
        let id = format!("n{}", self.nodes);
        self.nodes += 1;
        let text: Vec<_> = text.iter().map(|line| escaped(line)).collect();
        self.lines.push(format!("{id}{open}\"{}\"{close}", text.join("<br/>")));
        id
    }

    fn join(&mut self, exits: &[Exit], to: &str) {
        for exit in exits {
            let label = match exit.label.as_str() {
                "" => String::new(),
                label => format!("|\"{}\"|", escaped(label)),
            };
            self.lines.push(format!("{} -->{label} {to}", exit.node));
        }
    }

    /// Writes steps, and gives where it goes on from the last.
    fn list(&mut self, nodes: &[Node], from: Vec<Exit>) -> Vec<Exit> {
        nodes.iter().fold(from, |from, node| self.step(node, &from))
    }

    fn step(&mut self, node: &Node, from: &[Exit]) -> Vec<Exit> {
        let brackets = match node.form {
            Form::Task | Form::Group => ("[", "]"),
            Form::Wait => ("(", ")"),
            Form::Workflow => ("[[", "]]"),
            Form::Choice => ("{", "}"),
            Form::Lanes | Form::Rounds => ("{{", "}}"),
            Form::Stop | Form::Fail => ("([", "])"),
        };
        let text: Vec<_> = std::iter::once(node.heading()).chain(node.remarks()).collect();
        let own = self.node(brackets, &text);
        self.join(from, &own);
        match node.form {
            Form::Task | Form::Wait | Form::Workflow => vec![Exit::plain(own)],
            Form::Group => self.inside(node, &own),
            Form::Choice => {
                let mut exits = self.inside(node, &own);
                // None of its lists may be the one to do.
                let is_complete = node
                    .lists
                    .iter()
                    .any(|list| ["default", "else"].contains(&list.label.as_str()));
                if !is_complete {
                    exits.push(Exit::labelled(&own, "otherwise"));
                }
                exits
            }
            Form::Lanes => vec![Exit::plain(self.lanes(node, &own, "all lanes"))],
            Form::Rounds => {
                let end = self.lanes(node, &own, "end of a round");
                self.join(&[Exit::labelled(&end, "next round")], &own);
                vec![Exit::labelled(&end, "done")]
            }
            Form::Stop => {
                let skipped = skipped(node, &own);
                self.stopped.push(Exit::plain(own));
                skipped
            }
            Form::Fail => skipped(node, &own),
        }
    }

    /// The lanes of a step, and where they come together.
    fn lanes(&mut self, node: &Node, own: &str, at: &str) -> String {
        // A `stop` in a lane ends only that.
        let outside = std::mem::take(&mut self.stopped);
        let mut ends = self.inside(node, own);
        ends.append(&mut self.stopped);
        self.stopped = outside;
        let together = self.node(("((", "))"), &[at.to_owned()]);
        self.join(&ends, &together);
        together
    }

    fn inside(&mut self, node: &Node, own: &str) -> Vec<Exit> {
        let mut exits = Vec::new();
        for list in &node.lists {
            exits.extend(self.list(&list.steps, vec![Exit::labelled(own, &list.label)]));
        }
        exits
    }
}

/// The way on if a step that ends everything is skipped.
fn skipped(node: &Node, own: &str) -> Vec<Exit> {
    let exit = node.condition.iter().map(|_| Exit::labelled(own, "otherwise"));
    exit.collect()
}

/// A text between quotes. What Mermaid, or the HTML that it makes, would read as more than text is written as an entity.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '|' | '\\' | ';' => format!("#{};", u32::from(c)),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
