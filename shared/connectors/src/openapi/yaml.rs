//! The file of a draft, as people would write it.

use serde_json::Value;
use workflow::{
    characters::escaped_in_json,
    error_name::{NamedError, SystemError, SystemName},
};

use super::{
    Remark,
    account::Account,
    action::{Imported, Repeat, address, documentation},
    answer::Output,
    document::Document,
    input::Input,
    schema::Type,
    words,
};
use crate::ConnectorName;

/// A piece of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A text.
    Text(String),
    /// A scalar that is written as it is: a number, `true` or `false`.
    Plain(String),
    /// Lines of text.
    Lines(String),
    /// A map, a line for each field.
    Map(Vec<(String, Node)>),
    /// A map in one line.
    Flow(Vec<(String, Node)>),
    /// A list in one line.
    List(Vec<Node>),
    /// Lines that only people read, above a field.
    Noted(Vec<String>, Box<Node>),
}

impl Node {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// An expression, in its braces.
    pub(super) fn expression(expression: &str) -> Self {
        Self::Text(format!("{{{{ {expression} }}}}"))
    }

    pub(super) fn map<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Map(fields.map(|(name, node)| (name.to_owned(), node)).into())
    }

    pub(super) fn flow<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Flow(fields.map(|(name, node)| (name.to_owned(), node)).into())
    }

    /// The type of one of a few words.
    pub(super) fn one_of(words: &[String]) -> Self {
        Self::flow([(
            "one_of",
            Self::List(words.iter().map(|word| Self::text(word)).collect()),
        )])
    }

    fn write(&self, depth: usize, out: &mut String) {
        match self {
            Self::Text(text) => {
                out.push(' ');
                out.push_str(&scalar(text));
                out.push('\n');
            }
            Self::Plain(text) => {
                out.push(' ');
                out.push_str(text);
                out.push('\n');
            }
            Self::Lines(lines) => {
                out.push_str(" |\n");
                for line in lines.lines() {
                    indent(depth, out);
                    out.push_str(line);
                    out.push('\n');
                }
            }
            Self::Map(fields) if fields.is_empty() => out.push_str(" {}\n"),
            Self::Map(fields) => {
                if depth > 0 {
                    out.push('\n');
                }
                for (name, node) in fields {
                    let node = match node {
                        Self::Noted(notes, node) => {
                            for note in notes {
                                indent(depth, out);
                                out.push_str("# ");
                                out.push_str(note);
                                out.push('\n');
                            }
                            node
                        }
                        node => node,
                    };
                    indent(depth, out);
                    out.push_str(&scalar(name));
                    out.push(':');
                    node.write(depth + 1, out);
                }
            }
            Self::Flow(_) | Self::List(_) => {
                out.push(' ');
                self.inline(out);
                out.push('\n');
            }
            Self::Noted(_, node) => node.write(depth, out),
        }
    }

    fn inline(&self, out: &mut String) {
        match self {
            Self::Text(text) | Self::Lines(text) => out.push_str(&scalar(text)),
            Self::Plain(text) => out.push_str(text),
            Self::Map(fields) | Self::Flow(fields) if fields.is_empty() => out.push_str("{}"),
            Self::Map(fields) | Self::Flow(fields) => {
                out.push_str("{ ");
                for (index, (name, node)) in fields.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(&scalar(name));
                    out.push_str(": ");
                    node.inline(out);
                }
                out.push_str(" }");
            }
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.inline(out);
                }
                out.push(']');
            }
            Self::Noted(_, node) => node.inline(out),
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// A text, without quotes where it needs none.
fn scalar(text: &str) -> String {
    match is_plain(text) {
        true => text.to_owned(),
        // What JSON has between quotes YAML reads in the same way, but for characters that it does not take as they are.
        false => {
            let mut quoted = String::new();
            for c in escaped_in_json(&Value::from(text).to_string()).chars() {
                match c {
                    '\u{feff}' | '\u{fffe}' | '\u{ffff}' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
                    c => quoted.push(c),
                }
            }
            quoted
        }
    }
}

