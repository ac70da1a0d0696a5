//! The name of a step of a definition, from its path.

use super::{LaneName, StepName, StepPart, Turn, counted, form::is_digits};
use crate::{
    definition::{Definition, Step},
    ids::{LanePath, Section, StepPath},
    steps::ParallelLane,
};
use std::collections::BTreeMap;

pub(crate) const STEPS: &str = "steps";
pub(crate) const ELSE: &str = "else";
pub(crate) const DEFAULT: &str = "default";

impl Definition {
    /// The name of a step in a lane of a run.
    #[must_use]
    pub fn step_name(&self, lane: &LanePath, path: &StepPath) -> StepName {
        let items: BTreeMap<StepPath, u32> = lane
            .outwards()
            .filter_map(|lane| lane.opener().map(|(_, fork, index)| (fork.clone(), index)))
            .collect();
        self.name_on_the_way(path, &items)
    }

    /// The name of a step, whichever the lane.
    #[must_use]
    pub fn step_name_in_any_lane(&self, path: &StepPath) -> StepName {
        self.name_on_the_way(path, &BTreeMap::new())
    }

    /// The name of a lane of a run.
    #[must_use]
    pub fn lane_name(&self, lane: &LanePath) -> LaneName {
        LaneName(lane.opener().map(|(around, fork, index)| {
            let turn = match self.step(fork) {
                Some(step) => step.kind.behaviour().turn(list_of_lane(step, index), Some(index)),
                None => Turn::Number(counted(index)),
            };
            (self.step_name(&around, fork), turn)
        }))
    }

    fn name_on_the_way(&self, path: &StepPath, items: &BTreeMap<StepPath, u32>) -> StepName {
        let mut indices = path.indices().iter().copied();
        let mut here = StepPath::top(path.section(), indices.next().unwrap_or_default());
        let mut name = StepName {
            section: path.section(),
            first: self.part(&here),
            inner: Vec::new(),
        };
        let mut has_item = false;
        while let (Some(list), Some(index)) = (indices.next(), indices.next()) {
            let turn = match self.step(&here) {
                Some(step) => step.kind.behaviour().turn(list, items.get(&here).copied()),
                None => Turn::Number(counted(list)),
            };
            here = here.inside(list, index);
            let part = self.part(&here);
            has_item |= matches!(turn, Turn::Item(_));
            name.inner.push((turn, part.clone()));
            if !has_item && matches!(part, StepPart::Id(_)) {
                // An id needs nothing around it, except an item.
                name.first = part;
                name.inner.clear();
            }
        }
        if matches!(name.first, StepPart::Id(_)) {
            name.section = Section::Steps;
        }
        name
    }

    fn part(&self, path: &StepPath) -> StepPart {
        let id = self.step(path).and_then(|step| step.id.clone());
        id.map_or_else(
            || StepPart::Number(counted(path.indices().last().copied().unwrap_or_default())),
            StepPart::Id,
        )
    }
}

fn list_of_lane(step: &Step, index: u32) -> u32 {
    step.lane_list(index).unwrap_or(index)
}

/// The name of a lane, if it can be part of a step's name: it is no number, no other lane has it, and it has nothing in it that
/// a name or a command line reads otherwise.
pub(crate) fn usable_name<'a>(lane: &'a ParallelLane, lanes: &[ParallelLane]) -> Option<&'a str> {
    let name = lane.name.as_deref()?;
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    let is_usable = !name.is_empty() && name.trim() == name && name.chars().all(is_plain) && !is_digits(name);
    let of_this_name = lanes.iter().filter(|other| other.name.as_deref() == Some(name));
    (is_usable && of_this_name.count() == 1).then_some(name)
}
