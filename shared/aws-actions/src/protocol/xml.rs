//! Values in XML.

use super::{DEEPEST, Unreadable, of_text, query::or, text as as_text};
use crate::{
    input::Datum,
    model::{Location, MapShape, Member, Service, Shape, ShapeId, TimeFormat},
    name::snake_case,
};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};

/// The most elements, attributes and texts that an answer can have. The largest page of EC2 has some 100,000.
const NODES: u32 = 1_000_000;

/// Parses a body. A document type, with which entities could grow, is refused.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Unreadable> {
    let options = ParsingOptions {
        nodes_limit: NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| Unreadable::Xml(error.to_string()))
}

/// The first element of that name within another.
pub(crate) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is_named(*child, name))
}

fn is_named(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == local(name)
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The text of an element.
pub(crate) fn text(node: Node<'_, '_>) -> String {
    node.children()
        .filter(Node::is_text)
        .filter_map(|child| child.text())
        .collect()
}

/// Reads an element that is a structure.
pub(super) fn fields(
    service: &Service<'_>,
    shape: ShapeId,
    node: Node<'_, '_>,
    depth: usize,
) -> Result<Map<String, Value>, Unreadable> {
    match value(service, shape, node, depth)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Unreadable::Shape("a structure")),
    }
}

/// Reads an element, as workflows see it: under names in snake case.
pub(super) fn value(
    service: &Service<'_>,
    shape: ShapeId,
    node: Node<'_, '_>,
    depth: usize,
) -> Result<Value, Unreadable> {
    if depth > DEEPEST {
        return Err(Unreadable::Deep);
    }
    match service.shape(shape) {
        Shape::Structure(structure) => {
            let mut fields = Map::new();
            let in_body = structure
                .members
                .iter()
                .filter(|member| member.location.is_in_body_of_answer());
            for member in in_body {
                if let Some(value) = member_value(service, member, node, depth)? {
                    fields.insert(snake_case(member.name), value);
                }
            }
            Ok(Value::Object(fields))
        }
        Shape::List(list) => {
            let entries = node.children().filter(Node::is_element);
            let entries = entries.filter(|entry| list.element_name.is_empty() || is_named(*entry, list.element_name));
            entries
                .map(|entry| value(service, list.element, entry, depth + 1))
                .collect()
        }
        Shape::Map(map) => map_of(service, map, node.children().filter(Node::is_element), depth),
        shape => Ok(of_text(shape, &text(node))),
    }
}

fn member_value(
    service: &Service<'_>,
    member: &Member<'_>,
    node: Node<'_, '_>,
    depth: usize,
) -> Result<Option<Value>, Unreadable> {
    let name = member.wire_name();
    if member.is_attribute {
        let attribute = node.attributes().find(|attribute| attribute.name() == local(name));
        return Ok(attribute.map(|attribute| of_text(service.shape(member.shape), attribute.value())));
    }
    match service.shape(member.shape) {
        Shape::List(list) if list.is_flat => {
            // Mostly entries are called as the member is, and in some old services as the list says.
            let name = [name, list.element_name]
                .into_iter()
                .find(|name| child(node, name).is_some());
            let Some(name) = name else { return Ok(None) };
            let entries = node.children().filter(|child| is_named(*child, name));
            let entries = entries.map(|entry| value(service, list.element, entry, depth + 1));
            entries.collect::<Result<_, _>>().map(Some)
        }
        Shape::Map(map) if map.is_flat => {
            let mut entries = node.children().filter(|child| is_named(*child, name)).peekable();
            match entries.peek() {
                None => Ok(None),
                Some(_) => map_of(service, map, entries, depth).map(Some),
            }
        }
        _ => child(node, name)
            .map(|child| value(service, member.shape, child, depth + 1))
            .transpose(),
    }
}

fn map_of<'a, 'i: 'a>(
    service: &Service<'_>,
    map: &MapShape<'_>,
    entries: impl Iterator<Item = Node<'a, 'i>>,
    depth: usize,
) -> Result<Value, Unreadable> {
    let mut fields = Map::new();
    for entry in entries {
        let key = child(entry, or(map.key_name, "key"));
        let held = child(entry, or(map.value_name, "value"));
        if let (Some(key), Some(held)) = (key, held) {
            fields.insert(text(key), value(service, map.value, held, depth + 1)?);
        }
    }
    Ok(Value::Object(fields))
}

