//! The body of a request.

use serde_json::Value;

use super::{
    Fit, Remark,
    action::{Work, shown},
    document::{Document, Operation},
    input::{Input, constant_node, example_of, fallback},
    schema::{Property, Schema, Type},
    yaml::Node,
};

/// The inputs and the request part that the body of an operation gives.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) headers: Vec<(String, Node)>,
    /// The word of the body, and the body.
    pub(super) body: Option<(&'static str, Node)>,
}

/// The kinds of bodies, the better ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Json,
    Form,
    Multipart,
    Text,
    File,
}

impl Kind {
    fn of(media_type: &str) -> Self {
        let essence = media_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match essence.as_str() {
            // Where any type is taken, JSON is.
            "*/*" | "application/*" | "application/json" | "text/json" | "" => Self::Json,
            json if json.ends_with("+json") => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => Self::Multipart,
            text if text.starts_with("text/")
                || text.ends_with("/xml")
                || text.ends_with("+xml")
                || text.ends_with("yaml") =>
            {
                Self::Text
            }
            _ => Self::File,
        }
    }
}

/// Reads the body, and takes its inputs in.
pub(super) fn of(work: &mut Work<'_, '_>) -> Result<Body, Remark> {
    if matches!(work.operation.method, "get" | "head") {
        if work
            .operation
            .value
            .get("requestBody")
            .is_some_and(|body| has_fields(work, body))
        {
            work.remark(Fit::Part, "its body is left out: a request that reads has none");
        }
        return Ok(Body::default());
    }
    match work.document.is_swagger {
        true => of_swagger(work),
        false => of_openapi(work),
    }
}

/// True if an operation may have a body.
pub(super) fn is_there(document: &Document<'_>, operation: &Operation<'_>) -> bool {
    let is_of_swagger = || {
        let mut places = document
            .parameters(operation)
            .into_iter()
            .filter_map(|parameter| parameter.get("in")?.as_str());
        places.any(|place| matches!(place, "body" | "formData"))
    };
    !matches!(operation.method, "get" | "head") && (operation.value.get("requestBody").is_some() || is_of_swagger())
}

/// True if a body has something in it.
fn has_fields<'a>(work: &Work<'a, '_>, body: &'a Value) -> bool {
    let mut content = work.document.map(work.document.resolve(body), "content");
    content.any(|(_, content)| {
        let schema = content.get("schema").map(|schema| Schema::of(work.document, schema));
        schema.is_some_and(|schema| !schema.is_empty)
    })
}

fn of_openapi(work: &mut Work<'_, '_>) -> Result<Body, Remark> {
    let Some(body) = work.operation.value.get("requestBody") else {
        return Ok(Body::default());
    };
    let body = work.document.resolve(body);
    let is_required = body.get("required").and_then(Value::as_bool) == Some(true);
    let chosen = work
        .document
        .map(body, "content")
        .enumerate()
        .min_by_key(|(index, (media_type, _))| {
            // JSON of a special kind comes after JSON itself.
            (
                Kind::of(media_type),
                !media_type.starts_with("application/json"),
                *index,
            )
        });
    let Some((_, (media_type, content))) = chosen else {
        return Ok(Body::default());
    };
    written(work, media_type, content.get("schema"), is_required, body)
}

fn of_swagger(work: &mut Work<'_, '_>) -> Result<Body, Remark> {
    let parameters = work.document.parameters(work.operation);
    let of = |place: &str| {
        let parameters = parameters.iter().copied();
        let of_place = parameters.filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some(place));
        of_place.collect::<Vec<_>>()
    };
    let consumes = work
        .operation
        .value
        .get("consumes")
        .or_else(|| work.document.root.get("consumes"));
    let consumes: Vec<&str> = consumes
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if let Some(body) = of("body").first() {
        let is_required = body.get("required").and_then(Value::as_bool) == Some(true);
        let media_type = consumes.iter().copied().min_by_key(|media_type| Kind::of(media_type));
        return written(
            work,
            media_type.unwrap_or("application/json"),
            body.get("schema"),
            is_required,
            body,
        );
    }
    let fields = of("formData");
    if fields.is_empty() {
        return Ok(Body::default());
    }
    let is_multipart = consumes
        .iter()
        .all(|media_type| Kind::of(media_type) == Kind::Multipart)
        && !consumes.is_empty();
    let properties: Vec<Property<'_>> = fields
        .iter()
        .map(|field| Property {
            name: field.get("name").and_then(Value::as_str).unwrap_or_default(),
            schema: field,
            is_required: field.get("required").and_then(Value::as_bool) == Some(true),
        })
        .collect();
    let kind = match is_multipart {
        true => Kind::Multipart,
        false => Kind::Form,
    };
    fields_of(work, kind, &properties, true)
}

