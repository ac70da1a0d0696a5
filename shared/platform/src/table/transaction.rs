//! Transactions, and what it means that DynamoDB cancelled one.

use super::{
    Item, StoreError, Table,
    items::{Cancelled, Items, Transacted, Write},
};
use crate::aws::AwsFailure;
use std::time::Duration;

/// The reason why one write of a transaction was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing: another write of the transaction was in the way.
    Nothing,
    /// Its condition does not hold: another write was first.
    ConditionFailed,
    /// Another was writing the item at this moment. It is not known yet which is first.
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
            Some("TransactionConflict") if sabotage::breaks(sabotage::Break::ConflictIsLost) => Self::ConditionFailed,
            Some("TransactionConflict") => Self::Conflict,
            Some("ProvisionedThroughputExceeded" | "ThrottlingError") => Self::Throttled,
            Some(_) => Self::Invalid,
        }
    }
}

/// The reason why one write of a transaction was not made, as DynamoDB gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: Option<String>,
    /// The item, if the write was an update whose condition did not hold.
    pub(super) item: Option<Item>,
}

impl Refusal {
    /// A refusal with a code of DynamoDB, which is `None` where nothing was wrong.
    pub(super) fn of(code: &str) -> Self {
        Self {
            code: Some(code.to_owned()),
            item: None,
        }
    }

    fn reason(&self) -> Reason {
        Reason::of(self.code.as_deref())
    }
}

impl Cancelled {
    /// The reason of a write.
    pub(super) fn reason(&self, position: usize) -> Reason {
        self.0.get(position).map_or(Reason::Nothing, Refusal::reason)
    }

    /// The item of a write whose condition did not hold, if the write asked for it.
    pub(super) fn item(&self, position: usize) -> Item {
        let refusal = self.0.get(position);
        refusal.and_then(|refusal| refusal.item.clone()).unwrap_or_default()
    }

    fn has(&self, wanted: Reason) -> bool {
        self.0.iter().any(|refusal| refusal.reason() == wanted)
    }

    /// True if another writer was first.
    fn is_lost(&self) -> bool {
        self.has(Reason::ConditionFailed)
    }

    /// True if it may go well a moment later.
    pub(super) fn is_passing(&self) -> bool {
        !self.is_lost() && !self.has(Reason::Invalid)
    }

    /// The failure, for people and for the log.
    pub(super) fn failure(&self, operation: &'static str) -> StoreError {
        let reasons = self.0.iter().enumerate().filter_map(|(position, reason)| {
            let code = reason.code.as_deref().filter(|code| *code != "None")?;
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

/// The pauses before a transaction is made again that something passing was in the way of.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(400),
];

impl<I: Items> Table<I> {
    /// Makes all writes or none, and again where something passing is in the way. Gives whether the conditions held.
    pub(super) async fn transact(&self, operation: &'static str, writes: Vec<Write>) -> Result<bool, StoreError> {
        let mut pauses = PAUSES.iter();
        loop {
            let Transacted::Cancelled(cancelled) = self.items.transact(operation, writes.clone()).await? else {
                return Ok(true);
            };
            if cancelled.is_lost() {
                return Ok(false);
            }
            match pauses.next() {
                Some(pause) if cancelled.is_passing() => self.items.pause(*pause).await,
                _ => return Err(cancelled.failure(operation)),
            }
        }
    }
}
