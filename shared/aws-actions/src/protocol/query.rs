//! Forms in a POST, answered with XML; and EC2's variant, which has other names and no lists that are not flat.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>, <https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html>

use super::{Request, Unreadable, encode, text, xml};
use crate::{
    input::{Datum, Fields},
    model::{List, Member, Operation, Protocol, Service, Shape, ShapeId, TimeFormat},
};
use serde_json::{Map, Value};

pub(super) fn request(service: &Service<'_>, operation: &Operation<'_>, input: &Fields<'_>) -> Request {
    let mut request = Request::of(operation);
    request.header("content-type", "application/x-www-form-urlencoded");
    let name = if operation.sent_name.is_empty() {
        operation.name
    } else {
        operation.sent_name
    };
    let mut form = Form {
        service,
        body: String::new(),
    };
    form.push("Action", name);
    form.push("Version", service.api_version);
    form.fields(service.members(operation.input), input, "");
    request.body = form.body.into_bytes();
    request
}

struct Form<'a> {
    service: &'a Service<'a>,
    body: String,
}

impl Form<'_> {
    fn push(&mut self, name: &str, value: &str) {
        if !self.body.is_empty() {
            self.body.push('&');
        }
        self.body.push_str(&encode(name, false));
        self.body.push('=');
        self.body.push_str(&encode(value, false));
    }

    fn is_ec2(&self) -> bool {
        self.service.protocol == Protocol::Ec2
    }

    fn fields(&mut self, members: &[Member<'_>], fields: &Fields<'_>, prefix: &str) {
        for (index, datum) in fields {
            let Some(member) = members.get(*index) else { continue };
            let name = match self.is_ec2() {
                true => ec2_name(member),
                false => query_name(self.service, member).to_owned(),
            };
            self.value(member.shape, datum, &joined(prefix, &name));
        }
    }

    fn value(&mut self, shape: ShapeId, datum: &Datum<'_>, prefix: &str) {
        let service = self.service;
        match (service.shape(shape), datum) {
            (Shape::Structure(structure), Datum::Structure(fields)) => self.fields(&structure.members, fields, prefix),
            // An empty list empties what it stands for. In EC2 it cannot be written.
            (Shape::List(_), Datum::List(entries)) if entries.is_empty() => {
                if !self.is_ec2() {
                    self.push(prefix, "");
                }
            }
            (Shape::List(list), Datum::List(entries)) => {
                let prefix = match (self.is_ec2() || list.is_flat, list.element_name) {
                    (true, _) => prefix.to_owned(),
                    (false, "") => joined(prefix, "member"),
                    (false, name) => joined(prefix, name),
                };
                for (entry, place) in entries.iter().zip(1..) {
                    self.value(list.element, entry, &format!("{prefix}.{place}"));
                }
            }
            (Shape::Map(map), Datum::Map(entries)) => {
                let prefix = if map.is_flat {
                    prefix.to_owned()
                } else {
                    joined(prefix, "entry")
                };
                let (key_name, value_name) = (or(map.key_name, "key"), or(map.value_name, "value"));
                for ((key, entry), place) in entries.iter().zip(1..) {
                    self.push(&format!("{prefix}.{place}.{key_name}"), key);
                    self.value(map.value, entry, &format!("{prefix}.{place}.{value_name}"));
                }
            }
            (_, datum) => {
                let text = text(service, shape, datum, TimeFormat::Iso8601);
                self.push(prefix, &text);
            }
        }
    }
}

/// The name of a member. A flat list that has no name of its own is called as its entries are.
fn query_name<'a>(service: &Service<'a>, member: &Member<'a>) -> &'a str {
    match service.shape(member.shape) {
        Shape::List(List {
            is_flat: true,
            element_name,
            ..
        }) if member.sent_name.is_empty() => or(element_name, member.name),
        _ => member.wire_name(),
    }
}

fn ec2_name(member: &Member<'_>) -> String {
    if !member.query_name.is_empty() {
        return member.query_name.to_owned();
    }
    let mut name = member.wire_name().to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

fn joined(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_owned(),
        prefix => format!("{prefix}.{name}"),
    }
}

/// The name, or the usual one.
pub(super) fn or<'a>(name: &'a str, usual: &'a str) -> &'a str {
    if name.is_empty() { usual } else { name }
}

pub(super) fn answer(
    service: &Service<'_>,
    operation: &Operation<'_>,
    output: ShapeId,
    body: &[u8],
) -> Result<Map<String, Value>, Unreadable> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::Text)?;
    let document = xml::parse(text)?;
    let root = document.root_element();
    let element = match service.protocol {
        Protocol::Query => xml::child(root, or(operation.result_wrapper, &format!("{}Result", operation.name))),
        _ => Some(root),
    };
    xml::fields(service, output, element.unwrap_or(root), 0)
}
