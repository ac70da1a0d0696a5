//! The concurrency key of a run: waiting for it, doing nothing because of it, or cancelling the run that has it.

use super::{
    Command, Failure, LaneEnd, Pending,
    going::Planner,
    lane::Cancelled,
    later,
    lock::{LONGEST_QUEUE, Turn},
};
use crate::{definition::ConcurrencyPolicy, error_name::ErrorName};
use jiff::SignedDuration;

/// The interval at which the run that is next looks if it is its turn, in seconds. Mostly the end of the run before wakes it; it looks in
/// case that end is not reported.
const LOOK_SECONDS: i64 = 30;

/// The interval at which a run looks that has others before it, in seconds.
const LOOK_BEHIND_SECONDS: i64 = 180;

impl Planner<'_> {
    /// Goes on if no other run of the same concurrency key is in the way.
    pub(super) fn take_turn(&mut self) -> Command {
        let Some(concurrency) = &self.situation.definition.concurrency else {
            return self.go_on();
        };
        match self.situation.concurrency_key(&self.cursor) {
            Ok(Some(_)) => {}
            // Such a run has nothing in common with any other: it takes no lock and is not in the way.
            Ok(None) => return self.go_on(),
            Err(failure) => return self.run_failed(failure),
        }
        if self.cancelled != Cancelled::No {
            return self.end_cancelled();
        }
        if self.situation.now >= self.cursor.deadline {
            let next = self.out_of_time();
            return self.then(next);
        }
        let view = &self.situation.known.lock;
        let (run, deadline) = (&self.situation.input.run.id, self.cursor.run_deadline);
        match (concurrency.policy, view.other_holder(run)) {
            (ConcurrencyPolicy::Skip, Some(holder)) => {
                let reason = format!("the run {holder} with the same concurrency key goes on");
                self.end_with(LaneEnd::Skipped { reason })
            }
            (ConcurrencyPolicy::Cancel, Some(holder)) => {
                self.changes.cancels_runs.insert(holder.clone());
                self.changes.lock = Some(view.seized_by(run, deadline));
                self.go_on()
            }
            (ConcurrencyPolicy::Skip | ConcurrencyPolicy::Cancel, None) => {
                self.changes.lock = Some(view.seized_by(run, deadline));
                self.go_on()
            }
            (ConcurrencyPolicy::Wait, _) => match view.turn_of(run, deadline) {
                Turn::Take(lock) => {
                    self.changes.lock = Some(lock);
                    self.go_on()
                }
                Turn::Join(lock) => {
                    self.changes.lock = Some(lock);
                    self.look_again(view.is_next(run))
                }
                Turn::Stay => self.look_again(view.is_next(run)),
                Turn::Full => self.run_failed(Failure::new(
                    ErrorName::RunQueueFull,
                    format!("{LONGEST_QUEUE} runs wait for the same concurrency key already"),
                )),
            },
        }
    }

    fn look_again(&mut self, is_next: bool) -> Command {
        if self.is_full() {
            let until = self.situation.now;
            return self.hand_off(Some(Pending::Lock { until }));
        }
        let seconds = if is_next { LOOK_SECONDS } else { LOOK_BEHIND_SECONDS };
        let until = later(self.situation.now, SignedDuration::from_secs(seconds)).min(self.cursor.deadline);
        self.cursor.pending = Some(Pending::Lock { until });
        Command::wait(until)
    }
}
