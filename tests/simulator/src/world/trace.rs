//! What happened in a simulation, to compare two runs of it, and to read one.

use crate::step_functions::Clock;
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    fmt::{self, Write},
    hash::{DefaultHasher, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

/// The number of lines that are kept of a trace that is not read while it happens.
const LAST_LINES: usize = 60;

/// A trace. Clones are the same trace.
#[derive(Debug, Clone)]
pub struct Trace {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    hasher: DefaultHasher,
    line: String,
    last: VecDeque<(Timestamp, String)>,
    keeps: Keeps,
}

/// The lines that are kept to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// None. That is quickest.
    Nothing,
    /// The last few.
    Last,
    All,
}

impl Trace {
    /// An empty trace.
    #[must_use]
    pub fn new(clock: Clock, keeps: Keeps) -> Self {
        let state = State {
            hasher: DefaultHasher::new(),
            line: String::new(),
            last: VecDeque::new(),
            keeps,
        };
        Self {
            clock,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Adds a line.
    pub fn say(&self, line: fmt::Arguments<'_>) {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        state.line.clear();
        // Writing to a text does not fail.
        let _ = state.line.write_fmt(line);
        state.hasher.write(state.line.as_bytes());
        state.hasher.write_i64(now.as_microsecond());
        if state.keeps != Keeps::Nothing {
            state.last.push_back((now, state.line.clone()));
        }
        if state.keeps == Keeps::Last && state.last.len() > LAST_LINES {
            state.last.pop_front();
        }
    }

    /// A number that is the same when the same happened at the same times.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .hasher
            .finish()
    }

    /// The lines that were kept.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = state.last.iter();
        lines.map(|(at, line)| format!("{at:.3} {line}")).collect()
    }
}
