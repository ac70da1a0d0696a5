//! The runs that somebody asked for.

use crate::{step_functions::Clock, store::Store};
use jiff::Timestamp;
use platform::intake::{stored_event, subject_value};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use workflow::{
    ids::RunId,
    run::{RunBody, RunInput},
};

/// A run that was to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The input of its execution. Who asks again after somebody has edited the workflow asks for another version; the first that
    /// Step Functions hears of is the run's.
    pub inputs: Vec<RunInput>,
    /// The time when that was asked for first.
    pub at: Timestamp,
    /// The event or the time of a schedule, as expressions see it; null for a run by hand.
    pub event: Value,
}

/// All runs that Step Functions was asked to start, or the start-buffer to keep. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    clock: Clock,
    store: Store,
    runs: Arc<Mutex<BTreeMap<RunId, Started>>>,
}

impl Asked {
    pub(super) fn new(clock: Clock, store: Store) -> Self {
        Self {
            clock,
            store,
            runs: Arc::default(),
        }
    }

    /// Notes that a run was asked for.
    pub(super) fn note(&self, input: &RunInput) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let run = runs.entry(input.run.id.clone()).or_insert_with(|| Started {
            inputs: Vec::new(),
            at: self.clock.now(),
            event: self.event(input),
        });
        if !run.inputs.contains(input) {
            run.inputs.push(input.clone());
        }
    }

    pub(super) fn all(&self) -> BTreeMap<RunId, Started> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn event(&self, input: &RunInput) -> Value {
        let event = input.event().map(|event| {
            let large = match event.body {
                RunBody::Input { .. } => None,
                RunBody::Table {} => self.store.body_of(&input.run.id),
            };
            stored_event(event, large.as_deref())
        });
        let event = event.transpose();
        event
            .and_then(|event| subject_value(input, event.as_ref()))
            .unwrap_or_default()
    }
}
