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

/// A kind of fault, in a few words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(const_into_str)]
pub enum Fault {
    /// Lambda refuses a Plan, and nothing runs.
    #[strum(serialize = "Plan throttled")]
    PlanThrottled,
    /// The function ends before it has done anything.
    #[strum(serialize = "Plan crashed at once")]
    PlanCrashedBefore,
    /// The function ends somewhere on its way.
    #[strum(serialize = "Plan crashed on its way")]
    PlanCrashedDuring,
    /// The function ends when it has done everything.
    #[strum(serialize = "Plan crashed at its end")]
    PlanCrashedAfter,
    /// The function's answer never comes.
    #[strum(serialize = "Plan's answer lost")]
    PlanAnswerLost,
    /// The function runs twice, also at the same time.
    #[strum(serialize = "Plan twice")]
    PlanTwice,
    /// The function begins late, perhaps when nobody waits any more.
    #[strum(serialize = "Plan late")]
    PlanLate,
    /// The same of an action.
    #[strum(serialize = "action throttled")]
    ActionThrottled,
    /// The same of an action.
    #[strum(serialize = "action crashed at once")]
    ActionCrashedBefore,
    /// The same of an action.
    #[strum(serialize = "action crashed on its way")]
    ActionCrashedDuring,
    /// The same of an action.
    #[strum(serialize = "action crashed at its end")]
    ActionCrashedAfter,
    /// The same of an action.
    #[strum(serialize = "action's answer lost")]
    ActionAnswerLost,
    /// The same of an action.
    #[strum(serialize = "action twice")]
    ActionTwice,
    /// The same of an action.
    #[strum(serialize = "action late")]
    ActionLate,
    /// A call to the table is refused, and nothing is read or written.
    #[strum(serialize = "table refuses")]
    StoreRefused,
    /// A write is done, and the caller is told that it is not known.
    #[strum(serialize = "table's answer lost")]
    StoreUnanswered,
    /// A write is done some time after the caller was told that it is not known.
    #[strum(serialize = "table writes late")]
    StoreLate,
    /// A call to the table takes long.
    #[strum(serialize = "table slow")]
    StoreSlow,
    /// Somebody else writes an item of a transaction at the same moment, and nothing is written.
    #[strum(serialize = "table conflict")]
    StoreConflict,
    /// An index is written too often, so that for some seconds no run can begin or end.
    #[strum(serialize = "index throttled")]
    IndexThrottled,
    /// The state machine cannot write the item of a wait, so that nothing ends that early.
    #[strum(serialize = "wait unwritten")]
    WaitUnwritten,
    /// A signal is written, and its sender cannot wake, or is gone before it does.
    #[strum(serialize = "unwoken")]
    Unwoken,
    /// Secrets Manager is out of reach.
    #[strum(serialize = "no secrets")]
    SecretsUnavailable,
    /// No connection to PagerDuty comes about.
    #[strum(serialize = "unreachable")]
    Unreachable,
    /// An error of a gateway before PagerDuty did anything.
    #[strum(serialize = "5xx before")]
    ErrorBefore,
    /// An error of a gateway after PagerDuty did it.
    #[strum(serialize = "5xx after")]
    ErrorAfter,
    /// PagerDuty asks to wait.
    #[strum(serialize = "429")]
    RateLimited,
    /// The connection breaks before PagerDuty did anything.
    #[strum(serialize = "reset before")]
    ResetBefore,
    /// The connection breaks after PagerDuty did it.
    #[strum(serialize = "reset after")]
    ResetAfter,
    /// No answer comes, and PagerDuty did nothing.
    #[strum(serialize = "silent before")]
    SilentBefore,
    /// No answer comes, and PagerDuty did it.
    #[strum(serialize = "silent after")]
    SilentAfter,
    #[strum(serialize = "request late")]
    RequestLate,
    /// The answer breaks off.
    #[strum(serialize = "answer cut")]
    AnswerCut,
    /// The answer is not whole, without a sign of it.
    #[strum(serialize = "answer shortened")]
    AnswerShortened,
    /// The request comes to PagerDuty twice.
    #[strum(serialize = "request twice")]
    RequestTwice,
    /// PagerDuty's lists are behind.
    #[strum(serialize = "stale list")]
    StaleList,
    /// A child execution does not start.
    #[strum(serialize = "child refused")]
    ChildRefused,
    /// A child execution starts, and its parent does not know.
    #[strum(serialize = "child unknown")]
    ChildAnswerLost,
    /// An execution is stopped from outside.
    #[strum(serialize = "aborted")]
    Aborted,
    /// A child of a stopped execution goes on.
    #[strum(serialize = "child not stopped")]
    ChildStopLost,
    /// The clock of a function is off by minutes.
    #[strum(serialize = "clock skew")]
    Skewed,
    /// A person cancels the run.
    #[strum(serialize = "cancelled")]
    Cancelled,
    /// A person edits the workflow while a run of it goes on.
    #[strum(serialize = "edited")]
    Edited,
    /// A person disables the workflow while a run of it goes on.
    #[strum(serialize = "disabled")]
    Disabled,
    /// A status change is told late.
    #[strum(serialize = "status late")]
    StatusLate,
    /// A status change is never told.
    #[strum(serialize = "status lost")]
    StatusLost,
    /// A status change is told twice.
    #[strum(serialize = "status twice")]
    StatusTwice,
    /// A run is started twice.
    #[strum(serialize = "started twice")]
    StartedTwice,
    /// The answer to the start of a run is lost.
    #[strum(serialize = "start unanswered")]
    StartUnanswered,
    /// Step Functions does not start a run.
    #[strum(serialize = "start refused")]
    StartRefused,
    /// The answer to the start of a run takes seconds.
    #[strum(serialize = "start slow")]
    StartSlow,
    /// The start-buffer does not take a run.
    #[strum(serialize = "buffer refused")]
    BufferRefused,
    /// The start-buffer takes a run, and does not say so.
    #[strum(serialize = "buffer unanswered")]
    BufferUnanswered,
    /// The start-buffer hands a run over twice.
    #[strum(serialize = "buffered twice")]
    BufferedTwice,
    /// A run waits in the dead letters of the start-buffer.
    #[strum(serialize = "dead letter")]
    DeadLetter,
    /// The ingress ends in the middle of a delivery.
    #[strum(serialize = "ingress crashed")]
    IngressCrashed,
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
