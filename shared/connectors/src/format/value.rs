//! Values that a file has in several places.

use super::scope::Scope;
use crate::{integration::Auth, name};
use reqwest::{Url, header::HeaderName};
use serde_json::Value;
use workflow::{
    action::{FieldKind, Pattern},
    document::{self, Content, Entry, Node, Path, Position, ProblemSink, Problems},
    template::Template,
};

/// The longest line of words for people, in characters.
const LONGEST_LINE: usize = 300;

/// Headers that the transport sets, and those that would carry another secret than that of the integration.
const NOT_FOR_FILES: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// True if a request of a connector cannot set the header.
pub(crate) fn is_set_elsewhere(name: &HeaderName) -> bool {
    NOT_FOR_FILES.contains(&name.as_str())
}

/// Words for people, in one line.
pub(super) fn line(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<String> {
    let text = document::text(node, path, problems)?;
    let problem = match text {
        text if text.trim().is_empty() => "is empty",
        text if text.trim() != text || text.contains(char::is_control) => {
            "must be one line, without spaces at its ends"
        }
        text if text.chars().count() > LONGEST_LINE => "is longer than 300 characters",
        text => return Some(text.to_owned()),
    };
    problems.problem(node.at, path, problem);
    None
}

pub(super) fn boolean(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<bool> {
    let boolean = match &node.content {
        Content::Scalar(value) => value.as_bool(),
        Content::List(_) | Content::Map(_) => None,
    };
    if boolean.is_none() {
        let message = format!("must be true or false, but is {}", node.type_name());
        problems.problem(node.at, path, message);
    }
    boolean
}

/// The entries of a map that has no more than so many.
pub(super) fn entries<'a>(
    node: &'a Node,
    path: Path<'_>,
    most: usize,
    what: &str,
    problems: &mut Problems,
) -> Option<&'a [Entry]> {
    let Content::Map(entries) = &node.content else {
        let message = format!("must be a map of {what}, but is {}", node.type_name());
        problems.problem(node.at, path, message);
        return None;
    };
    if entries.len() > most {
        let message = format!("has {} {what}; at most {most} are allowed", entries.len());
        problems.problem(node.at, path, message);
        return None;
    }
    Some(entries)
}

/// True if the key of an entry is a name. Says so if not.
pub(super) fn is_name(entry: &Entry, path: Path<'_>, problems: &mut Problems) -> bool {
    match name::check(&entry.key) {
        Ok(()) => true,
        Err(error) => {
            problems.problem(entry.key_at, path, error.to_string());
            false
        }
    }
}

/// An address that people can open.
pub(super) fn address(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<String> {
    let text = document::text(node, path, problems)?;
    match FieldKind::Url.check(&Value::from(text)) {
        Ok(()) => Some(text.to_owned()),
        Err(problem) => {
            problems.problem(node.at, path, problem);
            None
        }
    }
}

/// The pattern that a whole text must have.
pub(super) fn pattern(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Pattern> {
    let pattern = document::text(node, path, problems)?.parse::<Pattern>();
    pattern
        .inspect_err(|error| problems.problem(node.at, path, error.to_string()))
        .ok()
}

/// The name of a header that a request may set.
pub(super) fn header(
    name: &str,
    at: Option<Position>,
    path: Path<'_>,
    auth: Option<&Auth>,
    problems: &mut Problems,
) -> Option<HeaderName> {
    let of_auth = match auth {
        Some(Auth::Header {
            name: Template::Literal(Value::String(name)),
            ..
        }) => Some(name.as_str()),
        _ => None,
    };
    let Ok(header) = HeaderName::try_from(name) else {
        problems.problem(at, path, format!("`{name:.80}` is not the name of a header"));
        return None;
    };
    if is_set_elsewhere(&header) || of_auth.is_some_and(|of_auth| of_auth.eq_ignore_ascii_case(header.as_str())) {
        let message = format!(
            "`{header}` cannot be set here: the secret goes where `auth` says, and the rest is up to the transport"
        );
        problems.problem(at, path, message);
        return None;
    }
    Some(header)
}

/// The name of a header in which an answer says something, or the idempotency key is sent.
pub(super) fn header_name(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<HeaderName> {
    let text = document::text(node, path, problems)?;
    header(text, node.at, path, None, problems)
}

/// An address, with the fields of the integration in it, that begins with `https://`.
pub(super) fn base_url(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Template> {
    let source = document::text(node, path, problems)?;
    let template = scope.text(node, path, problems)?;
    let problem = match &template {
        _ if !source.starts_with("https://") => "must begin with `https://`",
        Template::Literal(_) => match Url::parse(source) {
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                "must not have a query; give it with the request"
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => "must not have a user in it",
            Ok(url) if url.host_str().is_some() => return Some(template),
            _ => "is not an address",
        },
        _ if source.contains(['?', '#']) && !source.contains("{{") => "must not have a query",
        _ => return Some(template),
    };
    problems.problem(node.at, path, problem);
    None
}
