//! `retry`: how an action is tried again.

use super::{
    super::{Node, Origin, Retry, limits, node::Path},
    Fields, Reading, value,
};
use crate::{
    action::{nearest, nearest_three},
    error_name::NamedError,
};
use std::collections::BTreeSet;

pub(super) fn retry(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Retry> {
    let usual = Retry::default();
    let mut fields = Fields::of(node, &path, reading)?;
    let attempts = |node: &Node, path: Path<'_>, reading: &mut Reading<'_>| {
        value::whole_number(node, path, 1..=limits::ATTEMPTS, reading)
    };
    let backoff = |node: &Node, path: Path<'_>, reading: &mut Reading<'_>| value::number(node, path, 1..=10, reading);
    let max_attempts = fields
        .read("max_attempts", attempts, reading)
        .unwrap_or(usual.max_attempts);
    let interval = fields
        .read("interval", value::length, reading)
        .unwrap_or(usual.interval);
    let backoff = fields.read("backoff", backoff, reading).unwrap_or(usual.backoff);
    let max_interval = fields.optional("max_interval").and_then(|node| {
        let path = path.field("max_interval");
        let longest = value::length(node, path, reading)?;
        if longest < interval {
            let message = format!("is shorter than `interval`, which is {interval}");
            reading.problem(node.at, path, message);
        }
        Some(longest)
    });
    let jitter = fields.read("jitter", value::boolean, reading).unwrap_or(usual.jitter);
    let errors = fields.read("errors", error_names, reading);
    fields.refuse_others(reading);
    Some(Retry {
        max_attempts,
        interval,
        backoff,
        // The longest wait is never shorter than the first.
        max_interval: max_interval.unwrap_or_else(|| usual.max_interval.max(interval)),
        jitter,
        errors,
    })
}

fn error_names(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<BTreeSet<NamedError>> {
    let items = value::items(node, path, None, reading)?;
    if items.is_empty() {
        let message = "is empty, so that nothing would be tried again; say so with `max_attempts: 1`";
        reading.problem(node.at, path, message);
    }
    let mut names = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(text) = value::text(item, path, reading) else {
            continue;
        };
        match known_error(text, reading) {
            Some(error) if names.insert(error.clone()) => {}
            Some(_) => reading.problem(item.at, path, format!("`{text}` stands twice")),
            None => {
                let known = NamedError::all(reading.catalog.systems()).map(|error| error.to_string());
                let known: Vec<String> = known.collect();
                let known = known.iter().map(String::as_str);
                let hint = match nearest(text, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => nearest_three(text, known.map(|name| (name, name))),
                };
                reading.problem(item.at, path, format!("`{text:.80}` is no name of an error; {hint}"));
            }
        }
        if reading.problems.is_full() {
            break;
        }
    }
    Some(names)
}

/// The error of that name, if an action can fail with it. The actions of the system that it names are made for that, and not those of all.
/// A stored definition may name a system that no action of it acts on, and comes with its own actions alone.
fn known_error(text: &str, reading: &Reading<'_>) -> Option<NamedError> {
    NamedError::parse(text).filter(|error| match error {
        NamedError::System(system, _) => reading.origin == Origin::Stored || reading.catalog.has_system(system),
        NamedError::Ours(_) => true,
    })
}
