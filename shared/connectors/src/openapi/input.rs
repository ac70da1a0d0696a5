//! Parameters in the path, the query and the headers.

use serde_json::Value;

use super::{
    Fit, Remark,
    account::Account,
    action::{Work, shown},
    schema::{Schema, Type},
    words,
    yaml::Node,
};

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) of_type: Type,
    pub(super) is_required: bool,
    pub(super) summary: String,
    /// A value that shows its form, of its type.
    pub(super) example: Option<Value>,
}

/// The inputs and request parts that the parameters of an operation give.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) path: String,
    pub(super) query: Vec<(String, Node)>,
    pub(super) headers: Vec<(String, Node)>,
    /// The header that takes an idempotency key.
    pub(super) idempotency_key: Option<String>,
}

/// Headers whose value is the same for all systems that know them: a key by which a repeat is known again.
const IDEMPOTENCY_KEYS: [&str; 2] = ["idempotency-key", "x-idempotency-key"];

/// The way in which the values of a list are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListStyle {
    /// `name=a&name=b`.
    Repeated,
    /// In one text.
    Joined(&'static str),
}

/// Reads the parameters.
pub(super) fn parameters(work: &mut Work<'_, '_>, account: &Account) -> Result<Parameters, Remark> {
    let mut parameters = Parameters::default();
    let mut all = work.document.parameters(work.operation);
    let is_required = |parameter: &Value| parameter.get("required").and_then(Value::as_bool) == Some(true);
    // Those that have to be given come first, so that there is room for them.
    all.sort_by_key(|parameter| !is_required(parameter));
    let in_path: Vec<(&str, &Value)> = all
        .iter()
        .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("path"))
        .filter_map(|parameter| Some((parameter.get("name")?.as_str()?, *parameter)))
        .collect();
    path(work, &in_path, &mut parameters)?;
    for parameter in all {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        let place = parameter.get("in").and_then(Value::as_str).unwrap_or_default();
        let is_required = is_required(parameter);
        match place {
            "query" if account.is_query_of_auth(name) => {}
            "query" if is_deep(parameter) && has_fields(work, parameter) => {
                deep(work, parameter, name, &mut parameters)?;
            }
            "query" => {
                if let Some(node) = value(work, parameter, name, "query", is_required)? {
                    parameters.query.push((name.to_owned(), node));
                }
            }
            "header" => header(work, parameter, name, is_required, account, &mut parameters)?,
            "cookie" if is_required => {
                return Err(work.refusal(
                    Fit::No,
                    format!("it needs the cookie `{}`, and cookies are not sent", shown(name)),
                ));
            }
            "cookie" => work.remark(Fit::Part, format!("the cookie `{}` is left out", shown(name))),
            // Those of the path are there already, and those of Swagger 2.0 for the body are read with it.
            _ => {}
        }
    }
    Ok(parameters)
}

fn header<'a>(
    work: &mut Work<'a, '_>,
    parameter: &'a Value,
    name: &str,
    is_required: bool,
    account: &Account,
    parameters: &mut Parameters,
) -> Result<(), Remark> {
    let header = name.to_ascii_lowercase();
    if account.is_header_of_auth(&header) || parameters.headers.iter().any(|(known, _)| *known == header) {
        return Ok(());
    }
    if IDEMPOTENCY_KEYS.contains(&header.as_str()) {
        parameters.idempotency_key = Some(name.to_owned());
        return Ok(());
    }
    // These say what is sent and what comes back, which the rest of the document says.
    if header == "content-type" {
        return Ok(());
    }
    if header == "accept" {
        let schema = parameter.get("schema").unwrap_or(parameter);
        let given = schema.get("default").or_else(|| schema.pointer("/enum/0"));
        if let Some(given) = given.and_then(Value::as_str).filter(|given| is_constant(given)) {
            parameters.headers.push((header, Node::text(given)));
        }
        return Ok(());
    }
    let is_free = reqwest::header::HeaderName::try_from(header.as_str())
        .is_ok_and(|header| !crate::format::is_set_elsewhere(&header));
    if !is_free {
        let text = format!("the header `{}` cannot be set", shown(name));
        return match is_required {
            true => Err(work.refusal(Fit::No, text)),
            false => {
                work.remark(Fit::Part, text);
                Ok(())
            }
        };
    }
    if let Some(node) = value(work, parameter, name, "header", is_required)? {
        parameters.headers.push((header, node));
    }
    Ok(())
}

/// True if a text can stand in a connector as it is.
pub(super) fn is_constant(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && text.is_ascii()
        && !words::has_template(text)
        && !text.contains(char::is_control)
}

