//! The model of a service: its operations, and the shapes of what they take and give.
//!
//! # Layout
//! - here — the parts of a model.
//! - `format` — the form in which a model is kept, written and read.

mod format;

pub(crate) use format::read;
pub use format::{Unreadable, write};

/// The index of a shape in [`Service::shapes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(pub u32);

/// The model of a service. Its texts belong to the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service<'a> {
    /// The name in actions: `application_autoscaling`.
    pub name: &'a str,
    /// The name as people know it: `Amazon ECS`.
    pub title: &'a str,
    /// The id in links to the documentation: `ecs-2014-11-13`.
    pub documentation: &'a str,
    pub protocol: Protocol,
    /// The version of the API, which the protocols `query` and `ec2` send.
    pub api_version: &'a str,
    /// The first part of the target that the JSON protocols send.
    pub target_prefix: &'a str,
    /// True if the service once spoke `query`, and is asked to answer with the error codes of that time.
    pub query_compatible: bool,
    /// The name by which requests are signed.
    pub signing_name: &'a str,
    /// The first part of its host names.
    pub endpoint_prefix: &'a str,
    /// Partitions in which its endpoint does not have the usual form.
    pub endpoints: Vec<Endpoint<'a>>,
    /// Codes of errors that ask for a pause, beside those of all services.
    pub throttling: Vec<&'a str>,
    pub shapes: Vec<Shape<'a>>,
    /// The operations, by name.
    pub operations: Vec<Operation<'a>>,
    /// The waiters, by name.
    pub waiters: Vec<Waiter<'a>>,
}

/// The endpoint of a service in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint<'a> {
    pub partition: &'a str,
    /// The host, which can have `{region}` in it.
    pub host: &'a str,
    /// The region that requests are signed for; empty for the region that is asked.
    pub signing_region: &'a str,
}

/// The way in which a service is asked and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON in a POST, version 1.0.
    Json10,
    /// JSON in a POST, version 1.1.
    Json11,
    /// A form in a POST, answered with XML.
    Query,
    /// EC2's own variant of `query`.
    Ec2,
    /// Paths and methods, with JSON bodies.
    RestJson,
    /// Paths and methods, with XML bodies.
    RestXml,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation<'a> {
    /// The name as the service has it: `UpdateService`.
    pub name: &'a str,
    /// The name that is sent, where that is another one.
    pub sent_name: &'a str,
    pub method: &'a str,
    /// The path, with `{member}` for a segment and `{member+}` for several, and a fixed query.
    pub uri: &'a str,
    /// The first part of the host, with `{member}` in it; empty where there is none.
    pub host_prefix: &'a str,
    pub input: Option<ShapeId>,
    pub output: Option<ShapeId>,
    /// The element around the output; empty where there is none.
    pub result_wrapper: &'a str,
    /// The root element of an XML body.
    pub root: &'a str,
    /// The namespace of that element; empty for none.
    pub root_namespace: &'a str,
    /// True if the service refuses the request without a checksum of its body.
    pub checksum_required: bool,
    pub pages: Option<Pages<'a>>,
}

/// The pages that an operation answers in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages<'a> {
    /// The inputs that ask for the next page.
    pub input_tokens: Vec<&'a str>,
    /// The outputs with their values, each with alternatives.
    pub output_tokens: Vec<Path<'a>>,
    /// The output that says if there are more pages.
    pub more_results: Option<Path<'a>>,
    /// The input with the size of a page; empty where there is none.
    pub limit_key: &'a str,
    /// The outputs that are joined.
    pub results: Vec<Path<'a>>,
}

/// A way to a part of an answer: alternatives of names, as `NextMarker || Contents[-1].Key` has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a>(pub &'a str);

/// A wait for a state, made of questions with an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter<'a> {
    /// The name: `ServicesStable`.
    pub name: &'a str,
    /// The operation that asks.
    pub operation: &'a str,
    /// The time between two questions, in seconds.
    pub delay_seconds: u32,
    /// The number of questions after which it gives up.
    pub attempts: u32,
    /// The answers that end it, in the order in which they are looked at.
    pub acceptors: Vec<Acceptor<'a>>,
}

/// An answer that ends a wait, or lets it go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptor<'a> {
    pub state: WaitState,
    pub matcher: Matcher,
    /// The JMESPath expression over the answer, of a matcher by path.
    pub argument: &'a str,
    /// The value that is expected, as JSON.
    pub expected: &'a str,
}

