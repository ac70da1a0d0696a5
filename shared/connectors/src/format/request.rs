//! `request`: the method, the path, and what is sent.

use super::{MOST_FIELDS, input::Read, integration::can_go_to, scope::Scope, scope::Sight, value};
use crate::{
    connector::{Body, MethodRule, Name, Part, Path as RequestPath, Piece, Request, Segment},
    integration::{Auth, IntegrationType},
};
use reqwest::Method;
use std::collections::BTreeMap;
use workflow::{
    action::{FieldKind, unknown_field},
    document::{self, Content, Fields, Node, Path, ProblemSink, Problems},
    template::Template,
};

/// The methods.
pub(crate) const METHODS: [(&str, Method); 6] = [
    ("GET", Method::GET),
    ("HEAD", Method::HEAD),
    ("POST", Method::POST),
    ("PUT", Method::PUT),
    ("PATCH", Method::PATCH),
    ("DELETE", Method::DELETE),
];

/// The field of a map in whose place the fields of an input stand.
pub(crate) const SPREAD: &str = "...";

pub(super) fn read(
    node: &Node,
    path: Path<'_>,
    scope: &Scope<'_>,
    inputs: &[Read],
    integration: Option<&IntegrationType>,
    problems: &mut Problems,
) -> Option<Request> {
    let auth = integration.map(|integration| &integration.auth);
    let mut fields = Fields::of(node, &path, problems)?;
    let method = fields.required("method", "GET, POST, PUT, PATCH or DELETE", problems);
    let method = method.and_then(|node| method_of(node, path.field("method"), inputs, problems));
    let is_secret = matches!(auth, Some(Auth::Url));
    let base_url = fields.optional("base_url");
    let base_url = base_url.and_then(|node| base_url_of(node, path.field("base_url"), scope, integration, problems));
    let path_node = match is_secret {
        true => fields.optional("path"),
        false => fields.required(
            "path",
            "the path behind `base_url`, such as /chat.postMessage",
            problems,
        ),
    };
    let request_path = match path_node {
        Some(node) if is_secret => {
            let message = "is left out where `auth` is `url`: the secret is the whole address";
            problems.problem(node.at, path.field("path"), message);
            None
        }
        Some(node) => path_of(node, path.field("path"), scope, inputs, problems),
        None => is_secret.then(RequestPath::default),
    };
    let query = fields.read(
        "query",
        |node, path, problems| {
            spreads(node, path, inputs, problems);
            scope.map(node, path, problems)
        },
        problems,
    );
    let headers_node = fields.optional("headers");
    let headers = headers_node.and_then(|node| headers(node, path.field("headers"), scope, auth, problems));
    let bodies_of = [
        ("json", fields.optional("json")),
        ("form", fields.optional("form")),
        ("multipart", fields.optional("multipart")),
        ("text", fields.optional("text")),
    ];
    fields.refuse_others(problems);
    let given: Vec<(&str, &Node)> = bodies_of
        .into_iter()
        .filter_map(|(word, node)| Some((word, node?)))
        .collect();
    let mut bodies = Vec::new();
    for (word, node) in &given {
        if matches!(*word, "json" | "form") {
            spreads(node, path.field(word), inputs, problems);
        }
        bodies.extend(body(word, node, path.field(word), scope, problems));
    }
    if let ([(one, _), (other, node), ..], true) = (given.as_slice(), bodies.iter().any(|body| !is_whole(body))) {
        let message = format!(
            "`{one}` and `{other}` exclude each other; only bodies that are one expression each can stand together, and all but one of \
             them must give null"
        );
        problems.problem(node.at, path, message);
    }
    if let (Some(MethodRule::Is(method @ (Method::GET | Method::HEAD))), Some((word, node))) = (&method, given.first())
    {
        problems.problem(
            node.at,
            path.field(word),
            format!("a request with {method} has no body"),
        );
    }
    Some(Request {
        method: method?,
        base_url,
        path: request_path?,
        query,
        headers,
        bodies,
    })
}

