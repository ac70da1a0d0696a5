//! Runs of one concurrency key: whose turn it is.
//!
//! A lock is held by a run, and is free as soon as that run has ended, in whichever way: it need not be given back, so
//! that no end of a run can forget to. Runs that wait stand in a queue; the first of them that still goes on is next. A run
//! that ends wakes it. In case an end is not reported, it also looks at the lock every now and then.

use crate::ids::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most runs that wait for one lock. The lock is one item of the table.
pub const LONGEST_QUEUE: usize = 500;

/// How many of the queue are looked at at a time: which of them have ended is not written in the lock.
pub(super) const LOOK_AHEAD: usize = 20;

/// A lock as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The number of times that it was written. A write is refused if there was another in between.
    pub version: u64,
    /// The run that holds it, or held it last.
    pub holder: Option<RunId>,
    /// The runs that wait, the oldest first.
    pub queue: Vec<RunId>,
    /// The time when all runs that ever stood in it must have ended. Until then the lock is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Lock {
    /// The runs of which must be known whether they have ended, to tell whose turn it is.
    #[must_use]
    pub fn runs_to_look_at(&self) -> BTreeSet<RunId> {
        let queue = self.queue.iter().take(LOOK_AHEAD);
        self.holder.iter().chain(queue).cloned().collect()
    }
}

/// A lock, and which of the runs in it have ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockView {
    pub lock: Lock,
    /// Of [`Lock::runs_to_look_at`] those that have ended.
    pub ended: BTreeSet<RunId>,
}

/// The decision of a run that wants a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is its turn. The lock is to be written like this.
    Take(Lock),
    /// It joins the queue. The lock is to be written like this.
    Join(Lock),
    /// It waits on.
    Stay,
    /// The queue is full.
    Full,
}

impl LockView {
    /// The run that holds the lock and goes on, if it is another than `run`.
    #[must_use]
    pub fn other_holder(&self, run: &RunId) -> Option<&RunId> {
        if sabotage::breaks(sabotage::Break::LockForEverybody) {
            return None;
        }
        let holder = self.lock.holder.as_ref()?;
        (holder != run && !self.ended.contains(holder)).then_some(holder)
    }

    /// The run that alone keeps `run` from its turn: the holder, or the one that is to take the lock, where no other waits before
    /// `run`. If it is dead without anybody knowing, `run` waits in vain, and those behind it.
    #[must_use]
    pub fn obstacle(&self, run: &RunId) -> Option<&RunId> {
        let next = self.waiting().next();
        match (self.other_holder(run), next.filter(|next| *next != run)) {
            (Some(holder), None) => Some(holder),
            (None, next) => next,
            (Some(_), Some(_)) => None,
        }
    }

    /// The runs that wait and go on, the oldest first, as far as they were looked at.
    fn waiting(&self) -> impl Iterator<Item = &RunId> {
        self.lock.queue.iter().filter(|waiting| !self.ended.contains(*waiting))
    }

    /// The run whose turn it is, if no run holds the lock.
    #[must_use]
    pub fn next_in_line(&self) -> Option<&RunId> {
        let is_held = self
            .lock
            .holder
            .as_ref()
            .is_some_and(|holder| !self.ended.contains(holder));
        self.waiting().next().filter(|_| !is_held)
    }

    /// The place of a run among those that wait, from 1, and their number; none if it does not wait.
    #[must_use]
    pub fn place_of(&self, run: &RunId) -> Option<(usize, usize)> {
        let place = self.waiting().position(|waiting| waiting == run)?;
        Some((place + 1, self.waiting().count()))
    }

    /// True if no other run waits before `run`.
    pub(super) fn is_next(&self, run: &RunId) -> bool {
        self.waiting().next().is_none_or(|next| next == run)
    }

    /// Takes the lock from its holder. `deadline` is when the run must have ended.
    pub(super) fn seized_by(&self, run: &RunId, deadline: Timestamp) -> Lock {
        Lock {
            version: self.lock.version.saturating_add(1),
            holder: Some(run.clone()),
            queue: self
                .lock
                .queue
                .iter()
                .filter(|waiting| *waiting != run)
                .cloned()
                .collect(),
            until: self.lock.until.max(Some(deadline)),
        }
    }

