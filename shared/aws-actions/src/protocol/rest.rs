//! Members outside of the body: in the path, the query, headers and the status.

use super::{Request, Unreadable, encode, json_text, of_text, text};
use crate::{
    input::{Datum, Fields, input_name},
    model::{Location, Member, Operation, Service, Shape, ShapeId, TimeFormat},
    name::snake_case,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// The body of a protocol by path.
pub(super) trait Body {
    /// Reads a body that is a value of this shape.
    fn read(&self, service: &Service<'_>, shape: ShapeId, body: &[u8]) -> Result<Value, Unreadable>;
}

/// The members that are left for the body of a request.
pub(super) struct Rest<'i, 'v> {
    pub(super) request: Request,
    /// The member that is the body, if there is one, and its value.
    pub(super) payload: Option<(&'i Member<'i>, Option<&'i Datum<'v>>)>,
    /// The members in the body, where no single one is it.
    pub(super) fields: Fields<'v>,
    /// True if there are members in the body, given or not.
    pub(super) has_body: bool,
}

/// Writes what is not in the body.
pub(super) fn request<'i, 'v>(
    service: &'i Service<'_>,
    operation: &Operation<'_>,
    input: &'i Fields<'v>,
) -> Result<Rest<'i, 'v>, String> {
    let mut request = Request::of(operation);
    let members = service.members(operation.input);
    let payload = match operation.input.map(|input| service.shape(input)) {
        Some(Shape::Structure(structure)) => structure.payload(),
        _ => None,
    };
    let (path, fixed) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    path.clone_into(&mut request.path);
    let mut query = Query(fixed.to_owned());
    let mut fields = Fields::new();
    // What a member of the query names comes before what a map of the query has.
    let mut maps = Vec::new();
    for (index, datum) in input {
        let Some(member) = members.get(*index) else { continue };
        match member.location {
            Location::Uri => request.path = with_label(service, &request.path, member, datum)?,
            Location::Query => match datum {
                Datum::Map(entries) => maps.push((member.shape, entries)),
                datum => query.value(service, member.wire_name(), member.shape, datum),
            },
            // The transport counts the body itself; another number would be another request to whoever reads it.
            Location::Header if member.wire_name().eq_ignore_ascii_case("content-length") => {}
            Location::Header => {
                if let Some(value) = header(service, member.shape, datum) {
                    checked(&mut request, member.wire_name(), value, &input_name(member, true))?;
                }
            }
            Location::Headers => {
                for (name, value) in map(datum) {
                    let name = format!("{}{name}", member.sent_name);
                    checked(
                        &mut request,
                        &name,
                        text(service, member.shape, value, TimeFormat::Rfc822),
                        &name,
                    )?;
                }
            }
            Location::Body | Location::Status => fields.push((*index, datum.clone())),
        }
    }
    for (shape, entries) in maps {
        let Shape::Map(of_map) = service.shape(shape) else {
            continue;
        };
        for (name, value) in entries {
            if !query.has(name) {
                query.value(service, name, of_map.value, value);
            }
        }
    }
    request.query = query.0;
    if request.path.contains('{') {
        return Err(format!("the path {} has a part that is not given", request.path));
    }
    let payload = payload.map(|payload| {
        let given = input.iter().find(|(index, _)| members.get(*index) == Some(payload));
        (payload, given.map(|(_, datum)| datum))
    });
    let has_body = members.iter().any(|member| member.location == Location::Body);
    Ok(Rest {
        request,
        payload,
        fields,
        has_body,
    })
}

fn map<'d, 'v>(datum: &'d Datum<'v>) -> &'d [(&'v str, Datum<'v>)] {
    match datum {
        Datum::Map(entries) => entries,
        _ => &[],
    }
}

/// Puts a value into the path. It is one segment, unless the model says that it is several.
fn with_label(service: &Service<'_>, path: &str, member: &Member<'_>, datum: &Datum<'_>) -> Result<String, String> {
    let value = text(service, member.shape, datum, TimeFormat::Iso8601);
    let field = input_name(member, true);
    // Route 53 answers with ids such as `/hostedzone/Z1`, and takes only what is behind it:
    // https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html
    let value = match value.rsplit_once('/') {
        Some((_, id)) if service.name == "route53" && value.starts_with('/') => id.to_owned(),
        _ => value,
    };
    if value.is_empty() {
        return Err(format!("`{field}` is empty, but is a part of the request's path"));
    }
    let (one, several) = (
        format!("{{{}}}", member.wire_name()),
        format!("{{{}+}}", member.wire_name()),
    );
    let is_several = path.contains(&several);
    // Whatever carries the request takes these as steps up the path, and another operation would be asked.
    let segments = value
        .split('/')
        .filter(|_| is_several)
        .chain((!is_several).then_some(value.as_str()));
    if segments.into_iter().any(|segment| segment == "." || segment == "..") {
        return Err(format!(
            "`{field}` has `.` or `..` as a part of the request's path, which cannot be sent"
        ));
    }
    Ok(match is_several {
        true => path.replace(&several, &encode(&value, true)),
        false => path.replace(&one, &encode(&value, false)),
    })
}

/// A query, encoded.
struct Query(String);

impl Query {
    fn push(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(&encode(name, false));
        self.0.push('=');
        self.0.push_str(&encode(value, false));
    }

    fn has(&self, name: &str) -> bool {
        let name = encode(name, false);
        self.0.split('&').any(|pair| pair.split('=').next() == Some(&name))
    }

    fn value(&mut self, service: &Service<'_>, name: &str, shape: ShapeId, datum: &Datum<'_>) {
        match (service.shape(shape), datum) {
            (Shape::List(list), Datum::List(entries)) => {
                for entry in entries {
                    self.push(name, &text(service, list.element, entry, TimeFormat::Iso8601));
                }
            }
            (_, datum) => self.push(name, &text(service, shape, datum, TimeFormat::Iso8601)),
        }
    }
}

/// The value of a header; none for an empty list.
fn header(service: &Service<'_>, shape: ShapeId, datum: &Datum<'_>) -> Option<String> {
    match (service.shape(shape), datum) {
        (Shape::List(list), Datum::List(entries)) => {
            let is_text = matches!(service.shape(list.element), Shape::Text(_));
            let entries = entries.iter().map(|entry| {
                let text = text(service, list.element, entry, TimeFormat::Rfc822);
                match is_text && text.contains([',', '"']) {
                    true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
                    false => text,
                }
            });
            let entries: Vec<String> = entries.collect();
            (!entries.is_empty()).then(|| entries.join(", "))
        }
        (Shape::JsonText, Datum::Json(json)) => Some(BASE64.encode(json_text(json))),
        (_, datum) => Some(text(service, shape, datum, TimeFormat::Rfc822)),
    }
}

/// Adds a header whose name or value comes from the workflow.
fn checked(request: &mut Request, name: &str, value: String, field: &str) -> Result<(), String> {
    let is_sendable = name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(&value).is_ok();
    // A header of the transport or of the signature is not the workflow's to give.
    if !is_sendable || ["host", "authorization", "content-length"].contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("`{field}` cannot be sent as a header"));
    }
    request.header(name, value);
    Ok(())
}

