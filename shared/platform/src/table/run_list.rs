//! Lists of runs, newest first, from the indexes.

use super::{RunStatus, RunView, StoreError, Table, record, text, unavailable};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use workflow::ids::WorkflowId;

/// How many shards the index of all runs of a day has. A shard takes 1,000 writes a second.
pub(super) const SHARDS: u32 = 4;

/// Which runs are wanted.
#[derive(Debug, Clone)]
pub struct RunQuery {
    /// Those of a workflow; of all if none.
    pub workflow: Option<WorkflowId>,
    /// Those that stand like this; all if none.
    pub status: Option<RunStatus>,
    /// Those that were started since then.
    pub since: Timestamp,
    /// Those that were started until then.
    pub until: Timestamp,
    /// How many at most.
    pub limit: usize,
}

/// One partition of an index.
#[derive(Debug, PartialEq, Eq)]
struct Partition {
    index: &'static str,
    pk: &'static str,
    sk: &'static str,
    name: String,
}

impl RunQuery {
    /// The days that it covers, newest first: in UTC, as `2026-11-23`.
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

    /// The partitions of the index that hold the runs of a day.
    fn partitions(&self, day: &str) -> Vec<Partition> {
        match &self.workflow {
            Some(workflow) => vec![Partition {
                index: "runs-by-workflow",
                pk: "gsi1pk",
                sk: "gsi1sk",
                name: format!("WORKFLOW#{workflow}#{day}"),
            }],
            None => (0..SHARDS)
                .map(|shard| Partition {
                    index: "runs-by-day",
                    pk: "gsi2pk",
                    sk: "gsi2sk",
                    name: format!("RUNS#{day}#{shard}"),
                })
                .collect(),
        }
    }
}

impl RunStatus {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

impl Table {
    /// Runs without their steps, newest first. A run that has just begun or ended may be seen a moment late: an index is
    /// behind its table.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn runs(&self, query: &RunQuery) -> Result<Vec<RunView>, StoreError> {
        let mut runs = Vec::new();
        for day in query.days() {
            let mut of_day = Vec::new();
            for partition in query.partitions(&day) {
                of_day.extend(self.runs_in(query, &partition).await?);
            }
            of_day.sort_by(|one: &RunView, other| (other.started_at, &other.run).cmp(&(one.started_at, &one.run)));
            runs.extend(of_day);
            if runs.len() >= query.limit {
                runs.truncate(query.limit);
                break;
            }
        }
        Ok(runs)
    }

    async fn runs_in(&self, query: &RunQuery, partition: &Partition) -> Result<Vec<RunView>, StoreError> {
        // A sort key is the time of the start and the run. Fractions of a second differ in length, so a key is compared with
        // the second before, and the run's time with the rest.
        let since = query
            .since
            .checked_sub(SignedDuration::from_secs(1))
            .unwrap_or(query.since);
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(partition.index)
            .scan_index_forward(false)
            .key_condition_expression("#pk = :pk AND #sk >= :since")
            .expression_attribute_names("#pk", partition.pk)
            .expression_attribute_names("#sk", partition.sk)
            .expression_attribute_values(":pk", text(&partition.name))
            .expression_attribute_values(":since", text(since.strftime("%Y-%m-%dT%H:%M:%S").to_string()));
        if let Some(status) = query.status {
            request = request
                .filter_expression("#status = :status")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", text(status.word()));
        }
        let mut items = request.into_paginator().items().send();
        let mut runs: Vec<RunView> = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| unavailable("list the runs", &error))?;
            let run: RunView = record("run", item)?;
            if run.started_at >= query.since {
                runs.push(run);
            }
            if runs.len() >= query.limit {
                break;
            }
        }
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(workflow: Option<&str>) -> RunQuery {
        RunQuery {
            workflow: workflow.map(|id| id.parse().unwrap()),
            status: None,
            since: "2026-10-30T23:59:59Z".parse().unwrap(),
            until: "2026-11-01T00:00:00Z".parse().unwrap(),
            limit: 10,
        }
    }

    #[test]
    fn the_days_are_asked_newest_first_and_both_ends_are_among_them() {
        assert_eq!(query(None).days(), ["2026-11-01", "2026-10-31", "2026-10-30"]);
    }

    #[test]
    fn all_runs_of_a_day_are_in_shards_and_those_of_a_workflow_in_one_place() {
        let names = |query: &RunQuery| -> Vec<String> {
            let partitions = query.partitions("2026-11-01");
            partitions.into_iter().map(|partition| partition.name).collect()
        };
        assert_eq!(
            names(&query(None)),
            [
                "RUNS#2026-11-01#0",
                "RUNS#2026-11-01#1",
                "RUNS#2026-11-01#2",
                "RUNS#2026-11-01#3"
            ]
        );
        assert_eq!(names(&query(Some("w"))), ["WORKFLOW#w#2026-11-01"]);
    }
}