/// True if YAML, of the old version too, reads a text as itself without quotes, also within braces.
fn is_plain(text: &str) -> bool {
    const MEANT_OTHERWISE: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];
    let is_inner = |c: char| c.is_ascii_alphanumeric() || " -_./()+'=;$@".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(is_inner)
        && !text.ends_with(' ')
        && !MEANT_OTHERWISE.contains(&text.to_lowercase().as_str())
        && text.len() <= 300
}

/// The file.
pub(super) fn file(document: &Document<'_>, name: &ConnectorName, account: &Account, actions: &[Imported]) -> String {
    let info = document.root.get("info").unwrap_or(&Value::Null);
    let title = title(info, name);
    let summary = words::line(info, "description").unwrap_or_else(|| format!("Actions on {title}."));
    let documentation = documentation(document.root)
        .or_else(|| info.pointer("/contact/url").and_then(address))
        .or_else(|| info.get("termsOfService").and_then(address))
        .or_else(|| address(&Value::from(account.base_url.as_str())))
        .unwrap_or_else(|| "https://example.com/".to_owned());
    let mut fields = vec![
        ("connector".to_owned(), Node::text(name.as_str())),
        ("title".to_owned(), Node::text(&title)),
        ("summary".to_owned(), Node::text(&summary)),
        ("documentation".to_owned(), Node::text(&documentation)),
        ("integration".to_owned(), noted(&account.remarks, account.node())),
        ("base_url".to_owned(), Node::text(&account.base_url)),
    ];
    if let Some(errors) = errors(actions) {
        fields.push(("errors".to_owned(), errors));
    }
    let test = actions
        .iter()
        .find(|action| action.repeat == Repeat::Safe && action.inputs.iter().all(|input| !input.is_required));
    if let Some(test) = test {
        fields.push(("test".to_owned(), Node::text(&test.name)));
    }
    let actions = actions
        .iter()
        .map(|action| (action.name.clone(), noted(&action.remarks, node(action, name))));
    fields.push(("actions".to_owned(), Node::Map(actions.collect())));
    let mut out = String::from(
        "# A draft from an OpenAPI document, which says neither what a repeat does nor which answers are failures.\n",
    );
    Node::Map(fields).write(0, &mut out);
    out
}

