//! A request to the link of an approval, and what becomes of it.

use crate::{
    error::Error,
    form::Typed,
    slack::{Replies, SigningSecrets},
};
use jiff::Timestamp;
use platform::{
    approval_links::ApprovalLinks,
    approvals::{Answered, answer},
    executions::Wakes,
    secrets::SecretStore,
    table::{ApprovalState, ApprovalView, Approvals as Store, Waits},
};
use workflow::{
    approval::{Answer, Choice, Decider, Decision, Refusal},
    planner::Closed,
};

/// All that the pages work with.
#[derive(Debug)]
pub struct Approvals<S, K, W> {
    /// The links of the stack.
    pub links: ApprovalLinks<K>,
    /// The store of approvals.
    pub store: S,
    /// The waker of the lanes that ask.
    pub executions: W,
    /// The secrets with which Slack signs.
    pub signing: SigningSecrets<K>,
    /// The way to people in Slack.
    pub replies: Replies,
}

/// An approval at the time at which its page is made.
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Shown {
    pub(crate) approval: ApprovalView,
    pub(crate) now: Timestamp,
}

/// The state of an approval as a person sees it.
pub(crate) enum Standing<'a> {
    /// A decision is waited for, and the link is enough for it.
    Open,
    /// A decision is waited for that a link is not enough for.
    OpenToOthers,
    Decided(&'a Decision),
    TimedOut,
    /// No decision is waited for any more, for another reason.
    Over(&'static str),
}

impl Shown {
    pub(crate) fn standing(&self) -> Standing<'_> {
        let question = &self.approval.question;
        match &self.approval.state {
            // The Plan that ends it comes a moment later.
            ApprovalState::Open if question.until <= self.now => Standing::TimedOut,
            ApprovalState::Open if question.takes_links() => Standing::Open,
            ApprovalState::Open => Standing::OpenToOthers,
            ApprovalState::Decided { decision } => Standing::Decided(decision),
            ApprovalState::Closed {
                reason: Closed::TimedOut,
            } => Standing::TimedOut,
            ApprovalState::Closed {
                reason: Closed::Cancelled,
            } => Standing::Over("The run was cancelled."),
            ApprovalState::Closed { reason: Closed::Failed } => {
                Standing::Over("The step that asked has failed, so the run does not wait for a decision.")
            }
            ApprovalState::RunOver { .. } => Standing::Over("The run has ended, or is being cancelled."),
        }
    }
}

/// The outcome of a form that was sent.
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Sent {
    /// It is the decision.
    Decided { shown: Shown, choice: Choice },
    /// The approval was decided before, or no decision is waited for any more.
    Over(Shown),
    /// Something in the form is to be put right.
    Problems {
        shown: Shown,
        problems: Vec<String>,
        typed: Typed,
    },
    /// The link is not enough to decide.
    NotByLink(Shown),
}

impl<S: Store + Waits, K: SecretStore, W: Wakes> Approvals<S, K, W> {
    /// The approval of a link. Reads, and writes nothing.
    pub(crate) async fn show(&self, link: &str, now: Timestamp) -> Result<Shown, Error> {
        let id = self.links.approval(link, now).await?.ok_or(Error::NoSuchLink)?;
        let approval = self.store.approval(&id).await.map_err(Error::Read)?;
        let approval = approval.ok_or(Error::NoSuchLink)?;
        Ok(Shown { approval, now })
    }

    /// Takes a form that was sent to a link.
    pub(crate) async fn send(&self, link: &str, typed: Typed, now: Timestamp) -> Result<Sent, Error> {
        let shown = self.show(link, now).await?;
        match shown.standing() {
            Standing::Open => {}
            Standing::OpenToOthers => return Ok(Sent::NotByLink(shown)),
            Standing::Decided(_) | Standing::TimedOut | Standing::Over(_) => return Ok(Sent::Over(shown)),
        }
        let name = typed.name.trim();
        if name.is_empty() {
            let problems = vec!["your name is missing".to_owned()];
            return Ok(Sent::Problems { shown, problems, typed });
        }
        let given = Answer {
            choice: typed.choice.clone(),
            form: typed.fields.clone(),
        };
        let decider = Decider::Link { name: name.to_owned() };
        let asked = shown.approval.clone();
        let answered = answer(asked, &given, &decider, &self.store, &self.executions, now).await;
        Ok(match answered.map_err(Error::Write)? {
            Answered::Decided(decision) => Sent::Decided {
                shown,
                choice: decision.choice,
            },
            Answered::Over(approval) => Sent::Over(Shown {
                approval: *approval,
                now,
            }),
            Answered::Refused(Refusal::TooLate { .. }) => Sent::Over(shown),
            Answered::Refused(Refusal::Approver(_)) => Sent::NotByLink(shown),
            Answered::Refused(Refusal::Form(problems)) => Sent::Problems { shown, problems, typed },
            Answered::Refused(refusal @ Refusal::NotAChoice { .. }) => Sent::Problems {
                shown,
                problems: vec![refusal.to_string()],
                typed,
            },
        })
    }
}
