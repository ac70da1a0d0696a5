//! Waits that a signal can end early.
//!
//! A lane that waits has an item in the table, in which Step Functions puts the token of the state that waits. A signal marks the item,
//! and ends that state by the token. The token only wakes: what the lane does then is decided by the next Plan, from the table.
//!
//! A state waits for a slice of time. The slices are of fixed lengths, because the local AWS ignores `TimeoutSecondsPath`; a longer wait
//! has several. The end of a slice is also when a signal is found of which the token could not be used.

use super::{
    Command, Cursor, Known, Pending, Standing, Wake, going::Planner, lane::Cancelled, lane::cancelled, lock::Turn,
};
use crate::{
    fingerprint::fingerprint,
    ids::{LanePath, RunId},
};
use jiff::SignedDuration;
use serde::Serialize;

/// The length of a slice of a wait. There is a state of the state machine for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(const_into_str)]
pub enum Slice {
    #[strum(serialize = "await_1s")]
    OneSecond,
    #[strum(serialize = "await_5s")]
    FiveSeconds,
    #[strum(serialize = "await_30s")]
    ThirtySeconds,
    #[strum(serialize = "await_3m")]
    ThreeMinutes,
    #[strum(serialize = "await_15m")]
    FifteenMinutes,
    #[strum(serialize = "await_6h")]
    SixHours,
}

/// A wait of which more than this is left has slices of six hours. On its last day it has shorter ones, so that a signal whose sender
/// broke off before it could wake is found within a quarter of an hour.
const LONG: SignedDuration = SignedDuration::from_hours(24);

/// The most by which a wait may end late, where its lane has that much time left. A slice and the Plan before it take a little longer than
/// the slice alone, so what is left after the first of two slices is always a little too short for the second.
const LATE: SignedDuration = SignedDuration::from_secs(1);

impl Slice {
    /// The length.
    #[must_use]
    pub fn length(self) -> SignedDuration {
        SignedDuration::from_secs(match self {
            Self::OneSecond => 1,
            Self::FiveSeconds => 5,
            Self::ThirtySeconds => 30,
            Self::ThreeMinutes => 180,
            Self::FifteenMinutes => 900,
            Self::SixHours => 21_600,
        })
    }

    /// The longest slice of a wait of which so much is left, and which may end so late; none of the last part of a second.
    fn longest_within(left: SignedDuration, late: SignedDuration) -> Option<Self> {
        let slices = <Self as strum::VariantArray>::VARIANTS.iter().rev().copied();
        let mut slices = slices.filter(|slice| *slice != Self::SixHours || left > LONG);
        slices.find(|slice| match slice {
            Self::OneSecond => slice.length() <= left,
            _ => slice.length() <= left + late,
        })
    }
}

/// The key of the item of a lane that waits. A lane waits for one thing at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WaitKey {
    /// The partition, which all lanes of a run share: a run that is cancelled finds all of its waits there.
    pk: String,
    sk: String,
}

/// DynamoDB takes 1,024 bytes of sort key. Lanes within lanes within lanes have longer paths.
const LONGEST_LANE: usize = 1_000;

impl WaitKey {
    /// The beginning of the partitions of waits. The rights of the state machine name it.
    pub const PARTITIONS: &'static str = "WAIT#";

    #[must_use]
    pub fn of(run: &RunId, lane: &LanePath) -> Self {
        let path = lane.to_string();
        Self {
            pk: Self::partition(run),
            sk: match path.len() > LONGEST_LANE {
                true => fingerprint("lane", &[&path]),
                false => path,
            },
        }
    }

    /// The partition of the waits of a run.
    #[must_use]
    pub fn partition(run: &RunId) -> String {
        format!("{}{run}", Self::PARTITIONS)
    }

    #[must_use]
    pub fn pk(&self) -> &str {
        &self.pk
    }

    #[must_use]
    pub fn sk(&self) -> &str {
        &self.sk
    }
}

/// The change of a lane's wait in a Plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitChange {
    /// It waits for a slice of time.
    Waits,
    /// It has waited, and goes on.
    IsOver,
}

