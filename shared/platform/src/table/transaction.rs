//! Transactions, and what it means that DynamoDB cancelled one.

use super::{StoreError, Table, unavailable};
use crate::aws::AwsFailure;
use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};
use aws_smithy_async::rt::sleep::AsyncSleep;
use std::time::Duration;

/// What was wrong with one write of a cancelled transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing: another write of the transaction was in the way.
    Nothing,
    /// Its condition does not hold: somebody else was first.
    ConditionFailed,
    /// Somebody else was writing the item at this moment. Who is first is not known yet.
    Conflict,
    /// The item, its partition or an index was written too often.
    Throttled,
    /// DynamoDB does not take the write, whenever it is made.
    Invalid,
}

impl Reason {
    /// The reason of a code of DynamoDB.
    #[must_use]
    pub fn of(code: Option<&str>) -> Self {
        match code {
            None | Some("None") => Self::Nothing,
            Some("ConditionalCheckFailed") => Self::ConditionFailed,
            #[cfg(feature = "sabotage")]
            Some("TransactionConflict") if sabotage::breaks(sabotage::Break::ConflictIsLost) => Self::ConditionFailed,
            Some("TransactionConflict") => Self::Conflict,
            Some("ProvisionedThroughputExceeded" | "ThrottlingError") => Self::Throttled,
            Some(_) => Self::Invalid,
        }
    }
}

/// A transaction that DynamoDB cancelled: the reasons of its writes, in their order.
#[derive(Debug)]
pub(super) struct Cancelled(Vec<CancellationReason>);

impl Cancelled {
    /// The reason of a write.
    pub(super) fn reason(&self, position: usize) -> Reason {
        Reason::of(self.0.get(position).and_then(CancellationReason::code))
    }

    /// The item of a write whose condition did not hold, if the write asked for it.
    pub(super) fn item(&self, position: usize) -> super::Item {
        let reason = self.0.get(position);
        reason.and_then(CancellationReason::item).cloned().unwrap_or_default()
    }

    fn has(&self, wanted: Reason) -> bool {
        (0..self.0.len()).any(|position| self.reason(position) == wanted)
    }

    /// Whether somebody else was first.
    fn is_lost(&self) -> bool {
        self.has(Reason::ConditionFailed)
    }

    /// Whether it may go well a moment later.
    pub(super) fn is_passing(&self) -> bool {
        !self.is_lost() && !self.has(Reason::Invalid)
    }

    /// The failure, for people and for the log.
    pub(super) fn failure(&self, operation: &'static str) -> StoreError {
        let reasons = self.0.iter().enumerate().filter_map(|(position, reason)| {
            let code = reason.code().filter(|code| *code != "None")?;
            Some(format!("{code} at write {position}"))
        });
        let reasons: Vec<_> = reasons.collect();
        let words = format!("the transaction was cancelled: {}", reasons.join(", "));
        let cause = match self.is_passing() {
            true => AwsFailure::passing(words),
            false => AwsFailure::from(words),
        };
        StoreError::Unavailable { operation, cause }
    }
}

/// How long it is waited before a transaction is made again that something passing was in the way of.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(400),
];

impl Table {
    /// Makes all writes or none, once.
    pub(super) async fn transact_once(
        &self,
        operation: &'static str,
        writes: Vec<TransactWriteItem>,
    ) -> Result<Result<(), Cancelled>, StoreError> {
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        // Boxed, because the SDK's futures are so deep that the compiler gives up on the functions that await this one.
        let Err(error) = Box::pin(request.send()).await else {
            return Ok(Ok(()));
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(refusal)) => {
                Ok(Err(Cancelled(refusal.cancellation_reasons().to_vec())))
            }
            _ => Err(unavailable(operation, &error)),
        }
    }

    /// Makes all writes or none, and again where something passing is in the way. Gives whether the conditions held.
    pub(super) async fn transact(
        &self,
        operation: &'static str,
        writes: Vec<TransactWriteItem>,
    ) -> Result<bool, StoreError> {
        let mut pauses = PAUSES.iter();
        loop {
            let Err(cancelled) = self.transact_once(operation, writes.clone()).await? else {
                return Ok(true);
            };
            if cancelled.is_lost() {
                return Ok(false);
            }
            match (pauses.next(), self.client.config().sleep_impl()) {
                (Some(pause), Some(sleep)) if cancelled.is_passing() => sleep.sleep(*pause).await,
                _ => return Err(cancelled.failure(operation)),
            }
        }
    }
}
