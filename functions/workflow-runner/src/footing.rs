//! The claim of an execution to its lane, as the table shows it.

use crate::state::{PlanRequest, State};
use platform::table::journal::{LaneRecord, LastPlan};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    planner::{Cursor, LaneEnd, LaneKey, Pending, Standing},
    run::{Part, RunInput},
};

/// The claim of an execution to its lane.
#[derive(Debug)]
pub(crate) enum Footing {
    Plans(Plans),
    /// Its first Plan was made before; this is what it handed over.
    Repeats {
        handover: String,
    },
    /// Its lane has ended; there is nothing to do.
    Ended {
        cursor: Option<Cursor>,
        end: LaneEnd,
    },
    /// The lane is not wanted any more, or not yet there.
    Superseded,
}

/// The claim of an execution that plans to its lane.
#[derive(Debug)]
pub(crate) enum Plans {
    BeginsRun,
    BeginsLane { opener: Cursor },
    GoesOn { cursor: Cursor },
    TakesOver { cursor: Cursor, owner: String },
}

impl Plans {
    pub(crate) fn standing(&self) -> Standing<'_> {
        match self {
            Self::BeginsRun => Standing::BeginsRun,
            Self::BeginsLane { opener } => Standing::BeginsLane(opener),
            Self::GoesOn { cursor } => Standing::GoesOn(cursor),
            Self::TakesOver { cursor, .. } => Standing::TakesOver(cursor),
        }
    }

    /// The execution from which the lane is taken over.
    pub(crate) fn previous_owner(&self) -> Option<&str> {
        match self {
            Self::TakesOver { owner, .. } => Some(owner),
            Self::BeginsRun | Self::BeginsLane { .. } | Self::GoesOn { .. } => None,
        }
    }

    /// The cursor that the lane has, or is opened from.
    pub(crate) fn cursor(&self) -> Option<&Cursor> {
        match self {
            Self::BeginsRun => None,
            Self::BeginsLane { opener: cursor } | Self::GoesOn { cursor } | Self::TakesOver { cursor, .. } => {
                Some(cursor)
            }
        }
    }
}

/// The lanes that tell how an execution stands, if they are needed: of an execution that another one started, before its
/// first Plan, its own lane and the one that opened it.
pub(crate) fn lanes_needed(state: &State) -> BTreeSet<LaneKey> {
    let (None, Some(part)) = (&state.next, &state.input.part) else {
        return BTreeSet::new();
    };
    let opener = part.lane.opener().map(|(opener, _, _)| opener);
    let key = |lane| LaneKey {
        run: state.input.run.id.clone(),
        lane,
    };
    opener.into_iter().chain([part.lane.clone()]).map(key).collect()
}

/// The claim of an execution to its lane.
pub(crate) fn footing(request: &PlanRequest, lanes: &mut BTreeMap<LaneKey, LaneRecord>) -> Footing {
    let input = &request.state.input;
    if let Some(next) = &request.state.next {
        return Footing::Plans(Plans::GoesOn {
            cursor: next.cursor.clone(),
        });
    }
    let Some(part) = &input.part else {
        return Footing::Plans(Plans::BeginsRun);
    };
    match lanes.remove(&key_of(input, part)) {
        Some(LaneRecord { last, end: Some(end) }) => Footing::Ended {
            cursor: last.map(|last| last.cursor),
            end,
        },
        Some(LaneRecord {
            last: Some(last),
            end: None,
        }) => of_lane_that_goes_on(&request.execution.arn, last),
        Some(LaneRecord { last: None, end: None }) | None => of_new_lane(input, part, lanes),
    }
}

fn key_of(input: &RunInput, part: &Part) -> LaneKey {
    LaneKey {
        run: input.run.id.clone(),
        lane: part.lane.clone(),
    }
}

fn of_lane_that_goes_on(execution: &str, last: LastPlan) -> Footing {
    match last.owner == execution {
        true => Footing::Repeats {
            handover: last.handover,
        },
        false => Footing::Plans(Plans::TakesOver {
            cursor: last.cursor,
            owner: last.owner,
        }),
    }
}

fn of_new_lane(input: &RunInput, part: &Part, lanes: &mut BTreeMap<LaneKey, LaneRecord>) -> Footing {
    // Who takes a lane over finds it. If it is not there, it was deleted long after its end.
    if part.generation > 0 {
        return Footing::Superseded;
    }
    let Some((opener, fork, index)) = part.lane.opener() else {
        return Footing::Plans(Plans::BeginsRun);
    };
    let key = LaneKey {
        run: input.run.id.clone(),
        lane: opener,
    };
    // The lane that opened this one may have given it up meanwhile, and gone on.
    match lanes.remove(&key) {
        Some(LaneRecord {
            last: Some(LastPlan { cursor, .. }),
            end: None,
        }) => match &cursor.pending {
            Some(Pending::Fork(awaited)) if awaited.step == *fork && (awaited.from..awaited.to).contains(&index) => {
                Footing::Plans(Plans::BeginsLane { opener: cursor })
            }
            _ => Footing::Superseded,
        },
        _ => Footing::Superseded,
    }
}
