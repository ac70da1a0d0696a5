//! Runs of which no end is known.

use super::{OpenRun, RunKnown};
use crate::table::{
    Index, Item, Items, Query, Read, StoreError, Table,
    items::Range,
    keys, record,
    run_list::{SHARDS, shard, sortable},
};
use jiff::Timestamp;
use serde::Deserialize;
use workflow::ids::RunId;

/// The index of open runs. It is sparse: a run is in it from its first Plan on until its end is written.
static INDEX: Index = Index {
    name: "open-runs",
    pk: PARTITION,
    sk: ORDER,
};

/// The number of runs that are asked for at a time.
const PAGE: i32 = 1_000;

/// The attributes that put a run into the index.
pub(in crate::table) const PARTITION: &str = "gsi3pk";
pub(in crate::table) const ORDER: &str = "gsi3sk";

/// The place in it of a run that began at a time.
pub(super) fn order(run: &RunId, started_at: Timestamp) -> String {
    format!("{}#{run}", sortable(started_at))
}

/// The partition of the index in which a run is.
pub(super) fn partition(run: &RunId) -> String {
    name(shard(run))
}

fn name(shard: u32) -> String {
    format!("OPEN#{shard}")
}

/// The attributes that are read of a run.
#[derive(Deserialize)]
struct Stored {
    run: RunId,
    execution: String,
    #[serde(default)]
    called_by: Option<RunId>,
    started_at: Timestamp,
}

fn open(item: Item) -> Result<OpenRun, StoreError> {
    let Stored {
        run,
        execution,
        called_by,
        started_at,
    } = record("run", item)?;
    Ok(OpenRun {
        run,
        execution,
        is_called: called_by.is_some(),
        started_at,
    })
}

pub(super) async fn run<I: Items>(table: &Table<I>, run: &RunId) -> Result<RunKnown, StoreError> {
    match table.get(Read::Run, &keys::run(run)).await? {
        None => Ok(RunKnown::Nothing),
        Some(item) if item.contains_key("ended_at") => Ok(RunKnown::Ended),
        Some(item) => open(item).map(RunKnown::Open),
    }
}

pub(super) async fn runs<I: Items>(table: &Table<I>, before: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
    let mut runs = Vec::new();
    for shard in 0..SHARDS {
        let query = Query {
            index: Some(&INDEX),
            range: Range::Before(sortable(before)),
            limit: Some(PAGE),
            ..Query::partition(Read::OpenRuns, name(shard))
        };
        for item in table.query(query).await? {
            runs.push(open(item)?);
        }
    }
    Ok(runs)
}
