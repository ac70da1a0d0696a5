//! EventBridge Scheduler: it sends to the start-buffer that a schedule is due.

use super::{
    Ingress,
    fault::{Fault, Site},
};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;
use workflow::ids::{RunId, WorkflowId};

/// How the next time of a schedule is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// How long after it each message of it is sent. There is at least one.
    pub after: Vec<Duration>,
}

/// A time of a schedule that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub workflow: WorkflowId,
    /// The time at which it was due.
    pub scheduled_at: Timestamp,
    /// The times at which messages of it were sent.
    pub at: Vec<Timestamp>,
    /// True if it is made up for when it comes late.
    pub catches_up: bool,
}

impl Ingress {
    /// Sends that a workflow is due, when its schedule is the next time.
    pub async fn send_when_due(&self, workflow: &WorkflowId, sending: &Sending) {
        let inner = &self.inner;
        let Some(version) = inner.store.workflow(workflow).map(|record| record.active_version) else {
            return;
        };
        let key = (workflow.clone(), version);
        let trigger = inner.store.with(|tables| {
            let definition = tables.versions.get(&key)?;
            definition.trigger.as_ref()?.schedule().cloned()
        });
        let Some(trigger) = trigger else { return };
        let Some(scheduled_at) = trigger.schedule.next_after(inner.clock.now()) else {
            return;
        };
        let run = RunId::for_schedule(workflow, scheduled_at);
        inner.clock.sleep_until(scheduled_at).await;
        let body = json!({
            "schedule": workflow,
            "version": version,
            "scheduled_at": scheduled_at.to_string(),
        });
        let begin = inner.clock.now();
        let mut after = sending.after.clone();
        after.sort_unstable();
        inner.state().sent.push(Sent {
            workflow: workflow.clone(),
            scheduled_at,
            at: Vec::new(),
            catches_up: trigger.catch_up,
        });
        for (number, after) in after.into_iter().enumerate() {
            let passed = Duration::try_from(inner.clock.now().duration_since(begin)).unwrap_or_default();
            sleep(after.saturating_sub(passed)).await;
            if number > 0 {
                inner.mishaps.note(Fault::StartedTwice, Site::Run(run.clone()));
            }
            let now = inner.clock.now();
            for sent in &mut inner.state().sent {
                if (&sent.workflow, sent.scheduled_at) == (workflow, scheduled_at) {
                    sent.at.push(now);
                }
            }
            inner.queues.take_due(&run, body.to_string());
        }
    }
}
