//! Steps: what all of them have, and that each does one thing.

use super::{
    super::{Node, Step, limits, node::Path},
    Fields, Reading, retry, value,
};
use crate::{
    ids::StepId,
    steps::{KINDS, KindOfStep, SetStep, StepKind, WORDS},
};
use std::{collections::BTreeMap, sync::LazyLock};

/// The words that go with some kinds only, each with the words of those.
static COMPANIONS: LazyLock<Vec<(&str, Vec<&str>)>> = LazyLock::new(companions);

/// The words that go with some kinds only, in the order of the kinds. A word that is a kind's own is none.
pub(in crate::definition) fn companions() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut companions: Vec<(&str, Vec<&str>)> = Vec::new();
    for kind in KINDS {
        for word in kind.companions.iter().filter(|word| !WORDS.contains(word)) {
            match companions.iter_mut().find(|(known, _)| known == word) {
                Some((_, partners)) => partners.push(kind.word),
                None => companions.push((word, vec![kind.word])),
            }
        }
    }
    companions
}

/// A list of at least one step.
pub(crate) fn step_list(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Vec<Step> {
    let Some(items) = value::items(node, path, None, reading) else {
        reading.has_gaps = true;
        return Vec::new();
    };
    if items.is_empty() {
        reading.problem(node.at, path, "is empty; there must be at least one step");
    }
    let mut steps = Vec::new();
    for (index, item) in items.iter().enumerate() {
        reading.steps += 1;
        if reading.steps > limits::STEPS {
            reading.has_gaps = true;
            // The lists around this one have steps yet to come, and need not say it again.
            if reading.steps == limits::STEPS + 1 {
                let message = format!("is one step too many: at most {} are allowed in all", limits::STEPS);
                reading.problem(item.at, path.item(index), message);
            }
            break;
        }
        steps.push(step(item, path.item(index), reading));
    }
    steps
}

fn step(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Step {
    let mut step = Step {
        id: None,
        condition: None,
        retry: None,
        timeout: None,
        continue_on_error: false,
        kind: stand_in(),
    };
    let Some(mut fields) = Fields::of(node, &path, reading) else {
        reading.has_gaps = true;
        return step;
    };
    let id = fields.optional("id");
    step.id = id.and_then(|node| value::id::<StepId>(node, path.field("id"), reading));
    reading.has_gaps |= id.is_some() && step.id.is_none();
    step.condition = fields.read("if", value::condition, reading);
    step.continue_on_error = fields
        .read("continue_on_error", value::boolean, reading)
        .unwrap_or_default();
    let words = Words::of(&mut fields, step.condition.is_some(), reading);
    let retry = words.get("retry");
    step.retry = retry.and_then(|node| retry::retry(node, path.field("retry"), reading));
    let timeout = words.get("timeout");
    step.timeout = timeout.and_then(|node| value::length(node, path.field("timeout"), reading));
    let kind = words.kind.and_then(|kind| {
        let node = words.get(kind.word)?;
        (kind.decode)(node, &words, path, reading)
    });
    if kind.is_none() || words.are_many {
        reading.has_gaps = true;
        reading.unread.extend(step.id.clone());
    }
    fields.refuse_others(reading);
    step.kind = kind.unwrap_or_else(stand_in);
    step
}

/// In the place of what could not be read.
fn stand_in() -> StepKind {
    StepKind::Set(SetStep::default())
}

/// The words of a step that say what it does, and those that go with them.
pub(crate) struct Words<'a> {
    nodes: BTreeMap<&'static str, &'a Node>,
    /// The kind of step.
    kind: Option<&'static KindOfStep>,
    /// True if it says more than one thing.
    are_many: bool,
    has_condition: bool,
}

impl<'a> Words<'a> {
    fn of(fields: &mut Fields<'a>, has_condition: bool, reading: &mut Reading<'_>) -> Self {
        let known = WORDS.iter().chain(COMPANIONS.iter().map(|(word, _)| word));
        let nodes: BTreeMap<_, _> = known
            .filter_map(|word| fields.optional(word).map(|node| (*word, node)))
            .collect();
        let named: Vec<&KindOfStep> = KINDS.iter().filter(|kind| nodes.contains_key(kind.word)).collect();
        // A word that belongs to another kind which is there says nothing of its own.
        let belongs = |word: &str| named.iter().any(|kind| kind.companions.contains(&word));
        let kinds: Vec<&KindOfStep> = named.iter().filter(|kind| !belongs(kind.word)).copied().collect();
        let words: Vec<&str> = kinds.iter().map(|kind| kind.word).collect();
        let (at, path) = (fields.node().at, *fields.path());
        match words.as_slice() {
            [] if fields.has_near_miss(WORDS) => {}
            [] => {
                let message = format!("a step does one thing: give it {}", joined(WORDS, "or"));
                reading.problem(at, path, message);
            }
            [_] => {}
            several => {
                let message = format!(
                    "a step does one thing: {} cannot stand together",
                    joined(several, "and")
                );
                reading.problem(at, path, message);
            }
        }
        for (word, partners) in COMPANIONS.iter() {
            if let Some(node) = nodes.get(word)
                && !words.is_empty()
                && !partners.iter().any(|partner| words.contains(partner))
            {
                reading.problem(node.at, path, format!("`{word}` goes with {}", joined(partners, "or")));
            }
        }
        Self {
            kind: kinds.first().copied(),
            are_many: kinds.len() > 1,
            nodes,
            has_condition,
        }
    }

    /// True if the step has an `if`.
    pub(crate) fn has_condition(&self) -> bool {
        self.has_condition
    }

    /// The node of a word, if it is there.
    pub(crate) fn get(&self, word: &str) -> Option<&'a Node> {
        self.nodes.get(word).copied()
    }
}

/// `a`, `b` and `c`.
fn joined(words: &[&str], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [before @ .., end] if !before.is_empty() => format!("{} {last} {end}", before.join(", ")),
        all => all.concat(),
    }
}
