//! A connector that was read and checked, and its actions.

use crate::{format, integration::IntegrationType, name::ConnectorName};
use reqwest::{
    Method,
    header::{HeaderName, RETRY_AFTER},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use workflow::{
    action::ActionSpec,
    document::Problems,
    template::{Expression, Template},
};

/// A system with an HTTP API, and what can be done there.
#[derive(Debug, Clone)]
pub struct Connector {
    pub(crate) name: ConnectorName,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) documentation: String,
    pub(crate) integration: IntegrationType,
    /// The address that the paths of requests are put behind; none where the secret is the address.
    pub(crate) base_url: Option<Template>,
    pub(crate) headers: Vec<(HeaderName, Template)>,
    pub(crate) errors: ErrorRules,
    pub(crate) rate_limit: RateLimitRule,
    pub(crate) controls: Option<Controls>,
    pub(crate) test: Option<String>,
    pub(crate) actions: Vec<Action>,
}

impl Connector {
    /// Reads and checks the file of a connector.
    ///
    /// # Errors
    /// All problems that were found, in the order of the source.
    pub fn from_source(source: &str) -> Result<Self, Problems> {
        format::read(source)
    }

    /// Reads and checks the file of a connector of the user's own. Each of its actions has along what its function needs to perform it, as
    /// [`ActionSpec::connector`].
    ///
    /// # Errors
    /// All problems that were found, in the order of the source; also that its name comes with the program, or that what an action needs
    /// is too large to travel with a call.
    pub fn own(source: &str) -> Result<Self, Problems> {
        format::read_own(source)
    }

    /// Reads and checks the part of a connector of the user's own that a call of one of its actions has along.
    ///
    /// # Errors
    /// All problems that were found; also that its name comes with the program.
    pub fn from_part(part: &Value) -> Result<Self, Problems> {
        format::read_part(part)
    }

    /// The name, which is also the type of its integrations.
    #[must_use]
    pub fn name(&self) -> &ConnectorName {
        &self.name
    }

    /// The system, as people call it.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The summary, in one line.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The address of the system's own documentation.
    #[must_use]
    pub fn documentation(&self) -> &str {
        &self.documentation
    }

    /// The fields, the secret and the hosts of its integrations.
    #[must_use]
    pub fn integration(&self) -> &IntegrationType {
        &self.integration
    }

    /// True if messages about approvals can have controls by which people answer, such as buttons.
    #[must_use]
    pub fn takes_answers(&self) -> bool {
        self.controls.is_some()
    }

    /// The action that finds out if an integration works. It only reads and needs no input.
    #[must_use]
    pub fn test(&self) -> Option<&Action> {
        self.action(self.test.as_deref()?)
    }

    /// All actions, also those that workflows cannot use.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter()
    }

    /// The action of that name, without the name of the connector in front.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }
}

/// The controls by which people answer an approval in a message about it.
#[derive(Debug, Clone)]
pub(crate) struct Controls {
    /// The control of one choice.
    pub(crate) choice: Template,
    /// All of them together, as requests see them.
    pub(crate) controls: Template,
}

/// One thing that can be done on a system.
#[derive(Debug, Clone)]
pub struct Action {
    /// The name without that of the connector.
    pub(crate) name: String,
    pub(crate) spec: Arc<ActionSpec>,
    pub(crate) documentation: Option<String>,
    pub(crate) is_internal: bool,
    pub(crate) inputs: Vec<Input>,
    pub(crate) repeat: RepeatRule,
    pub(crate) request: Request,
    pub(crate) page: Option<Page>,
    pub(crate) poll: Option<Poll>,
    pub(crate) outputs: Vec<Output>,
}

impl Action {
    /// The name without that of the connector.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All that the language of workflows knows of it.
    #[must_use]
    pub fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    /// The address of the system's own documentation of it.
    #[must_use]
    pub fn documentation(&self) -> Option<&str> {
        self.documentation.as_deref()
    }

    /// The names of the actions that it looks with at what it has started, in their order; none where it is done with its answer.
    pub fn looks_with(&self) -> impl Iterator<Item = &str> {
        let stages = self.poll.iter().flat_map(|poll| &poll.stages);
        stages.map(|stage| stage.action.as_str())
    }

    /// The pauses before its looks, in seconds: one for each of [`Self::looks_with`].
    pub fn pauses(&self) -> impl Iterator<Item = u32> {
        let stages = self.poll.iter().flat_map(|poll| &poll.stages);
        stages.map(|stage| stage.every_seconds)
    }

    /// True if workflows cannot use it: it looks for what an earlier attempt left, tests an integration, or fills a drop-down.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.is_internal
    }

    /// The things that a person can choose from for an input.
    #[must_use]
    pub fn choices(&self, input: &str) -> Option<&Choices> {
        self.input(input)?.choices.as_ref()
    }

    /// The actions that it needs to be performed, by their names without that of the connector.
    pub(crate) fn helpers(&self) -> impl Iterator<Item = &str> {
        let look = match &self.repeat {
            RepeatRule::Look(name) => Some(name.as_str()),
            RepeatRule::Safe | RepeatRule::Sets | RepeatRule::Never | RepeatRule::Header(_) => None,
        };
        look.into_iter().chain(self.looks_with())
    }

    pub(crate) fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name == name)
    }
}