/// The remarks above what they are about.
fn noted(remarks: &[Remark], node: Node) -> Node {
    let notes: Vec<String> = remarks
        .iter()
        .map(|remark| remark.text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    match notes.is_empty() {
        true => node,
        false => Node::Noted(notes, Box::new(node)),
    }
}

/// The name of the system. Names of errors begin with it.
fn title(info: &Value, name: &ConnectorName) -> String {
    let named = info
        .get("title")
        .and_then(Value::as_str)
        .and_then(|title| words::short(title, 50));
    let short = named.map(|title| {
        let words = title.split_whitespace().filter(|word| !is_noise(word));
        let title = words.collect::<Vec<_>>().join(" ");
        let mut letters = title.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    let of_name = capital(name.as_str());
    [short.unwrap_or_default(), of_name.clone(), format!("System {of_name}")]
        .into_iter()
        .find(|title| can_begin_errors(title))
        .unwrap_or_else(|| "External System".to_owned())
}

/// Words that say only what kind of document it is.
fn is_noise(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    [
        "api",
        "rest",
        "openapi",
        "swagger",
        "specification",
        "reference",
        "documentation",
    ]
    .contains(&word.to_lowercase().as_str())
        || word.starts_with('v') && word.len() > 1 && word.chars().skip(1).all(|c| c.is_ascii_digit() || c == '.')
}

fn can_begin_errors(title: &str) -> bool {
    let named = NamedError::System(SystemName::of(title), SystemError::NotFound);
    let fits = !title.is_empty() && title.trim() == title && title.chars().count() <= 60;
    fits && NamedError::parse(&named.to_string()).as_ref() == Some(&named)
}

fn capital(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect::<String>()
        })
    };
    name.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// The place of the code and the words of an error, as the first action has it that says so.
fn errors(actions: &[Imported]) -> Option<Node> {
    let (code, message) = actions
        .iter()
        .map(|action| &action.error)
        .find(|(code, message)| code.is_some() || message.is_some())?;
    let mut fields = Vec::new();
    if let Some(code) = code {
        fields.push(("code".to_owned(), Node::expression(code)));
    }
    if let Some(message) = message {
        fields.push(("message".to_owned(), Node::expression(message)));
    }
    Some(Node::Map(fields))
}

fn node(action: &Imported, connector: &ConnectorName) -> Node {
    let repeat = match &action.repeat {
        Repeat::Safe => Node::text("safe"),
        Repeat::Sets => Node::text("sets"),
        Repeat::Never => Node::text("never"),
        Repeat::Header(header) => Node::flow([("header", Node::text(header))]),
    };
    let mut fields = vec![("summary".to_owned(), Node::text(&action.summary))];
    if let Some(documentation) = &action.documentation {
        fields.push(("documentation".to_owned(), Node::text(documentation)));
    }
    fields.push(("repeat".to_owned(), repeat));
    if !action.inputs.is_empty() {
        let inputs = action
            .inputs
            .iter()
            .map(|input| (input.name.clone(), input_node(input)));
        fields.push(("inputs".to_owned(), Node::Map(inputs.collect())));
    }
    let mut request = vec![
        ("method".to_owned(), Node::Text(action.method.to_uppercase())),
        ("path".to_owned(), Node::text(&action.path)),
    ];
    for (word, part) in [("query", &action.query), ("headers", &action.headers)] {
        if !part.is_empty() {
            request.push((word.to_owned(), Node::Map(part.clone())));
        }
    }
    if let Some((word, body)) = &action.body {
        request.push(((*word).to_owned(), body.clone()));
    }
    fields.push(("request".to_owned(), Node::Map(request)));
    let outputs = action
        .outputs
        .iter()
        .map(|output| (output.name.clone(), output_node(output)));
    fields.push(("outputs".to_owned(), Node::Map(outputs.collect())));
    fields.push(("example".to_owned(), Node::Lines(example(action, connector))));
    Node::Map(fields)
}

fn type_node(of_type: &Type) -> Node {
    Node::text(match of_type {
        Type::OneOf(words) => return Node::one_of(words),
        Type::Text | Type::File => "text",
        Type::Time => "time",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::List => "list",
        Type::Map => "map",
        Type::Any => "any",
    })
}

fn input_node(input: &Input) -> Node {
    let mut fields = vec![("type".to_owned(), type_node(&input.of_type))];
    if input.is_required {
        fields.push(("required".to_owned(), Node::Plain("true".to_owned())));
    }
    fields.push(("summary".to_owned(), Node::text(&input.summary)));
    Node::Flow(fields)
}

fn output_node(output: &Output) -> Node {
    let mut fields = vec![("type".to_owned(), type_node(&output.of_type))];
    if output.is_optional {
        fields.push(("optional".to_owned(), Node::Plain("true".to_owned())));
    }
    fields.push(("summary".to_owned(), Node::text(&output.summary)));
    fields.push(("from".to_owned(), output.from.clone()));
    Node::Flow(fields)
}

/// The inputs that have to be given, as a person would write them.
fn example(action: &Imported, connector: &ConnectorName) -> String {
    let alias = connector.as_str().trim_end_matches('_').replace('_', "-");
    let mut out = format!("integration: {}\n", scalar(&alias));
    for input in action.inputs.iter().filter(|input| input.is_required) {
        let mut value = String::new();
        example_of(input).inline(&mut value);
        out.push_str(&format!("{}: {value}\n", scalar(&input.name)));
    }
    out
}

fn example_of(input: &Input) -> Node {
    match (&input.example, &input.of_type) {
        (Some(Value::String(text)), _) => Node::text(text),
        (Some(value), _) => Node::Plain(value.to_string()),
        (None, Type::OneOf(words)) => Node::Text(words.first().cloned().unwrap_or_default()),
        (None, Type::Time) => Node::text("2026-01-31T09:00:00Z"),
        (None, Type::Integer | Type::Number) => Node::Plain("1".to_owned()),
        (None, Type::Boolean) => Node::Plain("true".to_owned()),
        (None, Type::List) => Node::List(vec![Node::text("…")]),
        (None, Type::Map | Type::Any) => Node::flow([("name", Node::text("…"))]),
        (None, Type::Text | Type::File) => Node::text("…"),
    }
}