/// Writes a body: the name of its root element, and the namespace of that.
pub(super) fn document(
    service: &Service<'_>,
    shape: ShapeId,
    datum: &Datum<'_>,
    (root, namespace): (&str, &str),
) -> String {
    let mut writer = Writer {
        service,
        written: String::new(),
    };
    writer.value(shape, datum, root, namespace);
    writer.written
}

struct Writer<'a> {
    service: &'a Service<'a>,
    written: String,
}

impl Writer<'_> {
    fn open(&mut self, name: &str, namespace: &str) {
        self.written.push('<');
        self.written.push_str(name);
        match namespace.split_once('=') {
            _ if namespace.is_empty() => {}
            // A URI with `=` in it would be taken for one with a prefix. No model has one.
            Some((prefix, uri)) => self.attribute(&format!("xmlns:{prefix}"), uri),
            None => self.attribute("xmlns", namespace),
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.written.push(' ');
        self.written.push_str(name);
        self.written.push_str("=\"");
        escape(value, &mut self.written);
        self.written.push('"');
    }

    fn close(&mut self, name: &str) {
        self.written.push_str("</");
        self.written.push_str(name);
        self.written.push('>');
    }

    fn value(&mut self, shape: ShapeId, datum: &Datum<'_>, name: &str, namespace: &str) {
        let service = self.service;
        match (service.shape(shape), datum) {
            (Shape::Structure(structure), Datum::Structure(fields)) => {
                let of_body: Vec<(&Member<'_>, &Datum<'_>)> = fields
                    .iter()
                    .filter_map(|(index, datum)| Some((structure.members.get(*index)?, datum)))
                    .filter(|(member, _)| member.location == Location::Body)
                    .collect();
                self.open(name, namespace);
                for (member, datum) in of_body.iter().filter(|(member, _)| member.is_attribute) {
                    let text = as_text(service, member.shape, datum, TimeFormat::Iso8601);
                    self.attribute(member.wire_name(), &text);
                }
                self.written.push('>');
                for (member, datum) in of_body.iter().filter(|(member, _)| !member.is_attribute) {
                    self.value(member.shape, datum, member.wire_name(), member.namespace);
                }
                self.close(name);
            }
            (Shape::List(list), Datum::List(entries)) if list.is_flat => {
                for entry in entries {
                    self.value(list.element, entry, name, namespace);
                }
            }
            (Shape::List(list), Datum::List(entries)) => {
                self.open(name, namespace);
                self.written.push('>');
                for entry in entries {
                    self.value(
                        list.element,
                        entry,
                        or(list.element_name, "member"),
                        list.element_namespace,
                    );
                }
                self.close(name);
            }
            (Shape::Map(map), Datum::Map(entries)) => {
                if !map.is_flat {
                    self.open(name, namespace);
                    self.written.push('>');
                }
                let of_entry = if map.is_flat { name } else { "entry" };
                for (key, entry) in entries {
                    self.open(of_entry, "");
                    self.written.push('>');
                    self.value(
                        map.key,
                        &Datum::Text((*key).into()),
                        or(map.key_name, "key"),
                        map.key_namespace,
                    );
                    self.value(map.value, entry, or(map.value_name, "value"), map.value_namespace);
                    self.close(of_entry);
                }
                if !map.is_flat {
                    self.close(name);
                }
            }
            (_, datum) => {
                let text = as_text(service, shape, datum, TimeFormat::Iso8601);
                self.open(name, namespace);
                self.written.push('>');
                escape(&text, &mut self.written);
                self.close(name);
            }
        }
    }
}

/// Escapes text. Line breaks are escaped as well, because readers may change those that are not.
fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\r' => into.push_str("&#xD;"),
            '\n' => into.push_str("&#xA;"),
            '\u{85}' => into.push_str("&#x85;"),
            '\u{2028}' => into.push_str("&#x2028;"),
            c => into.push(c),
        }
    }
}
