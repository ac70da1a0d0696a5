//! Round trips: an input of every operation, sent as a request, is the same when it comes back as an answer.
//!
//! Forms are never answered with, so this is about JSON, XML and headers.

use crate::{
    input,
    model::{Location, Operation, Protocol, Service, Shape, ShapeId},
    name::snake_case,
    protocol,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use fastrand::Rng;
use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value, json};

/// The number of inputs of each operation.
const INPUTS: u64 = 4;

/// Texts that have a meaning to a reader of JSON or XML.
const TEXTS: &[&str] = &[
    "a",
    "web 1",
    "<b>&amp;\"'",
    "line\nbreak",
    "\u{2028}é",
    " ends ",
    "null",
    "true",
    "1e3",
    "]]>",
    "{}",
    "ü/..",
    "\r",
    "-",
];

/// Texts that a header can have. What is at its ends is not kept.
const OF_HEADERS: &[&str] = &["a", "web 1", "a, b", "say \"hi\"", "x=1;y", "back\\slash, too"];

fn value(service: &Service<'_>, id: ShapeId, random: &mut Rng, depth: usize, texts: &[&str]) -> Value {
    let count = if depth > 4 { 0 } else { random.usize(1..3) };
    match service.shape(id) {
        Shape::Structure(structure) => {
            let mut fields = Map::new();
            let only = random.usize(0..structure.members.len().max(1));
            for (index, member) in structure.members.iter().enumerate() {
                let is_given = match structure.is_union {
                    true => index == only,
                    false => member.is_required || (depth < 3 && random.u8(0..4) == 0),
                };
                if is_given && member.location == Location::Body {
                    fields.insert(
                        snake_case(member.name),
                        value(service, member.shape, random, depth + 1, texts),
                    );
                }
            }
            Value::Object(fields)
        }
        Shape::List(list) => (0..count)
            .map(|_| value(service, list.element, random, depth + 1, texts))
            .collect(),
        Shape::Map(map) => (0..count)
            .map(|index| {
                (
                    format!("Key {index}"),
                    value(service, map.value, random, depth + 1, texts),
                )
            })
            .collect(),
        Shape::Text(words) if !words.is_empty() => words[random.usize(0..words.len())].into(),
        Shape::Text(_) => texts[random.usize(0..texts.len())].into(),
        Shape::Integer => random.i64(-1_000_000..1_000_000).into(),
        Shape::Float => json!(f64::from(random.i32(-1_000..1_000)) / 8.0),
        Shape::Boolean => random.bool().into(),
        Shape::Timestamp(_) => jiff::Timestamp::from_second(random.i64(0..4_000_000_000))
            .unwrap()
            .to_string()
            .into(),
        Shape::Blob { .. } => BASE64.encode(texts[random.usize(0..texts.len())]).into(),
        Shape::Document | Shape::JsonText => json!({"Any": ["thing", 1]}),
    }
}

/// An input of the operation, without what is in the path and the query.
fn input(service: &Service<'_>, operation: &Operation<'_>, random: &mut Rng) -> Map<String, Value> {
    let mut fields = Map::new();
    for member in service.members(operation.input) {
        let texts = match member.location {
            Location::Header | Location::Headers => OF_HEADERS,
            _ => TEXTS,
        };
        let mut given = value(service, member.shape, random, 0, texts);
        if member.location == Location::Headers {
            given = json!({"origin": "run 1", "note": "a, b"});
        }
        let is_read_back = matches!(member.location, Location::Body | Location::Header | Location::Headers);
        // The transport knows better how long the body is.
        let is_read_back = is_read_back && member.name != "ContentLength";
        if is_read_back && (member.is_required || random.bool()) {
            fields.insert(snake_case(member.name), given);
        }
    }
    fields
}

/// The input with a value for each part of the path, which is not read back.
fn with_path(service: &Service<'_>, operation: &Operation<'_>, input: &Map<String, Value>) -> Map<String, Value> {
    let mut whole = input.clone();
    for member in service.members(operation.input) {
        if matches!(member.location, Location::Uri | Location::Query) && member.is_required {
            let given = match service.shape(member.shape) {
                Shape::Integer => json!(1),
                Shape::Boolean => json!(true),
                Shape::Timestamp(_) => json!("2027-01-31T09:00:00Z"),
                Shape::List(_) => json!([]),
                Shape::Text(words) if !words.is_empty() => words[0].into(),
                _ => json!("abc"),
            };
            whole.insert(snake_case(member.name), given);
        }
        // What is read back has the name that AWS has for it.
        if let Some(given) = whole.remove(&snake_case(member.name)) {
            whole.insert(input::input_name(member, true), given);
        }
    }
    whole
}

#[test]
fn what_is_written_can_be_read() {
    let mut count = 0;
    for name in crate::services() {
        let Some(service) = crate::operations(name).next().map(|operation| operation.service) else {
            continue;
        };
        if matches!(service.protocol, Protocol::Query | Protocol::Ec2) {
            continue;
        }
        // Its deprecated input has two members that are sent under one name.
        let is_ambiguous = |operation: &Operation<'_>| operation.name == "PutBucketNotification";
        let operations = service.operations.iter().filter(|operation| !is_ambiguous(operation));
        for operation in operations.filter(|operation| operation.input.is_some()) {
            let mut random = Rng::with_seed(7);
            for _ in 0..INPUTS {
                let given = input(service, operation, &mut random);
                let whole = with_path(service, operation, &given);
                let fields = input::read(service, operation.input, &whole, &[], None)
                    .unwrap_or_else(|error| panic!("{name} {}: {error}: {whole:?}", operation.name));
                let request = protocol::request(service, operation, &fields).unwrap();
                let mut headers = HeaderMap::new();
                for (name, value) in &request.headers {
                    headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
                }
                let back = Operation {
                    output: operation.input,
                    result_wrapper: "",
                    ..operation.clone()
                };
                let mut read = protocol::answer(service, &back, 200, &headers, &request.body)
                    .unwrap_or_else(|error| panic!("{name} {}: {error}: {request:?}", operation.name));
                // A header that the protocol adds is no input, and an empty prefix of headers has none.
                read.retain(|name, value| given.contains_key(name) || !(value.is_string() || value == &json!({})));
                assert_eq!(read, given, "{name} {}: {request:?}", operation.name);
                count += 1;
            }
        }
    }
    assert!(count > 5_000, "{count}");
}
