//! Names of the steps and lanes of a run.

use crate::{error::Error, stack::Stack};
use platform::table::{RunView, StoreError, VersionSource};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::Value;
use workflow::{
    definition::Definition,
    ids::{LanePath, StepPath},
    step_name::{LaneName, StepName},
};

/// The names that the version of a run gives to its steps and lanes.
#[derive(Debug, Default)]
pub(super) struct Names(Option<Definition>);

impl Names {
    /// The names of a run. Of a version that this release cannot read they are numbers alone.
    pub(super) async fn of(view: &RunView, stack: &Stack) -> Result<Self, Error> {
        match stack.table.version(&view.workflow, view.version).await {
            Ok(definition) => Ok(Self(definition)),
            Err(StoreError::Unreadable { .. }) => Ok(Self(None)),
            Err(error @ StoreError::Unavailable { .. }) => Err(error.into()),
        }
    }

    pub(super) fn step(&self, lane: &LanePath, path: &StepPath) -> StepName {
        match &self.0 {
            Some(definition) => definition.step_name(lane, path),
            None => StepName::by_numbers(path),
        }
    }

    pub(super) fn lane(&self, lane: &LanePath) -> LaneName {
        match &self.0 {
            Some(definition) => definition.lane_name(lane),
            None => LaneName::by_numbers(lane),
        }
    }

    /// The lane of a name.
    pub(super) fn find(&self, lane: &LaneName, view: &RunView) -> Result<LanePath, Error> {
        match &self.0 {
            Some(definition) => Ok(definition.find_lane(lane)?),
            None if lane.is_main() => Ok(LanePath::main()),
            None => Err(Error::Invalid(format!(
                "this release cannot read {} {}, so it cannot tell which lane `{lane}` is\nUse a `pagerflow` of the release that \
                 is deployed.",
                view.workflow, view.version
            ))),
        }
    }

    /// Writes a run for programs: as it is, with the names of its steps, which are those of a lane.
    pub(super) fn serialize<S: Serializer>(
        &self,
        run: &impl Serialize,
        view: &RunView,
        lane: &LanePath,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut run = serde_json::to_value(run).map_err(S::Error::custom)?;
        let steps = run.get_mut("steps").and_then(Value::as_array_mut);
        for (shown, step) in steps.into_iter().flatten().zip(&view.steps) {
            if let Some(path) = shown.get_mut("path") {
                *path = Value::from(self.step(lane, &step.path).to_string());
            }
        }
        run.serialize(serializer)
    }
}

#[cfg(test)]
impl Names {
    pub(super) fn of_definition(source: &str) -> Self {
        Self(Definition::from_source(source, platform::catalog()).ok())
    }
}