/// A body of a media type.
fn written<'a>(
    work: &mut Work<'a, '_>,
    media_type: &str,
    schema: Option<&'a Value>,
    is_required: bool,
    of: &'a Value,
) -> Result<Body, Remark> {
    let kind = Kind::of(media_type);
    let headers = match (kind, media_type) {
        (Kind::Json, "*/*" | "application/*" | "application/json" | "text/json" | "") => Vec::new(),
        (Kind::Json | Kind::Text, media_type)
            if media_type != "text/plain" && super::input::is_constant(media_type) =>
        {
            vec![("content-type".to_owned(), Node::text(media_type))]
        }
        _ => Vec::new(),
    };
    let no_type = Schema::of(work.document, &Value::Null);
    let schema = schema.map_or(no_type, |schema| Schema::of(work.document, schema));
    if kind == Kind::File || (kind == Kind::Json && schema.of_type == Type::File) {
        return unsupported(
            work,
            is_required,
            &format!("its body is a file (`{}`)", shown(media_type)),
        );
    }
    if kind == Kind::Text {
        if !media_type.starts_with("text/") {
            let text = format!(
                "its body is a text of the type `{}`, which a step has to write itself",
                shown(media_type)
            );
            work.remark(Fit::Part, text);
        }
        let input = whole(work, Type::Text, is_required, &schema, of);
        return Ok(Body {
            headers,
            body: input.map(|node| ("text", node)),
        });
    }
    if schema.of_type == Type::Map && !schema.properties.is_empty() {
        if schema.has_forms {
            work.remark(Fit::Typed, "its body has several forms, whose fields are put together");
        }
        let mut body = fields_of(work, kind, &schema.properties, is_required)?;
        body.headers.extend(headers);
        return Ok(body);
    }
    if schema.is_empty {
        return Ok(Body::default());
    }
    if kind != Kind::Json {
        return match schema.of_type {
            Type::Map | Type::Any if kind == Kind::Form => {
                if schema.of_type == Type::Any {
                    work.remark(Fit::Part, "the fields of its form are not known");
                }
                let node = whole(work, Type::Map, is_required, &schema, of);
                Ok(Body {
                    headers,
                    body: node.map(|node| ("form", node)),
                })
            }
            _ => unsupported(work, is_required, "the parts of its body are not known"),
        };
    }
    let of_type = schema.of_type.clone();
    let node = whole(work, of_type, is_required, &schema, of);
    Ok(Body {
        headers,
        body: node.map(|node| ("json", node)),
    })
}

fn unsupported(work: &mut Work<'_, '_>, is_required: bool, text: &str) -> Result<Body, Remark> {
    if is_required {
        return Err(work.refusal(Fit::No, text));
    }
    work.remark(Fit::Part, format!("{text}, and is left out"));
    Ok(Body::default())
}

/// A body that is one input.
fn whole(work: &mut Work<'_, '_>, of_type: Type, is_required: bool, schema: &Schema<'_>, of: &Value) -> Option<Node> {
    let input = Input {
        name: String::new(),
        summary: schema
            .summary
            .clone()
            .or_else(|| super::words::line(of, "description"))
            .unwrap_or_else(|| "the body of the request".to_owned()),
        example: example_of(schema, None),
        of_type,
        is_required,
    };
    let name = work.take(input, "body", "request");
    name.map(|name| Node::expression(&format!("inputs.{name}")))
}

/// A body with a field for each input.
fn fields_of<'a>(
    work: &mut Work<'a, '_>,
    kind: Kind,
    properties: &[Property<'a>],
    is_required: bool,
) -> Result<Body, Remark> {
    let mut fields = Vec::new();
    // Those that have to be given come first, so that there is room for them.
    let (needed, other): (Vec<Property<'_>>, Vec<_>) =
        properties.iter().copied().partition(|property| property.is_required);
    for property in needed.into_iter().chain(other) {
        let schema = Schema::of(work.document, property.schema);
        if schema.is_read_only || property.name.is_empty() {
            continue;
        }
        let must_be = property.is_required && is_required;
        if let (true, Some(constant)) = (must_be, schema.constant)
            && let Some(node) = constant_node(constant)
        {
            fields.push((property.name.to_owned(), node));
            continue;
        }
        let name = shown(property.name);
        let problem = match (&schema.of_type, kind) {
            (Type::File, _) => Some(format!("`{name}` is a file")),
            (Type::Map, Kind::Form | Kind::Multipart) => Some(format!("`{name}` is a map, which a form cannot have")),
            (Type::List, Kind::Multipart) => Some(format!("`{name}` is a list, which a part cannot be")),
            _ => None,
        };
        if let Some(problem) = problem {
            if must_be {
                return Err(work.refusal(Fit::No, problem));
            }
            work.remark(Fit::Part, format!("{problem}, and is left out"));
            continue;
        }
        let input = Input {
            name: String::new(),
            summary: schema.summary.clone().unwrap_or_else(|| fallback(property.name)),
            example: example_of(&schema, None),
            of_type: schema.of_type,
            is_required: property.is_required && !schema.is_nullable,
        };
        if let Some(input) = work.take(input, property.name, "body") {
            fields.push((property.name.to_owned(), Node::expression(&format!("inputs.{input}"))));
        }
    }
    if fields.is_empty() {
        return Ok(Body::default());
    }
    let word = match kind {
        Kind::Form => "form",
        Kind::Multipart => "multipart",
        Kind::Json | Kind::Text | Kind::File => "json",
    };
    Ok(Body {
        headers: Vec::new(),
        body: Some((word, Node::Map(fields))),
    })
}