/// The value of a parameter in a request. None where it is left out.
fn value<'a>(
    work: &mut Work<'a, '_>,
    parameter: &'a Value,
    name: &str,
    place: &str,
    is_required: bool,
) -> Result<Option<Node>, Remark> {
    let content = work.document.map(parameter, "content").next();
    let is_json = content.is_some();
    let schema = match content {
        Some((_, content)) => content.get("schema"),
        None => parameter.get("schema"),
    };
    let schema = Schema::of(work.document, schema.unwrap_or(parameter));
    if let (true, Some(constant)) = (is_required, schema.constant)
        && let Some(constant) = constant_node(constant)
    {
        return Ok(Some(constant));
    }
    if !is_json && (is_deep(parameter) || matches!(schema.of_type, Type::Map | Type::File)) {
        let text = format!(
            "the {place} parameter `{}` is a map, which cannot be sent there",
            shown(name)
        );
        if is_required {
            return Err(work.refusal(Fit::No, text));
        }
        work.remark(Fit::Part, format!("{text}, and is left out"));
        return Ok(None);
    }
    let style = list_style(parameter, place, work.document.is_swagger);
    let input = Input {
        name: String::new(),
        is_required,
        summary: words::line(parameter, "description")
            .or(schema.summary.clone())
            .unwrap_or_else(|| fallback(name)),
        example: example_of(&schema, parameter.get("example")),
        of_type: schema.of_type.clone(),
    };
    let Some(input) = work.take(input, name, place) else {
        return Ok(None);
    };
    let expression = match (&schema.of_type, style) {
        _ if is_json => format!("inputs.{input} | tojson if inputs.{input} is not none else none"),
        (Type::List, ListStyle::Joined(by)) => {
            format!("inputs.{input} | join('{by}') if inputs.{input} is not none else none")
        }
        _ => format!("inputs.{input}"),
    };
    Ok(Some(Node::expression(&expression)))
}

/// True if the fields of a map are sent as `name[field]=value`.
fn is_deep(parameter: &Value) -> bool {
    parameter.get("style").and_then(Value::as_str) == Some("deepObject")
}

fn has_fields(work: &Work<'_, '_>, parameter: &Value) -> bool {
    let schema = parameter.get("schema").unwrap_or(parameter);
    !Schema::of(work.document, schema).properties.is_empty()
}

/// An input for each field of such a map. What has no form of its own there, a map or a file in it, is left out.
fn deep<'a>(
    work: &mut Work<'a, '_>,
    parameter: &'a Value,
    name: &str,
    parameters: &mut Parameters,
) -> Result<(), Remark> {
    let is_required = parameter.get("required").and_then(Value::as_bool) == Some(true);
    let schema = Schema::of(work.document, parameter.get("schema").unwrap_or(parameter));
    for property in schema.properties {
        let of_field = Schema::of(work.document, property.schema);
        let is_required = is_required && property.is_required;
        let field = format!("{name}[{}]", property.name);
        if let (true, Some(constant)) = (is_required, of_field.constant.and_then(constant_node)) {
            parameters.query.push((field, constant));
            continue;
        }
        if matches!(of_field.of_type, Type::Map | Type::File) {
            let text = format!(
                "the query parameter `{}` is a map, which cannot be sent there",
                shown(&field)
            );
            if is_required {
                return Err(work.refusal(Fit::No, text));
            }
            work.remark(Fit::Part, format!("{text}, and is left out"));
            continue;
        }
        let input = Input {
            name: String::new(),
            is_required,
            summary: of_field.summary.clone().unwrap_or_else(|| fallback(&field)),
            example: example_of(&of_field, None),
            of_type: of_field.of_type.clone(),
        };
        if let Some(input) = work.take(input, &format!("{name}_{}", property.name), "query") {
            parameters
                .query
                .push((field, Node::expression(&format!("inputs.{input}"))));
        }
    }
    Ok(())
}

/// A value that always has to be given, and always is the same.
pub(super) fn constant_node(constant: &Value) -> Option<Node> {
    match constant {
        Value::String(text) if is_constant(text) => Some(Node::text(text)),
        Value::Number(number) => Some(Node::Plain(number.to_string())),
        Value::Bool(value) => Some(Node::Plain(value.to_string())),
        _ => None,
    }
}

/// A summary where the document has none.
pub(super) fn fallback(name: &str) -> String {
    let name: String = shown(name).split_whitespace().collect::<Vec<_>>().join(" ");
    match name.is_empty() {
        true => "the value".to_owned(),
        false => format!("the value of `{name}`"),
    }
}

