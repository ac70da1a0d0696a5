//! Deliberate breaks: small faults that a change could make, each of which the tests must notice.
//!
//! The places that can be broken ask [`breaks`] whether they are. Without the feature `armed`, which nothing that is deployed
//! has, the answer is a constant, and the compiler removes the place. One build serves for all breaks: which one is in force
//! is read from the environment when the process asks for the first time.

/// The variable of the environment that names the break.
pub const VARIABLE: &str = "PAGERFLOW_SABOTAGE";

macro_rules! breaks {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal;)*) => {
        /// A deliberate break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Break { $($(#[doc = $doc])* $variant,)* }

        impl Break {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name by which it is turned on.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is broken, in a line.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_ascii_start(),)* }
            }
        }
    };
}

breaks! {
    /// Each attempt of a step has an effect key of its own.
    KeyOfEachAttempt = "key-of-each-attempt";
    /// The effect key does not tell the lanes of a step apart.
    KeyWithoutLane = "key-without-lane";
    /// A retry of an incident's creation does not look first whether it is there.
    CreateWithoutLooking = "create-without-looking";
    /// A retry of a note does not look first whether it is there.
    NoteWithoutLooking = "note-without-looking";
    /// A repeat of an action of a connector does not look first whether it was done.
    ConnectorWithoutLooking = "connector-without-looking";
    /// A step that must not be repeated is tried again after an unknown outcome.
    ForbiddenAgain = "forbidden-again";
    /// A change of which it is not known whether it was recorded is sent again.
    ChangeAgain = "change-again";
    /// What sets a state is asked for again while the request before can still be carried out.
    StateAtOnce = "state-at-once";
    /// An incident that is resolved already is a failure of the step that resolves it.
    ResolvedIsFailure = "resolved-is-failure";
    /// What takes a lane over believes that the pending action was done.
    TakeOverAsDone = "take-over-as-done";
    /// An execution never hands its lane on.
    NeverHandOn = "never-hand-on";
    /// A lane that has not ended counts as a success.
    UnendedIsSuccess = "unended-is-success";
    /// A lane that came to nothing is started again under the same name.
    SameNameAgain = "same-name-again";
    /// A wait is not cut short by the deadline.
    WaitPastDeadline = "wait-past-deadline";
    /// What is cancelled goes on.
    DeafToCancel = "deaf-to-cancel";
    /// A failed run does not do its `on_failure`.
    NoOnFailure = "no-on-failure";
    /// A concurrency key is taken whoever holds it.
    LockForEverybody = "lock-for-everybody";
    /// A concurrency key of null is a key like any other.
    NullIsKey = "null-is-key";
    /// A run does its steps whatever status its incident has by then.
    DeafToStatus = "deaf-to-status";
    /// A Plan is handed over although it could not be written.
    HandOverUnwritten = "hand-over-unwritten";
    /// The body of the event is not stored before lanes are opened.
    LanesWithoutBody = "lanes-without-body";
    /// The journal takes any Plan of a lane, in any order and from any execution.
    WriteWithoutFence = "write-without-fence";
    /// The end of a run is written over another end.
    EndTwice = "end-twice";
    /// What is read of the journal may be some moments old.
    StaleJournal = "stale-journal";
    /// A write that somebody else's write was in the way of counts as lost to it.
    ConflictIsLost = "conflict-is-lost";
    /// An execution that ended from outside gets no final record.
    NoFinalRecord = "no-final-record";
    /// Nobody looks for runs that seem to go on.
    NoSchedule = "no-schedule";
    /// What an attempt of unknown outcome may have done is looked for at once.
    NoSettling = "no-settling";
    /// A Plan takes its time from the clock of its function.
    OwnClock = "own-clock";
    /// The end of a slice of a wait counts as the end of the wait.
    SliceIsWhole = "slice-is-whole";
    /// The rounds of a step go on although its `until` holds.
    DeafToUntil = "deaf-to-until";
    /// No lane that waits is woken.
    NoWake = "no-wake";
    /// A lane that begins to wait does not look whether something has ended the wait meanwhile.
    NoSecondLook = "no-second-look";
    /// The end of the time for a decision is written over a decision.
    ClosesDecided = "closes-decided";
    /// A lane that waits for an event does not look at those that have come.
    DeafToEvents = "deaf-to-events";
    /// An event that has ended a wait ends the next one as well.
    HeardAgain = "heard-again";
    /// A run begins although its workflow was disabled while it waited for its start.
    StartsDisabled = "starts-disabled";
    /// A run begins however long ago its event happened.
    StartsOld = "starts-old";
    /// All times of a schedule are one.
    ScheduleWithoutTime = "schedule-without-time";
    /// Each version of a workflow has runs of its own for a time of its schedule.
    ScheduleOfVersion = "schedule-of-version";
    /// Of a batch of the start-buffer all counts as started.
    BatchAsDone = "batch-as-done";
    /// A delivery is acknowledged although the start-buffer did not take its runs.
    AcceptedUnbuffered = "accepted-unbuffered";
    /// The key of an incident counts for a loop whoever has given it.
    ForgedKeyCounts = "forged-key-counts";
    /// Runs lead to each other without end.
    NoLoopGuard = "no-loop-guard";
    /// A note that quotes one of a run counts as written by a run.
    QuotedNoteIsOurs = "quoted-note-is-ours";
}

/// True if a break is in force.
#[cfg(not(feature = "armed"))]
#[must_use]
pub const fn breaks(_: Break) -> bool {
    false
}

/// True if a break is in force.
#[cfg(feature = "armed")]
#[must_use]
pub fn breaks(one: Break) -> bool {
    use std::{env, sync::OnceLock};
    static IN_FORCE: OnceLock<Option<String>> = OnceLock::new();
    let in_force = IN_FORCE.get_or_init(|| env::var(VARIABLE).ok());
    in_force.as_deref() == Some(one.name())
}

#[cfg(test)]
mod tests {
    use super::{Break, breaks};
    use std::collections::BTreeSet;

    #[test]
    fn each_break_has_a_name_of_its_own_and_says_what_is_broken() {
        let names: BTreeSet<_> = Break::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(names.len(), Break::ALL.len());
        assert!(Break::ALL.iter().all(|one| one.summary().ends_with('.')));
    }

    #[test]
    fn nothing_is_broken_unless_it_is_asked_for() {
        assert!(!Break::ALL.iter().any(|one| breaks(*one)));
    }
}
