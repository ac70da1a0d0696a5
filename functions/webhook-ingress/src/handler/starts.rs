//! Starting the runs of a delivery, however many there are and however long Step Functions takes for each.
//!
//! PagerDuty waits five seconds, and whatever is not acknowledged by then comes again as a whole. So runs are started side by side
//! for as long as there is time, and the rest goes to the start-buffer, which takes ten in a request. A run that is started and
//! buffered as well, because the answer of Step Functions came too late, is one run by its name.

use super::{Answer, EventAnswer, Ingress, unavailable};
use crate::Ports;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use platform::{
    executions::{Executions, StartError, Started},
    intake::{Admission, Admitted},
    start_buffer::StartBuffer,
    table::Bodies,
};
use std::{fmt, sync::OnceLock, time::Duration};
use tokio::time::{Instant, timeout_at};
use workflow::run::RunInput;

/// How many runs are started at the same time. Each may hold a large body meanwhile, in the three or four forms that it takes on its
/// way: 80 MB for all together.
const AT_ONCE: usize = 50;

/// No start begins later than so long after the delivery came.
const LAST_START: Duration = Duration::from_millis(1_700);

/// What Step Functions has not answered so long after the delivery came waits in the start-buffer as well, which has two
/// seconds of its own.
const END_OF_STARTS: Duration = Duration::from_millis(2_000);

/// The reason a run is not started now, and neither are those behind it: there is no time to wait for Step Functions twice.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// Step Functions did not start a run of the delivery.
    Start(StartError),
    /// Step Functions answers, and too slowly for all runs of the delivery.
    Time,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Time => {
                f.write_str("Step Functions takes longer to start the runs of the delivery than PagerDuty waits")
            }
        }
    }
}

/// A run of a delivery that is to be started.
struct Wanted {
    /// The place of the admission in the delivery.
    place: usize,
    admitted: Admitted,
}

impl<P: Ports> Ingress<P> {
    /// Starts the runs of a delivery that came at `begun`, or has them started later. Gives what became of each of its events, in
    /// their order.
    pub(super) async fn start_runs(
        &self,
        admissions: Vec<Admission>,
        begun: Instant,
        now: Timestamp,
    ) -> Result<Vec<EventAnswer>, Answer> {
        // Each with its place in the delivery.
        let mut answers = Vec::with_capacity(admissions.len());
        let mut wanted = Vec::new();
        for (place, admission) in admissions.into_iter().enumerate() {
            match admission {
                Admission::Start(admitted) => wanted.push(Wanted {
                    place,
                    admitted: *admitted,
                }),
                Admission::Ignore(reason) => answers.push((place, EventAnswer::Ignored { reason })),
            }
        }
        let first = beginning(wanted.len(), now);
        wanted.rotate_left(first);
        let obstacle = OnceLock::new();
        // None of these does anything before the stream comes to it.
        let starts: Vec<_> = wanted.iter().map(|run| self.start(run, &obstacle, begun)).collect();
        let mut starts = stream::iter(starts).buffer_unordered(AT_ONCE);
        let (mut late, mut without_body) = (Vec::new(), None);
        while let Some((run, started)) = starts.next().await {
            match started {
                Ok(Some(answer)) => answers.push((run.place, answer)),
                Ok(None) => late.push(run),
                Err(answer) => without_body = Some(answer),
            }
        }
        if let Some(obstacle) = obstacle.get() {
            self.buffer(&late, obstacle).await?;
        }
        for run in late {
            let place = run.place;
            let run = run.admitted.input.run.id.clone();
            answers.push((place, EventAnswer::Buffered { run }));
        }
        // One that cannot be started holds no other up. PagerDuty sends again then, and those that were started are
        // duplicates.
        if let Some(answer) = without_body {
            return Err(answer);
        }
        answers.sort_unstable_by_key(|(place, _)| *place);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    /// Starts a run, unless something is in the way. Gives what became of it; nothing if it must wait.
    async fn start<'a>(
        &self,
        run: &'a Wanted,
        obstacle: &OnceLock<Obstacle>,
        begun: Instant,
    ) -> (&'a Wanted, Result<Option<EventAnswer>, Answer>) {
        let Admitted {
            input,
            large_body,
            ends_by,
        } = &run.admitted;
        // Before the run, so that the run finds it.
        if let Some(body) = large_body {
            let stored = Box::pin(self.bodies.put_body(&input.run.id, body.to_vec(), *ends_by)).await;
            if let Err(error) = stored {
                return (run, Err(unavailable(error)));
            }
        }
        if obstacle.get().is_some() {
            return (run, Ok(None));
        }
        let failed = match begun.elapsed() < LAST_START {
            false => Obstacle::Time,
            true => match timeout_at(begun + END_OF_STARTS, Box::pin(self.executions.start(input))).await {
                Ok(Ok(started)) => return (run, Ok(Some(answer(input, started)))),
                Ok(Err(error)) => Obstacle::Start(error),
                Err(_) => Obstacle::Time,
            },
        };
        obstacle.get_or_init(|| failed);
        (run, Ok(None))
    }

    /// Has runs started later, because Step Functions did not start them.
    ///
    /// Also those that Step Functions refuses, for which we alone are to blame: PagerDuty would give up after two days of
    /// 503, while the start-buffer and its dead letters keep them for two weeks and raise an alarm, and what is put right
    /// within hours starts by itself.
    async fn buffer(&self, late: &[&Wanted], obstacle: &Obstacle) -> Result<(), Answer> {
        let inputs: Vec<&RunInput> = late.iter().map(|run| &run.admitted.input).collect();
        for input in &inputs {
            let (run, workflow, event_id) = (&input.run.id, &input.run.workflow, input.event_id());
            match obstacle {
                Obstacle::Time | Obstacle::Start(StartError::OutOfReach { .. }) => {
                    tracing::warn!(%run, %workflow, event_id, error = %obstacle, "run waits in the start-buffer");
                }
                Obstacle::Start(StartError::Refused { .. }) => {
                    tracing::error!(%run, %workflow, event_id, error = %obstacle, "run waits in the start-buffer");
                }
            }
        }
        let kept = self.start_buffer.put(&inputs).await;
        let kept = match sabotage::breaks(sabotage::Break::AcceptedUnbuffered) {
            true => Ok(()),
            false => kept,
        };
        kept.map_err(unavailable)
    }
}

fn answer(input: &RunInput, started: Started) -> EventAnswer {
    let run = input.run.id.clone();
    let (workflow, event_id) = (&input.run.workflow, input.event_id());
    match started {
        Started::Now => {
            tracing::info!(%run, %workflow, event_id, "run started");
            EventAnswer::Started { run }
        }
        Started::Before => {
            tracing::info!(%run, %workflow, event_id, "run had been started before");
            EventAnswer::Duplicate { run }
        }
    }
}

/// Which of so many runs a delivery begins with: another one each time that it comes. A run that was started before takes as long as
/// one that was not, so a delivery that always began with the same ones would never come to the last while the start-buffer is
/// out of reach.
///
/// The times of deliveries, multiplied by the golden ratio, fall evenly on the circle of runs, also if they are at regular distances.
fn beginning(count: usize, now: Timestamp) -> usize {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let turned = now.as_millisecond().cast_unsigned().wrapping_mul(GOLDEN);
    let count = u128::try_from(count).unwrap_or_default();
    usize::try_from((u128::from(turned) * count) >> u64::BITS).unwrap_or_default()
}
