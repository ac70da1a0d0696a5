//! A definition as a person writes it: names may stand where actions want ids of things in a system.
//!
//! A name means something in one account at one time, so it never gets into a [`Definition`] that runs: the command that applies
//! the draft looks the names up once, and what is stored has the ids.

use super::{Definition, Node, Position, Problems, node::Path, source};
use crate::{
    action::{Catalog, Text, Thing},
    ids::{IntegrationAlias, WorkflowId},
};
use std::collections::BTreeMap;

/// A definition that was read and checked, but for what its names mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    node: Node,
    definition: Definition,
    references: Vec<ThingReference>,
    integrations: Vec<IntegrationReference>,
    warnings: Problems,
}

/// An integration that a definition names. One that an expression gives is known only when the step runs, and is no reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationReference {
    pub alias: IntegrationAlias,
    /// The use that is made of it.
    pub use_of: UseOfIntegration,
    at: Option<Position>,
    /// The way to it, such as `steps[2].with.integration`.
    path: String,
}

/// The use that a definition makes of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseOfIntegration {
    /// An action of that name acts on its account.
    Action(Text),
    /// Its webhooks send the events that a trigger or a step waits for.
    Events,
}

impl IntegrationReference {
    pub(super) fn new(alias: IntegrationAlias, use_of: UseOfIntegration, at: Option<Position>, path: Path<'_>) -> Self {
        Self {
            alias,
            use_of,
            at,
            path: path.to_string(),
        }
    }
}

/// A text that stands for a thing in a system: its id, or a name that people know it by. What an expression gives is
/// known only when the step runs, and is no reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingReference {
    /// The kind of thing.
    pub thing: Thing,
    /// The use that the action makes of it.
    pub wanted: Wanted,
    pub text: String,
    /// The integration in whose account the thing is; none where an expression says so.
    pub integration: Option<IntegrationAlias>,
    /// The place.
    pub at: Option<Position>,
    /// The way to it, such as `steps[2].with.service` or that of a trigger's filter.
    pub path: String,
}

/// The use that an action makes of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Id,
    /// The e-mail address by which a user logs in.
    Email,
    /// Its id, or else the name that the system shows: a trigger's filter compares with both.
    IdOrName,
}

/// The meaning of the texts of references, by their paths.
pub(super) type Meanings = BTreeMap<String, Result<String, String>>;

impl Draft {
    /// Reads a person's definition from YAML or JSON, and checks it.
    ///
    /// # Errors
    /// All problems that were found, in the order of the source.
    pub fn from_source(source: &str, catalog: &Catalog) -> Result<Self, Problems> {
        let node = source::parse(source)?;
        let read = Definition::with_names(&node, catalog, None)?;
        Ok(Self {
            node,
            definition: read.definition,
            references: read.references,
            integrations: read.integrations,
            warnings: read.warnings,
        })
    }

    /// The workflow's name.
    #[must_use]
    pub fn name(&self) -> &WorkflowId {
        &self.definition.name
    }

    /// The definition as it is written. Where a name stands in it, it cannot run.
    #[must_use]
    pub fn as_written(&self) -> &Definition {
        &self.definition
    }

    /// The texts that stand for things in a system, in the order of the source.
    #[must_use]
    pub fn references(&self) -> &[ThingReference] {
        &self.references
    }

    /// The integrations that it names, in the order of the source.
    #[must_use]
    pub fn integrations(&self) -> &[IntegrationReference] {
        &self.integrations
    }

    /// The problems of the integrations that it names, each with its place. A message is the end of a sentence that starts with
    /// the path.
    #[must_use]
    pub fn problems_of_integrations(&self, problem: impl Fn(&IntegrationReference) -> Option<String>) -> Problems {
        let mut problems = Problems::default();
        for reference in &self.integrations {
            if let Some(message) = problem(reference) {
                problems.add_at(reference.at, reference.path.clone(), message);
            }
        }
        problems.in_order()
    }

    /// The warnings: valid, but perhaps not intended, such as a value that may be missing, or a comparison that never holds.
    #[must_use]
    pub fn warnings(&self) -> &Problems {
        &self.warnings
    }

    /// The definition with each reference as what it means: an id, or an e-mail address where one is wanted. What is no
    /// such thing gets a message, which is the end of a sentence that starts with the path.
    ///
    /// # Errors
    /// All messages, each with its place.
    pub fn resolved(
        &self,
        catalog: &Catalog,
        meaning: impl Fn(&ThingReference) -> Result<String, String>,
    ) -> Result<Definition, Problems> {
        let meanings = self.references.iter();
        let meanings: Meanings = meanings
            .map(|reference| (reference.path.clone(), meaning(reference)))
            .collect();
        Definition::with_names(&self.node, catalog, Some(&meanings)).map(|read| read.definition)
    }
}
