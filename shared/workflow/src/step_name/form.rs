//! Names as text.

use super::{LaneName, StepName, StepPart, Turn};
use crate::ids::{LanePath, Section, StepPath};
use std::{num::NonZeroU32, str::FromStr};

pub(super) const ON_FAILURE: &str = "on_failure";
pub(super) const MAIN: &str = "main";

/// The text is not the name of a step or a lane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It is a path as it is stored, or as older output had it.
    #[error("`{text}` counts from 0, and names count from 1: write {name}")]
    CountsFromZero {
        text: String,
        /// The name of the step that it means, in backticks.
        name: String,
    },
    /// It is something else.
    #[error("{text:?} is not the name of a {kind}: {rule}")]
    Other {
        text: String,
        /// A step or a lane.
        kind: &'static str,
        /// The form of such a name.
        rule: &'static str,
    },
}

const STEP_RULE: &str = "use its id, or its place such as `6`, `2/platform/1`, `4/else/2` or `each[7]/1`, each number counted \
                         from 1 and without leading zeros";
const LANE_RULE: &str = "use `main`, or the step that opens it and the lane, such as `2/platform` or `each[7]`, each number \
                         counted from 1 and without leading zeros";

/// A piece of a name.
#[derive(Debug, Clone, Copy)]
enum Piece<'a> {
    Word(&'a str),
    Item(NonZeroU32),
}

impl FromStr for StepName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let name = || {
            let mut pieces = pieces(text)?;
            let section = section(&mut pieces, 0)?;
            step(section, &pieces)
        };
        name().ok_or_else(|| refused(text, "step", STEP_RULE))
    }
}

impl FromStr for LaneName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text == MAIN {
            return Ok(Self::main());
        }
        let name = || {
            let mut pieces = pieces(text)?;
            let section = section(&mut pieces, 1)?;
            let (last, around) = pieces.split_last()?;
            Some(Self(Some((step(section, around)?, turn(*last)?))))
        };
        name().ok_or_else(|| refused(text, "lane", LANE_RULE))
    }
}

fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    for segment in text.split('/') {
        match segment.strip_suffix(']') {
            None => pieces.push(Piece::Word(segment)),
            Some(rest) => {
                let (word, item) = rest.split_once('[')?;
                pieces.extend([Piece::Word(word), Piece::Item(number(item)?)]);
            }
        }
    }
    Some(pieces)
}

/// Takes the section off the front. A step has an odd number of pieces after it and a lane one more, which tells the section from
/// a step of the same id.
fn section(pieces: &mut Vec<Piece<'_>>, more: usize) -> Option<Section> {
    if (pieces.len() + more) % 2 == 1 {
        return Some(Section::Steps);
    }
    match pieces.first() {
        Some(Piece::Word(ON_FAILURE)) if pieces.len() > 1 => {
            pieces.remove(0);
            Some(Section::OnFailure)
        }
        _ => None,
    }
}

fn step(section: Section, pieces: &[Piece<'_>]) -> Option<StepName> {
    let (first, inner) = pieces.split_first()?;
    let inner = inner.chunks(2).map(|pair| match pair {
        [list, step] => Some((turn(*list)?, step_part(*step)?)),
        _ => None,
    });
    Some(StepName {
        section,
        first: step_part(*first)?,
        inner: inner.collect::<Option<_>>()?,
    })
}

fn step_part(piece: Piece<'_>) -> Option<StepPart> {
    match piece {
        Piece::Word(word) if is_digits(word) => number(word).map(StepPart::Number),
        Piece::Word(word) => word.parse().ok().map(StepPart::Id),
        Piece::Item(_) => None,
    }
}

fn turn(piece: Piece<'_>) -> Option<Turn> {
    match piece {
        Piece::Word(word) if is_digits(word) => number(word).map(Turn::Number),
        Piece::Word(word) => (!word.is_empty()).then(|| Turn::Name(word.to_owned())),
        Piece::Item(number) => Some(Turn::Item(number)),
    }
}

pub(super) fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number from 1 without leading zeros.
fn number(text: &str) -> Option<NonZeroU32> {
    if !is_digits(text) || text.starts_with('0') {
        return None;
    }
    text.parse().ok()
}

fn refused(text: &str, kind: &'static str, rule: &'static str) -> InvalidName {
    // It can be a whole file by mistake.
    let shown = text.chars().take(80).collect();
    match of_stored_lane(text)
        .or_else(|| of_stored_step(text))
        .or_else(|| of_place(text))
    {
        Some(name) => InvalidName::CountsFromZero { text: shown, name },
        None => InvalidName::Other {
            text: shown,
            kind,
            rule,
        },
    }
}

/// The name of a step whose path was given, such as `00005` or `on_failure.00000`.
fn of_stored_step(text: &str) -> Option<String> {
    let numbers = text.strip_prefix(ON_FAILURE).and_then(|rest| rest.strip_prefix('.'));
    let mut numbers = numbers.unwrap_or(text).split('.');
    let is_path = numbers.all(|number| number.len() == 5 && is_digits(number));
    let path: StepPath = text.parse().ok().filter(|_| is_path)?;
    Some(format!("`{}`", StepName::by_numbers(&path)))
}

/// The name of a lane whose path was given: `00001:00006`. It does not say whether the lane has a number of its own.
fn of_stored_lane(text: &str) -> Option<String> {
    if !text.contains(':') {
        return None;
    }
    let lane: LanePath = text.parse().ok()?;
    let (_, fork, index) = lane.opener()?;
    let (step, number) = (StepName::by_numbers(fork), index.saturating_add(1));
    Some(format!(
        "`{step}/{number}`, or `{step}[{number}]` if that step is a `for_each` or a `repeat`"
    ))
}

/// The name of the step at a place in a file: `steps[5]`, or a place in that step.
fn of_place(text: &str) -> Option<String> {
    StepName::at_place(text).map(|(name, _)| format!("`{name}`"))
}

impl StepName {
    /// The step at a place in a file, such as `steps[5].else[0].with.title`, and the rest of the place: `6/else/1` and
    /// `with.title`. None for a place in no step.
    #[must_use]
    pub fn at_place(place: &str) -> Option<(Self, &str)> {
        let (word, index, mut rest) = list_item(place)?;
        let section = match word {
            "steps" => Section::Steps,
            ON_FAILURE => Section::OnFailure,
            _ => return None,
        };
        let mut name = Self {
            section,
            first: StepPart::Number(index),
            inner: Vec::new(),
        };
        while let Some((word, index, inner)) = list_item(rest) {
            let (turn, step, inner) = match word {
                "steps" | "else" | "default" => (Turn::Name(word.to_owned()), index, inner),
                "choose" | "parallel" => match list_item(inner) {
                    Some(("steps", step, inner)) => (Turn::Number(index), step, inner),
                    _ => break,
                },
                _ => break,
            };
            name.inner.push((turn, StepPart::Number(step)));
            rest = inner;
        }
        Some((name, rest))
    }
}

/// The first part of a place, if it is an item of a list: the list, the number from 1, and what comes after it.
fn list_item(place: &str) -> Option<(&str, NonZeroU32, &str)> {
    let (part, rest) = place.split_once('.').unwrap_or((place, ""));
    let (word, index) = part.strip_suffix(']')?.split_once('[')?;
    let index: u32 = index.parse().ok()?;
    Some((word, super::counted(index), rest))
}
