//! Facts, as the model of a service that is kept.

use std::collections::HashMap;

use aws_actions::model::{
    Acceptor, Endpoint, List, Location, MapShape, Matcher, Member, Operation, Pages, Path, Protocol, Service, Shape,
    ShapeId, Structure, TimeFormat, WaitState, Waiter,
};

use super::facts::{self, Namespace, Traits};
use super::withheld;

/// A fact that this program does not understand, so that it has to be taught first.
#[derive(Debug, thiserror::Error)]
#[error("{service}: {what} is not known")]
pub(crate) struct NotKnown {
    pub(crate) service: String,
    pub(crate) what: String,
}

/// The protocols that are spoken, by botocore's names for them.
const SPOKEN: [&str; 5] = ["json", "rest-json", "query", "ec2", "rest-xml"];

/// The model of a service.
pub(super) fn service<'a>(name: &'a str, facts: &'a facts::Service) -> Result<Service<'a>, NotKnown> {
    let not_known = |what: String| NotKnown {
        service: name.to_owned(),
        what,
    };
    let metadata = &facts.metadata;
    let mut shapes = Shapes {
        service: name,
        facts: &facts.shapes,
        shapes: Vec::new(),
        of_structures: HashMap::new(),
        of_others: HashMap::new(),
    };
    let offered = facts.operations.iter().filter(|operation| {
        let has_stream = [&operation.input, &operation.output]
            .into_iter()
            .flatten()
            .any(|reference| has_event_stream(facts, &reference.shape));
        !has_stream && !withheld::is_withheld(name, &operation.key)
    });
    let operations = offered
        .map(|operation| shapes.operation(operation, metadata))
        .collect::<Result<Vec<_>, _>>()
        .map_err(not_known)?;
    let is_offered = |name: &str| operations.iter().any(|operation| operation.name == name);
    let waiters = facts.waiters.iter().filter(|waiter| is_offered(&waiter.operation));
    let waiters = waiters.map(waiter).collect::<Result<_, _>>().map_err(not_known)?;
    Ok(Service {
        name: kept(name.replace('-', "_")),
        title: withheld::title(name).unwrap_or(&metadata.service_full_name),
        documentation: &metadata.uid,
        protocol: protocol(metadata).map_err(not_known)?,
        api_version: &metadata.api_version,
        target_prefix: &metadata.target_prefix,
        query_compatible: metadata.aws_query_compatible.is_some(),
        signing_name: metadata.signing_name.as_deref().unwrap_or(&metadata.endpoint_prefix),
        endpoint_prefix: &metadata.endpoint_prefix,
        endpoints: endpoints(&facts.endpoints, &metadata.endpoint_prefix),
        throttling: throttling(facts),
        shapes: shapes.shapes,
        operations,
        waiters,
    })
}

/// A text that was made here. This program ends soon, so nothing is lost.
fn kept(text: String) -> &'static str {
    text.leak()
}

fn has_event_stream(facts: &facts::Service, shape: &str) -> bool {
    let members = facts.shapes.get(shape).map(|shape| &shape.members);
    let mut streams = members
        .into_iter()
        .flatten()
        .filter_map(|member| facts.shapes.get(&member.shape));
    streams.any(|shape| shape.eventstream)
}

/// The protocol that is spoken: the service's own choice if possible.
fn protocol(metadata: &facts::Metadata) -> Result<Protocol, String> {
    let wished = std::iter::once(&metadata.protocol).chain(&metadata.protocols);
    let spoken = wished.map(String::as_str).find(|protocol| SPOKEN.contains(protocol));
    Ok(match (spoken, metadata.json_version.as_str()) {
        (Some("json"), "1.1") => Protocol::Json11,
        (Some("json"), _) => Protocol::Json10,
        (Some("rest-json"), _) => Protocol::RestJson,
        (Some("query"), _) => Protocol::Query,
        (Some("ec2"), _) => Protocol::Ec2,
        (Some("rest-xml"), _) => Protocol::RestXml,
        _ => return Err(format!("the protocol {}", metadata.protocol)),
    })
}

