//! The step of a definition that a name means.

use super::{LaneName, StepName, StepPart, Turn, index_of};
use crate::{
    action::nearest,
    definition::{Definition, Step},
    ids::{LanePath, Section, StepId, StepPath},
    steps::{Each, Lanes},
};

/// The number of names that an error lists.
const LISTED: usize = 20;

/// The place of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPlace {
    pub path: StepPath,
    /// Its lane; none if that depends on an item or a round which the name does not say.
    pub lane: Option<LanePath>,
}

/// The definition has no step or lane of a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownName {
    #[error("there is no step `{name}`{near}; {around} {known}")]
    NoStep {
        /// The name as far as no step is known.
        name: String,
        /// The nearest id.
        near: String,
        /// The steps that there are.
        around: String,
        /// Those.
        known: String,
    },
    /// The step has no such list of steps.
    #[error("{step} has no `{list}`; it has {known}")]
    NoList {
        step: String,
        list: String,
        /// The lists that there are.
        known: String,
    },
    /// The step has no steps in it at all.
    #[error("{step} ({title}) has no steps in it")]
    NothingInside {
        step: String,
        /// The title.
        title: String,
    },
    /// The lane depends on an item or a round.
    #[error("`{name}` is in a lane for each {of} of {step}; say which {of}, such as `{such_as}`")]
    NoItem {
        name: String,
        /// The word for what a lane is for.
        of: &'static str,
        /// The step that opens the lanes.
        step: String,
        /// A lane of it.
        such_as: String,
    },
    /// The step opens no lanes.
    #[error("`{name}` is no lane: {step} ({title}) opens none")]
    NoLane {
        name: String,
        step: String,
        /// The title.
        title: String,
    },
}

