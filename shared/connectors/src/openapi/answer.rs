//! The outputs, from the schema of the answer of success.

use serde_json::Value;

use super::{
    Fit,
    action::{Work, shown},
    input::fallback,
    names::Taken,
    schema::{Property, Schema, Type},
    yaml::Node,
};

/// The most outputs of an action.
const MOST_FIELDS: usize = crate::format::MOST_FIELDS;

/// An output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) of_type: Type,
    pub(super) is_optional: bool,
    pub(super) summary: String,
    pub(super) from: Node,
}

/// The statuses of success, in the order in which their answers are asked for.
const SUCCESSES: [&str; 7] = ["200", "201", "202", "203", "2XX", "2xx", "206"];

/// Reads the outputs.
pub(super) fn of(work: &mut Work<'_, '_>) -> Vec<Output> {
    let responses: Vec<(&str, &Value)> = work
        .document
        .map(work.operation.value, "responses")
        .map(|(status, response)| (status, work.document.resolve(response)))
        .collect();
    let find = |wanted: &str| {
        responses
            .iter()
            .find(|(status, _)| *status == wanted)
            .map(|(_, response)| *response)
    };
    let successes = || SUCCESSES.iter().filter_map(|status| find(status));
    let is_without = |response: &&Value| response.get("content").or_else(|| response.get("schema")).is_some();
    let chosen = successes().find(is_without).or_else(|| successes().next());
    // An answer of success that is not described is that of `default`, unless one without a body is.
    let has_empty = ["204", "205"].iter().any(|status| find(status).is_some());
    let Some(response) = chosen.or_else(|| find("default").filter(|_| !has_empty)) else {
        return Vec::new();
    };
    match content(work, response) {
        Content::None => Vec::new(),
        Content::Text => vec![text()],
        Content::File => {
            work.remark(Fit::Part, "its answer is a file, which is not kept");
            Vec::new()
        }
        Content::Json(None) => {
            work.remark(Fit::Part, "its answer has no type");
            vec![whole(Type::Any, None)]
        }
        Content::Json(Some(schema)) => outputs(work, schema),
    }
}

enum Content<'a> {
    None,
    Json(Option<&'a Value>),
    Text,
    File,
}

fn content<'a>(work: &Work<'a, '_>, response: &'a Value) -> Content<'a> {
    let kind = |media_type: &str| {
        let essence = media_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "text/json" => 0,
            json if json.ends_with("+json") => 1,
            "*/*" | "application/*" => 2,
            text if text.starts_with("text/") || text.ends_with("xml") || text.ends_with("yaml") => 3,
            _ => 4,
        }
    };
    if work.document.is_swagger {
        let Some(schema) = response.get("schema") else {
            return Content::None;
        };
        if Schema::of(work.document, schema).of_type == Type::File {
            return Content::File;
        }
        let produces = work
            .operation
            .value
            .get("produces")
            .or_else(|| work.document.root.get("produces"));
        let produces = produces
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        return match produces.map(kind).min() {
            Some(3) => Content::Text,
            Some(4) => Content::File,
            _ => Content::Json(Some(schema)),
        };
    }
    let best = work
        .document
        .map(response, "content")
        .min_by_key(|(media_type, _)| kind(media_type));
    let Some((media_type, content)) = best else {
        return Content::None;
    };
    match kind(media_type) {
        0..=2 => Content::Json(content.get("schema")),
        3 => Content::Text,
        _ => Content::File,
    }
}

fn text() -> Output {
    Output {
        name: "text".to_owned(),
        of_type: Type::Text,
        is_optional: true,
        summary: "the answer".to_owned(),
        from: Node::expression("body"),
    }
}

/// The answer as one output.
fn whole(of_type: Type, summary: Option<String>) -> Output {
    let name = match of_type {
        Type::List => "items",
        _ => "answer",
    };
    Output {
        name: name.to_owned(),
        of_type: answered(of_type),
        is_optional: true,
        summary: summary.unwrap_or_else(|| "the answer".to_owned()),
        from: Node::expression("body"),
    }
}