/// The address in the place of that of the connector.
fn base_url_of(
    node: &Node,
    path: Path<'_>,
    scope: &Scope<'_>,
    integration: Option<&IntegrationType>,
    problems: &mut Problems,
) -> Option<Template> {
    let base_url = value::base_url(node, path, &scope.at(Sight::Integration), problems)?;
    match integration {
        Some(integration) if matches!(integration.auth, Auth::Url) => {
            let message = "is left out where `auth` is `url`: the secret is the whole address";
            problems.problem(node.at, path, message);
        }
        Some(integration) if !can_go_to(&base_url, &integration.hosts) => {
            let message = "is at none of the hosts in `integration.hosts`, so nothing could be sent there";
            problems.problem(node.at, path, message);
        }
        _ => {}
    }
    Some(base_url)
}

/// Checks what stands for the fields of an input: only of a map it is known that it has some.
fn spreads(node: &Node, path: Path<'_>, inputs: &[Read], problems: &mut Problems) {
    match &node.content {
        Content::List(items) => {
            for (index, item) in items.iter().enumerate() {
                spreads(item, path.item(index), inputs, problems);
            }
        }
        Content::Map(entries) => {
            for entry in entries {
                let path = path.field(&entry.key);
                if entry.key != SPREAD {
                    spreads(&entry.value, path, inputs, problems);
                    continue;
                }
                let name = entry.value.as_text().and_then(input_named);
                let input = inputs.iter().find(|input| Some(input.input.name.as_str()) == name);
                if !input.is_some_and(|input| matches!(input.field.kind, FieldKind::Map { .. })) {
                    let message = "must be `{{ inputs.NAME }}` of an input of the type `map`";
                    problems.problem(entry.value.at, path, message);
                }
            }
        }
        Content::Scalar(_) => {}
    }
}

/// The input that a text names which is one expression alone.
fn input_named(text: &str) -> Option<&str> {
    let expression = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    expression.trim().strip_prefix("inputs.")
}

/// True if a body is one expression, which can give null.
fn is_whole(body: &Body) -> bool {
    match body {
        Body::Json(Template::Expression(expression))
        | Body::Form(Template::Expression(expression))
        | Body::Text(Template::Expression(expression)) => !expression.is_text(),
        _ => false,
    }
}

fn method_of(node: &Node, path: Path<'_>, inputs: &[Read], problems: &mut Problems) -> Option<MethodRule> {
    let text = document::text(node, path, problems)?;
    let known = || METHODS.iter().map(|(word, _)| *word);
    let problem = match input_named(text) {
        None => match METHODS.iter().find(|(word, _)| *word == text) {
            Some((_, method)) => return Some(MethodRule::Is(method.clone())),
            None => unknown_field(text, known()),
        },
        Some(name) => match inputs.iter().find(|input| input.input.name == name) {
            None => unknown_field(name, inputs.iter().map(|input| input.input.name.as_str())),
            Some(Read {
                field,
                is_always_there: true,
                ..
            }) if matches!(&field.kind, FieldKind::OneOf(words) if words.iter().all(|word| known().any(|known| known == word))) =>
            {
                return Some(MethodRule::Input(name.to_owned()));
            }
            Some(_) => format!(
                "`{name}` must be required, or have a default, and its type must be some of these: {{ one_of: [{}] }}",
                known().collect::<Vec<_>>().join(", ")
            ),
        },
    };
    problems.problem(node.at, path, problem);
    None
}

fn headers(
    node: &Node,
    path: Path<'_>,
    scope: &Scope<'_>,
    auth: Option<&Auth>,
    problems: &mut Problems,
) -> Option<Template> {
    if let Content::Map(entries) = &node.content {
        for entry in entries {
            value::header(&entry.key, entry.key_at, path, auth, problems)?;
        }
    }
    scope.map(node, path, problems)
}