impl Definition {
    /// Finds the step of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn find_step(&self, name: &StepName) -> Result<StepPlace, UnknownName> {
        let mut place = self.first_step(name)?;
        for (turn, part) in &name.inner {
            let (list, lane) = self.list_of(&place, turn)?;
            let index = self.index_in(&place.path, list, turn, part)?;
            place = StepPlace {
                path: place.path.inside(list, index),
                lane,
            };
        }
        Ok(place)
    }

    /// Finds the lane of a name.
    ///
    /// # Errors
    /// There is none, or the name leaves an item or a round open.
    pub fn find_lane(&self, name: &LaneName) -> Result<LanePath, UnknownName> {
        let Some((step, turn)) = &name.0 else {
            return Ok(LanePath::main());
        };
        let place = self.find_step(step)?;
        let fork = self.step(&place.path);
        if fork.is_none_or(|step| step.lane_list(0).is_none()) {
            return Err(UnknownName::NoLane {
                name: name.to_string(),
                step: self.step_name_in_any_lane(&place.path).in_words(),
                title: fork.map(Step::title).unwrap_or_default(),
            });
        }
        match self.list_of(&place, turn)? {
            (_, Some(lane)) => Ok(lane),
            (_, None) => Err(self.without_item(name, &place.path)),
        }
    }

    /// The name leaves open which lane of the innermost `for_each` or `repeat` around a path it means.
    fn without_item(&self, name: &LaneName, path: &StepPath) -> UnknownName {
        let mut fork = path.clone();
        let of = loop {
            let numbered = self.step(&fork).and_then(Step::lanes).and_then(Lanes::numbered);
            match (numbered, fork.parent()) {
                (None, Some((outer, _))) => fork = outer,
                (numbered, _) => break numbered.unwrap_or("item"),
            }
        };
        let step = self.step_name_in_any_lane(&fork);
        UnknownName::NoItem {
            name: name.to_string(),
            of,
            such_as: format!("{step}[1]"),
            step: step.in_words(),
        }
    }

    fn first_step(&self, name: &StepName) -> Result<StepPlace, UnknownName> {
        let path = match &name.first {
            StepPart::Number(number) => Some(StepPath::top(name.section, index_of(*number))),
            StepPart::Id(id) => self
                .path_of(id)
                .or_else(|| self.path_of_look(id))
                .filter(|path| match name.section {
                    Section::Steps | Section::OnlyWhile => true,
                    Section::OnFailure => path.section() == Section::OnFailure && path.parent().is_none(),
                }),
        };
        match path.filter(|path| self.step(path).is_some()) {
            Some(path) => Ok(StepPlace {
                lane: self.lane_without_items(&path),
                path,
            }),
            None => Err(UnknownName::NoStep {
                name: match name.section {
                    Section::Steps | Section::OnlyWhile => name.first.to_string(),
                    Section::OnFailure => format!("{}/{}", super::form::ON_FAILURE, name.first),
                },
                near: self.near(&name.first),
                around: match name.section {
                    Section::Steps | Section::OnlyWhile => "the workflow has".to_owned(),
                    Section::OnFailure => "`on_failure` has".to_owned(),
                },
                known: self.known_at_top(name.section),
            }),
        }
    }

    /// The path of the step that looks at the event's incident, if that is its id.
    fn path_of_look(&self, id: &StepId) -> Option<StepPath> {
        let look = self.look().filter(|(_, step)| step.id.as_ref() == Some(id));
        look.map(|(path, _)| path)
    }

    /// The lane of a step that is in no `for_each` and no `repeat`.
    fn lane_without_items(&self, path: &StepPath) -> Option<LanePath> {
        let Some((outer, list)) = path.parent() else {
            return Some(LanePath::main());
        };
        let around = self.lane_without_items(&outer)?;
        match self.step(&outer).and_then(Step::lanes).map(|lanes| lanes.each) {
            Some(Each::Item { .. } | Each::Round(_)) => None,
            Some(Each::List(_)) => Some(around.child(outer, list)),
            None => Some(around),
        }
    }

    /// The number of a list of steps in a step, and the lane of the steps in it.
    fn list_of(&self, place: &StepPlace, turn: &Turn) -> Result<(u32, Option<LanePath>), UnknownName> {
        let step = self.step(&place.path);
        let list = step.and_then(|step| step.kind.behaviour().list_of(turn));
        let Some((step, list)) = step.zip(list) else {
            return Err(self.no_list(&place.path, turn));
        };
        let child = |index| Some(place.lane.as_ref()?.child(place.path.clone(), index));
        let lane = match (step.lanes().map(|lanes| lanes.each), turn) {
            (Some(Each::Item { .. } | Each::Round(_)), Turn::Item(item)) => child(index_of(*item)),
            (Some(Each::Item { .. } | Each::Round(_)), _) => None,
            (Some(Each::List(_)), _) => child(list),
            (None, _) => place.lane.clone(),
        };
        Ok((list, lane))
    }

    fn no_list(&self, path: &StepPath, turn: &Turn) -> UnknownName {
        let words = self.step_name_in_any_lane(path).in_words();
        match self.step(path) {
            Some(step) if !step.lists().is_empty() => UnknownName::NoList {
                step: words,
                list: turn.to_string().trim_start_matches('/').to_owned(),
                known: step.kind.behaviour().lists_in_words(),
            },
            step => UnknownName::NothingInside {
                step: words,
                title: step.map(Step::title).unwrap_or_default(),
            },
        }
    }

    fn index_in(&self, path: &StepPath, list: u32, turn: &Turn, part: &StepPart) -> Result<u32, UnknownName> {
        let steps = self.step(path).and_then(|step| {
            let lists = step.lists();
            lists.get(usize::try_from(list).ok()?).copied()
        });
        let steps = steps.unwrap_or_default();
        let index = match part {
            StepPart::Number(number) => Some(index_of(*number)),
            StepPart::Id(id) => steps
                .iter()
                .position(|step| step.id.as_ref() == Some(id))
                .and_then(|index| u32::try_from(index).ok()),
        };
        let is_there = |index: &u32| usize::try_from(*index).is_ok_and(|index| index < steps.len());
        index.filter(is_there).ok_or_else(|| {
            let around = format!("{}{turn}", self.step_name_in_any_lane(path));
            UnknownName::NoStep {
                name: format!("{around}/{part}"),
                near: self.near(part),
                around: format!("`{around}` has"),
                known: called(steps),
            }
        })
    }

    fn near(&self, part: &StepPart) -> String {
        let StepPart::Id(id) = part else {
            return String::new();
        };
        let ids: Vec<&str> = self
            .walk()
            .filter_map(|(_, step)| step.id.as_ref())
            .map(StepId::as_str)
            .collect();
        let near = nearest(id.as_str(), ids.iter().copied()).filter(|near| *near != id.as_str());
        near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
    }

    fn known_at_top(&self, section: Section) -> String {
        called(self.section(section))
    }
}

/// The steps of a list, as they are named.
fn called(steps: &[Step]) -> String {
    let names = (1..).zip(steps).map(|(number, step): (u32, _)| match &step.id {
        Some(id) => id.to_string(),
        None => number.to_string(),
    });
    let listed: Vec<String> = names.take(LISTED).collect();
    match (listed.is_empty(), steps.len().saturating_sub(LISTED)) {
        (true, _) => "no steps".to_owned(),
        (false, 0) => listed.join(", "),
        (false, more) => format!("{} and {more} more", listed.join(", ")),
    }
}