fn list_style(parameter: &Value, place: &str, is_swagger: bool) -> ListStyle {
    if is_swagger {
        return match parameter.get("collectionFormat").and_then(Value::as_str) {
            Some("multi") => ListStyle::Repeated,
            Some("ssv") => ListStyle::Joined(" "),
            Some("tsv") => ListStyle::Joined("\\t"),
            Some("pipes") => ListStyle::Joined("|"),
            _ => ListStyle::Joined(","),
        };
    }
    if place == "header" {
        return ListStyle::Joined(",");
    }
    let explode = parameter.get("explode").and_then(Value::as_bool);
    match (parameter.get("style").and_then(Value::as_str), explode) {
        (None | Some("form"), None | Some(true)) => ListStyle::Repeated,
        (Some("spaceDelimited"), _) => ListStyle::Joined(" "),
        (Some("pipeDelimited"), _) => ListStyle::Joined("|"),
        _ => ListStyle::Joined(","),
    }
}

/// The path, with the names of inputs in it, and what stands behind a `?`.
fn path<'a>(
    work: &mut Work<'a, '_>,
    known: &[(&'a str, &'a Value)],
    parameters: &mut Parameters,
) -> Result<(), Remark> {
    let (path, query) = work
        .operation
        .path
        .split_once(['?', '#'])
        .unwrap_or((work.operation.path, ""));
    let mut rest = path;
    let mut names: Vec<(&str, String)> = Vec::new();
    let (mut written, mut literals) = (String::new(), String::new());
    while let Some((literal, behind)) = rest.split_once('{') {
        let Some((name, behind)) = behind.split_once('}') else {
            return Err(work.refusal(Fit::No, "its path has a `{` without a `}`"));
        };
        written.push_str(literal);
        literals.push_str(literal);
        let input = match names.iter().find(|(known, _)| *known == name) {
            Some((_, input)) => input.clone(),
            None => path_input(work, name, known),
        };
        written.push_str(&format!("{{{input}}}"));
        names.push((name, input));
        rest = behind;
    }
    written.push_str(rest);
    literals.push_str(rest);
    let odd = literals
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "/-._~!$&'()*+,;=:@".contains(*c)));
    if let Some(odd) = odd {
        return Err(work.refusal(Fit::No, format!("its path has a `{}` in it", odd.escape_default())));
    }
    let segments: Vec<&str> = written.trim_start_matches('/').split('/').collect();
    let count = segments.len();
    let is_odd = |(index, segment): (usize, &&str)| match *segment {
        "." | ".." => true,
        "" => index + 1 != count,
        _ => false,
    };
    if segments.iter().enumerate().any(is_odd) || written.starts_with("//") {
        return Err(work.refusal(Fit::No, "its path has an empty segment, or one of dots"));
    }
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if is_constant(&value) && !name.is_empty() && !name.contains(['{', '}']) && !value.contains(['{', '}']) {
            parameters.query.push((name.into_owned(), Node::text(&value)));
        }
    }
    parameters.path = written;
    Ok(())
}

fn path_input<'a>(work: &mut Work<'a, '_>, name: &'a str, known: &[(&'a str, &'a Value)]) -> String {
    let parameter = known
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, parameter)| *parameter);
    let schema = parameter.map(|parameter| Schema::of(work.document, parameter.get("schema").unwrap_or(parameter)));
    let declared = schema.as_ref().map_or(Type::Text, |schema| schema.of_type.clone());
    // A path is text, whatever else its value is.
    let of_type = match declared.is_single() {
        true => declared,
        false => Type::Text,
    };
    let summary = parameter
        .and_then(|parameter| words::line(parameter, "description"))
        .or_else(|| schema.as_ref().and_then(|schema| schema.summary.clone()));
    let example = schema.as_ref().and_then(|schema| {
        let example = parameter.and_then(|parameter| parameter.get("example"));
        example_of(schema, example)
    });
    let input = Input {
        name: String::new(),
        summary: summary.unwrap_or_else(|| fallback(name)),
        example: example.filter(|example| of_type != Type::Text || example.is_string()),
        of_type,
        is_required: true,
    };
    // Required ones always are taken.
    work.take(input, name, "path").unwrap_or_default()
}

/// A value that the document gives as an example, if it can be shown in one.
pub(super) fn example_of(schema: &Schema<'_>, nearer: Option<&Value>) -> Option<Value> {
    let is_short = |value: &&Value| match value {
        Value::String(text) => is_constant(text) && text.len() <= 60 && text.trim() == text,
        Value::Number(_) | Value::Bool(_) => true,
        _ => false,
    };
    let value = nearer.filter(is_short).or_else(|| schema.example.filter(is_short))?;
    let fits = match (&schema.of_type, value) {
        (Type::Text, Value::String(_)) | (Type::Boolean, Value::Bool(_)) => true,
        (Type::Integer, Value::Number(number)) => !number.is_f64(),
        (Type::Number, Value::Number(_)) => true,
        (Type::OneOf(words), Value::String(text)) => words.contains(text),
        _ => false,
    };
    fits.then(|| value.clone())
}
