//! Checks that the states of a definition belong together.

use super::{Catcher, Machine, Problem, State, Transition, Unsupported};
use std::collections::BTreeSet;

/// Every state that is named exists, and every state can be reached.
pub(super) fn check(place: &str, machine: &Machine) -> Result<(), Unsupported> {
    let mut reached = BTreeSet::new();
    let mut open = vec![(place, machine.start_at.as_str())];
    while let Some((from, name)) = open.pop() {
        let Some(state) = machine.states.get(name) else {
            return Err(Unsupported {
                place: from.to_owned(),
                problem: Problem::NoState(name.to_owned()),
            });
        };
        if reached.insert(name) {
            open.extend(successors(state).into_iter().map(|next| (name, next)));
        }
    }
    match machine.states.keys().find(|name| !reached.contains(name.as_str())) {
        Some(name) => Err(Unsupported {
            place: place.to_owned(),
            problem: Problem::Unreachable(name.clone()),
        }),
        None => Ok(()),
    }
}

fn successors(state: &State) -> Vec<&str> {
    match state {
        State::Task(task) => handled(&task.next, &task.handlers.catch),
        State::Map(map) => handled(&map.next, &[]),
        State::Wait(wait) => handled(&wait.next, &[]),
        State::Pass(pass) => handled(&pass.next, &[]),
        State::Choice(choice) => choice
            .choices
            .iter()
            .map(|(_, next)| next.as_str())
            .chain(choice.default.as_deref())
            .collect(),
        State::Succeed { .. } | State::Fail { .. } => Vec::new(),
    }
}

fn handled<'a>(next: &'a Transition, catch: &'a [Catcher]) -> Vec<&'a str> {
    let next = match next {
        Transition::Next(name) => Some(name.as_str()),
        Transition::End => None,
    };
    next.into_iter()
        .chain(catch.iter().map(|catcher| catcher.next.as_str()))
        .collect()
}