fn throttling(facts: &facts::Service) -> Vec<&str> {
    let errors = facts.shapes.iter().filter(|(_, shape)| {
        let retryable = shape.retryable.as_ref();
        retryable.is_some_and(|retryable| retryable.throttling)
    });
    errors
        .map(|(name, shape)| {
            let code = shape.error.as_ref().and_then(|error| error.code.as_deref());
            code.unwrap_or(name)
        })
        .collect()
}

/// The endpoints that do not have the usual form, by partition.
fn endpoints<'a>(of_regions: &'a [facts::Endpoint], prefix: &str) -> Vec<Endpoint<'a>> {
    let mut endpoints: Vec<Endpoint<'a>> = Vec::new();
    for of_partition in of_regions.chunk_by(|one, other| one.partition == other.partition) {
        let Some(first) = of_partition.first() else { continue };
        let is_usual = |endpoint: &facts::Endpoint| {
            endpoint.url == format!("https://{prefix}.{}.{}", endpoint.region, endpoint.suffix)
                && endpoint.signing_region == endpoint.region
        };
        if of_partition.iter().all(is_usual) {
            continue;
        }
        let is_global = of_partition.iter().all(|endpoint| endpoint.url == first.url)
            && of_partition
                .iter()
                .all(|endpoint| endpoint.signing_region == first.signing_region);
        let host = first.url.trim_start_matches("https://");
        endpoints.push(Endpoint {
            partition: &first.partition,
            host: match is_global {
                true => host,
                false => kept(host.replace(&first.region, "{region}")),
            },
            signing_region: if is_global { &first.signing_region } else { "" },
        });
    }
    endpoints
}

fn waiter(waiter: &facts::Waiter) -> Result<Waiter<'_>, String> {
    let acceptors = waiter.acceptors.iter().map(|acceptor| {
        Ok(Acceptor {
            state: match acceptor.state.as_str() {
                "success" => WaitState::Success,
                "failure" => WaitState::Failure,
                "retry" => WaitState::Retry,
                other => return Err(format!("the state {other} of a waiter")),
            },
            matcher: match acceptor.matcher.as_str() {
                "path" => Matcher::Path,
                "pathAll" => Matcher::PathAll,
                "pathAny" => Matcher::PathAny,
                "status" => Matcher::Status,
                "error" => Matcher::Error,
                other => return Err(format!("the matcher {other} of a waiter")),
            },
            argument: &acceptor.argument,
            expected: kept(acceptor.expected.to_string()),
        })
    });
    Ok(Waiter {
        name: &waiter.name,
        operation: &waiter.operation,
        delay_seconds: waiter.delay,
        attempts: waiter.max_attempts,
        acceptors: acceptors.collect::<Result<_, _>>()?,
    })
}

/// The shapes that operations need, each once.
struct Shapes<'a> {
    service: &'a str,
    facts: &'a std::collections::BTreeMap<String, facts::Shape>,
    shapes: Vec<Shape<'a>>,
    of_structures: HashMap<&'a str, ShapeId>,
    /// Shapes without names, by what they are: a model has hundreds of kinds of text that are all the same here.
    of_others: HashMap<Shape<'a>, ShapeId>,
}

