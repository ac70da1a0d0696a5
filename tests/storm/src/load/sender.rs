//! Deliveries at a pace.

use super::{Phase, Plan};
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

/// The number of deliveries that can be under way at the same time. At the highest rate that is as many as are due in a second.
const AT_ONCE: usize = 200;

/// The longest rest before a delivery is sent again that was answered with 429 or 5xx, or not in time. Each rest is twice as
/// long as the one before, from [`REST`] on. PagerDuty takes minutes, and two days in all.
const LONGEST_REST: Duration = Duration::from_secs(4);

/// A delivery that was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) event: u32,
    /// The time when it was to be sent.
    pub(super) due: Timestamp,
    /// How long after that it was accepted, if it was.
    pub(super) accepted_after: Option<Duration>,
}

/// Sends deliveries for so long, each until it is accepted or all of it has taken too long.
pub(super) fn send(target: &Target, phase: Phase, plan: Plan) -> Result<Vec<Sent>, Error> {
    let (begun, begun_at) = (Instant::now(), Timestamp::now());
    let deadline = begun + plan.sends + plan.settles;
    let each = Duration::from_secs(1) / phase.a_second.max(1);
    let next = AtomicU32::new(0);
    let agent = agent(AT_ONCE);
    let work = || {
        let mut sent = Vec::new();
        loop {
            let event = next.fetch_add(1, Ordering::Relaxed);
            let due = each * event;
            if due >= plan.sends {
                return sent;
            }
            let at = begun + due;
            thread::sleep(at.saturating_duration_since(Instant::now()));
            let body = delivery::titled(&phase.title(event), &format!("{}L{event}", phase.number), begun_at);
            let accepted = deliver(&agent, target, &body, deadline);
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

/// True if a delivery is accepted in the end.
fn deliver(agent: &Agent, target: &Target, body: &str, deadline: Instant) -> bool {
    let mut rest = REST;
    loop {
        if matches!(attempt(agent, target, body), Ok((202, _))) {
            return true;
        }
        if Instant::now() + rest > deadline {
            return false;
        }
        thread::sleep(rest);
        rest = (rest * 2).min(LONGEST_REST);
    }
}
