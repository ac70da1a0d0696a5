//! Names of steps and lanes, as people read and type them.
//!
//! # The grammar
//! ```text
//! step      = [ "on_failure/" ] first { "/" list "/" next | "[" item "]/" next }
//! lane      = "main" | step "/" list | step "[" item "]"
//! first     = number | id              an id finds its step wherever it is in the workflow
//! next      = number | id
//! list      = "steps" | "else"         of a block; "steps" also of a `for_each` or a `repeat`: whichever the item or the round
//!           | number | "default"       of a `choose`: a branch
//!           | name | number            of a `parallel`: a lane
//! item      = number                   of a `for_each`: an item; of a `repeat`: a round
//! ```
//! Every number counts from 1 and has no leading zeros. So `6` is the sixth step, `2/platform/1` the first step of the lane
//! `platform` of the second step, `4/else/2` the second step of the `else` of the fourth one, and `each[7]/1` the first step for
//! the seventh item of the step `each`. A list goes by its number as well, in the order in which it is written.
//!
//! A step has several names, and one of them is printed: it begins with the innermost step that has an id, as far as no
//! item is lost by that, and names each step on the way from there by its id, or by its number where it has none.
//!
//! What is stored are [`StepPath`]s and [`LanePath`]s, which are for good and for programs. They are written otherwise
//! (`00005`, `00001:00006`), and a name that looks like one is refused: it counts from 0 and would find another step.

mod find;
mod form;
mod name;

pub use find::{StepPlace, UnknownName};
pub use form::InvalidName;
pub(crate) use name::{DEFAULT, ELSE, STEPS, usable_name};

use crate::{
    ids::{LanePath, Section, StepId, StepPath},
    triggers::OnlyWhile,
};
use serde::{Serialize, Serializer};
use std::{fmt, num::NonZeroU32};

/// The name of a step, such as `6`, `ticket`, `2/platform/1` or `each[7]/1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepName {
    section: Section,
    first: StepPart,
    /// The way from there inwards.
    inner: Vec<(Turn, StepPart)>,
}

/// The name of a lane, such as `main`, `2/platform` or `each[7]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneName(Option<(StepName, Turn)>);

/// A step among those of its list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum StepPart {
    Number(NonZeroU32),
    Id(StepId),
}

/// A list of steps in a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Turn {
    /// The list of a number.
    Number(NonZeroU32),
    /// The list of a name.
    Name(String),
    /// The list of a `for_each` or a `repeat`, for the item or the round of a number.
    Item(NonZeroU32),
}

impl StepName {
    /// The name of a step by numbers alone, which is to be had without the definition.
    #[must_use]
    pub fn by_numbers(path: &StepPath) -> Self {
        let mut indices = path.indices().iter().copied();
        let first = StepPart::Number(counted(indices.next().unwrap_or_default()));
        let mut inner = Vec::new();
        while let (Some(list), Some(index)) = (indices.next(), indices.next()) {
            inner.push((Turn::Number(counted(list)), StepPart::Number(counted(index))));
        }
        Self {
            section: path.section(),
            first,
            inner,
        }
    }

    /// The name in the middle of a sentence: `step 6`, and what is more than a number in backticks.
    #[must_use]
    pub fn in_words(&self) -> String {
        match (&self.first, self.inner.is_empty(), self.section) {
            (StepPart::Number(number), true, Section::Steps) => format!("step {number}"),
            _ => format!("step `{self}`"),
        }
    }
}

impl LaneName {
    /// The main lane of a run.
    #[must_use]
    pub fn main() -> Self {
        Self::default()
    }

    /// True if it is the main lane.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.0.is_none()
    }

    /// The name of a lane by numbers alone, which is to be had without the definition.
    #[must_use]
    pub fn by_numbers(lane: &LanePath) -> Self {
        let opener = lane.opener();
        Self(opener.map(|(_, fork, index)| (StepName::by_numbers(fork), Turn::Number(counted(index)))))
    }
}

/// The number from 1 of an index from 0.
pub(crate) fn counted(index: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(index)
}

/// The index from 0 of a number from 1.
pub(crate) fn index_of(number: NonZeroU32) -> u32 {
    number.get().saturating_sub(1)
}

impl fmt::Display for StepPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "/{number}"),
            Self::Name(name) => write!(f, "/{name}"),
            Self::Item(number) => write!(f, "[{number}]"),
        }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.section {
            Section::Steps => {}
            Section::OnFailure => write!(f, "{}/", form::ON_FAILURE)?,
            // It is the only one there.
            Section::OnlyWhile => return f.write_str(OnlyWhile::ID),
        }
        self.first.fmt(f)?;
        for (turn, step) in &self.inner {
            write!(f, "{turn}/{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LaneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str(form::MAIN),
            Some((step, turn)) => write!(f, "{step}{turn}"),
        }
    }
}

impl Serialize for StepName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for LaneName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
