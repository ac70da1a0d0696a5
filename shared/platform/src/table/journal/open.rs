//! Runs of which no end is known.

use super::{OpenRun, RunKnown};
use crate::table::{
    Item, Read, StoreError, Table, keys, record,
    run_list::{SHARDS, shard, sortable},
    text, unavailable,
};
use jiff::Timestamp;
use serde::Deserialize;
use workflow::ids::RunId;

/// The index of open runs. It is sparse: a run is in it from its first Plan on until its end is written.
pub(super) const INDEX: &str = "open-runs";

/// How many runs are asked for at a time.
const PAGE: i32 = 1_000;

/// The attributes that put a run into the index.
pub(super) const PARTITION: &str = "gsi3pk";
pub(super) const ORDER: &str = "gsi3sk";

/// Where in it a run stands that began at a time.
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

/// What is read of a run.
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

pub(super) async fn run(table: &Table, run: &RunId) -> Result<RunKnown, StoreError> {
    let (pk, sk) = keys::run(run);
    match table.get(Read::Run, &pk, sk).await? {
        None => Ok(RunKnown::Nothing),
        Some(item) if item.contains_key("ended_at") => Ok(RunKnown::Ended),
        Some(item) => open(item).map(RunKnown::Open),
    }
}

pub(super) async fn runs(table: &Table, before: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
    let mut runs = Vec::new();
    for shard in 0..SHARDS {
        let request = table
            .client
            .query()
            .table_name(&table.name)
            .index_name(INDEX)
            .limit(PAGE)
            .key_condition_expression("#pk = :pk AND #sk < :before")
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_names("#sk", ORDER)
            .expression_attribute_values(":pk", text(name(shard)))
            .expression_attribute_values(":before", text(sortable(before)));
        let mut items = request.into_paginator().items().send();
        while let Some(item) = items.next().await {
            runs.push(open(
                item.map_err(|error| unavailable(Read::OpenRuns.words(), &error))?,
            )?);
        }
    }
    Ok(runs)
}
