//! Lists of runs, newest first, from the indexes.
//!
//! An index has a few shards for each day. All shards of a day are read at once, and after the first day several days
//! are. A query asks for no more items than are wanted; where a filter leaves some of them out, the next page is larger.

use super::{Index, Items, Query, Read, RunStatus, RunView, StoreError, Table, items::Range, record, text};
use futures_util::future::try_join_all;
use jiff::{Timestamp, tz::TimeZone};
use workflow::ids::{RunId, WorkflowId};

/// The number of shards that an index has for a day. A shard takes 1,000 write units a second, and a run takes about four.
pub(super) const SHARDS: u32 = 4;

/// The number of days that are read at once at most.
const DAYS_AT_ONCE: usize = 8;

/// The growth of a page over the page before.
const GROWTH: i32 = 4;

/// The most items that a page is asked for. It ends at a megabyte anyway.
const LARGEST_PAGE: i32 = 4_000;

/// The runs that are wanted.
#[derive(Debug, Clone)]
pub struct RunQuery {
    /// Those of a workflow; of all if none.
    pub workflow: Option<WorkflowId>,
    /// Those that stand like this; all if none.
    pub status: Option<RunStatus>,
    /// Those that were started since then.
    pub since: Timestamp,
    /// Those that were started until the end of this day, in UTC. A clock that is a little behind hides no run.
    pub until: Timestamp,
    /// The largest number.
    pub limit: usize,
}

/// The place of a run in an index: the name of the attribute of each part of the key, and its value.
type Place = [(&'static str, String); 2];

/// The places of a run in the indexes.
pub(super) fn places(run: &RunId, workflow: &WorkflowId, started_at: Timestamp) -> [Place; 2] {
    let day = day(started_at);
    let shard = shard(run);
    let sk = format!("{}#{run}", sortable(started_at));
    [
        [
            (BY_WORKFLOW.pk, of_workflow(workflow, &day, shard)),
            (BY_WORKFLOW.sk, sk.clone()),
        ],
        [(BY_DAY.pk, of_day(&day, shard)), (BY_DAY.sk, sk)],
    ]
}

/// The shard of an index in which a run is.
pub(super) fn shard(run: &RunId) -> u32 {
    run.as_str().bytes().map(u32::from).fold(0, u32::wrapping_add) % SHARDS
}

static BY_WORKFLOW: Index = Index {
    name: "runs-by-workflow",
    pk: "gsi1pk",
    sk: "gsi1sk",
};

static BY_DAY: Index = Index {
    name: "runs-by-day",
    pk: "gsi2pk",
    sk: "gsi2sk",
};

fn of_workflow(workflow: &WorkflowId, day: &str, shard: u32) -> String {
    format!("WORKFLOW#{workflow}#{day}#{shard}")
}

fn of_day(day: &str, shard: u32) -> String {
    format!("RUNS#{day}#{shard}")
}

/// The day of a time, in UTC, as `2026-11-23`.
fn day(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).date().to_string()
}

/// A time as text that sorts by time: all of them have as many digits.
pub(super) fn sortable(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
}

impl RunQuery {
    /// The days that it covers, newest first.
    fn days(&self) -> Vec<String> {
        let date = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        let (first, mut day) = (date(self.since), date(self.until));
        let mut days = Vec::new();
        while day >= first {
            days.push(day.to_string());
            match day.yesterday() {
                Ok(before) => day = before,
                Err(_) => break,
            }
        }
        days
    }

    /// The index that the runs are read from.
    fn index(&self) -> &'static Index {
        match &self.workflow {
            Some(_) => &BY_WORKFLOW,
            None => &BY_DAY,
        }
    }

    /// The partitions of the index that hold the runs of a day.
    fn partitions(&self, day: &str) -> Vec<String> {
        let name = |shard| match &self.workflow {
            Some(workflow) => of_workflow(workflow, day, shard),
            None => of_day(day, shard),
        };
        (0..SHARDS).map(name).collect()
    }
}

impl<I: Items> Table<I> {
    /// Runs without their steps, newest first. A run that has just begun or ended may be seen a moment late: an index is
    /// behind its table.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn runs(&self, query: &RunQuery) -> Result<Vec<RunView>, StoreError> {
        let days = query.days();
        let mut left = days.as_slice();
        // Mostly today has as many as are wanted.
        let mut at_once = 1;
        let mut runs = Vec::new();
        while !left.is_empty() && runs.len() < query.limit {
            let (next, later) = left.split_at(at_once.min(left.len()));
            let of_days = try_join_all(next.iter().map(|day| self.runs_of(query, day))).await?;
            runs.extend(of_days.into_iter().flatten());
            left = later;
            at_once = DAYS_AT_ONCE.min(at_once * 2);
        }
        runs.truncate(query.limit);
        Ok(runs)
    }

    /// The newest runs of a day, at least as many as are wanted if there are so many.
    async fn runs_of(&self, query: &RunQuery, day: &str) -> Result<Vec<RunView>, StoreError> {
        let partitions = query.partitions(day);
        let found = try_join_all(partitions.iter().map(|partition| self.runs_in(query, partition))).await?;
        let mut runs: Vec<RunView> = found.into_iter().flatten().collect();
        runs.sort_by(|one, other| (other.started_at, &other.run).cmp(&(one.started_at, &one.run)));
        Ok(runs)
    }

    async fn runs_in(&self, query: &RunQuery, partition: &str) -> Result<Vec<RunView>, StoreError> {
        let mut runs: Vec<RunView> = Vec::new();
        let mut page = i32::try_from(query.limit).unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE);
        let mut next = Query {
            index: Some(query.index()),
            range: Range::From(sortable(query.since)),
            is_descending: true,
            filter: query.status.map(|status| ("status", text(status.into_str()))),
            ..Query::partition(Read::Runs, partition)
        };
        while runs.len() < query.limit {
            next.limit = Some(page);
            let found = self.items.query(&next).await?;
            for item in found.items {
                runs.push(record("run", item)?);
            }
            if found.next.is_none() {
                break;
            }
            next.after = found.next;
            page = page.saturating_mul(GROWTH).min(LARGEST_PAGE);
        }
        Ok(runs)
    }
}

#[cfg(test)]
mod tests;
