//! Deliveries at a pace.

use super::Phase;
use crate::{
    delivery,
    error::Error,
    sender::{REST, agent, attempt},
    workflow::Target,
};
use jiff::Timestamp;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};
use ureq::Agent;

/// How many deliveries can be under way at the same time. At the highest rate that is as many as are due in a second.
const AT_ONCE: usize = 200;

/// How often a delivery is sent that is answered with 5xx, or not in time. PagerDuty does so for two days.
const ATTEMPTS: u32 = 20;

/// A delivery that was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) event: u32,
    /// When it was to be sent.
    pub(super) due: Timestamp,
    /// How long after that it was accepted, if it was.
    pub(super) accepted_after: Option<Duration>,
}

/// Sends deliveries for so long, each until it is accepted.
pub(super) fn send(target: &Target, phase: Phase, during: Duration) -> Result<Vec<Sent>, Error> {
    let (begun, begun_at) = (Instant::now(), Timestamp::now());
    let each = Duration::from_secs(1) / phase.a_second.max(1);
    let next = AtomicU32::new(0);
    let agent = agent(AT_ONCE);
    let work = || {
        let mut sent = Vec::new();
        loop {
            let event = next.fetch_add(1, Ordering::Relaxed);
            let due = each * event;
            if due >= during {
                return sent;
            }
            let at = begun + due;
            thread::sleep(at.saturating_duration_since(Instant::now()));
            let body = delivery::titled(&phase.title(event), &format!("{}L{event}", phase.number), begun_at);
            let accepted = deliver(&agent, target, &body);
            sent.push(Sent {
                event,
                due: begun_at + due,
                accepted_after: accepted.then(|| at.elapsed()),
            });
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let sent = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok(sent.flatten().collect())
    })
}

/// Whether a delivery is accepted in the end.
fn deliver(agent: &Agent, target: &Target, body: &str) -> bool {
    (0..ATTEMPTS).any(|number| {
        if number > 0 {
            thread::sleep(REST);
        }
        matches!(attempt(agent, target, body), Ok((202, _)))
    })
}
