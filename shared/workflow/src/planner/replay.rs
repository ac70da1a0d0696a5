//! The results that a replay takes over of the run that it repeats.

use super::{Command, StepChange, StepResult, going::Planner};

/// The number of results that a Plan takes over. DynamoDB writes at most 100 items in a call.
const AT_ONCE: usize = 50;

impl Planner<'_> {
    /// Takes over results of the run that this one repeats, if some are left. They are only written here: the Plan that
    /// follows reads of them what the next steps refer to, as it does with any result.
    pub(super) fn keep(&mut self) -> Option<Command> {
        let before = self.cursor.kept.take()?;
        let replay = self.situation.input.replay_of()?;
        for (path, kept) in replay.kept.iter().skip(before).take(AT_ONCE) {
            let result = StepResult::from(kept);
            self.record(path, StepChange::Kept { result });
        }
        let now = before.saturating_add(AT_ONCE);
        self.cursor.kept = (now < replay.kept.len()).then_some(now);
        Some(Command::Continue)
    }
}