/// The type of an output. Systems add words to their lists and write times in forms of their own, and an answer is not
/// refused for it.
fn answered(of_type: Type) -> Type {
    match of_type {
        Type::OneOf(_) | Type::Time | Type::File => Type::Text,
        of_type => of_type,
    }
}

fn outputs<'a>(work: &mut Work<'a, '_>, schema: &'a Value) -> Vec<Output> {
    let schema = Schema::of(work.document, schema);
    if schema.of_type == Type::File {
        work.remark(Fit::Part, "its answer is a file, which is not kept");
        return Vec::new();
    }
    if schema.of_type == Type::Any {
        work.remark(Fit::Part, "its answer has no type");
    }
    if schema.properties.is_empty() {
        return vec![whole(schema.of_type, schema.summary)];
    }
    let mut taken = Taken::outputs();
    let mut outputs = Vec::new();
    let (always, sometimes): (Vec<Property<'_>>, Vec<_>) = schema
        .properties
        .iter()
        .copied()
        .partition(|property| property.is_required);
    let mut left_out = 0;
    let mut untyped = Vec::new();
    for property in always.into_iter().chain(sometimes) {
        let of = Schema::of(work.document, property.schema);
        if of.is_write_only || property.name.is_empty() {
            continue;
        }
        if outputs.len() == MOST_FIELDS {
            left_out += 1;
            continue;
        }
        if of.of_type == Type::Any {
            untyped.push(shown(property.name));
        }
        outputs.push(Output {
            name: taken.take(property.name, "answer"),
            is_optional: !property.is_required || of.is_nullable,
            summary: of.summary.unwrap_or_else(|| fallback(property.name)),
            of_type: answered(of.of_type),
            from: Node::expression(&field(property.name)),
        });
    }
    if left_out > 0 {
        work.remark(
            Fit::Typed,
            format!("{left_out} of the fields of its answer are left out: an action has at most {MOST_FIELDS} outputs"),
        );
    }
    if !untyped.is_empty() {
        let names = untyped
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
        work.remark(Fit::Part, format!("outputs without a type: {names}"));
    }
    outputs
}

/// The expression for a field of the answer.
fn field(name: &str) -> String {
    let is_identifier = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match is_identifier {
        true => format!("body.{name}"),
        false => format!("body[{}]", quoted(name)),
    }
}

/// A text as an expression has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            // Braces of an expression end where the first closing ones are.
            c if c.is_control() || !c.is_ascii() || c == '{' || c == '}' || c == '%' || c == '#' => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// Where the words of an error stand, if the answers of failure say it.
pub(super) fn error_fields<'a>(work: &Work<'a, '_>) -> (Option<String>, Option<String>) {
    let failures = work
        .document
        .map(work.operation.value, "responses")
        .filter(|(status, _)| !status.starts_with(['1', '2', '3']));
    for (_, response) in failures {
        let Content::Json(Some(schema)) = content(work, work.document.resolve(response)) else {
            continue;
        };
        let schema = Schema::of(work.document, schema);
        let find = |schema: &Schema<'a>, names: &[&str]| {
            let of = |name: &&str| {
                schema
                    .properties
                    .iter()
                    .find(|property| property.name == *name)
                    .copied()
            };
            let mut properties = names.iter().filter_map(of);
            properties.find(|property| Schema::of(work.document, property.schema).of_type.is_single())
        };
        const MESSAGES: [&str; 7] = [
            "message",
            "detail",
            "error_description",
            "description",
            "title",
            "error",
            "msg",
        ];
        const CODES: [&str; 4] = ["code", "error_code", "error", "type"];
        let within = schema.properties.iter().find(|property| property.name == "error");
        let inner = within
            .map(|property| Schema::of(work.document, property.schema))
            .filter(|inner| inner.of_type == Type::Map);
        let (of, root) = match &inner {
            Some(inner) => (inner, "body.error."),
            None => (&schema, "body."),
        };
        let message = find(of, &MESSAGES).map(|property| format!("{root}{}", property.name));
        let code = find(of, &CODES).map(|property| format!("{root}{}", property.name));
        if message.is_some() || code.is_some() {
            let code = code.filter(|code| Some(code) != message.as_ref());
            return (code, message);
        }
    }
    (None, None)
}