fn body(word: &str, node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Body> {
    match word {
        "json" => scope.template(node, path, problems).map(Body::Json),
        "form" => scope.map(node, path, problems).map(Body::Form),
        "text" => scope.text(node, path, problems).map(Body::Text),
        _ => {
            let entries = value::entries(node, path, MOST_FIELDS, "parts", problems)?;
            let mut parts = BTreeMap::new();
            for entry in entries {
                let part = part(&entry.value, path.field(&entry.key), scope, problems);
                parts.extend(part.map(|part| (entry.key.clone(), part)));
            }
            Some(Body::Multipart(parts))
        }
    }
}

fn part(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Part> {
    if !matches!(node.content, Content::Map(_)) {
        return scope.text(node, path, problems).map(Part::Value);
    }
    let mut fields = Fields::of(node, &path, problems)?;
    let name = fields.required("file", "the name of the file", problems);
    let name = name.and_then(|node| scope.text(node, path.field("file"), problems));
    let media_type = fields.read(
        "type",
        |node, path, problems| scope.text(node, path, problems),
        problems,
    );
    let content = fields.required("content", "the text of the file", problems);
    let content = content.and_then(|node| scope.text(node, path.field("content"), problems));
    fields.refuse_others(problems);
    Some(Part::File {
        name: name?,
        media_type,
        content: content?,
    })
}

fn path_of(
    node: &Node,
    path: Path<'_>,
    scope: &Scope<'_>,
    inputs: &[Read],
    problems: &mut Problems,
) -> Option<RequestPath> {
    let text = document::text(node, path, problems)?;
    match parse(text, scope, inputs) {
        Ok(path) => Some(path),
        Err(problem) => {
            problems.problem(node.at, path, problem);
            None
        }
    }
}

fn parse(text: &str, scope: &Scope<'_>, inputs: &[Read]) -> Result<RequestPath, String> {
    if text.contains("{{") {
        return Err("has no templates; write {input} for the value of an input".to_owned());
    }
    let Some(rest) = text.strip_prefix('/') else {
        return Err("must begin with `/`".to_owned());
    };
    let count = rest.split('/').count();
    let segments = rest.split('/').enumerate();
    let segments = segments.map(|(index, segment)| match segment {
        "" if index + 1 == count => Ok(Segment::One(Vec::new())),
        "" | "." | ".." => Err("has an empty segment, or one of dots".to_owned()),
        segment => segment_of(segment, scope, inputs),
    });
    let segments: Vec<Segment> = segments.collect::<Result<_, _>>()?;
    Ok(RequestPath { segments })
}

fn segment_of(text: &str, scope: &Scope<'_>, inputs: &[Read]) -> Result<Segment, String> {
    if let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix("...}")) {
        return name_of(name, scope, inputs).map(Segment::Several);
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (literal, behind) = rest.split_once('{').unwrap_or((rest, ""));
        if let Some(odd) = literal.chars().find(|c| !stands_in_a_path(*c)) {
            return Err(format!("`{odd}` cannot stand in a path; a query is given with `query`"));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal.to_owned()));
        }
        if literal.len() == rest.len() {
            break;
        }
        let Some((name, behind)) = behind.split_once('}') else {
            return Err("has a `{` without a `}`".to_owned());
        };
        if name.ends_with("...") {
            return Err(format!(
                "`{{{name}}}` stands for whole segments, so it must stand between two slashes"
            ));
        }
        pieces.push(Piece::Value(name_of(name, scope, inputs)?));
        rest = behind;
    }
    Ok(Segment::One(pieces))
}

/// The characters that RFC 3986 allows in a segment, but for `%`.
fn stands_in_a_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c)
}

fn name_of(name: &str, scope: &Scope<'_>, inputs: &[Read]) -> Result<Name, String> {
    if let Some(field) = name.strip_prefix("integration.") {
        return match scope.fields().contains(&field) {
            true => Ok(Name::Integration(field.to_owned())),
            false => Err(format!(
                "`{{{name}}}`: in `integration`, {}",
                unknown_field(field, scope.fields().iter().copied())
            )),
        };
    }
    if name == "call.idempotency_key" {
        return Ok(Name::Key);
    }
    match inputs.iter().find(|input| input.input.name == name) {
        None => Err(format!(
            "`{{{name}}}`: {}",
            unknown_field(name, scope.inputs().iter().copied())
        )),
        Some(input) if !input.is_always_there => {
            Err(format!("`{{{name}}}`: the input must be required, or have a default"))
        }
        Some(input) if !input.field.kind.is_single() => Err(format!("`{{{name}}}`: a {} is no text", input.field.kind)),
        Some(_) => Ok(Name::Input(name.to_owned())),
    }
}