/// Reads an answer.
pub(super) fn answer(
    service: &Service<'_>,
    output: ShapeId,
    (status, headers, body): (u16, &HeaderMap, &[u8]),
    format: &dyn Body,
) -> Result<Map<String, Value>, Unreadable> {
    let Shape::Structure(structure) = service.shape(output) else {
        return Ok(Map::new());
    };
    let mut fields = Map::new();
    for member in &structure.members {
        let value = match member.location {
            Location::Header => of_header(service, member, headers),
            Location::Headers => Some(of_headers(member, headers)),
            Location::Status => Some(status.into()),
            Location::Body | Location::Uri | Location::Query => None,
        };
        if let Some(value) = value {
            fields.insert(snake_case(member.name), value);
        }
    }
    match structure.payload() {
        Some(payload) => {
            let value = match service.shape(payload.shape) {
                Shape::Blob { .. } => (!body.is_empty()).then(|| BASE64.encode(body).into()),
                Shape::Text(_) if body.is_empty() => None,
                Shape::Text(_) => Some(String::from_utf8_lossy(body).into_owned().into()),
                _ if body.is_empty() => None,
                _ => Some(format.read(service, payload.shape, body)?),
            };
            if let Some(value) = value {
                fields.insert(snake_case(payload.name), value);
            }
        }
        None if body.is_empty()
            || structure
                .members
                .iter()
                .all(|member| !member.location.is_in_body_of_answer()) => {}
        None => match format.read(service, output, body)? {
            Value::Object(of_body) => fields.extend(of_body),
            _ => return Err(Unreadable::Shape("a map")),
        },
    }
    Ok(fields)
}

fn of_header(service: &Service<'_>, member: &Member<'_>, headers: &HeaderMap) -> Option<Value> {
    let value = headers.get(member.wire_name())?;
    let text = String::from_utf8_lossy(value.as_bytes());
    Some(match service.shape(member.shape) {
        Shape::List(list) => {
            let element = service.shape(list.element);
            let has_commas = matches!(element, Shape::Timestamp(None | Some(TimeFormat::Rfc822)));
            let entries = if has_commas { pairs(&text) } else { split(&text) };
            entries.iter().map(|entry| of_text(element, entry)).collect()
        }
        shape => of_text(shape, &text),
    })
}

fn of_headers(member: &Member<'_>, headers: &HeaderMap) -> Value {
    let prefix = member.sent_name.to_ascii_lowercase();
    let named = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix(&prefix)?;
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        Some((name.to_owned(), value.into()))
    });
    Value::Object(named.collect())
}

/// The entries of a list in a header. Those in quotes can have commas.
fn split(text: &str) -> Vec<String> {
    let mut entries = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in text.chars() {
        match c {
            '\\' if is_quoted && !is_escaped => {
                is_escaped = true;
                continue;
            }
            '"' if !is_escaped => is_quoted = !is_quoted,
            ',' if !is_quoted => entries.push(String::new()),
            c => {
                if let Some(entry) = entries.last_mut() {
                    entry.push(c);
                }
            }
        }
        is_escaped = false;
    }
    entries.iter().map(|entry| entry.trim().to_owned()).collect()
}

/// The entries of a list of times in a header: each has one comma of its own, if it begins with the name of a day.
fn pairs(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let mut entries = Vec::new();
    let mut parts = parts.into_iter();
    while let Some(part) = parts.next() {
        match part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            true => entries.push(format!("{part}, {}", parts.next().unwrap_or_default())),
            false => entries.push(part.to_owned()),
        }
    }
    entries
}
