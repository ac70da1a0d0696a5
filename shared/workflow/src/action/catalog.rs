//! The actions that there are.

use super::ActionSpec;
use crate::error_name::SystemName;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The actions that a workflow can use, by name.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    in_order: Vec<Arc<ActionSpec>>,
    by_name: BTreeMap<String, Arc<ActionSpec>>,
}

impl Catalog {
    /// The action of that name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Arc<ActionSpec>> {
        self.by_name.get(name)
    }

    /// The functions that perform them.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<&str> {
        self.in_order.iter().map(|action| &*action.function).collect()
    }

    /// The systems that they act on, as these begin the names of errors.
    #[must_use]
    pub fn systems(&self) -> BTreeSet<SystemName> {
        self.in_order
            .iter()
            .map(|action| SystemName::of(&action.system))
            .collect()
    }

    /// All actions, in the order in which people read them.
    pub fn actions(&self) -> impl Iterator<Item = &Arc<ActionSpec>> + Clone {
        self.in_order.iter()
    }
}

/// Of two actions of one name, the first counts.
impl FromIterator<Arc<ActionSpec>> for Catalog {
    fn from_iter<I: IntoIterator<Item = Arc<ActionSpec>>>(specs: I) -> Self {
        let mut catalog = Self::default();
        for spec in specs {
            if catalog.action(&spec.name).is_none() {
                catalog.by_name.insert(spec.name.to_string(), Arc::clone(&spec));
                catalog.in_order.push(spec);
            }
        }
        catalog
    }
}
