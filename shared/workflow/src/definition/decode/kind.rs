//! What a step does, word by word.

use super::{
    super::{
        Branch, Node, OnLaneFailure, ParallelLane, Step, StepKind, Wait, limits,
        node::{Content, Path},
    },
    Fields, Reading, action,
    step::{self, Words},
    value, words,
};
use crate::{
    ids::{InputName, InvalidId, VariableName, WorkflowId},
    template::{Expression, Template},
};
use jiff::Timestamp;
use serde_json::Value;
use std::{collections::BTreeMap, str::FromStr};

/// Reads what a step does by its word.
pub(super) fn kind(
    word: &'static str,
    words: &Words<'_>,
    has_condition: bool,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> Option<StepKind> {
    let node = words.get(word)?;
    let here = path.field(word);
    match word {
        "uses" => action::action(node, words.get("with"), path, reading),
        "wait" => wait(node, here, reading).map(StepKind::Wait),
        "set" => templates::<VariableName>(node, here, "variables", reading).map(StepKind::Set),
        "steps" => Some(block(node, words, has_condition, path, reading)),
        "choose" => Some(choose(node, words, path, reading)),
        "parallel" => Some(parallel(node, words, path, reading)),
        "for_each" => Some(for_each(node, words, path, reading)),
        "stop" => value::text_template(node, here, reading).map(|reason| StepKind::Stop { reason }),
        "fail" => value::text_template(node, here, reading).map(|message| StepKind::Fail { message }),
        "run_workflow" => run_workflow(node, words, path, reading),
        _ => None,
    }
}

fn wait(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Wait> {
    if !matches!(node.content, Content::Map(_)) {
        return value::length(node, path, reading).map(Wait::For);
    }
    let mut fields = Fields::of(node, &path, reading)?;
    let until = fields.required("until", "a time, such as 2027-01-31T09:00:00Z", reading);
    fields.refuse_others(reading);
    let node = until?;
    let path = path.field("until");
    let until = value::text_template(node, path, reading)?;
    if let Template::Literal(Value::String(text)) = &until
        && text.parse::<Timestamp>().is_err()
    {
        let message = format!("{text:.80?} is not a time; write it as RFC 3339 has it, like 2027-01-31T09:00:00Z");
        reading.problem(node.at, path, message);
    }
    Some(Wait::Until(until))
}

/// A map of names to templates.
fn templates<N: FromStr<Err = InvalidId> + Ord>(
    node: &Node,
    path: Path<'_>,
    what: &str,
    reading: &mut Reading<'_>,
) -> Option<BTreeMap<N, Template>> {
    let Content::Map(entries) = &node.content else {
        let message = format!("must be a map of {what}, but is {}", node.type_name());
        reading.problem(node.at, path, message);
        return None;
    };
    let mut templates = BTreeMap::new();
    for entry in entries {
        match entry.key.parse::<N>() {
            Ok(name) => {
                let template = value::template(&entry.value, path.field(&entry.key), reading);
                templates.insert(name, template.unwrap_or(Template::Literal(Value::Null)));
            }
            Err(error) => {
                reading.has_gaps = true;
                reading.problem(entry.key_at, path, error.to_string());
            }
        }
    }
    Some(templates)
}

fn block(node: &Node, words: &Words<'_>, has_condition: bool, path: Path<'_>, reading: &mut Reading<'_>) -> StepKind {
    let steps = step::list(node, path.field("steps"), reading);
    let otherwise = words.get("else").map(|node| {
        if !has_condition {
            reading.problem(node.at, path, "`else` needs an `if`: without one it would never run");
        }
        step::list(node, path.field("else"), reading)
    });
    StepKind::Block {
        steps,
        otherwise: otherwise.unwrap_or_default(),
    }
}

fn choose(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> StepKind {
    let path = step.field("choose");
    let items = items(node, path, limits::CHOICES, "branch", reading);
    let branches = (0..)
        .zip(items)
        .filter_map(|(index, item)| branch(item, path.item(index), reading))
        .collect();
    let default = words.get("default");
    StepKind::Choose {
        branches,
        default: default
            .map(|node| step::list(node, step.field("default"), reading))
            .unwrap_or_default(),
    }
}

/// The items of a list of at least one and at most `most`.
fn items<'a>(node: &'a Node, path: Path<'_>, most: usize, what: &str, reading: &mut Reading<'_>) -> &'a [Node] {
    let items = value::items(node, path, Some(most), reading);
    reading.has_gaps |= items.is_none();
    if items.is_some_and(<[Node]>::is_empty) {
        reading.problem(node.at, path, format!("is empty; there must be at least one {what}"));
    }
    items.unwrap_or_default()
}

fn branch(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Branch> {
    let mut branch = Branch {
        when: Expression::condition("true").ok()?,
        steps: Vec::new(),
    };
    let Some(mut fields) = Fields::of(node, &path, reading) else {
        reading.has_gaps = true;
        return Some(branch);
    };
    if let Some(node) = fields.required("when", "the condition of the branch", reading) {
        branch.when = value::condition(node, path.field("when"), reading)?;
    }
    branch.steps = list_of(&mut fields, path, reading);
    fields.refuse_others(reading);
    Some(branch)
}

/// The field `steps` of a branch or a lane.
fn list_of(fields: &mut Fields<'_>, path: Path<'_>, reading: &mut Reading<'_>) -> Vec<Step> {
    let steps = fields.required("steps", "what is done", reading);
    reading.has_gaps |= steps.is_none();
    steps
        .map(|node| step::list(node, path.field("steps"), reading))
        .unwrap_or_default()
}

fn parallel(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> StepKind {
    let path = step.field("parallel");
    let items = items(node, path, limits::PARALLEL_LANES, "lane", reading);
    let lanes = (0..)
        .zip(items)
        .map(|(index, item)| lane(item, path.item(index), reading))
        .collect();
    StepKind::Parallel {
        lanes,
        on_lane_failure: on_lane_failure(words, step, reading),
    }
}

fn lane(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> ParallelLane {
    let mut lane = ParallelLane {
        name: None,
        steps: Vec::new(),
        output: None,
    };
    let Some(mut fields) = Fields::of(node, &path, reading) else {
        reading.has_gaps = true;
        return lane;
    };
    lane.name = fields.read("name", value::text, reading).map(str::to_owned);
    lane.steps = list_of(&mut fields, path, reading);
    lane.output = fields.read("output", value::template, reading);
    fields.refuse_others(reading);
    lane
}

fn for_each(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> StepKind {
    let path = step.field("for_each");
    let items = value::template(node, path, reading);
    let problem = match &items {
        Some(Template::List(items)) if items.len() > limits::ITEMS => Some(format!(
            "has {} items; at most {} are allowed",
            items.len(),
            limits::ITEMS
        )),
        Some(Template::Literal(_) | Template::Map(_)) => Some(format!(
            "must be a list, or an expression that gives one, but is {}",
            node.type_name()
        )),
        None | Some(Template::List(_) | Template::Expression(_)) => None,
    };
    if let Some(problem) = problem {
        reading.problem(node.at, path, problem);
    }
    let steps = match words.get("steps") {
        Some(node) => step::list(node, step.field("steps"), reading),
        None => {
            reading.has_gaps = true;
            reading.problem(node.at, step, "`steps` is missing: what is done for each item");
            Vec::new()
        }
    };
    let max_concurrency = words.get("max_concurrency").and_then(|node| {
        let path = step.field("max_concurrency");
        value::whole_number(node, path, 1..=limits::CONCURRENT_LANES, reading)
    });
    let output = words.get("output");
    StepKind::ForEach {
        items: items.unwrap_or(Template::List(Vec::new())),
        max_concurrency,
        steps,
        output: output.and_then(|node| value::template(node, step.field("output"), reading)),
        on_lane_failure: on_lane_failure(words, step, reading),
    }
}

fn on_lane_failure(words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> OnLaneFailure {
    let node = words.get("on_lane_failure");
    let policy =
        node.and_then(|node| value::word(node, step.field("on_lane_failure"), words::ON_LANE_FAILURE, reading));
    policy.unwrap_or_default()
}

fn run_workflow(node: &Node, words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<StepKind> {
    let workflow = value::id::<WorkflowId>(node, step.field("run_workflow"), reading);
    let with = words.get("with");
    let with = with.and_then(|node| templates::<InputName>(node, step.field("with"), "inputs", reading));
    Some(StepKind::RunWorkflow {
        workflow: workflow?,
        with: with.unwrap_or_default(),
    })
}