    /// The turn of a run that is ready to wait. `deadline` is when it must have ended.
    pub(super) fn turn_of(&self, run: &RunId, deadline: Timestamp) -> Turn {
        if self.other_holder(run).is_none() && self.is_next(run) {
            let mut lock = self.seized_by(run, deadline);
            lock.queue.retain(|waiting| !self.ended.contains(waiting));
            return Turn::Take(lock);
        }
        if self.lock.queue.contains(run) {
            // The runs that were looked at and have ended make room, or the one behind them would never be seen.
            let seen_none_alive = self.lock.queue.len() > LOOK_AHEAD
                && self
                    .lock
                    .queue
                    .iter()
                    .take(LOOK_AHEAD)
                    .all(|waiting| self.ended.contains(waiting));
            if seen_none_alive {
                let mut lock = self.lock.clone();
                lock.version = lock.version.saturating_add(1);
                lock.queue.retain(|waiting| !self.ended.contains(waiting));
                return Turn::Join(lock);
            }
            return Turn::Stay;
        }
        let mut lock = self.lock.clone();
        lock.version = lock.version.saturating_add(1);
        lock.queue.retain(|waiting| !self.ended.contains(waiting));
        if lock.queue.len() >= LONGEST_QUEUE {
            return Turn::Full;
        }
        lock.queue.push(run.clone());
        lock.until = lock.until.max(Some(deadline));
        Turn::Join(lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str) -> RunId {
        name.parse().unwrap()
    }

    fn deadline(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3_600).unwrap()
    }

    fn view(holder: &str, queue: &[&str], ended: &[&str]) -> LockView {
        LockView {
            lock: Lock {
                version: 7,
                holder: Some(run(holder)),
                queue: queue.iter().copied().map(run).collect(),
                until: Some(deadline(2)),
            },
            ended: ended.iter().copied().map(run).collect(),
        }
    }

    #[test]
    fn a_lock_that_nobody_held_is_taken() {
        let Turn::Take(lock) = LockView::default().turn_of(&run("a"), deadline(1)) else {
            panic!("not taken");
        };
        assert_eq!((lock.version, lock.holder), (1, Some(run("a"))));
    }

    #[test]
    fn a_run_joins_the_queue_behind_the_others_and_stays_in_it() {
        let Turn::Join(lock) = view("a", &["b"], &[]).turn_of(&run("c"), deadline(1)) else {
            panic!("did not join");
        };
        assert_eq!(lock.queue, [run("b"), run("c")]);
        assert_eq!(view("a", &["b", "c"], &[]).turn_of(&run("c"), deadline(1)), Turn::Stay);
    }

    #[test]
    fn the_oldest_that_goes_on_is_next_when_the_holder_has_ended() {
        let lock = view("a", &["b", "c", "d"], &["a", "b"]);
        assert_eq!(lock.turn_of(&run("d"), deadline(1)), Turn::Stay);
        let Turn::Take(taken) = lock.turn_of(&run("c"), deadline(1)) else {
            panic!("not taken");
        };
        assert_eq!((taken.holder, taken.queue), (Some(run("c")), vec![run("d")]));
    }

    #[test]
    fn a_newcomer_does_not_overtake_those_who_wait() {
        assert!(matches!(
            view("a", &["b"], &["a"]).turn_of(&run("c"), deadline(1)),
            Turn::Join(_)
        ));
    }

    #[test]
    fn a_run_that_holds_the_lock_already_takes_it_again() {
        assert!(matches!(
            view("a", &["b"], &[]).turn_of(&run("b"), deadline(1)),
            Turn::Stay
        ));
        assert!(matches!(
            view("b", &[], &[]).turn_of(&run("b"), deadline(1)),
            Turn::Take(_)
        ));
    }

    #[test]
    fn ended_runs_at_the_head_of_a_long_queue_are_cleared_away() {
        let names: Vec<String> = (0..=LOOK_AHEAD).map(|number| format!("w{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (last, dead) = names.split_last().unwrap();
        let mut ended = dead.to_vec();
        ended.push("a");
        let lock = view("a", &names, &ended);
        assert!(matches!(lock.turn_of(&run(last), deadline(1)), Turn::Take(_)));
        let held = view("a", &names, dead);
        let Turn::Join(cleared) = held.turn_of(&run(last), deadline(1)) else {
            panic!("not cleared");
        };
        assert_eq!(cleared.queue, [run(last)]);
    }

    #[test]
    fn a_full_queue_takes_nobody() {
        let names: Vec<String> = (0..LONGEST_QUEUE).map(|number| format!("w{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(view("a", &names, &[]).turn_of(&run("z"), deadline(1)), Turn::Full);
    }

    #[test]
    fn a_lock_is_needed_until_the_last_run_in_it_must_have_ended() {
        let until = |turn: Turn| match turn {
            Turn::Take(lock) | Turn::Join(lock) => lock.until,
            Turn::Stay | Turn::Full => panic!("it is not written"),
        };
        for view in [view("a", &[], &[]), view("a", &[], &["a"])] {
            assert_eq!(until(view.turn_of(&run("b"), deadline(1))), Some(deadline(2)));
            assert_eq!(until(view.turn_of(&run("b"), deadline(3))), Some(deadline(3)));
            assert_eq!(view.seized_by(&run("b"), deadline(3)).until, Some(deadline(3)));
        }
        assert_eq!(
            until(LockView::default().turn_of(&run("b"), deadline(1))),
            Some(deadline(1))
        );
    }
}
