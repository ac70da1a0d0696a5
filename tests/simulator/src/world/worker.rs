//! Where handlers run. Their futures are bound to one thread, whereas those of Step Functions are not; so they are handed
//! over to a task that is bound to it too.

use std::{fmt, future::Future, pin::Pin};
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinError, spawn_local},
};

type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Runs futures that are bound to the thread.
#[derive(Clone)]
pub(super) struct Worker {
    jobs: mpsc::UnboundedSender<Job>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker of the thread. To be made inside a [`LocalSet`](tokio::task::LocalSet).
    pub(super) fn new() -> Self {
        let (jobs, mut waiting) = mpsc::unbounded_channel::<Job>();
        drop(spawn_local(async move {
            while let Some(job) = waiting.recv().await {
                drop(spawn_local(job()));
            }
        }));
        Self { jobs }
    }

    /// Runs a future. It goes on if nobody waits for what it gives; nothing comes when the simulation is over.
    pub(super) fn run<T, F>(&self, make: impl FnOnce() -> F + Send + 'static) -> oneshot::Receiver<Result<T, JoinError>>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            Box::pin(async move {
                // Nobody may wait any more.
                let _ = reply.send(spawn_local(make()).await);
            })
        });
        // Without a worker the answer never comes.
        let _ = self.jobs.send(job);
        answer
    }
}