/// The effect of an answer on a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitState {
    Success,
    Failure,
    Retry,
}

/// The part of an answer that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matcher {
    /// The value at a path.
    Path,
    /// All values at a path, of which there is at least one.
    PathAll,
    /// Any of the values at a path.
    PathAny,
    /// The status.
    Status,
    /// The code of the error, or true for any error and false for none.
    Error,
}

/// The shape of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shape<'a> {
    Structure(Structure<'a>),
    List(List<'a>),
    Map(MapShape<'a>),
    /// Text, of one of these words if there are any. Services learn new words over time.
    Text(Vec<&'a str>),
    Integer,
    Float,
    Boolean,
    Timestamp(Option<TimeFormat>),
    /// Bytes; as Base64 in workflows.
    Blob {
        /// True if it is sent and received as a stream.
        is_stream: bool,
    },
    /// Any JSON.
    Document,
    /// JSON that a header holds as Base64.
    JsonText,
}

/// A value with named members.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Structure<'a> {
    pub members: Vec<Member<'a>>,
    /// The index of the member that is the body.
    pub payload: Option<u32>,
    /// True if exactly one member is given.
    pub is_union: bool,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct List<'a> {
    pub element: ShapeId,
    /// The name of an entry, where that is not the usual one; empty for the usual one.
    pub element_name: &'a str,
    /// The XML namespace of an entry, as of a [`Member`].
    pub element_namespace: &'a str,
    /// True if the entries have no element around them.
    pub is_flat: bool,
}

/// A map with free keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MapShape<'a> {
    pub key: ShapeId,
    pub value: ShapeId,
    pub key_name: &'a str,
    pub value_name: &'a str,
    /// The XML namespaces of keys and values, as of a [`Member`].
    pub key_namespace: &'a str,
    pub value_namespace: &'a str,
    /// True if the entries have no element around them.
    pub is_flat: bool,
}

/// The format of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeFormat {
    /// `2027-01-31T09:00:00Z`
    Iso8601,
    /// Seconds since 1970.
    Unix,
    /// `Sun, 31 Jan 2027 09:00:00 GMT`
    Rfc822,
}

/// A member of a structure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member<'a> {
    /// The name as the service has it: `desiredCount`.
    pub name: &'a str,
    pub shape: ShapeId,
    /// The name that is sent, where that is another one; empty for `name`. Of several headers, what their names begin with.
    pub sent_name: &'a str,
    /// The name in a form of EC2, where that is another one; empty for the usual one.
    pub query_name: &'a str,
    /// The XML namespace of its element, with a prefix in front where it has one (`xsi=http://…`); empty for none.
    pub namespace: &'a str,
    pub location: Location,
    pub is_required: bool,
    /// True if a repeat with the same value does nothing more.
    pub is_idempotency_token: bool,
    /// True if it is an attribute of the element in XML.
    pub is_attribute: bool,
    /// True if it is a part of the host.
    pub is_host_label: bool,
}

/// The place of a member in a request or answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    Body,
    Uri,
    Query,
    Header,
    /// All headers that begin with its name.
    Headers,
    Status,
}

impl<'a> Service<'a> {
    /// A shape.
    pub(crate) fn shape(&self, id: ShapeId) -> &Shape<'a> {
        // Reading has checked every id.
        self.shapes.get(id.0 as usize).unwrap_or(&Shape::Document)
    }

    /// The members of a shape; none where it is no structure.
    pub(crate) fn members(&self, id: Option<ShapeId>) -> &[Member<'a>] {
        match id.map(|id| self.shape(id)) {
            Some(Shape::Structure(structure)) => &structure.members,
            _ => &[],
        }
    }
}

impl Location {
    /// True if a member of an answer is in its body. Answers have no path and no query.
    pub(crate) fn is_in_body_of_answer(self) -> bool {
        matches!(self, Self::Body | Self::Uri | Self::Query)
    }
}

impl<'a> Member<'a> {
    /// The name that is sent.
    pub(crate) fn wire_name(&self) -> &'a str {
        if self.sent_name.is_empty() {
            self.name
        } else {
            self.sent_name
        }
    }
}

impl<'a> Structure<'a> {
    /// The member that is the body.
    pub(crate) fn payload(&self) -> Option<&Member<'a>> {
        self.members.get(self.payload? as usize)
    }
}
