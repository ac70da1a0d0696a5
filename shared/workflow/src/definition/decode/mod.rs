//! The grammar: from a tree of nodes to a definition.
//!
//! Reading never ends at a problem. What is wrong is told and a harmless stand-in takes its place, so that the rest is
//! read, and checked, all the same. A definition with stand-ins is never given out, because there are problems then.

mod fields;
pub(crate) mod input;
pub(crate) mod name;
mod retry;
mod step;
pub(crate) mod value;
pub(super) mod words;

use super::{
    Definition, IntegrationReference, Node, Origin, Position, Problems, UseOfIntegration, check, draft::ThingReference,
    node::Path,
};
use crate::{
    action::Catalog,
    ids::{IntegrationAlias, StepId},
    triggers,
};
pub use fields::Fields;
pub(crate) use name::Names;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
#[cfg(any(test, feature = "schema"))]
pub(super) use step::companions;
pub(crate) use step::{Words, step_list};

/// A definition, and what the checks that follow need to know of its source.
pub(crate) struct Decoded<'a> {
    pub(super) definition: Definition,
    /// Its source.
    pub(super) source: Cow<'a, Node>,
    /// True if something could not be read in which a step or a variable may be named.
    pub(super) has_gaps: bool,
    /// The steps of which it could not be read what they do.
    pub(super) unread: BTreeSet<StepId>,
    /// The texts that stand for things in a system, where names are allowed.
    pub(super) references: Vec<ThingReference>,
    /// The integrations that it names.
    pub(super) integrations: Vec<IntegrationReference>,
}

/// The context of reading a definition.
pub(crate) struct Reading<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) problems: &'a mut Problems,
    /// The number of steps so far.
    steps: usize,
    /// True if something could not be read in which a step or a variable may be named.
    pub(crate) has_gaps: bool,
    unread: BTreeSet<StepId>,
    pub(crate) names: Names<'a>,
    origin: Origin,
    references: Vec<ThingReference>,
    integrations: Vec<IntegrationReference>,
}

/// The destination of the problems of what is read.
pub trait ProblemSink {
    /// Notes what is wrong at a place.
    fn problem(&mut self, at: Option<Position>, path: Path<'_>, message: impl Into<String>);

    /// True if no more problems are reported, so that there is no need to look for more.
    fn is_full(&self) -> bool;
}

impl ProblemSink for Problems {
    fn problem(&mut self, at: Option<Position>, path: Path<'_>, message: impl Into<String>) {
        self.add(at, path, message);
    }

    fn is_full(&self) -> bool {
        Self::is_full(self)
    }
}

impl ProblemSink for Reading<'_> {
    fn problem(&mut self, at: Option<Position>, path: Path<'_>, message: impl Into<String>) {
        self.problems.add(at, path, message);
    }

    fn is_full(&self) -> bool {
        self.problems.is_full()
    }
}

impl Reading<'_> {
    /// Notes what is wrong.
    pub(crate) fn problem(&mut self, at: Option<Position>, path: Path<'_>, message: impl Into<String>) {
        self.problems.add(at, path, message);
    }

    /// Notes that an integration is named.
    pub(crate) fn names_integration(
        &mut self,
        alias: &IntegrationAlias,
        use_of: UseOfIntegration,
        at: Option<Position>,
        path: Path<'_>,
    ) {
        let reference = IntegrationReference::new(alias.clone(), use_of, at, path);
        self.integrations.push(reference);
    }

    /// Reads the alias of the integration whose webhooks send events.
    pub(crate) fn source_of_events(&mut self, node: &Node, path: Path<'_>) -> Option<IntegrationAlias> {
        let alias = value::id(node, path, self)?;
        self.names_integration(&alias, UseOfIntegration::Events, node.at, path);
        Some(alias)
    }
}

pub(super) fn definition<'a>(
    node: &'a Node,
    catalog: &Catalog,
    names: Names<'_>,
    origin: Origin,
    problems: &mut Problems,
) -> Option<Decoded<'a>> {
    let source = match check::hide_secrets(node, problems) {
        Some(hidden) => Cow::Owned(hidden),
        None => Cow::Borrowed(node),
    };
    let mut reading = Reading {
        catalog,
        problems,
        steps: 0,
        has_gaps: false,
        unread: BTreeSet::new(),
        names,
        origin,
        references: Vec::new(),
        integrations: Vec::new(),
    };
    let definition = whole(&source, &mut reading)?;
    Some(Decoded {
        definition,
        has_gaps: reading.has_gaps,
        unread: reading.unread,
        references: reading.references,
        integrations: reading.integrations,
        source,
    })
}

fn whole(node: &Node, reading: &mut Reading<'_>) -> Option<Definition> {
    let root = Path::Root;
    let mut fields = Fields::of(node, &root, reading)?;
    let name = fields.required("name", "the workflow's name, such as memory-alert", reading);
    let name = name.and_then(|node| value::id(node, root.field("name"), reading));
    let description = fields.read("description", value::text, reading);
    let trigger = fields.read("on", triggers::decode, reading);
    let inputs = fields.read("inputs", input::inputs, reading);
    let timeout = fields.read("timeout", value::length, reading);
    let concurrency = fields.read("concurrency", input::concurrency, reading);
    let steps = fields.required("steps", "what the workflow does", reading);
    let steps = steps.map(|node| step_list(node, root.field("steps"), reading));
    let on_failure = fields.read(
        "on_failure",
        |node, path, reading| Some(step_list(node, path, reading)),
        reading,
    );
    fields.refuse_others(reading);
    Some(Definition {
        // A stand-in, for the checks.
        name: name.or_else(|| "unnamed".parse().ok())?,
        description: description.map(str::to_owned),
        trigger,
        inputs: inputs.unwrap_or_else(BTreeMap::new),
        timeout,
        concurrency,
        steps: steps.unwrap_or_default(),
        on_failure: on_failure.unwrap_or_default(),
    })
}