impl<'a> Shapes<'a> {
    fn fact(&self, name: &str) -> Result<&'a facts::Shape, String> {
        self.facts.get(name).ok_or_else(|| format!("the shape {name}"))
    }

    fn operation(
        &mut self,
        operation: &'a facts::Operation,
        metadata: &'a facts::Metadata,
    ) -> Result<Operation<'a>, String> {
        let mut id = |reference: &'a Option<facts::Reference>| {
            reference
                .as_ref()
                .map(|reference| self.reference(reference))
                .transpose()
        };
        let (input, output) = (id(&operation.input)?, id(&operation.output)?);
        let wrapper = operation
            .output
            .as_ref()
            .and_then(|output| output.result_wrapper.as_deref());
        let (root, root_namespace) = match protocol(metadata)? {
            Protocol::RestXml => self.root(operation, metadata)?,
            _ => ("", ""),
        };
        Ok(Operation {
            name: &operation.key,
            sent_name: if operation.name == operation.key {
                ""
            } else {
                &operation.name
            },
            method: if operation.http.method.is_empty() {
                "POST"
            } else {
                &operation.http.method
            },
            uri: if operation.http.request_uri.is_empty() {
                "/"
            } else {
                &operation.http.request_uri
            },
            host_prefix: operation.endpoint.as_ref().map_or("", |endpoint| &endpoint.host_prefix),
            input,
            output,
            result_wrapper: wrapper.unwrap_or_default(),
            root,
            root_namespace,
            checksum_required: operation.checksum.request_checksum_required,
            pages: operation.pages.as_ref().map(pages),
        })
    }

    /// The root element of an XML body, and its namespace.
    fn root(
        &self,
        operation: &'a facts::Operation,
        metadata: &'a facts::Metadata,
    ) -> Result<(&'a str, &'a str), String> {
        let Some(input) = &operation.input else {
            return Ok(("", ""));
        };
        let shape = self.fact(&input.shape)?;
        let payload = shape
            .members
            .iter()
            .find(|member| Some(&member.name) == shape.payload.as_ref());
        let reference = payload.unwrap_or(input);
        let of_shape = &self.fact(&reference.shape)?.traits;
        let name = reference
            .traits
            .location_name
            .as_ref()
            .or(of_shape.location_name.as_ref());
        let namespace = reference
            .traits
            .xml_namespace
            .as_ref()
            .or(of_shape.xml_namespace.as_ref());
        let namespace = namespace.or(metadata.xml_namespace.as_ref());
        Ok((name.unwrap_or(&reference.shape), namespace.map_or("", text_of)))
    }

    /// The shape that a reference names, with what the reference says differently.
    fn reference(&mut self, reference: &'a facts::Reference) -> Result<ShapeId, String> {
        let name = &reference.shape;
        let fact = self.fact(name)?;
        let (of_use, of_shape) = (&reference.traits, &fact.traits);
        let is_flat = of_use.flattened || of_shape.flattened;
        let shape = match fact.kind.as_str() {
            "structure" if fact.document => Shape::Document,
            "structure" => return self.structure(name, fact),
            "list" => {
                let member = fact.member.as_ref().ok_or("a list without a member")?;
                Shape::List(List {
                    element: self.reference(member)?,
                    element_name: self.name(member)?.unwrap_or_default(),
                    element_namespace: namespace(member),
                    is_flat,
                })
            }
            "map" => {
                let key = fact.key.as_ref().ok_or("a map without a key")?;
                let value = fact.value.as_ref().ok_or("a map without a value")?;
                Shape::Map(MapShape {
                    key: self.reference(key)?,
                    value: self.reference(value)?,
                    key_name: self.name(key)?.unwrap_or_default(),
                    value_name: self.name(value)?.unwrap_or_default(),
                    key_namespace: namespace(key),
                    value_namespace: namespace(value),
                    is_flat,
                })
            }
            "string" | "character" if of_use.jsonvalue || of_shape.jsonvalue => Shape::JsonText,
            "string" | "character" => Shape::Text(fact.words.iter().map(String::as_str).collect()),
            "integer" | "long" | "short" | "byte" | "bigInteger" => Shape::Integer,
            "float" | "double" | "bigDecimal" => Shape::Float,
            "boolean" => Shape::Boolean,
            "timestamp" => {
                let format = of_use.timestamp_format.as_ref().or(of_shape.timestamp_format.as_ref());
                Shape::Timestamp(match format.map(String::as_str) {
                    None => None,
                    Some("iso8601") => Some(TimeFormat::Iso8601),
                    Some("unixTimestamp") => Some(TimeFormat::Unix),
                    Some("rfc822") => Some(TimeFormat::Rfc822),
                    Some(other) => return Err(format!("the format {other} of times")),
                })
            }
            "blob" => Shape::Blob {
                is_stream: of_use.streaming || of_shape.streaming,
            },
            other => return Err(format!("the type {other}")),
        };
        if let Some(id) = self.of_others.get(&shape) {
            return Ok(*id);
        }
        let id = self.push(shape.clone());
        self.of_others.insert(shape, id);
        Ok(id)
    }

    fn push(&mut self, shape: Shape<'a>) -> ShapeId {
        let id = ShapeId(u32::try_from(self.shapes.len()).unwrap_or(u32::MAX));
        self.shapes.push(shape);
        id
    }

    /// The name that a use of a shape gives it, or the shape itself.
    fn name(&self, reference: &'a facts::Reference) -> Result<Option<&'a str>, String> {
        let of_shape = &self.fact(&reference.shape)?.traits.location_name;
        Ok(reference.traits.location_name.as_deref().or(of_shape.as_deref()))
    }

    fn structure(&mut self, name: &'a str, fact: &'a facts::Shape) -> Result<ShapeId, String> {
        if let Some(id) = self.of_structures.get(name) {
            return Ok(*id);
        }
        // It can be a part of itself, so it has its place before its members have theirs.
        let id = self.push(Shape::Boolean);
        self.of_structures.insert(name, id);
        let offered: Vec<&facts::Reference> = fact
            .members
            .iter()
            .filter(|member| !withheld::is_withheld_member(self.service, name, &member.name))
            .collect();
        let members = offered
            .iter()
            .map(|member| self.member(member, fact.required.contains(&member.name)))
            .collect::<Result<Vec<_>, _>>()?;
        let payload = fact
            .payload
            .as_ref()
            .and_then(|payload| members.iter().position(|member| member.name == payload));
        let shape = Shape::Structure(Structure {
            members,
            payload: payload.and_then(|payload| payload.try_into().ok()),
            is_union: fact.union,
        });
        if let Some(place) = self.shapes.get_mut(id.0 as usize) {
            *place = shape;
        }
        Ok(id)
    }

    fn member(&mut self, member: &'a facts::Reference, is_required: bool) -> Result<Member<'a>, String> {
        let of_shape: &'a Traits = &self.fact(&member.shape)?.traits;
        let location = member.traits.location.as_deref().or(of_shape.location.as_deref());
        let sent_name = match (location, self.name(member)?) {
            // It is a part of many names, and can be empty.
            (Some("headers"), name) => Some(name.unwrap_or(&member.name)),
            (_, name) => name.filter(|name| *name != member.name),
        };
        Ok(Member {
            name: &member.name,
            shape: self.reference(member)?,
            sent_name: sent_name.unwrap_or_default(),
            query_name: member.traits.query_name.as_deref().unwrap_or_default(),
            namespace: member
                .traits
                .xml_namespace
                .as_ref()
                .or(of_shape.xml_namespace.as_ref())
                .map_or("", text_of),
            location: match location {
                None => Location::Body,
                Some("uri") => Location::Uri,
                Some("querystring") => Location::Query,
                Some("header") => Location::Header,
                Some("headers") => Location::Headers,
                Some("statusCode") => Location::Status,
                Some(other) => return Err(format!("the location {other}")),
            },
            is_required,
            is_idempotency_token: member.traits.idempotency_token,
            is_attribute: member.traits.xml_attribute || of_shape.xml_attribute,
            is_host_label: member.traits.host_label,
        })
    }
}

fn pages(pages: &facts::Pages) -> Pages<'_> {
    fn paths(tokens: &facts::OneOrMore) -> Vec<Path<'_>> {
        tokens.all().into_iter().map(Path).collect()
    }
    Pages {
        input_tokens: pages.input_token.all(),
        output_tokens: paths(&pages.output_token),
        more_results: pages.more_results.as_deref().map(Path),
        limit_key: pages.limit_key.as_deref().unwrap_or_default(),
        results: paths(&pages.result_key),
    }
}

/// The namespace that a use of a shape gives it.
fn namespace(reference: &facts::Reference) -> &str {
    reference.traits.xml_namespace.as_ref().map_or("", text_of)
}

/// A namespace as a model has it: with its prefix in front, if it has one.
fn text_of(namespace: &Namespace) -> &str {
    match namespace {
        Namespace::Uri(uri) => uri,
        Namespace::Named { uri, prefix } if prefix.is_empty() => uri,
        Namespace::Named { uri, prefix } => kept(format!("{prefix}={uri}")),
    }
}