impl Planner<'_> {
    /// The next slice of a wait that ends then; the last part of a second is a wait that nothing ends early.
    pub(super) fn await_slice(&mut self, until: Wake) -> Command {
        let now = self.situation.now;
        let late = match super::later(until.time(), LATE) <= self.cursor.deadline {
            true => LATE,
            false => SignedDuration::ZERO,
        };
        let Some(slice) = Slice::longest_within(until.time().duration_since(now), late) else {
            return Command::Wait { until };
        };
        self.changes.wait = Some(WaitChange::Waits);
        Command::Await {
            slice,
            wait: WaitKey::of(&self.situation.input.run.id, &self.cursor.lane),
            plan: self.cursor.plans.saturating_add(1),
            until: Wake::not_before(super::later(now, slice.length())),
        }
    }

    /// Notes that a wait is over, if the lane was in one.
    pub(super) fn note_end_of_wait(&mut self) {
        let (Standing::GoesOn(cursor) | Standing::TakesOver(cursor)) = self.situation.standing else {
            return;
        };
        let waited = cursor.pending.as_ref().is_some_and(Pending::is_wait);
        if waited && self.changes.wait.is_none() {
            self.changes.wait = Some(WaitChange::IsOver);
        }
    }

    /// Goes on with a wait of which time is left and that nothing has ended.
    pub(super) fn wait_on(&mut self) -> Option<Command> {
        if self.cancelled != Cancelled::No || self.is_decided() || self.has_news() {
            return None;
        }
        let until = self.cursor.pending.as_ref().and_then(Pending::not_before)?;
        let until = match sabotage::breaks(sabotage::Break::WaitPastDeadline) {
            true => until,
            false => until.min(self.cursor.deadline),
        };
        if until <= self.situation.now || sabotage::breaks(sabotage::Break::SliceIsWhole) {
            return None;
        }
        if self.is_full() {
            let pending = self.cursor.pending.take();
            return Some(self.hand_off(pending));
        }
        Some(Command::wait(until))
    }
}

/// True if something has ended a wait, by what was read after the wait was written.
///
/// A sender of a signal writes what the signal is about, and then looks for those who wait. A lane that waits is written, and then looks
/// whether there is a signal. So one of the two sees the other.
#[must_use]
pub fn has_been_ended(run: &RunId, cursor: &Cursor, known: &Known) -> bool {
    if cancelled(&known.cancelled, &cursor.lane) != Cancelled::No {
        return true;
    }
    match &cursor.pending {
        Some(Pending::Lock { .. }) => matches!(known.lock.turn_of(run, cursor.run_deadline), Turn::Take(_)),
        Some(Pending::Approval { .. }) => !known.decisions.is_empty(),
        Some(Pending::Watch { .. }) => {
            let watching = cursor.watching.as_ref();
            watching.is_some_and(|watching| watching.news(&known.events).next().is_some())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use strum::VariantArray;

    #[rstest]
    #[case::nothing(0, None)]
    #[case::less_than_a_second(999, None)]
    #[case(1_000, Some(Slice::OneSecond))]
    #[case(3_999, Some(Slice::OneSecond))]
    #[case::a_second_late_at_most(4_000, Some(Slice::FiveSeconds))]
    #[case(178_999, Some(Slice::ThirtySeconds))]
    #[case(179_000, Some(Slice::ThreeMinutes))]
    #[case(900_000, Some(Slice::FifteenMinutes))]
    #[case::a_day(86_400_000, Some(Slice::FifteenMinutes))]
    #[case::more_than_a_day(86_400_001, Some(Slice::SixHours))]
    #[case::the_past(-5_000, None)]
    fn a_slice_is_the_longest_that_fits(#[case] left: i64, #[case] expected: Option<Slice>) {
        assert_eq!(Slice::longest_within(SignedDuration::from_millis(left), LATE), expected);
    }

    /// The table "Waits" of docs/architecture/runs.md.
    #[rstest]
    #[case(10, 2)]
    #[case(60, 2)]
    #[case(600, 5)]
    #[case(3_600, 4)]
    #[case(86_400, 108)]
    #[case(364 * 86_400, 1_560)]
    fn a_wait_has_few_slices_and_does_not_end_early_and_hardly_late(#[case] seconds: i64, #[case] most: u32) {
        // Between two slices a Plan takes a tenth of a second.
        let plan = SignedDuration::from_millis(100);
        let mut left = SignedDuration::from_secs(seconds);
        let mut slices = 0;
        while let Some(slice) = Slice::longest_within(left, LATE) {
            left -= slice.length() + plan;
            slices += 1;
        }
        assert!((-LATE - plan..SignedDuration::from_secs(1)).contains(&left), "{left:#}");
        assert!(slices <= most, "{slices} slices");
    }

    #[test]
    fn at_the_end_of_its_lane_no_wait_is_late() {
        let left = SignedDuration::from_millis(4_900);
        assert_eq!(
            Slice::longest_within(left, SignedDuration::ZERO),
            Some(Slice::OneSecond)
        );
    }

    #[test]
    fn slices_grow() {
        let lengths: Vec<_> = Slice::VARIANTS.iter().map(|slice| slice.length()).collect();
        assert!(lengths.is_sorted());
    }

    #[test]
    fn a_wait_has_a_key_that_dynamodb_takes_however_deep_its_lane() {
        let run: RunId = "r".parse().unwrap();
        let mut lane = LanePath::main();
        let mut keys = std::collections::BTreeSet::new();
        for depth in 0..300 {
            let key = WaitKey::of(&run, &lane);
            assert!(key.sk().len() <= 1_024 && key.pk() == "WAIT#r");
            assert!(keys.insert(key), "two lanes share a key at depth {depth}");
            lane = lane.child(crate::ids::StepPath::top(crate::ids::Section::Steps, 0), 0);
        }
    }
}
