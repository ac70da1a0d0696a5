//! A job that an attempt has started and that goes on after its call: a build, a query, a deployment.
//!
//! The call says that it is not done yet, and what to look for. The lane keeps that, waits as for anything, and calls the same action
//! again with the same input, the same key and what to look for. Such a call only looks. So nothing is started twice, whichever answer
//! goes missing: a start of which no answer came is of unknown outcome, as that of any action; a look is made again.
//!
//! All looks belong to the attempt that has started the job. Its end is that of the look that finds the job ended.

use super::{
    Attempts, Cancelled, Command, EndedAttempt, Failure, Pending, Planner, StepChange,
    going::{LastAttempt, Outputs, json_size},
    later, retry,
};
use crate::{
    action::LOOK_BYTES,
    definition::Retry,
    error_name::{ErrorName, FailureClass, NamedError, SystemError},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The time that is left for the last look.
const LAST_LOOK: SignedDuration = SignedDuration::from_secs(5);

/// The time after its start in which a system may say that it knows no such job.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// The pause after such an answer.
const LATE_PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// The longest pause between two looks, in seconds.
const LONGEST_PAUSE_SECONDS: u32 = 6 * 3_600;

/// A job that an attempt has started, and the looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The thing to look for, as the action has said it last.
    pub look: Value,
    /// The time when the action said for the first time that it is not done.
    pub since: Timestamp,
    /// The time from which on it is looked at no more.
    pub until: Timestamp,
    /// The number of looks that were begun.
    #[serde(default, skip_serializing_if = "super::cursor::is_zero")]
    pub looks: u32,
    /// The number of the last looks that failed, one after the other.
    #[serde(default, skip_serializing_if = "super::cursor::is_zero")]
    pub failed: u32,
}

impl Job {
    /// The time of the last look.
    fn last_look(&self) -> Timestamp {
        self.until.checked_sub(LAST_LOOK).unwrap_or(self.until)
    }

    /// The pause before the next look, after one that failed; none if there is no next one.
    fn pause_after(&self, failure: &Failure, now: Timestamp) -> Option<SignedDuration> {
        // That the job itself has failed, a look says.
        let is_young = now.duration_since(self.since) < LATE;
        match failure.class() {
            FailureClass::NotFound if is_young => Some(LATE_PAUSE),
            FailureClass::NotFound | FailureClass::Permanent => None,
            FailureClass::RateLimited => Some(retry::asked_pause(failure)),
            FailureClass::Transient | FailureClass::UnknownOutcome => {
                let failed = self.failed.saturating_add(1);
                let policy = Retry::default();
                (failed < policy.max_attempts).then(|| policy.wait_after(failed))
            }
        }
    }
}

/// True if it is not a look that failed, but the job that it found.
fn is_end_of_job(failure: &Failure) -> bool {
    matches!(
        NamedError::parse(&failure.name),
        Some(NamedError::System(_, SystemError::JobFailed))
    )
}

impl Planner<'_> {
    /// Goes on with an attempt whose action is not done yet.
    pub(super) fn not_yet(&mut self, attempts: Attempts, look: &Value, after_seconds: u32) -> Option<Command> {
        let size = json_size(look);
        if size > LOOK_BYTES {
            let message = format!(
                "what the action says that it looks for has {size} bytes, and there is room for {LOOK_BYTES}; what it has started may go on"
            );
            let failure = Failure::new(ErrorName::StepOutputTooLarge, message);
            let last = LastAttempt::failed(attempts.attempt, &failure);
            return self.step_failed(&attempts.step, Some(last), Outputs::none(), failure);
        }
        let now = self.situation.now;
        let (since, until, looks) = match &attempts.job {
            Some(job) => (job.since, job.until, job.looks),
            None => (now, self.end_of_job(&attempts), 0),
        };
        let job = Job {
            look: look.clone(),
            since,
            until,
            looks,
            failed: 0,
        };
        let pause = SignedDuration::from_secs(after_seconds.clamp(1, LONGEST_PAUSE_SECONDS).into());
        self.look_later(attempts, job, pause, None)
    }

    /// The time when a job that has just been started is looked at no more: that of the step, if the author gave it one, or that of its
    /// action.
    fn end_of_job(&self, attempts: &Attempts) -> Timestamp {
        let step = self.situation.definition.step(&attempts.step);
        let own = step
            .filter(|step| step.timeout.is_none())
            .and_then(|step| step.call()?.uses.job_seconds);
        match own {
            Some(seconds) => {
                let length = SignedDuration::from_secs(seconds.into());
                later(self.situation.now, length).min(attempts.deadline)
            }
            None => attempts.deadline,
        }
    }

    /// Goes on after a look that failed, if that does not end the attempt.
    pub(super) fn look_of_job_failed(&mut self, attempts: &Attempts, failure: &Failure) -> Option<Option<Command>> {
        let job = attempts.job.as_ref().filter(|_| !is_end_of_job(failure))?;
        let Some(pause) = job.pause_after(failure, self.situation.now) else {
            let last = LastAttempt::failed(attempts.attempt, failure);
            let failure = failure
                .clone()
                .with_advice("what it has started may go on, and was looked at in vain");
            return Some(self.step_failed(&attempts.step, Some(last), Outputs::none(), failure));
        };
        let job = Job {
            failed: job.failed.saturating_add(1),
            ..job.clone()
        };
        Some(self.look_later(attempts.clone(), job, pause, Some(failure)))
    }

    fn look_later(
        &mut self,
        attempts: Attempts,
        job: Job,
        pause: SignedDuration,
        failure: Option<&Failure>,
    ) -> Option<Command> {
        let path = attempts.step.clone();
        if self.cancelled != Cancelled::No {
            return Some(self.cancel_step(&path, Some(EndedAttempt::well(attempts.attempt).into())));
        }
        let last = job.last_look();
        if self.situation.now >= last {
            return self.job_timed_out(&attempts, &job);
        }
        let next = later(self.situation.now, pause).min(last);
        let failure = failure.map(Failure::of_an_attempt);
        self.record(&path, StepChange::NotYet { failure, next });
        self.cursor.pending = Some(Pending::Backoff {
            attempts: Attempts {
                job: Some(job),
                ..attempts
            },
            until: next,
        });
        Some(Command::wait(next))
    }

    /// Looks again, unless the lane is cancelled or the time is over.
    pub(super) fn look_again_at_job(&mut self, attempts: Attempts, mut job: Job) -> Option<Command> {
        if self.cancelled != Cancelled::No {
            let last = EndedAttempt::well(attempts.attempt).into();
            return Some(self.cancel_step(&attempts.step, Some(last)));
        }
        // A lane that was taken over may have waited for longer.
        if self.situation.now >= job.until {
            return self.job_timed_out(&attempts, &job);
        }
        job.looks = job.looks.saturating_add(1);
        self.attempt(Attempts {
            job: Some(job),
            ..attempts
        })
    }

    fn job_timed_out(&mut self, attempts: &Attempts, job: &Job) -> Option<Command> {
        let looks = match job.looks {
            1 => "one look".to_owned(),
            looks => format!("{looks} looks"),
        };
        let failure = Failure::new(
            ErrorName::StepTimedOut,
            format!(
                "what the step has started had not ended after {looks}, and its time was over at {}; it may still go on",
                job.until
            ),
        );
        let last = LastAttempt::failed(attempts.attempt, &failure);
        self.step_failed(&attempts.step, Some(last), Outputs::none(), failure)
    }
}
