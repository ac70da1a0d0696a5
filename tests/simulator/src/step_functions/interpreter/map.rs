//! The Map state, inline.

use super::{Frame, Halt, Visit};
use crate::step_functions::{
    context::Context, definition::Map, execution::Data, history::EventKind, ledger::Ended, outside::BoxFuture,
};
use serde_json::Value;
use std::{
    sync::Arc,
    task::{Context as Waker, Poll},
};

struct Iteration<'a> {
    index: usize,
    frame: Arc<Frame>,
    work: BoxFuture<'a, Result<Value, Halt>>,
}

impl Visit<'_> {
    /// Gives the state's output.
    ///
    /// Iterations start in the order of their items. The first that fails aborts the others, and with that the execution: nothing
    /// catches the failure of a Map.
    pub(super) async fn map(&self, map: &Map, input: &Value, context: &Context<'_>) -> Result<Value, Halt> {
        let Value::Array(items) = self.find(&map.items, input, context)? else {
            return Err(self
                .runtime(format_args!("Reference path \"{}\" must point to array.", map.items))
                .into());
        };
        self.event(EventKind::MapStateStarted)?;
        let mut results = vec![Value::Null; items.len()];
        let mut waiting = items.into_iter().enumerate();
        let mut running = Vec::new();
        loop {
            while running.len() < map.at_once
                && let Some((index, item)) = waiting.next()
            {
                self.iteration_event(EventKind::MapIterationStarted, index)?;
                running.push(self.iteration(map, index, item));
            }
            if running.is_empty() {
                break;
            }
            let (position, end) = std::future::poll_fn(|waker| poll_any(&mut running, waker)).await;
            let Iteration { index, .. } = running.remove(position);
            match end {
                Ok(output) => {
                    self.iteration_event(EventKind::MapIterationSucceeded, index)?;
                    if let Some(result) = results.get_mut(index) {
                        *result = output;
                    }
                }
                Err(Halt::Failed(failure)) => {
                    self.iteration_event(EventKind::MapIterationFailed, index)?;
                    self.abort(running)?;
                    return Err(Halt::Failed(failure));
                }
                Err(Halt::Ended) => return Err(Halt::Ended),
            }
        }
        let result = Value::Array(results);
        self.measured(Data::Result, &result)?;
        self.event(EventKind::MapStateSucceeded)?;
        let output = self.placed(&map.result_place, input.clone(), result)?;
        self.measured(Data::Output, &output)?;
        Ok(output)
    }

    fn iteration<'b>(&'b self, map: &'b Map, index: usize, item: Value) -> Iteration<'b> {
        let frame = Arc::new(Frame::default());
        let own_frame = Arc::clone(&frame);
        let work = Box::pin(async move { self.run.walk(&map.processor, item, &own_frame).await });
        Iteration { index, frame, work }
    }

    /// Aborts iterations that run.
    fn abort(&self, running: Vec<Iteration<'_>>) -> Result<(), Ended> {
        for Iteration { index, frame, work } in running {
            drop(work);
            if let Some((kind, state)) = frame.at(None) {
                self.run.event(EventKind::StateAborted(kind), &state)?;
            }
            self.iteration_event(EventKind::MapIterationAborted, index)?;
        }
        Ok(())
    }

    fn iteration_event(&self, kind: EventKind, index: usize) -> Result<(), Ended> {
        self.run.ledger.event(self.run.id, kind, self.name, Some(index))
    }
}

/// The first iteration in order that has ended. All that run are polled in the same task, so that their order is fixed.
fn poll_any(running: &mut [Iteration<'_>], waker: &mut Waker<'_>) -> Poll<(usize, Result<Value, Halt>)> {
    for (position, iteration) in running.iter_mut().enumerate() {
        if let Poll::Ready(end) = iteration.work.as_mut().poll(waker) {
            return Poll::Ready((position, end));
        }
    }
    Poll::Pending
}
