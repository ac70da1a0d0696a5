//! Deciding about approvals, whichever way a decision comes.

use crate::{
    executions::Wakes,
    table::{ApprovalState, ApprovalView, Approvals, Decided, StoreError, Waits},
    wake,
};
use jiff::Timestamp;
use workflow::approval::{Answer, Decider, Decision, Refusal};

/// The outcome of an answer.
#[derive(Debug)]
pub enum Answered {
    /// It is the decision.
    Decided(Decision),
    /// It is not taken. The approval is still open, if its time is not over.
    Refused(Refusal),
    /// The approval was decided before, or no decision is waited for any more.
    Over(Box<ApprovalView>),
}

/// Takes an answer to an approval that was read before, and wakes the lane that asked.
///
/// # Errors
/// DynamoDB did not answer, so it may or may not be the decision. A failed wake is none: it is logged, and the lane finds the decision
/// when its slice is over.
pub async fn answer<S: Approvals + Waits>(
    approval: ApprovalView,
    answer: &Answer,
    decider: &Decider,
    store: &S,
    executions: &impl Wakes,
    now: Timestamp,
) -> Result<Answered, StoreError> {
    if approval.state != ApprovalState::Open {
        return Ok(Answered::Over(Box::new(approval)));
    }
    let decision = match approval.question.decide(answer, decider, now) {
        Ok(decision) => decision,
        Err(refusal) => return Ok(Answered::Refused(refusal)),
    };
    match store.decide(&approval.id, &decision).await? {
        Decided::Before(view) => Ok(Answered::Over(view)),
        Decided::Now => {
            wake_asker(&approval, store, executions).await;
            Ok(Answered::Decided(decision))
        }
    }
}

async fn wake_asker(approval: &ApprovalView, waits: &impl Waits, executions: &impl Wakes) {
    if let Err(error) = wake::decided(&approval.run, &approval.lane, waits, executions).await {
        tracing::warn!(run = %approval.run, approval = %approval.id, %error, "not woken");
    }
}
