//! What goes wrong, and where it did.

use crate::{
    pagerduty::{Fault as OnTheWay, When},
    reference::Place,
};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use workflow::ids::{LanePath, RunId};

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $($(#[$doc])* $variant,)* }

        impl Fault {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The kind in a few words.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

faults! {
    /// Lambda refuses a Plan, and nothing runs.
    PlanThrottled = "Plan throttled";
    /// The function ends before it has done anything.
    PlanCrashedBefore = "Plan crashed at once";
    /// The function ends somewhere on its way.
    PlanCrashedDuring = "Plan crashed on its way";
    /// The function ends when it has done everything.
    PlanCrashedAfter = "Plan crashed at its end";
    /// The function's answer never comes.
    PlanAnswerLost = "Plan's answer lost";
    /// The function runs twice, also at the same time.
    PlanTwice = "Plan twice";
    /// The function begins late, perhaps when nobody waits any more.
    PlanLate = "Plan late";
    /// The same of an action.
    ActionThrottled = "action throttled";
    /// The same of an action.
    ActionCrashedBefore = "action crashed at once";
    /// The same of an action.
    ActionCrashedDuring = "action crashed on its way";
    /// The same of an action.
    ActionCrashedAfter = "action crashed at its end";
    /// The same of an action.
    ActionAnswerLost = "action's answer lost";
    /// The same of an action.
    ActionTwice = "action twice";
    /// The same of an action.
    ActionLate = "action late";
    /// A call to the table is refused, and nothing is read or written.
    StoreRefused = "table refuses";
    /// A write is done, and the caller is told that it is not known.
    StoreUnanswered = "table's answer lost";
    /// A write is done some time after the caller was told that it is not known.
    StoreLate = "table writes late";
    /// A call to the table takes long.
    StoreSlow = "table slow";
    /// Somebody else writes an item of a transaction at the same moment, and nothing is written.
    StoreConflict = "table conflict";
    /// An index is written too often, so that for some seconds no run can begin or end.
    IndexThrottled = "index throttled";
    /// Secrets Manager is out of reach.
    SecretsUnavailable = "no secrets";
    /// No connection to PagerDuty comes about.
    Unreachable = "unreachable";
    /// An error of a gateway before PagerDuty did anything.
    ErrorBefore = "5xx before";
    /// An error of a gateway after PagerDuty did it.
    ErrorAfter = "5xx after";
    /// PagerDuty asks to wait.
    RateLimited = "429";
    /// The connection breaks before PagerDuty did anything.
    ResetBefore = "reset before";
    /// The connection breaks after PagerDuty did it.
    ResetAfter = "reset after";
    /// No answer comes, and PagerDuty did nothing.
    SilentBefore = "silent before";
    /// No answer comes, and PagerDuty did it.
    SilentAfter = "silent after";
    RequestLate = "request late";
    /// The answer breaks off.
    AnswerCut = "answer cut";
    /// The answer is not whole, without a sign of it.
    AnswerShortened = "answer shortened";
    /// The request comes to PagerDuty twice.
    RequestTwice = "request twice";
    /// PagerDuty's lists are behind.
    StaleList = "stale list";
    /// A child execution does not start.
    ChildRefused = "child refused";
    /// A child execution starts, and its parent does not know.
    ChildAnswerLost = "child unknown";
    /// An execution is stopped from outside.
    Aborted = "aborted";
    /// A child of a stopped execution goes on.
    ChildStopLost = "child not stopped";
    /// The clock of a function is off by minutes.
    Skewed = "clock skew";
    /// A person cancels the run.
    Cancelled = "cancelled";
    /// A person edits the workflow while a run of it goes on.
    Edited = "edited";
    /// A person disables the workflow while a run of it goes on.
    Disabled = "disabled";
    /// A status change is told late.
    StatusLate = "status late";
    /// A status change is never told.
    StatusLost = "status lost";
    /// A status change is told twice.
    StatusTwice = "status twice";
    /// A run is started twice.
    StartedTwice = "started twice";
    /// The answer to the start of a run is lost.
    StartUnanswered = "start unanswered";
    /// Step Functions does not start a run.
    StartRefused = "start refused";
    /// The answer to the start of a run takes seconds.
    StartSlow = "start slow";
    /// The start-buffer does not take a run.
    BufferRefused = "buffer refused";
    /// The start-buffer takes a run, and does not say so.
    BufferUnanswered = "buffer unanswered";
    /// The start-buffer hands a run over twice.
    BufferedTwice = "buffered twice";
    /// A run waits in the dead letters of the start-buffer.
    DeadLetter = "dead letter";
    /// The ingress ends in the middle of a delivery.
    IngressCrashed = "ingress crashed";
}

impl Fault {
    /// The kind of a fault on the way to PagerDuty.
    #[must_use]
    pub fn on_the_way(fault: &OnTheWay) -> Self {
        match fault {
            OnTheWay::Unreachable => Self::Unreachable,
            OnTheWay::Status(When::BeforeEffect, _) => Self::ErrorBefore,
            OnTheWay::Status(When::AfterEffect, _) => Self::ErrorAfter,
            OnTheWay::RateLimited { .. } => Self::RateLimited,
            OnTheWay::Reset(When::BeforeEffect) => Self::ResetBefore,
            OnTheWay::Reset(When::AfterEffect) => Self::ResetAfter,
            OnTheWay::Silent(When::BeforeEffect) => Self::SilentBefore,
            OnTheWay::Silent(When::AfterEffect) => Self::SilentAfter,
            OnTheWay::Late(_) => Self::RequestLate,
            OnTheWay::Cut => Self::AnswerCut,
            OnTheWay::Shortened => Self::AnswerShortened,
            OnTheWay::Twice { .. } => Self::RequestTwice,
        }
    }
}

/// Where something goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    Plan {
        run: RunId,
        lane: LanePath,
        /// The Plan's number in the lane, from 1.
        number: u64,
    },
    Step(Place),
    /// At a run as a whole.
    Run(RunId),
}

tokio::task_local! {
    /// Where the present task is at work.
    pub(crate) static SITE: RefCell<Site>;
}

/// What went wrong where, and how often.
#[derive(Debug, Clone, Default)]
pub struct Mishaps(Arc<Mutex<BTreeMap<(Fault, Site), u64>>>);

impl Mishaps {
    /// Notes that something went wrong.
    pub fn note(&self, fault: Fault, site: Site) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry((fault, site)).or_default() += 1;
    }

    /// Notes that something went wrong where the present task is at work.
    pub fn note_here(&self, fault: Fault) {
        if let Ok(site) = SITE.try_with(|site| site.borrow().clone()) {
            self.note(fault, site);
        }
    }

    /// All that went wrong.
    #[must_use]
    pub fn all(&self) -> BTreeMap<(Fault, Site), u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