/// The things that a person can choose from for an input: entries of a list that another action of the connector gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// The name of the action, without that of the connector.
    pub action: String,
    /// The output with the list.
    pub list: String,
    /// The field of an entry that becomes the value of the input.
    pub value: String,
    /// The field of an entry that people read.
    pub label: String,
}

/// The parts of an input that its spec does not have.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) name: String,
    /// The value where none is given.
    pub(crate) default: Option<Value>,
    pub(crate) choices: Option<Choices>,
}

/// The effect of a repeat, and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RepeatRule {
    /// None.
    Safe,
    /// None as long as nothing else was done in between.
    Sets,
    /// It is done a second time.
    Never,
    /// None: the system knows it again by the idempotency key in this header.
    Header(HeaderName),
    /// None: this action looks for what has the idempotency key.
    Look(String),
}

/// A request, with templates in it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: MethodRule,
    /// The address in the place of that of the connector.
    pub(crate) base_url: Option<Template>,
    pub(crate) path: Path,
    /// A map, or an expression that gives one.
    pub(crate) query: Option<Template>,
    pub(crate) headers: Option<Template>,
    /// The bodies, of which at most one is there.
    pub(crate) bodies: Vec<Body>,
}

/// The method of a request.
#[derive(Debug, Clone)]
pub(crate) enum MethodRule {
    Is(Method),
    /// The word that an input gives.
    Input(String),
}

/// The path of a request, in segments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) segments: Vec<Segment>,
}

/// The text between two slashes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Text and values one after another, each of them encoded.
    One(Vec<Piece>),
    /// A value of any number of segments.
    Several(Name),
}

/// A part of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Value(Name),
}

/// A name in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Input(String),
    Integration(String),
    /// The idempotency key of the call.
    Key,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Json(Template),
    Form(Template),
    Multipart(BTreeMap<String, Part>),
    Text(Template),
}

/// A part of a body of several parts.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// A field.
    Value(Template),
    /// A file.
    File {
        name: Template,
        media_type: Option<Template>,
        content: Template,
    },
}

/// The way from one page of a list to the next.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) way: Way,
    /// The entries of a page.
    pub(crate) list: Template,
    /// The most entries that are read.
    pub(crate) most: usize,
}

/// The way to the end of what a request has started.
#[derive(Debug, Clone)]
pub(crate) struct Poll {
    /// The looks: the next one follows when one finds an end.
    pub(crate) stages: Vec<Stage>,
    /// The longest time for all of them, in seconds.
    pub(crate) at_most_seconds: u32,
}

/// A look that is repeated until it finds an end.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// The action that looks.
    pub(crate) action: String,
    /// Its inputs, by the answer before.
    pub(crate) with: Template,
    /// Holds for an end.
    pub(crate) done: Expression,
    /// Holds for an end that is a failure.
    pub(crate) failed: Option<Expression>,
    /// The words of such a failure.
    pub(crate) message: Option<Template>,
    /// The pause before each look, in seconds.
    pub(crate) every_seconds: u32,
}

#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// A page says under which cursor the next one is.
    Cursor { cursor: Template, goes_into: Place },
    /// The next page begins behind so many entries.
    Offset {
        offset: String,
        size: Option<String>,
        per_page: usize,
    },
    /// Pages have numbers.
    Number {
        page_number: String,
        size: Option<String>,
        per_page: usize,
        first: u32,
    },
    /// The header `link` has the address of the next one.
    Link { relation: String },
}

/// The place of a cursor in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A field of the query.
    Query(String),
    /// A field of the JSON in the body.
    Json(String),
}

/// An output.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) from: Template,
}

/// The reading of an answer that is a failure.
#[derive(Debug, Clone, Default)]
pub(crate) struct ErrorRules {
    /// Holds for an answer that is a failure, although its status is one of success.
    pub(crate) when: Option<Expression>,
    /// The system's own name of the error.
    pub(crate) code: Option<Template>,
    /// The words of the system.
    pub(crate) message: Option<Template>,
    /// The meaning of codes.
    pub(crate) classes: BTreeMap<String, Class>,
}

/// The meaning of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Unauthorized,
    Forbidden,
    NotFound,
    InvalidRequest,
    RateLimited,
    /// Nothing was done, and a later attempt may succeed.
    Unavailable,
    /// It may have been done.
    Unknown,
}

/// The headers in which a refusal says for how long more requests make no sense. Where both are there, the first one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RateLimitRule {
    /// Seconds, or an HTTP date.
    pub(crate) after: Option<HeaderName>,
    /// Unix time.
    pub(crate) reset: Option<HeaderName>,
}

impl Default for RateLimitRule {
    fn default() -> Self {
        Self {
            after: Some(RETRY_AFTER),
            reset: None,
        }
    }
}
